"""The shipped font: every GBK character has a glyph, and its licence lies beside it."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisplan import fonts
from gisplan.errors import GisplanError
from gisplan.labels import LANGUAGES, Labels


def gbk() -> str:
    """Every two-byte character of GBK."""
    pairs = (bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF))
    decoded = (pair.decode("gbk", "replace") for pair in pairs)
    return "".join(one for one in decoded if len(one) == 1 and one != "\ufffd")


def test_every_gbk_character_has_a_glyph() -> None:
    characters = gbk()
    assert len(characters) > 21_000
    assert fonts.missing_glyphs(characters) == set()


def test_glyphs_of_place_names_and_symbols_have_ink() -> None:
    from matplotlib.ft2font import FT2Font, LoadFlags

    face = FT2Font(str(fonts.chinese_font()))
    for character in "垟峃甪碶埗堽旸赟燚㛃䴙✔✘✗≒？！㎡−°′″Φσ±≤≥→中A":
        glyph = face.load_char(ord(character), flags=LoadFlags.NO_SCALE)
        assert min(glyph.width, glyph.height) > 0, character


def test_all_words_of_the_language_files_can_be_drawn() -> None:
    def texts(node: object) -> list[str]:
        if isinstance(node, str):
            return [node]
        if isinstance(node, dict):
            return [text for value in node.values() for text in texts(value)]
        return [text for value in node for text in texts(value)] if isinstance(node, list) else []

    for language in LANGUAGES:
        for section in ("outcome", "rule", "column", "text", "plot", "run"):
            for text in texts(Labels(language).section(section)):
                assert fonts.missing_glyphs(text) == set(), text


def test_a_missing_glyph_is_named() -> None:
    assert fonts.missing_glyphs("公园😀") == {"😀"}
    with pytest.raises(GisplanError) as caught:
        fonts.require_glyphs("公园😀")
    for language in LANGUAGES:
        said = caught.value.word(language)
        assert "U+1F600" in said
        assert "公园😀" in said


def test_the_licence_lies_beside_the_font_and_the_reserved_name_is_not_used() -> None:
    from matplotlib.ft2font import FT2Font

    folder = fonts.chinese_font().parent
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text("utf-8")
    family = FT2Font(str(fonts.chinese_font())).family_name
    assert family == "Gisplan Sans SC"
    assert not {"source", "noto"} & set(family.lower().split())


def test_asking_for_the_font_changes_no_global_state() -> None:
    before = dict(matplotlib.rcParams)
    fonts.font_properties(9)
    fonts.missing_glyphs("文峰区")
    fonts.text_width("文峰区", 9)
    assert dict(matplotlib.rcParams) == before


def test_importing_fonts_does_not_import_matplotlib() -> None:
    code = "import sys, gisplan.fonts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_han_character_is_one_em_wide() -> None:
    assert fonts.text_width("文峰大道", 10) == pytest.approx(40)


def test_lines_break_by_the_rules_of_chinese() -> None:
    # Ten points a character, four to the line: the comma may not begin the second.
    assert fonts.wrap("文峰大道，中华路", 10, 40) == ["文峰大道，", "中华路"]
    assert fonts.wrap("生态红线（自然局）", 10, 50) == ["生态红线", "（自然局）"]
    assert fonts.wrap("Honghe River", 10, 40) == ["Honghe", "River"]
    assert fonts.wrap("", 10, 40) == [""]
    assert fonts.wrap_evenly("一二三四五六七八九十", 10, 90) == ["一二三四五", "六七八九十"]


@given(st.text(alphabet="文峰区（），。、Aa 1“”()《》[", max_size=40), st.integers(20, 200))
def test_wrapping_loses_no_character(text: str, width: int) -> None:
    for wrapped in (fonts.wrap(text, 10, width), fonts.wrap_evenly(text, 10, width)):
        assert "".join("".join(wrapped).split()) == "".join(text.split())


@given(st.text(max_size=30))
def test_printable_text_is_one_line_without_control_characters(text: str) -> None:
    clean = fonts.printable(text)
    assert not set("\n\u202e\u200b") & set(clean)
    assert fonts.printable(clean) == clean


def test_the_note_beside_the_font_names_its_digest() -> None:
    digest = hashlib.sha256(fonts.chinese_font().read_bytes()).hexdigest()
    assert digest in (fonts.chinese_font().parent / "README.md").read_text("utf-8")
