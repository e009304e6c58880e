"""What the check itself has to say of a project, besides what its list said: issue codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisplan.terms import ASSUMED, SEPARATOR, UNMEASURED, Shape


def note_issues(known: pd.Series | None, held: NDArray[np.bool_], facts: pd.DataFrame) -> Any:
    """Join the issues of intake with what the check had to assume, rows that are alike once.

    Parameters
    ----------
    known
        Issue codes of intake joined by ``|``, or ``None``.
    held
        Which projects have a geometry, measurable or not.
    facts
        What `gisplan.siting.measure` returns.
    """
    measured = (facts["shape"] != Shape.NONE.value).to_numpy()
    guessed = facts["accuracy_assumed"].to_numpy() & measured
    said = pd.Series("", index=facts.index) if known is None else known.astype("str").fillna("")
    which, unique = pd.factorize(said)
    rows, alike = np.unique(4 * which + 2 * guessed + (held & ~measured), return_inverse=True)
    words = [
        SEPARATOR.join(
            filter(None, (unique[row // 4], ASSUMED * bool(row & 2), UNMEASURED * bool(row & 1)))
        )
        for row in rows.tolist()
    ]
    return pd.array(words, dtype="str").take(alike)
