"""Pictures for print: the map sheet and the table, in millimetres, by matplotlib alone.

No pyplot and no rcParams: a figure belongs to the caller, and fonts stand on the artists.
"""

from __future__ import annotations

from gisplan.plotting.files import render, save
from gisplan.plotting.sheet import PAPERS, plot
from gisplan.plotting.table import plot_table

__all__ = ["PAPERS", "plot", "plot_table", "render", "save"]
