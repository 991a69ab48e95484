"""Kernels of ReLU neurons against quadrature and against simple functions."""

from math import pi, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, kernels, sampling
from scipy.integrate import quad


def on_the_circle(function):
    """The mean of a function over the unit circle, by the rectangle rule."""
    angle = 2 * pi * (np.arange(4000) + 0.5) / 4000
    return np.mean([function(np.array([np.cos(t), np.sin(t)])) for t in angle])


@given(st.floats(-1, 1))
def test_kappa0_is_the_probability_of_a_double_cone(u):
    # the half planes {cos φ > 0} and {cos(φ - θ) > 0} share the angle π - θ out of 2π
    theta = np.arccos(u)
    value = kernels.kappa0(torch.tensor(u, dtype=torch.float64))
    assert float(value) == pytest.approx(2 * (pi - theta) / (2 * pi), abs=1e-12)


@pytest.mark.parametrize("u", (-0.9, -0.3, 0.0, 0.4, 0.99))
def test_kappa1_by_quadrature(u):
    w, v = np.array([1.0, 0.0]), np.array([u, sqrt(1 - u**2)])
    expected = 2 * 2 * on_the_circle(lambda x: max(w @ x, 0) * max(v @ x, 0))
    value = kernels.kappa1(torch.tensor(u, dtype=torch.float64))
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_the_derivative_of_kappa1_is_kappa0():
    u = torch.linspace(-0.95, 0.95, 9, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(kernels.kappa1(u).sum(), u)
    assert torch.allclose(gradient, kernels.kappa0(u.detach()))


@pytest.mark.parametrize("kernel", (kernels.kappa0, kernels.kappa1))
def test_cosines_out_of_range_by_rounding_are_accepted(kernel):
    values = kernel(torch.tensor([-1 - 1e-9, 1 + 1e-9], dtype=torch.float64))
    assert values.tolist() == [0.0, 1.0]


@given(st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_gram_is_homogeneous_and_invariant_under_rotations(factor, seed):
    rng = np.random.default_rng(seed)
    w, v = device.tensor(rng.normal(size=(4, 3))), device.tensor(rng.normal(size=(5, 3)))
    rotation = device.tensor(np.linalg.qr(rng.normal(size=(3, 3)))[0])
    gram = kernels.relu_gram(w, v)
    assert gram.shape == (4, 5)
    assert torch.allclose(kernels.relu_gram(factor * w, v), factor * gram)
    assert torch.allclose(kernels.relu_gram(w @ rotation, v @ rotation), gram)
    assert torch.allclose(kernels.relu_gram(v, w), gram.mT)


def test_gram_of_a_batch_is_the_batch_of_grams():
    w = sampling.sphere(np.random.default_rng(0), 3, 4, 2)
    batch = kernels.relu_gram(w, w)
    assert torch.allclose(batch[1], kernels.relu_gram(w[1], w[1]))
    assert torch.allclose(batch.diagonal(dim1=-2, dim2=-1), torch.full_like(w[..., 0], 0.5))


@pytest.mark.parametrize("d", (1, 2, 3, 7, 30))
def test_mean_length_by_quadrature(d):
    top = quad(lambda t: t**d * np.exp(-(t**2) / 2), 0, 40, points=[sqrt(d)])[0]
    bottom = quad(lambda t: t ** (d - 1) * np.exp(-(t**2) / 2), 0, 40, points=[sqrt(d)])[0]
    assert kernels.mean_length(d) == pytest.approx(top / bottom, rel=1e-8)


def test_relu_averages_in_low_dimensions():
    assert [kernels.relu_average(d) for d in (1, 2, 3)] == pytest.approx([1 / 2, 1 / pi, 1 / 4])


def test_error_against_radius_by_quadrature_in_the_plane():
    rng = np.random.default_rng(1)
    a, w, slope = rng.normal(size=5), rng.normal(size=(5, 2)), 0.7
    # functions of degree one: E g(x)² = 2 × the mean of g² over the unit circle
    expected = 2 * on_the_circle(lambda x: (a @ np.maximum(w @ x, 0) - slope) ** 2)
    value = kernels.error_against_radius(device.tensor(a), device.tensor(w), slope)
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_error_against_radius_is_against_slope_one_unless_told():
    a, w = torch.zeros(1, dtype=torch.float64), torch.ones(1, 3, dtype=torch.float64)
    assert float(kernels.error_against_radius(a, w)) == pytest.approx(3)
    assert float(kernels.error_against_radius(a, w, slope=2.0)) == pytest.approx(12)


@given(st.floats(0.1, 10), st.integers(0, 2**32 - 1))
def test_error_does_not_see_how_a_neuron_is_scaled(factor, seed):
    rng = np.random.default_rng(seed)
    a, w = device.tensor(rng.normal(size=(2, 3))), device.tensor(rng.normal(size=(2, 3, 4)))
    error = kernels.error_against_radius(a, w)
    assert error.shape == (2,)
    assert torch.allclose(kernels.error_against_radius(a * factor, w / factor), error)
