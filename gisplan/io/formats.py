"""Which suffixes are read, by the kind of reader; nothing else, so that asking costs nothing."""

from __future__ import annotations

from typing import Final

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
DELIMITED: Final = (".csv", ".tsv", ".txt")
VECTORS: Final = (
    ".geojson", ".json", ".gpkg", ".shp", ".zip", ".parquet", ".geoparquet", ".kml", ".kmz",
)  # fmt: skip
