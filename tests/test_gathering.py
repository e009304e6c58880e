"""Gathering: nearest neighbours and Ripley's K against random siting, in windows of arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, box

from gisplan.pattern.gathering import edge_weights, gathering, nearest_neighbours
from gisplan.pattern.random_siting import Sites, at_same_distance, distances, draws, sites, uniform
from tests.worlds import EAST, NORTH, projects, world

SQUARE = box(0, 0, 1000, 1000)


def placed(points, window=SQUARE, sigma=0.0):
    points = np.asarray(points, dtype=float)
    return Sites(points, np.full(len(points), sigma), window, 0, 0, 0)


def scattered(n, seed):
    return np.random.default_rng(seed).uniform(0, 1000, (n, 2))


def clustered(seed, n=30, spread=40):
    random = np.random.default_rng(seed)
    parents = random.uniform(150, 850, (3, 2))
    return np.clip(parents[np.arange(n) % 3] + random.normal(0, spread, (n, 2)), 0, 1000)


def test_the_edge_weight_of_a_square_is_its_set_covariance():
    # Of the unit square: 1 - 4r/π + r²/π for r <= 1 (Ohser and Stoyan).
    r = np.array([100.0, 250.0])
    expected = 1e6 * (1 - 4 * (r / 1000) / np.pi + (r / 1000) ** 2 / np.pi)
    assert edge_weights(SQUARE, r) == pytest.approx(expected, rel=2e-3)


def test_k_is_unbiased_under_random_siting_up_to_the_edges():
    """L(r) - r of random points is about 0 at every r: the edge correction loses nothing."""
    curves = [gathering(placed(scattered(60, seed)), simulations=19)["l"] for seed in range(40)]
    assert np.abs(np.mean(curves, axis=0)).max() < 10  # metres of a window 1000 m wide


def test_k_of_two_pairs_is_arithmetic():
    # Five points; one pair 50 m apart, all else beyond 250 m. K(r >= 50) = A² · 2/γ(50) / 20.
    points = [(500, 500), (550, 500), (100, 100), (900, 100), (100, 900)]
    got = gathering(placed(points), simulations=19)
    near = got[got["r"] > 60].iloc[0]
    k = 1e12 * (2 / (1e6 * (1 - 0.2 / np.pi + 0.0025 / np.pi))) / 20
    assert near["l"] + near["r"] == pytest.approx(np.sqrt(k / np.pi), rel=2e-3)
    assert (got[got["r"] < 50]["l"] == -got[got["r"] < 50]["r"]).all()


def test_planted_clusters_are_found_and_a_grid_keeps_apart():
    found = nearest_neighbours(placed(clustered(1)), simulations=199)
    assert found["ratio"] < 0.5
    assert found["p_value"] == 1 / 200
    assert gathering(placed(clustered(1)), simulations=199)["p_value"].iloc[0] == 1 / 200
    grid = [(100 + 200 * i, 100 + 200 * j) for i in range(5) for j in range(5)]
    apart = nearest_neighbours(placed(grid), simulations=199)
    assert apart["ratio"] > 1.5
    assert apart["p_value"] == 1 / 200


def test_a_triangular_grid_is_the_most_regular_there_is():
    """Clark and Evans (Ecology 35, 1954): R of a hexagonal pattern is 2.1491."""
    rows = [(20 * i + 10 * (j % 2), 20 * j * np.sqrt(3) / 2) for i in range(20) for j in range(20)]
    window = box(0, 0, 400, 20 * 20 * np.sqrt(3) / 2)
    got = nearest_neighbours(placed(rows, window), simulations=9)
    plain = got["mean_distance"] / (0.5 * np.sqrt(window.area / 400))
    assert plain == pytest.approx(2.1491, abs=1e-3)
    assert got["ratio_donnelly"] < plain  # the edge widens what is expected


def test_donnelly_expects_what_random_points_do():
    """Donnelly (1978): E = 0.5 √(A/n) + (0.0514 + 0.041/√n) P/n in a square."""
    ratios = [
        nearest_neighbours(placed(scattered(25, seed)), simulations=9)["ratio_donnelly"]
        for seed in range(150)
    ]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("n", [9, 30])
def test_random_siting_is_rejected_at_the_stated_rate_only(n):
    curve, near = [], []
    for seed in range(80):
        found = placed(scattered(n, 1000 + seed))
        # One seed serves all draws, so few draws would be few chances to be fair.
        curve.append(gathering(found, simulations=199)["p_value"].iloc[0])
        near.append(nearest_neighbours(found, simulations=199)["p_value"])
    # 80 trials at 5 %: 4 expected, 11 or more has P < 0.003.
    assert sum(p <= 0.05 for p in curve) < 11
    assert sum(p <= 0.05 for p in near) < 11


def test_the_band_and_the_p_value_say_the_same():
    for seed in range(12):
        points = clustered(seed, n=9, spread=150) if seed % 2 else scattered(9, seed)
        got = gathering(placed(points), simulations=199)
        outside = ((got["l"] > got["band_high"] + 1e-9) | (got["l"] < got["band_low"] - 1e-9)).any()
        assert outside == (got["p_value"].iloc[0] <= 0.05)


def test_points_along_a_corridor_gather_but_not_beyond_it():
    random = np.random.default_rng(4)
    points = np.column_stack([random.uniform(0, 1e4, 40), 5000 + random.normal(0, 150, 40)])
    found = placed(points, box(0, 0, 10_000, 10_000))
    line = LineString([(0, 5000), (10_000, 5000)])
    assert gathering(found, simulations=99)["p_value"].iloc[0] == 1 / 100
    kept = gathering(found, null="same_distance", lines=[line], simulations=99)
    assert kept["p_value"].iloc[0] > 0.05


def test_draws_at_the_same_distance_are_at_the_same_distance():
    line = LineString([(0, 500), (1000, 500)])
    found = placed([(100, 500), (500, 900)])
    lists = draws(found, 50, at_same_distance(found, [line]))
    away = distances(line, lists.reshape(-1, 2)).reshape(50, 2)
    assert (away[:, 0] <= 101).all()
    assert (away[:, 1] >= 299).all()


def test_a_few_errors_take_certainty_away():
    sure = nearest_neighbours(placed(clustered(1, n=9, spread=60), sigma=1.0), simulations=99)
    vague = nearest_neighbours(placed(clustered(1, n=9, spread=60), sigma=120.0), simulations=99)
    assert sure["p_high"] <= 0.05 < vague["p_high"]


def test_too_few_or_too_many_are_not_computed():
    for points in (scattered(4, 1), scattered(401, 1)):
        assert gathering(placed(points)).empty
        assert np.isnan(nearest_neighbours(placed(points))["p_value"])


def test_the_same_list_gives_the_same_answer():
    first, second = (gathering(placed(scattered(20, 5)), simulations=99) for _ in range(2))
    assert first.equals(second)


def test_draws_fill_the_window_and_nothing_else():
    ring = SQUARE.difference(box(200, 200, 800, 800))
    points = uniform(placed([], ring))(np.random.default_rng(1), 4000)
    assert shapely.contains_xy(ring, points[:, 0], points[:, 1]).all()
    left = (points[:, 0] < 200).mean()
    assert left == pytest.approx(0.2e6 / ring.area, abs=0.03)


def test_sites_tell_what_was_left_out():
    plan = world()
    rows = projects((2000, 2000), (2000.2, 2000.2), (20_000, 0), None, box(0, 0, 2000, 2000))
    found = sites(rows, plan.areas, plan.definition)
    assert len(found.points) == 3
    assert (found.outside, found.unplaced, found.coincident) == (1, 1, 2)
    inside = shapely.Polygon(box(EAST, NORTH, EAST + 2000, NORTH + 2000))
    assert inside.contains(shapely.Point(found.points[2]))
