"""Amounts of money that know what they are of: tax is never added to or compared with revenue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self


@dataclass(frozen=True)
class Amount:
    """Yuan of one measure. Sums and comparisons are of the same measure, or a fault.

    The type checker refuses ``Tax(1) < Revenue(1)``, and so does the program where the
    measure is known only at run time.
    """

    yuan: float
    measure: ClassVar[str] = ""

    def __add__(self, other: Self) -> Self:
        self._same(other)
        return type(self)(self.yuan + other.yuan)

    def __lt__(self, other: Self) -> bool:
        self._same(other)
        return self.yuan < other.yuan

    def __ge__(self, other: Self) -> bool:
        self._same(other)
        return self.yuan >= other.yuan

    def _same(self, other: Amount) -> None:
        if type(self) is not type(other) or not self.measure:
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix")


class Tax(Amount):
    """Tax paid (税收)."""

    measure = "tax"


class Revenue(Amount):
    """Business revenue (营业收入)."""

    measure = "revenue"


class Output(Amount):
    """Output value (产值)."""

    measure = "output"


MEASURES: Final[dict[str, type[Amount]]] = {one.measure: one for one in (Tax, Revenue, Output)}
"""The measures by code."""
