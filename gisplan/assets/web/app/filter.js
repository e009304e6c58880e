// The filter: outcomes with their counts, lists, and a range of years that can be played.
(function (G) {
  "use strict";
  var el = G.el, put = G.put, STEP = 900;

  G.noFilter = function () {
    return { off: {}, zone: "", corridor: "", industry: "", stage: "", from: null, to: null };
  };

  G.Filter = function (app) {
    var self = this, words = app.words;
    this.app = app;
    this.rows = {};
    this.node = G.section(words.outcome, true, "gp-filter");
    app.shownOutcomes.forEach(function (look) { put(self.node, self._outcome(look)); });
    put(this.node, this._select("zone", words.zone), this._select("corridor", words.corridor),
      this._select("industry", words.industry), this._select("stage", words.stage), this._years());
    this.count = el("p", "gp-count", "", { "aria-live": "polite" });
    put(this.node, put(el("div", "gp-count-row"), this.count, el("button", "gp-button", words.reset, {
      type: "button", onclick: function () { self.set(G.noFilter()); }
    })));
  };

  G.Filter.prototype = {
    _outcome: function (look) {
      var app = this.app, row = el("label", "gp-row gp-outcome");
      var check = el("input", "", null, { type: "checkbox", "data-filter": look.code });
      check.checked = true;
      check.addEventListener("change", function () {
        app.filter.off[look.code] = !check.checked;
        app.refresh();
      });
      this.rows[look.code] = check;
      return put(row, check, G.symbol(app, look.code, 18), el("span", "gp-grow", look.label),
        el("span", "gp-number", G.number(look.count)));
    },

    _select: function (name, title) {
      var app = this.app, options = app.options(name);
      if (options.length < 2) return null;
      var select = el("select", "", null, { "data-select": name, "aria-label": title });
      put(select, el("option", "", app.words.all, { value: "" }));
      options.forEach(function (one) { put(select, el("option", "", one[1], { value: one[0] })); });
      select.addEventListener("change", function () {
        app.filter[name] = select.value;
        app.refresh();
      });
      return put(el("label", "gp-row gp-select"), el("span", "", title), select);
    },

    // Two handles on one rail; each is a range of its own, so that keys and readers know it.
    _years: function () {
      var app = this.app, words = app.words, years = app.data.years, self = this;
      if (!years || years[0] === years[1]) return null;
      function handle(name, label, value) {
        var input = el("input", "", null, {
          type: "range", min: years[0], max: years[1], step: 1, value: value, "data-year": name, "aria-label": label
        });
        input.addEventListener("input", function () { self.pause(); self._moved(name); });
        return input;
      }
      this.low = handle("from", words.year_from, years[0]);
      this.high = handle("to", words.year_to, years[1]);
      this.told = el("output", "gp-year-told");
      this.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.button = el("button", "gp-button gp-play", "", {
        type: "button", "data-tool": "play", onclick: function () { self.still ? self._step() : self.play(); }
      });
      this.rail = put(el("span", "gp-rail"), el("span", "gp-rail-part"), this.low, this.high);
      this.pause();
      return put(el("div", "gp-years"), put(el("div", "gp-row"), el("span", "gp-grow", words.year), this.told, this.button),
        this.rail, app.data.yearless ? el("p", "gp-hint", G.say(words.yearless, { n: G.number(app.data.yearless) })) : null);
    },

    _moved: function (name) {
      var low = Number(this.low.value), high = Number(this.high.value), years = this.app.data.years;
      if (low > high) {
        if (name === "from") this.low.value = low = high; else this.high.value = high = low;
      }
      var whole = low === years[0] && high === years[1];
      this.app.filter.from = whole ? null : low;
      this.app.filter.to = whole ? null : high;
      this.app.refresh();
    },

    _step: function () {
      var years = this.app.data.years, at = Number(this.high.value);
      this.high.value = at >= years[1] ? Math.max(Number(this.low.value), years[0]) : at + 1;
      this._moved("to");
      return Number(this.high.value) < years[1];
    },

    // From the first year on, one year more at a time; who wants no motion steps by hand.
    play: function () {
      var self = this;
      if (this.timer) return this.pause();
      this.timer = window.setInterval(function () { if (!self._step()) self.pause(); }, STEP);
      this._name(this.app.words.pause, "❚❚");
      this._step();
    },

    pause: function () {
      if (this.timer) window.clearInterval(this.timer);
      this.timer = null;
      if (this.button) this._name(this.still ? this.app.words.year_step : this.app.words.play, this.still ? "+1" : "▶");
    },

    _name: function (label, sign) {
      this.button.textContent = sign;
      this.button.setAttribute("aria-label", label);
      this.button.title = label;
    },

    // Brings the controls to a filter that came from elsewhere: a link, or the button that resets.
    set: function (filter) {
      var self = this, years = this.app.data.years;
      this.pause();
      this.app.filter = filter;
      Object.keys(this.rows).forEach(function (code) { self.rows[code].checked = !filter.off[code]; });
      this.node.querySelectorAll("select").forEach(function (select) {
        var name = select.getAttribute("data-select");
        select.value = filter[name];
        if (select.value !== filter[name]) select.value = filter[name] = "";
      });
      if (this.rail) {
        this.low.value = filter.from === null ? years[0] : filter.from;
        this.high.value = filter.to === null ? years[1] : filter.to;
      }
      this.app.refresh();
    },

    refresh: function () {
      var counts = this.app.store.counts(), all = this.app.store.size;
      this.count.textContent = this.app.fault || G.say(this.app.words.shown, {
        n: G.number(counts.shown), all: G.number(all), map: G.number(counts.map)
      });
      this.count.setAttribute("data-shown", counts.shown);
      if (!this.rail) return;
      var years = this.app.data.years, low = Number(this.low.value), high = Number(this.high.value);
      var span = years[1] - years[0], part = this.rail.firstChild.style;
      part.left = 100 * (low - years[0]) / span + "%";
      part.right = 100 * (years[1] - high) / span + "%";
      this.told.textContent = low === high ? low : low + "–" + high;
      // Where both handles meet at the end, the lower one has to stay within reach.
      this.low.style.zIndex = low === years[1] ? 3 : 1;
    }
  };
})(Gisplan);
