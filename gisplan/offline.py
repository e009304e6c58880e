"""A folium figure in one file that loads nothing: vendored assets, a nonce, one Jinja pass."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import branca.element as branca
import folium
import jinja2

from gisplan.errors import MissingAsset
from gisplan.minify import minify

OWN = "gisplan:"
"""Scheme of an address that names a file below ``assets/web``."""

_NEEDS = {
    "L.AwesomeMarkers": "Leaflet.awesome-markers",
    "L.markerClusterGroup": "Leaflet.markercluster",
}
"""Globals of libraries that stock folium loads with every map, not with the class that uses
them: without this, such a map would be broken in silence."""

_OUTSIDE = re.compile(
    r"""(?:\b(?:src|href)\s*=\s*["']?|url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"'\s)>]+)""",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script\s*>", re.IGNORECASE | re.DOTALL)
_OPENS_TEXT = re.compile(r"<(?=/?(?:script|textarea|xmp|plaintext|title)\b|!--)", re.IGNORECASE)
"""What would take the rest of the page, data and scripts included, for its own text. No script
in markup that others add could run; geopandas puts categories into its legend as they are."""

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_RULE = re.compile(r"([^{}]+)(\{[^{}]*\})")
_UNUSED = re.compile(r"leaflet-(?:popup|control-layers|vml|editing|retina)|lvml")
_PICTURE = re.compile(r"url\(data:image/png;base64,[^)]*\)")
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_HOST = re.compile(r"(https?://)(?:\{s\}\.|[^/{]*\{s\}[^/.]*\.)?([^/{}?]+)")


class Raw(branca.Element):
    """Text that is put on the page as it stands and never read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """Return the text."""
        return self.text


class _Slot(branca.Element):
    """Header, body or script of a figure: what arrives as rendered text stays text."""

    def add_child(
        self, child: branca.Element, name: str | None = None, index: int | None = None
    ) -> branca.Element:
        if type(child) is branca.Element and child._template_str is not None:
            name = name or child.get_name()
            child = Raw(child._template_str)
        return super().add_child(child, name=name, index=index)

    def links(self) -> list[branca.Link]:
        return [child for child in self._children.values() if isinstance(child, branca.Link)]

    def texts(self, own: Iterable[str] = (), **kwargs: Any) -> str:
        """Return the text of everything but links; what is not named ``own`` is made inert."""
        told = {name: child.render(**kwargs) for name, child in self._children.items()
                if not isinstance(child, branca.Link)}  # fmt: skip
        return "\n".join(
            text if name in own else _OPENS_TEXT.sub("&lt;", text) for name, text in told.items()
        )


class OfflineFigure(branca.Figure):
    """A branca figure whose page is whole in itself.

    Children are rendered once and their text is never compiled again, every link is
    replaced by the vendored asset, and a policy with a nonce lets no other script run.

    Parameters
    ----------
    title
        Title of the page, as text.
    language
        ``lang`` of the page.
    origins
        Origins that images (map tiles) may come from: none makes the page silent.

    Raises
    ------
    MissingAsset
        On rendering, when an object on the map asks for an address that is not shipped.
    """

    def __init__(self, *, title: str, language: str, origins: Iterable[str] = ()) -> None:
        super().__init__(title=title)
        self.language = language
        self.origins = tuple(origins)
        self._slots = (_Slot(), _Slot(), _Slot())
        self.header, self.html, self.script = self._slots
        for slot in self._slots:
            slot._parent = self

    def render(self, **kwargs: Any) -> str:
        """Return the page; the same map gives the same bytes."""
        with _single_pass(), _harmless_texts(self):
            for child in list(self._children.values()):
                child.render(**kwargs)
            own = [child.get_name() for child in self._children.values()]
            head, html, code = self._slots
            header, script = (slot.texts(slot._children, **kwargs) for slot in (head, code))
            body = html.texts(own, **kwargs)
        header = _SCRIPT.sub(_drop_known, header)
        _refuse_outside(header + body)
        added = self._added()
        scripts, styles = self._assets(script)
        if not added:  # pictures of Leaflet's own controls and markers, which our page has not
            styles = _RULE.sub(_drop_unused, _PICTURE.sub("none", styles))
        parts = {
            "header": header, "body": body, "scripts": scripts, "styles": styles,
            "script": _for_script(script), "added": added,
        }  # fmt: skip
        return self._page(**self._renumber(parts))

    def _added(self) -> bool:
        """Tell whether a user put anything of folium's on the map."""
        children = [c for child in self._children.values() for c in child._children.values()]
        return bool(children) or len(self._children) > 1

    def _assets(self, script: str) -> tuple[str, str]:
        scripts: list[str] = []
        styles: list[str] = []
        for link in self._slots[0].links():
            wanted = styles if isinstance(link, branca.CssLink) else scripts
            wanted.append(asset(link.url))
        for name, library in _NEEDS.items():
            if name in script:
                raise MissingAsset("map_asset_missing", address=library)
        if re.search(r"\$\(|\bjQuery\b", script):
            scripts.insert(0, asset(OWN + "jquery.js"))
        if "L.marker(" in script or "L.geoJson(" in script:  # its points are markers, too
            scripts.append(_default_icon())
        return "\n".join(dict.fromkeys(scripts)), "\n".join(dict.fromkeys(styles))

    def _renumber(self, parts: dict[str, Any]) -> dict[str, Any]:
        """Replace folium's random ids by ordinals, so that the same map has the same bytes."""
        known = {one._id: f"{k:032x}" for k, one in enumerate(_walk(self), start=1)}

        def new(text: str) -> str:
            return _HEX_ID.sub(lambda found: known.get(found[0], found[0]), text)

        return {k: new(v) if isinstance(v, str) and k != "scripts" else v for k, v in parts.items()}

    def _page(
        self, *, header: str, body: str, scripts: str, styles: str, script: str, added: bool
    ) -> str:
        content = "\0".join((self.title or "", header, body, scripts, styles, script))
        nonce = base64.b64encode(hashlib.sha256(content.encode()).digest()[:18]).decode()
        # Markup that a user hands to folium may carry style attributes, which no nonce covers.
        style = "'unsafe-inline'" if added else f"'nonce-{nonce}'"
        images = " ".join(("data:", *self.origins, *_tile_origins(self)))
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src {style}; "
            f"img-src {images}; base-uri 'none'; form-action 'none'"
        )
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.language)}">\n<head>\n'
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy, quote=False)}">\n'
            f"<title>{escape(self.title or '')}</title>\n"
            f'<style nonce="{nonce}">\n{styles}\n</style>\n{header}\n</head>\n<body>\n{body}\n'
            f'<script nonce="{nonce}">\n{scripts}\n</script>\n'
            f'<script nonce="{nonce}">\n{script}\n</script>\n</body>\n</html>\n'
        )


def island(payload: str, element_id: str) -> str:
    """Wrap JSON in a block of data that no browser runs; the text cannot close the block."""
    safe = payload.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'<script type="application/json" id="{element_id}">{safe}</script>'


@cache
def catalogue() -> Mapping[str, Any]:
    """Return ``ASSETS.toml``: the assets, our own files and the online base maps."""
    return tomllib.loads(_read("ASSETS.toml"))


def asset(address: str) -> str:
    """Return the text of the shipped file that an address stands for.

    Raises
    ------
    MissingAsset
        If nothing that is shipped answers to the address.
    """
    if address.startswith(OWN):
        return _own(address.removeprefix(OWN))
    for one in catalogue()["asset"]:
        if any(re.search(pattern, address) for pattern in one["answers"]):
            return _own(one["file"])
    if _dispensable(address):
        return ""
    raise MissingAsset("map_asset_missing", address=address)


def own_links(
    *parts: str,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the scripts and the styles of a gisplan map as folium's (name, address) pairs.

    Parameters
    ----------
    parts
        ``"packed"``, ``"swipe"`` and ``"layers"`` for pages that need these.
    """
    own = catalogue()["own"]
    scripts = ["leaflet.js", *own["script"], *(name for part in parts for name in own[part])]
    styles = ["leaflet.css", *own["style"]]
    return [(name, OWN + name) for name in scripts], [(name, OWN + name) for name in styles]


@contextmanager
def _single_pass() -> Iterator[None]:
    """While rendering, keep text that was rendered from being compiled as a template.

    ``branca`` wraps it in ``Element(text)``, and that runs ``{{…}}`` found in data as
    Python. The exchange is visible to this thread only and undone at the end.
    """
    with _lock:
        stock: Any = vars(branca)["Template"]
        here = threading.get_ident()

        def template(text: str, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != here:
                return stock(text, *args, **kwargs)
            return _Rendered(text)

        vars(branca)["Template"] = template
        try:
            yield
        finally:
            vars(branca)["Template"] = stock


class _Rendered:
    """Stands where branca wants a template; ``module`` has no macros."""

    module = jinja2.Template("").module

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, *_: Any, **__: Any) -> str:
        return self.text


_lock = threading.RLock()


@contextmanager
def _harmless_texts(figure: branca.Element) -> Iterator[None]:
    """While rendering, keep texts of tooltips and popups inside their JavaScript literal."""
    changed: list[tuple[Any, str, Any]] = []
    for one in _walk(figure):
        for name in ("text", "data"):
            text = getattr(one, name, None)
            if isinstance(one, (folium.Tooltip, branca.Html)) and isinstance(text, str):
                changed.append((one, name, text))
                setattr(one, name, _inside_literal(text))
    try:
        yield
    finally:
        for one, name, text in changed:
            setattr(one, name, text)


def _inside_literal(text: str) -> str:
    """Write as HTML entities what would end or enter a template literal or the script."""
    text = text.replace("\\`", "`").replace("\\", "&#92;").replace("`", "&#96;")
    text = text.replace("${", "&#36;{")
    return re.sub(r"<(?=/?script|!--)", "&lt;", text, flags=re.IGNORECASE)


def _walk(element: branca.Element) -> Iterator[branca.Element]:
    """Yield an element and everything below it, popups' contents included."""
    yield element
    for child in list(element._children.values()):
        yield from _walk(child)
    for slot in ("header", "html", "script"):
        inner = getattr(element, slot, None)
        if isinstance(inner, branca.Element) and not isinstance(inner, _Slot):
            yield from _walk(inner)


def _tile_origins(figure: branca.Element) -> list[str]:
    """Return the origins of tile layers that a user added: adding one is the consent."""
    layers = (one for one in _walk(figure) if isinstance(one, folium.TileLayer))
    found = (_HOST.match(str(layer.tiles)) for layer in layers)
    wild = [(f, "{s}" in f[0]) for f in found if f]
    return [f"{f[1]}{'*.' if many else ''}{f[2]}" for f, many in wild]


def _refuse_outside(markup: str) -> None:
    found = _OUTSIDE.search(_without_islands(markup))
    if found and not _dispensable(found[1]):
        raise MissingAsset("map_asset_missing", address=found[1])


def _without_islands(markup: str) -> str:
    return re.sub(r'<script type="application/json".*?</script>', "", markup, flags=re.DOTALL)


def _dispensable(address: str) -> bool:
    rules = (pattern for one in catalogue()["dispensable"] for pattern in one["answers"])
    return any(re.search(rule, address) for rule in rules)


def _drop_known(found: re.Match[str]) -> str:
    """Drop scripts in the header (none of them could run), except those from elsewhere."""
    outside = _OUTSIDE.search(found[0].split(">")[0])
    return found[0] if outside and not _dispensable(outside[1]) else ""


def _for_script(text: str) -> str:
    return re.sub(r"(?i)<(?=/script|!--)", r"\\u003c", text)


@cache
def _own(name: str) -> str:
    text = _read(name)
    if name.startswith("app/") and name.endswith(".js"):
        text = minify(text)
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        text = re.sub(r"([:,])\s+", r"\1", re.sub(r"\s*([{};>])\s*", r"\1", text))
        return re.sub(r"url\((images/[\w.-]+)\)", lambda m: f"url({_data_uri(m[1])})", text)
    # Leaflet names its home in a control that our page switches off: no address stays.
    return _for_script(_SOURCE_MAP.sub("", text).replace('href="https://leafletjs.com"', ""))


def _drop_unused(rule: re.Match[str]) -> str:
    """Leave out selectors of what only a layer that a user adds could need."""
    kept = [one for one in rule[1].split(",") if not _UNUSED.search(one)]
    return ",".join(kept) + rule[2] if kept else ""


def _default_icon() -> str:
    """Give Leaflet's own marker its pictures, which it would look for beside the style."""
    names = {
        "iconUrl": "marker-icon",
        "iconRetinaUrl": "marker-icon-2x",
        "shadowUrl": "marker-shadow",
    }
    options = ",".join(f'{k}:"{_data_uri(f"images/{v}.png")}"' for k, v in names.items())
    return f"L.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({{{options}}});"


def _data_uri(name: str) -> str:
    data = files("gisplan").joinpath("assets", "web", *name.split("/")).read_bytes()
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _read(name: str) -> str:
    return files("gisplan").joinpath("assets", "web", *name.split("/")).read_text("utf-8")
