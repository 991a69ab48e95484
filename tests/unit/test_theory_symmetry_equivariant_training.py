"""Prices of symmetries, sign steps and pooled filters against brute force and simulation."""

from itertools import combinations_with_replacement
from math import comb, pi, sqrt

import numpy as np
import pytest
from mathdl.theory import symmetry as theory
from scipy.integrate import quad


@pytest.mark.parametrize(("d", "degree"), [(2, 1), (2, 4), (3, 2), (4, 3), (5, 2), (6, 1)])
def test_harmonic_dimension_is_the_kernel_of_the_laplace_operator(d, degree):
    def exponents(total):
        chosen = combinations_with_replacement(range(d), total)
        return [tuple(np.bincount(c, minlength=d).astype(int)) for c in chosen]

    rows = exponents(degree)
    columns = {e: j for j, e in enumerate(exponents(degree - 2))} if degree >= 2 else {}
    laplace = np.zeros((len(rows), max(1, len(columns))))
    for i, e in enumerate(rows):
        for axis in range(d):
            if e[axis] >= 2:
                lower = tuple(v - 2 * (a == axis) for a, v in enumerate(e))
                laplace[i, columns[lower]] += e[axis] * (e[axis] - 1)
    kernel = len(rows) - np.linalg.matrix_rank(laplace)
    assert theory.harmonic_dimension(d, degree) == kernel


def test_harmonic_dimension_of_quadratic_forms_without_trace():
    for d in range(2, 30):
        assert theory.harmonic_dimension(d) == d * (d + 1) / 2 - 1
    assert theory.harmonic_dimension(1000, 3) == pytest.approx(comb(1000, 3), rel=0.01)


@pytest.mark.parametrize(("d", "degree"), [(1, 2), (3, 0)])
def test_harmonic_dimension_refuses(d, degree):
    with pytest.raises(ValueError, match="d >= 2"):
        theory.harmonic_dimension(d, degree)


@pytest.mark.parametrize(("n", "p"), [(0, 3), (1, 4), (3, 4), (4, 4), (7, 4)])
def test_unlearned_share_is_what_a_random_projection_leaves(n, p):
    rng = np.random.default_rng(n)
    left = []
    for _ in range(4000):
        basis = np.linalg.qr(rng.standard_normal((p, min(n, p))))[0]
        left.append(1 - np.sum(basis[0] ** 2))
    error = max(np.std(left) / sqrt(len(left)), 1e-12)
    assert abs(np.mean(left) - theory.unlearned_share(n, p)) < 5 * error


@pytest.mark.parametrize(("n", "p"), [(-1, 3), (2, 0)])
def test_unlearned_share_refuses(n, p):
    with pytest.raises(ValueError, match="n >= 0"):
        theory.unlearned_share(n, p)


def gap(g, turn):
    back = np.sign(g @ turn.T) @ turn
    return np.sum((np.sign(g) - back) ** 2, axis=-1) / g.shape[-1]


@pytest.mark.parametrize("angle", [0.0, 0.1, 0.5, 1.0, 1.4, pi / 2])
def test_sign_step_gap_by_averaging_over_directions(angle):
    n = 200_000
    direction = (np.arange(n) + 0.5) * 2 * pi / n
    g = np.stack([np.cos(direction), np.sin(direction)], axis=1)
    c, s = np.cos(angle), np.sin(angle)
    mean = gap(g, np.array([[c, -s], [s, c]])).mean()
    assert theory.sign_step_gap(angle) == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("angle", [-0.1, 1.6])
def test_sign_step_gap_refuses(angle):
    with pytest.raises(ValueError, match="angle"):
        theory.sign_step_gap(angle)


def test_random_sign_step_gap_in_the_plane_is_the_mean_over_all_angles():
    mean = quad(theory.sign_step_gap, 0, pi / 2)[0] * 2 / pi
    assert theory.random_sign_step_gap(2) == pytest.approx(mean, rel=1e-10)


def test_random_sign_step_gap_by_simulation():
    rng = np.random.default_rng(1)
    turns, _ = np.linalg.qr(rng.standard_normal((20000, 5, 5)))
    g = rng.standard_normal((20000, 1, 5))
    values = _gaps(g, turns)
    assert theory.random_sign_step_gap(5) == pytest.approx(values.mean(), rel=0.015)
    with pytest.raises(ValueError, match="d >= 2"):
        theory.random_sign_step_gap(1)


def _gaps(g, turns):
    back = np.sign(g @ turns.transpose(0, 2, 1)) @ turns
    return np.sum((np.sign(g) - back) ** 2, axis=(1, 2)) / g.shape[-1]


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_mean_gaussian_length_by_quadrature(k):
    weight = quad(lambda r: r ** (k - 1) * np.exp(-(r**2) / 2), 0, np.inf)[0]
    first = quad(lambda r: r**k * np.exp(-(r**2) / 2), 0, np.inf)[0]
    assert theory.mean_gaussian_length(k) == pytest.approx(first / weight, rel=1e-8)


def test_mean_gaussian_length_refuses():
    with pytest.raises(ValueError, match="dimension"):
        theory.mean_gaussian_length(0)


@pytest.mark.parametrize(("pooling", "c"), [("average", 1 / 3), ("unit", 3**-0.5), ("sum", 1.0)])
def test_patch_complexity_by_simulation(pooling, c):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((40000, 4, 3, 2))
    signs = rng.choice([-1.0, 1.0], (40000, 4, 1, 1))
    supremum = c * np.linalg.norm((signs * x).sum(axis=(1, 2)), axis=1) / 4
    assert theory.patch_complexity(2, 3, 4, pooling) == pytest.approx(supremum.mean(), rel=0.02)


@pytest.mark.parametrize("pooling", ["average", "unit", "sum"])
def test_patch_ratio_bound_holds_with_equality_for_equal_patches(pooling):
    rng = np.random.default_rng(3)
    P, k = 5, 3
    c = {"average": 1 / P, "unit": P**-0.5, "sum": 1.0}[pooling]
    s = rng.standard_normal((1000, P, k))
    ratio = c * np.linalg.norm(s.sum(1), axis=1) / np.linalg.norm(s, axis=(1, 2))
    bound = theory.patch_ratio_bound(P, pooling)
    assert ratio.max() < bound
    same = np.repeat(s[:1, :1], P, axis=1)
    attained = c * np.linalg.norm(same.sum(1)) / np.linalg.norm(same)
    assert bound == pytest.approx(attained, rel=1e-12)


def test_patches_refuse():
    with pytest.raises(ValueError, match="pooling"):
        theory.patch_complexity(2, 3, 4, "max")
    with pytest.raises(ValueError, match="patches"):
        theory.patch_complexity(2, 0, 4, "sum")
    with pytest.raises(ValueError, match="patches"):
        theory.patch_ratio_bound(0, "sum")
