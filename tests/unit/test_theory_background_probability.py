"""The tools of probability: closed forms against integrals, enumeration and recursions."""

from itertools import product
from math import inf, log, sqrt

import numpy as np
import pytest
from mathdl.theory import background_probability as theory
from scipy.integrate import quad, simpson
from scipy.optimize import brentq
from scipy.stats import beta, chi2, lognorm, norm


def close(value):
    return pytest.approx(value, rel=1e-7)


def test_the_gap_of_the_logarithm_is_that_of_the_lognormal_law():
    law = lognorm(0.7)
    mean = quad(lambda x: log(x) * law.pdf(x), 0, inf)[0]
    assert theory.lognormal_gap(0.7) == close(log(law.mean()) - mean)


@pytest.mark.parametrize(("d", "power"), [(1, 0.5), (4, 1.5), (7, -2.3)])
def test_moments_of_lengths_are_integrals(d, power):
    assert theory.gaussian_length_moment(d, power) == close(
        quad(lambda x: x**power * chi2(d).pdf(x), 0, inf)[0]
    )


def test_moments_of_lengths_can_be_infinite():
    assert theory.gaussian_length_moment(4, -2) == inf
    assert theory.gaussian_length_moment(4, -1.99) < inf
    assert theory.projected_length_moment(9, 4, -2) == inf
    assert theory.projected_length_moment(9, 4, -1.99) < inf
    assert theory.inverse_wishart_moment(6, 3, 2) == inf
    assert theory.inverse_wishart_moment(6, 3, 1.99) < inf


@pytest.mark.parametrize(("d", "k", "power"), [(5, 2, 1.0), (6, 5, 2.5), (9, 3, -0.7)])
def test_projections_follow_the_beta_law(d, k, power):
    law = beta(k / 2, (d - k) / 2)
    integral = quad(lambda x: x**power * law.pdf(x), 0, 1)[0]
    assert theory.projected_length_moment(d, k, power) == close(integral)
    assert theory.projected_length_moment(d, d, power) == close(1.0)


def test_quartic_by_gaussian_quadrature():
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    H, A = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.3], [-0.3, 2.0]])
    root, total = np.linalg.cholesky(H), np.zeros((2, 2))
    for i, j in product(range(5), repeat=2):
        x = root @ nodes[[i, j]]
        total += weights[i] * weights[j] / (2 * np.pi) * np.outer(x, x) @ A @ np.outer(x, x)
    np.testing.assert_allclose(theory.gaussian_quartic(H, A), total, rtol=1e-12)


def test_inverse_wishart_with_one_column_and_second_moment():
    integral = quad(lambda x: chi2(8).pdf(x) / x, 0, inf)[0]
    assert theory.inverse_wishart_moment(8, 1) == close(integral)
    assert theory.inverse_wishart_moment(12, 3, 2) == close(1 / (8 * 6))


def test_bounds_of_exponential_moments_and_tails():
    a, b, rate = -0.3, 1.1, 1e-3  # two values with equal chances: equality for small rates
    law = np.log(np.mean(np.exp(rate * (np.array([a, b]) - (a + b) / 2))))
    assert log(theory.exponential_moment_bound(rate, b - a)) == pytest.approx(law, rel=1e-6)
    rates = np.linspace(0.01, 40, 400_000)  # the best of Markov's inequalities
    logs = 1.25 / 8 * rates**2 - 0.8 * rates
    assert log(theory.hoeffding_tail(0.8, [1.0, 0.5])) == pytest.approx(logs.min(), rel=1e-6)


def test_the_uppermost_gap():
    for n in (2, 5):
        gap = beta(1, n)  # the law of each of the n + 1 gaps
        assert theory.efron_stein_maximum(n) == close(gap.var() + gap.mean() ** 2)


@pytest.mark.parametrize("power", [1, 2])
def test_none_of_many_events(power):
    factors = 1 - np.arange(2.0, 31) ** -power
    assert theory.none_chance(power, 30) == close(factors.prod())


@pytest.mark.parametrize("N", [1, 2, 7])
def test_late_excess_by_recursion(N):
    chance = {0: 1.0}  # of positions that were not counted yet
    counted = 0.0
    for n in range(1, 2500):
        moved: dict[int, float] = {}
        for place, weight in chance.items():
            for step in (1, -2):
                moved[place + step] = moved.get(place + step, 0) + weight / 2
        if n >= N:
            counted += sum(weight for place, weight in moved.items() if place >= 0)
            moved = {place: w for place, w in moved.items() if place < 0 and w > 1e-14}
        chance = moved
    assert theory.late_excess(N) == pytest.approx(counted, abs=1e-8)


def test_normal_shares_and_the_delta_method():
    points = [-1.3, 0.0, 2.0]
    np.testing.assert_allclose(theory.normal_share(points), norm.cdf(points), rtol=1e-12)
    assert theory.normal_share(1.0).shape == (1,)
    g = 1e-4 * norm.ppf((np.arange(4000) + 0.5) / 4000) * sqrt(0.5)
    assert theory.delta_variance(-4.0, 0.5) == pytest.approx(
        np.var((1 + g) ** -4.0) / 1e-8, rel=1e-2
    )


def test_ruin_solves_the_recursion():
    chances = [theory.ruin_chance(5 - x, x) for x in range(1, 5)]
    padded = np.array([0.0, *chances, 1.0])
    np.testing.assert_allclose(padded[1:-1], (padded[2:] + padded[:-2]) / 2, rtol=1e-12)


def test_maxima_of_martingales_reach_their_bounds():
    for level in (2, 8):  # doubled with chance 1/3, else halved: reaches every power of 2 exactly
        root = brentq(lambda z: z - 1 / 3 - 2 / 3 * z**2, 0.1, 0.9)
        assert theory.ville_bound(level) == close(root ** np.log2(level))
    assert theory.ville_bound(6, start=3) == 0.5
    assert theory.ville_bound(1.5, start=3) == 1
    assert theory.ville_bound(1e-9, start=3) == 1
    # |M| = (1 - s)^(-a) until an exponential clock ends it, a near 1/2, is the extremal example
    a = 0.4999
    assert theory.doob_bound(1.0) == pytest.approx((1 / (1 - a)) ** 2, rel=1e-3)


@pytest.mark.parametrize("draws", [1, 2, 9])
def test_the_urn_by_recursion(draws):
    law = np.array([0.0, 1.0, 0.0])  # chances of 0, 1, 2 red balls
    for t in range(draws):
        red = np.arange(len(law))
        share = red / (t + 2)
        law = np.append(law * (1 - share), 0) + np.append(0, law * share)
    shares = np.arange(len(law)) / (draws + 2)
    assert theory.urn_variance(draws) == close(law @ shares**2 - (law @ shares) ** 2)
    assert theory.urn_variance(inf) == pytest.approx(theory.urn_variance(1e9), rel=1e-8)


def test_moments_solve_their_equations():
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    squares = [weights @ np.cos(sqrt(s) * nodes) ** 2 for s in np.linspace(0, 1.7, 1001)]
    integral = simpson(squares, dx=0.0017) / sqrt(2 * np.pi)
    assert theory.cosine_integral_square(1.7) == pytest.approx(integral, rel=1e-8)
    drift, noise, t = 0.3, 0.8, 1.7
    law = lognorm(noise * sqrt(t), scale=np.exp((drift - noise**2 / 2) * t))
    for power in (1, 2, 3):
        moment = theory.geometric_moment(power, t, drift, noise)
        assert moment == close(law.moment(power))


def test_supremum_of_geometric_brownian_motion():
    drift, noise, level, step = 0.1, 0.9, 3.0, 0.01
    # on a fine grid of the logarithm it is a walk, with the chance z per level
    mean, size = drift - noise**2 / 2, noise**2
    up = (1 + mean * step / size) / 2
    assert theory.geometric_supremum(level, drift, noise) == pytest.approx(
        (up / (1 - up)) ** (log(level) / step), rel=1e-3
    )
    assert theory.geometric_supremum(level, 1.0, noise) == 1
    assert theory.geometric_supremum(1.0, 0.0, 1.0) == 1


def test_cosine_of_brownian_motion():
    integral = quad(lambda x: np.cos(1.4 * x) * norm(0, sqrt(0.6)).pdf(x), -20, 20)[0]
    assert theory.brownian_cosine(1.4, 0.6) == close(integral)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: theory.gaussian_length_moment(0, 1), "`d`"),
        (lambda: theory.projected_length_moment(3, 4, 1), "`k`"),
        (lambda: theory.projected_length_moment(3, 0, 1), "`k`"),
        (lambda: theory.gaussian_quartic(np.eye(2), np.eye(3)), "`form`"),
        (lambda: theory.gaussian_quartic(np.ones((1, 2)), np.ones((1, 2))), "`form`"),
        (lambda: theory.inverse_wishart_moment(3, 4), "`p`"),
        (lambda: theory.inverse_wishart_moment(3, 0), "`p`"),
        (lambda: theory.hoeffding_tail(-1, [1]), "`t`"),
        (lambda: theory.hoeffding_tail(1, [0]), "`t`"),
        (lambda: theory.efron_stein_maximum(1), "`n`"),
        (lambda: theory.none_chance(3, 5), "`power`"),
        (lambda: theory.late_excess(0), "`N`"),
        (lambda: theory.ruin_chance(0, 1), "`up`"),
        (lambda: theory.ruin_chance(1, 0), "`down`"),
        (lambda: theory.ville_bound(0), "`level`"),
        (lambda: theory.geometric_supremum(0.9, 0, 1), "`level`"),
        (lambda: theory.geometric_supremum(2, 0, 0), "`noise`"),
    ],
)
def test_errors_name_the_argument(call, name):
    with pytest.raises(ValueError, match=name):
        call()
