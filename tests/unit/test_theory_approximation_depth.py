"""Closed forms on depth against quadrature, enumeration and recursions."""

from fractions import Fraction
from math import e, log, pi, sqrt

import numpy as np
import pytest
from mathdl.theory import approximation as theory
from scipy.integrate import quad
from scipy.optimize import minimize_scalar


def sawtooth(x, L):
    for _ in range(L):
        x = np.minimum(2 * x, 2 - 2 * x)
    return x


def midpoints(L, per_branch=400):
    n = per_branch * 2**L
    return (np.arange(n) + 0.5) / n


@pytest.mark.parametrize("L", (0, 1, 3))
def test_errors_of_the_deep_square_on_a_grid(L):
    x = midpoints(L, 4000)
    error = x - x**2 - sum(sawtooth(x, level) / 4**level for level in range(1, L + 1))
    assert theory.squaring_error(L) == pytest.approx(abs(error).max(), rel=1e-6)
    assert theory.squaring_mean_square(L) == pytest.approx((error**2).mean(), rel=1e-6)


@pytest.mark.parametrize("p", (1, 3))
def test_the_best_chord_of_a_parabola(p):
    # on one of p cells the best slope is that of the chord; the best height is found by search
    x = np.linspace(0, 1 / p, 2001)
    best = minimize_scalar(lambda c: abs(x**2 - x / p - c).max(), bounds=(-1, 1), method="bounded")
    assert theory.squaring_by_pieces(p) == pytest.approx(best.fun, rel=1e-3)


def test_bound_for_pieces_is_the_recursion_of_its_proof():
    widths, expected = [3, 1, 4], 1
    for m in widths:
        expected += m * expected
    assert theory.piece_bound(widths) == expected == 40
    assert theory.piece_bound([]) == 1


@pytest.mark.parametrize("L", (1, 2, 5))
def test_sawtooth_pieces_are_runs_of_one_slope(L):
    rising = np.diff(sawtooth(midpoints(L, 3), L)) > 0
    changes = (rising[1:] != rising[:-1]).sum()
    assert theory.sawtooth_pieces(L) == changes + 1


@pytest.mark.parametrize("p", (1, 3, 6))
def test_lower_bounds_by_counting_triangles(p):
    L = 5
    area = Fraction(1, 4 * 2**L)  # of a triangle between two crossings
    opposite = Fraction(2**L - 1 - p - (p + 1), 2)
    assert theory.crossing_bound(L, p) == pytest.approx(float(opposite * area))
    lost = Fraction(3, 2**L) * p  # length that no pair of cells covers
    assert theory.moment_bound(L, p) == pytest.approx(float((1 - lost) / 4))


@pytest.mark.parametrize("p", (2, 3, 9))
def test_distance_of_the_follower_on_a_grid(p):
    L = 3
    x = midpoints(L)
    stop = (p - 1.5) / 2**L
    h = np.where(x < stop, sawtooth(x, L), 0.5)
    distance = abs(sawtooth(x, L) - h).mean()
    assert theory.follower_distance(L, p) == pytest.approx(distance, rel=1e-9)
    assert theory.moment_bound(L, p) <= distance


def test_constants_and_waves_against_the_sawtooth():
    x = midpoints(4)
    assert theory.blind_distance() == pytest.approx(abs(sawtooth(x, 4) - 0.5).mean())
    wave = (1 - np.cos(16 * pi * x)) / 2
    assert theory.cosine_distance() == pytest.approx(abs(sawtooth(x, 4) - wave).mean(), rel=1e-4)


@pytest.mark.parametrize("d", (1, 2, 4))
def test_regions_by_adding_one_hyperplane_at_a_time(d):
    def count(m, d):
        return 1 if m == 0 or d == 0 else count(m - 1, d) + count(m - 1, d - 1)

    for m in range(7):
        assert theory.regions(m, d) == count(m, d)
        if m:
            assert theory.central_regions(m, d) == 2 * count(m - 1, d - 1)
    assert theory.central_regions(d, d) == 2**d  # the orthants


def test_two_random_lines_cross_in_the_disk_every_second_time():
    # distance of the crossing from 0 by quadrature over angle and both offsets
    angle = pi * (np.arange(400) + 0.5) / 400
    b = (np.arange(400) + 0.5) / 200 - 1
    share = []
    for alpha in angle:
        square = b[:, None] ** 2 + b**2 - 2 * np.outer(b, b) * np.cos(alpha)
        share.append((square < np.sin(alpha) ** 2).mean())
    assert theory.regions_in_disk(2) == pytest.approx(3 + np.mean(share), rel=1e-3)
    assert theory.regions_in_disk(5) == pytest.approx(6 + 10 * np.mean(share), rel=1e-3)
    assert theory.regions_in_disk(1) == 2


@pytest.mark.parametrize("tau", (0.3, 1.0, 4.0))
def test_kinks_by_integrating_over_the_weight(tau):
    def density(w):  # P(|b| <= |w|) for one w
        return 2 * quad(lambda b: np.exp(-(b**2) / 2), 0, w / tau)[0] / sqrt(2 * pi)

    total = quad(lambda w: 2 * np.exp(-(w**2) / 2) / sqrt(2 * pi) * density(w), 0, 12)[0]
    assert theory.kink_probability(tau) == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("L", (1, 2, 5))
def test_path_norm_of_the_sawtooth_by_its_recursion(L):
    free = counted = 1.0
    for _ in range(L):
        free = 2 * free + 4 * free
        counted = 2 * counted + 4 * (counted + 0.5)
    assert theory.sawtooth_path_norm(L, biases=False) == pytest.approx(free)
    assert theory.sawtooth_path_norm(L, biases=True) == pytest.approx(counted)


@pytest.mark.parametrize("factor", (0.25, 1.0, 3.0))
def test_frobenius_products_of_two_neurons(factor):
    inner, outer = np.array([factor, 1.0]), np.array([1 / factor, 1.0])
    product = np.linalg.norm(inner) * np.linalg.norm(outer)
    assert theory.frobenius_growth(factor) == pytest.approx(product / 2)


def test_error_of_trees():
    assert theory.tree_error_bound(3, 25) == pytest.approx(0.6)


@pytest.mark.parametrize("shared", (False, True))
def test_variance_of_coins_by_enumeration(shared):
    m = 2
    upper = np.array(np.meshgrid(*[[0, 1]] * m)).reshape(m, -1)
    count = m if shared else m * m
    lower = np.array(np.meshgrid(*[[0, 1]] * count)).reshape(count, -1)
    if shared:
        values = [a.sum() * c.sum() for a in upper.T for c in lower.T]
    else:
        values = [(a[:, None] * c.reshape(m, m)).sum() for a in upper.T for c in lower.T]
    assert theory.coin_variance(m, shared) == pytest.approx(m * np.var(values) / m**4)


def test_growth_of_the_path_norm_by_hand():
    assert theory.path_norm_growth([1.0, 2.0, 3.0], d=9, loss=4.0, t=0.25) == pytest.approx(72)


@pytest.mark.parametrize("L", (1, 2, 10, 1000))
def test_gap_of_euler_steps(L):
    state = Fraction(1)
    for _ in range(L):
        state += state / L
    gap = L * (e - float(state))
    assert theory.euler_gap(L) == pytest.approx(gap, rel=1e-9)
    low, high = theory.euler_gap_bounds(L)
    assert low < gap < high
    assert low == pytest.approx(e / (2 + 2 / L))
    assert high == pytest.approx(e / (2 + 1 / L))


def test_limits_of_flows():
    assert theory.euler_gap(10**7) == pytest.approx(theory.euler_gap_limit(), rel=1e-6)
    assert log(theory.flow_norm()) == pytest.approx(1)
    assert log(theory.weighted_path_norm_limit()) == pytest.approx(3)
    assert theory.weighted_path_norm(3) == pytest.approx(8)
    assert theory.weighted_path_norm(6) == pytest.approx(1.5**6)


@pytest.mark.parametrize("right", (-2.0, 0.5, e))
@pytest.mark.parametrize("left", (-0.5, 1.0, 4.0))
@pytest.mark.parametrize("weight", (1.0, 3.0))
def test_the_cheapest_kink_by_search(right, left, weight):
    # s x + (right - s) σ(x) - (left - s) σ(-x), the line free, a block `weight` times
    s = np.arange(-5, 5, 1e-3)
    cost = abs(s) + weight * abs(right - s) + weight * abs(left - s)
    norm = theory.weighted_flow_norm(right, left, weight)
    assert norm == pytest.approx(cost.min(), abs=3e-3)
