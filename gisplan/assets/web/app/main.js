// Starts the page: reads the data block, builds map, panel and card, and joins them.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;

  // Leaflet takes the focus at the first press and only scrolls its own page back: in a notebook's
  // frame the notebook would jump under the finger, and the click would be lost.
  L.Map.Keyboard.include({
    _onMouseDown: function () {
      if (!this._focused) this._map.getContainer().focus({ preventScroll: true });
    }
  });

  G.start = function (mapId, dataId) {
    var app = new App(JSON.parse(document.getElementById(dataId).textContent));
    app.build(mapId);
    return app.map;
  };

  function App(data) {
    var self = this;
    this.data = data;
    data.projects = G.rows(data.projects, true);
    data.areas = G.rows(data.areas);
    this.words = data.words;
    this.groups = {};
    this.filter = G.noFilter();
    this.looks = {};
    data.outcomes.forEach(function (look) { self.looks[look.code] = look; });
    this.plain = { label: data.words.no_verdict, color: "#3d5a80", ink: "#ffffff", shape: "circle", glyph: "–", order: 2 };
    this.shownOutcomes = data.outcomes.filter(function (look) { return look.count; });
    this._areas = {};
    data.areas.forEach(function (area) { self._areas[area.id] = area; });
    this.store = data.packed ? new G.Cloud(this) : new G.List(this);
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
      G.makePanes(this);
      G.addAreas(this);
      if (this.data.layers.length) G.addLayers(this);
      this.labels = new G.Labels(this);
      this._areaNames(this.data.areas, "a");
      if (this.data.swipe) this._areaNames(this.data.swipe.areas, "b");
      this.store.draw();
      this.card = new G.Card(this);
      this.table = new G.Table(this);
      this._head();
      this.panel = new G.Panel(this, this.root.querySelector(".gp-panel"));
      this._foot();
      if (this.data.basemap && this.data.basemap.layers[0].indexOf("{tk}") < 0) this._startTiles();
      this.measure = new G.Measure(this);
      if (this.data.swipe) this.swipe = new G.Swipe(this);
      this.map.on("click", function () { if (!self.measure.on) self.card.close(); });
      document.addEventListener("keydown", function (event) {
        if (event.key !== "Escape") return;
        if (self.measure.on) self.measure.stop();
        else if (!self.card.node.hidden) self.card.close();
      });
      this._printing();
      this.map.invalidateSize(false); // head and foot have taken their part of the page by now
      this.fit(true);
      this.built = true;
      this.refresh();
      this.link = new G.Link(this);
      this.store.ready.then(function () {
        self.link.follow();
        self.root.setAttribute("data-ready", "true");
      });
    },

    paper: function (size) {
      this.root.classList.toggle("gp-a3", size === "a3");
    },

    // The page takes the size of the sheet before it is printed, and the map its part of it.
    _printing: function () {
      var self = this, root = this.root, home = this.data.bounds;
      function turn(on) {
        return function () {
          var seen = self.map.getBounds();
          root.classList.toggle("gp-sheet", on);
          self.panel.fit(on);
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
      if (this.store.size) this.store.redraw();
      this.labels.place();
      this.panel.refresh();
      this.table.draw();
      if (this.link) this.link.write();
    },

    // Everything within a finger's width of a symbol is offered with it.
    openAt: function (project) {
      var self = this;
      this.store.near(project).then(function (near) {
        self.open(near, near.findIndex(function (one) { return one.index === project.index; }));
      });
    },

    open: function (places, at) { this.card.project(places, at); this.link.write(); },

    openArea: function (area) { this.card.area(area); this.link.write(); },

    openFeature: function (layer, row) { this.card.feature(layer, row); this.link.write(); },

    show: function (project) {
      if (project.at) this.map.setView(project.at, Math.max(this.map.getZoom(), 15), { animate: false });
      this.open([project], 0);
    },

    // What a filter offers: pairs of value and words.
    options: function (name) {
      var self = this, out = [];
      if (name === "industry" || name === "stage") {
        return this.store.values(name).map(function (value) { return [value, value]; });
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
      var group = this.groups.project, out = this.groups.graticule.layer.boxes.slice();
      return group && group.on !== false ? out.concat(this.store.obstacles()) : out;
    },

    _areaNames: function (areas, side) {
      var self = this;
      areas.forEach(function (area) {
        if (!area.geo || area.kind === "study_area") return;
        var places = area.labelAt.map(function (at) { return { at: at }; });
        var more = area.kind === "corridor" ? [] : area.labelAt.reduce(function (all, at) {
          return all.concat([{ at: at, py: -26 }, { at: at, py: 26 }, { at: at, px: -40 }, { at: at, px: 40 }]);
        }, []);
        var node = self.labels.add("gp-name-" + area.kind, [area.title],
          function () { return places.concat(more); }, area.kind === "zone" ? 1 : 2,
          function () { return self.groups[area.kind].on !== false; }, side);
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
          el("span", "", look.label), el("b", "", G.number(look.count))));
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
      put(foot, el("span", "gp-review", data.review), read,
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
