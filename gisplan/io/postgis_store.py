"""Frames -> PostGIS tables: whole or not at all, and only over what gisplan itself wrote."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisplan.errors import StoreError
from gisplan.io.address import Address, Table
from gisplan.io.cellwise import Grid, plain, system
from gisplan.io.postgis import srid_crs
from gisplan.io.postgres import hold, identifier, leave_path, postgis_schema, relation, session
from gisplan.io.provenance import is_record

if TYPE_CHECKING:
    import psycopg

MARK: Final = "gisplan"
"""Key of the table comment that holds the provenance; only such a table is ever replaced."""

KEY_COLUMN, SHAPE_COLUMN = "fid", "geom"
_TAKEN: Final = frozenset(
    (KEY_COLUMN, SHAPE_COLUMN, "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid")
)
_LONGEST: Final = 63


def write_table(
    address: Address, table: Table, frame: gpd.GeoDataFrame, about: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Write a frame as a table, whole or not at all; return columns that got another name.

    A new table is filled, indexed and granted to whom the old one was, and takes its name in
    one transaction: readers see the old or the new one, and so do two writers, of whom the
    last wins. Only a table that gisplan wrote is replaced.

    Parameters
    ----------
    address
        As the user typed it.
    table
        Its schema, or the first of the search path.
    frame
        Any rows; its CRS must be one of EPSG.
    about
        Provenance, kept as the comment of the table.

    Raises
    ------
    StoreError
        With what the database said; the old table is as it was.
    """
    srid = _srid(frame, address, table)
    names = column_names(frame)
    with session(address, address.keywords(), table) as held:
        schemas = leave_path(held)
        schema = table.schema or next(iter(schemas), None)
        if schema is None:
            raise StoreError("store_no_schema", where=address.shown())
        whole = Table(table.name, schema)
        held.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (str(whole),))
        old = _replaceable(held, address, whole)
        new = Table(f"gisplan_{secrets.token_hex(8)}", schema)
        _create(held, address, new, frame, names, srid)
        _fill(held, new, frame, names, srid)
        _finish(held, new, whole, old, about)
    return tuple((str(own), name) for own, name in names.items() if str(own) != name)


def _srid(frame: gpd.GeoDataFrame, address: Address, table: Table) -> int:
    """Return the EPSG code of a frame; a near miss would put a city on another continent."""
    code = pyproj.CRS(frame.crs).to_epsg(100) if frame.crs is not None else None
    if code is None:
        raise StoreError("store_no_code", where=address.shown(table))
    return int(code)


def column_names(frame: gpd.GeoDataFrame) -> dict[Any, str]:
    """Name the columns apart in 63 bytes each, as the database would cut them unasked."""
    taken, names = set(_TAKEN), {}
    for column in (one for one in frame.columns if one != frame.geometry.name):
        plain = str(column).replace("\0", "").encode("utf-8", "replace") or b"column"
        name, count = plain[:_LONGEST].decode("utf-8", "ignore"), 1
        while name in taken:
            count += 1
            end = f" ({count})"
            name = plain[: _LONGEST - len(end)].decode("utf-8", "ignore") + end
        taken.add(name)
        names[column] = name
    return names


def _replaceable(held: psycopg.Connection[Any], address: Address, table: Table) -> int | None:
    """Return the oid of the table that will be replaced, ``None`` where there is none yet."""
    found = relation(held, table)
    if found is None:
        return None
    row = held.execute(
        "SELECT relkind::text, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = %s",
        (found,),
    ).fetchone()
    if row is None or row[0] != "r" or not is_ours(row[1]):
        raise StoreError("store_foreign", where=address.shown(table))
    return found


def _create(
    held: psycopg.Connection[Any], address: Address, new: Table, frame: gpd.GeoDataFrame,
    names: Mapping[Any, str], srid: int,
) -> None:  # fmt: skip
    from psycopg import sql

    postgis = postgis_schema(held, address)
    known = sql.SQL("SELECT 1 FROM {} WHERE srid = %s AND auth_name = 'EPSG' AND auth_srid = %s")
    systems = sql.Identifier(postgis, "spatial_ref_sys")
    if held.execute(known.format(systems), (srid, srid)).fetchone() is None:
        raise StoreError("store_srid_missing", where=address.shown(), srid=srid)
    columns = [sql.SQL("{} bigint PRIMARY KEY").format(sql.Identifier(KEY_COLUMN))]
    columns += [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_type(frame[own])))
        for own, name in names.items()
    ]
    columns.append(
        sql.SQL("{} {}(Geometry, {})").format(
            sql.Identifier(SHAPE_COLUMN), sql.Identifier(postgis, "geometry"), sql.Literal(srid)
        )
    )
    listed = sql.SQL(", ").join(columns)
    held.execute(sql.SQL("CREATE TABLE {} ({})").format(identifier(new), listed))


def _type(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_integer_dtype(column):
        return "bigint"
    if pd.api.types.is_float_dtype(column):
        return "double precision"
    return "timestamp" if pd.api.types.is_datetime64_dtype(column) else "text"


def _fill(
    held: psycopg.Connection[Any], new: Table, frame: gpd.GeoDataFrame,
    names: Mapping[Any, str], srid: int,
) -> None:  # fmt: skip
    from psycopg import sql

    shapes = shapely.set_srid(np.asarray(frame.geometry.array, dtype=object), srid)
    drawn = shapely.to_wkb(shapes, hex=True, include_srid=True, byte_order=1)
    columns = [_cells(frame[own]) for own in names]
    listed = sql.SQL(", ").join(
        sql.Identifier(name) for name in (KEY_COLUMN, *names.values(), SHAPE_COLUMN)
    )
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(identifier(new), listed)
    with held.cursor() as cursor, cursor.copy(query) as copy:
        for row in zip(range(1, len(frame) + 1), *columns, drawn, strict=True):
            copy.write_row(row)


def _cells(column: pd.Series) -> list[Any]:
    missing = column.isna().to_numpy()
    if _type(column) == "text":
        values = [str(one).replace("\0", "").encode("utf-8", "replace").decode() for one in column]
    else:
        values = column.astype("object").tolist()
    return [None if gone else one for gone, one in zip(missing, values, strict=True)]


def _finish(
    held: psycopg.Connection[Any], new: Table, table: Table, old: int | None,
    about: Mapping[str, Any],
) -> None:  # fmt: skip
    """Index and describe the new table, hand on the leave to read it, and give it the name."""
    from psycopg import sql

    name, shape = identifier(new), sql.Identifier(SHAPE_COLUMN)
    held.execute(sql.SQL("CREATE INDEX ON {} USING gist ({})").format(name, shape))
    told = sql.Literal(json.dumps({MARK: dict(about)}, ensure_ascii=False))
    held.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, told))
    held.execute(sql.SQL("ANALYZE {}").format(name))
    if old is not None:
        for right, role in _grants(held, old):
            whom = sql.Identifier(role) if role is not None else sql.SQL("PUBLIC")
            grant = sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(right), name, whom)
            held.execute(grant)
        held.execute(sql.SQL("DROP TABLE {}").format(identifier(table)))
    rename = sql.SQL("ALTER TABLE {} RENAME TO {}")
    held.execute(rename.format(name, sql.Identifier(table.name)))


def _grants(held: psycopg.Connection[Any], oid: int) -> list[tuple[Any, str | None]]:
    return held.execute(
        "SELECT a.privilege_type, r.rolname FROM pg_class c, aclexplode(c.relacl) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE c.oid = %s AND a.grantee <> c.relowner"
        " AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
        (oid,),
    ).fetchall()


def is_ours(comment: str | None) -> bool:
    """Tell by its comment whether a table was written by gisplan."""
    try:
        said = json.loads(comment or "")
    except ValueError:
        return False
    return isinstance(said, dict) and is_record(said.get(MARK))


def read_stored(address: Address, table: Table) -> tuple[dict[str, Any], dict[str, Grid]]:
    """Read a table that gisplan wrote: its provenance, its cells, and the system of its shapes.

    Raises
    ------
    StoreError
        ``store_no_table``, ``store_foreign``, or with what the database said.
    """
    from psycopg import sql

    with session(address, address.keywords(), table) as held:
        held.execute("SET TRANSACTION READ ONLY")
        whole, found = hold(held, address, table)
        named = "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0"
        columns = held.execute(f"{named} AND NOT attisdropped ORDER BY attnum", (found,)).fetchall()
        comment = held.execute("SELECT obj_description(%s, 'pg_class')", (found,)).fetchone()
        told = comment[0] if comment else None
        names = [str(name) for (name,) in columns]
        if not is_ours(told) or not {KEY_COLUMN, SHAPE_COLUMN} <= set(names):
            raise StoreError("store_foreign", where=address.shown(table))
        own = [name for name in names if name not in (KEY_COLUMN, SHAPE_COLUMN)]
        listed: list[Any] = [sql.Identifier(name) for name in own]
        listed.append(sql.SQL("{}::bytea").format(sql.Identifier(SHAPE_COLUMN)))
        query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
            sql.SQL(", ").join(listed), identifier(whole), sql.Identifier(KEY_COLUMN)
        )
        rows = held.execute(query).fetchall()
        shapes = shapely.from_wkb(np.array([*(row[-1] for row in rows), None], dtype=object))[:-1]
        systems = _systems(held, address, table, (found, shapes))
    cells = [[*row[:-1], shape] for row, shape in zip(rows, shapes, strict=True)]
    table_grid = [[plain(cell) for cell in row] for row in ([*own, "geometry"], *cells)]
    return dict(json.loads(str(told))[MARK]), {"verdicts": table_grid, "crs": systems}


def _systems(
    held: psycopg.Connection[Any], address: Address, table: Table, stored: tuple[int, Any]
) -> Grid:
    """Name the system that the column declares and those that its shapes bear: one, if all is well.

    The same numbers under another SRID are places in another county.
    """
    from psycopg import sql

    oid, shapes = stored
    declared = sql.SQL(
        "SELECT {}.postgis_typmod_srid(atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s AND attname = %s"
    ).format(sql.Identifier(postgis_schema(held, address)))
    row = held.execute(declared, (oid, SHAPE_COLUMN)).fetchone()
    held_by = set(shapely.get_srid(shapes[~shapely.is_missing(shapes)]).tolist())
    numbers = sorted({int(row[0]) if row else 0, *held_by})
    names = []
    for number in numbers:
        crs = srid_crs(held, address, table, [number])
        names.append("—" if crs is None else system(gpd.GeoDataFrame(geometry=[], crs=crs))[0][0])
    return [[", ".join(names)]]
