"""How often the datum detective is right: systems injected into random synthetic districts.

Run ``python benchmarks/datum.py``; it prints the table of docs/coordinates.md. The rules of
``gisplan/datum.py`` were settled on the seeds of ``--tuning`` alone; the table is made of
districts that they have never seen.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gisplan.crs import WGS84, bd09_from_wgs84, gcj02_from_wgs84, zone_of_meridian
from gisplan.datum import conclude, suspect
from gisplan.definition import PlanDefinition
from gisplan.terms import AREA_COLUMNS

SIZES = (1, 5, 20, 100)
TRUTHS = ("wgs84", "gcj02", "bd09", "swapped", "zone_east")
TUNING, HELD_OUT = 50_000, 1_000_000


class District(NamedTuple):
    """A plan in metres, and whatever else there is to know of its ground."""

    definition: PlanDefinition
    areas: gpd.GeoDataFrame
    width: float


def district(random: np.random.Generator) -> District:
    """Draw a district of 4 to 20 km with zones and corridors, somewhere in China."""
    meridian = int(random.choice(range(87, 130, 3)))
    crs = zone_of_meridian(meridian, 3, prefixed=False).crs
    centre = np.array([500_000 + random.uniform(-120e3, 120e3), random.uniform(2.6e6, 4.9e6)])
    width = float(random.uniform(4_000, 20_000))
    angles = np.sort(random.uniform(0, 2 * np.pi, 24))
    radii = width / 2 * random.uniform(0.6, 1.2, 24)
    outline = Polygon(centre + np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None])
    accuracy = float(random.choice([20, 100, 500]))
    shapes: dict[str, tuple[str, BaseGeometry]] = {"study_area": ("study_area", outline.buffer(0))}
    for at in range(4):
        middle = Point(*random.normal(centre, width / 5))
        shapes[f"zone{at}"] = ("zone", middle.buffer(random.uniform(0.05, 0.12) * width))
    for at in range(3):
        ends = random.normal(centre, width / 3, (2, 2))
        shapes[f"line{at}"] = ("corridor", LineString(ends))
    layer = {"source": "drawn", "accuracy": accuracy, "title": {"zh": "区"}}
    definition = PlanDefinition.model_validate({
        "id": "drawn", "version": "1", "title": {"zh": "区"}, "crs": crs.name,
        "study_area": layer,
        "zones": {key: layer for key in shapes if key.startswith("zone")},
        "corridors": {key: {**layer, "within": 500} for key in shapes if key.startswith("line")},
    })  # fmt: skip
    # The plan's border is a drawing: the true one is displaced by its stated error.
    rows = [
        {"id": key, "kind": kind, "status": "schematic", "accuracy": accuracy, "as_of": pd.NaT,
         "basis": "", "source": "drawn", "sha256": "", "geometry": shape}
        for key, (kind, shape) in shapes.items()
    ]  # fmt: skip
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=crs.crs)[list(AREA_COLUMNS)]
    return District(definition, frame, width)


def batch(
    random: np.random.Generator, place: District, size: int, understated: float = 1.0
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Draw projects at their true places plus error, and landmarks for three in ten of them.

    The border's true error is *understated* times what the plan says of it.
    """
    shape = place.areas.geometry.iloc[0]
    error = float(place.areas["accuracy"].iloc[0]) * understated
    border = shape if not error else _shift(shape, random.normal(0, error / np.sqrt(2), 2))
    west, south, east, north = border.bounds
    towns = random.uniform((west, south), (east, north), (3, 2))
    share = float(random.uniform(0.75, 1.0))
    true = np.array([_one(random, border, towns, share, place.width) for _ in range(size)])
    accuracy = random.choice([30.0, 100.0, 300.0], size)
    noted = true + random.normal(0, 1, (size, 2)) * accuracy[:, None] / np.sqrt(2)
    names = [f"项目{at}" for at in range(size)]
    projects = _frame(noted, names, accuracy, place)
    known = random.random(size) < 0.3
    known[0] = True
    errors = random.choice([50.0, 150.0, 300.0], int(known.sum()))
    seen = true[known] + random.normal(0, 1, (len(errors), 2)) * errors[:, None] / np.sqrt(2)
    wrong = random.random(len(errors)) < 0.05
    seen[wrong] += random.normal(0, 3_000, (int(wrong.sum()), 2))
    return projects, _frame(seen, np.array(names)[known].tolist(), errors, place)


def _shift(shape: BaseGeometry, by: Any) -> BaseGeometry:
    from shapely.affinity import translate

    return translate(shape, *by)


def _one(
    random: np.random.Generator, border: BaseGeometry, towns: Any, share: float, width: float
) -> tuple[float, float]:
    """Draw a true place: half of them round towns, most inside, the rest a little way off."""
    west, south, east, north = border.buffer(width / 3).bounds
    wanted = random.random() < share
    while True:
        if random.random() < 0.5:
            at = random.normal(towns[random.integers(len(towns))], width / 12)
        else:
            at = random.uniform((west, south), (east, north))
        if border.contains(Point(at)) == wanted:
            return float(at[0]), float(at[1])


def _frame(places: Any, names: list[str], accuracy: Any, place: District) -> gpd.GeoDataFrame:
    geometry = gpd.GeoSeries(gpd.points_from_xy(*places.T), crs=place.areas.crs)
    table = {"id": names, "name": names, "accuracy": accuracy}
    return gpd.GeoDataFrame(table, geometry=geometry, crs=place.areas.crs)


def inject(projects: gpd.GeoDataFrame, truth: str) -> gpd.GeoDataFrame:
    """Note the projects in another system, and call it WGS 84 (or the plan's own zone)."""
    if truth == "zone_east":  # drawn in the zone to the east, read in that of the plan
        moved = projects.geometry.to_crs(WGS84).translate(-3.0, 0.0).to_crs(projects.crs)
        return projects.set_geometry(moved)
    degrees = projects.to_crs(WGS84)
    lon, lat = degrees.geometry.x.to_numpy(), degrees.geometry.y.to_numpy()
    lon, lat = {
        "wgs84": lambda: (lon, lat), "swapped": lambda: (lat, lon),
        "gcj02": lambda: gcj02_from_wgs84(lon, lat), "bd09": lambda: bd09_from_wgs84(lon, lat),
    }[truth]()  # fmt: skip
    return degrees.set_geometry(gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=WGS84))


def run(
    seeds: range, sizes: tuple[int, ...] = SIZES, truths: tuple[str, ...] = TRUTHS,
    understated: float = 1.0,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per district, size, landmarks or not, and injected system."""
    records = []
    for seed in seeds:
        for size in sizes:
            random = np.random.default_rng([seed, size])
            place = district(random)
            projects, landmarks = batch(random, place, size, understated)
            for truth in truths:
                noted = inject(projects, truth)
                if truth == "wgs84":  # also in metres, where a neighbouring zone may be feared
                    noted = projects if seed % 2 else noted
                for known in (None, landmarks):
                    table = suspect(noted, place.areas, place.definition, known)
                    call, named = conclude(table)
                    records.append((seed, size, known is not None, truth, call, named))
    columns = ["seed", "n", "landmarks", "truth", "call", "named"]
    return pd.DataFrame(records, columns=columns)


def rates(found: pd.DataFrame) -> pd.DataFrame:
    """Count, per n, landmarks and truth: rightly named, wrongly named, supported, silent."""
    clean = found["truth"] == "wgs84"
    named = found["call"] == "suspected"
    found = found.assign(
        right=named & (found["named"] == found["truth"]),
        wrong=named & (found["named"] != found["truth"]),
        supported=(found["call"] == "supported") & clean,
        reassured=(found["call"] == "supported") & ~clean,
        silent=found["call"] == "cannot_tell",
    )
    groups = found.groupby(["truth", "landmarks", "n"], sort=False)
    table = groups[["right", "wrong", "supported", "reassured", "silent"]].mean()
    return table.assign(batches=groups.size())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--districts", type=int, default=200)
    parser.add_argument("--tuning", action="store_true", help="use the seeds of tuning")
    parser.add_argument(
        "--understated", type=float, default=1.0, help="true error of the border / stated error"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--truths", nargs="+", default=TRUTHS, choices=TRUTHS)
    chosen = parser.parse_args()
    first = TUNING if chosen.tuning else HELD_OUT
    started = time.monotonic()
    found = run(
        range(first, first + chosen.districts),
        tuple(chosen.sizes),
        tuple(chosen.truths),
        chosen.understated,
    )
    table = rates(found)
    sys.stdout.write("| truth | landmarks | n | named rightly | named wrongly | declared supported "
                     "| cannot tell |\n|---|---|---|---|---|---|---|\n")  # fmt: skip
    for (truth, landmarks, size), row in table.iterrows():
        told = row["supported"] + row["reassured"]
        cells = [f"{100 * row[one]:.1f} %" for one in ("right", "wrong")]
        cells += [f"{100 * told:.1f} %", f"{100 * row['silent']:.1f} %"]
        known = "yes" if landmarks else "no"
        sys.stdout.write(f"| {truth} | {known} | {size} | {' | '.join(cells)} |\n")
    seconds = time.monotonic() - started
    sys.stdout.write(f"\n{chosen.districts} districts from seed {first}, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
