"""Complexities and deviation bounds against brute force, simulation and other formulas."""

from itertools import product
from math import log, pi, sqrt

import numpy as np
import pytest
from mathdl.theory import estimation as theory
from scipy.optimize import brentq
from scipy.stats import binom


def signs(n):
    return np.array(list(product([-1.0, 1.0], repeat=n)))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10])
def test_mean_absolute_walk_by_enumeration(n):
    expected = np.abs(signs(n).sum(axis=1)).mean()
    assert theory.mean_absolute_walk(n) == pytest.approx(expected, rel=1e-12)


def test_mean_absolute_walk_is_at_least_root_half_n_and_tends_to_the_gaussian():
    for n in range(1, 60):
        assert theory.mean_absolute_walk(n) >= sqrt(n / 2) - 1e-12
    assert theory.mean_absolute_walk(2) == pytest.approx(1.0)  # equality
    assert theory.mean_absolute_walk(4000) == pytest.approx(sqrt(2 * 4000 / pi), rel=1e-3)


def test_bounded_differences_has_the_exponent_of_fair_coins():
    # log P(mean of n bits >= 1/2 + t) = -2 n t² (1 + o(1)), for moderate deviations
    n, t = 40_000, 0.02
    rate = theory.bounded_differences_tail(t, np.full(n, 1 / n))
    exact = binom.sf(n * (0.5 + t) - 1, n, 0.5)
    assert exact <= rate
    # the Gaussian tail is exp(-z²/2)/(z √(2π)), and z² = 4nt²
    assert exact * (2 * sqrt(n) * t) * sqrt(2 * pi) == pytest.approx(rate, rel=0.03)


def test_bounded_differences_of_unequal_changes():
    one = theory.bounded_differences_tail(2.0, [3.0, 4.0])
    assert one == pytest.approx(np.exp(-8 / 25))


def test_deviation_bound_solves_for_the_probability():
    n, delta = 50, 0.1
    rest = theory.deviation_bound(0.2, n, delta) - 0.4
    t = brentq(lambda t: theory.bounded_differences_tail(t, np.full(n, 1 / n)) - delta, 0, 9)
    assert rest == pytest.approx(t)
    half = theory.deviation_bound(0.0, n, delta / 2)  # once for Φ, twice for 2 Rad_n
    assert theory.deviation_bound(0.2, n, delta, empirical=True) == pytest.approx(0.4 + 3 * half)


@pytest.mark.parametrize(("N", "n"), [(3, 1), (3, 3), (4, 3), (5, 4)])
def test_all_subsets_by_enumeration(N, n):
    deviation, complexity, cases = 0.0, 0.0, 0
    for data in product(range(N), repeat=n):
        share = np.bincount(data, minlength=N) / n
        deviation += np.maximum(1 / N - share, 0).sum()
        for xi in signs(n):
            complexity += np.maximum(np.bincount(data, xi, minlength=N), 0).sum() / n / 2**n
        cases += 1
    assert theory.subsets_deviation(N, n) == pytest.approx(deviation / cases)
    assert theory.subsets_complexity(N, n) == pytest.approx(complexity / cases)


def test_the_factor_two_of_symmetrization_is_attained():
    ratio = theory.subsets_deviation(10**6, 10) / theory.subsets_complexity(10**6, 10)
    assert ratio == pytest.approx(2, rel=1e-4)


def test_massart_bound_holds_and_follows_from_chernoff():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 8))
    length = np.linalg.norm(values, axis=1).max()
    exact = (signs(8) @ values.T).max(axis=1).mean() / 8
    assert exact <= theory.massart_bound(30, length, 8)
    rate = np.linspace(0.01, 5, 20_000)  # the best λ in log(size)/λ + λ length²/2
    chernoff = (log(30) / rate + rate * length**2 / 2).min() / 8
    assert theory.massart_bound(30, length, 8) == pytest.approx(chernoff, rel=1e-6)


def test_massart_bound_is_sharp_for_many_independent_gaussians():
    # E max of N independent standard normals is √(2 log N) up to lower order
    size = 10**6
    draws = np.random.default_rng(1).normal(size=(40, size // 4)).max(axis=1).mean()
    bound = theory.massart_bound(size // 4, 1.0, 1)
    assert 0.9 * bound < draws < bound


@pytest.mark.parametrize("bias", [True, False])
def test_linear_bounds(bias):
    rng = np.random.default_rng(2)
    n, d = 8, 3
    x = rng.choice([-1.0, 1.0], size=(n, d))
    z = np.hstack([x, np.ones((n, 1))]) if bias else x
    path1 = np.abs(signs(n) @ z).max(axis=1).mean() / n
    assert path1 <= theory.linear_bound(n, d, "path1", bias)
    massart = theory.massart_bound(2 * z.shape[1], sqrt(n), n)
    assert theory.linear_bound(n, d, "path1", bias) == pytest.approx(massart)
    # path2 on orthonormal points: the root mean square of |(Σξx, Σξ)| is the bound
    sums = signs(n) @ np.eye(n)
    squares = (sums**2).sum(axis=1) + bias * sums.sum(axis=1) ** 2
    expected = sqrt(squares.mean()) / n
    assert theory.linear_bound(n, n, "path2", bias) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_orthonormal_complexity_by_ascent_over_a_net(n):
    # for each ξ the best w is along a subset of the points: compare all of them
    w = np.array(list(product([0.0, 1.0], repeat=n)))[1:]
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    expected = np.abs(signs(n) @ w.T).max(axis=1).mean() / n
    assert theory.orthonormal_complexity(n) == pytest.approx(expected)


def test_orthonormal_complexity_tends_to_one_over_root_2n():
    n = 900
    first_order = (1 + 1 / sqrt(2 * pi * n)) / sqrt(2 * n)
    assert theory.orthonormal_complexity(n) == pytest.approx(first_order, rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_line_complexity_against_a_fine_circle_of_parameters(seed):
    x = np.random.default_rng(seed).normal(size=5)
    t = np.linspace(0, 1, 4001)
    w = np.concatenate([t, -t, t, -t])
    b = np.concatenate([1 - t, 1 - t, t - 1, t - 1])
    values = np.maximum(np.outer(w, x) + b[:, None], 0)
    expected = np.abs(signs(5) @ values.T).max(axis=1).mean() / 5
    assert expected <= theory.line_complexity(x) <= expected * (1 + 1e-3)


@pytest.mark.parametrize(("x", "n"), [([-1.0, 0.5], 3), ([-0.3, 0.0, 2.0], 3), ([0.7], 2)])
def test_line_deviation_data_by_data(x, n):
    t = np.linspace(-1, 1, 2001)
    w, b = np.concatenate([t, t]), np.concatenate([1 - np.abs(t), np.abs(t) - 1])
    neurons = np.maximum(np.outer(w, x) + b[:, None], 0)
    deviations, complexities = [], []
    for data in product(range(len(x)), repeat=n):
        gap = neurons.mean(axis=1) - neurons[:, data].mean(axis=1)
        deviations.append(np.abs(gap).max())
        complexities.append(np.abs(signs(n) @ neurons[:, data].T).max(axis=1).mean() / n)
    expected = np.mean(deviations), np.mean(complexities)
    assert theory.line_deviation(x, n) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 2), (3, 2), (4, 3)])
def test_sign_cube_complexity_by_enumeration(n, d):
    walks = signs(n).sum(axis=1)
    expected = np.mean([max(abs(s) for s in chosen) for chosen in product(walks, repeat=d)]) / n
    assert theory.sign_cube_complexity(n, d) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mean_absolute_walk(0), "n=0"),
        (lambda: theory.bounded_differences_tail(-1.0, [1.0]), "t=-1.0"),
        (lambda: theory.bounded_differences_tail(1.0, [0.0]), "some are not 0"),
        (lambda: theory.deviation_bound(0.1, 0, 0.5), "n=0"),
        (lambda: theory.deviation_bound(0.1, 5, 1.0), "delta=1.0"),
        (lambda: theory.deviation_bound(0.1, 5, 0.0), "delta=0.0"),
        (lambda: theory.subsets_deviation(3, 4), "N=3, n=4"),
        (lambda: theory.subsets_complexity(3, 0), "N=3, n=0"),
        (lambda: theory.massart_bound(0, 1.0, 3), "size=0"),
        (lambda: theory.massart_bound(2, 1.0, 0), "n=0"),
        (lambda: theory.linear_bound(3, 3, "bias-free", True), "convention='bias-free'"),
        (lambda: theory.orthonormal_complexity(0), "n=0"),
        (lambda: theory.line_complexity([]), "x has 0 points"),
        (lambda: theory.line_complexity(np.zeros(17)), "x has 17 points"),
        (lambda: theory.line_deviation([1.0], 0), "n=0"),
        (lambda: theory.line_deviation([1.0, 2.0, 3.0], 40), "n=40 data on 3 points"),
        (lambda: theory.sign_cube_complexity(0, 1), "n=0"),
        (lambda: theory.sign_cube_complexity(1, 0), "d=0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
