"""The command line: parse, ask the plan one thing, write or print the answer.

One file per group of commands; importing it puts its commands into the group.
"""

from __future__ import annotations

from gisplan.cli import (
    analyses,
    coordinates,
    demo,
    layers,
    maps,
    plans,
    rasters,
    report,
    revision,
    siting,
    stats,
    verify,
)
from gisplan.cli.entry import main

__all__ = [
    "analyses",
    "coordinates",
    "demo",
    "layers",
    "main",
    "maps",
    "plans",
    "rasters",
    "report",
    "revision",
    "siting",
    "stats",
    "verify",
]
