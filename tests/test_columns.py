"""Tables without pandas: the same values as a frame, there and back, and no pandas on the way."""

from __future__ import annotations

import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gisplan.columns import Coded, Columns, Keys
from gisplan.siting import (
    AREA,
    Places,
    check_places,
    explain,
    explain_facts,
    index_of,
    judge,
    judge_facts,
    listed_of,
    measure_places,
)
from tests.worlds import projects, world

text = st.one_of(st.none(), st.sampled_from(["", "a", "b", "项目", "a|b"]))


def test_the_engine_needs_no_pandas():
    """A planner's short list pays for no frame: checked in a process of its own."""
    asked = "import sys, gisplan.siting; print(sorted({'pandas', 'geopandas'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_list_is_checked_and_explained_without_pandas():
    asked = """
import sys, numpy as np, shapely
from gisplan.columns import Columns
from gisplan.definition import PlanDefinition
from gisplan.siting import Places, check_places, explain_facts, index_of, measure_places
layer = {"source": "x", "accuracy": 0, "title": {"zh": "z"}}
plan = PlanDefinition.model_validate({
    "id": "a", "version": "1", "title": {"zh": "z"}, "crs": "EPSG:4547", "study_area": layer,
    "zones": {"z": {**layer, "industries": ["J66"]}}})
areas = Columns({"kind": np.array(["study_area", "zone"], dtype=object),
                 "id": np.array(["study_area", "z"], dtype=object),
                 "geometry": np.array([shapely.box(0, 0, 9, 9)] * 2, dtype=object)})
places = Places.of(np.array([shapely.Point(1, 2), None], dtype=object))
listed = Columns({"industry_code": np.array(["J66", None], dtype=object), "accuracy": np.zeros(2)})
index = index_of(areas)
held = np.array([True, False])
got = check_places(places, listed, held, areas, plan, index)
explain_facts(measure_places(places, listed, areas, plan, index=index), plan)
print(got["outcome"].texts().tolist(), got["zone_margin"].tolist())
print(sorted({"pandas", "geopandas"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["['pass', 'unknown'] [1.0, nan]", "[]"]


@settings(max_examples=30, deadline=None)
@given(st.lists(text, max_size=12), st.data())
def test_texts_told_once_are_the_texts(texts, data):
    coded = Coded.of(texts)
    assert coded.texts().tolist() == texts
    assert len(set(coded.categories)) == len(coded.categories)
    rows = np.array(data.draw(st.permutations(range(len(texts)))), dtype=np.int64)
    assert coded.take(rows).texts().tolist() == [texts[row] for row in rows]
    assert coded.reads("a").tolist() == [one == "a" for one in texts]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(text, text, st.floats(allow_nan=True)), max_size=10), st.integers(0, 10))
def test_tables_cut_and_joined_are_the_whole(rows, cut):
    plain, few, numbers = ([row[at] for row in rows] for at in range(3))
    whole = Columns(
        {
            "plain": np.array([*plain, None], dtype=object)[:-1],
            "few": Coded.of(few),
            "numbers": np.array(numbers, dtype=float),
        }
    )
    parts = [whole.take(slice(0, cut)), whole.take(np.arange(min(cut, len(rows)), len(rows)))]
    joined = Columns.joined(parts)
    assert joined.rows == whole.rows == len(rows)
    assert_frame_equal(joined.to_frame(), whole.to_frame())
    # Told apart anew in each part, the texts may come in another order and are still the same.
    again = Columns.joined([Columns({"few": Coded.of(one.texts("few"))}) for one in parts])
    assert again.texts("few").tolist() == few


def test_a_frame_there_and_back_is_the_frame():
    frame = gpd.GeoDataFrame(
        {
            "text": pd.array(["a", None, ""], dtype="str"),
            "number": [1.5, np.nan, -0.0],
            "whole": [1, 2, 3],
            "truth": [True, False, True],
            "vocabulary": pd.Categorical(["x", None, "y"], categories=["y", "x"], ordered=True),
        },
        geometry=[shapely.Point(0, 1), None, shapely.Point(2, 3)],
        index=[7, 3, 5],
        crs="EPSG:4547",
    )
    columns = Columns.of(frame)
    assert_frame_equal(columns.to_frame(frame.index, crs=frame.crs), frame)
    assert Columns.of(frame, "whole", "absent").to_frame().columns.tolist() == ["whole"]


def test_what_a_list_does_not_say_is_missing():
    columns = Columns({"mixed": np.array([1, None, "2", np.nan], dtype=object)})
    np.testing.assert_array_equal(columns.numbers("mixed"), [1, np.nan, np.nan, np.nan])
    assert np.isnan(columns.numbers("absent")).all()
    assert columns.texts("absent").tolist() == columns.coded("absent").texts().tolist()
    assert columns.texts("absent").tolist() == [None] * 4


def test_columns_of_different_length_are_no_table():
    with pytest.raises(ValueError, match="length"):
        Columns({"a": np.zeros(2), "b": np.zeros(3)})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=60), st.sampled_from([41, 1 << 20]))
def test_keys_are_told_apart_either_way(keys, limit):
    found = Keys.of(np.array(keys, dtype=np.int64), limit)
    assert found.unique.tolist() == sorted(set(keys))
    assert found.unique[found.which].tolist() == keys


def test_parts_are_put_together_in_the_order_they_are_said_to_have():
    parts = [
        Columns({"text": Coded.of(["b", None]), "number": np.array([1.5, np.nan])}),
        Columns({"text": Coded.of(["a", "b", "a"]), "number": np.array([2.0, 3.0, 4.0])}),
    ]
    whole = Columns.joined(parts, [np.array([4, 0]), np.array([1, 3, 2])])
    assert whole.texts("text").tolist() == [None, "a", "a", "b", "b"]
    np.testing.assert_array_equal(whole.numbers("number"), [np.nan, 2.0, 4.0, 3.0, 1.5])
    plain = Columns.joined(parts)
    assert plain.texts("text").tolist() == ["b", None, "a", "b", "a"]


def test_columns_and_frames_say_the_same():
    plan = world(80)
    rows = projects((2000, 2000), (3000, 2100), None, shapely.box(2900, 1500, 3100, 1600))
    rows.index = pd.Index(["d", "a", "c", "b"], name="k")
    areas, listed = Columns.of(plan.areas, *AREA), listed_of(rows)
    places, held = Places.within(rows, plan.areas), rows.geometry.notna().to_numpy()
    facts = measure_places(places, listed, areas, plan.definition)
    frame = plan.measure(rows)
    assert_frame_equal(facts.to_frame(rows.index), frame)
    assert_frame_equal(
        judge_facts(facts, plan.definition).to_frame(rows.index), judge(frame, plan.definition)
    )
    told = explain_facts(facts, plan.definition).to_frame()
    told["project"] = rows.index.to_numpy()[told["project"]]
    assert_frame_equal(told, explain(frame, plan.definition), check_column_type=False)
    checked = check_places(places, listed, held, areas, plan.definition, index_of(areas))
    assert_frame_equal(checked.to_frame(rows.index), plan.check(rows))
