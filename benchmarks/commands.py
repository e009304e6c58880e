"""What a planner waits for: the command on lists of 300 and 5,000 rows, from a cold process.

Beside it stands what ``import geopandas`` alone costs, which a script would pay first.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import world
from benchmarks.measuring import Way, Work

TITLES = (
    "项目编号",
    "项目名称",
    "行业代码",
    "投资额(万元)",
    "经度",
    "纬度",
    "坐标中误差(米)",
    "备注",
)
CODES = ("R88", "J66", "M73", "F52", "L72", "N78", "")


def make_list(rows: int) -> None:
    """Write a synthetic list of projects over the shipped plan as a workbook."""
    import xlsxwriter

    random = np.random.default_rng(20261124)
    lon, lat = random.uniform(114.30, 114.47, rows), random.uniform(36.0, 36.14, rows)
    path = str(world.scratch() / f"list-{rows}.xlsx")
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, TITLES)
        for at in range(rows):
            place = [round(float(lon[at]), 6), round(float(lat[at]), 6)]
            row = [f"S{at + 1:04d}", f"虚构项目{at + 1}", CODES[at % len(CODES)], 1000 + at]
            sheet.write_row(at + 1, 0, [*row, *place, 20, "-"])


def command(_size: int, line: list[str], *, rows: int = 0) -> Iterator[Any]:
    """Run Python on a line in a new process."""
    if rows:
        path = world.scratch() / f"list-{rows}.xlsx"
        source, target = (
            world.made(path, "commands:make_list", rows),
            world.scratch() / "checked.xlsx",
        )
        line = [*line, str(source), "-o", str(target), "--quiet"]
    yield
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, check=False)
    yield {}
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    yield {"peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


CHECK = ["-m", "gisplan", "check"]
WORKS = {
    "cold": Work(
        {
            "python": Way(partial(command, line=["-c", ""]), fixed=1),
            "import geopandas": Way(partial(command, line=["-c", "import geopandas"]), fixed=1),
            "gisplan --help": Way(partial(command, line=["-m", "gisplan", "--help"]), fixed=1),
            "gisplan check, 300 rows": Way(partial(command, line=CHECK, rows=300), fixed=300),
            "gisplan check, 5000 rows": Way(partial(command, line=CHECK, rows=5000), fixed=5000),
        },
        unit="row",
    ),
}
