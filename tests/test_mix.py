"""Industry structure: counts that reconcile, and indices with answers by arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisplan.structure.mix import (
    concentration,
    dissimilarity,
    jensen_shannon,
    location_quotient,
    membership,
    permutation_test,
    shares,
    structure,
    tally,
)
from tests.worlds import projects, world


def table(**rows):
    return pd.DataFrame(rows, index=["J", "R", "P"]).T.astype(float)


def texts(values):
    return pd.Series(values, dtype="str")


def test_every_project_is_counted_once_wherever_it_lies():
    plan = world()
    rows = projects((2000, 2000), (3000, 2000), (4000, 2000), (8000, 2000), (2000, 5800), None)
    rows["investment"] = [1e8, 2e8, np.nan, 4e8, 8e8, 16e8]
    verdicts = plan.check(rows)
    zones = tally(rows, verdicts, plan.definition, by="zone").set_index("area_id")
    assert zones["projects"].to_dict() == {"west": 1, "east": 1, "west|east": 1, "-": 2, "?": 1}
    assert zones["investment"].sum() == 31e8
    assert zones["without_investment"].to_dict()["east"] == 1
    assert np.isnan(zones.loc["east", "investment"])
    lines = tally(rows, verdicts, plan.definition, by="corridor").set_index("area_id")
    assert lines["projects"].to_dict() == {"axis": 1, "-": 4, "?": 1}
    for counts in (zones, lines):
        assert counts["projects"].sum() == len(rows)
        assert counts[list(verdicts["outcome"].cat.categories)].sum().sum() == len(rows)


def test_an_area_without_a_project_is_a_row_of_zeros():
    plan = world()
    rows = projects((2000, 2000))
    got = tally(rows, plan.check(rows), plan.definition, by="zone").set_index("area_id")
    assert got.loc["east", "projects"] == 0


def test_a_project_in_two_industries_and_two_zones_counts_in_parts():
    got = structure(texts(["a", "a|b"]), texts(["J66", "R88|P83"]), ["a", "b"])
    assert got.loc["a"].to_dict() == {"J": 1.0, "P": 0.25, "R": 0.25}
    assert got.loc["b"].to_dict() == {"J": 0.0, "P": 0.25, "R": 0.25}


def test_location_quotient_is_share_here_over_share_everywhere():
    # J is 3/4 of a and 4/8 of the whole: 1.5; R 1/4 against 3/8: 2/3.
    got = location_quotient(table(a=[3, 1, 0], b=[1, 2, 1], empty=[0, 0, 0]))
    assert got.loc["a"].tolist() == pytest.approx([1.5, 2 / 3, 0])
    assert got.loc["empty"].isna().all()


@pytest.mark.parametrize(
    ("a", "b", "krugman", "bits"),
    [
        ([1, 1, 0], [2, 2, 0], 0, 0),  # alike
        ([1, 0, 0], [0, 1, 0], 2, 1),  # disjoint
        ([1, 1, 0], [1, 0, 0], 1, 0.3112781244591328),  # H(3/4) - H(1/2)/2 = 0.8113 - 0.5
    ],
)
def test_dissimilarity_from_alike_to_disjoint(a, b, krugman, bits):
    row = dissimilarity(table(a=a, b=b)).iloc[0]
    assert row["krugman"] == pytest.approx(krugman)
    assert row["jensen_shannon"] == pytest.approx(bits)


def test_concentration_from_one_industry_to_all_alike():
    got = concentration(table(one=[4, 0, 0], even=[1, 1, 1], none=[0, 0, 0])).set_index("area_id")
    assert got.loc["one", ["hhi", "entropy"]].tolist() == pytest.approx([1, 0])
    assert got.loc["even", ["hhi", "entropy"]].tolist() == pytest.approx([1 / 3, 1])
    assert got.loc["none", ["hhi", "entropy"]].isna().all()


def test_unclassified_projects_are_shown_and_not_compared():
    got = structure(texts(["a", "a", "b"]), texts(["J66", None, "J66"]), ["a", "b"])
    assert got.loc["a", "?"] == 1
    assert dissimilarity(got).iloc[0]["krugman"] == 0


def test_a_planted_structure_is_found():
    area = texts(["a"] * 15 + ["b"] * 15)
    codes = texts(["J66"] * 15 + ["R88"] * 15)
    got = permutation_test(area, codes, ["a", "b"])
    assert got["observed"] == pytest.approx(1)
    assert got["p_value"] == pytest.approx(1 / 1000)


def test_shuffled_labels_are_significant_at_the_stated_rate_only():
    random = np.random.default_rng(7)
    values = []
    for _ in range(60):
        area = texts(random.choice(["a", "b"], 20))
        codes = texts(random.choice(["J66", "R88", "P83"], 20))
        values.append(permutation_test(area, codes, ["a", "b"], shuffles=99)["p_value"])
    # 60 trials at 5 %: 3 expected, 9 or more has P < 0.002.
    assert sum(value <= 0.05 for value in values) < 9


def test_nothing_to_compare_is_nan_not_a_number():
    got = permutation_test(texts(["a", "-"]), texts(["J66", "R88"]), ["a", "b"])
    assert np.isnan(got["p_value"])


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=3),
    st.lists(st.integers(0, 9), min_size=3, max_size=3),
)
def test_indices_stay_within_their_bounds_and_are_symmetric(a, b):
    one, other = dissimilarity(table(a=a, b=b)).iloc[0], dissimilarity(table(a=b, b=a)).iloc[0]
    if sum(a) and sum(b):
        assert 0 <= one["krugman"] <= 2 + 1e-12
        assert -1e-12 <= one["jensen_shannon"] <= 1 + 1e-12
        assert one["jensen_shannon"] == pytest.approx(other["jensen_shannon"])
    else:
        assert np.isnan(one["krugman"])


def test_jensen_shannon_agrees_with_its_entropy_form():
    p, q = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.1, 0.3])

    def entropy(values):
        return -(values * np.log2(values)).sum()

    expected = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    assert jensen_shannon(p, q) == pytest.approx(expected)


def test_membership_of_a_corridor_is_within_its_distance():
    plan = world()
    rows = projects((2000, 5500), (2000, 5499), None)
    got = membership(plan.check(rows), plan.definition, "corridor")
    assert got.tolist() == ["axis", "-", "?"]


# --- published values -----------------------------------------------------------------------


def test_hhi_is_that_of_the_merger_guidelines():
    """U.S. Horizontal Merger Guidelines (2010, 5.3): 30, 30, 20 and 20 % give 2 600 of 10 000."""
    wide = pd.DataFrame([[30, 30, 20, 20]], index=["market"], columns=list("ABCD"), dtype=float)
    assert concentration(wide)["hhi"].iloc[0] * 10_000 == pytest.approx(2600)


def test_jensen_shannon_is_the_square_of_scipys_distance():
    """As documented by scipy.spatial.distance.jensenshannon: 0.46450140402245893 in nats."""
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(
        0.46450140402245893**2 / np.log(2)
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any),
       st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any))  # fmt: skip
def test_indices_agree_with_scipy(a, b):
    from scipy.spatial.distance import cityblock, jensenshannon
    from scipy.stats import entropy

    wide = pd.DataFrame([a, b], index=["a", "b"], columns=list("CJPR"), dtype=float)
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    row = dissimilarity(wide).iloc[0]
    assert row["krugman"] == pytest.approx(cityblock(p, q))
    assert row["jensen_shannon"] == pytest.approx(jensenshannon(p, q, 2) ** 2, abs=1e-9)
    sections = int(((np.array(a) + np.array(b)) > 0).sum())
    expected = entropy(p) / np.log(sections) if sections > 1 else 0.0
    assert concentration(wide)["entropy"].iloc[0] == pytest.approx(expected, abs=1e-12)


# --- shares, divisions and what few projects allow ------------------------------------------


def test_divisions_keep_a_coarser_code_apart():
    got = structure(texts(["a", "a", "a"]), texts(["J66", "J", "J6610|R88"]), ["a"],
                    level="division")  # fmt: skip
    assert got.loc["a"].to_dict() == {"J": 1.0, "J66": 1.5, "R88": 0.5}


def test_shares_add_up_and_carry_their_interval():
    area, codes = texts(["a"] * 4 + ["b"] * 4), texts(["J66"] * 3 + ["R88"] * 5)
    got = shares(area, codes, ["a", "b", "c"]).set_index(["area_id", "code"])
    assert got.loc[("a", "J"), "share"] == pytest.approx(3 / 4)
    assert got.loc[("a", "J"), "quotient"] == pytest.approx((3 / 4) / (3 / 8))
    assert got.groupby("area_id")["share"].sum()[["a", "b"]].tolist() == pytest.approx([1, 1])
    assert ((got["low"] <= got["share"]) & (got["share"] <= got["high"])).drop("c").all()
    assert got.loc["c", ["share", "low", "p_value"]].isna().all().all()


def test_one_look_at_all_cells_is_one_test():
    """Under the null the smallest p of a whole table is below 0.05 in about 5 % of tables."""
    random = np.random.default_rng(17)
    found = 0
    for _ in range(60):
        area, codes = (
            texts(random.choice(names, 24)) for names in (["a", "b", "c"], ["J", "R", "P"])
        )
        found += shares(area, codes, ["a", "b", "c"], shuffles=199)["p_value"].min() <= 0.05
    assert found < 9  # 3 expected; 9 or more has P < 0.004
    planted = shares(texts(["a"] * 9 + ["b"] * 9), texts(["J"] * 9 + ["R"] * 9), ["a", "b"])
    assert planted["p_value"].max() == pytest.approx(1 / 1000)


def test_few_projects_say_so_and_no_p_falls_below_what_they_allow():
    area, codes = texts(["a", "a", "b"]), texts(["J", "J", "R"])
    got = permutation_test(area, codes, ["a", "b"])
    assert got["least_p"] == pytest.approx(1 / 3)  # which of three is the one of b
    assert got["p_value"] >= 1 / 3
    assert shares(area, codes, ["a", "b"])["p_value"].min() >= 1 / 3
