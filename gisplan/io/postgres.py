"""One transaction with a PostgreSQL server: opened, named, and its errors told without secrets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gisplan.errors import MissingExtra, StoreError
from gisplan.io.address import Address, Table

if TYPE_CHECKING:
    import psycopg

SECONDS: Final = 300
"""Seconds that one statement may take."""

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
            held.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            held.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
            yield held
    except psycopg.Error as error:
        code, reason = _code(error), address.redact(error)
        raise StoreError(code, where=address.shown(table), reason=reason, seconds=SECONDS) from None
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
        (errors.QueryCanceled, "store_slow"),
        (errors.OperationalError, "store_lost"),
    )
    return next((code for kind, code in known if isinstance(error, kind)), "store_failed")


def leave_path(held: psycopg.Connection[Any]) -> list[str]:
    """Return the schemas of the search path, and look for nothing there any more.

    Whoever may create a function in one of them could have it called instead of PostgreSQL's
    own, for arguments that fit it better, with our rights (CVE-2018-1058).
    """
    row = held.execute("SELECT pg_catalog.current_schemas(false)").fetchone()
    held.execute("SET LOCAL search_path = pg_catalog, pg_temp")
    return [str(name) for name in row[0]] if row else []


def locate(held: psycopg.Connection[Any], table: Table, path: Sequence[str]) -> Table | None:
    """Return a table with its schema: its own, or the first of the path that has it."""
    schemas = [table.schema] if table.schema else list(path)
    found = (Table(table.name, schema) for schema in schemas)
    return next((one for one in found if relation(held, one) is not None), None)


def relation(held: psycopg.Connection[Any], table: Table) -> int | None:
    """Return the oid of a table; its name is a value here, so it cannot be anything else."""
    row = held.execute(
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s::text AND c.relname = %s::text",
        (table.schema, table.name),
    ).fetchone()
    return int(row[0]) if row else None


def hold(held: psycopg.Connection[Any], address: Address, table: Table) -> tuple[Table, int]:
    """Find a table to read and keep it from being replaced until the transaction ends.

    Returns
    -------
    table, oid
        The table with its schema; all that is asked of it afterwards is of one and the same.

    Raises
    ------
    StoreError
        ``store_no_table``.
    """
    from psycopg import sql

    # Rows that a policy would hide are no rows that are not there: then it is an error.
    held.execute("SET LOCAL row_security = off")
    whole = locate(held, table, leave_path(held))
    if whole is None:
        raise StoreError("store_no_table", where=address.shown(table))
    held.execute(sql.SQL("SELECT FROM {} LIMIT 0").format(identifier(whole)))
    found = relation(held, whole)
    if found is None:
        raise StoreError("store_no_table", where=address.shown(table))
    return whole, found


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
