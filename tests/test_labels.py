"""Both languages say the same things, and no sentence lives in the code."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gisplan
from gisplan.labels import LANGUAGES, Labels

PACKAGE = Path(gisplan.__file__).parent
# Tables of what users write, not of what is written to them: a language has its own.
INPUT = ("alias", "worth", "sheet_word")


def texts(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        where = f"{path}.{key}".strip(".")
        if where in INPUT:
            continue
        if isinstance(value, dict):
            yield from texts(value, where)
        elif isinstance(value, str):
            yield where, value


def load(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((PACKAGE / "locale" / language).glob("*.toml")):
        own = dict(texts(tomllib.loads(path.read_text("utf-8"))))
        assert not own.keys() & found.keys(), path
        found |= own
    return found


def test_both_languages_have_the_same_files():
    zh, en = ({p.name for p in (PACKAGE / "locale" / one).iterdir()} for one in LANGUAGES)
    assert zh == en


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys():
    zh, en = (set(load(language)) for language in LANGUAGES)
    assert zh - en == set()
    assert en - zh == set()


def test_both_languages_name_the_same_values():
    zh, en = (load(language) for language in LANGUAGES)
    different = {key for key in zh if fields(zh[key]) != fields(en[key])}
    assert different == set()


def test_english_is_english():
    spoken = {key: text for key, text in load("en").items() if re.search(r"[\u4e00-\u9fff]", text)}
    # The names of coordinate writings and of the two languages stand in their own script.
    assert {
        key for key in spoken if not key.startswith(("map.", "issue.", "evidence.", "error."))
    } == set()


def test_no_sentence_for_readers_stands_in_the_code():
    """Chinese in a .py file is a comment, a docstring, or a pattern that reads user's text."""
    import ast

    reading = {
        "text.py", "sheets.py", "rows.py", "places.py", "parcels.py", "systems.py",
        "coordinates.py", "phrases.py",
    }  # fmt: skip
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.name in reading:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        docs |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            (path.name, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and len(re.findall(r"[\u4e00-\u9fff]", node.value)) > 4
            and id(node) not in docs
        ]
    assert found == []


def test_an_unknown_key_is_our_fault():
    with pytest.raises(KeyError, match="locale/zh"):
        Labels("zh")("no.such.key")


def test_values_are_never_read_as_templates():
    assert "{0.__class__}" in Labels("zh")("error.plan_missing", path="{0.__class__}")


def test_every_issue_code_has_a_level_a_message_and_a_remedy():
    declared = tomllib.loads((PACKAGE / "data" / "issues.toml").read_text("utf-8"))
    codes = {key for key in _keys(declared) if key.startswith("GP-")}
    assert len(codes) > 10
    for language in LANGUAGES:
        worded = load(language)
        for code in codes:
            assert worded[f"issue.{code}.message"]
            assert worded[f"issue.{code}.remedy"]


def _keys(table: dict[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield key
        if isinstance(value, dict):
            yield from _keys(value)


def test_every_error_in_the_code_is_worded():
    raised = set()
    for path in PACKAGE.rglob("*.py"):
        raised |= set(re.findall(r'(?:Error|Extra|Asset)\(\s*"(\w+)"', path.read_text("utf-8")))
    worded = load("zh")
    wordless = {c for c in raised if f"error.{c}" not in worded and f"problem.{c}" not in worded}
    assert wordless == set()


def test_the_page_of_issue_codes_is_up_to_date():
    import subprocess
    import sys

    script = PACKAGE.parent / "scripts" / "make_docs.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/make_docs.py"
