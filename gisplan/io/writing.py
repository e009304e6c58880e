"""The one door through which a file leaves: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from gisplan.errors import OutputError


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let *write* fill a new file beside *path*, then put it in its place.

    A kill, a full disk or an error in the middle leaves the old file as it was.

    Raises
    ------
    OutputError
        Where the folder is missing or read-only, the disk is full, or the target is open
        in another program.
    """
    path = path.resolve() if path.is_symlink() else path
    beside = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}{path.suffix}")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, os.strerror(21), str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise OutputError("output_folder", path=path, reason=error.strerror or error) from error
    finally:
        for left in (beside, beside.with_name(beside.name + "-journal")):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""

    def write(beside: Path) -> None:
        beside.write_bytes(content)

    write_whole(path, write)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))
