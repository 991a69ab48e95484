"""Closed forms of minimum norms against linear programs, quadrature and hand calculations."""

from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl.theory import approximation as theory
from numpy.polynomial import chebyshev
from scipy.integrate import quad
from scipy.optimize import linprog, minimize

DATA = [  # x, f, and whether S > T
    ([0.0, 1.0, 2.0], [0.0, 1.0, 4.0], True),
    ([0.0, 1.0, 2.0], [0.0, -1.0, -4.0], True),
    ([-1.0, 0.0, 2.0, 2.5], [0.0, 1.0, 0.0, 1.0], False),
    ([0.0, 1.0, 3.0, 4.0, 6.0], [0.0, 2.0, 5.0, 7.5, 11.0], True),
    ([0.0, 1.0, 3.0, 4.0, 6.0], [0.0, -2.0, -5.0, -7.5, -11.0], True),
    ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 2.0, 2.0, 2.0], False),  # three points on a line
    ([0.0, 1.0], [0.0, -3.0], True),
]


def least_cost(x, f, skip=False):
    """The least cost of neurons with kinks at the data, in both directions, and a constant."""
    x, f = np.array(x), np.array(f)
    right = np.maximum(x[:, None] - x, 0)
    left = np.maximum(x - x[:, None], 0)
    free = np.column_stack([np.ones(len(x)), skip * x])
    neurons = np.hstack([right, left])
    k = neurons.shape[1]
    solution = linprog(
        np.concatenate([np.ones(2 * k), np.zeros(2)]),
        A_eq=np.hstack([neurons, -neurons, free]),
        b_eq=f,
        bounds=[(0, None)] * (2 * k) + [(None, None)] * 2,
    )
    return solution.fun


def test_cost_on_the_line_by_splitting_jumps():
    # α_j + β_j = c_j and Σ β_j = -left, at the least cost Σ |α_j| + |β_j|; a spare kink has c = 0
    rng = np.random.default_rng(3)
    for _ in range(20):
        jumps, left = rng.standard_normal(4), 2 * rng.standard_normal()
        c = np.append(jumps, 0.0)
        split = np.hstack([np.eye(5), -np.eye(5), np.eye(5), -np.eye(5)])
        total = np.concatenate([np.zeros(10), np.ones(5), -np.ones(5)])
        solution = linprog(np.ones(20), A_eq=np.vstack([split, total]), b_eq=np.append(c, -left))
        assert theory.cost_on_the_line(left, jumps) == pytest.approx(solution.fun)


@pytest.mark.parametrize(("x", "f", "_"), DATA)
def test_interpolation_norm_is_a_linear_program(x, f, _):
    assert theory.interpolation_norm(x, f) == pytest.approx(least_cost(x, f))
    assert theory.interpolation_norm(x, f, skip=True) == pytest.approx(least_cost(x, f, skip=True))


@pytest.mark.parametrize(("x", "f", "more"), DATA)
def test_slopes_and_which_case(x, f, more):
    s, T, S = theory.data_slopes(x, f)
    assert s == pytest.approx(np.polyfit(x[:2], f[:2], 1)[:1].tolist() + s[1:].tolist())
    assert np.array(f[0]) + np.concatenate([[0], np.cumsum(s * np.diff(x))]) == pytest.approx(f)
    assert (S > T) == more


@pytest.mark.parametrize(("x", "f", "_"), DATA)
def test_certificate_is_one(x, f, _):
    y = theory.interpolation_certificate(x, f)
    assert y.sum() == pytest.approx(0, abs=1e-12)
    assert y @ f == pytest.approx(theory.interpolation_norm(x, f))
    t = np.linspace(x[0] - 1, x[-1] + 1, 1001)
    for side in (1, -1):
        assert np.abs(np.maximum(side * (np.array(x) - t[:, None]), 0) @ y).max() < 1 + 1e-9


def test_a_straight_piece_leaves_the_certificate_in_the_middle():
    # at the middle of three points on a line g may be anything; between its neighbors' bounds
    y = theory.interpolation_certificate([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    assert y.tolist() == [-0.5, 0.0, 0.5]


@settings(max_examples=30)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=7), st.floats(0.1, 3))
def test_interpolation_norm_scales(f, c):
    x = np.arange(len(f))
    assert theory.interpolation_norm(c * x, f) == pytest.approx(
        theory.interpolation_norm(x, f) / c, abs=1e-9
    )


@pytest.mark.parametrize("x", ([1.0], [0.0, 0.0], [1.0, 0.0], [[0.0, 1.0]]))
def test_data_have_to_be_sorted(x):
    with pytest.raises(ValueError, match="x has to hold at least two increasing numbers"):
        theory.data_slopes(x, x)


def test_weight_decay_optimum_by_a_quadratic_program():
    x, f, penalty = np.arange(-2.0, 3.0), np.array([-3.5, -1.5, -0.5, 2.0, 4.0]), 0.02
    neurons = np.hstack([np.maximum(x[:, None] - x, 0), np.maximum(x - x[:, None], 0)])

    def objective(z):
        a = z[:10] - z[10:20]
        residual = neurons @ a + z[20] - f
        slope = neurons.T @ residual / 5
        gradient = np.concatenate([slope + penalty, penalty - slope, [residual.mean()]])
        return residual @ residual / 10 + penalty * z[:20].sum(), gradient

    bounds = [(0, None)] * 20 + [(None, None)]
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000, "maxfun": 100_000, "maxcor": 50}
    solved = minimize(objective, np.zeros(21), jac=True, bounds=bounds, options=options)
    value, norm = theory.weight_decay_optimum(x, f, penalty)
    assert value == pytest.approx(solved.fun, rel=1e-5)
    assert norm == pytest.approx(solved.x[:20].sum(), rel=1e-3)


@pytest.mark.parametrize("penalty", (0.0, -0.1, 0.0251, np.nan))
def test_penalties_that_the_formula_does_not_cover(penalty):
    f = [-3.5, -1.5, -0.5, 2.0, 4.0]  # the last jump of slope changes sign at 1/40
    with pytest.raises(ValueError, match=f"penalty={penalty} is too large"):
        theory.weight_decay_optimum(np.arange(5.0), f, penalty)
    theory.weight_decay_optimum(np.arange(5.0), f, 0.0249)


@pytest.mark.parametrize("d", (1, 3, 5, 9, 15))
def test_alternation_is_the_best_approximation(d):
    grid = np.sin(pi / 2 * np.linspace(0, 1, 2001))
    even = chebyshev.chebvander(grid, d - 1)[:, ::2]
    one = np.ones((len(grid), 1))
    solution = linprog(
        np.append(np.zeros(even.shape[1]), 1.0),
        A_ub=np.block([[even, -one], [-even, -one]]),
        b_ub=np.concatenate([grid, -grid]),
        bounds=(None, None),
    )
    points, error, Q = theory.alternation(d)
    assert error == pytest.approx(solution.fun, rel=1e-5)
    assert len(points) == d // 2 + 2
    signs = (-1.0) ** np.arange(len(points))
    at_points = points - chebyshev.chebval(points, Q)
    assert at_points * signs * np.sign(at_points[0]) == pytest.approx(error + 0 * points)
    assert np.abs(grid - chebyshev.chebval(grid, Q)).max() <= error * (1 + 1e-9)
    assert theory.bump_norm(d) == pytest.approx(2 / solution.fun, rel=1e-5)


@pytest.mark.parametrize("d", (0, 2, -1, -3))
def test_only_odd_dimensions(d):
    with pytest.raises(ValueError, match=f"d={d} is not an odd dimension"):
        theory.alternation(d)


@pytest.mark.parametrize("d", (1, 3, 5, 9))
def test_measure_of_the_bump(d):
    s, tau = theory.bump_measure(d)
    assert np.abs(tau).sum() == pytest.approx(theory.bump_norm(d))
    assert s == pytest.approx(-s[::-1])
    assert tau == pytest.approx(tau[::-1])
    for power in range(0, d, 2):
        assert s**power @ tau == pytest.approx(0, abs=1e-9)
    assert np.abs(s) @ tau == pytest.approx(2)


def sphere_average(d, r, s, tau):
    """The mean of Σ_j τ_j σ(r t - s_j), t the first coordinate of a uniform direction."""

    def density(t):
        return (1 - t * t) ** ((d - 3) / 2)

    def integrand(t):
        return density(t) * (np.maximum(r * t - s, 0) @ tau)

    breaks = [b / r for b in s if abs(b) < r]
    mass = quad(density, -1, 1)[0]
    return quad(integrand, -1, 1, points=breaks or None, limit=200)[0] / mass


@pytest.mark.parametrize("d", (3, 5, 9))
def test_profile_is_an_average_over_directions(d):
    s, tau = theory.bump_measure(d)
    radii = (0.05, 0.3, 0.7, 1.0, 1.5)
    averages = [sphere_average(d, r, s, tau) for r in radii]
    assert theory.bump_profile(d, radii) == pytest.approx(averages, abs=1e-7)
    assert theory.bump_profile(d, 0.0) == pytest.approx([1])


@pytest.mark.parametrize("d", (1, 3, 5, 9))
def test_slope_mass_and_spread_from_the_profile(d):
    h = 1e-3
    low, high = theory.bump_profile(d, [0.0, h])
    assert theory.bump_slope(d) == pytest.approx((low - high) / h, rel=1e-6)

    def moment(power):
        knots = theory.alternation(d)[0][1:-1]
        points = knots.tolist() or None
        return quad(lambda r: theory.bump_profile(d, r)[0] * r**power, 0, 1, points=points)[0]

    sphere = {1: 2, 3: 4 * pi, 5: 8 * pi**2 / 3, 9: 32 * pi**4 / 105}[d]
    assert theory.bump_mass(d) == pytest.approx(sphere * moment(d - 1), rel=1e-7)
    assert theory.bump_spread(d) == pytest.approx(moment(d) / moment(d - 1), rel=1e-7)


def test_profile_in_three_dimensions_by_hand():
    r = np.array([0.2, 0.5, 0.8])
    by_hand = np.where(r < 0.5, 1 - 1.5 * r, (1 - r) ** 2 / (2 * r))
    assert theory.bump_profile(3, r) == pytest.approx(by_hand)
    assert theory.bump_profile(1, r) == pytest.approx(1 - r)


def test_growth_from_the_fourier_series():
    theta = (np.arange(2**16) + 0.5) * 2 * pi / 2**16
    for d in (3, 5, 9):
        low, high = theory.bump_growth(d)
        tail = 2 / pi  # of |sin| at 0 beyond frequency d - 1
        for m in range(1, d // 2 + 1):
            tail += 2 * np.mean(np.abs(np.sin(theta)) * np.cos(2 * m * theta))
        assert low == pytest.approx(2 / abs(tail), rel=1e-6)
        # beyond frequency 2(d - 1), a quarter of what is left at 0
        rest = 2 / pi
        for m in range(1, d - 1):
            rest += 2 * np.mean(np.abs(np.sin(theta)) * np.cos(2 * m * theta))
        assert high == pytest.approx(8 / abs(rest), rel=1e-6)
        assert low < theory.bump_norm(d) < high


def test_bernstein_limit_is_met():
    ratios = [theory.bump_norm(d) / (d - 1) for d in (9, 17, 33)]
    # the next term is of order 1/(d - 1)²: one step of Richardson's extrapolation
    assert theory.bernstein_limit() == pytest.approx((4 * ratios[2] - ratios[1]) / 3, rel=1e-5)
