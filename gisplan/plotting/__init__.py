"""Pictures for print: the map sheet and the table, in millimetres, by matplotlib alone.

No pyplot and no rcParams: a figure belongs to the caller, and fonts stand on the artists.
"""

from __future__ import annotations

from gisplan.plotting.atlas import Atlas, atlas
from gisplan.plotting.card import plot_project
from gisplan.plotting.files import render, render_pages
from gisplan.plotting.form import PAPERS, Form
from gisplan.plotting.sheet import plot
from gisplan.plotting.table import plot_table
from gisplan.plotting.themes import THEMES

__all__ = [
    "PAPERS",
    "THEMES",
    "Atlas",
    "Form",
    "atlas",
    "plot",
    "plot_project",
    "plot_table",
    "render",
    "render_pages",
]
