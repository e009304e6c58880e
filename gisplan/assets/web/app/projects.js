// Projects: a symbol for each, footprints, what is shown under the current filter.
(function (G) {
  "use strict";

  var DOM_LIMIT = 2000, BOX = 22;

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

  G.addProjects = function (app) {
    var many = app.located.length > DOM_LIMIT;
    var layer = L.layerGroup().addTo(app.map), prints = L.layerGroup().addTo(app.map);
    var canvas = many ? L.canvas({ pane: "gp-project", padding: 0.3 }) : null;
    app.located.forEach(function (project) {
      project.marker = many ? dot(app, project, canvas) : marker(app, project);
      project.marker.on("click", function () { app.openAt(project); });
      project.marker.on("keypress", function (event) {
        if (event.originalEvent.key === "Enter") app.openAt(project);
      });
      if (project.geo) project.print = footprint(app, project);
    });
    app.groups.project = { layer: layer, fade: fade("gp-project") };
    if (app.located.some(function (p) { return p.print; })) {
      app.groups.footprint = { layer: prints, fade: fade("gp-footprint") };
    }
    if (!many) names(app);

    function fade(pane) {
      return function (value) { app.map.getPane(pane).style.opacity = value; };
    }
  };

  function marker(app, project) {
    var look = app.looks[project.outcome] || app.plain, node = G.el("div", "gp-symbol");
    node.appendChild(G.symbol(app, project.outcome));
    node.setAttribute("data-project", project.index);
    node.setAttribute("data-outcome", project.outcome || "");
    var label = (project.name || app.words.unnamed) + (project.outcome ? " · " + look.label : "");
    var one = L.marker(project.at, {
      pane: "gp-project", keyboard: app.located.length <= 100, zIndexOffset: look.order * 1000,
      alt: label, icon: L.divIcon({ html: node, className: "gp-icon", iconSize: [BOX, BOX] })
    });
    one.on("add", function () {
      one.getElement().setAttribute("aria-label", label);
      one.getElement().setAttribute("title", label);
    });
    return one;
  }

  // Above DOM_LIMIT symbols are painted: same shapes and colours on a canvas.
  var Painted = L.CircleMarker.extend({
    _updatePath: function () {
      var ctx = this._renderer._ctx, at = this._point, r = this._radius;
      if (!this._renderer._drawing || this._empty()) return;
      ctx.beginPath();
      this.options.vertices.forEach(function (p, k) {
        ctx[k ? "lineTo" : "moveTo"](at.x + p[0] * r, at.y - p[1] * r);
      });
      ctx.closePath();
      this._renderer._fillStroke(ctx, this);
    }
  });

  function dot(app, project, canvas) {
    var look = app.looks[project.outcome] || app.plain;
    return new Painted(project.at, {
      renderer: canvas, pane: "gp-project", radius: 5, color: "#ffffff", weight: 1, opacity: 1,
      fillColor: look.color, fillOpacity: 1, vertices: app.data.shapes[look.shape],
      bubblingMouseEvents: false
    });
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

  function names(app) {
    app.located.forEach(function (project) {
      if (!project.name) return;
      var short = Array.from(project.name), text = short.slice(0, 14).join("");
      var look = app.looks[project.outcome] || app.plain;
      app.labels.add("gp-name-project", [short.length > 14 ? text + "…" : text],
        function () { return G.around(project.at); }, 100 - look.order,
        function () { return app.isShown(project) && app.groups.project.on !== false; });
    });
  }

  // Which projects pass the filter, located or not.
  G.passes = function (project, filter) {
    if (filter.off[project.outcome || ""]) return false;
    if (filter.zone === "-" ? project.zones.length : filter.zone &&
        project.zones.indexOf(filter.zone) < 0) return false;
    if (filter.corridor && project.corridor !== filter.corridor) return false;
    return !filter.industry || project.industry === filter.industry;
  };

  G.redraw = function (app) {
    var layer = app.groups.project.layer;
    var prints = app.groups.footprint && app.groups.footprint.layer;
    app.located.forEach(function (project) {
      var on = app.isShown(project);
      if (on !== layer.hasLayer(project.marker)) {
        if (on) layer.addLayer(project.marker); else layer.removeLayer(project.marker);
      }
      if (project.print && on !== prints.hasLayer(project.print)) {
        if (on) prints.addLayer(project.print); else prints.removeLayer(project.print);
      }
    });
    app.labels.place();
  };
})(Gisplan);
