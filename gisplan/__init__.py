"""gisplan: is a project where the plan wants it, how sure is that, and by which clause?

Names are loaded when they are used, so that ``import gisplan`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Plan": "gisplan.plan",
    "open_plan": "gisplan.plan",
    "read_projects": "gisplan.io.projects",
    "intake": "gisplan.io.projects",
    "show": "gisplan.display",
    "GisplanError": "gisplan.errors",
    "PlanError": "gisplan.errors",
    "ProjectsError": "gisplan.errors",
    "CrsError": "gisplan.errors",
}

# Spelled out: a type checker reads no computed list, and a strict one then knows no name.
__all__ = [
    "CrsError",
    "GisplanError",
    "Plan",
    "PlanError",
    "ProjectsError",
    "__version__",
    "intake",
    "open_plan",
    "read_projects",
    "show",
]

if TYPE_CHECKING:
    from gisplan.display import show
    from gisplan.errors import CrsError, GisplanError, PlanError, ProjectsError
    from gisplan.io.projects import intake, read_projects
    from gisplan.plan import Plan, open_plan


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gisplan' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
