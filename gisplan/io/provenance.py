"""Where each format keeps the provenance of what it holds, written and found again."""

from __future__ import annotations

import hashlib
import html
import json
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeGuard
from urllib.parse import quote
from xml.parsers import expat

from gisplan.errors import GisplanError, VerifyError
from gisplan.io.hashes import input_sha256
from gisplan.io.limits import LIMIT_MB, MEGABYTE, check_archive
from gisplan.io.pdf_properties import pdf_property
from gisplan.io.writing import write_bytes

KEY: Final = "gisplan"
"""Name of the metadata entry in every format that has names for them."""

TAG: Final = "GISPLAN"
"""Name of the tag of a GeoTIFF that holds all of it; other tags tell it piece by piece."""

SIDECAR: Final = ".provenance.json"
"""Ends the name of the file beside a .csv, .shp, .txt or a folder, which have no room for it."""

IN_PARTS: Final = "check_in_parts"
"""The kind of a list that was checked part after part: verified so, too."""

_NESTED: Final = ("layers", "libraries", "projects_read")
"""Facts that hold facts of their own."""

_CHUNK: Final = 240
"""Characters of a custom property, of which Excel keeps 255."""


def provenance_text(facts: Mapping[str, Any]) -> str:
    """Return the provenance as one line of JSON, for whatever text field a format has.

    Half a character, from a file name in another encoding, is written as JSON escapes it.
    """
    told = json.dumps(dict(facts), ensure_ascii=False, allow_nan=False)
    return told.encode("utf-8", "backslashreplace").decode("utf-8")


def picture_text(facts: Mapping[str, Any]) -> str:
    """Return the provenance for a picture or its PDF: all but the day of the run.

    A picture follows from its input alone, so that the same input gives the same bytes on
    any day; the data it rests on are dated by the layers' ``as_of`` and told by their hashes.
    """
    undated = {key: value for key, value in facts.items() if key != "date"}
    if "run_sha256" in undated:
        undated["run_sha256"] = facts_sha256(undated)
    return provenance_text(undated)


def signed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with a hash of them, made anew."""
    return {**facts, "run_sha256": facts_sha256(facts)}


def facts_sha256(facts: Mapping[str, Any]) -> str:
    """Return the hash of what a file records of its run, by which an edited record is seen.

    It leaves out itself and what a sidecar adds of its file.
    """
    own = {name: one for name, one in facts.items() if name not in ("run_sha256", "file_sha256")}
    text = json.dumps(own, ensure_ascii=True, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def custom_properties(facts: Mapping[str, Any]) -> dict[str, str]:
    """Cut the provenance into properties of a workbook or document, named in order."""
    text = provenance_text(facts)
    parts = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    return {f"{KEY}-{at:03d}": part for at, part in enumerate(parts)}


def parquet_metadata(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the entry of a Parquet file that geopandas and pandas give as ``attrs``."""
    return {"PANDAS_ATTRS": json.dumps({KEY: dict(facts)}, allow_nan=False)}


def write_sidecar(path: Path, facts: Mapping[str, Any]) -> Path:
    """Write the provenance beside a file, with the hash of the file it is about."""
    beside = path.with_name(path.name + SIDECAR)
    about = {"file": path.name, "file_sha256": input_sha256(path), "run": dict(facts)}
    text = json.dumps(about, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    write_bytes(beside, text.encode("utf-8", "backslashreplace"))
    return beside


def stamp_page(text: str, facts: Mapping[str, Any]) -> str:
    """Put the provenance into the head of a page, as text that nothing runs."""
    said = html.escape(provenance_text(facts), quote=True)
    head, opened, rest = text.partition("<head>")
    return f'{head}{opened}\n<meta name="{KEY}" content="{said}">{rest}' if opened else text


def read_provenance(path: Path) -> dict[str, Any]:
    """Find the provenance that gisplan wrote into a file, or beside it.

    Raises
    ------
    VerifyError
        ``verify_missing`` without the file; ``verify_silent`` where it holds none, as after
        a program that dropped it; ``verify_broken`` where it cannot be read.
    """
    if not path.exists():
        raise VerifyError("verify_missing", path=path)
    try:
        find = _from_sidecar if path.is_dir() else _FINDERS.get(path.suffix.lower(), _from_sidecar)
        found = find(path)
        facts = json.loads(found) if found else None
    except (OSError, ValueError, KeyError, RecursionError, sqlite3.Error, zlib.error, struct.error,
            zipfile.BadZipFile, expat.ExpatError) as error:  # fmt: skip
        raise VerifyError("verify_broken", path=path, reason=error) from None
    except VerifyError:
        raise
    except GisplanError as error:
        raise VerifyError("verify_broken", path=path, reason=error.word()) from None
    if not is_record(facts):
        raise VerifyError("verify_silent", path=path)
    return facts


def is_record(facts: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether what was found has the form of a provenance: it may be a stranger's text."""
    held = isinstance(facts, dict) and "tool" in facts
    return held and all(isinstance(facts.get(name) or {}, dict) for name in _NESTED)


def _from_workbook(path: Path) -> str:
    check_archive(path, path.name)
    with zipfile.ZipFile(path) as archive:
        if "docProps/custom.xml" not in archive.namelist():
            return ""
        parts = _properties(archive.read("docProps/custom.xml"))
    return "".join(text for name, text in sorted(parts.items()) if name.startswith(f"{KEY}-"))


def _properties(data: bytes) -> dict[str, str]:
    """Return the custom properties of a document; a document type is refused."""
    found: dict[str, str] = {}
    current: list[str] = []

    def start(name: str, values: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "property":
            current[:] = [values.get("name", "")]
            found[current[0]] = ""

    def take(text: str) -> None:
        if current:
            found[current[0]] += text

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "property":
            current.clear()

    def refuse(*_: object) -> None:
        raise ValueError

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = take, refuse
    parser.Parse(data, True)
    return found


def _from_json(path: Path) -> str:
    content = json.loads(_limited(path).decode("utf-8-sig"))
    if path.suffix.lower() == ".geojson":
        return str(content.get("description") or "")
    return json.dumps(content.get("run"))


def _from_geopackage(path: Path) -> str:
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as held:
        tables = held.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_metadata'").fetchall()
        if not tables:
            return ""
        rows = held.execute("SELECT metadata FROM gpkg_metadata ORDER BY id").fetchall()
    mark = re.compile(rf'<MDI key="{KEY}">(.*?)</MDI>', re.DOTALL)
    texts = (mark.search(str(row[0])) for row in rows)
    return next((html.unescape(one[1]) for one in texts if one), "")


def _from_parquet(path: Path) -> str:
    import pyarrow.parquet

    try:
        held = pyarrow.parquet.read_metadata(path).metadata or {}
    except pyarrow.ArrowException as error:
        raise ValueError(error) from None
    return json.dumps(json.loads(held.get(b"PANDAS_ATTRS", b"{}")).get(KEY))


def _from_page(path: Path) -> str:
    found = re.search(rf'<meta name="{KEY}" content="([^"]*)">', _limited(path).decode("utf-8"))
    return html.unescape(found[1]) if found else ""


def _from_svg(path: Path) -> str:
    text = _limited(path).decode("utf-8")
    found = re.search(r"<dc:description>(.*?)</dc:description>", text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def _from_png(path: Path) -> str:
    data = path.read_bytes()
    at = 8
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        name, _, rest = body.partition(b"\0")
        if name != b"Description":
            continue
        if kind == b"tEXt":
            return rest.decode("latin-1")
        if kind == b"iTXt":
            packed, text = rest[0], rest[2:].split(b"\0", 2)[2]
            return (zlib.decompress(text) if packed else text).decode("utf-8")
    return ""


def _from_raster(path: Path) -> str:
    from gisplan.io.grids import read_tag

    return read_tag(path, TAG)


def _from_pdf(path: Path) -> str:
    held = path.read_bytes()
    text = pdf_property(held, KEY) or _from_sidecar(path) or pdf_property(held, "Subject")
    return text if text.startswith("{") else ""


def _from_sidecar(path: Path) -> str:
    beside = path.with_name(path.name + SIDECAR)
    if not beside.is_file():
        return ""
    about = json.loads(beside.read_text("utf-8"))
    if not isinstance(about, dict) or not isinstance(about.get("run"), dict):
        return ""
    return json.dumps({**about["run"], "file_sha256": about["file_sha256"]})


def _limited(path: Path) -> bytes:
    if path.stat().st_size > LIMIT_MB * MEGABYTE:
        raise VerifyError("projects_too_big", file=path.name, limit=LIMIT_MB)
    return path.read_bytes()


_FINDERS: Final = {
    ".xlsx": _from_workbook, ".docx": _from_workbook, ".json": _from_json,
    ".geojson": _from_json, ".gpkg": _from_geopackage, ".parquet": _from_parquet,
    ".html": _from_page, ".svg": _from_svg, ".png": _from_png, ".pdf": _from_pdf,
    ".tif": _from_raster,
}  # fmt: skip
