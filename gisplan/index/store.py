"""Compiled areas kept between runs, in the user's cache folder; whatever is odd is built anew.

A file is sealed with the name of what it was made from: copied or renamed to another's, it is odd.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import secrets
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisplan.index.areas import AreaIndex
from gisplan.index.points import Placed
from gisplan.index.segments import Floats, Segments
from gisplan.index.tree import DEPTH, Tree

FOLDER: Final = "GISPLAN_CACHE"
"""Environment variable with the folder to use; ``off`` for none."""

_FORMAT: Final = b"gisplan index 2\n"
_TREE: Final = b"gisplan tree 3\n"
_HEAD, _ALIGNED = 64, 64
"""Bytes before what lies where, and of which each array begins at a multiple."""
_WORTH: Final = 300
"""Edges from which reading is quicker than building anew."""
_KEPT: Final = 400
"""Files of a kind that the folder holds; the least recently used go first."""
_ARRAYS: Final = ".cells"
_NEAR, _ANYWHERE = 16, 8
"""Places where GEOS is asked whether an index is right: it goes over every edge each time."""
_ODD: Final = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError,
    MemoryError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file can raise that is not what it says, whoever wrote it."""


class Store:
    """A folder of compiled areas, one file each, named by the hash of what it was made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> Store | None:
        """Return the user's own, by the rules of the platform, or ``None`` if switched off."""
        asked = os.environ.get(FOLDER)
        if asked is not None:
            return None if asked.strip().lower() in ("", "0", "off", "no") else cls(Path(asked))
        try:
            home = Path.home()
        except RuntimeError:
            return None
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = home / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
        return cls(base / "gisplan" / "index")

    def holds(self, area: Any, edges: Segments, frame: Floats) -> bool:
        """Tell whether there is an index of an area; whether it can be trusted, `load` finds."""
        with contextlib.suppress(OSError):
            return len(edges) >= _WORTH and self._path(area, frame).is_file()
        return False

    def load(self, area: Any, edges: Segments, frame: Floats) -> AreaIndex | None:
        """Return the index of an area, ``None`` where there is none that can be trusted."""
        path = self._path(area, frame)
        try:
            if len(edges) < _WORTH or path.stat().st_size > 2**30:
                return None
            tree = _unpacked(np.fromfile(path, dtype=np.uint8), path.stem, frame)
            if tree is None or not _sound(tree, len(edges)):
                return None
        except _ODD:
            return None
        index = AreaIndex(area, edges, tree)
        if not _agrees(index, area, edges, frame):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return index

    def save(self, area: Any, frame: Floats, index: AreaIndex) -> None:
        """Keep an index; a full or read-only disk is no mistake of the user."""
        if index.edges < _WORTH:
            return
        path = self._path(area, frame)
        self._write(path, _packed(index.tree, path.stem))

    def load_arrays(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Return arrays that were kept under a name, ``None`` where there are none, whole."""
        path = self.folder / f"{name}{_ARRAYS}"
        try:
            if path.stat().st_size > 2**30:
                return None
            held = _unsealed(path.read_bytes(), name)
        except _ODD:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return held

    def save_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays under the hash of what they were made from, in 40 digits."""
        self._write(self.folder / f"{name}{_ARRAYS}", _sealed(arrays, name))

    def _write(self, path: Path, content: bytes) -> None:
        beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                beside.write_bytes(content)
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
            self._make_room()

    def _path(self, area: Any, frame: Floats) -> Path:
        made_of = hashlib.sha256(_TREE + frame.tobytes() + shapely.to_wkb(area))
        return self.folder / f"{made_of.hexdigest()[:40]}.idx"

    def _make_room(self) -> None:
        for kind in ("*.idx", f"*{_ARRAYS}"):
            files = sorted(self.folder.glob(kind), key=lambda one: one.stat().st_mtime)
            for old in files[:-_KEPT]:
                old.unlink(missing_ok=True)


def _seal(name: str, content: Any) -> bytes:
    """Hash what a file holds, and whose it is."""
    hashed = hashlib.sha256(name.encode())
    hashed.update(content)
    return hashed.digest()


def _sealed(arrays: Mapping[str, NDArray[Any]], name: str) -> bytes:
    body = io.BytesIO()
    np.savez_compressed(body, **arrays)  # type: ignore[arg-type]
    return _FORMAT + _seal(name, body.getvalue()) + body.getvalue()


def _unsealed(content: bytes, name: str) -> dict[str, NDArray[Any]] | None:
    head = len(_FORMAT)
    digest, body = content[head : head + 32], content[head + 32 :]
    if content[:head] != _FORMAT or _seal(name, body) != digest:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _packed(tree: Tree, name: str) -> bytes:
    """Lay out a tree so that it is read in one go: a hash, what lies where, and the arrays."""
    told, body = {}, b""
    for field, one in tree._asdict().items():
        told[field] = one.dtype.str, one.shape, len(body)
        body += one.tobytes() + bytes(-one.nbytes % _ALIGNED)
    head = json.dumps(told).encode()
    head += b" " * (-len(head) % _ALIGNED)
    sealed = len(head).to_bytes(4, "little") + head + body
    start = _TREE + _seal(name, sealed)
    return start + bytes(_HEAD - 4 - len(start)) + sealed


def _unpacked(content: NDArray[np.uint8], name: str, frame: Floats) -> Tree | None:
    start, sealed = content[: _HEAD - 4].tobytes(), content[_HEAD - 4 :]
    if not start.startswith(_TREE + _seal(name, sealed.data)):
        return None
    size = int.from_bytes(sealed[:4].tobytes(), "little")
    told, body = json.loads(sealed[4 : 4 + size].tobytes()), sealed[4 + size :]
    held = {}
    for field in Tree._fields:
        kind, shape, at = told[field]
        count = math.prod(shape)
        held[field] = np.frombuffer(body, np.dtype(kind), count, at).reshape(shape)
    tree = Tree(**held)
    return tree if np.array_equal(tree.frame, frame) else None


def _sound(tree: Tree, edges: int) -> bool:
    """Tell whether nothing points outside: a look-up in machine code checks no bounds."""
    leaves = len(tree.codes)
    whole = {"codes": "int32", "starts": "int32", "lists": "int32", "side": "int8", "top": "int32"}
    if any(getattr(tree, name).dtype != kind for name, kind in whole.items()):
        return False
    if any(getattr(tree, name).ndim != 1 for name in whole) or not leaves:
        return False
    if len(tree.starts) != leaves + 1 or len(tree.side) != leaves:
        return False
    if tree.level > DEPTH or len(tree.top) != 4**tree.level + 1:
        return False
    ordered = all((np.diff(one) >= 0).all() for one in (tree.codes, tree.starts, tree.top))
    ends = tree.codes[0] == 0 and tree.starts[0] == 0 and tree.starts[-1] == len(tree.lists)
    ends &= tree.top[0] == 0 and tree.top[-1] == leaves and tree.top[-2] < leaves
    inside = len(tree.lists) == 0 or (tree.lists.min() >= 0 and tree.lists.max() < edges)
    return bool(ordered and ends and inside and tree.side.min() >= 0 and tree.side.max() <= 3)


def _agrees(index: AreaIndex, area: Any, edges: Segments, frame: Floats) -> bool:
    """Ask GEOS about some places: a file may be whole and still be wrong."""
    random = np.random.default_rng(len(edges))
    spots = edges.table[random.integers(0, len(edges), _NEAR), :2]
    spots = np.vstack([spots + random.normal(0, frame[2] / 500, (_NEAR, 2)),
                       frame[:2] + random.uniform(0, frame[2], (_ANYWHERE, 2))])  # fmt: skip
    x, y = np.ascontiguousarray(spots.T)
    here = Placed.of(x, y, frame)
    points = shapely.points(spots[here.rows])
    if not np.array_equal(index.distance(here, fast=False), shapely.distance(area, points)):
        return False
    if not edges.polygonal:
        return True
    inside = index.signed(here, fast=False) >= 0
    return bool(np.array_equal(inside, shapely.intersects(area, points)))
