"""What ``-o`` may name besides a file: a table of a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gisplan.cli.options import option
from gisplan.labels import Labels

if TYPE_CHECKING:
    from gisplan.io.address import Address, Table
    from gisplan.results import Result, Run


class Store(NamedTuple):
    """A table of a database, as the user typed it."""

    address: Address
    table: Table


class Target(click.ParamType[Any]):
    """A file, or the address of a table; a path would lose one of its slashes."""

    name = "target"

    def convert(self, value: Any, _param: Any, _context: Any) -> Path | Store:
        """Tell an address from a path."""
        from gisplan.io.address import Address, is_address

        if isinstance(value, str) and is_address(value):
            return Store(*Address.parse_table(value))
        return Path(value)


target = option("-o", "--output", key="store", type=Target())
"""``-o``; the command is given ``output``: a path, a `Store` or ``None``."""


def keep(store: Store, result: Result, run: Run, labels: Labels) -> list[str]:
    """Write a result into a table; return what to tell."""
    from gisplan.outputs.siting import save_table

    renamed = save_table(store.address, store.table, result, run, labels)
    where, rows = store.address.shown(store.table), result.judged.rows
    told = [labels("cli.stored", where=where, rows=rows)]
    return told + [labels("cli.store_renamed", own=own, name=name) for own, name in renamed]
