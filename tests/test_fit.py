"""Fit of industries against the width of a corridor, in the world of squares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gisplan.structure.fit import STANDINGS, _curve, fit_by_width, standings
from tests.worlds import projects, world


def swept(plan, *rows, widths=(100, 500, 2000)):
    """Sweep projects given as (metres from the axis, industry codes)."""
    frame = projects(*((1000 + 200 * k, 6000 + away) for k, (away, _) in enumerate(rows)))
    frame["industry_code"] = pd.Series([code for _, code in rows], dtype="str")
    return fit_by_width(plan.measure(frame), plan.definition, widths=widths)


def test_the_share_that_fits_is_counted_within_each_width():
    got = swept(world(), (50, "J66"), (400, "R88"), (1500, "J66"), (1600, "J66"))
    own = got[got["corridor"] == "axis"].set_index("width")
    assert own["near_projects"].tolist() == [1, 2, 4]
    assert own["fits"].tolist() == [1, 1, 3]
    assert own["share"].tolist() == pytest.approx([1, 1 / 2, 3 / 4])
    assert ((own["low"] <= own["share"]) & (own["share"] <= own["high"])).all()


def test_what_cannot_be_judged_is_shown_and_not_counted():
    # J alone is too coarse for J66; E48 is a public service; blank is unclassified.
    got = swept(world(), (10, "J66"), (10, "J"), (10, "E48"), (10, None), (10, "R88"))
    row = got[(got["corridor"] == "axis") & (got["width"] == 100)].iloc[0]
    assert row[list(STANDINGS)].tolist() == [1, 1, 1, 1, 1]
    assert row["share"] == 0.5
    assert row[list(STANDINGS)].sum() == row["near_projects"]


def test_the_random_share_is_that_of_all_placed_projects():
    got = swept(world(), *((10, "J66"),) * 3, *((1900, "R88"),) * 3)
    own = got[got["corridor"] == "axis"].set_index("width")
    assert own.loc[2000, "expected_share"] == pytest.approx(0.5)
    assert own.loc[100, "expected_share"] == pytest.approx(0.5, abs=0.03)
    assert own.loc[100, "share"] == 1


def test_planted_fit_is_found_and_fit_everywhere_alike_is_not():
    near = swept(world(), *((10, "J66"),) * 8, *((1900, "R88"),) * 8)
    assert near["p_value"].max() <= 0.005
    mixed = swept(world(), *((10, "J66"), (1900, "J66"), (20, "R88"), (1800, "R88")) * 3)
    assert mixed["p_value"].min() > 0.05


def test_several_corridors_together_are_counted_once():
    got = swept(world(), (50, "J66"), (60, "R88"))
    every, own = (got[got["corridor"] == key].drop(columns="corridor") for key in ("*", "axis"))
    assert every.reset_index(drop=True).equals(own.reset_index(drop=True))


def test_the_accuracy_of_the_layers_says_who_is_surely_near():
    got = swept(world(600), (490, "J66"), (510, "J66"), (5000, "J66"), widths=(500,))
    row = got[got["corridor"] == "axis"].iloc[0]
    assert (row["near_sure"], row["near_projects"], row["near_possible"]) == (0, 1, 2)


def test_a_plan_without_a_drawn_corridor_has_no_curve():
    plan = world(without=("axis",))
    frame = projects((2000, 2000))
    assert fit_by_width(plan.measure(frame), plan.definition).empty


def test_standings_are_told_project_by_project():
    codes = pd.Series(["J66", "J", "R88", "E48", None], dtype="str", index=[3, 1, 4, 0, 2])
    got = standings(codes, world().definition)["axis"]
    assert got.tolist() == ["fits", "coarse", "differs", "exempt", "unclassified"]
    assert got.index.tolist() == [3, 1, 4, 0, 2]


def test_the_curve_counted_once_is_the_curve_counted_width_by_width():
    random = np.random.default_rng(5)
    widths = np.arange(100.0, 2001.0, 100.0)
    for lines in (1, 3):
        distance = np.round(random.uniform(0, 2500, (60, lines)), -2)  # on the bounds as well
        distance[random.random(distance.shape) < 0.1] = np.inf
        kind = random.integers(0, 3, (60, lines))
        judged = np.stack([kind == 0, kind == 1], axis=2)
        near = distance[None] <= widths[:, None, None]
        fits = (near & judged[None, :, :, 0]).any(axis=2)
        differs = (near & judged[None, :, :, 1]).any(axis=2) & ~fits
        fits, differs = fits.sum(axis=1), differs.sum(axis=1)
        known = fits + differs > 0
        first = np.searchsorted(widths, distance)
        got = _curve(first, judged, len(widths))
        assert np.array_equal(np.isnan(got), ~known)
        assert got[known] == pytest.approx((fits / np.maximum(fits + differs, 1))[known])
