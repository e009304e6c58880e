// Online tiles, only where the author of the file chose them. A key is typed by the reader or
// handed over once after the #, and stays in this browser: never in the file nor in a link.
(function (G) {
  "use strict";
  var el = G.el, put = G.put, KEPT = 256;

  G.addBasemap = function (app, shown) {
    var base = app.data.basemap, tiles = [];
    if (app.tiles) app.tiles.remove();
    app.tiles = null;
    note(app, "");
    if (!shown) return true;
    var key = base.layers[0].indexOf("{tk}") < 0 ? "" : askKey(app, base);
    if (key === null) return false;
    var failed = 0, loaded = 0;
    base.layers.forEach(function (address) {
      var options = {
        pane: "gp-basemap", maxNativeZoom: base.max_zoom, maxZoom: 22, tk: encodeURIComponent(key),
        subdomains: base.subdomains || "abc", attribution: base.attribution.replace(/[&<>"]/g, "")
      };
      var layer = base.shift ? new G.ShiftedTiles(address, options) : L.tileLayer(address, options);
      layer.on("tileload", function () { loaded += 1; });
      layer.on("tileerror", function () {
        failed += 1;
        if (failed !== 4 || loaded) return;
        if (key) forget(base); // asked again when it is switched on again
        note(app, app.words.basemap_failed);
      });
      tiles.push(layer);
    });
    app.tiles = L.layerGroup(tiles).addTo(app.map);
    if (base.shift) {
      var at = app.map.getCenter(), there = G.gcj02(at.lng, at.lat);
      note(app, G.say(app.words.basemap_shift, {
        n: G.number(G.distance([at.lat, at.lng], [there[1], there[0]]))
      }));
    }
    return true;
  };

  // Said on the map itself, on the screen and on paper.
  function note(app, text) {
    var node = app.root.querySelector(".gp-basemap-note");
    if (!node) {
      node = el("p", "gp-basemap-note", "", { role: "note" });
      put(app.stage, node);
    }
    node.textContent = text;
    node.hidden = !text;
  }

  function name(base) { return "gisplan-key-" + base.id; }

  function forget(base) {
    try { window.localStorage.removeItem(name(base)); } catch (refused) { /* there was none */ }
  }

  function askKey(app, base) {
    var key = null;
    try { key = window.localStorage.getItem(name(base)); } catch (refused) { key = null; }
    if (!key) {
      key = window.prompt(app.words.key_prompt);
      if (!key) return null;
      G.keepKey(base, key);
    }
    return key;
  }

  G.keepKey = function (base, key) {
    try { window.localStorage.setItem(name(base), key); } catch (refused) { /* asked next time */ }
  };

  // The deliberate shift of Chinese web maps, as gisplan.crs.gcj02_from_wgs84 has it.
  G.gcj02 = function (lon, lat) {
    if (!(lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271)) return [lon, lat];
    var x = lon - 105, y = lat - 35, pi = Math.PI, sin = Math.sin, root = Math.sqrt(Math.abs(x));
    var ripple = (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3;
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple;
    north += (20 * sin(pi * y) + 40 * sin(pi / 3 * y)) * 2 / 3;
    north += (160 * sin(pi / 12 * y) + 320 * sin(pi / 30 * y)) * 2 / 3;
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple;
    east += (20 * sin(pi * x) + 40 * sin(pi / 3 * x)) * 2 / 3;
    east += (150 * sin(pi / 12 * x) + 300 * sin(pi / 30 * x)) * 2 / 3;
    var f = 1 / 298.3, e2 = f * (2 - f), phi = lat * pi / 180, magic = 1 - e2 * sin(phi) * sin(phi);
    var meridian = 6378245 * (1 - e2) / (magic * Math.sqrt(magic));
    var parallel = 6378245 / Math.sqrt(magic) * Math.cos(phi);
    return [lon + east / parallel * 180 / pi, lat + north / meridian * 180 / pi];
  };

  G.fromGcj02 = function (lon, lat) {
    var x = lon, y = lat;
    for (var k = 0; k < 8; k++) {
      var there = G.gcj02(x, y);
      x += lon - there[0];
      y += lat - there[1];
    }
    return [x, y];
  };

  // Tiles of a shifted map, drawn where they belong. Each is put on the canvas by the affine map
  // that takes three of its corners from GCJ-02 to WGS 84; what is left within a tile is the
  // bend of the shift, under 0.3 of its pixels at Anyang from zoom 8 to 18 (test_explore_basemap).
  G.ShiftedTiles = L.GridLayer.extend({
    initialize: function (address, options) {
      this.address = address;
      this.images = new Map();
      L.setOptions(this, options);
    },

    createTile: function (coords, done) {
      var tile = el("canvas"), size = 256, ratio = window.devicePixelRatio > 1 ? 2 : 1, self = this;
      tile.width = tile.height = size * ratio;
      var context = tile.getContext("2d"), sources = this._sources(coords), open = sources.length, lost = 0;
      sources.forEach(function (source) {
        self._image(source, coords.z, function (image) {
          if (image) self._draw(context, image, source, coords, size * ratio);
          else lost += 1;
          open -= 1;
          if (!open) done(lost === sources.length ? new Error("tile") : null, tile);
        });
      });
      return tile;
    },

    // The numbers of the shifted map's tiles that a tile of ours shows parts of.
    _sources: function (coords) {
      var low = [Infinity, Infinity], high = [-Infinity, -Infinity], out = [], count = Math.pow(2, coords.z);
      [[0, 0], [1, 0], [0, 1], [1, 1]].forEach(function (corner) {
        var at = degrees(coords.x + corner[0], coords.y + corner[1], coords.z), there = G.gcj02(at[0], at[1]);
        var p = tileNumber(there[0], there[1], coords.z);
        [0, 1].forEach(function (k) { low[k] = Math.min(low[k], p[k]); high[k] = Math.max(high[k], p[k]); });
      });
      // A little more, as the edges of the tile are bent.
      for (var y = Math.floor(low[1] - 0.02); y <= Math.floor(high[1] + 0.02); y++) {
        for (var x = Math.floor(low[0] - 0.02); x <= Math.floor(high[0] + 0.02); x++) {
          if (y >= 0 && y < count) out.push([(x % count + count) % count, y]);
        }
      }
      return out;
    },

    _image: function (source, zoom, then) {
      var url = L.Util.template(this.address, {
        x: source[0], y: source[1], z: zoom, "-y": Math.pow(2, zoom) - 1 - source[1], tk: this.options.tk,
        s: this.options.subdomains[(source[0] + source[1]) % this.options.subdomains.length]
      });
      var images = this.images, kept = images.get(url);
      if (!kept) {
        kept = new Promise(function (found) {
          var image = new Image();
          image.onload = function () { found(image); };
          image.onerror = function () { images.delete(url); found(null); };
          image.src = url;
        });
        images.set(url, kept);
        if (images.size > KEPT) images.delete(images.keys().next().value);
      }
      kept.then(then);
    },

    _draw: function (context, image, source, coords, size) {
      var corners = [[0, 0], [1, 0], [0, 1]].map(function (corner) {
        var at = degrees(source[0] + corner[0], source[1] + corner[1], coords.z), there = G.fromGcj02(at[0], at[1]);
        var p = tileNumber(there[0], there[1], coords.z);
        return [(p[0] - coords.x) * size, (p[1] - coords.y) * size];
      });
      var o = corners[0], a = corners[1], b = corners[2], wide = image.naturalWidth, high = image.naturalHeight;
      context.setTransform((a[0] - o[0]) / wide, (a[1] - o[1]) / wide, (b[0] - o[0]) / high, (b[1] - o[1]) / high, o[0], o[1]);
      context.drawImage(image, -0.4, -0.4, wide + 0.8, high + 0.8); // no slits between neighbours
    }
  });

  function degrees(x, y, zoom) {
    var count = Math.pow(2, zoom);
    return [x / count * 360 - 180, Math.atan(Math.sinh(Math.PI * (1 - 2 * y / count))) * 180 / Math.PI];
  }

  function tileNumber(lon, lat, zoom) {
    var count = Math.pow(2, zoom);
    return [(lon + 180) / 360 * count, (0.5 - Math.asinh(Math.tan(lat * Math.PI / 180)) / (2 * Math.PI)) * count];
  }
})(Gisplan);
