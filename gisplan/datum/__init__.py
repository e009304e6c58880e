"""The datum detective: what a batch of places says about the system they were noted in."""

from gisplan.datum.detective import COLUMNS, SUPPORT, THRESHOLD, conclude, suspect

__all__ = ["COLUMNS", "SUPPORT", "THRESHOLD", "conclude", "suspect"]
