"""How the shipped font is made: a renamed subset of Noto Sans SC. Developers only.

Run it where npm can reach its registry; the same package gives the same bytes::

    python scripts/make_font.py            # writes gisplan/assets/fonts/
    python scripts/make_font.py --source NotoSansSC_400Regular.ttf

It needs ``fonttools`` and, without ``--source``, ``npm``. gisplan itself needs neither.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

PACKAGE = "@expo-google-fonts/noto-sans-sc"
VERSION = "0.4.3"
MEMBER = "package/400Regular/NotoSansSC_400Regular.ttf"
LICENCE = "package/LICENSE_FONT"
FAMILY = "Gisplan Sans SC"
TARGET = Path(__file__).resolve().parents[1] / "gisplan" / "assets" / "fonts"

EXTRA = (
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω"
    "−±×÷≤≥≠≈≒∞√∑∏∫∂∆∇°′″‰‱·•…–—―‘’“”«»‹›¥€£¢§¶†‡"
    "→←↑↓↔↕↖↗↘↙⇒⇔■□▲△▼▽◆◇○◎●★☆✓℃№㎡㎞㎜㎝㎏½¼¾¹²³⁴₀₁₂₃₄"
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳❶❷❸❹❺❻❼❽❾❿ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ"
)


def gbk() -> set[int]:
    """Every character of GBK (the two-byte part of what Chinese Windows calls ANSI)."""
    found: set[int] = set()
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            text = bytes((lead, trail)).decode("gbk", "replace")
            if len(text) == 1 and text != "\N{REPLACEMENT CHARACTER}":
                found.add(ord(text))
    return found


def wanted(available: set[int]) -> set[int]:
    """GBK, Latin with marks, symbols, and every other Han character of the source.

    GBK alone lacks characters of the national standard list of 2013 (通用规范汉字表)
    that stand in today's place and personal names, and a map may not print a box.
    """
    latin = set(range(0x20, 0x7F)) | set(range(0xA0, 0x180))
    blocks = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
    han = {code for code in available if any(low <= code <= high for low, high in blocks)}
    return (gbk() | latin | set(map(ord, EXTRA)) | han) & available


def make(source: Path, target: Path) -> None:
    """Write the subset of ``source`` to ``target``, without hints, under its own name."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(
        hinting=False,
        layout_features=["kern", "mark", "mkmk", "ccmp", "locl"],
        name_IDs=["*"],
        notdef_outline=True,
        glyph_names=False,
        recalc_timestamp=False,
        drop_tables=["BASE", "STAT", "vhea", "vmtx", "gasp", "DSIG"],
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted(set(font.getBestCmap())))
    subsetter.subset(font)
    _draw_missing(font)
    _rename(font)
    font.save(target)


def _draw_missing(font: TTFont) -> None:
    """Add ✔ ✘ ✗ and ≒, which the source lacks, as plain shapes on its own em."""
    em = font["head"].unitsPerEm
    tick = [[(0.10, 0.36), (0.20, 0.46), (0.40, 0.24), (0.80, 0.74), (0.90, 0.66), (0.40, 0.02)]]
    cross = [
        [(0.16, 0.66), (0.26, 0.76), (0.50, 0.48), (0.74, 0.76), (0.84, 0.66), (0.59, 0.38),
         (0.84, 0.10), (0.74, 0.00), (0.50, 0.28), (0.26, 0.00), (0.16, 0.10), (0.41, 0.38)],
    ]  # fmt: skip
    bar = [(0.10, 0.0), (0.10, 0.07), (0.90, 0.07), (0.90, 0.0)]
    dot = [(0.0, 0.0), (0.0, 0.12), (0.12, 0.12), (0.12, 0.0)]
    nearly = [
        [(x, y + 0.46) for x, y in bar],
        [(x, y + 0.24) for x, y in bar],
        [(x + 0.14, y + 0.64) for x, y in dot],
        [(x + 0.74, y + 0.01) for x, y in dot],
    ]
    for character, contours in (("✔", tick), ("✘", cross), ("✗", cross), ("≒", nearly)):
        _add_glyph(font, ord(character), contours, em)


def _add_glyph(font: TTFont, code: int, contours: list[list[tuple[float, float]]], em: int) -> None:
    if code in font.getBestCmap():
        return
    pen = TTGlyphPen(None)
    for contour in contours:
        points = [(round(x * em), round(y * em)) for x, y in contour]
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    name = f"uni{code:04X}"
    glyph = pen.glyph()
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"][name] = glyph
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (em, glyph.xMin)
    for table in font["cmap"].tables:
        if table.isUnicode() and (code < 0x10000 or table.format == 12):
            table.cmap[code] = name


def _rename(font: TTFont) -> None:
    """Say who made it from what; keep the copyright and the licence as they stand."""
    names = font["name"]
    postscript = FAMILY.replace(" ", "") + "-Regular"
    changed = {
        1: FAMILY,
        2: "Regular",
        3: f"{VERSION};{postscript}",
        4: f"{FAMILY} Regular",
        5: f"Version 2.004; subset for gisplan of {PACKAGE} {VERSION}",
        6: postscript,
        10: "Subset and renamed for gisplan; tick, cross and U+2252 added.",
    }
    names.names = [record for record in names.names if record.nameID in (0, 7, 8, 9, 13, 14)]
    for identifier, text in changed.items():
        names.setName(text, identifier, 3, 1, 0x409)
    names.names.sort()


def _fetch(folder: Path) -> tuple[Path, Path]:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch the source font, or give --source")
    subprocess.run([npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True)
    archive = next(folder.glob("*.tgz"))
    with tarfile.open(archive) as bundle:
        for member in (MEMBER, LICENCE):
            bundle.extract(member, folder, filter="data")
    return folder / MEMBER, folder / LICENCE


def main() -> None:
    """Make the font and its licence file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="a Noto Sans SC Regular as static TrueType")
    parser.add_argument("--target", type=Path, default=TARGET)
    given = parser.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    font = given.target / "GisplanSansSC-Regular.ttf"
    with tempfile.TemporaryDirectory() as folder:
        if given.source is None:
            source, licence = _fetch(Path(folder))
            text = licence.read_text("utf-8").rstrip() + "\n"
            (given.target / "OFL.txt").write_text(text, "utf-8", newline="\n")
        else:
            source = given.source
        make(source, font)
    digest = hashlib.sha256(font.read_bytes()).hexdigest()
    sys.stdout.write(f"{font} {font.stat().st_size} bytes sha256 {digest}\n")


if __name__ == "__main__":
    main()
