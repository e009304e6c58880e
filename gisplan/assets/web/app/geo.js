// Elements, numbers and coordinates: degrees as DMS, Gauss-Krueger metres, the graticule.
var Gisplan = {};
(function (G) {
  "use strict";

  // The only way anything gets onto the page: text is text, never markup.
  G.el = function (tag, cls, text, attributes) {
    var node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined && text !== null) node.textContent = String(text);
    Object.keys(attributes || {}).forEach(function (name) {
      var value = attributes[name];
      if (name.slice(0, 2) === "on") node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    });
    return node;
  };

  G.put = function (parent) {
    for (var k = 1; k < arguments.length; k++) if (arguments[k]) parent.appendChild(arguments[k]);
    return parent;
  };

  G.clear = function (node) {
    while (node.firstChild) node.removeChild(node.firstChild);
    return node;
  };

  // The way back from the columns of gisplan.map_payload.values.columnar: a row each, in which
  // what has no value is null or (sparse) left out.
  G.rows = function (told, sparse) {
    var out = [];
    for (var k = 0; k < told.rows; k++) out.push({});
    Object.keys(told.columns).forEach(function (name) {
      var column = told.columns[name], of = column.of, at = of ? column.at : column;
      out.forEach(function (row, k) {
        var value = of && at[k] !== null ? of[at[k]] : at[k];
        if (value !== null || !sparse) row[name] = value;
      });
    });
    return out;
  };

  G.say = function (text, values) {
    return text.replace(/\{(\w+)\}/g, function (place, name) {
      return values && name in values ? values[name] : place;
    });
  };

  G.svg = function (tag, attributes) {
    var node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    return node;
  };

  // By hand: the first number that goes through toLocaleString costs 20 ms.
  G.number = function (value, digits) {
    var parts = String(Number(Math.abs(value).toFixed(digits || 0))).split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ",");
    return (value < 0 && parts.join("") !== "0" ? "-" : "") + parts.join(".");
  };

  G.length = function (metres, words) {
    var far = Math.abs(metres) >= 10000;
    return far ? G.number(metres / 1000, 1) + " " + words.kilometres
      : G.number(metres, 0) + " " + words.metres;
  };

  G.dms = function (degrees, letters, tenths) {
    var sign = degrees < 0 ? letters[1] : letters[0];
    var unit = tenths ? 10 : 1;
    var total = Math.round(Math.abs(degrees) * 3600 * unit);
    var seconds = (total % (60 * unit)) / unit;
    var minutes = Math.floor(total / (60 * unit)) % 60;
    var two = function (n) { return n < 10 ? "0" + n : String(n); };
    var shown = tenths ? (seconds < 10 ? "0" : "") + seconds.toFixed(1) : two(seconds);
    return Math.floor(total / (3600 * unit)) + "°" + two(minutes) + "′" + shown + "″" + sign;
  };

  // Transverse Mercator by Krueger's series in the third flattening n, to n^4 (sub-millimetre
  // within a zone). Returns [easting, northing] in metres.
  G.gaussKruger = function (lon, lat, p) {
    var f = p.flattening, n = f / (2 - f), n2 = n * n, n3 = n2 * n, n4 = n3 * n;
    var radius = p.semi_major / (1 + n) * (1 + n2 / 4 + n4 / 64);
    var alpha = [
      n / 2 - 2 * n2 / 3 + 5 * n3 / 16 + 41 * n4 / 180,
      13 * n2 / 48 - 3 * n3 / 5 + 557 * n4 / 1440,
      61 * n3 / 240 - 103 * n4 / 140,
      49561 * n4 / 161280
    ];
    var forward = function (phi, lambda) {
      var e = Math.sqrt(f * (2 - f)), s = Math.sin(phi);
      var t = Math.sinh(Math.atanh(s) - e * Math.atanh(e * s));
      var xi = Math.atan2(t, Math.cos(lambda));
      var eta = Math.asinh(Math.sin(lambda) / Math.hypot(t, Math.cos(lambda)));
      var north = xi, east = eta;
      alpha.forEach(function (a, k) {
        var j = 2 * (k + 1);
        north += a * Math.sin(j * xi) * Math.cosh(j * eta);
        east += a * Math.cos(j * xi) * Math.sinh(j * eta);
      });
      return [radius * east, radius * north];
    };
    var rad = Math.PI / 180;
    var at = forward(lat * rad, (lon - p.central_meridian) * rad);
    var origin = forward(p.latitude_of_origin * rad, 0);
    return [p.false_easting + p.scale * at[0], p.false_northing + p.scale * (at[1] - origin[1])];
  };

  var STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000];

  // Lines at round seconds of arc with their values along the top and the right edge.
  G.Graticule = L.Layer.extend({
    boxes: [],
    onAdd: function (map) {
      this._lines = L.layerGroup().addTo(map);
      this._labels = G.el("div", "gp-grid", null, { "aria-hidden": "true" });
      map.getContainer().appendChild(this._labels);
      map.on("moveend zoomend resize", this._draw, this);
      map.on("zoomstart movestart", this._hide, this);
      this._draw();
    },
    onRemove: function (map) {
      map.off("moveend zoomend resize", this._draw, this);
      map.off("zoomstart movestart", this._hide, this);
      this._lines.remove();
      this._labels.remove();
      this.boxes = [];
    },
    setOpacity: function (value) {
      this._map.getPane("gp-graticule").style.opacity = value;
      this._labels.style.opacity = value;
    },
    _hide: function () { this._labels.hidden = true; },
    _draw: function () {
      var map = this._map, box = map.getBounds(), size = map.getSize();
      if (!size.x || !size.y) return;
      this._lines.clearLayers();
      this.boxes = [];
      G.clear(this._labels).hidden = false;
      var span = (box.getEast() - box.getWest()) * 3600;
      var wanted = span / Math.max(2, Math.floor(size.x / 150));
      var step = (STEPS.find(function (s) { return s >= wanted; }) || 36000) / 3600;
      this._each(box.getWest(), box.getEast(), step, function (lon) {
        this._line([[box.getSouth(), lon], [box.getNorth(), lon]]);
        var x = map.latLngToContainerPoint([box.getNorth(), lon]).x;
        if (x > 60 && x < size.x - 120) this._label(G.dms(lon, "EW"), "top", x);
      });
      this._each(box.getSouth(), box.getNorth(), step, function (lat) {
        this._line([[lat, box.getWest()], [lat, box.getEast()]]);
        var y = map.latLngToContainerPoint([lat, box.getWest()]).y;
        if (y > 40 && y < size.y - 40) this._label(G.dms(lat, "NS"), "right", y);
      });
    },
    _each: function (from, to, step, then) {
      for (var k = Math.ceil(from / step); k * step <= to; k++) then.call(this, k * step);
    },
    _line: function (path) {
      L.polyline(path, {
        pane: "gp-graticule", interactive: false, color: "#5b6770", weight: 0.8, opacity: 0.45,
        dashArray: "2 5"
      }).addTo(this._lines);
    },
    _label: function (text, edge, offset) {
      var node = G.el("span", "gp-grid-" + edge, text);
      this.boxes.push(edge === "top" ? [offset - 40, 0, offset + 40, 18]
        : [this._map.getSize().x - 66, offset - 9, this._map.getSize().x, offset + 9]);
      node.style[edge === "top" ? "left" : "top"] = Math.round(offset) + "px";
      this._labels.appendChild(node);
    }
  });
})(Gisplan);
