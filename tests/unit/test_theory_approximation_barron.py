"""Closed forms of Barron space against quadrature, recursions and brute force."""

from math import acos, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import approximation as theory
from scipy.integrate import quad

DIMENSIONS = (1, 2, 3, 10, 100)


def sphere_mean(function, d):
    """E function(t) for the first coordinate t of a uniform direction in R^d, d >= 2."""
    angle = pi * (np.arange(200_000) + 0.5) / 200_000
    return np.average(function(np.cos(angle)), weights=np.sin(angle) ** (d - 2))


@pytest.mark.parametrize("d", (2, 3, 4, 10, 50))
def test_isotropic_average_is_the_mean_of_a_neuron(d):
    mean = sphere_mean(lambda t: np.maximum(t, 0), d)
    assert theory.isotropic_average(d) == pytest.approx(mean, rel=1e-9)


@given(st.integers(1, 10_000))
def test_two_neighboring_averages_multiply_to_a_known_number(d):
    product = theory.isotropic_average(d) * theory.isotropic_average(d + 1)
    assert product == pytest.approx(1 / (2 * pi * d), rel=1e-9)


def test_isotropic_average_in_one_dimension():
    assert theory.isotropic_average(1) == pytest.approx(0.5)


@pytest.mark.parametrize("d", (0, -1))
def test_there_is_no_dimension_below_one(d):
    with pytest.raises(ValueError, match=f"d={d} is not a dimension"):
        theory.isotropic_average(d)


@pytest.mark.parametrize("d", (2, 3, 10))
@pytest.mark.parametrize("cost", (1.0, 3.0))
def test_monte_carlo_constant_is_variance_by_quadrature(d, cost):
    # E|x|² = d, and on the unit sphere the neuron has mean square `square` and mean `mean`
    square = sphere_mean(lambda t: np.maximum(t, 0) ** 2, d)
    mean = sphere_mean(lambda t: np.maximum(t, 0), d)
    expected = d * (cost**2 * square - mean**2)
    assert theory.barron_monte_carlo_constant(d, cost) == pytest.approx(expected, rel=1e-9)


def test_monte_carlo_constant_of_a_default_representation_has_cost_one():
    assert theory.barron_monte_carlo_constant(3) == pytest.approx(5 / 16)


def test_monte_carlo_constants_increase_to_their_limit():
    values = [theory.barron_monte_carlo_constant(d) for d in range(1, 200)]
    assert np.all(np.diff(values) > 0)
    assert values[-1] < theory.barron_monte_carlo_limit()
    assert theory.barron_monte_carlo_constant(10**5) == pytest.approx(
        theory.barron_monte_carlo_limit(), abs=1e-5
    )


@pytest.mark.parametrize("d", (2, 3, 10))
def test_antithetic_constant_is_the_variance_of_a_pair(d):
    # half of |t| is the mean of the two neurons; m neurons are m/2 pairs
    square, mean = sphere_mean(lambda t: t**2 / 4, d), sphere_mean(lambda t: abs(t) / 2, d)
    expected = 2 * d * (square - mean**2)
    assert theory.antithetic_constant(d) == pytest.approx(expected, rel=1e-9)


def test_opposite_neurons_are_exact_in_one_dimension():
    assert theory.antithetic_constant(1) == pytest.approx(0, abs=1e-12)


def test_shared_factor_adds_a_floor():
    # two neurons σ(x), σ(-x) in one dimension, each with probability 1/2: f = |x|/2, f² has mean
    # 1/4. By hand for m = 1: the four cases of sign and of a = 1 ± tau have the errors below.
    tau = 0.3
    by_hand = np.mean([((a - 0.5) ** 2 + 0.25) / 2 for a in (1 - tau, 1 + tau)])
    assert theory.shared_factor_constant(1, 1, tau) == pytest.approx(by_hand)
    growth = theory.shared_factor_constant(5, 11, tau) - theory.shared_factor_constant(5, 10, tau)
    assert growth == pytest.approx(tau**2 * 5 * theory.isotropic_average(5) ** 2)
    assert theory.shared_factor_constant(5, 7, 0.0) == theory.barron_monte_carlo_constant(5)


def test_maurey_error_by_enumerating_all_draws():
    # two normalized neurons with values on two equally likely inputs, and signs +, -
    values, signs, share = np.array([[1.0, 0.5], [0.25, 1.0]]), np.array([1.0, -1.0]), [0.75, 0.25]
    norm = 2.0
    neurons = norm * signs[:, None] * values
    f = share @ neurons
    errors = [
        share[i] * share[j] * np.mean((f - (neurons[i] + neurons[j]) / 2) ** 2)
        for i in range(2)
        for j in range(2)
    ]
    square = share @ (values**2).mean(axis=1)
    exact = theory.maurey_error(norm, np.mean(f**2), 2, neuron_square=square)
    assert exact == pytest.approx(sum(errors))
    assert theory.maurey_error(norm, np.mean(f**2), 2) == pytest.approx((4 - np.mean(f**2)) / 2)


@pytest.mark.parametrize("d", DIMENSIONS)
def test_norms_of_the_radius_and_their_bounds(d):
    norm = theory.barron_norm_of_radius(d, "path2")
    assert norm == theory.barron_norm_of_radius(d, "bias-free")
    assert sqrt(2 * pi * (d - 1)) <= norm <= sqrt(2 * pi * d)
    assert theory.barron_norm_of_radius(d, "path1") == 2 * d
    assert norm <= theory.barron_norm_of_radius(d, "path1") * (1 + 1e-12)


def test_first_norms_of_the_radius():
    values = [theory.barron_norm_of_radius(d, "path2") for d in (1, 2, 3)]
    assert values == pytest.approx([2, pi, 4])


def test_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="convention='path3' is not one of"):
        theory.barron_norm_of_radius(2, "path3")


def test_certificate_in_low_dimensions():
    b = np.linspace(-2, 2, 41)
    inside = np.minimum(np.abs(b), 1)
    assert theory.certificate(1, b) == pytest.approx(1 - inside)
    plane = [sqrt(1 - t**2) - t * acos(t) for t in inside]
    assert theory.certificate(2, b) == pytest.approx(plane, abs=1e-12)
    assert theory.certificate(3, b) == pytest.approx((1 - inside) ** 2, abs=1e-12)


@pytest.mark.parametrize("d", (2, 5, 20))
@pytest.mark.parametrize("b", (-0.7, 0.1, 0.5))
def test_certificate_is_the_integral_of_a_neuron(d, b):
    mean = sphere_mean(lambda t: np.maximum(t + b, 0), d)
    expected = (mean - max(b, 0.0)) / theory.isotropic_average(d)
    assert theory.certificate(d, b) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.integers(1, 200), st.floats(-5, 5))
def test_certificate_lies_between_0_and_1(d, b):
    assert -1e-12 <= theory.certificate(d, b) <= 1 + 1e-12
    assert theory.certificate(d, b) == theory.certificate(d, -b)
    assert theory.certificate(d, 0.0) == pytest.approx(1)


@pytest.mark.parametrize("m", (4, 6, 8, 50))
def test_equispaced_error_on_a_fine_grid(m):
    directions = 2 * pi * np.arange(m) / m
    grid = 2 * pi * np.arange(64 * m) / (64 * m)
    f = np.pi / m * np.maximum(np.cos(grid[:, None] - directions), 0).sum(axis=1)
    assert theory.equispaced_error(m) == pytest.approx(np.abs(f - 1).max())


def test_polygons_enclose_the_circle():
    assert theory.inscribed_polygon(6) == pytest.approx(3)
    assert theory.circumscribed_polygon(6) == pytest.approx(2 * sqrt(3))
    assert theory.inscribed_polygon(96) < pi < theory.circumscribed_polygon(96)


@pytest.mark.parametrize("slope", (0.5, 3.0))
def test_ramp_error_is_the_distance_of_the_ramp(slope):
    def ramp(x):
        return np.clip(0.5 + slope * x, 0, 1)

    end = 0.5 / slope
    error = quad(lambda x: ramp(x) ** 2, -end, 0)[0] + quad(lambda x: (1 - ramp(x)) ** 2, 0, end)[0]
    assert theory.ramp_error(slope) == pytest.approx(error / 2)


@pytest.mark.parametrize("k", (1, 3))
def test_norm_of_a_wave_is_the_variation_of_its_slope(k):
    slope = -k * pi * np.sin(k * pi * np.linspace(-1, 1, 100_001))
    assert theory.barron_norm_of_wave(k) == pytest.approx(np.abs(np.diff(slope)).sum(), rel=1e-6)


def test_fourier_bound_is_the_cost_of_taylors_formula():
    # a wave of frequency ω: a constant, two linear neurons, kinks at ±s with weights up to ω²
    omega = 1.5
    kinks = {"path2": quad(lambda s: 2 * (1 + s), 0, 1)[0], "bias-free": quad(lambda s: 2, 0, 1)[0]}
    constant = {"path2": 1, "bias-free": 0}
    for convention, cost in kinks.items():
        expected = constant[convention] + 2 * omega + omega**2 * cost
        found = theory.fourier_bound(1.0, omega, omega**2, convention)
        assert found == pytest.approx(expected)
    assert theory.fourier_bound(2.0, 0.0, 0.0) == 2.0


def test_fourier_bound_refuses_other_conventions():
    with pytest.raises(ValueError, match="convention='path1' is not one of path2, bias-free"):
        theory.fourier_bound(1.0, 1.0, 1.0, "path1")


@pytest.mark.parametrize("terms", (1, 4))
def test_lacunary_bound_is_what_the_last_sine_sees(terms):
    # q = -sin(2^J π t) at the points of a grid, linear between them: second differences against q
    t = np.linspace(-1, 1, 20_001)
    h = sum(j / 4**j * np.sin(2**j * pi * t) for j in range(1, terms + 1))
    second = np.diff(h, 2) / (t[1] - t[0])
    value = second @ -np.sin(2**terms * pi * t[1:-1])
    assert theory.lacunary_bound(terms) == pytest.approx(value, rel=1e-4)
    assert theory.lacunary_bound(terms) < np.abs(second).sum()
