"""How the documentation site is built: `sphinx-build -W docs site`. Nothing is fetched."""

from __future__ import annotations

import os

import gisplan

os.environ.setdefault("GISPLAN_LANG", "zh")

project = "gisplan"
author = "gisplan developers"
version = release = gisplan.__version__
language = "zh_CN"

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"gisplan {version}"
html_copy_source = False
html_show_sphinx = False
autosummary_generate = False
