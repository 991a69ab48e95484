"""The tools of algebra, analysis and optimization: formulas against brute force."""

from itertools import permutations, product
from math import comb

import numpy as np
import pytest
from mathdl.theory import background as theory
from scipy.integrate import quad
from scipy.optimize import linprog
from scipy.special import eval_legendre


@pytest.mark.parametrize("d", [1, 2, 7])
def test_rank_one_eigenvalues_are_those_of_the_matrix(d):
    rng = np.random.default_rng(d)
    values, vector = 3 * rng.standard_normal(d), rng.standard_normal(d)
    matrix = np.diag(values) + np.outer(vector, vector)
    found = theory.rank_one_eigenvalues(values, vector)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(matrix)[::-1], atol=1e-10)


def test_rank_one_eigenvalues_interlace():
    values = np.array([4.0, 1.0, 0.5])
    found = theory.rank_one_eigenvalues(values, np.array([0.1, 2.0, 0.3]))
    assert (found > values).all() and (found[1:] < values[:-1]).all()


@pytest.mark.parametrize("case", [([1.0, 1.0], [1.0, 1.0]), ([1.0, 2.0], [1.0, 0.0])])
def test_rank_one_eigenvalues_refuse_ties_and_zeros(case):
    with pytest.raises(ValueError, match="different values"):
        theory.rank_one_eigenvalues(*map(np.array, case))


def test_greatest_trace_is_the_best_of_all_pairings():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5))
    best = max(np.dot(a, b[list(order)]) for order in permutations(range(5)))
    assert theory.greatest_trace(a, b) == pytest.approx(best)


def test_greatest_trace_refuses_different_lengths():
    with pytest.raises(ValueError, match="same number"):
        theory.greatest_trace([1.0], [1.0, 2.0])


@pytest.mark.parametrize(("d", "rho"), [(1, 0.3), (2, -0.5), (6, 0.7), (4, 0.0)])
def test_equicorrelated_inverse_by_inversion(d, rho):
    matrix = (1 - rho) * np.eye(d) + rho
    diagonal = np.diag(np.linalg.inv(matrix))
    np.testing.assert_allclose(diagonal, theory.equicorrelated_inverse(d, rho))


@pytest.mark.parametrize(("d", "rho"), [(0, 0.1), (3, -0.5), (3, 1.0)])
def test_equicorrelated_inverse_refuses_singular_matrices(d, rho):
    with pytest.raises(ValueError, match="positive definite"):
        theory.equicorrelated_inverse(d, rho)


@pytest.mark.parametrize(("d", "eta"), [(2, 0.3), (3, 1.1), (4, 0.25)])
def test_sign_rows_radius_by_enumeration(d, eta):
    rows = np.array(list(product([-1.0, 1.0], repeat=d)))
    steps = np.eye(d) - eta * rows[:, :, None] * rows[:, None, :]
    operator = np.einsum("sij,skl->ikjl", steps, steps).reshape(d * d, d * d) / len(rows)
    radius = np.abs(np.linalg.eigvals(operator)).max()
    assert radius == pytest.approx(theory.sign_rows_radius(d, eta))


def test_sign_rows_radius_needs_two_dimensions():
    with pytest.raises(ValueError, match="d=1"):
        theory.sign_rows_radius(1, 0.3)


@pytest.mark.parametrize(("start", "rate", "error"), [(1.0, 0.1, 0.0), (0.5, 0.3, 2.0), (2, 0, 3)])
def test_gronwall_bound_by_recursion(start, rate, error):
    found, expected = start, []
    for _ in range(6):
        expected.append(found)
        found = (1 + rate) * found + error
    np.testing.assert_allclose(theory.gronwall_bound(start, rate, error, np.arange(6)), expected)


def test_gronwall_bound_refuses_negative_numbers():
    with pytest.raises(ValueError, match="not negative"):
        theory.gronwall_bound(1.0, -0.1, 0.0, 3)


@pytest.mark.parametrize(("z", "k"), [(0.5, 0), (2.0, 3), (1.0, 5)])
def test_exponential_remainder_by_its_series(z, k):
    terms = z / np.arange(1, 60)
    series = np.cumprod(terms)  # z^j / j! from j = 1 on
    assert theory.exponential_remainder(z, k) == pytest.approx(series[k:].sum(), rel=1e-10)


def test_exponential_remainder_refuses_negative_arguments():
    with pytest.raises(ValueError, match="z=-1.0"):
        theory.exponential_remainder(-1.0, 2)


def test_corner_distance_of_a_triangle_and_a_segment():
    assert theory.corner_distance([1.0, 1.0, 1.0]) == pytest.approx(3**-0.5)
    assert theory.corner_distance([3.0, 4.0]) == pytest.approx(12 / 5)  # area of a triangle
    with pytest.raises(ValueError, match="positive"):
        theory.corner_distance([1.0, 0.0])


@pytest.mark.parametrize("directions", [2, 3, 7])
def test_polygon_norm_is_a_linear_program(directions):
    angles = np.pi * np.arange(directions) / directions
    X = np.stack([np.cos(angles), np.sin(angles)])
    rng = np.random.default_rng(directions)
    for y in [*rng.standard_normal((6, 2)), np.array([-2.0, 0.0])]:
        program = linprog(np.ones(2 * directions), A_eq=np.hstack([X, -X]), b_eq=y)
        assert theory.polygon_norm(y, directions) == pytest.approx(program.fun)


def test_polygon_norm_needs_two_directions():
    with pytest.raises(ValueError, match="directions=1"):
        theory.polygon_norm([1.0, 0.0], 1)


def test_simplex_projection_satisfies_the_variational_inequality():
    rng = np.random.default_rng(4)
    for x in 2 * rng.standard_normal((8, 5)):
        p = theory.simplex_projection(x)
        assert p.sum() == pytest.approx(1) and p.min() >= 0
        assert (np.eye(5) - p) @ (x - p) == pytest.approx(np.minimum((np.eye(5) - p) @ (x - p), 0))


def test_simplex_projection_keeps_points_of_the_simplex():
    p = np.array([0.2, 0.0, 0.8])
    np.testing.assert_allclose(theory.simplex_projection(p), p)
    np.testing.assert_allclose(theory.simplex_projection(p + 3.0), p, atol=1e-12)


@pytest.mark.parametrize("n", [2, 6, 40])
def test_bernstein_error_by_summation(n):
    mean = sum(comb(n, k) * abs(k / n - 0.5) for k in range(n + 1)) / 2**n
    assert theory.bernstein_error(n) == pytest.approx(mean)


def test_bernstein_error_needs_an_even_degree():
    with pytest.raises(ValueError, match="n=3"):
        theory.bernstein_error(3)


@pytest.mark.parametrize(("degree", "kappa"), [(0, 1.0), (2, 0.7), (5, 3.0)])
def test_plane_wave_multiplier_by_quadrature(degree, kappa):
    expected = quad(lambda t: 0.5 * np.exp(kappa * t) * eval_legendre(degree, t), -1, 1)[0]
    assert theory.plane_wave_multiplier(degree, kappa) == pytest.approx(expected)


def test_plane_wave_multiplier_refuses_a_negative_degree():
    with pytest.raises(ValueError, match="degree=-1"):
        theory.plane_wave_multiplier(-1, 1.0)
