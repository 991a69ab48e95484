"""Closed forms of the estimation theory against sums, quadrature and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import estimation as theory
from scipy.integrate import quad


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 7, 10])
def test_coefficients_are_fourier_integrals(k):
    integral, _ = quad(lambda t: np.cos(t) * np.cos(k * t), -np.pi / 2, np.pi / 2)
    coefficient = theory.relu_cosine_coefficients(k)[k]
    assert coefficient == pytest.approx(integral / (2 * np.pi), abs=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 9])
def test_tail_is_the_sum_of_the_squares_beyond(degree):
    k = np.arange(degree + 1, 20_000)
    far = theory.relu_cosine_coefficients(20_000)[k]
    assert theory.relu_cosine_tail(degree) == pytest.approx(2 * np.sum(far**2), rel=1e-8)


@pytest.mark.parametrize(("degree", "n"), [(1, 4), (3, 8), (5, 12), (15, 32), (2, 64)])
def test_aliases_are_what_sampling_adds(degree, n):
    samples = np.maximum(np.cos(2 * np.pi * np.arange(n) / n), 0)
    sampled = np.fft.fft(samples).real[: degree + 1] / n
    aliases = sampled - theory.relu_cosine_coefficients(degree)
    np.testing.assert_allclose(theory.relu_cosine_aliases(degree, n), aliases, atol=1e-14)


def test_equispaced_excess_against_simulated_coefficients():
    rng = np.random.default_rng(3)
    c, alias, remaining = np.array([0.5, -0.2, 0.1]), np.array([0.1, 0.05, -0.02]), 0.3
    noise = rng.normal(size=(200_000, 5)) * np.sqrt(0.7 / 20)
    c, alias = c[[0, 1, 1, 2, 2]], alias[[0, 1, 1, 2, 2]]
    squares = np.sum(((1 - remaining) * (c + alias + noise) - c) ** 2, axis=1)
    expected = theory.equispaced_excess(c[[0, 1, 3]], alias[[0, 1, 3]], 0.7, 20, remaining)
    assert expected == pytest.approx(squares.mean(), abs=5 * squares.std() / np.sqrt(200_000))
    assert squares.std() / np.sqrt(200_000) < 0.005 * expected


def test_equispaced_excess_without_aliases_is_the_fixed_design_error():
    c = theory.relu_cosine_coefficients(4)
    excess = theory.equispaced_excess(c, 0 * c, 0.3, 16)
    assert excess == pytest.approx(theory.fixed_design_error(9, 16, 0.3))


def test_gaussian_design_error_against_inverse_wishart_draws():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20_000, 15, 4))
    traces = np.trace(np.linalg.inv(x.mT @ x), axis1=1, axis2=2)
    standard_error = traces.std() / np.sqrt(len(traces))
    assert standard_error < 0.005 * traces.mean()
    expected = theory.gaussian_design_error(4, 15, 2.0)
    assert expected == pytest.approx(2 * traces.mean(), abs=10 * standard_error)


def test_euler_bound_is_attained_in_the_limit_of_short_times():
    step, curvature, distance = 1e-4, 1.0, 3.0
    defect = distance * (np.exp(-curvature * step) - (1 - curvature * step))
    bound = theory.euler_error_bound(step, curvature, step, curvature * distance)
    assert defect <= bound <= 1.001 * defect


@given(st.floats(0, 4), st.floats(0.01, 1))
def test_growth_factor_is_one_step_on_a_parabola(curvature, step):
    theta = 1.0
    assert theory.growth_factor(curvature, step) == abs(theta - step * curvature * theta)


@given(st.floats(0, np.pi))
def test_rotated_cosine_stays_below_the_plug_in_bound(angle):
    squared_distance = 1 - np.cos(angle)  # mean of (cos θ - cos(θ - δ))²
    assert theory.rotated_cosine_excess(angle) <= theory.plug_in_bound(squared_distance)


@pytest.mark.parametrize("angle", [0.1, 1.0, 3.0])
def test_rotated_cosine_excess_is_the_mean_cost_of_disagreement(angle):
    theta = 2 * np.pi * (np.arange(200_000) + 0.5) / 200_000
    disagree = np.sign(np.cos(theta)) != np.sign(np.cos(theta - angle))
    excess = np.mean(np.abs(np.cos(theta)) * disagree)
    assert theory.rotated_cosine_excess(angle) == pytest.approx(excess, abs=1e-6)


def test_plug_in_bound_is_attained_where_the_distance_is_constant():
    # f = -h everywhere against f* = +h': disagreement everywhere costs h' = |f - f*| for h -> 0.
    cost, h = 0.4, 1e-9
    assert theory.plug_in_bound((cost + h) ** 2) == pytest.approx(cost)
    assert theory.plug_in_bound((cost + h) ** 2, margin=cost) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.relu_cosine_coefficients(-1), "degree=-1"),
        (lambda: theory.relu_cosine_tail(-1), "degree=-1"),
        (lambda: theory.relu_cosine_aliases(2, 10), "n=10"),
        (lambda: theory.relu_cosine_aliases(4, 8), "degree=4"),
        (lambda: theory.relu_cosine_aliases(-1, 8), "degree=-1"),
        (lambda: theory.equispaced_excess(np.ones(5), np.zeros(5), 1.0, 8), "n=8"),
        (lambda: theory.gaussian_design_error(4, 5, 1.0), "n=5"),
        (lambda: theory.euler_error_bound(0.3, 10.0, 1.0, 1.0), "step=0.3"),
        (lambda: theory.plug_in_bound(-1.0), "negative"),
        (lambda: theory.plug_in_bound(1.0, margin=2.0), "margin=2.0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
