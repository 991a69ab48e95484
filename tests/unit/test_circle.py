"""Spectra on the circle against dense eigenvalues, known series and singular values."""

from functools import partial

import numpy as np
import pytest
import torch
from mathdl import circle, kernels, regression


def tangent(theta, bias):
    """The tangent kernel as a function of the angle."""
    return kernels.infinite_tangent_kernel(
        circle.points(theta), circle.points(torch.zeros_like(theta[:1])), bias
    )[:, 0]


def test_angles_are_equispaced_and_points_on_the_circle():
    theta = circle.angles(8)
    assert theta.tolist() == pytest.approx([np.pi / 4 * i for i in range(8)])
    x = circle.points(theta)
    assert x.shape == (8, 2)
    assert torch.allclose(x.norm(dim=1), torch.ones_like(theta))
    assert x[1].tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert x[2].tolist() == pytest.approx([0, 1])


@pytest.mark.parametrize("bias", (True, False))
@pytest.mark.parametrize("n", (7, 16))
def test_the_spectrum_is_that_of_the_gram_matrix(n, bias):
    x = circle.points(circle.angles(n))
    gram = kernels.infinite_tangent_kernel(x, x, bias)
    expected = torch.linalg.eigvalsh(gram) / n
    found = circle.spectrum(partial(tangent, bias=bias), n)
    assert torch.allclose(found.sort().values, expected, atol=1e-14)
    for k in range(n):  # and each belongs to its frequency
        mode = torch.cos(k * circle.angles(n))
        assert torch.allclose(gram @ mode, n * found[k] * mode, atol=1e-12)


def test_the_spectrum_of_a_triangle():
    # κ₀ = 1 - |θ|/π has λ_0 = 1/2, λ_k = 2/(πk)² for odd k, and no other
    found = circle.spectrum(lambda theta: kernels.kappa0(theta.cos()), 2**14)[:6]
    expected = [1 / 2, 2 / np.pi**2, 0, 2 / (9 * np.pi**2), 0, 2 / (25 * np.pi**2)]
    assert found.tolist() == pytest.approx(expected, abs=1e-7)


def test_frequencies_that_the_points_cannot_tell_apart_are_added():
    kernel = partial(tangent, bias=True)
    fine, coarse = circle.spectrum(kernel, 4096), circle.spectrum(kernel, 16)
    assert torch.allclose(fine.reshape(256, 16).sum(dim=0), coarse, atol=1e-14)


def test_without_bias_the_odd_frequencies_from_three_are_missing():
    found = circle.spectrum(partial(tangent, bias=False), 12)
    assert (found[[3, 5, 7, 9]].abs() < 1e-15).all()
    assert (found[[0, 1, 2, 4, 6]] > 1e-3).all()
    with_bias = circle.spectrum(partial(tangent, bias=True), 12)
    assert (with_bias > 1e-3).all()


@pytest.mark.parametrize(
    ("n", "k", "error"), ((16, 3, 1.51059e-2), (17, 3, 1.22673e-2), (33, 3, 8.8013e-4))
)
def test_regression_of_one_frequency_on_few_points(n, k, error):
    theta, fine = circle.angles(n), circle.angles(2**14)
    x, t = circle.points(theta), circle.points(fine)
    gram = kernels.infinite_tangent_kernel(x, x, bias=True)
    fit = regression.kernel_ridge(gram, torch.cos(k * theta), ridge=0.0)
    assert fit.rank == n
    f = kernels.infinite_tangent_kernel(t, x, bias=True) @ fit.coefficients
    target = torch.cos(k * fine)
    relative = ((f - target) ** 2).mean() / (target**2).mean()
    assert relative.item() == pytest.approx(error, rel=1e-3)
    # and as the spectrum says: each alias of the frequency keeps its share
    share = circle.spectrum(partial(tangent, bias=True), 2**10 * n)[k::n]
    share = share / share.sum()
    predicted = (1 - share[0]) ** 2 + (share[1:] ** 2).sum()
    assert relative.item() == pytest.approx(predicted.item(), rel=1e-4)


def relu_cosine(theta):
    return torch.relu(theta.cos())


@pytest.mark.parametrize(
    ("m", "width"), ((3, 0.153879), (5, 0.034103), (9, 0.0098459), (17, 0.0031578), (33, 1.0643e-3))
)
def test_the_width_of_the_orbit_of_a_neuron(m, width):
    assert circle.orbit_widths(relu_cosine, 2**16)[m].item() == pytest.approx(width, rel=1e-4)


def test_widths_are_singular_values_of_the_rotations():
    n = 64
    values = relu_cosine(circle.angles(n))
    rotations = torch.stack([values.roll(k) for k in range(n)]) / n
    squares = torch.linalg.svdvals(rotations).flip(0) ** 2
    widths = circle.orbit_widths(relu_cosine, n)
    assert widths.shape == (n + 1,)
    expected = torch.cat([squares.cumsum(0).flip(0), 0 * squares[:1]]).sqrt()
    assert torch.allclose(widths, expected, atol=1e-12)
    assert widths[0].item() == pytest.approx(0.5, rel=1e-3)  # its own L² norm
