"""What was measured, in benchmarks/results.json: by work and way, with the machine beside it."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import re
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("results.json")
LIBRARIES: Final = (
    "gisplan", "numpy", "shapely", "pyproj", "geopandas", "pandas", "pyarrow", "numba", "dask",
    "distributed", "dask-geopandas", "duckdb", "duckdb-extension-spatial", "sedonadb",
)  # fmt: skip

Results = dict[str, Any]


def machine() -> dict[str, Any]:
    """Describe this machine and the libraries."""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    model = re.search(r"model name\s*: (.*)", told)
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    import gisplan

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "processor": model[1] if model else platform.processor(), "cores": os.cpu_count(),
        "memory_gb": round(memory, 1), "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": versions | {"gisplan": gisplan.__version__},
    }  # fmt: skip


def read(path: Path = FILE) -> Results:
    """Read results, none where there is no file."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {"rows": []}


def write(path: Path, held: Results) -> None:
    """Write results."""
    path.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")


def merged(held: Results, rows: list[dict[str, Any]], order: list[str]) -> Results:
    """Put new rows of a work in the place of old ones, its ways in the *order* of the work."""
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    work = rows[0]["work"]
    new = {row["way"]: row | {"date": today} for row in rows}
    own = {row["way"]: row for row in held["rows"] if row["work"] == work} | new
    told = [own[way] for way in order if way in own]
    works = list(dict.fromkeys([*(row["work"] for row in held["rows"]), work]))
    every = []
    for one in works:
        every += told if one == work else [row for row in held["rows"] if row["work"] == one]
    return {"machine": machine(), "rows": every}


def by_way(held: Results, work: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a work by way."""
    return {row["way"]: row for row in held["rows"] if row["work"] == work}


def agreement(rows: dict[str, dict[str, Any]], way: str) -> str:
    """Tell how a way's answer agrees with plain GEOS, and with another exact way's to the bit."""
    row = rows[way]
    if "digests" not in row:
        return ""
    told = ""
    if "wrong" in row:
        close = row.get("apart", 0) > 0
        told = f"<= {row['apart']:.0e}" if close else f"{row['wrong']:,}"
    same = [
        int(size)
        for other, one in rows.items()
        for size, digest in one.get("digests", {}).items()
        if other != way and row["digests"].get(size) == digest
    ]
    return told + (f" (all of {max(same):,})" if same and not row.get("apart") else "")


def printed(held: Results, works: list[str] | None = None) -> str:
    """Write results as Markdown tables, one for each work."""
    parts = []
    for work in works or list(dict.fromkeys(row["work"] for row in held["rows"])):
        rows = by_way(held, work)
        first = next((row for row in rows.values() if "cpu" in row), {})
        parts.append(
            f"**{work}**, load {first.get('load', 0):.1f}, {first.get('date', '')}\n\n"
            f"| way | {first.get('unit', 'one')}s | set-up, CPU s | CPU s | us each | peak MB "
            "| differing |\n|---|---|---|---|---|---|---|"
        )
        for way, row in rows.items():
            if "cpu" not in row:
                parts.append(f"| {way} | {row['failed']} | | | | | |")
                continue
            each = row["cpu"] / row["size"] * 1e6
            parts.append(
                f"| {way} | {row['size']:,} | {row['start'] + row['setup']:.2f} | {row['cpu']:.3f} "
                f"| {each:.3f} | {row['peak']:.0f} | {agreement(rows, way)} |"
            )
        parts.append("")
    return "\n".join(parts)
