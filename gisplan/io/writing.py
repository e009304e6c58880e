"""The one door through which a file leaves: whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gisplan.errors import OutputError

_ABANDONED: Final = 24 * 3600
"""Seconds after which a half-written file beside a target is what a killed run left."""
_JOURNALS: Final = ("-journal", "-wal", "-shm")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let *write* fill a new file beside *path*, then put it in its place.

    A kill, a full disk or an error in the middle leaves the old file as it was. A link is
    followed: it stays, and the file it names is replaced. A file marked read-only is not.
    What a killed run left beside the target is removed by a later run, a day after.

    Raises
    ------
    OutputError
        Where the folder or the target is read-only, the disk is full, or the target is a
        folder or open in another program.
    """
    final = ready_target(path)
    beside = final.with_name(f".{_stem(final)}-{secrets.token_hex(4)}{final.suffix}")
    try:
        _remove_abandoned(final)
        write(beside)
        sync(beside)
        if final.exists():
            shutil.copymode(final, beside)
        beside.replace(final)
        sync(final.parent)
    except OSError as error:
        raise OutputError("output_folder", path=path, reason=error.strerror or error) from error
    finally:
        for left in (beside, *(beside.with_name(beside.name + end) for end in _JOURNALS)):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def ready_target(path: Path) -> Path:
    """Return the file that is meant, in a folder that exists, refusing what must not be replaced.

    Raises
    ------
    OutputError
        For a folder, a file marked read-only, a circle of links, a folder that cannot be made.
    """
    try:
        final = path.resolve() if path.is_symlink() else path
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if final.exists() and not final.is_file():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        # Replacing asks only the folder for leave; the owner of a read-only file did not mean it.
        if final.exists() and not (final.stat().st_mode & stat.S_IWUSR and os.access(final, 2)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        final.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        # Before Python 3.13 a circle of links is a RuntimeError.
        reason = getattr(error, "strerror", None) or error
        raise OutputError("output_folder", path=path, reason=reason) from error
    return final


def sync(path: Path) -> None:
    """Bring a file, or the list of files in a folder, onto the disk."""
    if path.is_dir() and os.name == "nt":
        return
    with contextlib.ExitStack() as stack:
        flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | getattr(os, "O_BINARY", 0)
        opened = os.open(path, flags)
        stack.callback(os.close, opened)
        try:
            os.fsync(opened)
        except OSError:
            # Network folders refuse it for a folder, where the file itself is safe already.
            if not path.is_dir():
                raise


def _stem(final: Path) -> str:
    """Begin the name of a file on the way; half a character no library would take."""
    return final.stem[:40].encode("utf-8", "ignore").decode("utf-8")


def _remove_abandoned(final: Path) -> None:
    stem, suffix = re.escape(_stem(final)), re.escape(final.suffix)
    ours = re.compile(rf"\.{stem}-[0-9a-f]{{8}}{suffix}(?:-journal|-wal|-shm)?")
    with contextlib.suppress(OSError), os.scandir(final.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > _ABANDONED:
                    with contextlib.suppress(OSError):
                        Path(entry.path).unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""

    def write(beside: Path) -> None:
        beside.write_bytes(content)

    write_whole(path, write)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text, whole or not at all; half a character, from a file name, becomes ``?``."""
    write_bytes(path, content.encode("utf-8", "replace"))
