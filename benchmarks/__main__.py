"""The one command of the benchmarks: us and peers on the same work, checked equal, in one run.

    python -m benchmarks                    every work at its full size (an hour on two cores)
    python -m benchmarks --quick            the same in small (some minutes)
    python -m benchmarks --only facts rings   some works
    python -m benchmarks --all              and the scripts for maps, prints, reports, rasters
    python -m benchmarks --table            print what benchmarks/results.json holds

Each measurement runs in a process of its own, ways in turn, several times over; medians are
kept in benchmarks/results.json with the machine, versions and its load, and docs/scale.md is
written from that file by ``python -m benchmarks.tables``. Peers that are not installed are
listed as such: ``requirements/bench.lock`` has them, for an environment of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import results
from benchmarks.measuring import Work, medians, missing, perform, run_apart
from benchmarks.topics import load_topic, topics
from benchmarks.world import SCRATCH

OTHERS = {
    "print": [], "report": ["60"], "rasters": ["--side", "4000"], "map": ["--sizes", "60", "10000"],
}  # fmt: skip
"""Scripts of their own, with options that keep them short."""


def run(topic: str, work: Work, *, size: int, times: int, only: list[str]) -> list[dict]:
    """Run all ways of a work in turn, and return a row of results for each."""
    ways = {name: way for name, way in work.ways.items() if not only or name in only}
    sizes = sorted({way.size(size) for way in ways.values()})
    runs: dict[str, list[dict]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            lacking = missing(way)
            if lacking:
                runs[name] = [{"failed": f"not installed: {lacking}", "missing": True}]
                continue
            got = run_apart(topic, name, size, sizes, way)
            runs[name].append(got)
            told = got.get("failed") or f"{got['cpu']:.3f} s CPU, {got['peak']:.0f} MB"
            print(f"  {name} ({way.size(size):,}): {told}", file=sys.stderr, flush=True)
    return [
        {"work": topic, "way": name, "unit": work.unit, "exact": ways[name].exact, **medians(got)}
        for name, got in runs.items()
    ]


def main() -> None:
    """Read the options and run what they ask for."""
    read = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    read.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    read.add_argument("--quick", action="store_true", help="small sizes, once")
    read.add_argument("--only", nargs="*", metavar="WORK", help=", ".join(topics()))
    read.add_argument("--ways", nargs="*", default=[], help="some of the ways of those works")
    read.add_argument("--size", type=int, help="how many, instead of the work's own")
    read.add_argument("--times", type=int, default=3, help="runs of each, 3 unless said")
    read.add_argument("--scratch", type=Path, help="folder for data, kept; else a temporary one")
    read.add_argument("--all", action="store_true", help="run the other scripts as well")
    read.add_argument("--table", action="store_true", help="print the results that are there")
    read.add_argument("-o", "--output", type=Path, default=results.FILE)
    asked = read.parse_args()
    if asked.one:
        topic, way, size, *sizes = asked.one
        told = perform(load_topic(topic), way, int(size), [int(one) for one in sizes])
        print(json.dumps(told))
        return
    if asked.table:
        print(results.printed(results.read(asked.output)))
        return
    measure(asked)
    for name, options in OTHERS.items() if asked.all else ():
        print(f"\n**{name}.py**\n", flush=True)
        subprocess.run(
            [sys.executable, Path(__file__).with_name(f"{name}.py"), *options], check=True
        )


def measure(asked: argparse.Namespace) -> None:
    """Run works, keeping what each found as soon as it is done."""
    from benchmarks.databases import server

    with ExitStack() as stack:
        made = asked.scratch or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made.mkdir(parents=True, exist_ok=True)
        os.environ[SCRATCH] = str(made.absolute())
        os.environ["GISPLAN_CACHE"] = "off"
        if asked.only is None or any("postgis" in way.needs for one in asked.only
                                     for way in load_topic(one).ways.values()):  # fmt: skip
            stack.enter_context(server())
        for topic in asked.only or topics():
            work = load_topic(topic)
            size = asked.size or work.sizes[bool(asked.quick)]
            print(f"{topic}, {size:,}", file=sys.stderr, flush=True)
            times = 1 if asked.quick else asked.times
            rows = run(topic, work, size=size, times=times, only=asked.ways)
            held = results.merged(results.read(asked.output), rows, list(work.ways))
            results.write(asked.output, held)
            print(results.printed(held, [topic]), flush=True)


if __name__ == "__main__":
    main()
