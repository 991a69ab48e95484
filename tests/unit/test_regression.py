"""Regression against the definition of what it minimizes, with full and with deficient rank."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, regression


def problem(seed, n, p, rank):
    """Features of the given rank, with singular values between 1/2 and 2."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(size, rank)))[0] for size in (n, p))
    features = left * rng.uniform(0.5, 2, size=rank) @ right.T
    return device.tensor(features), device.tensor(rng.normal(size=n))


shapes = st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8))


@given(st.integers(0, 2**32 - 1), shapes)
def test_least_squares_is_the_minimum_norm_solution(seed, shape):
    n, p, rank = shape[0], shape[1], min(shape)
    features, y = problem(seed, n, p, rank)
    c, found = regression.least_squares(features, y)
    assert found == rank
    scale = features.norm() * y.norm()
    # normal equations, and no part of c in the null space of the features
    assert (features.mT @ (features @ c - y)).norm() < 1e-8 * scale
    null = torch.linalg.svd(features)[2][rank:]
    assert (null @ c).norm() < 1e-8 * (1 + c.norm())


@given(st.integers(0, 2**32 - 1), shapes, st.floats(1e-3, 10))
def test_kernel_ridge_is_where_the_gradient_vanishes(seed, shape, ridge):
    n, p, rank = shape[0], shape[1], min(shape)
    features, y = problem(seed, n, p, rank)
    kernel = features @ features.mT
    c, found = regression.kernel_ridge(kernel, y, ridge)
    assert found == rank
    # in the coefficients β = Φᵀ c of the features: Φᵀ(Φβ - y)/n + ridge β = 0
    beta = features.mT @ c
    gradient = features.mT @ (features @ beta - y) / n + ridge * beta
    assert gradient.norm() < 1e-8 * (features.norm() * y.norm() + 1)


@given(st.integers(0, 2**32 - 1), shapes)
def test_kernel_regression_without_ridge_is_least_squares(seed, shape):
    n, p, rank = shape[0], shape[1], min(shape)
    features, y = problem(seed, n, p, rank)
    direct, _ = regression.least_squares(features, y)
    c, found = regression.kernel_ridge(features @ features.mT, y, ridge=0.0)
    assert found == rank
    assert torch.allclose(features.mT @ c, direct, rtol=1e-6, atol=1e-8)


def test_small_ridges_tend_to_none():
    features, y = problem(0, 6, 4, 3)
    kernel = features @ features.mT
    limit = features.mT @ regression.kernel_ridge(kernel, y, ridge=0.0).coefficients
    near = features.mT @ regression.kernel_ridge(kernel, y, ridge=1e-9).coefficients
    assert torch.allclose(near, limit, rtol=1e-6)


def test_the_cutoff_decides_what_counts_as_zero():
    features = torch.diag(device.tensor([1.0, 1e-3, 1e-6]))
    y = torch.ones_like(features[0])
    assert regression.least_squares(features, y).rank == 3
    few = regression.least_squares(features, y, cutoff=1e-4)
    assert few.rank == 2
    assert few.coefficients.tolist() == pytest.approx([1, 1e3, 0])
    assert regression.kernel_ridge(features, y, 0.0).rank == 3
    few = regression.kernel_ridge(features, y, 0.0, cutoff=1e-4)
    assert few.rank == 2
    assert few.coefficients.tolist() == pytest.approx([1, 1e3, 0])
    for cutoff, rank in ((0.99e-3, 2), (1.01e-3, 1)):  # relative to the largest
        assert regression.least_squares(5 * features, y, cutoff).rank == rank
        assert regression.kernel_ridge(5 * features, y, 0.0, cutoff).rank == rank


def test_the_default_cutoff():
    for size, rank in ((1.03e-10, 2), (0.97e-10, 1)):
        features = torch.diag(device.tensor([1.0, size]))
        assert regression.least_squares(features, features[0]).rank == rank
        assert regression.kernel_ridge(features, features[0], 0.0).rank == rank


def test_the_cutoff_is_never_below_rounding():
    eps = torch.finfo(torch.float32).eps
    for size, rank in ((2.06 * eps, 2), (1.94 * eps, 1)):
        features = torch.diag(torch.tensor([1.0, size]))
        assert regression.least_squares(features, features[0]).rank == rank
        assert regression.kernel_ridge(features, features[0], 0.0).rank == rank
    tall = torch.zeros(4, 2)
    tall[0, 0], tall[1, 1] = 1, 3 * eps
    assert regression.least_squares(tall, tall[:, 0]).rank == 1


def test_negative_eigenvalues_count_as_zero():
    kernel = torch.diag(device.tensor([-2.0, 1.0]))
    fit = regression.kernel_ridge(kernel, torch.ones_like(kernel[0]), 0.0)
    assert fit.rank == 1
    assert fit.coefficients.tolist() == pytest.approx([0, 1])
    assert regression.kernel_ridge(kernel, kernel[0], 0.0, cutoff=0.55).rank == 0


def test_batches_are_treated_one_by_one():
    (features, y), (more, z) = problem(0, 5, 3, 2), problem(1, 5, 3, 3)
    stacked, both = torch.stack([features, 100 * more]), torch.stack([y, z])
    c, rank = regression.least_squares(stacked, both)
    assert rank.tolist() == [2, 3]
    assert torch.allclose(c[0], regression.least_squares(features, y).coefficients)
    kernel = stacked @ stacked.mT
    c, rank = regression.kernel_ridge(kernel, both, 0.1)
    assert rank.tolist() == [2, 3]
    assert torch.allclose(c[1], regression.kernel_ridge(kernel[1], z, 0.1).coefficients)


@pytest.mark.parametrize("ridge", (-1e-9, float("nan"), float("inf")))
def test_a_negative_ridge_is_refused(ridge):
    with pytest.raises(ValueError, match="is no penalty; use a number >= 0"):
        regression.kernel_ridge(torch.eye(2), torch.ones(2), ridge)


@pytest.mark.parametrize(("p", "draws"), ((10, 400), (30, 3000), (100, 400)))
def test_the_risk_of_gaussian_features_before_and_after_the_peak(p, draws):
    """Belkin, Hsu and Xu 2020: n = 40 samples of D = 100 Gaussian coordinates, p of them used."""
    n, D, sigma = 40, 100, 0.2
    rng = np.random.default_rng(p)
    beta = np.zeros(D) + D**-0.5
    x = device.tensor(rng.normal(size=(draws, n, D)))
    b = device.tensor(beta)
    y = x @ b + sigma * device.tensor(rng.normal(size=(draws, n)))
    c = regression.least_squares(x[..., :p], y).coefficients
    risks = ((c - b[:p]) ** 2).sum(-1) + (b[p:] ** 2).sum() + sigma**2
    rest = (D - p) / D + sigma**2
    if p < n:
        expected = rest * (1 + p / (n - p - 1))
    else:
        expected = p / D * (1 - n / p) + rest * (1 + n / (p - n - 1))
    error = 5 * risks.std().item() / draws**0.5
    assert risks.mean().item() == pytest.approx(expected, abs=error)
    assert error < 0.05 * expected  # 5 % off would be seen
