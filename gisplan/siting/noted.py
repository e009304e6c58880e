"""What the check itself has to say of a project, besides what its list said: issue codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded, Column, Columns, Keys
from gisplan.terms import ASSUMED, SEPARATOR, UNMEASURED, Shape


def note_issues(known: Column | None, held: NDArray[np.bool_], facts: Columns) -> Coded:
    """Join the issues of intake with what the check had to assume, rows that are alike once.

    Parameters
    ----------
    known
        Issue codes of intake joined by ``|``, or ``None``.
    held
        Which projects have a geometry, measurable or not.
    facts
        What `gisplan.siting.measure_places` returns.
    """
    measured = ~facts.coded("shape").reads(Shape.NONE)
    guessed = facts.array("accuracy_assumed") & measured
    said = Columns({"said": known} if known is not None else {}, facts.rows).coded("said")
    told = (*said.categories, "")
    which = np.where(said.codes < 0, len(told) - 1, said.codes).astype(np.int64)
    alike = Keys.of(4 * which + 2 * guessed + (held & ~measured), 4 * len(told))
    words = [
        SEPARATOR.join(
            filter(None, (told[row // 4], ASSUMED * bool(row & 2), UNMEASURED * bool(row & 1)))
        )
        for row in alike.unique.tolist()
    ]
    return Coded.of(words).take(alike.which)
