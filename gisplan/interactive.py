"""A plan, or two, and what was said of a list -> the interactive map, with its conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gisplan.explore import explore
from gisplan.map_payload import MapImage, MapLayer, conflict_layers
from gisplan.overlay import zone_pairs

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gisplan.definition import PlanDefinition
    from gisplan.labels import Labels
    from gisplan.map_payload.layers import PlanSide


class Side(NamedTuple):
    """One version of a plan: what it says and where."""

    definition: PlanDefinition
    areas: gpd.GeoDataFrame


def interactive(
    sides: tuple[Side, Side | None],
    said: tuple[gpd.GeoDataFrame | None, pd.DataFrame | None, pd.DataFrame | None],
    labels: Labels,
    *,
    layers: Sequence[MapLayer | MapImage] = (),
    **options: Any,
) -> Any:
    """Draw the interactive map with the overlaps and gaps of the zones, which always belong.

    Parameters
    ----------
    sides
        The plan, and the version to swipe against or ``None``.
    said
        Projects, their verdicts and their rules in words, or ``None`` for each.
    layers
        What else is drawn, above those.
    options
        ``basemap`` and ``review_number`` of `gisplan.explore.explore`.

    Returns
    -------
    PlanMap
        As `gisplan.explore.explore` returns it.
    """
    own, other = sides
    found = [*_conflicts(own, "first", labels, both=other is not None)]
    found += [] if other is None else _conflicts(other, "other", labels, both=True)
    return explore(
        own.definition, own.areas, *said, language=labels.language, other=other,
        layers=(*found, *layers), **options,
    )  # fmt: skip


def _conflicts(side: Side, name: PlanSide, labels: Labels, *, both: bool) -> list[MapLayer]:
    """Where the zones of one version overlap or leave gaps."""
    plan, areas = side.definition, side.areas
    version = plan.version if both else ""
    pairs = zone_pairs(areas, plan)
    return conflict_layers(pairs, areas, plan, labels, plan=name, version=version)
