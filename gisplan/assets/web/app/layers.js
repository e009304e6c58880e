// Layers of an analysis: shapes with a card each, or a picture; both with a legend.
(function (G) {
  "use strict";
  var el = G.el, put = G.put, MANY = 2000, LISTED = 200;

  G.addLayers = function (app) {
    app.data.layers.forEach(function (layer, k) {
      var group = layer.image ? picture(app, layer) : shapes(app, layer, k);
      app.groups["layer-" + k] = group;
      if (layer.shown) group.layer.addTo(app.map); else group.on = false;
    });
  };

  // On which sides of a divider a layer is drawn: "" the plan of the page, "b-" the other one.
  function sides(app, layer) {
    if (!app.data.swipe) return [""];
    return { first: [""], other: ["b-"] }[layer.plan] || ["", "b-"];
  }

  function picture(app, layer) {
    var all = sides(app, layer).map(function (side) {
      return L.imageOverlay(layer.image, layer.bounds, { pane: "gp-" + side + "analysis", opacity: layer.opacity, alt: layer.title });
    });
    return {
      layer: L.layerGroup(all), look: layer.classes[0] && Object.assign({ form: "polygon" }, layer.classes[0]),
      depth: layer.opacity,
      fade: function (value) { all.forEach(function (one) { one.setOpacity(value); }); }
    };
  }

  // Each layer has a pane of its own, so that it fades alone; very many shapes share a canvas.
  function shapes(app, layer, k) {
    var panes = [], group = L.featureGroup();
    sides(app, layer).forEach(function (side) {
      var name = "gp-" + side + "layer-" + k, renderer;
      app.map.createPane(name, app.map.getPane("gp-" + side + "conflict"));
      renderer = layer.rows.length > MANY ? L.canvas({ pane: name, padding: 0.3 }) : L.svg({ pane: name, padding: 0.3 });
      panes.push(name);
      layer.rows.forEach(function (row, number) {
        if (row.geo) draw(app, layer, row, number, name, renderer).addTo(group);
      });
      if (renderer instanceof L.SVG) group.on("add", function () { hatches(renderer, layer, name); });
    });
    return { layer: group, look: layer.classes[0], fade: G.fader(app, panes) };
  }

  function draw(app, layer, row, number, pane, renderer) {
    var look = layer.classes[row.class];
    var style = {
      pane: pane, renderer: renderer, color: look.color, weight: layer.width, opacity: 0.95, fillColor: look.color,
      fillOpacity: layer.fill, dashArray: look.dash.length ? look.dash.join(" ") : null
    };
    var shape = L.geoJSON(row.geo, {
      pane: pane, smoothFactor: 0, bubblingMouseEvents: false, style: style,
      pointToLayer: function (point, at) { return L.circleMarker(at, Object.assign({ radius: 5, bubblingMouseEvents: false }, style)); }
    });
    shape.on("click", function () { app.openFeature(layer, row); });
    shape.on("add", function () {
      shape.eachLayer(function (path) {
        var node = path.getElement && path.getElement();
        if (!node) return;
        node.setAttribute("data-feature", layer.id + "/" + number);
        node.setAttribute("data-class", row.class);
      });
    });
    return shape;
  }

  function hatches(renderer, layer, pane) {
    if (!renderer._container) return;
    layer.classes.forEach(function (look, c) {
      if (!look.hatch || look.form !== "polygon") return;
      G.hatch(renderer, renderer._container.querySelectorAll('[data-class="' + c + '"]'), pane + "-" + c, hatchOf(layer, look));
    });
  }

  function hatchOf(layer, look) {
    return { angle: look.hatch[0], gap: look.hatch[1], color: look.color, fill: layer.fill * 0.6, line: 1.4, depth: 0.85 };
  }

  G.layerSwatch = function (look) {
    var svg = G.svg("svg", { width: 26, height: 16, viewBox: "0 0 26 16", "aria-hidden": "true", "class": "gp-swatch" });
    var shape = look.form === "line" ? G.svg("line", { x1: 1, y1: 8, x2: 25, y2: 8, "stroke-width": 3 })
      : look.form === "point" ? G.svg("circle", { cx: 13, cy: 8, r: 5 })
        : G.svg("rect", { x: 2, y: 2, width: 22, height: 12, rx: 1 });
    shape.setAttribute("fill", look.color);
    shape.setAttribute("fill-opacity", look.dash ? 0.35 : 1);
    if (look.dash) shape.setAttribute("stroke", look.color);
    if (look.dash && look.dash.length) shape.setAttribute("stroke-dasharray", "3 2");
    put(svg, shape);
    if (look.hatch && look.form === "polygon") {
      put(svg, G.strokes({ angle: look.hatch[0], gap: look.hatch[1], color: look.color, line: 1.4, depth: 0.85 }));
    }
    return svg;
  };

  // Classes with their counts, the note, and the shapes one by one, which keys can reach.
  G.layerLegend = function (app, layer) {
    var words = app.words, box = el("div", "gp-layer"), list = el("ul", "gp-legend");
    layer.classes.forEach(function (look) {
      if (!look.title && layer.classes.length < 2) return;
      put(list, put(el("li", "gp-class"), G.layerSwatch(layer.image ? Object.assign({ form: "polygon" }, look) : look),
        el("span", "", look.title || words.layer_other), layer.image ? null : el("small", "", G.say(words.layer_count, { n: G.number(look.count) }))));
    });
    put(box, list.firstChild ? list : null, layer.note ? el("p", "gp-hint gp-note-line", layer.note) : null);
    if (layer.image) return box;
    if (!layer.rows.length) return put(box, el("p", "gp-hint gp-note-line", words.layer_none, { "data-none": layer.id }));
    return put(box, items(app, layer));
  };

  function items(app, layer) {
    var words = app.words, list = el("ul", "gp-items"), box = el("details", "gp-layer-items", null, { "data-items": layer.id });
    layer.rows.slice(0, LISTED).forEach(function (row, k) {
      put(list, put(el("li"), put(el("button", "gp-item", null, {
        type: "button", "data-item": layer.id + "/" + k,
        onclick: function () { app.togglePanel(false); show(app, row); app.openFeature(layer, row); }
      }), G.layerSwatch(layer.classes[row.class]), el("span", "", row.name || layer.title + " " + (k + 1)))));
    });
    return put(box, el("summary", "", G.say(words.layer_items, { n: G.number(layer.rows.length) })), list,
      layer.rows.length > LISTED ? el("p", "gp-hint", G.say(words.layer_more, { n: LISTED })) : null,
      layer.undrawn ? el("p", "gp-hint", G.say(words.layer_undrawn, { n: layer.undrawn })) : null);
  }

  function show(app, row) {
    if (!row.geo) return;
    var bounds = G.outline(row.geo).getBounds();
    if (!app.map.getBounds().contains(bounds)) app.map.fitBounds(bounds, { maxZoom: 16, animate: false, padding: [60, 60] });
  }

  // Marks the shape whose card is open.
  G.outline = function (geo) {
    var style = { pane: "gp-mark", interactive: false, color: "#1d1d1d", weight: 3, fill: false };
    return L.geoJSON(geo, { interactive: false, style: style, pointToLayer: function (point, at) {
      return L.circleMarker(at, Object.assign({ radius: 12 }, style));
    } });
  };
})(Gisplan);
