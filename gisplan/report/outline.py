"""The numbering of headings: 一、（一） in Chinese, 1 and 1.1 in English, annexes apart."""

from __future__ import annotations

from gisplan.io.documents.blocks import Heading
from gisplan.labels import Labels


class Outline:
    """Hands out headings in order, each with its number.

    Only what is written has a number, so a chapter left out leaves no gap.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._chapter = self._section = self._annex = 0

    def chapter(self, key: str) -> Heading:
        """Return the next chapter, titled ``report.<key>``; its anchor is the key."""
        self._chapter, self._section = self._chapter + 1, 0
        digit = self._list("digits")[self._chapter - 1]
        number = self._labels("report.number_chapter", n=digit)
        return Heading(1, self._labels(f"report.{key}"), key, number)

    def section(self, key: str) -> Heading:
        """Return the next section of the chapter, which its number names where that is usual."""
        self._section += 1
        digits, joint = self._list("digits"), self._labels("report.section_of")
        number = digits[self._section - 1]
        if joint:
            number = f"{digits[self._chapter - 1]}{joint}{number}"
        number = self._labels("report.number_section", n=number)
        return Heading(2, self._labels(f"report.{key}"), key, number)

    def annex(self, key: str) -> Heading:
        """Return the next annex."""
        self._annex += 1
        letter = self._list("letters")[self._annex - 1]
        number = self._labels("report.number_annex", letter=letter)
        return Heading(1, self._labels(f"report.{key}"), key, number)

    def _list(self, key: str) -> list[str]:
        return self._labels(f"report.{key}").split()
