"""Closed forms of rates and widths against quadrature, sums, sorting and fixed points."""

from itertools import combinations_with_replacement
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import approximation as theory
from scipy.integrate import quad
from scipy.special import eval_chebyt, eval_gegenbauer


def line_error(f, h, split=()):
    """L² error of the best line on [0, h], from the normal equations."""

    def inner(g):
        return quad(g, 0, h, epsabs=1e-13, epsrel=1e-11)[0]

    gram = np.array([[h, h**2 / 2], [h**2 / 2, h**3 / 3]])
    side = np.array([inner(f), inner(lambda x: x * f(x))])
    return sqrt(inner(lambda x: f(x) ** 2) - side @ np.linalg.solve(gram, side))


def spline_constant(second, q):
    spread = quad(lambda x: second(x) ** (2 - 4 * q), 0, 1)[0]
    return sqrt(spread / 720) * quad(lambda x: second(x) ** q, 0, 1)[0] ** 2


@pytest.mark.parametrize("q", (0.0, 0.2, 0.4, 0.5, 0.9))
@pytest.mark.parametrize("rate", (0.3, 3.0))
def test_knot_constants_of_exponentials(rate, q):
    expected = spline_constant(lambda x: rate**2 * np.exp(rate * x), q)
    assert theory.knot_constant_exponential(rate, q) == pytest.approx(expected, rel=1e-9)


def test_two_fifths_is_the_best_exponent():
    best = theory.knot_constant_exponential(3.0)
    assert best == theory.knot_constant_exponential(3.0, q=0.4)
    for q in np.linspace(-0.5, 1.5, 81):
        assert best <= theory.knot_constant_exponential(3.0, float(q)) * (1 + 1e-12)


@pytest.mark.parametrize("p", (0.5, 1.5, 2.0, 3.0))
def test_free_knot_constants_of_powers(p):
    def second(x):
        return abs(p * (p - 1)) * x ** (p - 2)

    mass = quad(lambda x: second(x) ** 0.4, 0, 1)[0]
    assert theory.free_knot_power(p) == pytest.approx(mass**2.5 / sqrt(720), rel=1e-6)


def test_one_cell_of_a_square():
    assert theory.free_knot_power(2.0) == pytest.approx(line_error(np.square, 1.0), rel=1e-6)
    assert theory.free_knot_power(-0.4) > 0


@pytest.mark.parametrize("p", (-0.5, -1.0))
def test_powers_outside_of_the_space_are_refused(p):
    with pytest.raises(ValueError, match=f"p={p} gives a power that is not in L²"):
        theory.free_knot_power(p)


@pytest.mark.parametrize("h", (1.0, 0.2))
def test_first_cell_of_the_root(h):
    assert theory.first_cell_error(h) == pytest.approx(line_error(np.sqrt, h), rel=1e-6)


def test_greedy_bound_solves_its_recursion_at_the_start():
    # e_0 = Q², and e_k = e_{k-1} (1 - e_{k-1}/Q²) is never above the bound
    norm, e = 3.0, 9.0
    assert theory.greedy_bound(norm, 0) ** 2 == e
    for m in range(1, 50):
        e *= 1 - e / norm**2
        assert e <= theory.greedy_bound(norm, m) ** 2
    assert theory.greedy_bound(norm, 8) == 1.0


@pytest.mark.parametrize("d", (1, 2, 3, 7, 100))
def test_two_exponents_that_are_the_same(d):
    assert theory.improved_exponent(d) == pytest.approx(1 / 2 + 3 / (2 * d))


@pytest.mark.parametrize("m", (3, 5, 9, 33, 129))
def test_circle_width_is_a_sum(m):
    k = np.arange(m - 1, 2_000_000, 2, dtype=float)
    tail = np.sum(2 / (pi**2 * (k**2 - 1) ** 2))
    assert theory.circle_width(m) == pytest.approx(sqrt(tail), rel=1e-8)
    assert theory.circle_asymptote(m - 1) < theory.circle_width(m) < theory.circle_asymptote(m - 2)


def test_circle_width_approaches_its_asymptote():
    assert theory.circle_width(2001) * 2000**1.5 == pytest.approx(1 / (pi * sqrt(3)), rel=1e-3)
    assert theory.circle_asymptote(1) == pytest.approx(1 / (pi * sqrt(3)))


@pytest.mark.parametrize("m", (1, 2, 4, 10))
def test_dimensions_that_split_a_pair_are_refused(m):
    with pytest.raises(ValueError, match=f"m={m} splits a pair"):
        theory.circle_width(m)


@pytest.mark.parametrize("M", (4, 7, 16))
def test_what_two_neighbors_leave(M):
    theta, step = 2 * pi * np.arange(2**15) / 2**15, 2 * pi / M

    def neuron(phi):
        return np.maximum(np.cos(theta - phi), 0)

    norms, weights = [], []
    for x in step * np.linspace(0, 1, 21):
        left, right = np.sin(step - x) / np.sin(step), np.sin(x) / np.sin(step)
        rest = neuron(x) - left * neuron(0) - right * neuron(step)
        norms.append(sqrt(np.mean(rest**2)))
        weights.append(left + right)
    assert theory.circle_remainder(M) == pytest.approx(max(norms), rel=1e-4)
    assert theory.circle_network_error(M) == pytest.approx(max(norms) / sqrt(M), rel=1e-4)
    assert theory.circle_network_norm(M) == pytest.approx(1 + 2 * max(weights))


def test_too_few_neurons_are_refused():
    with pytest.raises(ValueError, match="M=3 neurons are too few"):
        theory.circle_remainder(3)
    with pytest.raises(ValueError, match="M=3 neurons are too few"):
        theory.circle_network_error(3)


@pytest.mark.parametrize("d", (2, 3, 5))
def test_harmonics_fill_the_monomials(d):
    # polynomials of degree l are harmonics of degrees l, l - 2, ... times powers of |x|²
    for degree in range(7):
        monomials = len(list(combinations_with_replacement(range(d), degree)))
        filled = sum(theory.harmonics(d, k) for k in range(degree, -1, -2))
        assert filled == monomials


@pytest.mark.parametrize("d", (2, 3, 10))
@pytest.mark.parametrize("degree", (0, 1, 2, 3, 4, 5, 8))
def test_eigenvalues_by_quadrature(d, degree):
    angle = pi * (np.arange(100_000) + 0.5) / 100_000
    t, weight = np.cos(angle), np.sin(angle) ** (d - 2)
    if d == 2:
        harmonic = eval_chebyt(degree, t)
    else:
        harmonic = eval_gegenbauer(degree, d / 2 - 1, t) / eval_gegenbauer(degree, d / 2 - 1, 1)
    a = np.average(np.maximum(t, 0) * harmonic, weights=weight)
    expected = pytest.approx(d * a**2, rel=1e-6, abs=1e-15)
    assert theory.neuron_eigenvalue(d, degree) == expected


@pytest.mark.parametrize("d", (2, 3, 6))
@given(m=st.integers(0, 60))
def test_tail_is_what_the_largest_eigenvalues_leave(d, m):
    values = []
    for degree in range(200):
        values += [theory.neuron_eigenvalue(d, degree)] * theory.harmonics(d, degree)
        if len(values) > 200:
            break
    left = 0.5 - np.sum(np.sort(values)[::-1][:m])
    assert theory.neuron_tail(d, m) == pytest.approx(left, abs=1e-12)


def test_nothing_is_left_in_the_end_and_the_plane_is_the_circle():
    assert 0 < theory.neuron_tail(3, 10_000) < 1e-6
    for m in (3, 5, 33):  # E|x|² = 2 in the plane
        assert theory.neuron_tail(2, m) == pytest.approx(2 * theory.circle_width(m) ** 2, rel=1e-9)


@pytest.mark.parametrize(("d", "m"), ((1, 3), (3, -1)))
def test_tails_out_of_range_are_refused(d, m):
    with pytest.raises(ValueError, match=f"d={d}, m={m} is out of range"):
        theory.neuron_tail(d, m)


def test_floor_is_the_part_of_a_neuron_that_is_neither_constant_nor_linear():
    def gauss(g):
        return quad(lambda t: g(t) * np.exp(-(t**2) / 2) / sqrt(2 * pi), 0, 20)[0]

    square, mean, slope = gauss(lambda t: t**2), gauss(lambda t: t), gauss(lambda t: t**2)
    assert theory.fixed_features_floor() == pytest.approx(square - mean**2 - slope**2, rel=1e-9)


@given(st.floats(0, 50))
def test_random_features_by_a_fixed_point(psi):
    floor = 1 / 4 - 1 / (2 * pi)
    ratio, S = 1 / (4 * floor), 1.0
    for _ in range(5000):
        S = 1 / (1 + ratio * psi / (1 + ratio * S))
    assert theory.random_features_limit(psi) == pytest.approx(floor + S / 4, rel=1e-9)


@pytest.mark.parametrize(("length", "angle"), ((0.4, 0.3), (1.5, 1.0), (2.0, 2.7)))
def test_gradient_of_one_neuron_by_quadrature(length, angle):
    # in the plane of w and e, in polar coordinates; E r² = 2
    turn = 2 * pi * (np.arange(200_000) + 0.5) / 200_000  # angle to w
    gap = length * np.maximum(np.cos(turn), 0) - np.maximum(np.cos(turn + angle), 0)
    active = np.cos(turn) > 0
    radial, angular = theory.neuron_gradient(length, angle)
    assert radial == pytest.approx(2 * np.mean(gap * active * np.cos(turn)), abs=1e-6)
    assert angular == pytest.approx(2 * np.mean(gap * active * np.sin(turn)), abs=1e-6)
