"""Doors between files and frames."""
