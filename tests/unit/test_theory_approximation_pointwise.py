"""Closed forms of pointwise structure against quadrature, brute force and finite differences."""

from math import pi, sqrt

import numpy as np
import pytest
from mathdl.theory import approximation as theory
from scipy.integrate import quad
from scipy.stats import binom, norm


def relu(t):
    return np.maximum(t, 0)


def sphere_mean(function, d):
    """E function(t) for the first coordinate t of a uniform direction in R^d, d >= 2."""
    angle = pi * (np.arange(200_000) + 0.5) / 200_000
    return np.average(function(np.cos(angle)), weights=np.sin(angle) ** (d - 2))


@pytest.mark.parametrize("k", (2, 3, 7))
@pytest.mark.parametrize("rho", (0.0, 0.3, 2.0))
def test_second_difference_of_a_quadrature_of_neurons(k, rho):
    t = 0.2

    def f(radius):
        return sphere_mean(lambda z: relu(radius * z), k)

    expected = (2 * f(sqrt(rho**2 + t**2)) - 2 * f(rho)) / t
    assert theory.second_difference(k, rho, t) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("rho", (0.0, 0.1, 0.2, 0.7))
def test_second_difference_of_two_opposite_neurons(rho):
    t = 0.2
    expected = (abs(rho + t) + abs(rho - t) - 2 * abs(rho)) / (2 * t)
    assert theory.second_difference(1, rho, t) == pytest.approx(expected, abs=1e-12)


def test_at_the_singular_set_the_step_does_not_matter():
    values = [theory.second_difference(3, 0.0, t) for t in (1e-3, 1.0, 7.0)]
    assert values == pytest.approx([0.5] * 3)


@pytest.mark.parametrize("t", (0.02, 0.1, 0.4))
def test_sphere_kink_by_brute_force(t):
    def mean(r, s):  # over the sphere of radius r, by Archimedes: the height is uniform
        z = (np.arange(4000) + 0.5) / 2000 - 1
        return relu(r * z - s[:, None]).mean(axis=1)

    s = np.linspace(-1.2, 1.2, 1201)
    kinks = (mean(1 + t, s) + mean(1 - t, s) - 2 * mean(1, s)) / t
    assert theory.sphere_kink(t) == pytest.approx(kinks.max(), rel=1e-3)
    assert kinks.min() > -1e-9


@pytest.mark.parametrize(("eps", "radius"), ((0.01, 2.0), (0.02, 3.0), (0.004, 1.2)))
def test_lower_bound_from_its_test_function(eps, radius):
    delta, length = 8 * eps, radius - 1 - 8 * eps
    middle = 1 + delta + length / 2
    nodes = np.array([0, 1 - delta, 1, 1 + delta, middle, radius])
    second = np.array([0, -2 / delta**2, 2 / delta**2, 4 / length**2, -4 / length**2])
    # ψ falls from 1 to -1 and returns to 0, both with slope 0, which the moments of ψ'' say
    lengths, centers = np.diff(nodes), (nodes[1:] + nodes[:-1]) / 2
    assert second @ lengths == pytest.approx(0, abs=1e-9)
    assert 1 - second @ (lengths * centers) == pytest.approx(0, abs=1e-9)
    gain = sum(
        c * (relu(right - 1) * right - relu(left - 1) * left)
        for c, left, right in zip(second, nodes[:-1], nodes[1:], strict=True)
    )
    jumps = np.append(np.diff(second), -second[-1])
    loss = eps * (np.abs(jumps) @ nodes[1:])
    assert theory.sphere_cost_lower(eps, radius) == pytest.approx(2 * (gain - loss))


def test_lower_bound_of_the_default_ball():
    assert theory.sphere_cost_lower(0.02) == theory.sphere_cost_lower(0.02, 2.0)


@pytest.mark.parametrize(("eps", "radius"), ((0.0, 2.0), (0.03, 2.0), (0.01, 1.0), (0.01, 1.1)))
def test_lower_bound_refuses_what_the_theorem_excludes(eps, radius):
    with pytest.raises(ValueError, match="is out of range; use 0 < 20 eps"):
        theory.sphere_cost_lower(eps, radius)


def test_the_lower_bound_holds_up_to_the_edge_of_its_range():
    assert theory.sphere_cost_lower(0.025) < theory.sphere_cost_upper(0.025)


@pytest.mark.parametrize("eps", (0.01, 0.02, 0.05))
def test_the_ramp_is_within_eps_and_touches(eps):
    r = np.arange(1, 2001) / 1000
    error = theory.sphere_ramp(r, eps) - relu(r - 1)
    assert np.abs(error).max() == pytest.approx(eps)
    assert error[999] == pytest.approx(eps)
    assert [error[0], error[-1]] == pytest.approx([-eps, -eps])


@pytest.mark.parametrize("eps", (0.01, 0.05))
def test_cost_of_the_ramp_is_a_total_variation(eps):
    # g = (r f)' and its slope by differences; twice the variation of g', since g is even
    step = 1e-4
    r = np.arange(0, 2, step)
    slope = np.diff(r * theory.sphere_ramp(r, eps), n=2) / step**2
    variation = 2 * np.abs(np.diff(slope)).sum()
    assert theory.sphere_cost_upper(eps) == pytest.approx(variation, rel=1e-3)


def test_both_bounds_tend_to_the_limit():
    bounds = [theory.sphere_cost_lower(1e-4), theory.sphere_cost_upper(1e-4)]
    assert [1e-4 * bound for bound in bounds] == pytest.approx(
        [theory.sphere_cost_limit()] * 2, rel=1e-5
    )


def test_gaussian_norm_by_quadrature():
    # g'' = -(s⁴ - 6s² + 3) exp(-s²/2)
    total, _ = quad(lambda s: abs(s**4 - 6 * s**2 + 3) * np.exp(-(s**2) / 2), -12, 12, limit=500)
    assert theory.gaussian_norm() == pytest.approx(total, rel=1e-7)


@pytest.mark.parametrize("d", (2, 3, 10, 100))
def test_radius_variance_by_quadrature(d):
    mean, square = (sphere_mean(lambda z, p=p: relu(z) ** p, d) for p in (1, 2))
    assert theory.radius_variance(d) == pytest.approx(square / mean**2 - 1, rel=1e-8)


@pytest.mark.parametrize("d", (2, 3, 10))
def test_norm_of_two_layers_by_quadrature(d):
    expected = 1 / sphere_mean(relu, d) + 1
    assert theory.second_layer_norm(d) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("d", (2, 10))
def test_second_layer_by_quadrature_over_radius_and_noise(d):
    m = 10**6
    scale = sqrt(theory.radius_variance(d) / m)
    r, z = (np.arange(20_000) + 0.5) / 10_000, (np.arange(241) - 120) / 20
    share = norm.pdf(z) / norm.pdf(z).sum()
    estimate = r * (1 + scale * z[:, None])
    errors = (relu(estimate - 1) - relu(r - 1)) ** 2
    assert m * (share @ errors.mean(axis=1)) == pytest.approx(
        theory.second_layer_constant(d), rel=1e-3
    )
    half = (relu(estimate - 0.5) - relu(r - 0.5)) ** 2
    assert m * (share @ half.mean(axis=1)) == pytest.approx(
        theory.second_layer_constant(d, low=0.5), rel=1e-3
    )
    wrong = (estimate > 1) != (r > 1)
    assert sqrt(m) * (share @ wrong.mean(axis=1)) == pytest.approx(
        theory.second_layer_step(d), rel=5e-3
    )


def binomial_mean_square(m, low):
    """E of the mean of (σ(rθ - low) - σ(r - low))² over r in [0, 2] for d = 1: θ is 2/m times B."""
    count = np.arange(max(1, m // 2 - 8 * int(sqrt(m))), m + 1)[: 16 * int(sqrt(m)) + 1]
    theta = 2 * count / m
    cut = np.minimum(low / theta, 2)
    left, right = np.minimum(low, cut), np.maximum(low, cut)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    total = 0
    for start, end in ((left, right), (right, np.full_like(right, 2))):
        r = (start + end + (end - start) * nodes[:, None]) / 2
        errors = (relu(r * theta - low) - relu(r - low)) ** 2
        total = total + (end - start) / 4 * (weights @ errors)
    return binom.pmf(count, m, 0.5) @ total


@pytest.mark.parametrize("low", (0.5, 1.0, 1.5))
def test_second_layer_on_the_line_by_binomial_sums(low):
    errors = {m: m * binomial_mean_square(m, low) for m in (10**4, 10**6)}
    for m, error in errors.items():
        assert theory.second_layer_constant(1, low, m) == pytest.approx(error, abs=4 / m)
    band = 10**3 * ((8 - low**3) / 6 - errors[10**6])
    assert theory.second_layer_band(1, low) == pytest.approx(band, rel=0.02)


@pytest.mark.parametrize("d", (2, 10))
def test_second_layer_band_depends_on_the_dimension_by_the_variance(d):
    # the band is a cubic function of the noise, so it scales with the power 3/2 of the variance
    ratio = (1 / sphere_mean(relu, d) ** 2 / (2 * d) - 1) ** 1.5
    assert theory.second_layer_band(d) == pytest.approx(ratio * theory.second_layer_band(1))
