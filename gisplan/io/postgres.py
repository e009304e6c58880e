"""One transaction with a PostgreSQL server: opened, named, and its errors told without secrets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from gisplan.errors import MissingExtra, StoreError
from gisplan.io.address import Address, Table

if TYPE_CHECKING:
    import psycopg

_SECONDS: Final = 300
_PATIENCE: Final = 60
"""Seconds to wait for a table that somebody else holds."""


@contextlib.contextmanager
def session(
    address: Address, keywords: Mapping[str, str], table: Table
) -> Iterator[psycopg.Connection[Any]]:
    """Connect for one transaction; whatever goes wrong in it is one error without secrets."""
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra("store_extra") from error
    said = {"connect_timeout": "10", "client_encoding": "utf8", "application_name": "gisplan"}
    if "PGREQUIREAUTH" not in os.environ and not keywords.get("sslmode", "").startswith("verify-"):
        said["require_auth"] = "!password"  # never a password in clear to an unproved server
    try:
        opened = psycopg.connect(**(said | dict(keywords)))  # type: ignore[arg-type]
    except psycopg.Error as error:
        reason = address.redact(error)
        raise StoreError("store_unreachable", where=address.shown(), reason=reason) from None
    try:
        with opened as held:
            held.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'")
            held.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
            yield held
    except psycopg.Error as error:
        code, reason = _code(error), address.redact(error)
        raise StoreError(code, where=address.shown(table), reason=reason) from None
    finally:
        opened.close()


def _code(error: psycopg.Error) -> str:
    from psycopg import errors

    known: tuple[tuple[Any, str], ...] = (
        (errors.InsufficientPrivilege, "store_denied"),
        (errors.ReadOnlySqlTransaction, "store_denied"),
        (errors.UndefinedTable, "store_no_table"),
        (errors.InvalidSchemaName, "store_no_table"),
        (errors.UndefinedColumn, "store_no_column"),
        (errors.DependentObjectsStillExist, "store_needed"),
        (errors.LockNotAvailable, "store_locked"),
        (errors.QueryCanceled, "store_locked"),
        (errors.OperationalError, "store_lost"),
    )
    return next((code for kind, code in known if isinstance(error, kind)), "store_failed")


def relation(held: psycopg.Connection[Any], table: Table) -> int | None:
    """Return the oid of a table; its name is a value here, so it cannot be anything else."""
    asked = "SELECT to_regclass(format(%s, VARIADIC %s::text[]))::oid"
    parts = [table.schema, table.name] if table.schema else [table.name]
    row = held.execute(asked, ("%I.%I" if table.schema else "%I", parts)).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def postgis_schema(held: psycopg.Connection[Any], address: Address) -> str:
    """Return the schema that PostGIS was put into."""
    row = held.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'postgis'"
    ).fetchone()
    if row is None:
        raise StoreError("store_no_postgis", where=address.shown())
    return str(row[0])


def identifier(table: Table) -> Any:
    """Quote the name of a table."""
    from psycopg import sql

    return sql.Identifier(*filter(None, (table.schema, table.name)))
