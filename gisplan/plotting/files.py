"""Figures as files: the same figure gives the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.figure import Figure

from gisplan.errors import OutputError

METADATA: Final[dict[str, dict[str, Any]]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": "gisplan", "Creator": "gisplan"},
    ".svg": {"Date": None, "Creator": "gisplan"},
}
"""What each format would otherwise stamp into the file."""

_WRITER: Final[dict[Any, Any]] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "pdf.use14corefonts": False,
    "svg.fonttype": "path",
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


def render(figure: Figure, suffix: str, *, dpi: float = 300) -> bytes:
    """Return a figure as a PNG, PDF or SVG file.

    Parameters
    ----------
    figure
        Any figure; those of gisplan know their size in millimetres.
    suffix
        ``".png"``, ``".pdf"`` (text can be searched, the font is embedded) or ``".svg"``
        (text as shapes, as the reader may lack the font).
    dpi
        Of a PNG; vectors do not depend on it.

    Raises
    ------
    OutputError
        For another suffix.
    """
    wanted = suffix.lower()
    if wanted not in METADATA:
        raise OutputError("output_suffix", path=suffix, allowed=" ".join(METADATA))
    target = io.BytesIO()
    # The writers take the kind of embedded font, the salt of SVG ids and the hinting from
    # rcParams alone, so they are lent to them for the time of writing and put back.
    with matplotlib.rc_context(_WRITER):
        figure.savefig(target, format=wanted[1:], dpi=dpi, metadata=METADATA[wanted])
    return target.getvalue()


def save(figure: Figure, path: str | Path, *, dpi: float = 300) -> Path:
    """Write a figure in the format of the suffix; see `render`. Return the path."""
    place = Path(path)
    place.write_bytes(render(figure, place.suffix, dpi=dpi))
    return place
