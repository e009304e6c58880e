// The address of what is seen: place, filter and open card after the #, in any file.
(function (G) {
  "use strict";

  G.Link = function (app) {
    var self = this;
    this.app = app;
    this.mine = null;
    app.map.on("moveend", this.write, this);
    window.addEventListener("hashchange", function () {
      if (window.location.hash !== self.mine) self.follow();
    });
  };

  G.Link.prototype = {
    write: function () {
      if (!this.followed) return;
      var app = this.app, filter = app.filter, at = app.map.getCenter(), parts = [];
      function add(name, value) { if (value) parts.push(name + "=" + encodeURIComponent(value)); }
      parts.push("map=" + [+app.map.getZoom().toFixed(2), at.lat.toFixed(5), at.lng.toFixed(5)].join("/"));
      add("off", Object.keys(filter.off).filter(function (code) { return filter.off[code]; }).join(","));
      ["zone", "corridor", "industry", "stage"].forEach(function (name) { add(name, filter[name]); });
      if (filter.from !== null) add("years", filter.from + "-" + filter.to);
      add("turned", app.panel.turned().join(","));
      if (app.selected) add("card", app.store.key(app.selected));
      if (app.selectedArea && app.area(app.selectedArea.id) === app.selectedArea) add("area", app.selectedArea.id);
      this.mine = "#" + parts.join("&");
      // Refused in a frame without an address of its own: there is nothing to share then.
      try { window.history.replaceState(null, "", this.mine); } catch (refused) { this.mine = null; }
    },

    // Everything in an address is a guess: what does not fit is left out.
    follow: function () {
      var app = this.app, told = {}, filter = G.noFilter(), self = this;
      this.followed = true;
      window.location.hash.slice(1).split("&").forEach(function (part) {
        var at = part.indexOf("=");
        try { told[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (wrong) { /* no text */ }
      });
      if (!Object.keys(told).some(function (name) { return name; })) return;
      if (told.tk && app.data.basemap) G.keepKey(app.data.basemap, told.tk); // and out of the address
      (told.off || "").split(",").forEach(function (code) { if (app.looks[code]) filter.off[code] = true; });
      ["zone", "corridor", "industry", "stage"].forEach(function (name) { filter[name] = told[name] || ""; });
      var years = /^(\d{4})-(\d{4})$/.exec(told.years || ""), known = app.data.years;
      if (years && known && years[1] <= years[2]) {
        filter.from = Math.max(known[0], Number(years[1]));
        filter.to = Math.min(known[1], Number(years[2]));
      }
      if (app.panel.filter) app.panel.filter.set(filter);
      app.panel.turn((told.turned || "").split(","));
      var view = (told.map || "").split("/").map(Number);
      if (view.length === 3 && view.every(isFinite) && Math.abs(view[1]) <= 85) {
        app.map.setView([view[1], view[2]], view[0], { animate: false });
      }
      if (told.area && app.area(told.area)) app.openArea(app.area(told.area));
      if (told.card) {
        app.store.byKey(told.card).then(function (project) { if (project) app.open([project], 0); self.write(); });
      }
    },

    copy: function (button) {
      var words = this.app.words, text = button.textContent, self = this;
      this.write();
      function done() {
        button.textContent = words.copied;
        window.setTimeout(function () { button.textContent = text; }, 1500);
      }
      function ask() { window.prompt(self.app.words.link, window.location.href); }
      if (!navigator.clipboard) return ask();
      navigator.clipboard.writeText(window.location.href).then(done, ask);
    }
  };
})(Gisplan);
