// A long list of projects, packed: the same calls as G.List, on typed arrays; names on demand.
(function (G) {
  "use strict";

  // Columns of codes that a filter asks for; the rest is for the card.
  var FILTERS = ["outcome", "zones", "corridor", "industry", "stage", "year"];

  G.inflate = function (text) {
    var packed = Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : fromBase64(text);
    var stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer().then(function (bytes) { return new Uint8Array(bytes); });
  };

  function fromBase64(text) {
    var raw = atob(text), out = new Uint8Array(raw.length);
    for (var k = 0; k < raw.length; k++) out[k] = raw.charCodeAt(k);
    return out;
  }

  G.Cloud = function (app) {
    var told = app.data.packed, self = this;
    this.app = app;
    this.told = told;
    this.size = told.size;
    this.located = told.located;
    this.unlocated = told.size - told.located;
    this.mask = new Uint8Array(this.size);
    this.columns = {};
    this.chunks = { names: [], ids: [] };
    this.ready = typeof DecompressionStream === "undefined" ? this._refuse() : G.inflate(told.body)
      .then(function (bytes) {
        self._read(bytes);
        told.body = null;
        return told.prints ? G.inflate(told.prints.body) : null;
      })
      .then(function (bytes) {
        if (bytes) self.prints = outlines(bytes, told.prints, told.located);
        app.refresh();
      });
  };

  G.Cloud.prototype = {
    _refuse: function () {
      this.app.fault = this.app.words.old_browser;
      return Promise.resolve();
    },

    _read: function (bytes) {
      var self = this, at = 0;
      this.told.columns.forEach(function (column) {
        var place = column.name === "x" || column.name === "y", count = place ? self.located : self.size;
        var part = bytes.subarray(at, at += count * column.bytes);
        if (place) self[column.name] = unzigzag(part, count);
        else if (column.delta) self.columns[column.name] = { codes: sums(part), graded: true };
        else self.columns[column.name] = { codes: joined(part, count, column.bytes), table: column.table };
      });
    },

    draw: function () {
      var app = this.app;
      this.sheet = new G.Sheet(app, this).addTo(app.map);
      app.groups.project = { layer: this.sheet, fade: G.fader(app, "gp-project") };
      if (this.told.prints) app.groups.footprint = this.sheet.outlineGroup();
    },

    // Which pass the filter: one look into a short table for each column that is asked.
    redraw: function () {
      var filter = this.app.filter, mask = this.mask, self = this, probe = Object.assign({}, G.BLANK);
      if (!this.x) return;
      mask.fill(1);
      FILTERS.forEach(function (name) {
        var column = self.columns[name];
        if (!column) return;
        var pass = column.table.map(function (value) {
          probe[name] = value;
          return G.passes(probe, only(filter, name)) ? 1 : 0;
        });
        if (pass.every(Boolean)) return;
        var codes = column.codes, lookup = Uint8Array.from(pass);
        for (var k = 0; k < mask.length; k++) mask[k] &= lookup[codes[k]];
      });
      var shown = 0, placed = 0;
      for (var k = 0; k < this.located; k++) placed += mask[k];
      for (shown = placed, k = this.located; k < mask.length; k++) shown += mask[k];
      this._counts = { shown: shown, map: placed };
      if (this.sheet._map) this.sheet.redraw();
    },

    counts: function () { return this._counts || { shown: 0, map: 0 }; },
    obstacles: function () { return []; },

    values: function (name) {
      var told = this.told.columns.find(function (column) { return column.name === name; });
      return told ? told.table.filter(Boolean).sort() : [];
    },

    // Projects as objects, for those few that are looked at.
    take: function (numbers) {
      var self = this, size = this.told.chunk;
      var wanted = numbers.map(function (k) { return Math.floor(k / size); }).filter(function (c, k, all) { return all.indexOf(c) === k; });
      return Promise.all(wanted.map(function (c) {
        return Promise.all([self._chunk("names", c), self._chunk("ids", c)]);
      })).then(function (found) {
        return numbers.map(function (k) {
          var pair = found[wanted.indexOf(Math.floor(k / size))];
          return self._project(k, pair[0][k % size], pair[1] ? pair[1][k % size] : "");
        });
      });
    },

    _chunk: function (kind, number) {
      var texts = this.told[kind], kept = this.chunks[kind];
      if (!texts) return Promise.resolve(null);
      if (!kept[number]) {
        kept[number] = G.inflate(texts[number]).then(function (bytes) {
          return JSON.parse(new TextDecoder().decode(bytes));
        });
      }
      return kept[number];
    },

    _project: function (k, name, id) {
      var out = Object.assign({}, G.BLANK, { index: k, name: name, id: id, coarse: true, fields: [] }), self = this;
      Object.keys(this.columns).forEach(function (key) {
        var column = self.columns[key], code = column.codes[k];
        out[key] = !column.graded ? column.table[code] : key === "confidence" ? chance(code) : metres(code);
      });
      if (k < this.located) out.at = this.place(k);
      return out;
    },

    place: function (k) {
      var world = Math.pow(2, this.told.world), turn = Math.PI * (1 - 2 * (this.y[k] + 0.5) / world);
      return [Math.atan(Math.sinh(turn)) * 180 / Math.PI, (this.x[k] + 0.5) / world * 360 - 180];
    },

    // The first numbers from `from` on that pass.
    _first: function (from, limit) {
      var out = [];
      for (var k = from; k < this.size && out.length < limit; k++) if (this.mask[k]) out.push(k);
      return out;
    },

    shown: function (limit) { return this.take(this._first(0, limit)); },
    missing: function (limit) { return this.take(this._first(this.located, limit)); },

    each: function (then) {
      var self = this, size = this.told.chunk, number = 0;
      function step() {
        if (number * size >= self.size) return;
        return Promise.all([self._chunk("names", number), self._chunk("ids", number)]).then(function (pair) {
          for (var k = number * size; k < Math.min(self.size, (number + 1) * size); k++) {
            if (self.mask[k]) then(self._project(k, pair[0][k % size], pair[1] ? pair[1][k % size] : ""));
          }
          number += 1;
          return step();
        });
      }
      return Promise.resolve(step());
    },

    // Chunk by chunk until enough are found; a newer search ends an older one.
    find: function (text, limit) {
      var self = this, asked = this.asked = {}, found = [], size = this.told.chunk, number = 0;
      function step() {
        if (number * size >= self.size || found.length >= limit || self.asked !== asked) return self.take(found.slice(0, limit));
        return Promise.all([self._chunk("names", number), self._chunk("ids", number)]).then(function (pair) {
          pair[0].forEach(function (name, k) {
            var all = pair[1] ? name + " " + pair[1][k] : name;
            if (all.toLowerCase().indexOf(text) >= 0) found.push(number * size + k);
          });
          number += 1;
          return step();
        });
      }
      return step();
    },

    near: function (project) {
      return this.take(this.sheet.pick(this.app.map.latLngToContainerPoint(project.at), 9));
    },

    key: function (project) { return "~" + project.index; },

    byKey: function (key) {
      var number = /^~(\d+)$/.exec(key);
      if (!number || Number(number[1]) >= this.size) return Promise.resolve(null);
      return this.take([Number(number[1])]).then(function (found) { return found[0]; });
    }
  };

  // The filter with all its conditions but one left out.
  function only(filter, name) {
    var out = G.noFilter();
    if (name === "outcome") out.off = filter.off;
    else if (name === "zones") out.zone = filter.zone;
    else if (name === "year") { out.from = filter.from; out.to = filter.to; } else out[name] = filter[name];
    return out;
  }

  function metres(code) {
    if (!code) return null;
    var value = 10 * (Math.pow(2, Math.abs(code - 128) / 12) - 1) * (code < 128 ? -1 : 1);
    return Number(value.toPrecision(2));
  }

  function chance(code) { return code ? (code - 1) / 200 : null; }

  function joined(bytes, count, wide) {
    if (wide === 1) return bytes;
    var out = new Uint32Array(count);
    for (var plane = 0; plane < wide; plane++) {
      for (var k = 0; k < count; k++) out[k] |= bytes[plane * count + k] << (8 * plane);
    }
    return out;
  }

  function unzigzag(bytes, count) {
    var steps = joined(bytes, count, 4), out = new Int32Array(count), sum = 0;
    for (var k = 0; k < count; k++) out[k] = sum += (steps[k] >>> 1) ^ -(steps[k] & 1);
    return out;
  }

  // Rings of the footprints: those of project k are first[k] up to first[k + 1].
  function outlines(bytes, told, located) {
    var at = 0;
    function next(count) { return bytes.subarray(at, at += 4 * count); }
    var owners = unzigzag(next(told.rings), told.rings), counts = joined(next(told.rings), told.rings, 4);
    var x = unzigzag(next(told.corners), told.corners), y = unzigzag(next(told.corners), told.corners);
    var start = new Uint32Array(told.rings + 1), first = new Uint32Array(located + 1), size = 0;
    for (var r = 0; r < told.rings; r++) {
      start[r + 1] = start[r] + counts[r];
      first[owners[r] + 1] += 1;
    }
    for (var k = 0; k < located; k++) first[k + 1] += first[k];
    // The typical width, of up to a thousand rings: below a few pixels no outline is drawn.
    var every = Math.max(1, Math.floor(told.rings / 1000)), widths = [];
    for (r = 0; r < told.rings; r += every) {
      var part = x.subarray(start[r], start[r + 1]);
      widths.push(Math.max.apply(null, part) - Math.min.apply(null, part));
    }
    widths.sort(function (a, b) { return a - b; });
    size = widths[Math.floor(widths.length / 2)];
    return { x: x, y: y, start: start, first: first, size: size };
  }

  function sums(bytes) {
    for (var k = 1; k < bytes.length; k++) bytes[k] = bytes[k] + bytes[k - 1] & 255;
    return bytes;
  }
})(Gisplan);
