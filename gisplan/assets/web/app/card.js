// The card of a project or an area: what was decided, what was measured, on which words.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;

  G.badge = function (app, code, small) {
    var look = app.looks[code] || app.plain;
    var node = el("span", "gp-badge" + (small ? " gp-badge-small" : ""));
    put(node, G.symbol(app, code, small ? 14 : 18), el("span", "", look.label));
    node.style.borderColor = look.color;
    return node;
  };

  G.Card = function (app) {
    this.app = app;
    this.node = el("section", "gp-card", null, { "aria-label": app.words.card, tabindex: "-1" });
    this.node.hidden = true;
    L.DomEvent.disableClickPropagation(this.node);
    L.DomEvent.disableScrollPropagation(this.node);
    app.root.querySelector(".gp-main").appendChild(this.node);
    this.aim = L.layerGroup().addTo(app.map);
  };

  G.Card.prototype = {
    close: function () {
      this.node.hidden = true;
      this.aim.clearLayers();
      this.app.selected = this.app.selectedArea = null;
      this.app.root.classList.remove("gp-has-card");
      this.app.link.write();
      if (this.back && document.contains(this.back)) this.back.focus({ preventScroll: true });
      this.back = null;
    },

    _fresh: function (title, badge) {
      var self = this, words = this.app.words;
      if (this.node.hidden) this.back = document.activeElement;
      G.clear(this.node).hidden = false;
      this.aim.clearLayers();
      this.app.root.classList.add("gp-has-card");
      var head = el("div", "gp-card-head");
      put(head, put(el("div", "gp-card-title"), el("h2", "", title), badge),
        el("button", "gp-x", "×", {
          type: "button", "aria-label": words.close, title: words.close,
          onclick: function () { self.close(); }
        }));
      var body = el("div", "gp-card-body");
      put(this.node, head, body);
      return body;
    },

    project: function (places, at) {
      var app = this.app, words = app.words, project = places[at], self = this;
      app.selected = project;
      app.selectedArea = null;
      var body = this._fresh(project.name || words.unnamed,
        project.outcome ? G.badge(app, project.outcome) : null);
      this.node.setAttribute("data-card", project.index);
      if (places.length > 1) put(body, this._pager(places, at));
      if (project.nominal && project.nominal !== project.outcome) {
        put(body, put(el("p", "gp-nominal"), el("span", "", words.exact_if + " "),
          G.badge(app, project.nominal, true)));
      }
      if (project.overrule) put(body, el("p", "gp-nominal gp-weak gp-overrule", project.overrule));
      put(body, this._numbers(project), this._rules(project), this._coarse(project), this._clauses(project),
        this._unchecked(project), this._issues(project), this._fields(project), this._layers(project));
      if (project.at) {
        put(body, put(el("div", "gp-card-tools"), el("p", "gp-hint", words.circles), el("button", "gp-button", words.zoom_to, {
          type: "button", onclick: function () { app.map.setView(project.at, 16); self._clear(project); }
        })));
        this._circles(project);
        this._clear(project);
      }
      this.node.scrollTop = 0;
      this.node.focus({ preventScroll: true });
    },

    area: function (area) {
      var app = this.app, words = app.words, clause = area.clause;
      app.selected = null;
      app.selectedArea = area;
      var body = this._fresh(area.title, el("span", "gp-tag gp-tag-" + area.status, area.statusLabel));
      this.node.setAttribute("data-card", area.id);
      if (clause) put(body, this._quote(clause));
      var list = el("dl", "gp-facts");
      this._pair(list, words.accuracy, area.accuracy === null ? "" : "±" + G.length(area.accuracy, words));
      this._pair(list, words.within, area.within === null ? "" : G.length(area.within, words));
      this._pair(list, words.as_of, area.asOf);
      this._pair(list, words.basis, area.basis);
      this._pair(list, words.industry, area.industries.join("、"));
      this._pair(list, words.owner, area.owner);
      this._pair(list, words.source, area.source + (area.sha256 ? " · " + area.sha256 : ""));
      put(body, list);
      this.node.scrollTop = 0;
      this.node.focus({ preventScroll: true });
    },

    // A shape of an analysis: its cells under their own headers, and where they come from.
    feature: function (layer, row) {
      var app = this.app, list = el("dl", "gp-facts"), self = this, look = layer.classes[row.class];
      app.selected = app.selectedArea = null;
      var body = this._fresh(row.name || layer.title, el("span", "gp-tag", look.title || (layer.classes.length > 1 ? app.words.layer_other : layer.title)));
      this.node.setAttribute("data-card", layer.id + "/" + layer.rows.indexOf(row));
      layer.columns.forEach(function (name, k) { self._pair(list, name, row.cells[k]); });
      put(body, el("h3", "", layer.title), list, layer.note ? el("p", "gp-hint", layer.note) : null);
      if (row.geo) G.outline(row.geo).addTo(this.aim);
      this.node.scrollTop = 0;
      this.node.focus({ preventScroll: true });
    },

    _quote: function (clause) {
      var words = this.app.words, box = el("blockquote", "gp-quote");
      return put(box, el("span", "gp-tag gp-tag-" + clause.kind, clause.kind === "clause" ? words.clause : words.inferred),
        el("q", "", clause.quote), el("cite", "", clause.place));
    },

    _pager: function (places, at) {
      var app = this.app, words = app.words, box = el("p", "gp-pager"), count = places.length;
      function go(step) { return function () { app.open(places, (at + step + count) % count); }; }
      return put(box, el("span", "", G.say(words.place_count, { n: count, k: at + 1 })),
        el("button", "gp-button", "‹", { type: "button", "aria-label": words.previous, onclick: go(-1) }),
        el("button", "gp-button", "›", { type: "button", "aria-label": words.next, onclick: go(1) }));
    },

    // The three figures a planner asks for first.
    _numbers: function (project) {
      var words = this.app.words, box = el("div", "gp-figures");
      if (!project.outcome || !project.at) return null;
      if (project.confidence !== null) {
        put(box, this._figure(this._percent(project), words.confidence,
          project.outcome === "review" ? "gp-weak" : ""));
      }
      if (project.flip !== null) put(box, this._figure(G.length(project.flip, words), words.flip_distance, ""));
      if (project.accuracy !== null) {
        put(box, this._figure("±" + G.length(project.accuracy, words), words.accuracy, ""));
      }
      return box.firstChild ? box : null;
    },

    _percent: function (project) {
      var percent = Math.floor(project.confidence * 1000) / 10;
      return percent >= 99.9 ? ">99.9%" : percent + "%";
    },

    _figure: function (value, label, cls) {
      return put(el("div", "gp-figure " + cls), el("b", "", value), el("span", "", label));
    },

    _rules: function (project) {
      var app = this.app, words = app.words, list = el("ul", "gp-rules");
      project.rules.forEach(function (rule) {
        var look = app.looks[rule.outcome] || app.plain;
        var glyph = el("span", "gp-glyph", look.glyph, { "aria-hidden": "true" });
        glyph.style.backgroundColor = look.color;
        glyph.style.color = look.ink;
        var text = put(el("div"), put(el("div", "gp-rule-title"), el("b", "", rule.title),
          el("span", "", look.label)));
        var measured = rule.text || app.measured(project, rule.rule);
        if (measured) put(text, el("div", "gp-rule-text", measured));
        if (rule.clause) {
          put(text, put(el("div", "gp-rule-clause"), el("span", "gp-tag", rule.clause[2]),
            el("q", "", rule.clause[0]), el("cite", "", rule.clause[1])));
        }
        put(list, put(el("li", "", null, { "data-rule": rule.rule }), glyph, text));
      });
      return list.firstChild ? put(el("div"), el("h3", "", words.rules), list) : null;
    },

    // Of a packed list there are numbers only: what was measured, and what is left out.
    _coarse: function (project) {
      var app = this.app, words = app.words, list = el("ul", "gp-plain");
      if (!project.coarse) return null;
      ["in_zone", "near_corridor"].forEach(function (rule) {
        var text = app.measured(project, rule);
        if (text) put(list, el("li", "", G.say(words.approx, { name: text })));
      });
      [[words.industry, project.industry], [words.stage, project.stage], [words.year, project.year]]
        .forEach(function (pair) { if (pair[1]) project.fields.push([pair[0], String(pair[1])]); });
      return put(el("div"), list.firstChild ? put(el("div"), el("h3", "", words.rules), list) : null,
        el("p", "gp-hint", words.coarse));
    },

    _clauses: function (project) {
      var app = this.app, self = this, box = el("div");
      if (project.rules.some(function (rule) { return rule.clause; })) return null;
      project.zones.concat(project.corridor || []).forEach(function (id) {
        var area = app.area(id);
        if (area && area.clause && app.counts(project, area)) put(box, self._quote(area.clause));
      });
      return box.firstChild ? put(el("div"), el("h3", "", app.words.quote), box) : null;
    },

    _unchecked: function (project) {
      var app = this.app, words = app.words, list = el("ul", "gp-plain");
      project.unchecked.forEach(function (id) {
        var area = app.area(id);
        var owner = area && area.owner ? " · " + words.owner + " " + area.owner : "";
        put(list, el("li", "", (area ? area.title : id) + owner));
      });
      return list.firstChild ? put(el("div", "gp-warn"), el("h3", "", words.unchecked), list) : null;
    },

    _issues: function (project) {
      var list = el("ul", "gp-plain");
      project.issues.forEach(function (text) { put(list, el("li", "", text)); });
      return list.firstChild ? put(el("div", "gp-warn"), el("h3", "", this.app.words.intake_issues), list) : null;
    },

    _fields: function (project) {
      var list = el("dl", "gp-facts"), self = this;
      project.fields.forEach(function (pair) { self._pair(list, pair[0], pair[1]); });
      return put(el("div"), el("h3", "", this.app.words.facts + (project.id ? " · " + project.id : "")), list);
    },

    _layers: function (project) {
      var app = this.app, words = app.words, list = el("ul", "gp-plain gp-sources");
      project.zones.concat(project.corridor || []).forEach(function (id) {
        var area = app.area(id);
        if (!area) return;
        var parts = [area.title, area.statusLabel];
        if (area.accuracy !== null) parts.push("±" + G.length(area.accuracy, words));
        if (area.asOf) parts.push(area.asOf);
        put(list, el("li", "", parts.join(" · ")));
      });
      return list.firstChild ? put(el("div"), el("h3", "", words.sources), list) : null;
    },

    _pair: function (list, name, value) {
      if (value) put(list, el("dt", "", name), el("dd", "", value));
    },

    // Two circles say what the numbers mean: where it may be, and how far it is from another answer.
    _circles: function (project) {
      var ring = function (radius, options) {
        return L.circle(project.at, Object.assign({ pane: "gp-mark", interactive: false, radius: radius }, options));
      };
      if (project.accuracy) {
        ring(project.accuracy, { color: "#1d1d1d", weight: 1, fillColor: "#1d1d1d", fillOpacity: 0.1 }).addTo(this.aim);
      }
      if (project.flip) {
        ring(project.flip, { color: "#1d1d1d", weight: 1.5, dashArray: "3 5", fill: false }).addTo(this.aim);
      }
      L.circleMarker(project.at, {
        pane: "gp-mark", interactive: false, radius: 16, color: "#1d1d1d", weight: 3, fill: false
      }).addTo(this.aim);
    },

    // Move the map where the card would lie on the symbol.
    _clear: function (project) {
      var map = this.app.map, at = map.latLngToContainerPoint(project.at), size = map.getSize();
      var box = this.node.getBoundingClientRect(), frame = map.getContainer().getBoundingClientRect();
      var left = 40, right = size.x - 40, top = 60, bottom = size.y - 60;
      if (box.width > size.x * 0.7) bottom = Math.max(top + 40, box.top - frame.top - 40);
      else right = Math.min(right, box.left - frame.left - 40);
      var dx = at.x < left ? at.x - left : at.x > right ? at.x - right : 0;
      var dy = at.y < top ? at.y - top : at.y > bottom ? at.y - bottom : 0;
      if (dx || dy) map.panBy([dx, dy]);
    }
  };
})(Gisplan);
