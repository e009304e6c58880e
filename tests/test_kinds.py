"""Values that a format has no kind for: no traceback, and nothing of them is lost."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from gisplan.io.kinds import told
from gisplan.io.projects import intake
from gisplan.io.tables import write_vector
from gisplan.io.workbook import Sheet, write_workbook
from gisplan.labels import Labels

EAST_8 = dt.timezone(dt.timedelta(hours=8))
MORNING = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=EAST_8)
SAID = "2026-01-02T03:04:05+08:00"
ODD = {
    "one zone": (pd.DatetimeIndex([MORNING, None]), SAID),
    "two zones": (np.array([MORNING, MORNING.astimezone(dt.UTC)], object), SAID),
    "micro": (pd.DatetimeIndex(["2026-01-02 03:04:05.123456", None]), "2026-01-02T03:04:05.123456"),
    "span": (pd.to_timedelta(["1 days 02:03:04", None]), "1 days 02:03:04"),
    "decimal": (np.array([Decimal("0.10"), Decimal(7)], object), "0.10"),
    "list": (pd.Series([[1, [2]], None]).to_numpy(), "[1, [2]]"),
    "long": (pd.Series([np.arange(2000), None]).to_numpy(), json.dumps(list(range(2000)))),
    "dict": (pd.Series([{"级": [dt.date(2026, 1, 2)]}, None]).to_numpy(), '{"级": ["2026-01-02"]}'),
    "bytes": (np.array([b"\xd6\xd0", b"a"], object), "b'\\xd6\\xd0'"),
    "month": (pd.period_range("2026-01", periods=2, freq="M"), "2026-01"),
    "mixed": (np.array(["3", 3], object), "3"),
    "whole": (np.array([10**17 + 1, 3]), "100000000000000001"),
    "unsigned": (np.array([2**64 - 1, 3], "uint64"), "18446744073709551615"),
    "ancient": (np.array([dt.date(1850, 3, 4), None], object), "1850-03-04"),
}
NO_VERDICTS = pd.DataFrame({"outcome": ["pass", "fail"]})


def _projects(cells):
    places = [Point(5e5, 4e6), Point(5e5 + 1, 4e6)]
    return gpd.GeoDataFrame({"name": ["甲", "乙"], "own": cells}, geometry=places, crs=4547)


@pytest.mark.parametrize("kind", ODD)
def test_a_sheet_holds_each_kind_of_value_whole(kind, tmp_path):
    """Excel knows no offsets, no day before March 1900 and no sixteenth digit."""
    cells, said = ODD[kind]
    frame = pd.DataFrame({"own": cells})
    write_workbook(tmp_path / "a.xlsx", [Sheet("a", frame)], Labels("zh"), title="a")
    found = openpyxl.load_workbook(tmp_path / "a.xlsx").active["A2"].value
    if kind == "micro":  # a sheet counts thousandths of a second
        assert found == dt.datetime(2026, 1, 2, 3, 4, 5, 123000)
    else:
        assert found == said.replace("T", " ")


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
@pytest.mark.parametrize("kind", ODD)
def test_a_gis_file_holds_each_kind_of_value_whole(kind, suffix, tmp_path):
    """What was written is read as a list of projects would be: as the text a person copies."""
    cells, said = ODD[kind]
    path = tmp_path / f"a{suffix}"
    write_vector(path, _projects(cells), NO_VERDICTS)
    found = intake(path).projects["own"]
    lost = pd.Series(cells).isna()
    if (kind, suffix) == ("micro", ".geojson"):
        assert said in path.read_text("utf-8")  # GDAL reads a date in it, to the millisecond
    else:
        assert found[0] == said
    assert found.isna().tolist() == lost.tolist()


def test_two_offsets_in_one_column_stay_two(tmp_path):
    for suffix in (".gpkg", ".geojson", ".parquet"):
        write_vector(tmp_path / f"a{suffix}", _projects(ODD["two zones"][0]), NO_VERDICTS)
        read = intake(tmp_path / f"a{suffix}").projects["own"].tolist()
        assert read == [SAID, "2026-01-01T19:04:05+00:00"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ).filter(lambda one: isinstance(one, list | dict))
)
def test_nothing_is_left_out_of_a_list(value):
    assert json.loads(told(value)) == value
