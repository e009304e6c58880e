// The side panel: search, layer list with legend, tools, what could not be drawn.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;

  G.Panel = function (app, node) {
    this.app = app;
    this.node = node;
    this.checks = {};
    var self = this;
    if (app.store.size) {
      this.filter = new G.Filter(app);
      put(node, this._search(), this.filter.node, this._unlocated());
    }
    put(node, this._layers(), this._unchecked(), this._tools());
    node.addEventListener("keydown", function (event) {
      if (event.key === "Escape") self.app.togglePanel(false);
    });
  };

  var MISSING = 500; // rows of a list that nobody reads to its end

  var section = G.section = function (title, open, cls) {
    var box = el("details", "gp-section " + (cls || ""));
    box.open = open;
    return put(box, el("summary", "", title));
  };

  G.Panel.prototype = {
    _search: function () {
      var app = this.app, words = app.words, box = el("div", "gp-section gp-search"), self = this;
      var list = el("ul", "gp-hits", null, { id: "gp-hits", role: "listbox", "aria-label": words.search });
      var input = el("input", "", null, {
        type: "search", id: "gp-search", placeholder: words.search_hint, autocomplete: "off",
        role: "combobox", "aria-expanded": "false", "aria-controls": "gp-hits",
        "aria-autocomplete": "list", "aria-label": words.search
      });
      list.hidden = true;
      this.hits = []; this.active = -1;
      input.addEventListener("input", function () { self._find(input, list); });
      input.addEventListener("keydown", function (event) { self._key(event, input, list); });
      return put(box, input, list);
    },

    _find: function (input, list) {
      var app = this.app, self = this, text = input.value.trim().toLowerCase(), asked = {};
      this.asking = asked;
      this.pending = (text ? app.store.find(text, 30) : Promise.resolve([])).then(function (hits) {
        if (self.asking === asked) self._list(hits, text, input, list);
      });
    },

    _list: function (hits, text, input, list) {
      var app = this.app, self = this;
      this.hits = hits;
      this.active = hits.length ? 0 : -1;
      G.clear(list).hidden = !text;
      input.setAttribute("aria-expanded", String(Boolean(text)));
      if (text && !hits.length) put(list, el("li", "gp-none", app.words.no_hits));
      hits.forEach(function (project, k) {
        put(list, put(el("li", "", null, {
          role: "option", id: "gp-hit-" + k, "data-hit": project.index,
          onclick: function () { self._choose(k, input, list); }
        }), G.symbol(app, project.outcome, 16), el("span", "", project.name || app.words.unnamed),
        el("small", "", project.id)));
      });
      this._light(input, list);
    },

    _key: function (event, input, list) {
      var self = this, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && this.hits.length) {
        this.active = (this.active + step + this.hits.length) % this.hits.length;
        this._light(input, list);
      } else if (event.key === "Enter" && input.value) {
        this.pending.then(function () { if (self.active >= 0) self._choose(self.active, input, list); });
      } else if (event.key === "Escape" && input.value) {
        event.stopPropagation();
        input.value = "";
        this._find(input, list);
      } else return;
      event.preventDefault();
    },

    _light: function (input, list) {
      var active = this.active;
      Array.prototype.forEach.call(list.children, function (node, k) {
        node.setAttribute("aria-selected", String(k === active));
        if (k === active) node.scrollIntoView({ block: "nearest" });
      });
      if (active >= 0) input.setAttribute("aria-activedescendant", "gp-hit-" + active);
      else input.removeAttribute("aria-activedescendant");
    },

    _choose: function (k, input, list) {
      var project = this.hits[k];
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      this.app.togglePanel(false);
      this.app.show(project);
    },

    // Called whenever the filter changed: counts, and the list of what is not on the map.
    refresh: function () {
      var app = this.app, self = this;
      if (this.filter) this.filter.refresh();
      if (!this.missing) return;
      var counts = app.store.counts(), asked = this.asked = {};
      this.missing.title.textContent = G.say(app.words.unlocated, { n: counts.shown - counts.map });
      app.store.missing(MISSING).then(function (missing) {
        if (self.asked !== asked) return;
        G.clear(self.missing.list);
        missing.forEach(function (project) { put(self.missing.list, self._item(project)); });
      });
    },

    _item: function (project) {
      var app = this.app;
      return put(el("li"), put(el("button", "gp-item", null, {
        type: "button", "data-unlocated": project.index,
        onclick: function () { app.togglePanel(false); app.open([project], 0); }
      }), G.symbol(app, project.outcome, 14), el("span", "", project.name || app.words.unnamed),
      el("small", "", project.id)));
    },

    _unlocated: function () {
      if (!this.app.store.unlocated) return null;
      var box = section("", false, "gp-missing"), list = el("ul", "gp-items");
      this.missing = { title: box.firstChild, list: list };
      return put(box, el("p", "gp-hint", this.app.words.unlocated_hint), list);
    },

    _layers: function () {
      var app = this.app, words = app.words, self = this, box = section(words.layers, true, "gp-layers");
      var names = {
        study_area: words.study_area, zone: words.zones, corridor: words.corridor_lines,
        ring: words.buffer_rings, constraint: words.constraints, footprint: words.footprints,
        project: words.projects, graticule: words.graticule
      };
      this._analysis(box, true);
      if (app.data.layers.some(function (layer) { return layer.first; })) put(box, el("h3", "gp-subhead", words.plan_layers));
      Object.keys(names).forEach(function (key) {
        var group = app.groups[key];
        if (key === "footprint") self._analysis(box, false);
        if (!group) return;
        put(box, self._layer(key, names[key], group));
        if (key === "ring") put(box, self._widths(group.areas));
        if (key === "project") {
          self.dense = el("p", "gp-hint gp-note-line", words.density, { "data-dense": "" });
          self.dense.hidden = true;
          put(box, self.dense);
        }
        if (group.areas && key !== "ring" && key !== "study_area") {
          put(box, self._legend(group.areas, app.data.swipe && app.data.version, ""));
          if (group.others.length) put(box, self._legend(group.others, app.data.swipe.version, "b-"));
        }
      });
      var check = el("input", "", null, { type: "checkbox", "data-layer": "labels" });
      check.checked = true;
      this.checks.labels = { node: check, first: true };
      check.addEventListener("change", function () {
        app.labels.show(check.checked);
        if (app.link) app.link.write();
      });
      return put(box, put(el("label", "gp-row"), check, el("span", "gp-swatch gp-swatch-text", "Aa"),
        el("span", "gp-grow", words.labels)));
    },

    // The layers that are not as they were when the page was opened; and bring them there.
    turned: function () {
      var checks = this.checks;
      return Object.keys(checks).filter(function (key) { return checks[key].node.checked !== checks[key].first; });
    },

    turn: function (keys) {
      var checks = this.checks;
      Object.keys(checks).forEach(function (key) {
        var wanted = checks[key].first !== (keys.indexOf(key) >= 0);
        if (checks[key].node.checked !== wanted) checks[key].node.click();
      });
    },

    // What an analysis added: the row, its legend, where it comes from, and each shape by name.
    _analysis: function (box, first) {
      var app = this.app, self = this;
      if (!app.data.layers.some(function (layer) { return layer.first === first; })) return;
      put(box, el("h3", "gp-subhead", first ? app.words.analysis : app.words.conflict_layers));
      app.data.layers.forEach(function (layer, k) {
        if (layer.first !== first) return;
        put(box, self._layer("layer-" + k, layer.title, app.groups["layer-" + k]), G.layerLegend(app, layer));
      });
    },

    // On paper nothing scrolls: what is too long for the sheet is made smaller.
    fit: function (on) {
      var node = this.node, parts = Array.prototype.slice.call(node.children);
      parts.forEach(function (part) { part.style.zoom = ""; });
      if (!on || node.scrollHeight <= node.clientHeight) return;
      for (var scale = 0.95; scale >= 0.5 && node.scrollHeight > node.clientHeight; scale -= 0.05) {
        parts.forEach(function (part) { part.style.zoom = scale; });
      }
    },

    // Said only while it is true.
    density: function (on) { if (this.dense) this.dense.hidden = !on; },

    // Which rings are drawn, and which of them (the solid line) counts as near.
    _widths: function (areas) {
      function list(values) {
        return values.filter(function (v, k) { return values.indexOf(v) === k; })
          .sort(function (a, b) { return a - b; }).map(function (v) { return G.number(v); }).join(" / ");
      }
      var widths = [], near = [];
      areas.forEach(function (area) {
        area.rings.forEach(function (ring) { widths.push(ring.width); });
        near.push(area.within);
      });
      return el("p", "gp-hint gp-note-line", G.say(this.app.words.ring_widths, { widths: list(widths), near: list(near) }));
    },

    _layer: function (key, title, group) {
      var app = this.app, row = el("div", "gp-row"), label = el("label", "gp-grow");
      var check = el("input", "", null, { type: "checkbox", "data-layer": key });
      check.checked = group.on !== false;
      row.classList.toggle("gp-off", !check.checked);
      this.checks[key] = { node: check, first: check.checked };
      check.addEventListener("change", function () {
        group.on = check.checked;
        row.classList.toggle("gp-off", !check.checked);
        if (check.checked) group.layer.addTo(app.map); else group.layer.remove();
        app.labels.place();
        if (app.link) app.link.write();
      });
      var range = el("input", "gp-opacity", null, {
        type: "range", min: 0, max: 100, value: group.depth === undefined ? 100 : Math.round(100 * group.depth), "data-opacity": key,
        "aria-label": G.say(app.words.opacity, { name: title }), title: G.say(app.words.opacity, { name: title })
      });
      range.addEventListener("input", function () { group.fade(range.value / 100); });
      return put(row, put(label, check, group.look ? G.layerSwatch(group.look) : swatch(app, key, (group.areas || []).concat(group.others || [])[0]),
        el("span", "", title)), range);
    },

    _legend: function (areas, version, side) {
      var app = this.app, list = el("ul", "gp-legend");
      var changes = { added: app.words.added, removed: app.words.removed, changed: app.words.changed };
      if (version) put(list, el("li", "gp-hint", version));
      areas.forEach(function (area) {
        var extent = area.accuracy === null ? area.statusLabel
          : area.statusLabel + " ±" + G.length(area.accuracy, app.words).replace(" ", "\u00a0");
        var button = put(el("button", "gp-item", null, {
          type: "button", onclick: function () { app.togglePanel(false); app.openArea(area); }
        }), swatch(app, area.kind, area), el("span", "", area.title),
        changes[area.change] ? el("span", "gp-tag", changes[area.change]) : null, el("small", "", extent));
        button.setAttribute("data-" + side + "area", area.id);
        put(list, put(el("li"), button));
      });
      return list;
    },

    _unchecked: function () {
      var app = this.app, words = app.words, list = el("ul", "gp-plain");
      app.data.areas.forEach(function (area) {
        if (area.geo) return;
        put(list, el("li", "", area.title + (area.owner ? " · " + words.owner + " " + area.owner : ""),
          { "data-unchecked": area.id }));
      });
      if (!list.firstChild) return null;
      return put(section(words.unchecked, true, "gp-unchecked"), list, el("p", "gp-hint", words.unchecked_note));
    },

    _tools: function () {
      var app = this.app, words = app.words, box = el("div", "gp-section gp-tools");
      function button(text, name, act) {
        return el("button", "gp-button", text, { type: "button", "data-tool": name, onclick: act });
      }
      put(box, button(words.all_view, "all", function () { app.togglePanel(false); app.fit(); }),
        button(words.measure_length, "length", function () { app.togglePanel(false); app.measure.start(false); }),
        button(words.measure_area, "area", function () { app.togglePanel(false); app.measure.start(true); }));
      if (app.store.size) {
        put(box, button(words.table, "table", function () { app.togglePanel(false); app.table.toggle(); }),
          button(words.csv, "csv", function () { app.table.save(); }));
      }
      put(box, button(words.link, "link", function () { app.link.copy(this); }), this._print());
      if (app.data.swipe) {
        var both = el("input", "", null, { type: "checkbox", "data-tool": "swipe" });
        both.checked = true;
        both.addEventListener("change", function () { app.swipe.show(both.checked); });
        put(box, put(el("label", "gp-row"), both, el("span", "", words.swipe)),
          app.data.judged ? el("p", "gp-hint", G.say(words.swipe_note, { version: app.data.version })) : null);
      }
      if (app.data.basemap) {
        var check = el("input", "", null, { type: "checkbox", "data-tool": "basemap" });
        check.addEventListener("change", function () {
          if (!G.addBasemap(app, check.checked)) check.checked = false;
        });
        put(box, put(el("label", "gp-row"), check, el("span", "", words.basemap)));
      }
      return box;
    },

    _print: function () {
      var app = this.app, words = app.words;
      var size = el("select", "", null, { "data-tool": "paper", "aria-label": words.paper });
      ["A4", "A3"].forEach(function (name) { put(size, el("option", "", name, { value: name.toLowerCase() })); });
      size.addEventListener("change", function () { app.paper(size.value); });
      return put(el("span", "gp-print"), el("button", "gp-button", words.print, {
        type: "button", "data-tool": "print", onclick: function () { window.print(); }
      }), size);
    }
  };

  function swatch(app, key, area) {
    var svg = G.svg("svg", { width: 26, height: 16, viewBox: "0 0 26 16", "aria-hidden": "true", "class": "gp-swatch" });
    if (key === "project") return put(svg, circle()), svg;
    var color = area ? area.color : "#5b6770", line = key === "corridor" || key === "graticule";
    if (key === "footprint") color = "#1d1d1d";
    var shape = line ? G.svg("line", { x1: 1, y1: 8, x2: 25, y2: 8 })
      : G.svg("rect", { x: 2, y: 2, width: 22, height: 12, rx: 1 });
    shape.setAttribute("stroke", color);
    shape.setAttribute("stroke-width", key === "corridor" ? 3.5 : key === "graticule" ? 1 : 1.6);
    shape.setAttribute("fill", line || key === "study_area" ? "none" : color);
    shape.setAttribute("fill-opacity", key === "ring" ? 0.2 : area ? Math.max(area.fill, 0.25) : 0.3);
    if (key === "graticule") shape.setAttribute("stroke-dasharray", "2 3");
    else if (key === "ring") shape.setAttribute("stroke-dasharray", "1 2");
    else if (area && area.dash.length) shape.setAttribute("stroke-dasharray", "4 2.5");
    put(svg, shape);
    if (area && area.hatch && (key === "zone" || key === "constraint")) put(svg, G.strokes(G.hatchOf(area)));
    return svg;
  }

  // The lines of a hatch in a swatch of 22 by 12.
  G.strokes = function (look) {
    var turn = look.angle * Math.PI / 180, dx = Math.cos(turn), dy = -Math.sin(turn), paths = [];
    for (var k = -4; k <= 4; k++) {
      var x = 13 - dy * k * Math.min(look.gap, 6), y = 8 + dx * k * Math.min(look.gap, 6), part = clip(x, y, dx, dy);
      if (part) paths.push("M" + part.slice(0, 2).join(" ") + "L" + part.slice(2).join(" "));
    }
    return G.svg("path", {
      d: paths.join(""), stroke: look.color, "stroke-width": Math.min(look.line, 1.6), "stroke-opacity": Math.max(look.depth, 0.6)
    });
  };

  // The part of a line within the box of a swatch (Liang and Barsky).
  function clip(x, y, dx, dy) {
    var low = -40, high = 40;
    [[-dx, x - 2], [dx, 24 - x], [-dy, y - 2], [dy, 14 - y]].forEach(function (edge) {
      if (Math.abs(edge[0]) < 1e-9) { if (edge[1] < 0) high = low; return; }
      var at = edge[1] / edge[0];
      if (edge[0] < 0) low = Math.max(low, at); else high = Math.min(high, at);
    });
    return low < high ? [x + low * dx, y + low * dy, x + high * dx, y + high * dy].map(function (v) { return v.toFixed(1); }) : null;
  }

  function circle() {
    return G.svg("circle", { cx: 13, cy: 8, r: 5, fill: "#1d1d1d" });
  }
})(Gisplan);
