// The table of projects: the accessible twin of the map, and the CSV of what is shown.
(function (G) {
  "use strict";
  var el = G.el, put = G.put;
  var ROWS = 2000; // a table of a million rows is no table: the CSV has them all

  G.Table = function (app) {
    this.app = app;
    this.node = el("section", "gp-table", null, { "aria-label": app.words.table, tabindex: "-1" });
    this.node.hidden = true;
    app.stage.appendChild(this.node);
  };

  G.Table.prototype = {
    toggle: function () {
      this.node.hidden = !this.node.hidden;
      if (this.node.hidden) return;
      this.draw();
      this.node.focus({ preventScroll: true });
    },

    columns: function () {
      var app = this.app, words = app.words;
      function measure(name) { return app.data.packed ? G.say(words.approx, { name: name }) : name; }
      function titles(ids) {
        return ids.map(function (id) { var area = app.area(id); return area ? area.title : id; }).join("、");
      }
      var all = [
        [words.number, function (p) { return p.id; }],
        [words.name, function (p) { return p.name; }],
        [words.outcome, function (p) { return (app.looks[p.outcome] || app.plain).label; }],
        [words.zone, function (p) { return titles(p.zones); }],
        [measure(words.zone_margin), function (p) { return p.zoneMargin; }],
        [words.corridor, function (p) { return titles(p.corridor ? [p.corridor] : []); }],
        [measure(words.corridor_distance), function (p) { return p.corridorDistance; }],
        [words.confidence, function (p) { return p.confidence; }],
        [words.industry, function (p) { return p.industry; }]
      ];
      if (!app.data.judged) all = [all[0], all[1], all[8]];
      if (app.store.values("stage").length) all.push([words.stage, function (p) { return p.stage; }]);
      if (app.data.years) all.push([words.year, function (p) { return p.year === null ? "" : String(p.year); }]);
      return all;
    },

    draw: function () {
      if (this.node.hidden) return;
      var app = this.app, self = this, asked = this.asked = {};
      app.store.shown(ROWS).then(function (shown) {
        if (self.asked === asked) self._fill(shown);
      });
    },

    _fill: function (shown) {
      var app = this.app, self = this, table = el("table"), head = el("tr"), body = el("tbody");
      var columns = this.columns(), count = app.store.counts().shown;
      columns.forEach(function (column) { put(head, el("th", "", column[0], { scope: "col" })); });
      shown.forEach(function (project) {
        var row = el("tr", "", null, { "data-row": project.index });
        columns.forEach(function (column, k) { put(row, self._cell(project, column[1](project), k, columns)); });
        put(body, row);
      });
      var more = count > shown.length ? G.say(app.words.table_more, { n: G.number(shown.length), all: G.number(count) }) : "";
      var bar = put(el("div", "gp-table-bar"), el("b", "", app.words.table), el("span", "gp-hint", more),
        el("button", "gp-x", "×", {
          type: "button", "aria-label": app.words.close, onclick: function () { self.toggle(); }
        }));
      put(G.clear(this.node), bar, put(table, put(el("thead"), head), body));
    },

    _cell: function (project, value, k, columns) {
      var app = this.app, number = typeof value === "number";
      if (k === 1) {
        return put(el("td"), el("button", "gp-link", value || app.words.unnamed, {
          type: "button", onclick: function () { app.show(project); }
        }));
      }
      if (k === 2 && app.data.judged) {
        return put(el("td"), put(el("span", "gp-with-symbol"), G.symbol(app, project.outcome, 14), el("span", "", value)));
      }
      var text = !number ? value || "" : value <= 1 && value >= 0 && columns[k][0] === app.words.confidence
        ? (Math.floor(value * 1000) / 10) + "%" : G.number(value, 0);
      return el("td", number ? "gp-right" : "", text);
    },

    // A cell that a spreadsheet would run as a formula is marked as text.
    save: function () {
      var app = this.app, columns = this.columns(), parts = [];
      function cell(value) {
        var text = value === null || value === undefined ? "" : String(value);
        if (typeof value !== "number" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text)) text = "'" + text;
        return '"' + text.replace(/"/g, '""') + '"';
      }
      function line(cells) { return cells.map(cell).join(",") + "\r\n"; }
      parts.push("\ufeff" + line(columns.map(function (c) { return c[0]; })));
      return app.store.each(function (p) {
        parts.push(line(columns.map(function (c) { return c[1](p); })));
      }).then(function () {
        var blob = new Blob(parts, { type: "text/csv;charset=utf-8" });
        var link = el("a", "", null, { href: URL.createObjectURL(blob), download: app.data.id + ".csv" });
        document.body.appendChild(link);
        link.click();
        link.remove();
      });
    }
  };
})(Gisplan);
