// Lengths and areas on the ellipsoid, drawn by pointer or by keys.
(function (G) {
  "use strict";
  var el = G.el, put = G.put, A = 6378137, F = 1 / 298.257223563, RAD = Math.PI / 180;

  // Vincenty's inverse: metres between two places [lat, lon], to better than a millimetre.
  // Almost opposite places do not converge; there the mean sphere is near enough.
  G.distance = function (one, two) {
    var b = A * (1 - F), lon = (two[1] - one[1]) * RAD, lambda = lon;
    var u1 = Math.atan((1 - F) * Math.tan(one[0] * RAD)), u2 = Math.atan((1 - F) * Math.tan(two[0] * RAD));
    var s1 = Math.sin(u1), c1 = Math.cos(u1), s2 = Math.sin(u2), c2 = Math.cos(u2);
    for (var k = 0; k < 100; k++) {
      var sl = Math.sin(lambda), cl = Math.cos(lambda);
      var s = Math.hypot(c2 * sl, c1 * s2 - s1 * c2 * cl), c = s1 * s2 + c1 * c2 * cl;
      if (s === 0) return 0;
      var sigma = Math.atan2(s, c), sa = c1 * c2 * sl / s, ca2 = 1 - sa * sa;
      var cm = ca2 ? c - 2 * s1 * s2 / ca2 : 0, C = F / 16 * ca2 * (4 + F * (4 - 3 * ca2)), last = lambda;
      lambda = lon + (1 - C) * F * sa * (sigma + C * s * (cm + C * c * (2 * cm * cm - 1)));
      if (Math.abs(lambda - last) < 1e-12) {
        var u = ca2 * (A * A - b * b) / (b * b);
        var P = 1 + u / 16384 * (4096 + u * (u * (320 - 175 * u) - 768));
        var Q = u / 1024 * (256 + u * (u * (74 - 47 * u) - 128));
        var turn = Q * s * (cm + Q / 4 * (c * (2 * cm * cm - 1) - Q / 6 * cm * (4 * s * s - 3) * (4 * cm * cm - 3)));
        return b * P * (sigma - turn);
      }
    }
    return 6371008.8 * Math.acos(Math.max(-1, Math.min(1,
      Math.sin(one[0] * RAD) * Math.sin(two[0] * RAD) +
      Math.cos(one[0] * RAD) * Math.cos(two[0] * RAD) * Math.cos(lon))));
  };

  G.pathLength = function (path) {
    return path.slice(1).reduce(function (sum, at, k) { return sum + G.distance(path[k], at); }, 0);
  };

  // Square metres of a ring of [lat, lon]: great circles on the sphere of the same area, on
  // which authalic latitude keeps areas exact. Sides up to 100 km agree with geodesics to 1e-4.
  G.ringArea = function (ring) {
    var e2 = F * (2 - F), e = Math.sqrt(e2);
    function q(lat) {
      var s = Math.sin(lat);
      return (1 - e2) * (s / (1 - e2 * s * s) + Math.atanh(e * s) / e);
    }
    var whole = q(Math.PI / 2), radius2 = A * A * whole / 2, sum = 0;
    var halves = ring.map(function (at) {
      return Math.tan(Math.asin(Math.max(-1, Math.min(1, q(at[0] * RAD) / whole))) / 2);
    });
    ring.forEach(function (at, k) {
      var next = (k + 1) % ring.length, turn = Math.tan((ring[next][1] - at[1]) * RAD / 2);
      sum += 2 * Math.atan2(turn * (halves[k] + halves[next]), 1 + halves[k] * halves[next]);
    });
    return Math.abs(sum) * radius2;
  };

  G.Measure = function (app) {
    this.app = app;
    this.on = false;
    this.layer = L.layerGroup().addTo(app.map);
    this.box = el("div", "gp-measure", null, { role: "group", "aria-label": app.words.measure });
    this.told = el("output", "gp-measure-told", "", { "aria-live": "polite" });
    this.box.hidden = true;
    L.DomEvent.disableClickPropagation(this.box);
    var self = this;
    put(this.box, this.told, el("span", "gp-hint", app.words.measure_hint), el("button", "gp-x", "×", {
      type: "button", "aria-label": app.words.close, onclick: function () { self.stop(); }
    }));
    put(app.stage, this.box);
    app.map.getContainer().addEventListener("keydown", function (event) { self._key(event); });
    app.map.getContainer().addEventListener("click", function (event) { self._click(event); }, true);
  };

  G.Measure.prototype = {
    start: function (area) {
      var map = this.app.map;
      this.app.card.close();
      this.stop();
      this.on = true;
      this.area = area;
      this.path = [];
      this.box.hidden = false;
      this.app.root.classList.add("gp-measuring");
      map.doubleClickZoom.disable();
      map.getContainer().focus({ preventScroll: true });
      this._tell();
    },

    stop: function () {
      this.on = false;
      this.box.hidden = true;
      this.layer.clearLayers();
      this.app.root.classList.remove("gp-measuring");
      this.app.map.doubleClickZoom.enable();
    },

    // Taken before any layer sees it: a click on a symbol is a corner here, and opens nothing.
    _click: function (event) {
      var map = this.app.map;
      if (!this.on || (event.target.closest && event.target.closest(".leaflet-control"))) return;
      event.stopPropagation();
      if (map.dragging && map.dragging.moved()) return;
      if (event.detail < 2) this._add(map.mouseEventToLatLng(event));
    },

    // Arrows move the map under the cross; the space bar sets a corner there.
    _key: function (event) {
      if (!this.on || event.target !== this.app.map.getContainer()) return;
      if (event.key === " " || event.key === "Enter") this._add(this.app.map.getCenter());
      else if (event.key === "Backspace") this.path.pop();
      else return;
      event.preventDefault();
      this._tell();
    },

    _add: function (at) {
      this.path.push([at.lat, at.lng]);
      this._tell();
    },

    _tell: function () {
      var words = this.app.words, path = this.path, self = this;
      var style = { pane: "gp-mark", interactive: false, color: "#7a0177", weight: 2.5, fillColor: "#7a0177", fillOpacity: 0.12 };
      this.layer.clearLayers();
      (this.area ? L.polygon(path, style) : L.polyline(path, Object.assign({}, style, { fill: false }))).addTo(this.layer);
      path.forEach(function (at) {
        L.circleMarker(at, Object.assign({}, style, { radius: 4, weight: 2, fillColor: "#ffffff", fillOpacity: 1 })).addTo(self.layer);
      });
      var value = this.area ? G.ringArea(path) : G.pathLength(path);
      this.told.setAttribute("data-value", value);
      this.told.textContent = this.area ? G.areaText(value, words) + " · " + G.say(words.perimeter, {
        length: G.length(G.pathLength(path.concat(path.slice(0, 1))), words)
      }) : G.length(value, words);
    }
  };

  G.areaText = function (metres, words) {
    return G.say(words.area_told, {
      metres: metres < 1e7 ? G.number(metres) + " m²" : G.number(metres / 1e6, 2) + " km²",
      hectares: G.number(metres / 1e4, 2), mu: G.number(metres * 3 / 2000, 1)
    });
  };
})(Gisplan);
