"""The address of a database: read, shown without what is secret, kept to hosts that are meant."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from gisplan.errors import StoreError

SCHEMES: Final = ("postgresql", "postgres")
OPTIONS: Final = (
    "service", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "connect_timeout",
)  # fmt: skip
"""What may follow ``?``. Not ``password``, which would stand in files, and not ``host``."""

ALLOWED: Final = "GISPLAN_DATABASE_HOSTS"
"""Environment variable: hosts, with commas, that a plan file may name besides private ones."""

_LONGEST: Final = 63
"""Bytes of a name in PostgreSQL; what is longer would be cut without a word."""


def is_address(text: str) -> bool:
    """Tell whether a text is meant as the address of a database."""
    return text.partition(":")[0].strip().lower() in SCHEMES and "://" in text


@dataclass(frozen=True)
class Table:
    """The name of a table, with its schema where one is given."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: str) -> Table:
        """Read ``table`` or ``schema.table``; every other character is part of the name.

        Raises
        ------
        StoreError
            ``store_table`` for an empty name, two dots, a zero byte, or over 63 bytes.
        """
        schema, dot, name = text.rpartition(".")
        parts = (schema, name) if dot else (name,)
        long = any(len(part.encode("utf-8", "replace")) > _LONGEST for part in parts)
        if not all(parts) or "." in schema or "\0" in text or long:
            raise StoreError("store_table", table=text)
        return cls(name, schema or None)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Address:
    """Where a database is; never its password, which libpq finds for itself.

    ``host``, ``port``, ``database`` and ``user`` are ``""`` where libpq's own environment
    (``PGHOST`` …, ``.pgpass``, a service file) is to say them.
    """

    host: str = ""
    port: str = ""
    database: str = ""
    user: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``postgresql://[user@][host][:port]/[database][?service=…&sslmode=…]``.

        Raises
        ------
        StoreError
            ``store_password`` where a password stands in it, ``store_address`` for anything
            else that is not of this form. Neither repeats what was written.
        """
        address, path = cls._split(text)
        if "/" in path:
            raise StoreError("store_address")
        return cls(address.host, address.port, unquote(path), address.user, address.options)

    @classmethod
    def parse_table(cls, text: str) -> tuple[Address, Table]:
        """Read ``postgresql://host/database/schema.table``, the address of an output.

        Raises
        ------
        StoreError
            As `parse`, and ``store_no_name`` where no table follows the database.
        """
        address, path = cls._split(text)
        database, slash, table = path.partition("/")
        if not slash or not table or "/" in table:
            raise StoreError("store_no_name")
        found = cls(address.host, address.port, unquote(database), address.user, address.options)
        return found, Table.parse(unquote(table))

    @classmethod
    def _split(cls, text: str) -> tuple[Address, str]:
        try:
            parts = urlsplit(text)
            port = str(parts.port or "")
            options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) \
                if parts.query else []  # fmt: skip
        except ValueError:
            raise StoreError("store_address") from None
        names = [name for name, _ in options]
        if parts.password is not None or {"password", "PASSWORD"} & set(names):
            raise StoreError("store_password")
        netloc = parts.netloc.rpartition("@")[2]
        wrong = parts.scheme not in SCHEMES or parts.fragment or "," in netloc or "\0" in text
        if wrong or set(names) - set(OPTIONS) or len(set(names)) != len(names):
            raise StoreError("store_address")
        user = unquote(parts.username or "")
        # Not parts.hostname: the folder of a socket keeps its capitals.
        host = unquote(re.sub(r":\d*$", "", netloc)).strip("[]")
        return cls(host, port, "", user, tuple(sorted(options))), parts.path.removeprefix("/")

    def shown(self, table: Table | str | None = None) -> str:
        """Write the address for people and files: no user, no options."""
        port = f":{self.port}" if self.port else ""
        end = f"/{table}" if table is not None else ""
        return f"postgresql://{self.host}{port}/{self.database}{end}"

    def keywords(self) -> dict[str, str]:
        """Return what libpq is told; what is not said it takes from its environment."""
        said = {"host": self.host, "port": self.port, "dbname": self.database, "user": self.user}
        return {name: value for name, value in said.items() if value} | dict(self.options)

    def within_reach(self) -> dict[str, str]:
        """Return `keywords` for an address that a file names, not the person at the keyboard.

        A plan folder may come from anywhere, and opening it must not call on a stranger: the
        host has to be this machine, a private address, or one that the user's environment
        allows. The address found is the one connected to, whatever the name means later.

        Raises
        ------
        StoreError
            ``store_host`` for any other host, ``store_unknown_host`` for none.
        """
        said = self.keywords()
        if not self.host or self.host.startswith(("/", "@")):
            return said
        allowed = {one.strip().lower() for one in os.environ.get(ALLOWED, "").split(",")}
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except OSError:
            raise StoreError("store_unknown_host", host=self.host) from None
        numbers = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
        near = all(ipaddress.ip_address(number).is_private for number in numbers)
        if not near and self.host.lower() not in allowed:
            raise StoreError("store_host", host=self.host, variable=ALLOWED)
        return {**said, "hostaddr": numbers[0]}

    def redact(self, text: object) -> str:
        """Take user and password out of what a library says, whoever told it them."""
        secrets = (self.user, os.environ.get("PGUSER"), os.environ.get("PGPASSWORD"))
        said = " ".join(str(text).split())
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            said = said.replace(secret, "***")
        return re.sub(r'(user|role) "[^"]*"', r'\1 "***"', said)
