"""The same check for lists longer than memory: by batches, or by parts on Dask.

A list is cut into parts of whole row groups. A part is read, checked and written by one
function, wherever it runs; it appears whole or not at all, and a part that is there already
is not made again. So a killed process, or worker, changes nothing but the time.
"""

from __future__ import annotations

from gisplan.bulk.engines import NOTE, check_files, check_partitions
from gisplan.bulk.kernel import Kernel
from gisplan.bulk.outcomes import OutcomesKernel, count_rows, ground_of, outcomes_of
from gisplan.bulk.parts import PART, Part, check_part, parts_of
from gisplan.bulk.twice import Repeated, repeated_ids

__all__ = [
    "NOTE",
    "PART",
    "Kernel",
    "OutcomesKernel",
    "Part",
    "Repeated",
    "check_files",
    "check_part",
    "check_partitions",
    "count_rows",
    "ground_of",
    "outcomes_of",
    "parts_of",
    "repeated_ids",
]
