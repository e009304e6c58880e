"""One measurement: in a process of its own, CPU by getrusage, memory by the kernel's peak.

A way of doing a work is a generator. What it does before its first ``yield`` is set-up (imports,
reading, indexes); up to the second one it does the work, whose answer it yields there: a dict of
arrays, digested here, and told how far it is from the truth. Where it yields a third time, that
is a dict of what else it found out, at nobody's cost.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import world

Answer = dict[str, np.ndarray]
ROOT: Final = Path(__file__).resolve().parents[1]
THREADS: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)
_HELPERS: list[int] = []
"""Processes of a server that works for this one."""


@dataclass(frozen=True)
class Way:
    """One way of doing a work.

    Parameters
    ----------
    call
        ``call(size)``: the generator.
    needs
        Libraries it imports, or ``postgis``; where one is missing, that is told.
    share
        Part of the size it is run on: a slow peer does less, and its cost is given per unit.
    most
        Largest size it is run on.
    exact
        Whether its numbers have to be those of GEOS to the last bit.
    """

    call: Callable[[int], Iterator[Any]]
    needs: tuple[str, ...] = ()
    share: float = 1.0
    most: int = 10**9
    exact: bool = False
    fixed: int = 0
    """Size it is run on whatever is asked for: a point of a curve."""
    environ: dict[str, str] = field(default_factory=dict)

    def size(self, size: int) -> int:
        """Return how many it is run on where *size* are asked for."""
        return self.fixed or max(min(int(size * self.share), self.most), 1)


@dataclass(frozen=True)
class Work:
    """What is done, by whom, and what is true.

    ``truth`` is called with a size and gives the answer of plain GEOS for the first of them,
    however few; with ``relative`` a difference is told as a part of the true value. ``unit``
    names what a size counts.
    """

    ways: dict[str, Way]
    truth: Callable[[int], Answer] | None = None
    unit: str = "point"
    relative: bool = False
    sizes: tuple[int, int] = (1_000_000, 20_000)
    """Size of the whole run, and of a quick one."""


def missing(way: Way) -> str:
    """Return what a way needs that is not installed, or ''."""
    for name in way.needs:
        if name == "postgis":
            if not shutil.which("initdb") and not list(
                Path("/usr/lib/postgresql").glob("*/bin/initdb")
            ):
                return name
        elif importlib.util.find_spec(name) is None:
            return name
    return ""


def cpu() -> float:
    """CPU seconds of this process, of those it waited for, and of a server that helps it."""
    total = sum(map(_cpu_of, _HELPERS))
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


def also(pid: int) -> None:
    """Count a server's process from now on."""
    _HELPERS.append(pid)


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak() -> float:
    """Peak of the memory in use, MB: of this process and a server's that helps it.

    Not ``ru_maxrss``, which a child takes over from the process that started it.
    """
    return sum(_high(pid) for pid in ("self", *map(str, _HELPERS)))


def _high(pid: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def digests(answer: Answer, sizes: list[int]) -> dict[str, str]:
    """Return a digest of the first numbers of an answer, for each of the sizes it has."""
    found = {}
    for size in sizes:
        if size <= min(one.shape[-1] for one in answer.values()):
            held = hashlib.sha256()
            for name in sorted(answer):
                # Adding 0 makes -0 and 0 the same.
                held.update(np.ascontiguousarray(answer[name][..., :size] + 0).tobytes())
            found[str(size)] = held.hexdigest()[:16]
    return found


def differing(answer: Answer, truth: Answer, relative: bool) -> tuple[int, float]:
    """Return how many values differ in any bit, and the largest difference of a number."""
    wrong, most = 0, 0.0
    for name, true in truth.items():
        size = min(true.shape[-1], answer[name].shape[-1])
        found, wanted = answer[name][..., :size], true[..., :size]
        wrong += int((found != wanted).sum())
        if found.dtype.kind == "f":
            apart = np.abs(found - wanted) / (wanted if relative else 1.0)
            most = max(most, float(apart.max(initial=0)))
    return wrong, most


def perform(work: Work, name: str, size: int, sizes: list[int]) -> dict[str, Any]:
    """Do a work in this process and tell what it took."""
    way = work.ways[name]
    started, clock = cpu(), time.perf_counter()
    steps = way.call(way.size(size))
    next(steps)
    spent, ready, ready_clock = world.SPENT[0], cpu(), time.perf_counter()
    answer = next(steps)
    took, wall, high = cpu() - ready, time.perf_counter() - ready_clock, peak()
    told = {
        "size": way.size(size), "start": started, "setup": ready - started - spent, "cpu": took,
        "wall": wall, "wall_setup": ready_clock - clock, "peak": high,
    }  # fmt: skip
    told |= next(steps, None) or {}
    if answer:
        told["digests"] = digests(answer, sizes)
        if work.truth is not None:
            told["wrong"], told["apart"] = differing(
                answer, work.truth(way.size(size)), work.relative
            )
    steps.close()
    return told


def run_apart(topic: str, name: str, size: int, sizes: list[int], way: Way) -> dict[str, Any]:
    """Do one measurement in a new process."""
    line = [sys.executable, "-m", "benchmarks", "--one", topic, name, str(size)]
    load = os.getloadavg()[0]
    environ = {**os.environ, **THREADS, **way.environ}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's Python keeps what it compiled
    ran = subprocess.run(
        [*line, *map(str, sizes)], cwd=ROOT, capture_output=True, text=True, check=False,
        env=environ,
    )  # fmt: skip
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"]
        return {"failed": lines[-1][:200]}
    return json.loads(ran.stdout.splitlines()[-1]) | {"load": load}


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one result of several runs: medians of the numbers, all else of the last."""
    good = [one for one in runs if "failed" not in one]
    if not good:
        return runs[-1]
    found = dict(good[-1])
    for name in ("start", "setup", "cpu", "wall", "wall_setup", "peak", "load"):
        values = [one[name] for one in good]
        found[name] = round(statistics.median(values), 6)
    found["spread"] = round(max(one["cpu"] for one in good) / min(one["cpu"] for one in good), 3)
    return found | {"runs": len(good)}
