"""Judging in machine code (extra ``fast``): what `gisplan.siting.judge` says, bit for bit.

One project at a time, and only as far as its answer hangs on it: where a rule cannot change the
outcome, its P is not computed. The rules are those of `gisplan.siting.rules` and
`gisplan.siting.judge`, which say why; tests hold the two equal. Members of a set of areas are
bits of a whole number.

All of it is one file, since numba keeps compiled code until the file of a function changes; who
changes ``EDGE`` or the ends of Φ touches this one too. Imported only where there are enough
projects to pay for numba's own start.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from gisplan.siting.measure import EDGE as _EDGE
from gisplan.uncertainty import ALL as _ALL
from gisplan.uncertainty import NONE as _NONE
from gisplan.uncertainty import SETTLED as _SETTLED

_fast = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
_part = numba.njit(nogil=True, fastmath=False, error_model="numpy", inline="always")
"""Of a fast function, put in its place: a call with many arrays costs more than what it does."""

PASS, UNKNOWN, REVIEW, NONE, MISSING, STUDY, LOCATION, FIT, FLOOR = range(9)
"""Positions in ``ranks``: of outcomes, of rules that are not met, and the least of a place."""
_KEPT = 1 << 10
"""Memberships whose consequences are kept; a power of two."""
_GAP = 1e-6
"""Standard errors within which Φ itself is asked whether it reaches a threshold."""
_ROOT = math.sqrt(2)
_NAN = math.nan


@_fast
def phi(z: Any) -> None:
    """Fill an array with Φ of its numbers; see `gisplan.uncertainty.phi`."""
    for i in range(len(z)):
        z[i] = _phi(z[i])


@_part
def _phi(z: float) -> float:
    x = -z / _ROOT
    if x < _ALL:
        return 1.0
    if x > _NONE:
        return 0.0
    return 0.5 * math.erfc(x)


@_part
def _probability(margin: float, sigma: float) -> float:
    if margin != margin:
        return _NAN
    if sigma > 0:
        z = margin / sigma
        # Below, 1 - P is 1 to the last bit, and P is asked for nothing else.
        return 0.0 if z < -_SETTLED else _phi(0.0 if np.isnan(z) else z)
    return 1.0 if margin >= 0 else 0.0


@_part
def _inside(area: int, margin: Any, sigma: Any, which: int, known: Any) -> float:
    """P of being inside an area, computed when it is first asked for."""
    if known[area] < 0:
        known[area] = _probability(margin[area], sigma[area, which])
    return known[area]


@_part
def _most(areas: int, margin: Any, sigma: Any, which: int, known: Any) -> float:
    """Largest P of being inside any of some areas; NaN where none is known."""
    best = _NAN
    for area in range(len(margin)):
        if areas >> area & 1 and margin[area] == margin[area]:
            p = _inside(area, margin, sigma, which, known)
            if not best >= p:
                best = p
    return best


@_part
def _ask(
    member: int, missing: int, fits: int, may: int, stated: int, flags: int, ranks: Any
) -> tuple[int, int]:
    """Ranks of location and industry fit; see `gisplan.siting.rules.met_and_fit`."""
    where = ranks[PASS] if member else ranks[UNKNOWN] if missing else ranks[LOCATION]
    public, may_be_public, silent = flags & 1, flags & 2, flags & 4
    compared = member & stated
    if silent and (compared or missing):
        return where, ranks[MISSING]
    if member & fits:
        return where, ranks[PASS]
    if member & may or (compared and may_be_public):
        return where, ranks[MISSING]
    if compared:
        if (fits | may) & missing:
            return where, ranks[UNKNOWN]
        return where, ranks[NONE] if public else ranks[FIT]
    if stated & ~fits & missing and not public:
        return where, ranks[UNKNOWN]
    return where, ranks[NONE]


@_part
def _fine(rank: int, ranks: Any) -> bool:
    return rank == ranks[PASS] or rank == ranks[NONE]


@_part
def _differs(nominal: int, flipped: int, ranks: Any) -> bool:
    return nominal != flipped and not (_fine(nominal, ranks) and _fine(flipped, ranks))


@_part
def _two_sided(
    at: int, margin: float, sigma: float, bad: int, strict: bool, ranks: Any,
    nominal: Any, flipped: Any, same: Any, shift: Any,
) -> None:  # fmt: skip
    """Answer a rule that is met where its margin is positive."""
    shift[at] = abs(margin)
    if margin != margin:
        nominal[at] = flipped[at] = ranks[UNKNOWN]
        same[at] = _NAN
        return
    met = margin > _EDGE if strict else margin >= 0
    p = _probability(margin, sigma)
    nominal[at], flipped[at] = (ranks[PASS], bad) if met else (bad, ranks[PASS])
    same[at] = 1.0 if sigma == 0 else p if met else 1 - p


@_fast
def _turns(
    own: int, missing: int, fits: int, may: int, stated: int, flags: int, everything: int,
    ranks: Any, turns: Any, members: Any,
) -> None:  # fmt: skip
    """Write down what other memberships change; see `gisplan.siting.rules.elsewhere`.

    ``turns[0]``: how many, and the nominal ranks of location and fit; then per turn how many
    areas are left or entered, whether entered, the other rank, and which of the two answers it
    moves. ``members`` are these areas.
    """
    turns[0, 1], turns[0, 2] = _ask(own, missing, fits, may, stated, flags, ranks)
    pair, count = min(turns[0, 1], turns[0, 2]), 0
    groups = (
        everything, fits, may, stated, fits, may, stated & ~fits & ~may, everything & ~stated
    )  # fmt: skip
    for turn in range(8):
        entered = turn >= 4
        areas = groups[turn] & ((~own & ~missing) if entered else own)
        if not areas:
            continue
        # Any area of a group that is entered stands for all of it: the answer is the same.
        member = own | (areas & -areas) if entered else own & ~groups[turn]
        where, what = _ask(member, missing, fits, may, stated, flags, ranks)
        other = min(where, what)
        moves = int(where != turns[0, 1]) + 2 * int(what != turns[0, 2])
        if other == pair or (_fine(pair, ranks) and _fine(other, ranks)) or not moves:
            continue
        count += 1
        turns[count, 0], turns[count, 1] = 0, int(entered)
        for area in range(members.shape[1]):
            if areas >> area & 1:
                members[count, turns[count, 0]] = area
                turns[count, 0] += 1
        turns[count, 2], turns[count, 3] = other, moves
    turns[0, 0] = count


@_part
def _place(
    turns: Any, members: Any, margin: Any, sigma: Any, which: int, known: Any,
    flipped: Any, same: Any, shift: Any, likeliest: Any, stays: Any,
) -> None:  # fmt: skip
    """Other answers of location and industry fit; see `gisplan.siting.rules.place`.

    Leaving areas is as likely as leaving the surest; entering any, as not staying out of each.
    """
    for at in range(2):
        likeliest[at] = -1.0
        stays[at, 0] = stays[at, 1] = 1.0
    for turn in range(1, turns[0, 0] + 1):
        entered = turns[turn, 1]
        away, most, out = -np.inf, 0.0, 1.0
        for at in range(turns[turn, 0]):
            area = members[turn, at]
            p = _inside(area, margin, sigma, which, known)
            away = max(away, margin[area])
            most = max(most, p)
            out *= 1 - p
        chance = 1 - out if entered else 1 - most
        away = -away if entered else away
        for at in range(2):
            if not turns[turn, 3] >> at & 1:
                continue
            nearer = chance == likeliest[at] and away < shift[1 + at]
            if chance > likeliest[at] or nearer:
                likeliest[at], flipped[1 + at] = chance, turns[turn, 2]
            if not shift[1 + at] <= away:
                shift[1 + at] = away
            stays[at, entered] = min(stays[at, entered], 1 - chance)
    for at in range(2):
        same[1 + at] = stays[at, 1] * stays[at, 0]


@_part
def _decided(rules: int, nominal: Any, flipped: Any, ranks: Any, decisive: Any) -> int:
    """Mark the rules whose other answer alone would change the outcome; return the outcome."""
    least, second, alone = 127, 127, 0
    for at in range(rules):
        if nominal[at] < least:
            least, second, alone = nominal[at], least, 1
        elif nominal[at] == least:
            alone += 1
        elif nominal[at] < second:
            second = nominal[at]
    fine = _fine(least, ranks)
    for at in range(rules):
        others = second if nominal[at] == least and alone == 1 else least
        changed = min(others, flipped[at])
        decisive[at] = (
            changed != least
            and not (fine and _fine(changed, ranks))
            and _differs(nominal[at], flipped[at], ranks)
        )
    return least


@_part
def _together(rules: int, same: Any, decisive: Any) -> tuple[float, float]:
    """P that no decisive rule changes its answer, and the least of their P."""
    place = same[1] if decisive[1] else _NAN
    if decisive[2] and not place <= same[2]:
        place = same[2]
    product, least = 1.0, place
    if place == place:
        product *= place
    for at in range(rules):
        if at in (1, 2) or not decisive[at]:
            continue
        if same[at] == same[at]:
            product *= same[at]
        if not least <= same[at]:
            least = same[at]
    return product, least


@_part
def _doubt(
    rules: int, nominal: Any, flipped: Any, same: Any, decisive: Any, threshold: float, ranks: Any,
    open_: Any,
) -> float:  # fmt: skip
    """Mark the rules that are open, whether or not their doubt matters; return P of them all."""
    shaky, least = _together(rules, same, decisive)
    for at in range(rules):
        open_[at] = _differs(nominal[at], flipped[at], ranks) and (
            same[at] < threshold or (shaky < threshold and same[at] == least)
        )
    return shaky


@_part
def _matter(rules: int, nominal: Any, flipped: Any, open_: Any) -> None:
    """Leave open what matters: where the outcome could go either way, and this could change it."""
    best, worst = 127, 127
    for at in range(rules):
        high = max(nominal[at], flipped[at]) if open_[at] else nominal[at]
        low = min(nominal[at], flipped[at]) if open_[at] else nominal[at]
        best, worst = min(best, high), min(worst, low)
    for at in range(rules):
        low = min(nominal[at], flipped[at])
        open_[at] = open_[at] and best != worst and low < best


@_part
def _how_sure(
    rules: int, outcome: int, nominal: Any, flipped: Any, same: Any, decisive: Any, open_: Any,
    shift: Any, together: float, ranks: Any,
) -> tuple[float, float]:  # fmt: skip
    """P(same) and flip distance of the project; see `gisplan.siting.judge`."""
    standing, firm, doubt, both, flip = _NAN, _NAN, _NAN, _NAN, _NAN
    any_decisive = False
    for at in range(rules):
        p = same[at]
        if nominal[at] == outcome and _differs(nominal[at], flipped[at], ranks):
            standing = p if not standing >= p and p == p else standing
        if open_[at]:
            doubt = p if not doubt >= p and p == p else doubt
        if not decisive[at]:
            continue
        any_decisive = True
        firm = p if not firm <= p and p == p else firm
        if open_[at]:
            both = p if not both <= p and p == p else both
        d = shift[at]
        flip = d if not flip <= d and d == d else flip
    sure = 1.0
    for p in (standing, firm, doubt, both):
        if p == p:
            sure = p
    if any_decisive:
        sure = min(sure, together)
    return sure, flip


@_part
def _sure(
    areas: int, bar: float, threshold: float, margin: Any, sigma: Any, which: int, known: Any
) -> bool:
    """Whether P of being inside any of some areas reaches a threshold.

    ``bar`` is its quantile: beyond it on either side, no P need be computed.
    """
    for area in range(len(margin)):
        if areas >> area & 1 and margin[area] == margin[area]:
            high, low = (bar + _GAP) * sigma[area, which], (bar - _GAP) * sigma[area, which]
            if margin[area] > high and high > 0:
                return True
            near = margin[area] >= low or not low > 0
            if near and _inside(area, margin, sigma, which, known) >= threshold:
                return True
    return False


@_part
def _fact(
    areas: int, everything: int, own: int, missing: int, whole: int, open_: bool,
    bar: float, threshold: float, margin: Any, sigma: Any, which: int, known: Any, ranks: Any,
) -> int:  # fmt: skip
    """Answer one half of the location condition; see `gisplan.siting.judge`."""
    settled = whole == ranks[PASS] and not open_
    unproven = whole == ranks[UNKNOWN] and missing != 0
    if unproven and not open_ and areas & missing:
        return ranks[UNKNOWN]
    if not (settled or open_ or unproven):
        return whole
    met = own & areas != 0
    if open_:
        to_review = met
        if not own:
            p = _most(areas, margin, sigma, which, known)
            p = 0.0 if np.isnan(p) else p
            most = _most(everything, margin, sigma, which, known)
            to_review = p >= (0.0 if np.isnan(most) else most) or p > 1 - threshold
        if to_review:
            return ranks[REVIEW]
    if not met:
        return ranks[NONE]
    if _sure(areas, bar, threshold, margin, sigma, which, known):
        return ranks[PASS]
    if settled and not _sure(everything & ~areas, bar, threshold, margin, sigma, which, known):
        return ranks[PASS]
    return ranks[NONE]


@_part
def _alike(
    many: int, good: int, bad: int, rules: int, nominal: Any, flipped: Any, same: Any, shift: Any
) -> int:
    """Let one rule, or two, stand for all that are certain and answer alike; how many are there."""
    for _ in range(0 if not many else 1 if not many & (many - 1) else 2):
        nominal[rules], flipped[rules], same[rules], shift[rules] = good, bad, 1.0, _NAN
        rules += 1
    return rules


@_fast
def judge(  # noqa: C901
    ruled: Any, values: Any, live: Any, below: Any, sigmas: Any, which: Any,
    located: Any, classes: Any, wanted: Any, stated: int, within: Any, zones: int, unmet: Any,
    kinds: Any, bar: float, threshold: float, ranks: Any, codes: Any, numbers: Any, keys: Any,
) -> None:  # fmt: skip
    """Judge every project.

    Parameters
    ----------
    ruled, values
        Margins to the study area and to constraints; margins to zones, then distances to
        corridors: areas by projects, metres.
    live, below
        See `gisplan.siting.nearby.Near`.
    sigmas, which
        Errors across the edges, of the ruled, then of zones and corridors, by different
        accuracies, and which each project has.
    located, classes, wanted, stated
        Who has a place; which industry codes each has, and per codes the bits of the areas
        that want them, that may, and what else is known of them; the areas that say.
    within, zones, unmet, kinds, bar, threshold, ranks
        Of the plan: ``unmet`` the ranks of the ruled where they are not met, ``kinds`` bits of
        the constraints by that rank, ``bar`` the quantile of the threshold, ``ranks`` as the
        constants above.
    codes, numbers, keys
        Filled: ranks of outcome, nominal and rules; confidence, flip distance, zone margin,
        corridor distance; bits of zones, of corridors, of reasons.
    """
    areas, most = len(values), 2 + len(ruled) + 4 * len(kinds)
    everything, in_zones = (1 << areas) - 1, (1 << zones) - 1
    nominal, flipped = np.zeros(most, np.int64), np.zeros(most, np.int64)
    same, shift = np.zeros(most), np.zeros(most)
    decisive, open_ = np.zeros(most, np.bool_), np.zeros(most, np.bool_)
    rule = np.zeros(most, np.int64)
    margin, known = np.zeros(areas), np.zeros(areas)
    likeliest, stays = np.zeros(2), np.zeros((2, 2))
    seen, turns = np.full((_KEPT, 3), -1), np.zeros((_KEPT, 9, 4), np.int16)
    members = np.zeros((_KEPT, 9, areas), np.int8)
    sigma = sigmas[len(ruled) :]
    constraints = (1 << len(ruled)) - 2
    codes[6:] = ranks[PASS]
    for i in range(len(live)):
        w, own, missing, near = which[i], 0, 0, 0
        best, nearest = _NAN, _NAN
        for a in range(areas):
            value = values[a, i]
            known[a] = -1.0
            m = value if a < zones else within[a] - value
            m = 0.0 if abs(m) <= _EDGE else m
            margin[a] = m
            own |= int(m >= 0) << a
            missing |= int(m != m) << a
            if a < zones:
                best = m if not best >= m and m == m else best
            else:
                nearest = value if not nearest <= value and value == value else nearest
        for a in range(zones, areas):
            near |= int(values[a, i] <= nearest + _EDGE) << (a - zones)
        fits, may = wanted[0, classes[i]], wanted[1, classes[i]]
        flags = wanted[2, classes[i]]
        # The rules without the place first: where they settle it, the place need not be asked.
        _two_sided(
            0, ruled[0, i], sigmas[0, w], unmet[0], False, ranks, nominal, flipped, same, shift
        )
        rules, c, rest = 3, 1, (live[i] & constraints) >> 1
        while rest:
            if rest & 1:
                _two_sided(
                    rules, ruled[c, i], sigmas[c, w], unmet[c], True, ranks,
                    nominal, flipped, same, shift,
                )  # fmt: skip
                rule[rules] = c
                rules += 1
            c, rest = c + 1, rest >> 1
        measured = rules
        sunk = below[i] & constraints
        clear = constraints & ~live[i] & ~sunk
        for k in range(len(kinds)):
            good, bad = ranks[PASS], kinds[k, 0]
            rules = _alike(clear & kinds[k, 1], good, bad, rules, nominal, flipped, same, shift)
            rules = _alike(sunk & kinds[k, 1], bad, good, rules, nominal, flipped, same, shift)
        floor = nominal[0]
        for at in range(3, rules):
            floor = min(floor, nominal[at])
        if located[i]:
            # Few memberships are different: what each leads to is worked out once.
            kept = (own ^ (own >> 7) ^ (classes[i] * 37) ^ (missing * 11)) & (_KEPT - 1)
            if seen[kept, 0] != own or seen[kept, 1] != missing or seen[kept, 2] != classes[i]:
                _turns(
                    own, missing, fits, may, stated, flags, everything, ranks,
                    turns[kept], members[kept],
                )  # fmt: skip
                seen[kept, 0], seen[kept, 1], seen[kept, 2] = own, missing, classes[i]
            where, what = turns[kept, 0, 1], turns[kept, 0, 2]
        else:
            where = what = ranks[UNKNOWN]
        nominal[1] = flipped[1] = where
        nominal[2] = flipped[2] = what
        same[1] = same[2] = 1.0
        shift[1] = shift[2] = _NAN
        firm, together = False, 1.0
        if floor < ranks[FLOOR]:
            _decided(rules, nominal, flipped, ranks, decisive)
            together = _doubt(rules, nominal, flipped, same, decisive, threshold, ranks, open_)
            for at in range(rules):
                firm |= not open_[at] and nominal[at] < ranks[FLOOR]
        if not firm:
            if located[i]:
                _place(
                    turns[kept], members[kept], margin, sigma, w, known,
                    flipped, same, shift, likeliest, stays,
                )  # fmt: skip
            _decided(rules, nominal, flipped, ranks, decisive)
            together = _doubt(rules, nominal, flipped, same, decisive, threshold, ranks, open_)
        whole = 127
        for at in range(rules):
            whole = min(whole, nominal[at])
        _matter(rules, nominal, flipped, open_)
        outcome = 127
        for at in range(rules):
            outcome = min(outcome, ranks[REVIEW] if open_[at] else nominal[at])
        codes[0, i], codes[1, i] = outcome, whole
        codes[2, i] = ranks[REVIEW] if open_[0] else nominal[0]
        codes[5, i] = ranks[REVIEW] if open_[2] else nominal[2]
        whole_place = ranks[REVIEW] if open_[1] else nominal[1]
        for half in range(2):
            part = in_zones if half == 0 else everything & ~in_zones
            if part == 0 and located[i]:
                codes[3 + half, i] = ranks[NONE]
            else:
                codes[3 + half, i] = _fact(
                    part, everything, own, missing, whole_place, open_[1], bar, threshold,
                    margin, sigma, w, known, ranks,
                )  # fmt: skip
        sure, flip = _how_sure(
            rules, whole, nominal, flipped, same, decisive, open_, shift, together, ranks
        )
        if outcome == ranks[UNKNOWN] or not located[i]:
            sure = flip = _NAN
        numbers[0, i], numbers[1, i], numbers[2, i], numbers[3, i] = sure, flip, best, nearest
        reasons = 0
        for at in range(4):
            reasons |= int(codes[2 + at, i] == outcome) << at
        for at in range(3, measured):
            told = ranks[REVIEW] if open_[at] else nominal[at]
            codes[5 + rule[at], i] = told
            reasons |= int(told == outcome) << (3 + rule[at])
        if outcome == ranks[PASS]:
            reasons |= clear << 3
        if sunk:
            for c in range(1, len(ruled)):
                if sunk >> c & 1:
                    codes[5 + c, i] = unmet[c]
                    reasons |= int(unmet[c] == outcome) << (3 + c)
        if not located[i]:
            reasons = 0
        else:
            reasons |= (outcome + 1) << (len(codes) - 2)
        keys[0, i], keys[1, i], keys[2, i] = own & in_zones, near, reasons
