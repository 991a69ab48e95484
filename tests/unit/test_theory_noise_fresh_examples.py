"""Regression on fresh examples: formulas against quadrature, matrices of moments and iteration."""

from itertools import product

import numpy as np
import pytest
from mathdl.theory import noise as theory

SPECTRUM = np.array([1.0, 0.5, 0.2])


def hermite(d):
    """Nodes and weights that integrate polynomials up to degree 7 against N(0, I) exactly."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    grid = np.array(list(product(nodes, repeat=d)))
    mass = np.array(list(product(weights, repeat=d))).prod(1)
    return grid, mass / mass.sum()


def next_moment(M, H, step, B, deviation, points, mass):
    """E(e'e'ᵀ) after one step, from the moments E(xxᵀMxxᵀ) of single examples."""
    fourth = np.einsum(
        "s,si,sl,s->il", mass, points, points, np.einsum("si,ij,sj->s", points, M, points)
    )
    square = (fourth + (B - 1) * H @ M @ H) / B
    return M - step * (H @ M + M @ H) + step**2 * (square + deviation**2 * H / B)


@pytest.mark.parametrize(("d", "B"), [(1, 1), (2, 1), (3, 4)])
def test_regression_factor_by_quadrature(d, B):
    points, mass = hermite(d)
    M = np.diag(np.arange(1.0, d + 1))
    after = next_moment(M, np.eye(d), 0.3, B, 0.0, points, mass)
    assert theory.regression_factor(0.3, d, B) == pytest.approx(np.trace(after) / np.trace(M))


@pytest.mark.parametrize(("nodes", "kurtosis"), [([-1.0, 1.0], 1.0), ([-(3**0.5), 0, 3**0.5], 3.0)])
def test_regression_factor_of_other_inputs(nodes, kurtosis):
    """Signs, and the law with kurtosis 3 on three points."""
    weights = [0.5, 0.5] if len(nodes) == 2 else [1 / 6, 2 / 3, 1 / 6]
    points = np.array(list(product(nodes, repeat=2)))
    mass = np.array(list(product(weights, repeat=2))).prod(1)
    M = np.array([[1.0, 0.4], [0.4, 2.0]])
    after = next_moment(M, np.eye(2), 0.3, 2, 0.0, points, mass)
    factor = theory.regression_factor(0.3, 2, 2, kurtosis)
    assert factor == pytest.approx(np.trace(after) / 3)


@pytest.mark.parametrize(("d", "B", "kurtosis"), [(1, 1, 3.0), (10, 1, 1.8), (5, 8, 6.0)])
def test_the_threshold_is_where_the_factor_is_one_and_half_of_it_is_best(d, B, kurtosis):
    end = theory.regression_threshold(d, B, kurtosis)
    assert theory.regression_factor(end, d, B, kurtosis) == pytest.approx(1)
    grid = end * np.linspace(0.01, 1, 199)
    factors = [theory.regression_factor(step, d, B, kurtosis) for step in grid]
    assert grid[np.argmin(factors)] == pytest.approx(end / 2, rel=0.01)


@pytest.mark.parametrize(("d", "B", "kurtosis"), [(3, 1, 3.0), (4, 6, 1.8)])
def test_the_plateau_is_where_a_step_changes_nothing(d, B, kurtosis):
    step = 0.1
    at = theory.regression_plateau(step, d, 0.7, B, kurtosis)
    push = step**2 * 0.7**2 * d / B
    assert theory.regression_factor(step, d, B, kurtosis) * at + push == pytest.approx(at)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_averaged_plateau_by_adding_all_pairs(steps):
    s = theory.regression_plateau(0.1, 4, 0.5)
    t = np.arange(steps)
    pairs = s * 0.9 ** np.abs(t[:, None] - t)
    assert theory.averaged_plateau(0.1, 4, 0.5, steps) == pytest.approx(pairs.mean())


@pytest.mark.parametrize("B", [1, 3])
def test_moment_matrix_and_moments_by_quadrature(B):
    points, mass = hermite(3)
    points, H = points * np.sqrt(SPECTRUM), np.diag(SPECTRUM)
    M = np.array([[1.0, 0.2, 0], [0.2, 0.5, 0.1], [0, 0.1, 2.0]])
    one = next_moment(M, H, 0.4, B, 0.3, points, mass)
    two = next_moment(one, H, 0.4, B, 0.3, points, mass)
    path = theory.moments(np.diag(M), [0, 1, 2], 0.4, SPECTRUM, B, 0.3)
    np.testing.assert_allclose(path, [np.diag(M), np.diag(one), np.diag(two)])
    T = theory.moment_matrix(0.4, SPECTRUM, B)
    bare = next_moment(M, H, 0.4, B, 0.0, points, mass)
    np.testing.assert_allclose(T @ np.diag(M), np.diag(bare))


def test_moments_at_times_in_any_order():
    path = theory.moments(np.ones(3), [5, 2], 0.1, SPECTRUM)
    direct = np.linalg.matrix_power(theory.moment_matrix(0.1, SPECTRUM), 5) @ np.ones(3)
    np.testing.assert_allclose(path[0], direct)
    assert path.shape == (2, 3)


@pytest.mark.parametrize("B", [1, 2, 40])
@pytest.mark.parametrize("spectrum", [SPECTRUM, np.array([2.0]), 1 / np.arange(1.0, 9) ** 2])
def test_stable_step_is_where_the_spectral_radius_is_one(B, spectrum):
    step = theory.stable_step(spectrum, B)
    top = np.linalg.eigvalsh(theory.moment_matrix(step, spectrum, B))[-1]
    assert top == pytest.approx(1)
    assert theory.load(step, spectrum, B) == pytest.approx(1)


def test_stable_step_of_equal_eigenvalues():
    assert theory.stable_step(np.ones(6), 3) == pytest.approx(theory.regression_threshold(6, 3))


def test_load_is_infinite_beyond_the_poles():
    assert theory.load(1.01, np.array([0.1, 1.0])) == np.inf


@pytest.mark.parametrize("B", [1, 5])
def test_stationary_loss_is_where_the_recursion_stays(B):
    step = 0.6 * theory.stable_step(SPECTRUM, B)
    m = theory.moments(np.ones(3), [4000], step, SPECTRUM, B, 0.5)[0]
    loss = (SPECTRUM @ m + 0.5**2) / 2
    assert theory.stationary_loss(step, SPECTRUM, 0.5, B) == pytest.approx(loss)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.regression_factor(0.0, 2), "step=0.0 is not positive"),
        (lambda: theory.regression_factor(0.1, 0), "use numbers >= 1"),
        (lambda: theory.regression_threshold(2, B=0), "use numbers >= 1"),
        (lambda: theory.regression_threshold(2, kurtosis=0.9), "use numbers >= 1"),
        (lambda: theory.regression_plateau(0.5, 2, 1.0), "is not stable"),
        (lambda: theory.regression_plateau(0.1, 2, -1.0), "deviation=-1.0 is negative"),
        (lambda: theory.averaged_plateau(0.1, 2, 1.0, 0), "steps=0 has no mean"),
        (lambda: theory.moment_matrix(0.0, SPECTRUM), "not positive"),
        (lambda: theory.moment_matrix(0.1, np.array([1.0, 0.0])), "not all positive"),
        (lambda: theory.load(0.1, SPECTRUM, B=0), "B=0 is no batch"),
        (lambda: theory.stationary_loss(5.0, SPECTRUM, 1.0), "is not stable"),
        (lambda: theory.stationary_loss(0.1, SPECTRUM, -1.0), "deviation=-1.0 is negative"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
