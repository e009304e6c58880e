"""A PostgreSQL with PostGIS of the tests' own: on loopback, in a temporary folder, thrown away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "s3cret-虚构"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)


@dataclass
class Server:
    """Where it listens, and how to ask it as its owner."""

    port: int
    restart: Callable[[], object] = lambda: None

    def url(self, table: str = "", *, user: str = "dbrole7", database: str = "plan") -> str:
        end = f"/{table}" if table else ""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}{end}"

    def connect(self, user: str = "dbrole7", **more: Any) -> Any:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname="plan", user=user, password=PASSWORD,
            autocommit=True, **more,
        )  # fmt: skip

    def ask(self, query: str, *values: object) -> list[Any]:
        with self.connect() as held:
            found = held.execute(query, values or None)
            return found.fetchall() if found.description else []


def log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the tests' password, and nothing that the developer's own environment says."""
    for name in ("PGUSER", "PGHOST", "PGPORT", "PGSERVICE", "PGPASSFILE", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres."""
    named = shutil.which("initdb")
    return PROGRAMS[0].parent if PROGRAMS else Path(named).parent if named else None


@contextmanager
def started() -> Iterator[Server]:
    """Start a server; without one installed, skip loudly, and fail in CI.

    Not in pytest's own folder, which every session closes to all but its owner.
    """
    programs = find_programs()
    if programs is None or not any(
        Path("/usr/share/postgresql").glob("*/extension/postgis.control")
    ):
        why = "no PostgreSQL here: apt-get install postgresql postgresql-15-postgis-3"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    with tempfile.TemporaryDirectory(prefix="gisplan-pg-", ignore_cleanup_errors=True) as name:
        yield from _run(programs, Path(name))


def _run(programs: Path, folder: Path) -> Iterator[Server]:
    data, port = folder / "data", _free_port()
    pwfile = folder / "password"
    pwfile.write_text(PASSWORD, "utf-8")
    whose = _unprivileged(folder)
    run = [programs / "initdb", "-D", data, "-U", "dbrole7", "-A", "scram-sha-256", "-E", "UTF8",
           "--locale=C", "--no-sync", f"--pwfile={pwfile}"]  # fmt: skip
    subprocess.run([str(word) for word in run], check=True, capture_output=True, **whose)
    settings = (
        f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        " -c max_connections=30"
    )
    pg_ctl = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    subprocess.run([*pg_ctl, "-o", settings, "start"], check=True, capture_output=True, **whose)
    again = [*pg_ctl, "-m", "fast", "restart"]

    def restart() -> None:
        # Not a pipe: the new server would inherit it and keep it open.
        subprocess.run(again, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       **whose)  # fmt: skip

    try:
        yield _furnished(Server(port, restart))
    finally:
        subprocess.run([*pg_ctl, "-m", "fast", "stop"], check=True, capture_output=True, **whose)


def _furnished(server: Server) -> Server:
    import psycopg

    with psycopg.connect(
        host="127.0.0.1", port=server.port, dbname="postgres", user="dbrole7", password=PASSWORD,
        autocommit=True,
    ) as held:  # fmt: skip
        held.execute("CREATE DATABASE plan TEMPLATE template0 ENCODING 'UTF8'")
        held.execute("CREATE DATABASE bare TEMPLATE template0 ENCODING 'UTF8'")
    with server.connect() as held:
        # Not in public, as managed servers have it: nothing may lean on the search path.
        held.execute("CREATE SCHEMA extensions")
        held.execute("CREATE EXTENSION postgis SCHEMA extensions")
        held.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        held.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        held.execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC")
    return server


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Root may not start a server: hand the folder to somebody who may."""
    if os.geteuid():
        return {}
    import pwd

    names = [entry.pw_name for entry in pwd.getpwall()]
    who = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, who.pw_uid, who.pw_gid)
    (folder / "password").chmod(0o644)
    return {"user": who.pw_uid, "group": who.pw_gid, "cwd": folder}
