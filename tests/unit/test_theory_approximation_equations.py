"""Differential equations against quadrature, numerical solvers and direct minimization."""

from math import exp, inf, pi, sqrt

import numpy as np
import pytest
from mathdl.theory import approximation as theory
from scipy.integrate import quad, solve_bvp
from scipy.optimize import minimize

TIMES = (0.003, 0.05, 0.5, 3.0)


def density(s, variance):
    return exp(-(s**2) / (2 * variance)) / sqrt(2 * pi * variance)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("s", (-1.3, 0.0, 0.4, 2.0))
def test_heat_neuron_is_the_gaussian_mean_of_a_neuron(s, t):
    width = 12 * sqrt(2 * t)
    mean = quad(lambda z: (s + z) * density(z, 2 * t), max(-s, -width), width, epsabs=1e-13)[0]
    assert theory.heat_neuron(s, t) == pytest.approx(mean, abs=1e-10)


@pytest.mark.parametrize("t", (0.008, 0.009, *TIMES[1:]))
def test_hat_variation_is_the_integral_of_the_second_derivative(t):
    def bend(s):
        three = [density(s - c, 2 * t) for c in (-1, 0, 1)]
        return abs(three[0] - 2 * three[1] + three[2])

    edges = np.linspace(-25, 25, 401)
    total = sum(quad(bend, *pair)[0] for pair in zip(edges, edges[1:], strict=False))
    assert theory.heat_hat_variation(t) == pytest.approx(total, rel=1e-6)


def test_hat_variation_starts_at_four_and_falls():
    values = [theory.heat_hat_variation(t) for t in (1e-4, 0.02, 0.1, 1, 10)]
    assert values[0] == pytest.approx(4, abs=1e-9)
    assert np.all(np.diff(values) < 0)


def test_hat_decay_is_the_variation_of_the_slope_of_a_gaussian():
    # ∫|φ''| / 2 with φ'' = (r² - 1) φ
    total = quad(lambda r: abs(r**2 - 1) * density(r, 1), -12, 12, points=[-1, 1])[0]
    assert theory.heat_hat_decay() == pytest.approx(total / 2)


@pytest.mark.parametrize("delta", (0.25, 0.5, 0.75, 1.0, 1.5, 4.0))
def test_moving_average_by_counting(delta):
    step = 1 / 64
    size = round(2 * delta / step)
    kinks = np.zeros(2 * 64 + 1)
    kinks[[0, 64, 128]] = 1, -2, 1
    total = np.abs(np.convolve(kinks, np.ones(size) / size)).sum()
    assert theory.moving_average_variation(delta) == pytest.approx(total)


@pytest.mark.parametrize("t", TIMES)
def test_path2_norm_is_the_price_of_the_kinks(t):
    price = 2 * quad(lambda y: (1 + y) * density(y, 2 * t), 0, inf)[0]
    assert theory.heat_path2_norm(t) == pytest.approx(price)


@pytest.mark.parametrize("rate", (0.3, 1.0, 5.0))
def test_screened_neuron_solves_its_equation(rate):
    ends = [float(theory.screened_neuron(s, rate)) for s in (-2.0, 3.0)]
    solution = solve_bvp(
        lambda x, u: np.stack([u[1], rate * u[0] - np.maximum(x, 0)]),
        lambda left, right: np.array([left[0] - ends[0], right[0] - ends[1]]),
        np.linspace(-2, 3, 201),
        np.zeros((2, 201)),
        tol=1e-8,
        max_nodes=20_000,
    )
    s = np.linspace(-1.5, 2.5, 9)
    assert solution.sol(s)[0] == pytest.approx(theory.screened_neuron(s, rate), abs=1e-6)
    # far away the solution is σ/rate: this fixes the two boundary values
    assert theory.screened_neuron(50.0, rate) == pytest.approx(50 / rate)
    assert theory.screened_neuron(-50.0, rate) == pytest.approx(0, abs=1e-6)


def test_screened_neuron_has_unit_screening_by_default():
    assert theory.screened_neuron(1.0) == pytest.approx(1 + exp(-1) / 2)


@pytest.mark.parametrize("rate", (0.3, 1.0, 5.0))
def test_screened_norm_is_the_climb_of_the_slope(rate):
    step, far = 1e-5, 40 / sqrt(rate)
    slopes = [
        (theory.screened_neuron(s + step, rate) - theory.screened_neuron(s - step, rate)) / 2 / step
        for s in (-far, far)
    ]
    assert theory.screened_norm(rate) == pytest.approx(slopes[1] - slopes[0], rel=1e-6)
    assert theory.screened_norm(rate, 3.0) == pytest.approx(3 * (slopes[1] - slopes[0]), rel=1e-6)


def test_harmonic_steepening_by_the_poisson_kernel():
    # boundary values σ(x) for |x| < 1 and 0 beyond, harmonic in the half plane
    def quotient(y):
        return quad(lambda x: x / (x**2 + y**2) / pi, 0, 1, points=[y, 10 * y])[0]

    growth = quotient(5e-4) - quotient(1e-3)
    assert theory.harmonic_steepening() == pytest.approx(growth, rel=1e-4)


def test_feynman_kac_risk_by_moments_of_the_normal_law():
    # d = 1, X = 3: Var (3 + τg)² from the moments of a normal variable
    t, mean = 0.2, 3.0
    variance = 2 * t
    fourth = mean**4 + 6 * mean**2 * variance + 3 * variance**2
    expected = fourth - (mean**2 + variance) ** 2
    assert theory.feynman_kac_risk(1, t, mean**2) == pytest.approx(expected)
    # independent coordinates add up
    assert theory.feynman_kac_risk(7, t, 7 * mean**2) == pytest.approx(7 * expected)


def test_feynman_kac_excess_is_the_trace_of_the_projected_covariance():
    rng = np.random.default_rng(5)
    x, t = rng.normal(size=(9, 4)), 0.3
    squares = (x**2).sum(axis=1)
    features = np.stack([np.ones(9), squares], axis=1)
    projection = features @ np.linalg.pinv(features)
    covariance = np.diag(8 * t * (squares + 4 * t))
    expected = np.trace(projection @ covariance) / 9
    assert theory.feynman_kac_excess(squares, 4, t) == pytest.approx(expected)


def test_shared_noise_excess_is_the_trace_of_the_projected_covariance():
    rng = np.random.default_rng(6)
    x, t = rng.normal(size=(9, 4)), 0.3
    features = np.stack([np.ones(9), (x**2).sum(axis=1)], axis=1)
    projection = features @ np.linalg.pinv(features)
    # |x + τg|² = |x|² + 2τ x·g + τ²|g|², the same g everywhere
    covariance = 8 * t * x @ x.T + 8 * 4 * t**2
    expected = np.trace(projection @ covariance) / 9
    assert theory.shared_noise_excess(x, t) == pytest.approx(expected)


def ritz(values, slopes, penalty, k=1):
    """The penalized energy of a function given by its values and slopes, by Gauss' rule."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, weights = (nodes + 1) / 2, weights / 2
    force = (k * pi) ** 2 * np.sin(k * pi * x)
    inside = weights @ (slopes(x) ** 2 / 2 - force * values(x))
    return inside + penalty * (values(np.zeros(1))[0] ** 2 + values(np.ones(1))[0] ** 2) / 2


@pytest.mark.parametrize("penalty", (0.5, 10.0, 300.0))
@pytest.mark.parametrize("k", (1, 3))
def test_ritz_energy_is_the_least_over_sines_and_polynomials(penalty, k):
    def energy(c):
        return ritz(
            lambda x: c[0] + c[1] * x + c[2] * np.sin(k * pi * x),
            lambda x: c[1] + c[2] * k * pi * np.cos(k * pi * x),
            penalty,
            k,
        )

    found = minimize(energy, np.zeros(3), tol=1e-12)
    assert theory.ritz_energy(penalty, k) == pytest.approx(found.fun, rel=1e-6)
    assert found.x == pytest.approx([k * pi / penalty, 0, 1], abs=1e-3)


def test_ritz_energy_of_an_even_force_is_another_one():
    with pytest.raises(ValueError, match="k=2 is even"):
        theory.ritz_energy(1.0, k=2)


@pytest.mark.parametrize("penalty", (0.5, 10.0))
def test_ritz_minimizer_has_the_least_energy(penalty):
    value = ritz(
        lambda x: theory.ritz_minimizer(x, penalty), lambda x: pi * np.cos(pi * x), penalty
    )
    assert value == pytest.approx(theory.ritz_energy(penalty), rel=1e-9)


def test_ritz_gap_is_what_is_left_of_the_slope():
    knots = np.array([0.0, 0.2, 0.35, 0.8, 1.0])
    gap = 0.0
    for left, right in zip(knots, knots[1:], strict=False):
        slope = (np.sin(pi * right) - np.sin(pi * left)) / (right - left)
        rest = lambda x, slope=slope: (pi * np.cos(pi * x) - slope) ** 2 / 2  # noqa: E731
        gap += quad(rest, left, right)[0]
    assert theory.ritz_gap(knots) == pytest.approx(gap)


@pytest.mark.parametrize("penalty", (0.5, 10.0))
def test_ritz_sup_bound_is_attained_by_a_kink(penalty):
    # e = x + 1/penalty up to 1/2, then symmetric
    gap = 1 / 2 + penalty * (1 / penalty) ** 2
    assert theory.ritz_sup_bound(gap, penalty) == pytest.approx(1 / 2 + 1 / penalty)


@pytest.mark.parametrize(("penalty", "c"), ((0.5, 0.2), (10.0, 0.3), (100.0, 0.7)))
def test_jump_is_the_best_of_all_jumps(penalty, c):
    """Minimizes over lines added to the minimizer on both sides of c."""

    def energy(p):
        total = penalty * ((pi / penalty + p[0]) ** 2 + (pi / penalty + p[2] + p[3]) ** 2) / 2
        for left, right, a, b in ((0, c, p[0], p[1]), (c, 1, p[2], p[3])):
            total += quad(
                lambda x, a=a, b=b: (
                    (pi * np.cos(pi * x) + b) ** 2 / 2
                    - pi**2 * np.sin(pi * x) * (np.sin(pi * x) + pi / penalty + a + b * x)
                ),
                left,
                right,
            )[0]
        return total

    found = minimize(energy, np.zeros(4), tol=1e-10)
    assert theory.ritz_jump_energy(penalty, c) == pytest.approx(found.fun, rel=1e-6)
    jump = found.x[2] - found.x[0] + (found.x[3] - found.x[1]) * c
    assert theory.ritz_jump(penalty, c) == pytest.approx(jump, rel=1e-3)


def test_bump_energy_is_one_term_of_the_sum():
    points = (np.arange(10) + 0.5) / 10
    values = np.where(np.arange(10) == 3, 7.0, 0.0)
    reported = -np.mean(pi**2 * np.sin(pi * points) * values)
    assert theory.bump_energy(7.0, points[3], 10) == pytest.approx(reported)


@pytest.mark.parametrize("norm", (0.5, 20.0))
def test_midpoint_error_bound_from_its_two_parts(norm):
    x = np.linspace(0, 1, 10_001)
    force, slope = pi**2 * np.sin(pi * x), pi**3 * np.cos(pi * x)
    lipschitz = np.abs(slope).max() * norm + np.abs(force).max() * norm
    # The slope may run from norm/2 to norm and back: this is the most that v'²/2 can vary.
    path = norm * np.array([0.5, 1, 0.5])
    variation = np.abs(np.diff(path**2 / 2)).sum()
    # variation/(2N) for the slopes, Lipschitz constant/(4N) for the load
    expected = variation / (2 * 30) + lipschitz / (4 * 30)
    assert theory.midpoint_error_bound(norm, 30) == pytest.approx(expected)


def report_error(a, w, b, points):
    """|midpoint rule - integral| of the energy density of the network Σ aσ(wx + b) on [0, 1]."""
    kinks = -b / w
    edges = np.unique([0, 1, *kinks[(kinks > 0) & (kinks < 1)]])

    def slope(x):
        return (a * w * (np.multiply.outer(x, w) + b > 0)).sum(-1)

    def density(x):
        values = (a * np.maximum(np.multiply.outer(x, w) + b, 0)).sum(-1)
        return slope(x) ** 2 / 2 - pi**2 * np.sin(pi * x) * values

    nodes, weights = np.polynomial.legendre.leggauss(20)
    exact = 0.0
    for left, right in zip(edges, edges[1:], strict=False):
        exact += weights @ density((left + right + (right - left) * nodes) / 2) * (right - left) / 2
    return abs(density((np.arange(points) + 0.5) / points).mean() - exact)


def test_midpoint_error_bound_holds_for_random_networks():
    rng = np.random.default_rng(8)
    for _ in range(300):
        a, w = rng.normal(size=(2, 3)) * 10
        b = -w * rng.random(3)
        norm = np.abs(a) @ (np.abs(w) + np.abs(b))
        assert report_error(a, w, b, 5) <= theory.midpoint_error_bound(norm, 5)


def test_midpoint_error_bound_is_nearly_attained():
    # slopes 1e6, 2e6, 1e6: steeper only next to the first of 1000 points
    a, w = np.array([1e6, -1e6]), np.array([1.0, -1.0])
    b = np.array([-0.000499999, 0.000500001])
    norm = np.abs(a) @ (np.abs(w) + np.abs(b))
    ratio = report_error(a, w, b, 1000) / theory.midpoint_error_bound(norm, 1000)
    assert 0.99 < ratio < 1


GAINS, PRIOR = np.array([1.0, 0.5, 0.1]), np.array([2.0, 1.0, 0.7])


def error(B, noise, A=None, C=None):
    """tr (I - BA) C (I - BA)ᵀ + noise² tr BBᵀ."""
    A = np.diag(GAINS) if A is None else A
    C = np.diag(PRIOR**2) if C is None else C
    rest = np.eye(len(C)) - B @ A
    return np.trace(rest @ C @ rest.T) + noise**2 * np.trace(B @ B.T)


@pytest.mark.parametrize("noise", (0.1, 0.8))
@pytest.mark.parametrize("alpha", (0.02, 1.5))
def test_tikhonov_error_in_matrices(noise, alpha):
    A = np.diag(GAINS)
    B = np.linalg.solve(A.T @ A + alpha * np.eye(3), A.T)
    assert theory.tikhonov_error(GAINS, PRIOR, noise, alpha) == pytest.approx(error(B, noise))


@pytest.mark.parametrize("noise", (0.1, 0.8))
def test_wiener_error_is_the_posterior_variance(noise):
    posterior = np.linalg.inv(np.diag(GAINS**2) / noise**2 + np.diag(PRIOR**-2.0))
    assert theory.wiener_error(GAINS, PRIOR, noise) == pytest.approx(np.trace(posterior))


def test_learned_factor_is_a_mean_over_inverse_wishart_matrices():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(40_000, 14, 4))
    traces = np.trace(np.linalg.inv(z.mT @ z), axis1=1, axis2=2)
    spread = 5 * traces.std() / sqrt(len(traces))
    assert theory.learned_factor(14, 4) == pytest.approx(1 + traces.mean(), abs=spread)
    assert spread < 0.02


@pytest.mark.parametrize("n", (3, 4))
def test_too_few_pairs(n):
    with pytest.raises(ValueError, match=f"n={n} is too small for data of dimension q=3"):
        theory.learned_factor(n, 3)
    with pytest.raises(ValueError, match=f"n={n} is too small for 3 modes"):
        theory.stale_error(GAINS, PRIOR, 0.1, 0.2, n)
    assert theory.learned_factor(5, 3) == 4


def test_stale_error_is_a_mean_over_learned_inverses():
    rng = np.random.default_rng(4)
    x = PRIOR * rng.normal(size=(20_000, 16, 3))
    y = GAINS * x + 0.3 * rng.normal(size=x.shape)
    inverses = np.linalg.solve(y.mT @ y, y.mT @ x).mT
    rest = np.eye(3) - inverses * GAINS
    errors = ((rest * PRIOR) ** 2).sum((1, 2)) + 0.9**2 * (inverses**2).sum((1, 2))
    spread = 5 * errors.std() / sqrt(len(errors))
    predicted = theory.stale_error(GAINS, PRIOR, 0.3, 0.9, 16)
    assert predicted == pytest.approx(errors.mean(), abs=spread)
    assert spread < 0.02 * predicted


def test_stale_error_at_the_same_noise_is_the_learned_error():
    expected = theory.learned_factor(9, 3) * theory.wiener_error(GAINS, PRIOR, 0.4)
    assert theory.stale_error(GAINS, PRIOR, 0.4, 0.4, 9) == pytest.approx(expected)


def test_stale_error_of_infinitely_many_pairs():
    b = GAINS * PRIOR**2 / ((GAINS * PRIOR) ** 2 + 0.3**2)
    limit = theory.stale_error(GAINS, PRIOR, 0.3, 0.9, 10**9)
    assert limit == pytest.approx(error(np.diag(b), 0.9), rel=1e-6)
