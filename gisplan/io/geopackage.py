"""What a GeoPackage holds, asked of SQLite read-only before GDAL opens the file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gisplan.errors import ProjectsError
from gisplan.io.wkb import too_deep

_SECONDS: Final = 120
_STEPS: Final = 200_000
"""Instructions of SQLite's machine between two looks at the clock."""
_ENVELOPES: Final = (0, 32, 48, 48, 64)
_TABLES: Final = (
    "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m"
    " ON lower(m.name) = lower(c.table_name)"
    " WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'"
    " AND c.data_type IN ('features', 'attributes') ORDER BY c.rowid"
)
# A view among the tables of the format itself would be run by whoever opens the file.
_VIEWS: Final = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'view'"
    " AND (name LIKE 'gpkg\\_%' ESCAPE '\\' OR name LIKE 'rtree\\_%' ESCAPE '\\')"
)


def list_tables(path: Path) -> dict[str, list[str]]:
    """Return the layers of a GeoPackage that are tables, each with its attribute columns.

    Views and virtual tables are no layers: their rows come from code in the file, which may
    never end or reach for other files.

    Raises
    ------
    ProjectsError
        ``projects_broken`` for a file that SQLite cannot read, ``projects_views`` where a
        table that the format prescribes is a view.
    """
    with _opened(path) as database:
        if database.execute(_VIEWS).fetchone()[0]:
            raise ProjectsError("projects_views", file=path.name)
        names = [str(name) for (name,) in database.execute(_TABLES)]
        shapes = dict(
            database.execute("SELECT lower(table_name), column_name FROM gpkg_geometry_columns")
        )
        return {name: _columns(database, name, shapes.get(name.lower())) for name in names}


def count_rows(path: Path, layer: str) -> int:
    """Count the rows of a layer, and refuse it for a geometry that would end the process.

    Raises
    ------
    ProjectsError
        ``projects_too_deep`` for a geometry nested deeper than any program draws.
    """
    with _opened(path) as database:
        found = database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)",
            (layer,),
        ).fetchone()
        column, table = _quoted(str(found[0])) if found else "NULL", _quoted(layer)
        count = 0
        for (blob,) in database.execute(f"SELECT {column} FROM {table}"):  # noqa: S608  quoted
            count += 1
            if isinstance(blob, bytes) and too_deep(_wkb(blob)):
                raise ProjectsError("projects_too_deep", file=path.name)
    return count


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open without writing anything, not even beside the file, and for a limited time."""
    # A file with a log beside it is open in another program, whose last rows are in the log.
    settled = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    address = f"file:{quote(str(path.absolute()))}?mode=ro{settled}"
    end = time.monotonic() + _SECONDS
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            database.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
            yield database
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter from SQLite's own message
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _columns(database: sqlite3.Connection, table: str, shape: str | None) -> list[str]:
    """Return the attribute columns of a table: all but its key and its geometry."""
    rows = database.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    return [str(name) for _, name, _, _, _, key in rows if not key and name != shape]


def _wkb(blob: bytes) -> bytes:
    """Take the header of a GeoPackage geometry off."""
    kind = (blob[3] >> 1 & 7) if len(blob) > 8 and blob[:2] == b"GP" else 0
    return blob[8 + _ENVELOPES[min(kind, 4)] :] if blob[:2] == b"GP" else blob


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
