// A list of projects, each with its own symbol: what is shown, found and near a place.
(function (G) {
  "use strict";

  var BOX = 22;

  G.symbol = function (app, outcome, size) {
    var look = app.looks[outcome] || app.plain, box = size || BOX;
    var points = app.data.shapes[look.shape].map(function (p) { return p[0] + "," + -p[1]; });
    var svg = G.svg("svg", {
      viewBox: "-1.45 -1.45 2.9 2.9", width: box, height: box, "aria-hidden": "true",
      focusable: "false"
    });
    [["#ffffff", 0.62], ["#1d1d1d", 0.3]].forEach(function (edge) {
      svg.appendChild(G.svg("polygon", {
        points: points.join(" "), fill: look.color, stroke: edge[0], "stroke-width": edge[1],
        "stroke-linejoin": "round", "paint-order": "stroke"
      }));
    });
    return svg;
  };

  // What a project has where the file leaves it out.
  G.BLANK = {
    id: "", name: "", industry: "", stage: "", fields: [], issues: [], rules: [], zones: [],
    unchecked: [], outcome: "", nominal: "", overrule: "", corridor: "", at: null, geo: null, year: null,
    accuracy: null, confidence: null, flip: null, zoneMargin: null, corridorDistance: null
  };

  // The store of a page: this one for a short list, G.Cloud for a long one, with the same calls.
  G.List = function (app) {
    var data = app.data;
    this.app = app;
    this.projects = data.projects.map(function (told) { return Object.assign({}, G.BLANK, told); });
    this.projects.forEach(function (project, k) {
      project.index = k;
      project.fields = project.fields.map(function (pair) { return [data.columns[pair[0]][0], pair[1]]; });
      project.rules = project.rules.map(function (number) {
        var r = data.lines[number];
        return { rule: data.rules[r[0]][0], title: data.rules[r[0]][1], outcome: r[1], text: r[2], clause: data.clauses[r[3]] };
      });
    });
    this.located = this.projects.filter(function (p) { return p.at; });
    this.size = this.projects.length;
    this.unlocated = this.size - this.located.length;
  };

  G.List.prototype = {
    ready: Promise.resolve(),

    draw: function () {
      var app = this.app, layer = L.layerGroup().addTo(app.map), prints = L.layerGroup().addTo(app.map);
      this.located.forEach(function (project) {
        project.marker = marker(app, project);
        project.marker.on("click", function () { app.openAt(project); });
        project.marker.on("keypress", function (event) {
          if (event.originalEvent.key === "Enter") app.openAt(project);
        });
        if (project.geo) project.print = footprint(app, project);
      });
      if (this.size) app.groups.project = { layer: layer, fade: G.fader(app, "gp-project") };
      if (this.located.some(function (p) { return p.print; })) {
        app.groups.footprint = { layer: prints, fade: G.fader(app, "gp-footprint") };
      }
      this._names();
    },

    redraw: function () {
      var app = this.app, group = app.groups.project;
      var prints = app.groups.footprint && app.groups.footprint.layer;
      this.located.forEach(function (project) {
        var on = app.isShown(project);
        if (on !== group.layer.hasLayer(project.marker)) {
          if (on) group.layer.addLayer(project.marker); else group.layer.removeLayer(project.marker);
        }
        if (project.print && on !== prints.hasLayer(project.print)) {
          if (on) prints.addLayer(project.print); else prints.removeLayer(project.print);
        }
      });
    },

    // Where no name may stand.
    obstacles: function () {
      var app = this.app;
      return this.located.filter(function (p) { return app.isShown(p); }).map(function (p) {
        var at = app.map.latLngToContainerPoint(p.at);
        return [at.x - 9, at.y - 9, at.x + 9, at.y + 9];
      });
    },

    values: function (name) {
      var seen = {};
      this.projects.forEach(function (p) { if (p[name]) seen[p[name]] = true; });
      return Object.keys(seen).sort();
    },

    counts: function () {
      var shown = this._shown();
      return { shown: shown.length, map: shown.filter(function (p) { return p.at; }).length };
    },

    _shown: function () {
      var app = this.app;
      return this.projects.filter(function (p) { return app.isShown(p); });
    },

    // The rest may take time in a long list, so it comes as a promise here too.
    shown: function (limit) { return Promise.resolve(this._shown().slice(0, limit)); },

    missing: function (limit) {
      return Promise.resolve(this._shown().filter(function (p) { return !p.at; }).slice(0, limit));
    },

    each: function (then) {
      this._shown().forEach(then);
      return Promise.resolve();
    },

    find: function (text, limit) {
      return Promise.resolve(this.projects.filter(function (p) {
        return (p.name + " " + p.id).toLowerCase().indexOf(text) >= 0;
      }).slice(0, limit));
    },

    near: function (project) {
      var map = this.app.map, app = this.app, at = map.latLngToLayerPoint(project.at);
      return Promise.resolve(this.located.filter(function (other) {
        return app.isShown(other) && map.latLngToLayerPoint(other.at).distanceTo(at) < 9;
      }));
    },

    // What stands for a project in an address: its own number where that is its alone.
    key: function (project) {
      var same = this.projects.filter(function (p) { return p.id === project.id; });
      return project.id && same.length === 1 ? project.id : "~" + project.index;
    },

    byKey: function (key) {
      var self = this;
      return Promise.resolve(this.projects.find(function (p) { return self.key(p) === key; }));
    },

    _names: function () {
      var app = this.app;
      this.located.forEach(function (project) {
        if (!project.name) return;
        var short = Array.from(project.name), text = short.slice(0, 14).join("");
        var look = app.looks[project.outcome] || app.plain;
        app.labels.add("gp-name-project", [short.length > 14 ? text + "…" : text],
          function () { return G.around(project.at); }, 100 - look.order,
          function () { return app.isShown(project) && app.groups.project.on !== false; });
      });
    }
  };

  function marker(app, project) {
    var look = app.looks[project.outcome] || app.plain, node = G.el("div", "gp-symbol");
    node.appendChild(G.symbol(app, project.outcome));
    node.setAttribute("data-project", project.index);
    node.setAttribute("data-outcome", project.outcome || "");
    var label = (project.name || app.words.unnamed) + (project.outcome ? " · " + look.label : "");
    var one = L.marker(project.at, {
      pane: "gp-project", keyboard: app.store.size <= 100, zIndexOffset: look.order * 1000,
      alt: label, icon: L.divIcon({ html: node, className: "gp-icon", iconSize: [BOX, BOX] })
    });
    one.on("add", function () {
      one.getElement().setAttribute("aria-label", label);
      one.getElement().setAttribute("title", label);
    });
    return one;
  }

  function footprint(app, project) {
    var look = app.looks[project.outcome] || app.plain;
    var shape = L.geoJSON(project.geo, {
      pane: "gp-footprint", bubblingMouseEvents: false,
      style: { pane: "gp-footprint", color: "#1d1d1d", weight: 1.6, fillColor: look.color, fillOpacity: 0.55 }
    });
    shape.on("click", function () { app.open([project], 0); });
    shape.on("add", function () {
      shape.eachLayer(function (path) {
        var node = path.getElement && path.getElement();
        if (node) node.setAttribute("data-footprint", project.index);
      });
    });
    return shape;
  }

  // Which projects pass the filter, located or not.
  G.passes = function (project, filter) {
    if (filter.off[project.outcome || ""]) return false;
    if (filter.zone === "-" ? project.zones.length : filter.zone &&
        project.zones.indexOf(filter.zone) < 0) return false;
    if (filter.corridor && project.corridor !== filter.corridor) return false;
    if (filter.industry && project.industry !== filter.industry) return false;
    if (filter.stage && project.stage !== filter.stage) return false;
    return filter.from === null || (project.year !== null && project.year >= filter.from && project.year <= filter.to);
  };
})(Gisplan);
