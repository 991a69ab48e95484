"""Kernels of ReLU neurons against quadrature and against simple functions."""

from math import pi, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, kernels, regression, sampling
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


def test_error_against_neurons_by_quadrature_in_the_plane():
    rng = np.random.default_rng(2)
    a, w, c, v = (rng.normal(size=size) for size in (3, (3, 2), 2, (2, 2)))

    def gap(x):
        return a @ np.maximum(w @ x, 0) - c @ np.maximum(v @ x, 0)

    value = kernels.error_against_neurons(*(device.tensor(part) for part in (a, w, c, v)))
    assert float(value) == pytest.approx(2 * on_the_circle(lambda x: gap(x) ** 2), rel=1e-5)


def test_error_of_a_batch_against_a_linear_target():
    rng = np.random.default_rng(3)
    a, w = device.tensor(rng.normal(size=(4, 5))), device.tensor(rng.normal(size=(4, 5, 3)))
    beta = device.tensor(rng.normal(size=3))
    line = torch.stack([beta, -beta])
    errors = kernels.error_against_neurons(a, w, device.tensor([1.0, -1.0]), line)
    assert errors.shape == (4,)
    # E σ(w·x) β·x = w·β/2
    square = (a[:, None] @ kernels.relu_gram(w, w) @ a[..., None])[:, 0, 0]
    assert torch.allclose(errors, square - (a * (w @ beta)).sum(1) + beta @ beta)


def test_random_features_with_the_best_outer_weights():
    """One neuron from m = 2d random ones: the error that Gaussian equivalence predicts."""
    d, rng = 100, np.random.default_rng(4)
    w, v = sampling.sphere(rng, 4, 2 * d, d), torch.eye(d).to(device.tensor(1.0))[:1]
    one = torch.ones_like(v[:, 0])
    cross = (kernels.relu_gram(w, v.expand(4, 1, d)) @ one[:, None]).squeeze(-1)
    fit = regression.kernel_ridge(kernels.relu_gram(w, w), cross, ridge=0.0)
    errors = kernels.error_against_neurons(fit.coefficients, w, one, v)
    assert errors.mean().item() == pytest.approx(0.1479, rel=0.05)
    # the projection leaves 1/2 - <best, target>, and no other outer weights do better
    assert torch.allclose(errors, 0.5 - (fit.coefficients * cross).sum(-1))
    worse = kernels.error_against_neurons(1.01 * fit.coefficients, w, one, v)
    assert (worse > errors).all()


def test_random_feature_gram_has_the_arc_cosine_kernel_as_its_mean():
    rng = np.random.default_rng(5)
    x, y = device.tensor(rng.normal(size=(3, 2))), device.tensor(rng.normal(size=(4, 2)))
    grams = kernels.random_feature_gram(device.tensor(rng.normal(size=(4000, 10, 2))), x, y)
    assert grams.shape == (4000, 3, 4)
    error = 5 * grams.std(dim=0) / 4000**0.5
    assert ((grams.mean(dim=0) - kernels.relu_gram(x, y)).abs() < error).all()
    one = kernels.random_feature_gram(device.tensor([[2.0, 0.0], [0.0, 1.0]]), x, x)
    assert one[1, 2].item() == pytest.approx(
        (4 * max(x[1, 0], 0) * max(x[2, 0], 0) + max(x[1, 1], 0) * max(x[2, 1], 0)).item() / 2
    )


@pytest.mark.parametrize("bias", (True, False))
def test_the_infinite_tangent_kernel_is_the_mean_of_finite_ones(bias):
    rng = np.random.default_rng(6)
    x, y = device.tensor(rng.normal(size=(3, 2))), device.tensor(rng.normal(size=(4, 2)))
    a, w = device.tensor(rng.normal(size=20_000)), device.tensor(rng.normal(size=(20_000, 2)))
    at_x, at_y = x @ w.mT, y @ w.mT  # (3, m), (4, m)
    each = torch.relu(at_x)[:, None] * torch.relu(at_y)
    each = each + a**2 * (at_x > 0)[:, None] * (at_y > 0) * ((x @ y.mT)[..., None] + bias)
    error = 5 * each.std(dim=2) / 20_000**0.5
    kernel = kernels.infinite_tangent_kernel(x, y, bias)
    assert ((each.mean(dim=2) - kernel).abs() < error).all()


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_infinite_tangent_kernel_in_arc_cosines(seed, bias):
    x = device.tensor(np.random.default_rng(seed).normal(size=(6, 3)))
    u = x / x.norm(dim=1, keepdim=True)
    cosine, inner = u @ u.mT, x @ x.mT
    expected = kernels.relu_gram(x, x) + (inner + bias) * kernels.kappa0(cosine) / 2
    kernel = kernels.infinite_tangent_kernel(x, x, bias)
    assert torch.allclose(kernel, expected, atol=1e-6)  # the arc cosine rounds near 1
    assert torch.allclose(kernel.diagonal(), inner.diagonal() + bias / 2, rtol=1e-14)
    assert torch.linalg.eigvalsh(kernel)[0] > -1e-12 * kernel.norm()
    rotation = device.tensor(np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0])
    turned = kernels.infinite_tangent_kernel(x @ rotation, x @ rotation, bias)
    assert torch.allclose(turned, kernel)
    if not bias:
        assert torch.allclose(kernels.infinite_tangent_kernel(2 * x, x, False), 2 * kernel)


@pytest.mark.parametrize(("n", "missing"), ((4, 0), (6, 1), (7, 0), (16, 6)))
def test_without_bias_the_tangent_kernel_on_the_circle_is_singular(n, missing):
    angle = 2 * pi * np.arange(n) / n
    x = device.tensor(np.stack([np.cos(angle), np.sin(angle)], axis=1))
    y = torch.ones_like(x[:, 0])
    kernel = kernels.infinite_tangent_kernel(x, x, bias=False)
    assert regression.kernel_ridge(kernel, y, ridge=0.0).rank == n - missing
    kernel = kernels.infinite_tangent_kernel(x, x, bias=True)
    assert regression.kernel_ridge(kernel, y, ridge=0.0).rank == n
