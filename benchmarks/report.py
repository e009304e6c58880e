"""How long a siting report takes: python benchmarks/report.py [projects] [jobs].

The projects are synthetic: points over the shipped plan, named 虚构 (synthetic). Each format is
made by the command, as a user would, from a cold start.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gisplan.plan import example_folder, open_plan

CODES = ("R88", "J66", "M73", "F52", "L72", "N78", "")


def synthetic(file: Path, count: int) -> None:
    """Write a list of made-up projects over the study area, one in twenty without a place."""
    west, south, east, north = open_plan().areas.to_crs(4326).total_bounds
    random = np.random.default_rng(20261124)
    x, y = random.uniform(west, east, count), random.uniform(south, north, count)
    with file.open("w", encoding="utf-8-sig", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(
            ["项目编号", "项目名称", "行业代码", "投资额(万元)", "经度", "纬度", "坐标中误差(米)"]
        )
        for k in range(count):
            place = ("", "") if k % 20 == 19 else (f"{x[k]:.6f}", f"{y[k]:.6f}")
            code = CODES[k % len(CODES)]
            rows.writerow([f"S{k + 1:04d}", f"虚构项目{k + 1}", code, 1000 + k, *place, 20])


def _cpu() -> float:
    """Processor seconds of all that was started: what a busy machine does not change."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Print the seconds and the size of each format."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    jobs = sys.argv[2] if len(sys.argv) > 2 else "2"
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "projects.csv"
        synthetic(listed, count)
        for suffix in (".docx", ".html", ".pdf", ".xlsx"):
            target = Path(folder) / f"report{suffix}"
            start, used = time.perf_counter(), _cpu()
            subprocess.run(
                [sys.executable, "-m", "gisplan", "report", str(listed), "-o", str(target),
                 "--plan", str(example_folder()), "--jobs", jobs, "-q"],
                check=True,
            )  # fmt: skip
            took, spent = time.perf_counter() - start, _cpu() - used
            print(f"{count} projects, {jobs} jobs, {suffix}: {took:.1f} s, {spent:.1f} cpu-s, "
                  f"{target.stat().st_size / 1e6:.1f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
