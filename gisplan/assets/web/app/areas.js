// The plan itself: study area, zones, corridors with their rings, constraints.
(function (G) {
  "use strict";

  // The order of symbology, from the bottom: all below 400, the pane of folium's own layers. The
  // areas of a second plan lie, in the same order, in one pane that a divider cuts (swipe.js).
  G.makePanes = function (app) {
    var map = app.map, order = app.data.order, depth = {};
    order.forEach(function (name, k) {
      depth[name] = 300 + 8 * k;
      if (name !== "label" && name !== "project") map.createPane("gp-" + name).style.zIndex = depth[name];
    });
    map.createPane("gp-mark").style.zIndex = 399;
    map.createPane("gp-swipe").style.zIndex = depth.graticule - 1;
    G.CLIPPED.forEach(function (name) {
      map.createPane("gp-b-" + name, map.getPane("gp-swipe")).style.zIndex = depth[name];
    });
    map.createPane("gp-project").style.zIndex = 610;
    map.createPane("gp-label").style.zIndex = 600;
    map.getPane("gp-label").style.pointerEvents = "none";
  };

  // What each of two plans draws for itself.
  G.CLIPPED = ["ring", "zone", "analysis", "constraint", "corridor", "study_area", "conflict"];

  // A group is a row of the layer list: what it holds, how it is switched and faded. The areas
  // of a second plan lie in the same groups, on panes of their own (see swipe.js).
  G.addAreas = function (app) {
    var mine = byKind(app.data.areas), others = byKind(app.data.swipe ? app.data.swipe.areas : []);
    ["study_area", "zone", "corridor", "constraint"].forEach(function (kind) {
      if (mine[kind].length + others[kind].length) app.groups[kind] = group(app, mine[kind], others[kind], kind);
    });
    var ringed = [mine, others].map(function (areas) {
      return areas.corridor.filter(function (area) { return area.rings.length; });
    });
    if (ringed[0].length + ringed[1].length) app.groups.ring = rings(app, ringed[0], ringed[1]);
    app.groups.graticule = {
      layer: new G.Graticule().addTo(app.map),
      fade: function (value) { app.groups.graticule.layer.setOpacity(value); }
    };
  };

  function byKind(areas) {
    var out = { study_area: [], zone: [], corridor: [], constraint: [] };
    areas.forEach(function (area) { if (area.geo) out[area.kind].push(area); });
    return out;
  }

  function group(app, areas, others, kind) {
    var layer = L.featureGroup(), panes = [];
    [[areas, ""], [others, "b-"]].forEach(function (side) {
      if (!side[0].length) return;
      var pane = "gp-" + side[1] + kind, renderer = L.svg({ pane: pane, padding: 0.3 });
      panes.push(pane);
      side[0].forEach(function (area) { draw(app, area, pane, renderer, side[1]).addTo(layer); });
      // Each time: a layer that comes back has new paths.
      if (kind === "constraint" || kind === "zone") layer.on("add", function () { hatch(renderer, side[0], kind, side[1]); });
    });
    layer.addTo(app.map);
    return { layer: layer, areas: areas, others: others, fade: G.fader(app, panes) };
  }

  function draw(app, area, pane, renderer, side) {
    var line = area.kind === "corridor", click = area.kind !== "study_area";
    var shape = L.geoJSON(area.geo, {
      pane: pane, renderer: renderer, interactive: click, smoothFactor: 0, bubblingMouseEvents: false,
      style: {
        pane: pane, renderer: renderer, color: area.color, weight: area.width, opacity: 0.95,
        dashArray: area.dash.length ? area.dash.join(" ") : null, fill: !line && area.fill > 0,
        fillColor: area.color, fillOpacity: area.fill, lineCap: "round", lineJoin: "round"
      }
    });
    if (click) shape.on("click", function () { app.openArea(area); });
    shape.on("add", function () {
      shape.eachLayer(function (path) { mark(path, "data-" + side + area.kind, area.id); });
    });
    return shape;
  }

  function mark(path, name, value) {
    var node = path.getElement && path.getElement();
    if (node) node.setAttribute(name, value);
  }

  function rings(app, areas, others) {
    var layer = L.featureGroup().addTo(app.map), panes = [];
    [[areas, ""], [others, "b-"]].forEach(function (side) {
      var pane = "gp-" + side[1] + "ring", renderer = side[0].length && L.svg({ pane: pane, padding: 0.3 });
      if (side[0].length) panes.push(pane);
      side[0].forEach(function (corridor) {
        corridor.rings.slice().reverse().forEach(function (ring) {
          var near = ring.width === corridor.within;
          var path = L.geoJSON(ring.geo, {
            pane: pane, renderer: renderer, interactive: false,
            style: {
              color: corridor.color, weight: near ? 1.4 : 0.7, opacity: 0.75, dashArray: near ? null : "1 4",
              fillColor: corridor.color, fillOpacity: corridor.fill
            }
          });
          path.on("add", function () {
            path.eachLayer(function (one) { mark(one, "data-" + side[1] + "ring", corridor.id); });
          });
          path.addTo(layer);
        });
      });
    });
    return { layer: layer, areas: areas.length ? areas : others, fade: G.fader(app, panes) };
  }

  G.fader = function (app, panes) {
    return function (value) {
      [].concat(panes).forEach(function (pane) { app.map.getPane(pane).style.opacity = value; });
    };
  };

  // Lines across a shape, so that it is told from its neighbour without its colour.
  G.hatch = function (renderer, nodes, id, look) {
    var pattern = G.svg("pattern", {
      id: id, width: look.gap, height: look.gap, patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(" + (90 - look.angle) + ")"
    });
    G.put(pattern, G.svg("rect", { width: look.gap, height: look.gap, fill: look.color, "fill-opacity": look.fill }),
      G.svg("line", { x1: 0, y1: 0, x2: 0, y2: look.gap, stroke: look.color, "stroke-width": look.line, "stroke-opacity": look.depth }));
    renderer._container.querySelectorAll("defs").forEach(function (old) { if (old.firstChild.id === id) old.remove(); });
    renderer._container.insertBefore(G.put(G.svg("defs", {}), pattern), renderer._container.firstChild);
    nodes.forEach(function (node) {
      node.setAttribute("fill", "url(#" + id + ")");
      node.setAttribute("fill-opacity", "1");
    });
  };

  G.hatchOf = function (area) {
    var steep = area.kind === "constraint";
    return {
      angle: area.hatch[0], gap: area.hatch[1], color: area.color,
      fill: steep ? 0.12 : area.fill, line: steep ? 3 : 1.2, depth: steep ? 1 : 0.45
    };
  };

  function hatch(renderer, areas, kind, side) {
    areas.forEach(function (area) {
      var nodes = renderer._container.querySelectorAll("[data-" + side + kind + '="' + area.id + '"]');
      G.hatch(renderer, nodes, "gp-hatch-" + side + kind + "-" + area.id, G.hatchOf(area));
    });
  }
})(Gisplan);
