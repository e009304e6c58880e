"""Few cases: intervals as published, tests that keep their rate, and how small a p can get."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from gisplan.inference import (
    binomial_cdf,
    clopper_pearson,
    least_p,
    monte_carlo_p,
    multinomial_p,
    wilson,
)

# R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
# Medicine 17 (1998), table I: methods 3 (score, Wilson) and 5 (exact, Clopper-Pearson).
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("x", "n", "score", "exact"), NEWCOMBE)
def test_intervals_are_those_of_newcombe(x, n, score, exact):
    assert wilson(x, n) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(x, n) == pytest.approx(exact, abs=5e-5)


@settings(max_examples=80)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_agree_with_scipy(pair):
    x, n = pair
    told = scipy_stats.binomtest(x, n)
    for own, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        oracle = told.proportion_ci(0.95, method=method)
        assert own(x, n) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


@given(st.integers(1, 40), st.floats(0, 1))
def test_a_share_lies_in_its_interval_and_more_cases_narrow_it(n, part):
    x = part * n
    low, high = wilson(x, n)
    assert 0 <= low <= x / n + 1e-12
    assert x / n - 1e-12 <= high <= 1
    finer = wilson(4 * x, 4 * n)
    assert finer[1] - finer[0] <= high - low + 1e-12


def test_no_case_no_interval():
    assert all(math.isnan(one) for one in (*wilson(0, 0), *clopper_pearson(0, 0)))


def test_half_of_a_coin():
    assert binomial_cdf(1, 2, 0.5) == pytest.approx(0.75)


def test_monte_carlo_p_is_never_nothing_and_counts_ties():
    assert monte_carlo_p(9.0, np.array([1.0, 2.0, 3.0])) == 1 / 4
    assert monte_carlo_p(2.0, np.array([1.0, 2.0, 3.0])) == 3 / 4
    assert monte_carlo_p(0.1 + 0.2, np.array([0.3])) == 1.0  # equal but for rounding


@pytest.mark.parametrize(
    ("sizes", "kinds", "p"),
    [
        ([1, 1], [1, 1], 1 / 2),  # two projects: either way round
        ([3, 3], [3, 3], 1 / 20),  # of 20 ways one is this
        ([4, 1], [3, 2], 1 / 5 * 2),  # three of a kind and one fit together; 6 of 10 or 4 of 10
        ([5], [3, 2], 1.0),  # one zone: nothing to shuffle
    ],
)
def test_the_least_p_of_small_tables_is_arithmetic(sizes, kinds, p):
    assert least_p(sizes, kinds) == pytest.approx(p)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.data(),
)
def test_the_least_p_is_the_rarest_of_all_arrangements(sizes, data):
    n = sum(sizes)
    kinds = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    tables: dict[tuple, int] = {}
    for order in itertools.permutations(range(n)) if n <= 7 else ():
        key = tuple(np.bincount(groups * 3 + np.array(kinds)[list(order)], minlength=9))
        tables[key] = tables.get(key, 0) + 1
    if tables:
        rarest = min(tables.values()) / math.factorial(n)
        counts = [kinds.count(k) for k in set(kinds)]
        assert least_p(sizes, counts) == pytest.approx(rarest)


def test_many_cases_claim_no_bound():
    assert least_p([20, 20], [20, 20]) == 0.0
    assert math.isnan(least_p([], []))


def test_the_multinomial_test_keeps_its_rate_and_sees_what_is_far_off():
    random = np.random.default_rng(3)
    shares = [0.2, 0.3, 0.5]
    values = [
        multinomial_p(list(random.multinomial(12, shares)), shares, seed=5, times=199)
        for _ in range(200)
    ]
    # 200 trials at 5 %: 10 expected, 21 or more has P < 0.001.
    assert sum(value <= 0.05 for value in values) < 21
    assert multinomial_p([12, 0, 0], shares, seed=5, times=999) == 1 / 1000
    assert multinomial_p([1, 0], [0.0, 1.0], seed=5, times=99) == 1 / 100  # cannot be by chance
