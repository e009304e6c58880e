// Names on the map: placed one by one where they hide neither a symbol nor another name.
(function (G) {
  "use strict";

  G.Labels = function (app) {
    this.app = app;
    this.pane = app.map.getPane("gp-label");
    this.items = [];
    this.shown = true;
    app.map.on("moveend zoomend resize viewreset", this.place, this);
    app.map.on("zoomstart", function () { this.pane.style.visibility = "hidden"; }, this);
  };

  G.Labels.prototype = {
    // places: a function giving [{at: [lat, lon], dx, dy}], the best first; dx, dy in halves of
    // the label's own box.
    add: function (cls, lines, places, rank, visible, side) {
      var node = G.el("div", "gp-name " + cls);
      lines.forEach(function (line, k) { node.appendChild(G.el("span", k ? "gp-name-sub" : "", line)); });
      this.pane.appendChild(node);
      this.items.push({ node: node, places: places, rank: rank, visible: visible, side: side, size: null });
      this.items.sort(function (a, b) { return a.rank - b.rank; });
      return node;
    },

    show: function (on) { this.shown = on; this.place(); },

    // All sizes are asked for before anything moves: asking in between lays the page out anew.
    _measure: function () {
      this.items.forEach(function (item) {
        if (!item.size) item.size = [item.node.offsetWidth, item.node.offsetHeight];
      });
    },

    place: function () {
      if (!this.app.built) return;
      this._measure();
      var map = this.app.map, size = map.getSize(), taken = this.app.obstacles();
      var origin = map.containerPointToLayerPoint([0, 0]), self = this, placed = 0;
      this.pane.style.visibility = this.shown ? "" : "hidden";
      this.items.forEach(function (item) {
        var spot = null;
        if (item.visible() && placed < 400) spot = self._spot(item, map, size, taken);
        item.node.style.visibility = spot ? "" : "hidden";
        if (!spot) return;
        placed += 1;
        taken.push(spot);
        L.DomUtil.setPosition(item.node, L.point(spot[0], spot[1]).add(origin).round());
      });
    },

    _spot: function (item, map, size, taken) {
      var w = item.size[0], h = item.size[1], places = item.places(), swipe = this.app.swipe;
      for (var k = 0; k < places.length; k++) {
        var p = map.latLngToContainerPoint(places[k].at);
        var x = p.x - w / 2 + (places[k].dx || 0) * (w / 2) + (places[k].px || 0);
        var y = p.y - h / 2 + (places[k].dy || 0) * (h / 2) + (places[k].py || 0);
        var box = [x, y, x + w, y + h];
        var inside = x > 4 && y > 18 && box[2] < size.x - 4 && box[3] < size.y - 4;
        if (inside && item.side && swipe && !swipe.holds(item.side, box)) continue;
        if (inside && !taken.some(function (t) { return overlap(t, box); })) return box;
      }
      return null;
    }
  };

  function overlap(a, b) {
    return a[0] < b[2] + 2 && b[0] < a[2] + 2 && a[1] < b[3] + 1 && b[1] < a[3] + 1;
  }

  G.around = function (at) {
    return [
      { at: at, dx: 1, px: 12 }, { at: at, dx: -1, px: -12 }, { at: at, dy: -1, py: -11 },
      { at: at, dy: 1, py: 11 }, { at: at, dx: 1, px: 8, dy: -1, py: -6 },
      { at: at, dx: 1, px: 8, dy: 1, py: 6 }, { at: at, dx: -1, px: -8, dy: -1, py: -6 },
      { at: at, dx: -1, px: -8, dy: 1, py: 6 }
    ];
  };
})(Gisplan);
