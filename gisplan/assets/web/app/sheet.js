// The canvas of a long list: symbols, discs or density by the number in view; hover and pick.
(function (G) {
  "use strict";

  var SYMBOLS = 4000, DISCS = 60000, BIN = 3, MARGIN = 100, OUTLINE = 4;

  G.Sheet = L.Layer.extend({
    initialize: function (app, cloud) {
      this.app = app;
      this.cloud = cloud;
      // Codes of the outcomes, those that lie on top last.
      var told = cloud.told.columns.find(function (column) { return column.name === "outcome"; });
      this.looks = (told ? told.table : [""]).map(function (code) { return app.looks[code] || app.plain; });
      this.ranks = this.looks.map(function (look, k) { return k; });
      this.ranks.sort(function (a, b) { return this.looks[a].order - this.looks[b].order; }.bind(this));
      this.sprites = {};
    },

    onAdd: function (map) {
      this.canvas = G.el("canvas", "gp-sheet-canvas leaflet-zoom-animated", null, { "aria-hidden": "true" });
      map.getPane("gp-project").appendChild(this.canvas);
      map.getPane("gp-label").style.zIndex = 615; // dense marks would bury the names
      this.tip = this.tip || L.tooltip({ direction: "top", offset: [0, -8], pane: "gp-label" });
      map.on("moveend viewreset resize", this.redraw, this).on("zoomanim", this._zoom, this);
      map.getContainer().addEventListener("click", this._click = this._clicked.bind(this), true);
      map.on("mousemove", this._hover, this).on("mouseout movestart", this._leave, this);
      this.redraw();
    },

    onRemove: function (map) {
      map.off("moveend viewreset resize", this.redraw, this).off("zoomanim", this._zoom, this);
      map.off("mousemove", this._hover, this).off("mouseout movestart", this._leave, this);
      map.getContainer().removeEventListener("click", this._click, true);
      this._leave();
      this.canvas.remove();
    },

    // Where the canvas lies: its corner in world pixels, and the pixels of one step of a place.
    _frame: function () {
      var map = this._map, size = map.getSize().add([2 * MARGIN, 2 * MARGIN]);
      var corner = map.containerPointToLayerPoint([-MARGIN, -MARGIN]), world = corner.add(map.getPixelOrigin());
      return {
        corner: corner, left: world.x, top: world.y, width: size.x, height: size.y,
        step: 256 * Math.pow(2, map.getZoom()) / Math.pow(2, this.cloud.told.world)
      };
    },

    redraw: function () {
      var canvas = this.canvas, frame = this.frame = this._frame(), ratio = window.devicePixelRatio || 1;
      var map = this._map;
      canvas.width = frame.width * ratio;
      canvas.height = frame.height * ratio;
      canvas.style.width = frame.width + "px";
      canvas.style.height = frame.height + "px";
      L.DomUtil.setTransform(canvas, frame.corner, 1);
      this.bounds = L.latLngBounds(map.layerPointToLatLng(frame.corner),
        map.layerPointToLatLng(frame.corner.add([frame.width, frame.height])));
      if (!this.cloud.x) return;
      var context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      var seen = this._seen(frame), mode = seen.length > DISCS ? "density" : seen.length > SYMBOLS ? "discs" : "symbols";
      if (mode === "density") this._density(context, frame, seen);
      else {
        var outlined = this._outlines(context, frame, seen);
        this._symbols(context, frame, seen, mode === "symbols", outlined);
        canvas.setAttribute("data-outlines", outlined);
      }
      canvas.setAttribute("data-mode", mode);
      canvas.setAttribute("data-seen", seen.length);
      if (this.app.panel) this.app.panel.density(mode === "density");
    },

    _zoom: function (event) {
      var scale = this._map.getZoomScale(event.zoom);
      var corner = this._map._latLngBoundsToNewLayerBounds(this.bounds, event.zoom, event.center).min;
      L.DomUtil.setTransform(this.canvas, corner, scale);
    },

    // The numbers of what passes the filter and lies on the canvas.
    _seen: function (frame) {
      var cloud = this.cloud, x = cloud.x, y = cloud.y, mask = cloud.mask, step = frame.step, count = 0;
      var left = frame.left / step, right = (frame.left + frame.width) / step;
      var top = frame.top / step, bottom = (frame.top + frame.height) / step;
      var out = this._room = this._room || new Uint32Array(cloud.located);
      for (var k = 0; k < cloud.located; k++) {
        if (mask[k] && x[k] >= left && x[k] < right && y[k] >= top && y[k] < bottom) out[count++] = k;
      }
      return out.subarray(0, count);
    },

    // A row of the layer list for the footprints, which lie on the same canvas.
    outlineGroup: function () {
      var self = this;
      function turn(on) { return function () { self.noOutlines = !on; if (self._map) self.redraw(); }; }
      return {
        layer: { addTo: turn(true), remove: turn(false) },
        fade: function (value) { self.depth = value; if (self._map) self.redraw(); }
      };
    },

    // Footprints where they are wide enough to be seen; returns how many were drawn.
    _outlines: function (context, frame, seen) {
      var cloud = this.cloud, prints = cloud.prints, codes = cloud.columns.outcome && cloud.columns.outcome.codes;
      if (!prints || this.noOutlines || prints.size * frame.step < OUTLINE) return 0;
      var self = this, drawn = 0, depth = this.depth === undefined ? 1 : this.depth;
      this.ranks.forEach(function (rank) {
        context.beginPath();
        for (var k = 0; k < seen.length; k++) {
          var one = seen[k];
          if ((codes && codes[one] !== rank) || prints.first[one] === prints.first[one + 1]) continue;
          drawn += 1;
          for (var ring = prints.first[one]; ring < prints.first[one + 1]; ring++) self._trace(context, frame, ring);
        }
        context.fillStyle = self.looks[rank].color;
        context.strokeStyle = "#1d1d1d";
        context.globalAlpha = 0.55 * depth;
        context.fill();
        context.globalAlpha = depth;
        context.stroke();
      });
      context.globalAlpha = 1;
      return drawn;
    },

    _trace: function (context, frame, ring) {
      var prints = this.cloud.prints, step = frame.step;
      for (var p = prints.start[ring]; p < prints.start[ring + 1]; p++) {
        var x = prints.x[p] * step - frame.left, y = prints.y[p] * step - frame.top;
        if (p === prints.start[ring]) context.moveTo(x, y); else context.lineTo(x, y);
      }
      context.closePath();
    },

    _symbols: function (context, frame, seen, large, outlined) {
      var cloud = this.cloud, self = this, prints = cloud.prints, codes = cloud.columns.outcome && cloud.columns.outcome.codes;
      this.ranks.forEach(function (rank) {
        var sprite = self._sprite(rank, large), half = sprite.half;
        for (var k = 0; k < seen.length; k++) {
          var one = seen[k];
          if (codes && codes[one] !== rank) continue;
          if (outlined && !large && prints.first[one] !== prints.first[one + 1]) continue;
          context.drawImage(sprite.canvas, cloud.x[one] * frame.step - frame.left - half,
            cloud.y[one] * frame.step - frame.top - half, 2 * half, 2 * half);
        }
      });
    },

    _sprite: function (rank, large) {
      var key = rank + (large ? "s" : "d");
      if (this.sprites[key]) return this.sprites[key];
      var look = this.looks[rank], radius = large ? 5.5 : 2.4, half = large ? 8 : 4, ratio = window.devicePixelRatio || 1;
      var canvas = G.el("canvas"), context = canvas.getContext("2d");
      canvas.width = canvas.height = 2 * half * ratio;
      context.scale(ratio, ratio);
      context.translate(half, half);
      context.beginPath();
      if (large) {
        this.app.data.shapes[look.shape].forEach(function (p, k) {
          context[k ? "lineTo" : "moveTo"](p[0] * radius, -p[1] * radius);
        });
        context.closePath();
        context.lineWidth = 2.4;
        context.strokeStyle = "#ffffff";
        context.stroke();
        context.lineWidth = 1;
        context.strokeStyle = "#1d1d1d";
        context.stroke();
      } else context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.fillStyle = look.color;
      context.fill();
      return this.sprites[key] = { canvas: canvas, half: half };
    },

    // Squares of a few pixels: the colour of the outcome met most, the deeper the more.
    _density: function (context, frame, seen) {
      var cloud = this.cloud, kinds = this.looks.length, codes = cloud.columns.outcome && cloud.columns.outcome.codes;
      var wide = Math.ceil(frame.width / BIN), high = Math.ceil(frame.height / BIN), step = frame.step / BIN;
      var left = frame.left / BIN, top = frame.top / BIN, counts = new Uint32Array(wide * high * kinds);
      for (var k = 0; k < seen.length; k++) {
        var one = seen[k], cell = ((cloud.y[one] * step - top) | 0) * wide + ((cloud.x[one] * step - left) | 0);
        counts[cell * kinds + (codes ? codes[one] : 0)] += 1;
      }
      var image = new ImageData(wide, high), colors = this.looks.map(function (look) { return parseInt(look.color.slice(1), 16); });
      var sums = new Uint32Array(wide * high), most = 1, at = 0;
      for (var c = 0; c < sums.length; c++) {
        var sum = 0;
        for (var j = 0; j < kinds; j++) sum += counts[at++];
        sums[c] = sum;
        if (sum > most) most = sum;
      }
      for (c = 0; c < sums.length; c++) {
        if (!sums[c]) continue;
        var best = 0;
        for (j = 1; j < kinds; j++) if (counts[c * kinds + j] > counts[c * kinds + best]) best = j;
        var depth = Math.log(1 + sums[c]) / Math.log(1 + most), dark = 1 - 0.55 * Math.max(0, depth - 0.4) / 0.6;
        image.data[4 * c] = (colors[best] >> 16) * dark;
        image.data[4 * c + 1] = (colors[best] >> 8 & 255) * dark;
        image.data[4 * c + 2] = (colors[best] & 255) * dark;
        image.data[4 * c + 3] = 255 * (0.3 + 0.7 * Math.min(1, depth * 1.4));
      }
      var small = G.el("canvas", "", null, { width: wide, height: high });
      small.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, wide * BIN, high * BIN);
    },

    // The numbers of what lies within a radius of a place on the screen, the nearest first.
    pick: function (at, radius) {
      var cloud = this.cloud, x = cloud.x, y = cloud.y, mask = cloud.mask, frame = this._frame(), found = [];
      if (!x) return found;
      var px = (at.x + MARGIN + frame.left) / frame.step, py = (at.y + MARGIN + frame.top) / frame.step;
      var reach = radius / frame.step, outlined = cloud.prints && !this.noOutlines && cloud.prints.size * frame.step >= OUTLINE;
      for (var k = 0; k < cloud.located; k++) {
        if (outlined && mask[k] && this._inside(k, px, py)) { found.push([0, k]); continue; }
        if (x[k] < px - reach || x[k] > px + reach || y[k] < py - reach || y[k] > py + reach || !mask[k]) continue;
        var far = Math.hypot(x[k] - px, y[k] - py);
        if (far <= reach) found.push([far, k]);
      }
      found.sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; });
      return found.map(function (one) { return one[1]; });
    },

    // Even-odd over all rings of a project, so that holes are holes.
    _inside: function (k, px, py) {
      var prints = this.cloud.prints, inside = false;
      for (var ring = prints.first[k]; ring < prints.first[k + 1]; ring++) {
        var from = prints.start[ring], to = prints.start[ring + 1];
        for (var p = from, q = to - 1; p < to; q = p++) {
          var y1 = prints.y[p], y2 = prints.y[q];
          if (y1 > py !== y2 > py && px < (prints.x[q] - prints.x[p]) * (py - y1) / (y2 - y1) + prints.x[p]) inside = !inside;
        }
      }
      return inside;
    },

    // Taken before the areas below see it, unless there is nothing here to open.
    _clicked: function (event) {
      var app = this.app, map = this._map;
      if (app.measure.on || (event.target.closest && event.target.closest(".leaflet-control, .leaflet-marker-icon, .leaflet-popup"))) return;
      if (map.dragging && map.dragging.moved()) return;
      var found = this.pick(map.mouseEventToContainerPoint(event), 8).slice(0, 500);
      if (!found.length) return;
      event.stopPropagation();
      this.cloud.take(found).then(function (projects) { app.open(projects, 0); });
    },

    _hover: function (event) {
      var self = this, asked = this.asked = {};
      if (this.app.measure.on) return;
      window.requestAnimationFrame(function () {
        if (self.asked !== asked || !self._map) return;
        var found = self.pick(event.containerPoint, 8);
        self._map.getContainer().classList.toggle("gp-pointing", found.length > 0);
        if (!found.length) return self.tip.remove();
        if (found.length > 1) return self._say(event.latlng, G.say(self.app.words.place_hover, { n: G.number(found.length) }));
        self.cloud.take(found).then(function (one) {
          if (self.asked === asked && self._map) self._say(one[0].at, one[0].name || self.app.words.unnamed);
        });
      });
    },

    _say: function (at, text) {
      this.tip.setLatLng(at).setContent(G.el("span", "", text)).addTo(this._map);
    },

    _leave: function () {
      this.asked = null;
      this.tip.remove();
      this._map.getContainer().classList.remove("gp-pointing");
    }
  });
})(Gisplan);
