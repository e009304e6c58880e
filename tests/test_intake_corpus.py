"""The corpus of nasty files: every file gives its rows and issues, or its one line."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from gisplan.errors import GisplanError
from gisplan.io.projects import intake
from gisplan.labels import LANGUAGES, Labels
from tests.intake.make_corpus import HERE, content, names, write_corpus

EXPECTED = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
FIELDS = {"rows", "located", "issues", "values", "evidence", "options", "error", "says"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    return folder


@pytest.mark.parametrize("case", EXPECTED)
def test_a_nasty_file_is_read_as_expected(corpus, case):
    expected = EXPECTED[case]
    path = corpus / case.partition(" ")[0]
    if "error" in expected:
        assert_refused(path, expected)
        return
    result = intake(path, **expected.get("options", {}))
    projects = result.projects
    noted = Counter(result.issues["code"])
    assert (len(projects), int(projects.geometry.notna().sum()), dict(noted)) == (
        expected["rows"],
        expected["located"],
        expected.get("issues", {}),
    )
    assert projects["row"].is_monotonic_increasing
    for column, cells in expected.get("values", {}).items():
        assert [plain(cell) for cell in projects[column]] == [plain(cell) for cell in cells]
    told = dict(result.evidence)
    for key, value in expected.get("evidence", {}).items():
        assert told[key] == value
    for language in LANGUAGES:
        words = Labels(language)
        assert all(words(f"evidence.{key}", value=value) for key, value in result.evidence)


def assert_refused(path: Path, expected: dict[str, object]) -> None:
    with pytest.raises(GisplanError) as caught:
        intake(path, **expected.get("options", {}))
    assert caught.value.code == expected["error"]
    for language in LANGUAGES:
        said = caught.value.word(language)
        assert "\n" not in said
        assert path.name in said
        assert str(expected.get("says", "")) in said


def plain(cell: object) -> object:
    """Return a cell so that missing ones are equal."""
    if isinstance(cell, float) and math.isnan(cell):
        return None
    return cell if cell != "" else None


def test_the_table_and_the_files_belong_together():
    assert {case.partition(" ")[0] for case in EXPECTED} == set(names())
    assert len(EXPECTED) >= 40
    for case, expected in EXPECTED.items():
        assert set(expected) <= FIELDS, case
        assert ("error" in expected) != ("rows" in expected), case


def test_the_corpus_is_the_same_each_time():
    for name in names():
        if name != "bomb.xlsx":
            assert content(name) == content(name), name


def test_two_sheets_of_one_workbook_add_up(corpus):
    path = corpus / "several_sheets.xlsx"
    ids = [
        cell for sheet in ("文峰区", "北关区") for cell in intake(path, sheet=sheet).projects["id"]
    ]
    assert ids == ["P1", "P2", "P3"]
