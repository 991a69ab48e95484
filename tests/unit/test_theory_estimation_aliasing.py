"""Kernel regression in closed form against quadrature, simulation and linear algebra."""

import numpy as np
import pytest
from mathdl.theory import estimation as theory
from scipy.integrate import quad


def at(angle):
    return np.array([np.cos(angle), np.sin(angle)])


def kernel(angle, bias):
    return theory.tangent_kernel(at(0.0), at(angle), bias)


def over_directions(integrand, angle, power):
    """E of a function of (w·x, w·y), homogeneous of degree `power`, for Gaussian w in the plane."""
    radial = {0: 1.0, 2: 2.0, 4: 8.0}[power]
    inside = [angle - np.pi / 2, np.pi / 2]
    value, _ = quad(lambda t: integrand(np.cos(t), np.cos(t - angle)), *inside)
    return radial * value / (2 * np.pi)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0, 3.1])
def test_kernel_is_an_average_over_neurons(angle, bias):
    x, y = 1.5 * at(0.2), 0.7 * at(0.2 + angle)
    both_active = over_directions(lambda u, v: 1.0, angle, 0)
    product = 1.5 * 0.7 * over_directions(lambda u, v: u * v, angle, 2)
    expected = product + (x @ y + bias) * both_active
    assert theory.tangent_kernel(x, y, bias) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("fourth", [3.0, 1.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0, 3.1])
def test_variance_is_an_average_over_neurons(angle, fourth):
    x, y = 1.5 * at(0.2), 0.7 * at(0.2 + angle)
    size, gate = 1.5 * 0.7, x @ y + 1
    square = size**2 * over_directions(lambda u, v: u**2 * v**2, angle, 4)
    square += 2 * gate * size * over_directions(lambda u, v: u * v, angle, 2)
    square += fourth * gate**2 * over_directions(lambda u, v: 1.0, angle, 0)
    variance = square - theory.tangent_kernel(x, y) ** 2
    found = theory.tangent_kernel_variance(x, y, fourth)
    assert found == pytest.approx(variance, rel=1e-9, abs=1e-14)


def test_variance_of_gaussian_outer_weights_by_default():
    x, y = at(0.0), at(1.0)
    assert theory.tangent_kernel_variance(x, y) == theory.tangent_kernel_variance(x, y, 3.0)


def test_kernel_in_many_dimensions_sees_only_lengths_and_angle():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 30))
    w, a = rng.normal(size=(200_000, 30)), rng.normal(size=200_000)
    u, v = w @ x, w @ y
    both = (u > 0) & (v > 0)
    samples = both * (u * v + a**2 * (x @ y + 1))
    error = samples.std() / np.sqrt(len(samples))
    assert abs(samples.mean() - theory.tangent_kernel(x, y)) < 5 * error
    assert error < 0.01 * theory.tangent_kernel(x, y)
    assert samples.var() == pytest.approx(theory.tangent_kernel_variance(x, y), rel=0.04)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("k", [0, 1, -1, 2, 3, 4, 5, 10, -7])
def test_coefficients_are_fourier_integrals(k, bias):
    integral, _ = quad(lambda t: kernel(t, bias) * np.cos(k * t), 0, np.pi, epsabs=1e-13)
    found = theory.tangent_coefficients(np.array([k]), bias)[0]
    assert found == pytest.approx(integral / np.pi, abs=1e-11)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 7, 16, 17])
def test_folded_coefficients_are_the_transform_of_the_kernel(n, bias):
    samples = np.array([kernel(t, bias) for t in 2 * np.pi * np.arange(n) / n])
    transform = np.fft.fft(samples).real / n
    found = [theory.folded_coefficient(k, n, bias) for k in range(n)]
    np.testing.assert_allclose(found, transform, atol=1e-14)
    assert theory.folded_coefficient(3 - 5 * n, n, bias) == pytest.approx(transform[3 % n])


def regression(n, ridge, bias, cells=40):
    """The map from n labels to the values at a fine rule, and the rule: nodes and weights."""
    data = 2 * np.pi * np.arange(n) / n
    gram = np.array([[kernel(s - t, bias) for s in data] for t in data])
    nodes, weights = np.polynomial.legendre.leggauss(6)
    edges = np.pi * np.arange(2 * n * cells) / (n * cells)
    fine = (edges[:, None] + (nodes + 1) * np.pi / (2 * n * cells)).ravel()
    weight = np.tile(weights, len(edges)) / (2 * len(edges))
    values = np.array([[kernel(s - t, bias) for s in data] for t in fine])
    inverse = np.linalg.pinv(gram + n * ridge * np.eye(n), rcond=1e-10, hermitian=True)
    return values @ inverse, fine, weight


CASES = [(5, 0.0, True), (6, 0.0, True), (6, 0.01, True), (5, 0.02, False), (8, 0.0, False)]


@pytest.mark.parametrize(("n", "ridge", "bias"), CASES)
def test_risk_is_that_of_the_fitted_functions(n, ridge, bias):
    fit, fine, weight = regression(n, ridge, bias, cells=2)
    c = np.array([0.3, -0.2, 0.5, 0.25, 0.0, 0.1])

    def target(angle):
        return c[0] + 2 * sum(c[k] * np.cos(k * angle) for k in range(1, 6))

    labels = target(2 * np.pi * np.arange(n) / n)
    squared_bias = weight @ (fit @ labels - target(fine)) ** 2
    noise = weight @ (fit**2).sum(axis=1)
    risk = theory.circle_risk(c, n, 0.7, ridge, bias)
    assert risk == pytest.approx(squared_bias + 0.7 * noise, rel=1e-8)
    amplified = theory.noise_amplification(n, ridge, bias)
    assert amplified == pytest.approx(noise, rel=1e-8)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 5), (2, 6), (3, 6), (6, 6), (3, 7), (4, 8)])
def test_aliasing_error_is_that_of_the_interpolant(k, n):
    fit, fine, weight = regression(n, 0.0, True, cells=2)
    cosine = np.cos(k * fine)
    error = weight @ (fit @ np.cos(2 * np.pi * k * np.arange(n) / n) - cosine) ** 2
    assert theory.aliasing_error(k, n) == pytest.approx(error / (weight @ cosine**2), rel=1e-8)


@pytest.mark.parametrize(("k", "n", "ridge"), [(3, 7, 0.1), (2, 9, 0.01), (5, 16, 0.0)])
def test_aliasing_error_is_the_sum_of_its_formula(k, n, ridge):
    shifted = k + n * np.arange(-3000, 3001)
    response = theory.tangent_coefficients(shifted) / (theory.folded_coefficient(k, n) + ridge)
    response[3000] -= 1
    assert theory.aliasing_error(k, n, ridge) == pytest.approx(response @ response, rel=1e-9)


def test_what_the_kernel_without_bias_does_not_see_is_not_fitted():
    assert theory.aliasing_error(3, 16, bias=False) == 1
    assert theory.aliasing_error(3, 17, bias=False) > 1


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_aliasing_error_approaches_its_asymptote(k):
    coarse, fine = (theory.aliasing_error(k, n) * n**4 for n in (400, 401))
    for value in (coarse, fine):
        assert value == pytest.approx(theory.aliasing_constant(k), rel=0.01)


@pytest.mark.parametrize("k", [3, 5, 9])
def test_asymptote_is_that_of_the_polygon(k):
    n = 40 * k
    nodes, weights = np.polynomial.legendre.leggauss(6)
    s = (nodes + 1) / 2
    left = 2 * np.pi * np.arange(n)[:, None] / n
    polygon = (1 - s) * np.cos(k * left) + s * np.cos(k * (left + 2 * np.pi / n))
    error = (polygon - np.cos(k * (left + 2 * np.pi * s / n))) ** 2
    relative = 2 * (error @ weights / 2).mean()
    assert relative * n**4 == pytest.approx(theory.aliasing_constant(k), rel=0.01)


def test_noise_approaches_its_limit_which_is_that_of_a_polygon():
    polygon, _ = quad(lambda s: s**2 + (1 - s) ** 2, 0, 1)
    assert theory.noise_amplification_limit() == pytest.approx(polygon, rel=1e-12)
    assert theory.noise_amplification(120) == pytest.approx(polygon, rel=0.005)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 20])
def test_rank_without_bias(n):
    data = 2 * np.pi * np.arange(n) / n
    gram = np.array([[kernel(s - t, False) for s in data] for t in data])
    assert theory.odd_blind_rank(n) == np.linalg.matrix_rank(gram, tol=1e-12 * n, hermitian=True)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 1.0])
def test_flipped_norm_is_the_mean_over_all_flips(rate):
    rng = np.random.default_rng(1)
    half = rng.normal(size=(4, 6))
    inverse, y = half @ half.T, np.array([1.0, -1.0, -1.0, 1.0])
    total = 0.0
    for flips in np.ndindex(2, 2, 2, 2):
        probability = np.prod([rate if flip else 1 - rate for flip in flips])
        labels = y * (1 - 2 * np.array(flips))
        total += probability * (labels @ inverse @ labels)
    found = theory.flipped_norm(y @ inverse @ y, np.trace(inverse), rate)
    assert found == pytest.approx(total, rel=1e-12)


def test_leave_one_out_is_what_the_others_predict():
    rng = np.random.default_rng(2)
    half, y = rng.normal(size=(6, 9)), rng.normal(size=6)
    gram = half @ half.T
    missed = theory.leave_one_out(np.linalg.inv(gram), y)
    for i in range(6):
        rest = np.arange(6) != i
        others = np.linalg.solve(gram[np.ix_(rest, rest)], y[rest])
        assert missed[i] == pytest.approx(y[i] - gram[i, rest] @ others, rel=1e-9)


def one_by_one(gram, y):
    """What each label misses given those before, and the squared distances from their span."""
    errors, distances = [], []
    for t in range(len(y)):
        weights = np.linalg.solve(gram[:t, :t], gram[:t, t])
        errors.append(y[t] - weights @ y[:t])
        distances.append(gram[t, t] - weights @ gram[:t, t])
    return np.array(errors), np.array(distances)


def test_norm_grows_by_what_was_not_predicted():
    rng = np.random.default_rng(4)
    half, y = rng.normal(size=(7, 9)), rng.normal(size=7)
    gram = half @ half.T
    growth = theory.norm_growth(*one_by_one(gram, y))
    assert growth == pytest.approx(y @ np.linalg.solve(gram, y), rel=1e-9)


def test_sequential_bound_is_a_bound_and_sharp_for_equal_distances():
    rng = np.random.default_rng(6)
    half, y = rng.normal(size=(7, 9)), rng.normal(size=7)
    errors, distances = one_by_one(half @ half.T, y)
    bound = theory.sequential_bound(theory.norm_growth(errors, distances), distances.max(), 7)
    assert np.mean(errors**2) < bound < distances.max() / distances.min() * np.mean(errors**2)
    equal = theory.norm_growth(errors, np.full(7, 2.5))
    sharp = theory.sequential_bound(np.array([equal, 0.0]), np.array([2.5, 1.0]), 7)
    assert sharp == pytest.approx(np.mean(errors**2) / 2)
    assert theory.sequential_bound(3.0, 2.0, steps=1) == 6.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.tangent_kernel(np.zeros(2), np.ones(2)), "must not be 0"),
        (lambda: theory.tangent_kernel_variance(np.ones(2), np.zeros(2)), "must not be 0"),
        (lambda: theory.folded_coefficient(1, 0), "n=0"),
        (lambda: theory.circle_risk(np.zeros(9000), 4, 0.0), "degree 8999"),
        (lambda: theory.odd_blind_rank(0), "n=0"),
        (lambda: theory.flipped_norm(1.0, 1.0, 1.5), "rate=1.5"),
        (lambda: theory.sequential_bound(1.0, 1.0, 0), "steps=0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
