// The plan itself: study area, zones, corridors with their rings, constraints, base map.
(function (G) {
  "use strict";

  var PANES = ["gp-base", "gp-ring", "gp-zone", "gp-study_area", "gp-corridor", "gp-constraint",
    "gp-graticule", "gp-footprint", "gp-mark"];

  G.makePanes = function (map) {
    // All below 400, the pane of the layers that a user adds with folium.
    PANES.forEach(function (name, k) { map.createPane(name).style.zIndex = 300 + 10 * k; });
    map.createPane("gp-swipe").style.zIndex = 355;
    PANES.slice(1, 6).forEach(function (name, k) {
      map.createPane(name.replace("gp-", "gp-b-"), map.getPane("gp-swipe")).style.zIndex = k + 1;
    });
    map.createPane("gp-project").style.zIndex = 610;
    map.createPane("gp-label").style.zIndex = 600;
    map.getPane("gp-label").style.pointerEvents = "none";
  };

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
    var layer = L.featureGroup().addTo(app.map), panes = [];
    [[areas, ""], [others, "b-"]].forEach(function (side) {
      if (!side[0].length) return;
      var pane = "gp-" + side[1] + kind, renderer = L.svg({ pane: pane, padding: 0.3 });
      panes.push(pane);
      side[0].forEach(function (area) { draw(app, area, pane, renderer, side[1]).addTo(layer); });
      if (kind === "constraint") hatch(renderer, side[0], side[1]);
    });
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

  // Hatched, so that a constraint is told from a zone without its colour.
  function hatch(renderer, areas, side) {
    var defs = G.svg("defs", {});
    areas.forEach(function (area) {
      var pattern = G.svg("pattern", {
        id: "gp-hatch-" + side + area.id, width: 9, height: 9, patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)"
      });
      G.put(pattern, G.svg("rect", { width: 9, height: 9, fill: area.color, "fill-opacity": 0.12 }),
        G.svg("line", { x1: 0, y1: 0, x2: 0, y2: 9, stroke: area.color, "stroke-width": 3 }));
      defs.appendChild(pattern);
    });
    renderer._container.insertBefore(defs, renderer._container.firstChild);
    areas.forEach(function (area) {
      renderer._container.querySelectorAll('[data-' + side + 'constraint="' + area.id + '"]')
        .forEach(function (node) {
          node.setAttribute("fill", "url(#gp-hatch-" + side + area.id + ")");
          node.setAttribute("fill-opacity", "1");
        });
    });
  }

  // Online tiles, only where the author of the file chose them. A key is typed by the reader
  // and stays in this browser: never in the file, never in the address bar.
  G.addBasemap = function (app, shown) {
    var base = app.data.basemap, tiles = [];
    if (app.tiles) app.tiles.remove();
    app.tiles = null;
    if (!base || !shown) return true;
    var key = base.layers[0].indexOf("{tk}") < 0 ? "" : askKey(app, base);
    if (key === null) return false;
    base.layers.forEach(function (address) {
      tiles.push(L.tileLayer(address, {
        pane: "gp-base", maxNativeZoom: base.max_zoom, maxZoom: 22, tk: encodeURIComponent(key),
        subdomains: base.subdomains || "abc",
        attribution: base.attribution.replace(/[&<>"]/g, "")
      }));
    });
    app.tiles = L.layerGroup(tiles).addTo(app.map);
    return true;
  };

  function askKey(app, base) {
    var name = "gisplan-key-" + base.id, key = null;
    try { key = window.localStorage.getItem(name); } catch (refused) { key = null; }
    if (!key) {
      key = window.prompt(app.words.key_prompt);
      if (!key) return null;
      try { window.localStorage.setItem(name, key); } catch (refused) { /* asked again next time */ }
    }
    return key;
  }
})(Gisplan);
