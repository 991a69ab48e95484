"""Double descent: closed forms against simulated regressions and a formula of another shape."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mathdl.theory import estimation as theory
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import chi2

RIDGE_FREE = 1e-10


def simulated_risks(n, p, signal, residual, draws, seed=0, penalty=RIDGE_FREE):
    """Risks of ridge regression on Gaussian features, the penalty tiny or not; shape (draws,)."""
    rng = np.random.default_rng(seed)
    u = np.full(p, np.sqrt(signal / p))
    x = rng.normal(size=(draws, n, p))
    y = x @ u + np.sqrt(residual) * rng.normal(size=(draws, n))
    gram = x.mT @ x + penalty * np.eye(p)
    fit = np.linalg.solve(gram, x.mT @ y[..., None])[..., 0]
    return residual + ((fit - u) ** 2).sum(-1)


@pytest.mark.parametrize(("n", "p", "signal"), [(14, 3, 2.0), (14, 5, 0.5), (6, 16, 3.0)])
def test_least_norm_risk_against_simulated_regressions(n, p, signal):
    risks = simulated_risks(n, p, signal, 0.7, 40_000)
    error = risks.std() / np.sqrt(len(risks))
    assert error < 0.006 * risks.mean()
    assert theory.least_norm_risk(n, p, signal, 0.7) == pytest.approx(risks.mean(), abs=5 * error)


def test_least_norm_risk_where_it_is_infinite_and_where_nothing_is_random():
    assert all(theory.least_norm_risk(5, p, 1.0, 0.1) == np.inf for p in (4, 5, 6))
    assert all(np.isfinite(theory.least_norm_risk(5, p, 1.0, 0.1)) for p in (3, 7))
    assert theory.least_norm_risk(1, 0, 0.0, 0.3) == 0.3  # no feature, hence nothing fitted
    assert theory.least_norm_risk(5, 5, 2.0, 0.0) == 0.0
    assert theory.least_norm_risk(5, 6, 3.0, 0.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("n", "p", "order"), [(8, 3, 1.0), (4, 9, 0.6), (5, 5, 0.2), (20, 6, 2.0)])
def test_noise_moment_is_a_product_of_two_integrals(n, p, order):
    r, k = min(n, p), abs(n - p) + 1

    def moment(power, freedom):  # with z = v⁴, which removes the singularity at 0
        return quad(lambda v: 4 * v**3 * v ** (4 * power) * chi2.pdf(v**4, freedom), 0, 6)[0]

    expected = moment(order, r) * moment(-order, k)
    assert theory.noise_moment(order, n, p) == pytest.approx(expected, rel=1e-6)


def test_noise_moments_exist_exactly_below_half_the_degrees_of_freedom():
    assert theory.noise_moment(1.0, 9, 8) == np.inf
    assert np.isfinite(theory.noise_moment(1.0, 9, 7))
    assert theory.noise_moment(2.0, 9, 6) == np.inf
    assert np.isfinite(theory.noise_moment(2.0, 9, 5))
    assert theory.noise_moment(0.5, 9, 9) == np.inf
    assert theory.noise_moment(1.0, 9, 0) == 0


@pytest.mark.parametrize(("n", "p"), [(7, 7), (12, 5), (3, 9)])
def test_noise_log_mean_is_the_derivative_of_the_moments(n, p):
    h = 1e-5
    slope = (theory.noise_moment(2 * h, n, p) - 1) / (2 * h)
    half = (theory.noise_moment(h, n, p) - 1) / h
    assert theory.noise_log_mean(n, p) == pytest.approx(2 * half - slope, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "p", "t"),
    [(8, 4, 1.1), (8, 8, 6.0), (8, 9, 5.0), (8, 14, 1.8), (1, 2, 2.0), (4, 24, 1.75)],
)
def test_risk_probability_against_simulated_regressions(n, p, t):
    below = simulated_risks(n, p, 1.2, 0.6, 40_000, seed=1) <= t
    error = np.sqrt(below.mean() * (1 - below.mean()) / len(below))
    assert 0.1 < below.mean() < 0.9
    probability = theory.risk_probability(t, n, p, 1.2, 0.6)
    assert probability == pytest.approx(below.mean(), abs=5 * error)


@pytest.mark.parametrize("p", [3, 8, 9, 20])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_risk_quantile_inverts_the_probability(p, level):
    t = theory.risk_quantile(level, 8, p, 1.5, 0.4)
    assert theory.risk_probability(t, 8, p, 1.5, 0.4) == pytest.approx(level, abs=1e-9)


def test_the_mean_risk_is_the_integral_of_its_tail():
    def tail(t):
        return 1 - theory.risk_probability(t, 6, 20, 1.5, 0.4)

    mean = 0.4 + quad(tail, 0.4, 4, limit=200)[0] + quad(tail, 4, 100, limit=200)[0]
    assert theory.least_norm_risk(6, 20, 1.5, 0.4) == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize(("n", "p", "signal"), [(10, 4, 1.0), (10, 10, 2.0), (6, 15, 0.5)])
def test_the_tuned_penalty_is_the_best_of_three_and_its_risk_between_the_bounds(n, p, signal):
    lower, upper = theory.tuned_ridge_bounds(n, p, signal, 0.8)
    best = [
        simulated_risks(n, p, signal, 0.8, 20_000, penalty=factor * p * 0.8 / signal)
        for factor in (0.7, 1.0, 1.4)
    ]
    means = [risks.mean() for risks in best]
    error = best[1].std() / np.sqrt(20_000)
    assert means[1] == min(means)
    assert upper < 1.07 * lower
    assert lower - 5 * error < means[1] < upper + 5 * error


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("signal", [0.1, 1.0, 8.0])
def test_tuned_ridge_bounds_hold_the_integral_of_one_feature(n, signal):
    lower, upper = theory.tuned_ridge_bounds(n, 1, signal, 1.0)

    def integrand(v):  # w = v⁴, which removes the singularity at 0
        return 4 * v**3 * chi2.pdf(v**4, n) / (v**4 + 1 / signal)

    exact = 1 + quad(integrand, 0, 6)[0]
    assert lower < exact < upper < 1 + signal


@pytest.mark.parametrize(("n", "p"), [(12, 30), (20, 20), (9, 40)])
def test_tuned_ridge_bounds_hold_the_mean_trace(n, p):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(10_000, n, p))
    spectra = np.linalg.eigvalsh(x @ x.mT)
    penalty = p * 0.3 / 2.0
    traces = (1 / (spectra + penalty)).sum(1) + (p - n) / penalty
    error = 5 * 0.3 * traces.std() / np.sqrt(len(traces))
    lower, upper = theory.tuned_ridge_bounds(n, p, 2.0, 0.3)
    assert lower + error < 0.3 * (1 + traces.mean()) < upper - error


def polynomial_form(a, s, signal, noise_variance):
    """The limit as Mei and Montanari print it: ratios of polynomials in χ and ζ², plus noise."""
    z = 0.25 / (0.25 - 1 / (2 * np.pi))
    u = min(a, s) * z - z - 1
    x = -(np.sqrt(u**2 + 4 * z * min(a, s)) + u) / (2 * z)
    below = -(x**5) * z**3 + 3 * x**4 * z**2 + (a * s - s - a + 1) * x**3 * z**3
    below += -2 * x**3 * z**2 - 3 * x**3 * z + (a + s - 3 * a * s + 1) * x**2 * z**2
    below += 2 * x**2 * z + x**2 + 3 * a * s * x * z - a * s
    bias = s * x**3 * z**2 - s * x**2 * z + a * s * x * z - a * s
    variance = x**5 * z**3 - 3 * x**4 * z**2 + (a - 1) * x**3 * z**3 + 2 * x**3 * z**2
    variance += 3 * x**3 * z - (a + 1) * x**2 * z**2 - 2 * x**2 * z - x**2
    return (signal * bias + noise_variance * variance) / below + noise_variance


@given(st.floats(0.1, 20), st.floats(0.1, 20), st.floats(0.1, 3), st.floats(0, 2))
def test_random_features_risk_is_the_published_ratio_of_polynomials(a, s, signal, noise):
    assume(abs(a - s) > 0.01 * s)
    published = polynomial_form(a, s, signal, noise)
    assert theory.random_features_risk(a, s, signal, noise) == pytest.approx(published, rel=1e-6)


def deterministic_equivalent(a, s, signal, noise_variance):
    """The limit from the fixed point of ridge regression on random features, solved numerically."""
    linear, rest = 0.25, 0.25 - 1 / (2 * np.pi)  # squared coefficients of the ReLU

    def seen(k):  # degrees of freedom per dimension, at the effective penalty k
        return linear / (linear + k) + rest / k

    k = brentq(lambda k: seen(k) - min(a, s), 1e-6, 1e4, xtol=1e-14)
    second, missed = (linear / (linear + k)) ** 2, k / (linear + k)
    share = (a - seen(k)) / (a - second)
    fitted = (seen(k) - share * (seen(k) - second)) / s
    bias = missed**2 * share + missed * (1 - share)
    return (signal * bias + noise_variance) / (1 - fitted)


@pytest.mark.parametrize(("a", "s"), [(0.3, 2.0), (2.5, 3.0), (4.0, 3.0), (9.0, 0.4), (50.0, 6.0)])
@pytest.mark.parametrize(("signal", "noise"), [(1.0, 0.0), (0.0, 1.0), (2.0, 0.3)])
def test_random_features_risk_against_a_fixed_point(a, s, signal, noise):
    expected = deterministic_equivalent(a, s, signal, noise)
    assert theory.random_features_risk(a, s, signal, noise) == pytest.approx(expected, rel=1e-7)


def test_missed_share_is_what_random_features_leave_of_a_linear_function():
    S = theory.missed_share(2.0)
    rest = 0.25 - 1 / (2 * np.pi)  # ψ = linear directions seen + the ridge of the other parts
    assert pytest.approx((1 - S) + rest * (1 - S) / (0.25 * S)) == 2.0
    assert theory.random_features_risk(1e7, 2.0, 1.0, 0.0) == pytest.approx(
        2 * S**2 / (2 - (1 - S) ** 2), rel=1e-6
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.least_norm_risk(0, 1, 1.0, 1.0), "n=0"),
        (lambda: theory.least_norm_risk(1, -1, 1.0, 1.0), "p=-1"),
        (lambda: theory.least_norm_risk(1, 1, -1.0, 1.0), "signal=-1.0"),
        (lambda: theory.least_norm_risk(1, 1, 1.0, -1.0), "residual=-1.0"),
        (lambda: theory.noise_moment(0.0, 2, 2), "order=0.0"),
        (lambda: theory.noise_log_mean(0, 2), "n=0"),
        (lambda: theory.noise_log_mean(2, 0), "p=0"),
        (lambda: theory.risk_probability(1.0, 2, 0, 1.0, 1.0), "p=0"),
        (lambda: theory.risk_probability(1.0, 2, 2, 1.0, 0.0), "residual=0.0"),
        (lambda: theory.risk_quantile(1.0, 2, 2, 1.0, 1.0), "level=1.0"),
        (lambda: theory.tuned_ridge_bounds(2, 0, 1.0, 1.0), "p=0"),
        (lambda: theory.tuned_ridge_bounds(2, 2, 0.0, 1.0), "signal=0.0"),
        (lambda: theory.tuned_ridge_bounds(2, 2, 1.0, 0.0), "residual=0.0"),
        (lambda: theory.random_features_risk(2.0, 2.0, 1.0, 0.0), "features=2.0"),
        (lambda: theory.random_features_risk(-1.0, 2.0, 1.0, 0.0), "features=-1.0"),
        (lambda: theory.random_features_risk(1.0, 0.0, 1.0, 0.0), "samples=0.0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
