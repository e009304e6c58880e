"""What the judge can answer between two bounds of P(same): one outcome, or several.

Mirrors what `gisplan.siting.judge` and `gisplan.siting.rules` compare, with the least and the
largest P that each rule may have; what they do with the answers is their own code. Where a
comparison is open, both answers are followed.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gisplan.columns import Coded
from gisplan.definition import PlanDefinition
from gisplan.siting.judge import Assessment, decides, mattering
from gisplan.siting.rules import (
    LOCATION,
    Answer,
    Bools,
    Floats,
    Membership,
    Ranks,
    differs,
    elsewhere,
    is_fine,
    met_and_fit,
    wanted,
    worst_of,
)
from gisplan.terms import Outcome, Rule

_CLOSE: Final = 1e-9
"""Probabilities nearer to each other than this are not told apart."""


def said(codes: str | None, rows: int) -> Coded:
    """Say the same codes, or none, in every row."""
    return Coded(np.full(rows, -1, dtype=np.int8), ()) if codes is None else Coded.always(
        codes, rows
    )  # fmt: skip


def outcome_between(
    near: Assessment, far: Assessment, industry_codes: str | None, plan: PlanDefinition
) -> Ranks:
    """Rank of the one outcome that is possible between the bounds; -1 where there are several.

    *near* is the assessment where every P(same) is least, *far* where it is largest.
    """
    counting = [a for a in near.answers if a.counts]
    nominal = worst_of([a.nominal for a in counting])
    settled = np.ones(len(nominal), dtype=bool)
    firm = np.ones(len(nominal))
    for a, b in zip(near.answers, far.answers, strict=True):
        settled &= a.nominal == b.nominal
        firm *= np.where(a.counts & ~np.isnan(a.same), a.same, 1.0)
    found = np.where(settled, nominal, -1).astype(np.int8)
    # Nothing is in doubt where even all rules together are firm.
    at = np.flatnonzero(settled & (firm < plan.policy.threshold + _CLOSE))
    if len(at):
        found[at] = _doubted(_Between(near, far, at), industry_codes, plan)
    return found


class _Between:
    """The answers of some cells at both bounds, and the memberships they rest on."""

    def __init__(self, near: Assessment, far: Assessment, at: NDArray[np.int64]) -> None:
        self.near, self.far = (tuple(_some(a, at) for a in one.answers) for one in (near, far))
        self.members = tuple(
            Membership(m.ids, m.zones, m.margin[at], m.inside[at])
            for m in (near.membership, far.membership)
        )

    def __len__(self) -> int:
        return len(self.near[0].nominal)

    def take(self, at: NDArray[np.int64], flipped: dict[str, int]) -> tuple[Any, Any]:
        """Return the answers of some cells with the other answer of some rules replaced."""
        return tuple(
            [_some(a, at, flipped.get(a.rule)) for a in one] for one in (self.near, self.far)
        )  # type: ignore[return-value]


def _some(answer: Answer, at: NDArray[np.int64], flipped: int | None = None) -> Answer:
    other = answer.flipped[at]
    return Answer(
        answer.rule, answer.nominal[at],
        other if flipped is None else np.full_like(other, flipped),
        answer.same[at], answer.margin[at], answer.counts,
    )  # fmt: skip


def _doubted(between: _Between, industry_codes: str | None, plan: PlanDefinition) -> Ranks:
    """As `outcome_between`, for cells where something may be in doubt."""
    possible, twins = _flips(between, industry_codes, plan)
    least = np.full(len(between), 127, dtype=np.int8)
    most = np.full(len(between), -1, dtype=np.int8)
    ranks = range(len(plan.policy.cascade))
    for where, what in product(ranks, ranks):
        at = np.flatnonzero((possible[0] >> where & 1) & (possible[1] >> what & 1))
        if not len(at):
            continue
        near, far = between.take(at, {LOCATION: where, Rule.INDUSTRY_FIT: what})
        low, high = _range(near, far, twins[at], plan)
        least[at], most[at] = np.minimum(least[at], low), np.maximum(most[at], high)
    return np.where(least == most, least, -1).astype(np.int8)


def _flips(
    between: _Between, industry_codes: str | None, plan: PlanDefinition
) -> tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], Bools]:
    """Other answers of location and industry that may be the likeliest, as bits by rank.

    Also, where the two hang on the same changes, so that their P(same) are the same number.
    """
    near, far = between.members
    rows = len(near.margin)
    want = wanted(said(industry_codes, rows), plan)
    silent = np.full(rows, industry_codes is None)
    nominal = met_and_fit(near.nominal, near, plan, want, silent)
    pair = worst_of(nominal)
    fine, twins = is_fine(pair, plan), np.ones(rows, dtype=bool)
    moves: tuple[list[Any], list[Any]] = ([], [])
    for (member, most, _, _), (_, fewest, _, _) in zip(
        elsewhere(near, want), elsewhere(far, want), strict=True
    ):
        ranks = met_and_fit(member, near, plan, want, silent)
        other = worst_of(ranks)
        changed = (other != pair) & ~(is_fine(other, plan) & fine) & ~np.isnan(most)
        moved = [changed & (one != own) for one, own in zip(ranks, nominal, strict=True)]
        twins &= moved[0] == moved[1]
        for held, one in zip(moves, moved, strict=True):
            held.append((one, most, fewest, other))
    possible = tuple(_likeliest(held, own) for held, own in zip(moves, nominal, strict=True))
    return possible, twins  # type: ignore[return-value]


def _likeliest(moves: list[Any], nominal: Ranks) -> NDArray[np.uint8]:
    """Bits of the ranks that the likeliest of some moves can lead to; the nominal without any."""
    bar = np.full(len(nominal), -1.0)
    for moved, _, fewest, _ in moves:
        bar = np.where(moved, np.fmax(bar, fewest), bar)
    bits = np.zeros(len(nominal), dtype=np.uint8)
    for moved, most, _, other in moves:
        may = moved & (most >= bar - _CLOSE)
        bits |= np.where(may, np.left_shift(1, other), 0).astype(np.uint8)
    return np.where(bits == 0, np.left_shift(1, nominal), bits).astype(np.uint8)


def _range(
    near: list[Answer], far: list[Answer], twins: Bools, plan: PlanDefinition
) -> tuple[Ranks, Ranks]:
    """Worst and best outcome between the bounds, the other answers being given."""
    may, must = _doubts(near, far, twins, plan)
    some, sure = mattering(near, may), mattering(near, must)
    review = np.int8(plan.policy.rank(Outcome.REVIEW))
    worst, best = [], []
    for a in near:
        if not a.counts:
            continue
        alone, both = sure[a.rule], some[a.rule]
        low, high = np.minimum(a.nominal, review), np.maximum(a.nominal, review)
        worst.append(np.where(alone, review, np.where(both, low, a.nominal)))
        best.append(np.where(alone, review, np.where(both, high, a.nominal)))
    return worst_of(worst), worst_of(best)


def _doubts(
    near: list[Answer], far: list[Answer], twins: Bools, plan: PlanDefinition
) -> tuple[list[Bools], list[Bools]]:
    """Tell which rules may be open somewhere between the bounds, and which are open everywhere."""
    threshold = plan.policy.threshold
    counting = [a for a in near if a.counts]
    nominal = worst_of([a.nominal for a in counting])
    decisive = {a.rule: decides(a, counting, nominal, plan) for a in counting}
    low = {a.rule: np.where(decisive[a.rule], a.same, np.nan) for a in near if a.counts}
    high = {a.rule: np.where(decisive[a.rule], a.same, np.nan) for a in far if a.counts}
    together = [_product(one) for one in (low, high)]
    least = np.fmin.reduce(list(high.values()))
    may, must = [], []
    for a, b in zip(near, far, strict=True):
        open_ = differs(a, plan) & a.counts
        shaky = (together[0] < threshold + _CLOSE) & (a.same <= least + _CLOSE)
        may.append(open_ & ((a.same < threshold + _CLOSE) | shaky))
        firmest = (together[1] < threshold - _CLOSE) & _is_least(b, decisive, low, twins)
        must.append(open_ & ((b.same < threshold - _CLOSE) | firmest))
    return may, must


def _product(same: dict[str, Floats]) -> Floats:
    """Product of what decides; location and industry hang on the same edges and count once."""
    place = np.fmin(same[LOCATION], same[Rule.INDUSTRY_FIT])
    rest = [one for rule, one in same.items() if rule not in (LOCATION, Rule.INDUSTRY_FIT)]
    found = np.ones(len(place))
    for one in (place, *rest):
        found = found * np.where(np.isnan(one), 1.0, one)
    return found


def _is_least(
    answer: Answer, decisive: dict[str, Bools], low: dict[str, Floats], twins: Bools
) -> Bools:
    """Tell where P(same) of a rule is the least of all that decide, wherever it may lie."""
    pair = (LOCATION, Rule.INDUSTRY_FIT)
    if answer.rule not in decisive:
        return np.zeros(len(twins), dtype=bool)
    found = decisive[answer.rule].copy()
    for rule, one in low.items():
        if rule == answer.rule:
            continue
        below = np.isnan(one) | (answer.same < one - _CLOSE)
        found &= below | (twins if rule in pair and answer.rule in pair else False)
    return found
