"""Stages: what a list says of how far a project is, to a closed vocabulary, and what matched."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

import pandas as pd

from gisplan.terms import SEPARATOR


class Stage(StrEnum):
    """How far a project is; ``unclear`` is also what the list does not say."""

    PLANNED = "planned"
    STARTED = "started"
    BUILDING = "building"
    DONE = "done"
    STOPPED = "stopped"
    UNCLEAR = "unclear"


def read_stages(text: pd.Series) -> pd.DataFrame:
    """Read the stage of each project from its words.

    Parameters
    ----------
    text
        What the list says, such as ``已建(2022年启用)``; missing where it is silent.

    Returns
    -------
    DataFrame
        Same index: ``stage_code`` (a `Stage`) and ``stage_match``, the words that matched
        joined by ``|``. Words of two stages (``一期建成`` is a part, ``预计完工`` a hope)
        decide nothing: ``unclear``.
    """
    known = {words: _read(words) for words in text.dropna().unique()}
    found = [known.get(words, (Stage.UNCLEAR.value, "")) for words in text.tolist()]
    return pd.DataFrame(found, columns=["stage_code", "stage_match"], index=text.index, dtype="str")


def _read(text: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFKC", str(text)).lower()
    words = list(dict.fromkeys(_pattern().findall(plain)))
    stages = {_stage_of()[word] for word in words}
    stage = stages.pop() if len(stages) == 1 else Stage.UNCLEAR.value
    return stage, SEPARATOR.join(words)


@cache
def _pattern() -> re.Pattern[str]:
    # Longest first: 未开工 is not 开工.
    words = sorted(_stage_of(), key=lambda word: (-len(word), word))
    return re.compile("|".join(rf"\b{w}\b" if w.isascii() else re.escape(w) for w in words))


@cache
def _stage_of() -> Mapping[str, str]:
    text = files("gisplan").joinpath("data").joinpath("stages.toml").read_text("utf-8")
    return {word: stage for stage, words in tomllib.loads(text)["word"].items() for word in words}
