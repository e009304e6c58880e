"""Files and folders that a result rests on -> sha256, read piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PLAN_FILE: Final = "plan.toml"
_SHAPEFILE: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file of any length."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def input_sha256(path: Path) -> str:
    """Return the sha256 of what was read under a name.

    Of a plan folder that is ``plan.toml`` and every file that it names; of a shapefile its
    parts; of any other folder (a file geodatabase, parts of a long list) all its files, each
    with its name.
    """
    parts = list(_parts(path))
    if parts == [path]:
        return file_sha256(path)
    digest = hashlib.sha256()
    for part in parts:
        name = part.relative_to(path) if path.is_dir() else part.suffix.lower()
        digest.update(f"{name}\0{file_sha256(part)}\0".encode("utf-8", "replace"))
    return digest.hexdigest()


def _parts(path: Path) -> Iterator[Path]:
    if path.is_dir() and (path / PLAN_FILE).is_file():
        yield path / PLAN_FILE
        from gisplan.io.frozen import plan_sources
        from gisplan.io.layers import read_definition

        for source in plan_sources(read_definition(path)):
            if (path / source).is_file():
                yield path / source
    elif path.is_dir():
        yield from (one for one in sorted(path.iterdir()) if one.is_file())
    elif path.suffix.lower() == ".shp":
        from gisplan.io.shapefile import part_beside

        beside = (part_beside(path, suffix) for suffix in _SHAPEFILE)
        yield from (one for one in beside if one is not None)
    else:
        yield path
