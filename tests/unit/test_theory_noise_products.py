"""Random products: formulas against all paths, roots, Dawson's function and Gaussian moments."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from mathdl.theory import noise as theory
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import dawsn
from scipy.stats import chi2, norm


def all_paths(up, down, steps):
    """The products after each step of all paths, (2^steps, steps)."""
    return np.array([np.cumprod(path) for path in product([up, down], repeat=steps)])


def test_moments_and_typical_factor_of_all_paths():
    factors, chances = [1.5, 0.4, 2.0], [0.2, 0.5, 0.3]
    paths = list(product(range(3), repeat=4))
    weight = [prod(chances[i] for i in path) for path in paths]
    x = np.array([prod(factors[i] for i in path) for path in paths])
    assert theory.factor_moment(factors, chances, 1.7) ** 4 == pytest.approx(weight @ x**1.7)
    assert theory.typical_factor(factors, chances) == pytest.approx(np.exp(weight @ np.log(x) / 4))


@pytest.mark.parametrize("chance", [1 / 3, 0.5, 0.66])
def test_tail_exponent_by_the_quadratic_equation(chance):
    q = 1 - chance  # p z³ - z² + q = (z - 1)(p z² - q z - q)
    z = (q + np.sqrt(q**2 + 4 * chance * q)) / (2 * chance)
    kappa = theory.product_tail_exponent([2.0, 0.25], [chance, q])
    assert 2**kappa == pytest.approx(z)


def test_tail_exponents_far_from_one():
    for factors in ([1.1, 0.1], [8.0, 0.124], [1.01, 1e-3]):
        kappa = theory.product_tail_exponent(factors, [0.5, 0.5])
        assert theory.factor_moment(factors, [0.5, 0.5], kappa) == pytest.approx(1)
        assert kappa > 1e-3


def test_tail_bounds_hold_for_all_paths():
    factors = [1.5, 0.4]
    kappa = theory.product_tail_exponent(factors, [0.5, 0.5])
    level = np.array([1.0, 2.0, 10.0])
    low, high = theory.tail_bounds(kappa, 1.5, level)
    assert high == pytest.approx(np.exp(-kappa * np.log(level)))
    assert low == pytest.approx(np.exp(-kappa * np.log(1.5 * level)))
    exact = [theory.maximum_tail(1.5, 0.4, 0.5, c, 300) for c in level[1:]]
    assert (low[1:] < exact).all() and (exact < high[1:]).all()


@pytest.mark.parametrize("level", [1.2, 2.0, 3.0, 5.0])
def test_maximum_tail_counts_all_paths(level):
    x = all_paths(1.5, 0.4, 9)
    arrives = x.max(1) >= level
    ups = np.array([path.count(1.5) for path in product([1.5, 0.4], repeat=9)])
    weights = 0.3**ups * 0.7 ** (9 - ups)
    tail = theory.maximum_tail(1.5, 0.4, 0.3, level, 9)
    assert tail == pytest.approx(weights[arrives].sum())


def test_largest_count_of_a_few_samples():
    chances = np.array([comb(3, k) * 0.3**k * 0.7 ** (3 - k) for k in range(4)])
    mean = sum(chances[i] * chances[j] * max(i, j) for i in range(4) for j in range(4))
    assert theory.largest_count(3, 0.3, 2) == pytest.approx(mean)


@pytest.mark.parametrize("samples, miss, most", [(1, 0.5, 3), (10, 0.16, 5), (1, 0.01, 6)])
def test_visible_moment_is_the_mean_without_the_rare_paths(samples, miss, most):
    ups = np.array([path.count(1.5) for path in product([1.5, 0.4], repeat=6)])
    assert samples * (ups > most).mean() <= miss < samples * (ups > most - 1).mean()
    x = all_paths(1.5, 0.4, 6)[:, -1]
    seen = np.where(ups <= most, x**1.5, 0).mean()
    assert theory.visible_moment(1.5, 0.4, 6, 1.5, samples, miss) == pytest.approx(seen)


def test_needed_exponent_is_a_legendre_transform():
    factors, chances = [1.5, 0.4], [0.3, 0.7]

    def psi(s):
        return np.log(theory.factor_moment(factors, chances, s))

    slope = (psi(2 + 1e-5) - psi(2 - 1e-5)) / 2e-5
    needed = theory.needed_exponent(factors, chances, 2)
    assert needed == pytest.approx(2 * slope - psi(2), rel=1e-7)


def mean_log_on_the_line(step):
    """E log|1 - ηx²| = 2 log z + 2 E log|x - 1/z|, z = √η, whose slope is Dawson's function."""
    z = step**0.5
    grown = quad(lambda a: np.sqrt(2) * dawsn(a / np.sqrt(2)), 0, 1 / z)[0]
    return 2 * (np.log(z) - (np.euler_gamma + np.log(2)) / 2 + grown)


@pytest.mark.parametrize("step", [0.05, 0.7, 3.0])
def test_mean_log_in_one_dimension(step):
    mean = theory.regression_mean(np.log, step, 1)
    assert mean == pytest.approx(2 * mean_log_on_the_line(step) / 1, rel=1e-6)
    assert theory.regression_typical_factor(step, 1) == pytest.approx(np.exp(mean / 2))


@pytest.mark.parametrize("step, d", [(0.3, 2), (0.9, 2), (0.6, 3)])
def test_mean_log_on_a_fine_grid(step, d):
    u = (np.arange(800) + 0.5) / 800  # angle in the plane, height on the sphere, both uniform
    b = np.cos(np.pi * u) ** 2 if d == 2 else u**2
    s = chi2.ppf((np.arange(800) + 0.5) / 800, d)[:, None]
    mean = np.log(1 - b + b * (1 - step * s) ** 2).mean()
    assert theory.regression_mean(np.log, step, d) == pytest.approx(mean, abs=2e-3)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_second_and_fourth_moment_of_regression(d):
    step = 0.4
    s = np.cumprod([d, d + 2, d + 4, d + 6])  # moments of |x|²
    b1, b2 = 1 / d, 3 / (d * (d + 2))
    second = 1 - 2 * step * b1 * s[0] + step**2 * b1 * s[1]
    fourth = 2 * second - 1 + b2 * (4 * step**2 * s[1] - 4 * step**3 * s[2] + step**4 * s[3])
    assert theory.regression_mean(lambda a: a, step, d) == pytest.approx(second)
    assert theory.regression_mean(np.square, step, d) == pytest.approx(fourth)


@pytest.mark.parametrize("step", [1e-4, 0.6, 20.0])
def test_mean_log_in_the_plane(step):
    """The mean of log(sin² + q² cos²) over the circle is 2 log((1 + |q|)/2)."""
    low, high = (
        quad(lambda s: np.log((1 + abs(1 - step * s)) / 2) * np.exp(-s / 2), *ends)[0]
        for ends in ((0, min(1 / step, 90)), (min(1 / step, 90), 99))
    )
    assert theory.regression_mean(np.log, step, 2) == pytest.approx(low + high, abs=1e-5)


@pytest.mark.parametrize("step, d", [(0.7, 2), (0.93, 2), (0.505, 2), (0.41, 3), (1.2, 1)])
def test_tail_exponent_of_regression_solves_its_equation(step, d):
    kappa = theory.regression_tail_exponent(step, d)
    assert kappa > 0
    moment = theory.regression_mean(lambda square: square ** (kappa / 2), step, d)
    assert moment == pytest.approx(1, abs=1e-7)


def test_tail_exponent_one_on_the_line():
    def mean(step):  # E|1 - η x²|, the integral over |x| > u of η x² - 1 counted twice
        u = step**-0.5
        return 1 - step + 4 * (step * (u * norm.pdf(u) + norm.sf(u)) - norm.sf(u))

    step = brentq(lambda z: mean(z) - 1, 0.7, 2.4)
    assert theory.regression_tail_exponent(step, 1) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.factor_moment([1.0, 0.0], [0.5, 0.5], 2),
        lambda: theory.factor_moment([1.0, 2.0], [0.5, 0.6], 2),
        lambda: theory.factor_moment([1.0, 2.0], [1.5, -0.5], 2),
        lambda: theory.factor_moment([1.0, 2.0], [1.0, 0.0], 2),
        lambda: theory.product_tail_exponent([1.5, 0.8], [0.5, 0.5]),
        lambda: theory.product_tail_exponent([0.5, 0.8], [0.5, 0.5]),
        lambda: theory.tail_bounds(0.0, 1.0, np.ones(1)),
        lambda: theory.tail_bounds(1.0, 0.5, np.ones(1)),
        lambda: theory.tail_bounds(1.0, 1.0, np.array([0.5])),
        lambda: theory.maximum_tail(0.5, 0.2, 0.5, 2.0, 3),
        lambda: theory.maximum_tail(1.5, 0.2, 0.5, 1.0, 3),
        lambda: theory.visible_moment(1.5, 0.2, 3, 1.0, 3, 0.0),
        lambda: theory.regression_mean(np.log, 0.1, 0),
        lambda: theory.regression_mean(np.log, 0.0, 1),
        lambda: theory.regression_tail_exponent(1.0, 2),
        lambda: theory.regression_tail_exponent(0.49, 2),  # κ = 2.05
    ],
)
def test_refusals(call):
    with pytest.raises(ValueError, match="use"):
        call()
