"""Closed forms of universality against least squares, linear programs and brute force."""

from math import factorial, sqrt

import numpy as np
import pytest
from mathdl.theory import approximation as theory
from scipy.interpolate import BarycentricInterpolator
from scipy.optimize import linprog


def least_squares(functions, f, weights):
    """Distance of f from the span of the functions (as columns) in weighted L²."""
    root = np.sqrt(weights)
    found = np.linalg.lstsq(functions * root[:, None], f * root, rcond=None)[0]
    return sqrt(weights @ (functions @ found - f) ** 2)


@pytest.mark.parametrize("k", (1, 2, 3, 4))
def test_the_difference_of_exponentials_has_the_error_of_its_series(k):
    # σ = exp at b = 0: g_h(x) = (sinh(hx)/h)^k, all derivatives are 1
    h = 1e-3
    error = (np.sinh(h) / h) ** k - 1
    assert theory.difference_error(k, 1.0) * h**2 == pytest.approx(error, rel=1e-5)


def test_the_error_of_a_difference_has_no_sign():
    assert theory.difference_error(3, -8.0) == theory.difference_error(3, 8.0) == 4


@pytest.mark.parametrize("k", (1, 3, 5))
def test_the_weights_of_a_difference_are_binomials(k):
    h, derivative = 0.1, -3.0
    binomials = [factorial(k) / factorial(j) / factorial(k - j) for j in range(k + 1)]
    weights = np.array(binomials) / ((2 * h) ** k * derivative)
    assert theory.difference_weight(derivative) == pytest.approx(h**k * np.abs(weights).sum())


@pytest.mark.parametrize("spacing", (1.0, 0.5, 0.1))
def test_a_sum_of_steps_against_the_integral_of_a_hat(spacing):
    t, shifts = np.linspace(-1, 1, 40_001), np.arange(-1, 1 - 1e-9, spacing) + spacing / 2
    smooth = np.where(t < 0, (1 + t) ** 2 / 2, 1 - (1 - t) ** 2 / 2)
    steps = (t[:, None] >= shifts - 1e-12) @ (spacing * (1 - np.abs(shifts)))
    assert theory.step_sum_error(spacing) == pytest.approx(np.abs(steps - smooth).max(), rel=1e-9)


@pytest.mark.parametrize("k", (0, 1, 2, 5))
def test_polynomial_floor_is_a_least_squares_distance(k):
    x, weights = np.polynomial.legendre.leggauss(20)
    distance = least_squares(np.vander(x, k + 1), x ** (k + 1), weights / 2)
    assert theory.polynomial_floor(k) == pytest.approx(distance, rel=1e-9)


@pytest.mark.parametrize("N", (1, 2, 3, 8))
def test_a_product_from_two_ridge_functions(N):
    knots, x = np.linspace(-2, 2, N + 1), np.linspace(-1, 1, 16 * N + 1)
    s, t = x[:, None] + x, x[:, None] - x
    network = (np.interp(s, knots, knots**2) - np.interp(t, knots, knots**2)) / 4
    error = np.abs(network - x[:, None] * x).max()
    assert theory.ridge_product_error(N) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("N", (1, 2, 5, 16))
def test_the_interpolant_of_the_root(N):
    knots = np.arange(N + 1) / N
    x = np.linspace(0, 1, 400 * N + 1)
    error = np.abs(np.interp(x, knots, np.sqrt(knots)) - np.sqrt(x)).max()
    assert theory.root_error(N) == pytest.approx(error, rel=1e-9)
    slopes = np.diff(np.sqrt(knots)) * N
    assert theory.root_kinks(N) == pytest.approx(np.abs(np.diff(slopes)).sum(), rel=1e-9)
    # f' takes its values from kinks to the right, kinks to the left and a line: |line| + kinks
    line = max(0.0, slopes.min())
    assert theory.root_norm(N) == pytest.approx(line + np.abs(np.diff(slopes)).sum(), rel=1e-9)


def cheapest(x, f, error):
    """Least Σ|a| of a constant plus ReLUs with kinks in x that stays within `error` of f."""
    neurons = np.maximum(np.hstack([x[:, None] - x[:-1], x[1:] - x[:, None]]), 0)
    both = np.hstack([neurons, -neurons, np.ones((len(x), 1))])
    cost = np.append(np.ones(2 * neurons.shape[1]), 0)
    bounds = [(0, None)] * (len(cost) - 1) + [(None, None)]
    limits = np.concatenate([f + error, error - f])
    return linprog(cost, A_ub=np.vstack([both, -both]), b_ub=limits, bounds=bounds).fun


@pytest.mark.parametrize(("s", "error"), ((0.5, 0.1), (0.5, 0.2), (0.25, 0.2), (0.8, 0.05)))
def test_the_price_of_a_power_is_a_linear_program(s, error):
    steep = np.geomspace(1e-5, 1, 120)
    x = np.concatenate([[0], steep])
    assert theory.power_price(s, error) == pytest.approx(cheapest(x, x**s, error), rel=5e-3)


@pytest.mark.parametrize("s", (0.2, 0.5, 0.9))
def test_the_price_of_a_power_is_its_greatest_secant(s):
    x, error = np.geomspace(1e-9, 1, 400_001), (1 - s) / 7
    secant = ((x**s - 2 * error) / x).max()
    assert theory.power_price(s, error) == pytest.approx(secant, rel=1e-6)


def test_the_cheapest_error_is_where_one_neuron_is_left():
    assert theory.power_price(0.5, 0.25) == pytest.approx(0.5)


@pytest.mark.parametrize("s", (0.0, 1.0, -1.0, 2.0))
def test_powers_that_have_no_price(s):
    with pytest.raises(ValueError, match=f"s={s} is not between"):
        theory.power_price(s, 0.1)


@pytest.mark.parametrize("error", (0.0, -0.1, 0.26))
def test_errors_that_have_no_price(error):
    with pytest.raises(ValueError, match=f"error={error} is not in"):
        theory.power_price(0.5, error)


def test_noise_in_a_spline():
    knots, x = np.array([-1.0, -0.9, 0.2, 1.0]), (np.arange(200_000) + 0.5) / 1e5 - 1
    hats = [np.interp(x, knots, row) for row in np.eye(4)]
    assert theory.spline_noise() == pytest.approx(np.square(hats).sum(axis=0).mean(), rel=1e-8)


@pytest.mark.parametrize("n", (2, 3, 6, 11, 15))
def test_noise_in_an_equispaced_polynomial(n):
    x, weights = np.polynomial.legendre.leggauss(40)
    values = BarycentricInterpolator(np.linspace(-1, 1, n), np.eye(n))(x)
    noise = weights @ (values**2).sum(axis=1) / 2
    assert theory.equispaced_noise(n) == pytest.approx(noise, rel=1e-8)


@pytest.mark.parametrize("n", (1, 0))
def test_one_point_is_no_interval(n):
    with pytest.raises(ValueError, match=f"n={n} points do not span"):
        theory.equispaced_noise(n)


@pytest.mark.parametrize("n", (2, 3, 5))
def test_parts_of_flat_networks(n):
    h, nodes = 0.01, np.linspace(-1, 1, n)
    neurons = np.exp(h * nodes[:, None] * (np.arange(n) - (n - 1) / 2))
    parts = np.abs(np.linalg.inv(neurons)).sum()
    assert theory.flat_parts(n) == pytest.approx(h ** (n - 1) * parts, rel=5e-3)


def disc():
    """Nodes and weights on the unit disc: Gauss in the squared radius, equispaced angles."""
    t, weights = np.polynomial.legendre.leggauss(20)
    z = np.sqrt((t + 1) / 2)[:, None] * np.exp(2j * np.pi * np.arange(32) / 32)
    return z.ravel(), np.repeat(weights / 64, 32)


@pytest.mark.parametrize("j", (1, 2, 5))
def test_holomorphic_floor_is_a_least_squares_distance(j):
    z, weights = disc()
    root = np.sqrt(weights)
    powers, f = z[:, None] ** np.arange(10), np.conj(z) ** j
    found = np.linalg.lstsq(powers * root[:, None], f * root, rcond=None)[0]
    distance = sqrt(weights @ np.abs(powers @ found - f) ** 2)
    assert theory.holomorphic_floor(j) == pytest.approx(distance, rel=1e-9)


@pytest.mark.parametrize("j", (0, -1))
def test_no_floor_for_holomorphic_targets(j):
    with pytest.raises(ValueError, match=f"j={j} gives a holomorphic function"):
        theory.holomorphic_floor(j)


@pytest.mark.parametrize("j", (1, 2, 3))
@pytest.mark.parametrize("k", (1, 2, 3))
def test_polyharmonic_floor_is_a_least_squares_distance(j, k):
    # every f with Δ^k f = 0 is Σ_{i<k} |z|^(2i) h_i with harmonic h_i
    z, weights = disc()
    harmonic = [np.ones_like(z)] + [g(z**p) for p in range(1, 8) for g in (np.real, np.imag)]
    columns = np.stack([np.abs(z) ** (2 * i) * h for i in range(k) for h in harmonic], axis=1)
    distance = least_squares(columns.real, np.abs(z) ** (2 * j), weights)
    assert theory.polyharmonic_floor(j, k) == pytest.approx(distance, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("M", (2, 3, 5))
def test_two_layers_follow_the_power_series_of_the_exponential(M):
    # on the real axis the network is a function of a real variable: evaluate its series
    h = 0.1

    def layer(u):
        return sum(h ** (p - 1) * u ** (p + 1) / factorial(p) for p in range(1, 20, M))

    error = layer(layer(1.0)) - 1
    assert theory.two_layer_error(M) == pytest.approx(error / h**M, rel=2e-2)
