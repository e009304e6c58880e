"""Machine code judges as the plain path does, to the last bit, whatever facts and policy say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisplan.columns import Coded, Columns
from gisplan.definition import PlanDefinition
from gisplan.siting import judge_facts
from gisplan.siting.measure import EDGE
from gisplan.terms import OUTCOMES
from tests.worlds import definition, projects, world

pytest.importorskip("numba")

from gisplan.siting import fast

OUTCOME = st.sampled_from(OUTCOMES)
# Deciding places: on an edge, within rounding of it, and where P is 1, or the threshold.
METRES = st.one_of(
    st.sampled_from([0.0, -0.0, EDGE, -EDGE, 2 * EDGE, -2 * EDGE, 100.0, -100.0, 5e5, -5e5]),
    st.floats(-3000, 3000, allow_nan=False),
    st.just(math.nan),
)
CODES = ["J66", "R88", "J", "E48", "E", "A01", "J66|R88", None]
CASCADES = [
    OUTCOMES,
    ("unknown", "fail", "review", "pass", "conditional", "not_applicable"),
    ("review", "unknown", "fail", "conditional", "pass", "not_applicable"),
]


@st.composite
def plans(draw) -> PlanDefinition:
    """Plans of up to four zones and three corridors, with any policy that is one."""
    accuracy = draw(st.sampled_from([0.0, 5.0, 300.0, 2000.0]))
    layer = {"source": "x", "accuracy": accuracy, "title": {"zh": "x"}}
    wants = st.sampled_from([(), ("J66",), ("R88", "J"), ("E",), ("R",)])
    zones = {
        f"z{at}": {**layer, "industries": draw(wants)} for at in range(draw(st.integers(0, 4)))
    }
    corridors = {
        f"c{at}": {**layer, "industries": draw(wants), "within": 500}
        for at in range(draw(st.integers(0 if zones else 1, 3)))
    }
    constraints = {
        "red": {**layer, "effect": "prohibit"},
        "soft": {**layer, "effect": "review", "coverage": "cover"},
        "need": {"title": {"zh": "x"}, "effect": "prohibit", "required": True},
        "none": {"title": {"zh": "x"}, "effect": "prohibit"},
    }
    kept = draw(st.sets(st.sampled_from(sorted(constraints))))
    unmet = ("in_study_area", "location", "industry_fit", "prohibit", "review")
    policy = {
        "threshold": draw(st.sampled_from([0.6, 0.95, 0.999])),
        "cascade": draw(st.sampled_from(CASCADES)),
        "public_services": ["E48"],
        "industry_missing": draw(OUTCOME),
        "unmet": {rule: draw(OUTCOME) for rule in unmet if draw(st.booleans())},
    }
    return definition(
        accuracy, zones=zones, corridors=corridors, policy=policy,
        constraints={key: constraints[key] for key in sorted(kept)},
    )  # fmt: skip


@st.composite
def facts_of(draw, plan: PlanDefinition) -> Columns:
    """Any facts, also such as no geometry gives."""
    rows = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=float)

    placed = column(st.sampled_from([0.0, 1.0, 1.0, 1.0, 3.0])).astype(np.int8)
    nowhere = np.where(placed == 0, math.nan, 0.0)
    away = METRES.filter(lambda one: not one < 0)
    columns = {
        "shape": Coded(placed, ("none", "point", "line", "polygon")),
        "accuracy": column(st.sampled_from([0.0, 0.0, 5.0, 800.0])),
        "margin:study_area": column(METRES) + nowhere,
        "industry_codes": Coded.of(draw(st.lists(st.sampled_from(CODES), min_size=rows,
                                                 max_size=rows))),
    }  # fmt: skip
    columns |= {f"margin:{key}": column(METRES) + nowhere for key in plan.zones}
    columns |= {f"distance:{key}": column(away) + nowhere for key in plan.corridors}
    columns |= {f"margin:{key}": column(METRES) + nowhere for key in plan.constraints}
    columns["covered:soft"] = column(st.sampled_from([0.0, 1.0])) + nowhere
    return Columns(columns, rows)


def same(mine: Columns | None, its: Columns) -> None:
    assert mine is not None
    assert list(mine) == list(its)
    for name in its:
        left, right = mine[name], its[name]
        if isinstance(right, Coded):
            assert isinstance(left, Coded)
            assert left.ordered == right.ordered
            assert left.texts().tolist() == right.texts().tolist(), name
        else:
            missing = np.isnan(right)
            np.testing.assert_array_equal(np.isnan(left), missing, err_msg=name)
            bits = left[~missing].view(np.int64), right[~missing].view(np.int64)
            np.testing.assert_array_equal(*bits, err_msg=name)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_machine_code_judges_as_the_plain_path(data):
    plan = data.draw(plans())
    facts = data.draw(facts_of(plan))
    same(fast.judge_fast(facts, plan), judge_facts(facts, plan))


@pytest.mark.parametrize("accuracy", [0.0, 30.0, 600.0])
def test_many_places_of_a_world_are_judged_alike(accuracy):
    """5000 places, and all memberships and industries among them; more than are kept."""
    random = np.random.default_rng(20261124)
    plan = world(accuracy)
    spots = np.concatenate([random.uniform(-2000, 12_000, (4000, 2)),
                            random.integers(-2, 13, (1000, 2)) * 1000.0])  # fmt: skip
    rows = projects(*map(tuple, spots))
    rows["industry_code"] = random.choice(CODES[:-1], len(rows))
    rows["accuracy"] = random.choice([0.0, 5.0, 100.0], len(rows))
    facts = Columns.of(plan.measure(rows))
    same(fast.judge_fast(facts, plan.definition), judge_facts(facts, plan.definition))


def test_more_areas_than_bits_are_left_to_the_plain_path():
    layer = {"source": "x", "accuracy": 1, "title": {"zh": "x"}}
    plan = definition(zones={f"z{at}": layer for at in range(70)})
    assert fast.judge_fast(Columns({}, 0), plan) is None


def test_phi_of_machine_code_is_that_of_python():
    random = np.random.default_rng(1)
    z = np.concatenate([random.normal(0, 3, 200_000), random.uniform(-45, 45, 50_000),
                        [0.0, -0.0, math.inf, -math.inf]])  # fmt: skip
    told = [0.5 * math.erfc(-one / math.sqrt(2)) for one in z.tolist()]
    fast.compiled().phi(z)
    np.testing.assert_array_equal(z, told)


def test_a_machine_that_rounds_otherwise_is_not_used(monkeypatch):
    module = fast.compiled()
    fast.compiled.cache_clear()
    monkeypatch.setattr(module, "phi", lambda z: np.add(z, 1e-16, out=z))
    assert fast.compiled() is None
    fast.compiled.cache_clear()
