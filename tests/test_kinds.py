"""Values that a format has no kind for: no traceback, and nothing of them is lost."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from decimal import Decimal

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
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
    "whole, some missing": (pd.array([10**17 + 1, None], "Int64"), "100000000000000001"),
    "whole, few": (pd.Categorical([7, None]), "7"),
    "half": (np.array([0.5, np.nan], "float16"), "0.5"),
    "sparse": (pd.arrays.SparseArray([0.25, np.nan]), "0.25"),
    "arrow list": (pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int64()))), "[1]"),
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
        assert str(found) == said.replace("T", " ")
        assert isinstance(found, str) or kind in ("whole, few", "half", "sparse")


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


@pytest.mark.parametrize("said", [["[1.10, 2]", "[]"], ['{"a":1,"a":2}', '[1, {"b": null}]']])
def test_text_that_looks_like_json_stays_text_in_geojson(said, tmp_path):
    # GDAL would write a list of numbers: 1.10 became 1.1, a key given twice became one.
    path = tmp_path / "a.geojson"
    write_vector(path, _projects(said), NO_VERDICTS)
    kept = [one["properties"]["own"] for one in json.loads(path.read_text("utf-8"))["features"]]
    assert kept == said


LONG_ID = 410_502_199_001_011_234
"""As long as the number of an identity card; a float would end in 120."""


def test_a_long_id_keeps_its_digits_where_another_row_has_none(tmp_path):
    own = {"name": ["甲馆", "乙馆"], "lon": [114.35, 114.36], "lat": [36.08, 36.09]}
    table = pa.table({**own, "id": pa.array([LONG_ID, None], pa.int64())})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    for path in (tmp_path / "a.parquet", _with_a_gap(tmp_path / "a.gpkg"),
                 _with_a_gap(tmp_path / "a.shp")):  # fmt: skip
        ids = intake(path).projects["id"]
        assert (ids[0], ids.isna().tolist()) == (str(LONG_ID), [False, True]), path.suffix


def _with_a_gap(path):
    """Write a layer and take the second id out of it, as a GIS program would."""
    frame = _projects(["a", "b"]).drop(columns="own").assign(id=np.array([LONG_ID, 7]))
    frame.to_file(path, engine="pyogrio")
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as base:
            for (name,) in base.execute("select name from sqlite_master where type='trigger'"):
                base.execute(f'drop trigger "{name}"')
            base.execute("update a set id = null where id = 7")
            base.commit()
    else:
        data = path.with_suffix(".dbf").read_bytes()
        at = data.rindex(b"7")
        path.with_suffix(".dbf").write_bytes(data[: at - 17] + b"*" * 18 + data[at + 1 :])
    return path
