"""Figures as files: the same figure gives the same bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any, Final

import matplotlib
from fontTools.subset import (  # type: ignore[import-untyped]
    Options,
    Subsetter,
    load_font,
    save_font,
)
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.text import Text

from gisplan.errors import OutputError
from gisplan.fonts import FAMILY, chinese_font

METADATA: Final[dict[str, dict[str, Any]]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": "gisplan", "Creator": "gisplan"},
    ".svg": {"Date": None, "Creator": "gisplan"},
}
"""What each format would otherwise stamp into the file."""

_ABOUT: Final = {".png": "Description", ".pdf": "Subject", ".svg": "Description"}
"""The field of each format that says what a picture is of."""

_WRITER: Final[dict[Any, Any]] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "pdf.use14corefonts": False,
    "svg.fonttype": "none",
    # Text that names a font by its file is written with this list in an SVG.
    "font.sans-serif": [FAMILY, "Noto Sans CJK SC", "Microsoft YaHei", "SimHei"],
    "svg.hashsalt": "gisplan",
    "text.usetex": False,
    "text.hinting": "none",
    "path.simplify": False,
    "path.snap": True,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.edgecolor": "auto",
    "savefig.transparent": False,
}


def render(figure: Figure, suffix: str, *, dpi: float = 300, about: str = "") -> bytes:
    """Return a figure as a PNG, PDF or SVG file.

    Parameters
    ----------
    figure
        Any figure; those of gisplan know their size in millimetres.
    suffix
        ``".png"``, ``".pdf"`` or ``".svg"``; in the last two text is text, with the glyphs
        that it uses embedded.
    dpi
        Of a PNG; vectors do not depend on it.
    about
        Provenance to put into the file's metadata, as one line of text.

    Raises
    ------
    OutputError
        For another suffix.
    """
    wanted = suffix.lower()
    if wanted not in METADATA:
        raise OutputError("output_suffix", path=suffix, allowed=" ".join(METADATA))
    metadata = METADATA[wanted] | ({_ABOUT[wanted]: about} if about else {})
    target = io.BytesIO()
    # The writers take the kind of embedded font, the salt of SVG ids and the hinting from
    # rcParams alone, so they are lent to them for the time of writing and put back.
    with matplotlib.rc_context(_WRITER):
        figure.savefig(target, format=wanted[1:], dpi=dpi, metadata=metadata)
    return _with_font(target.getvalue(), figure) if wanted == ".svg" else target.getvalue()


def render_pages(figures: Iterable[Figure], *, about: str = "") -> bytes:
    """Return figures as the pages of one PDF, drawn one after the other.

    Only one of them need be held in memory at a time; fonts are embedded once for all.

    Parameters
    ----------
    figures
        As for `render`, in the order of the pages.
    about
        Provenance, as for `render`.
    """
    metadata = METADATA[".pdf"] | ({_ABOUT[".pdf"]: about} if about else {})
    target = io.BytesIO()
    with matplotlib.rc_context(_WRITER), PdfPages(target, metadata=metadata) as pages:
        for figure in figures:
            pages.savefig(figure)
    return target.getvalue()


def _with_font(svg: bytes, figure: Figure) -> bytes:
    """Put the glyphs that a picture uses into it, so that its text is text everywhere.

    The subset has neither hints nor features: the widths by which text was set are kept.
    """
    used = {character for text in figure.findobj(Text) for character in text.get_text()}
    options = Options(
        flavor="woff",
        layout_features=[],
        hinting=False,
        recalc_timestamp=False,
        notdef_outline=True,
    )
    small = io.BytesIO()
    with load_font(str(chinese_font()), options) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=sorted(map(ord, used)))
        subsetter.subset(font)
        save_font(font, small, options)
    data = base64.b64encode(small.getvalue())
    face = b"@font-face{font-family:'%s';src:url(data:font/woff;base64,%s) format('woff')}"
    style = b'<style type="text/css">' + face % (FAMILY.encode(), data) + b"</style>\n "
    return svg.replace(b"<defs>", style + b"<defs>", 1)
