"""PostGIS tables -> the layers of a plan, in a transaction that writes nothing."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gisplan.crs import parse_crs
from gisplan.errors import CrsError, StoreError
from gisplan.io.address import Address, Table
from gisplan.io.postgres import hold, identifier, postgis_schema, session
from gisplan.io.wkb import too_deep

if TYPE_CHECKING:
    import psycopg

_MOST_BYTES: Final = 1_000_000_000


class Layer(NamedTuple):
    """A table as read: its geometry in its own CRS, and a hash of that geometry."""

    frame: gpd.GeoDataFrame
    sha256: str


def read_table(address: Address, table: Table, *, where: tuple[str, str] | None = None) -> Layer:
    """Read the geometry of a table or view for a plan, in a transaction that writes nothing.

    Parameters
    ----------
    address
        Named by a plan file, so it must be within reach (`Address.within_reach`).
    table
        Table, view or foreign table with one geometry column.
    where
        Column and the value, as text, that its rows must have.

    Raises
    ------
    StoreError
        With what the database said, never with a user's name or password.
    MissingExtra
        Without psycopg.
    """
    with session(address, address.within_reach(), table) as held:
        held.execute("SET TRANSACTION READ ONLY")
        whole, found = hold(held, address, table)
        column = _geometry_column(held, address, table, found)
        blobs = _blobs(held, address, whole, column, where)
        shapes, numbers = _shapes(blobs, address, table)
        crs = srid_crs(held, address, table, numbers) if numbers else None
    digest = hashlib.sha256(b"".join(sorted(blobs))).hexdigest()
    return Layer(gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs), digest)


def _geometry_column(
    held: psycopg.Connection[Any], address: Address, table: Table, oid: int
) -> str:
    names = held.execute(
        "SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE a.attrelid = %s AND NOT a.attisdropped AND t.typname IN ('geometry', 'geography')"
        " ORDER BY a.attnum",
        (oid,),
    ).fetchall()
    if len(names) != 1:
        code = "store_many_geometries" if names else "store_no_geometry"
        found = ", ".join(name for (name,) in names)
        raise StoreError(code, where=address.shown(table), found=found or "-")
    return str(names[0][0])


def _blobs(
    held: psycopg.Connection[Any],
    address: Address,
    table: Table,
    column: str,
    where: tuple[str, str] | None,
) -> list[bytes]:
    """Fetch geometries as EWKB; the cast needs no function, whatever schema PostGIS is in."""
    from psycopg import sql

    chosen = sql.SQL("SELECT {}::bytea FROM {}").format(sql.Identifier(column), identifier(table))
    query, values = chosen.as_string(held), None
    if where is not None:
        # The driver looks for places of values in names, too.
        query += sql.SQL(" WHERE {}::text = ").format(sql.Identifier(where[0])).as_string(held)
        query, values = query.replace("%", "%%") + "%s", (where[1],)
    found, size = [], 0
    with held.cursor(name=f"gisplan_{secrets.token_hex(4)}", binary=True) as cursor:
        cursor.itersize = 5000
        for (blob,) in cursor.execute(query.encode(), values):
            if blob is None:
                continue
            size += len(blob)
            if size > _MOST_BYTES:
                raise StoreError("store_too_big", where=address.shown(table))
            found.append(bytes(blob))
    return found


def _shapes(blobs: Sequence[bytes], address: Address, table: Table) -> tuple[Any, list[int]]:
    if any(too_deep(blob) for blob in blobs):
        raise StoreError("store_shape", where=address.shown(table), reason="32+")
    try:
        with np.errstate(invalid="ignore"):
            shapes = shapely.from_wkb(np.array([*blobs, None], dtype=object))[:-1]
    except (shapely.errors.GEOSException, NotImplementedError) as error:
        raise StoreError("store_shape", where=address.shown(table), reason=error) from None
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise StoreError("store_shape", where=address.shown(table), reason="NaN, Infinity")
    return shapes, sorted(set(shapely.get_srid(shapes).tolist()))


def srid_crs(
    held: psycopg.Connection[Any], address: Address, table: Table, numbers: Sequence[int]
) -> pyproj.CRS | None:
    """Return the system of a SRID as this database defines it; ``None`` for SRID 0."""
    from psycopg import sql

    if len(numbers) > 1:
        found = ", ".join(map(str, numbers))
        raise StoreError("store_srids", where=address.shown(table), found=found)
    if numbers[0] == 0:
        return None
    systems = sql.Identifier(postgis_schema(held, address), "spatial_ref_sys")
    row = held.execute(
        sql.SQL("SELECT auth_name, auth_srid, srtext FROM {} WHERE srid = %s").format(systems),
        (numbers[0],),
    ).fetchone()
    try:
        if row and row[0] == "EPSG":
            return parse_crs(int(row[1])).crs
        return pyproj.CRS.from_wkt(row[2]) if row and row[2] else parse_crs(numbers[0]).crs
    except (CrsError, pyproj.exceptions.CRSError):
        raise StoreError("store_srids", where=address.shown(table), found=numbers[0]) from None
