"""What a verdict says in words, held to what was measured in the squares of `tests/worlds.py`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from gisplan.io.evidence import evidence_line
from gisplan.labels import Labels
from tests import worlds


def _in_zone(shape, *, language="zh", share=0.5):
    """The verdict's zone, and what the rule of zones says."""
    policy = {"default_accuracy": 0, "zone_share": share}
    plan = worlds.world(policy=policy)
    projects = worlds.projects(shape)
    rules = plan.explain(projects, language=language).set_index("rule")
    zone = plan.check(projects)["zone"].iloc[0]
    return zone if isinstance(zone, str) else None, rules.loc["in_zone"]


@pytest.mark.parametrize(
    ("shape", "share", "zone", "said"),
    [
        # 400 x 500 m: 20 % on each zone, the rest south of both
        (box(2800, 700, 3200, 1200), 0.5, None, "用地 20% 在西区内、20% 在东区内"),
        (box(2800, 700, 3200, 1200), 0.15, "west|east", "用地 20% 在西区内、20% 在东区内"),
        (box(2500, 1500, 3500, 2000), 0.5, "west|east", "用地 50% 在西区内、50% 在东区内"),
        (box(2500, 1500, 4500, 2000), 0.5, "east", "用地 75% 在东区内、25% 在西区内"),
        (box(2998, 1500, 3998, 2000), 0.5, "east", "用地 99% 在东区内、<1% 在西区内"),
        (box(3100, 900, 3200, 1100), 0.6, None, "用地 50% 在东区内"),
        (box(3000, 1500, 3500, 2000), 0.5, "east", "在东区内"),  # an edge in common is no share
    ],
)
def test_a_footprint_names_every_zone_it_lies_on(shape, share, zone, said):
    found, rule = _in_zone(shape, share=share)
    assert found == zone
    assert rule["text"].startswith(said)
    assert ("西区" in rule["text"]) == ("西区" in said)


def test_equal_shares_cite_both_zones():
    _, rule = _in_zone(box(2800, 700, 3200, 1200))
    assert rule["subject_title"] == "西区、东区"
    _, rule = _in_zone(box(2800, 700, 3200, 1200), language="en")
    assert rule["text"].startswith("of the footprint 20% in West, 20% in East; margin ")


@given(
    st.dictionaries(st.sampled_from(["id", "name", "lon", "lat"]), st.text(max_size=20), min_size=1)
)
def test_any_header_is_told_as_it_stands(titles):
    """A header is the user's text: it may hold quotes, braces and whatever parts a list."""
    import json

    told = evidence_line("columns", json.dumps(titles), Labels("en"))
    assert all(f'"{title}"' in told for title in titles.values())
