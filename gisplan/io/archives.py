"""Shapefiles in a .zip, copied out under names of our own: no path in an archive is ever used."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from gisplan.errors import ProjectsError
from gisplan.io.rows import Evidence, header_score
from gisplan.io.sheets import check_archive

_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_MOST_MEMBERS: Final = 10_000
_UTF8_NAME: Final = 0x800
Shapefile = dict[str, zipfile.ZipInfo]


@contextmanager
def unpacked_shapefile(
    path: Path, wanted: str | None, evidence: list[Evidence]
) -> Iterator[tuple[Path, str]]:
    """Give the .shp of a zip and its name there, unpacked for as long as the block runs.

    Of several shapefiles the one *wanted* is taken, else the first with names or ids.

    Raises
    ------
    ProjectsError
        Where there is none in it, it is damaged, or it would unpack to far too much.
    """
    check_archive(path, path.name)
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            found = _shapefiles(archive, path)
            name = _choose(archive, found, wanted, path)
            evidence.append(("layer", name))
            left = [other for other in found if other != name]
            if left:
                evidence.append(("layers_left", "、".join(left)))
            yield _unpack(archive, found[name], Path(folder), name), name
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise ProjectsError("projects_broken", file=path.name, reason=error) from None


def _shapefiles(archive: zipfile.ZipFile, path: Path) -> dict[str, Shapefile]:
    """Return the parts of each shapefile by its path without suffix, as people wrote it."""
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise ProjectsError("projects_many_members", file=path.name, limit=_MOST_MEMBERS)
    if any(member.flag_bits & 1 for member in members):
        raise ProjectsError("projects_password", file=path.name)
    parts: dict[str, tuple[str, Shapefile]] = {}
    for member in members:
        place = PurePosixPath(_member_name(member).replace("\\", "/"))
        if place.suffix.lower() in _PARTS and not place.name.startswith("._"):
            key = str(place.with_suffix(""))
            parts.setdefault(key.lower(), (key, {}))[1].setdefault(place.suffix.lower(), member)
    found = {name: held for name, held in parts.values() if ".shp" in held}
    if not found:
        raise ProjectsError("projects_zip", file=path.name)
    return found


def _choose(
    archive: zipfile.ZipFile, found: dict[str, Shapefile], wanted: str | None, path: Path
) -> str:
    if wanted is not None:
        named = [name for name in found if wanted in (name, PurePosixPath(name).name)]
        if len(named) != 1:
            shown = tuple(found)
            raise ProjectsError("projects_no_sheet", file=path.name, sheet=wanted, found=shown)
        return named[0]
    scored = (name for name in found if header_score(_fields(archive, found[name])))
    return next(scored, next(iter(found)))


def _fields(archive: zipfile.ZipFile, parts: Shapefile) -> list[str]:
    """Read the field names at the head of a .dbf."""
    if ".dbf" not in parts:
        return []
    with archive.open(parts[".dbf"]) as member:
        head = member.read(32 + 32 * 2046)
    names = []
    for at in range(32, len(head) - 31, 32):
        if head[at] == 0x0D:
            break
        names.append(_text(head[at : at + 11].split(b"\0")[0]))
    return names


def _unpack(archive: zipfile.ZipFile, parts: Shapefile, folder: Path, name: str) -> Path:
    stem = "".join(c for c in PurePosixPath(name).name if c.isalnum() or c in "-_")[:40] or "layer"
    for suffix, member in parts.items():
        with archive.open(member) as source, (folder / (stem + suffix)).open("wb") as target:
            shutil.copyfileobj(source, target)
    return folder / (stem + ".shp")


def _member_name(member: zipfile.ZipInfo) -> str:
    """Return a name as it was meant: without its flag, Windows wrote GBK and not CP437."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    try:
        return _text(member.filename.encode("cp437"))
    except UnicodeEncodeError:
        return member.filename


def _text(name: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("latin-1")
