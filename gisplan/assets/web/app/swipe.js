// Two plans side by side: each is drawn on its side of a divider that pointer and keys move.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;

  G.Swipe = function (app) {
    var self = this, words = app.words;
    this.app = app;
    this.on = true;
    this.at = 50;
    this.node = el("div", "gp-swipe", null, {
      role: "slider", tabindex: "0", "aria-label": words.swipe, "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-orientation": "horizontal"
    });
    put(this.node, el("span", "gp-swipe-grip", "◂▸", { "aria-hidden": "true" }),
      el("span", "gp-side gp-side-a", app.data.version), el("span", "gp-side gp-side-b", app.data.swipe.version));
    put(app.stage, this.node);
    L.DomEvent.disableClickPropagation(this.node);
    this.node.addEventListener("pointerdown", function (event) {
      self.node.setPointerCapture(event.pointerId);
      self.node.focus({ preventScroll: true });
      event.preventDefault();
    });
    this.node.addEventListener("pointermove", function (event) {
      if (!self.node.hasPointerCapture(event.pointerId)) return;
      var box = app.stage.getBoundingClientRect();
      self.set(100 * (event.clientX - box.left) / box.width);
    });
    this.node.addEventListener("keydown", function (event) { self._key(event); });
    app.map.on("move zoom moveend zoomend resize viewreset", this.clip, this);
    this.set(50);
  };

  G.Swipe.prototype = {
    _key: function (event) {
      var step = event.shiftKey ? 10 : 2;
      var to = { ArrowLeft: this.at - step, ArrowRight: this.at + step, Home: 0, End: 100 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.set(to);
    },

    set: function (at) {
      this.at = Math.max(0, Math.min(100, at));
      this.node.style.left = this.at + "%";
      this.node.setAttribute("aria-valuenow", Math.round(this.at));
      this.clip();
      this.app.labels.place();
    },

    show: function (on) {
      this.on = on;
      this.node.hidden = !on;
      this.clip();
      this.app.labels.place();
    },

    clip: function () {
      var map = this.app.map, size = map.getSize(), a = map.containerPointToLayerPoint([0, 0]);
      var b = map.containerPointToLayerPoint(size), x = a.x + size.x * this.at / 100, on = this.on;
      function box(left, right) {
        return "polygon(" + [[left, a.y], [right, a.y], [right, b.y], [left, b.y]]
          .map(function (p) { return p[0] + "px " + p[1] + "px"; }).join(",") + ")";
      }
      G.CLIPPED.forEach(function (name) { map.getPane("gp-" + name).style.clipPath = on ? box(a.x, x) : "none"; });
      map.getPane("gp-swipe").style.clipPath = box(x, b.x);
      map.getPane("gp-swipe").style.display = on ? "" : "none";
    },

    // Whether a name of one side stands wholly on it.
    holds: function (side, box) {
      var x = this.app.map.getSize().x * this.at / 100;
      if (!this.on) return side === "a";
      return side === "a" ? box[2] < x - 3 : box[0] > x + 3;
    }
  };
})(Gisplan);
