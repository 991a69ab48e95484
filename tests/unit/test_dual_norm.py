"""What one neuron can gain: bounds against random neurons and against values that are known."""

import numpy as np
import pytest
import torch
from mathdl import dual_norm, norms


def circle(n, shift=0.0):
    angle = 2 * np.pi * (np.arange(n) + shift) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (1, 2))
def test_the_certificate_bounds_random_neurons(convention, d):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(6, d))
    y = rng.normal(size=6)
    y -= y.mean()
    bound = dual_norm.greatest_ratio(x, y, convention, directions=512).bound
    w, b = rng.normal(size=(20_000, d)), rng.normal(size=20_000)
    values = np.abs(np.maximum(w @ x.T + b[:, None], 0) @ y)
    ratio = values / norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    assert 0.9 * bound < ratio.max() <= bound


@pytest.mark.parametrize("convention", ("path1", "path2"))
def test_large_biases_count(convention):
    # far to the right the neuron is affine: |Σ y_i| is the limit of the ratio
    x, y = np.array([[0.1], [-0.1]]), np.array([1.0, 1.0])
    assert dual_norm.greatest_ratio(x, y, convention, directions=2).bound == pytest.approx(2)


@pytest.mark.parametrize(
    "convention, slope", [("bias-free", 0.0), ("path2", 0.0), ("path1", 2**0.5)]
)
def test_the_bound_between_directions(convention, slope):
    # at b = 0 the ratio is ||cos| - |sin|| / N <= 1, attained at the directions of the data, which
    # are the third, the thirteenth, ... of 40; Σ|y_i||x_i| = 4
    x, y, axes = circle(4, shift=0.3), np.array([1.0, -1.0, 1.0, -1.0]), circle(4)
    half = np.pi / 40
    x = x if convention != "path1" else axes
    expected = 1 + slope * half + 4 * half
    assert dual_norm.greatest_ratio(x, y, convention, directions=40).bound == pytest.approx(
        expected
    )
