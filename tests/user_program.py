"""A user's program under mypy --strict: what `gisplan` gives is typed (see test_packaging)."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

import gisplan


def fragile(folder: Path, listed: Path) -> pd.DataFrame:
    plan = gisplan.open_plan(folder)
    read = gisplan.intake(listed, crs="gcj02")
    projects: gpd.GeoDataFrame = read.projects
    verdicts = plan.check(projects)
    threshold: float = plan.definition.policy.threshold
    return verdicts[verdicts["confidence"] < threshold]


def main() -> None:
    try:
        table = fragile(Path("layers"), Path("layers/projects.csv"))
    except gisplan.GisplanError as error:
        raise SystemExit(str(error)) from error
    shown = gisplan.show(table, language="en")
    print(repr(shown), gisplan.__version__.upper())
    plan = gisplan.open_plan()
    plan.explore(language="en").save("map.html")
    figure = plan.plot(theme="zones", language="en")
    figure.savefig("zones.png")
    revision = gisplan.open_plan("layers/versions/three-zones").diff(plan)
    revision.areas.to_csv("areas.csv")


if __name__ == "__main__":
    main()
