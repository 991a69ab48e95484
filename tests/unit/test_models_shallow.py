"""Batched networks against a loop over neurons, and against the symmetries of ReLU."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl import models

SCALES = {"mean-field": 1 / 5, "ntk": 5**-0.5, "unscaled": 1.0}


@pytest.fixture
def networks():
    return models.random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(1))


@pytest.mark.parametrize("scaling", SCALES)
def test_two_layer_against_a_loop_over_neurons(networks, scaling):
    x = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values = models.two_layer(networks, x, scaling)
    assert values.shape == (2, 4)
    for e in range(2):
        for i in range(4):
            total = 0.0
            for a, w, b in zip(networks.a[e], networks.w[e], networks.b[e], strict=True):
                total += float(a) * max(float(w @ x[i] + b), 0.0)
            assert float(values[e, i]) == pytest.approx(SCALES[scaling] * total)


@settings(deadline=None)
@given(st.floats(0.1, 10))
def test_positive_rescaling_leaves_the_function(c):
    networks = models.random_two_layer(E=1, m=4, d=2, rng=np.random.default_rng(2))
    rescaled = models.TwoLayer(networks.a / c, c * networks.w, c * networks.b)
    x = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(4, 2)
    torch.testing.assert_close(
        models.two_layer(networks, x, "ntk"), models.two_layer(rescaled, x, "ntk")
    )


def test_random_networks_have_signs_unit_weights_and_bounded_biases():
    a, w, b = models.random_two_layer(E=20, m=50, d=4, rng=np.random.default_rng(3))
    assert set(a.flatten().tolist()) == {-1.0, 1.0} and abs(float(a.mean())) < 0.2
    assert torch.allclose(w.norm(dim=2), torch.ones_like(b))
    assert b.abs().max() <= 1 and b.std() == pytest.approx(3**-0.5, rel=0.1)


def test_errors_name_the_argument(networks):
    with pytest.raises(ValueError, match="scaling='mup'"):
        models.two_layer(networks, torch.zeros(1, 3, dtype=torch.float64), "mup")
    with pytest.raises(
        ValueError, match=r"x has shape \(1, 2\); use \(n, d\) or \(E, n, d\) with E = 2, d = 3"
    ):
        models.two_layer(networks, torch.zeros(1, 2, dtype=torch.float64), "ntk")
    with pytest.raises(ValueError, match="m=0"):
        models.scale("ntk", 0)
    with pytest.raises(ValueError, match="d=0"):
        models.random_two_layer(1, 1, 0, np.random.default_rng(0))
