// Starts the page: reads the data block, builds map, panel and card, and joins them.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;

  G.start = function (mapId, dataId) {
    var app = new App(JSON.parse(document.getElementById(dataId).textContent));
    app.build(mapId);
    return app.map;
  };

  // What a project has where the file leaves it out.
  var BLANK = {
    id: "", name: "", industry: "", fields: [], issues: [], rules: [], zones: [], unchecked: [],
    outcome: "", nominal: "", corridor: "", at: null, geo: null, accuracy: null, confidence: null,
    flip: null, zoneMargin: null, corridorDistance: null
  };

  function App(data) {
    var self = this;
    this.data = data;
    this.words = data.words;
    this.groups = {};
    this.filter = { off: {}, zone: "", corridor: "", industry: "" };
    this.looks = {};
    data.outcomes.forEach(function (look) { self.looks[look.code] = look; });
    this.plain = { label: data.words.no_verdict, color: "#3d5a80", ink: "#ffffff", shape: "circle", glyph: "–", order: 2 };
    this.projects = data.projects.map(function (told) { return Object.assign({}, BLANK, told); });
    this.projects.forEach(function (project, k) {
      project.index = k;
      project.fields = project.fields.map(function (pair) { return [data.columns[pair[0]][0], pair[1]]; });
      project.rules = project.rules.map(function (number) {
        var r = data.lines[number];
        return { rule: data.rules[r[0]][0], title: data.rules[r[0]][1], outcome: r[1], text: r[2], clause: data.clauses[r[3]] };
      });
    });
    this.located = this.projects.filter(function (p) { return p.at; });
    this.shownOutcomes = data.outcomes.filter(function (look) { return look.count; });
    this._areas = {};
    data.areas.forEach(function (area) { self._areas[area.id] = area; });
  }

  App.prototype = {
    build: function (mapId) {
      var self = this;
      this.root = document.getElementById("gisplan");
      this.stage = this.root.querySelector(".gp-stage");
      this.map = L.map(mapId, {
        zoomControl: false, attributionControl: Boolean(this.data.basemap), maxZoom: 20, minZoom: 3,
        zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120, maxBoundsViscosity: 0.5
      });
      if (this.map.attributionControl) this.map.attributionControl.setPrefix(false);
      this.fit(true);
      L.control.zoom({ zoomInTitle: this.words.zoom_in, zoomOutTitle: this.words.zoom_out }).addTo(this.map);
      L.control.scale({ imperial: false, maxWidth: 140 }).addTo(this.map);
      G.makePanes(this.map);
      G.addAreas(this);
      this.labels = new G.Labels(this);
      this._areaNames();
      G.addProjects(this);
      this.card = new G.Card(this);
      this.table = new G.Table(this);
      this._head();
      this.panel = new G.Panel(this, this.root.querySelector(".gp-panel"));
      this._foot();
      if (this.data.basemap && this.data.basemap.layers[0].indexOf("{tk}") < 0) this._startTiles();
      this.map.on("click", function () { self.card.close(); });
      document.addEventListener("keydown", function (event) {
        if (event.key === "Escape" && !self.card.node.hidden) self.card.close();
      });
      this._printing();
      this.refresh();
      this.root.setAttribute("data-ready", "true");
    },

    // The page takes the size of the sheet before it is printed, and the map its part of it.
    _printing: function () {
      var self = this, root = this.root, home = this.data.bounds;
      function turn(on) {
        return function () {
          var seen = self.map.getBounds();
          root.classList.toggle("gp-sheet", on);
          self.map.invalidateSize(false);
          if (seen.contains([[home[0], home[1]], [home[2], home[3]]])) self.fit(true);
          else self.map.fitBounds(seen, { animate: false });
          self.map.fire("moveend");
        };
      }
      window.addEventListener("beforeprint", turn(true));
      window.addEventListener("afterprint", turn(false));
    },

    _startTiles: function () {
      G.addBasemap(this, true);
      this.root.querySelector('[data-tool="basemap"]').checked = true;
    },

    fit: function (still) {
      var b = this.data.bounds;
      this.map.fitBounds([[b[0], b[1]], [b[2], b[3]]], {
        paddingTopLeft: [30, 26], paddingBottomRight: [this.map.getSize().x < 500 ? 36 : 64, 26], animate: !still
      });
    },

    area: function (id) { return this._areas[id]; },

    isShown: function (project) { return G.passes(project, this.filter); },

    refresh: function () {
      G.redraw(this);
      this.panel.refresh();
      this.table.draw();
    },

    // Everything within a finger's width of a symbol is offered with it.
    openAt: function (project) {
      var map = this.map, self = this, at = map.latLngToLayerPoint(project.at);
      var near = this.located.filter(function (other) {
        return self.isShown(other) && map.latLngToLayerPoint(other.at).distanceTo(at) < 9;
      });
      this.open(near, near.indexOf(project));
    },

    open: function (places, at) { this.card.project(places, at); },

    openArea: function (area) { this.card.area(area); },

    show: function (project) {
      if (project.at) this.map.setView(project.at, Math.max(this.map.getZoom(), 15), { animate: false });
      this.open([project], 0);
    },

    options: function (name) {
      var self = this, seen = {}, out = [];
      if (name === "industry") {
        this.projects.forEach(function (p) { if (p.industry) seen[p.industry] = true; });
        return Object.keys(seen).sort().map(function (value) { return [value, value]; });
      }
      if (!this.data.judged) return [];
      this.data.areas.forEach(function (area) {
        if (area.kind === name) out.push([area.id, area.title]);
      });
      if (name === "zone" && out.length) out.push(["-", self.words.none]);
      return out;
    },

    // Whether an area bears on a project: its zone, or a corridor that is near enough.
    counts: function (project, area) {
      if (area.kind === "zone") return true;
      return project.corridorDistance !== null && project.corridorDistance <= area.within;
    },

    measured: function (project, rule) {
      var words = this.words, zone = this.area(project.zones[0]), line = this.area(project.corridor);
      if (rule === "in_zone" && zone && project.zoneMargin !== null) {
        var text = project.zoneMargin >= 0 ? words.inside_by : words.outside_by;
        return G.say(text, { name: zone.title, length: G.length(Math.abs(project.zoneMargin), words) });
      }
      if (rule === "near_corridor" && line && project.corridorDistance !== null) {
        return G.say(words.distance_to, { name: line.title, length: G.length(project.corridorDistance, words) });
      }
      return "";
    },

    obstacles: function () {
      var map = this.map, self = this, group = this.groups.project;
      var out = this.groups.graticule.layer.boxes.slice();
      if (!group || group.on === false || this.located.length > 2000) return out;
      this.located.forEach(function (p) {
        if (!self.isShown(p)) return;
        var at = map.latLngToContainerPoint(p.at);
        out.push([at.x - 9, at.y - 9, at.x + 9, at.y + 9]);
      });
      return out;
    },

    _areaNames: function () {
      var self = this;
      this.data.areas.forEach(function (area) {
        if (!area.geo || area.kind === "study_area") return;
        var places = area.labelAt.map(function (at) { return { at: at }; });
        var more = area.kind === "corridor" ? [] : area.labelAt.reduce(function (all, at) {
          return all.concat([{ at: at, py: -26 }, { at: at, py: 26 }, { at: at, px: -40 }, { at: at, px: 40 }]);
        }, []);
        var node = self.labels.add("gp-name-" + area.kind, [area.title],
          function () { return places.concat(more); }, area.kind === "zone" ? 1 : 2,
          function () { return self.groups[area.kind].on !== false; });
        node.style.color = G.dark(area.color);
      });
    },

    _head: function () {
      var data = this.data, words = this.words, head = this.root.querySelector(".gp-head"), self = this;
      var title = put(el("div", "gp-title"), el("h1", "", data.title), el("span", "gp-version", data.version));
      put(head, title);
      if (data.note) put(head, el("p", "gp-note", data.note));
      var chips = el("ul", "gp-chips", null, { "aria-label": words.legend });
      this.shownOutcomes.forEach(function (look) {
        put(chips, put(el("li", "", null, { "data-chip": look.code }), G.symbol(self, look.code, 16),
          el("span", "", look.label), el("b", "", look.count)));
      });
      put(head, chips);
      put(head, el("button", "gp-button gp-toggle", words.panel, {
        type: "button", "aria-expanded": "false", onclick: function () { self.togglePanel(); }
      }));
    },

    togglePanel: function (open) {
      var on = this.root.classList.toggle("gp-open", open === undefined ? undefined : open);
      this.root.querySelector(".gp-toggle").setAttribute("aria-expanded", String(on));
    },

    _foot: function () {
      var data = this.data, words = this.words, foot = this.root.querySelector(".gp-foot"), map = this.map;
      var read = el("span", "gp-read", words.hint_coords);
      put(foot, el("span", "gp-review", words.review_number), read,
        el("span", "gp-crs", data.crs ? data.crs.code + " · " + data.crs.name : ""));
      function show(event) {
        var lat = event.latlng.lat, lon = event.latlng.lng;
        var text = "WGS 84 " + G.dms(lon, "EW", true) + " " + G.dms(lat, "NS", true);
        if (data.crs) {
          var metres = G.gaussKruger(lon, lat, data.crs);
          text += " · E " + metres[0].toFixed(1) + " N " + metres[1].toFixed(1);
        }
        read.textContent = text;
      }
      map.on("mousemove click", show);
    }
  };

  // A colour deep enough to be read as text on white.
  G.dark = function (color) {
    var parts = [1, 3, 5].map(function (k) { return parseInt(color.substr(k, 2), 16) / 255; });
    var light = 0.2126 * Math.pow(parts[0], 2.2) + 0.7152 * Math.pow(parts[1], 2.2) + 0.0722 * Math.pow(parts[2], 2.2);
    var by = light > 0.13 ? Math.pow(0.13 / light, 1 / 2.2) : 1;
    return "rgb(" + parts.map(function (p) { return Math.round(p * by * 255); }).join(",") + ")";
  };
})(Gisplan);
