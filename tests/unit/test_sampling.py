"""Uniform directions and Maurey's sampling."""

import numpy as np
import pytest
import torch
from mathdl import device, norms, sampling


def test_points_lie_on_the_sphere_and_fill_it():
    w = sampling.sphere(np.random.default_rng(0), 20_000, 3)
    assert torch.allclose(w.norm(dim=-1), torch.ones(20_000, dtype=w.dtype))
    assert torch.allclose(w.mean(dim=0), torch.zeros(3, dtype=w.dtype), atol=0.02)
    # uniform in R^3: each coordinate is uniform on [-1, 1]
    below = [(w[:, i] < 0.5).double().mean().item() for i in range(3)]
    assert below == pytest.approx([0.75] * 3, abs=0.02)


def test_sphere_in_one_dimension_is_a_fair_coin():
    w = sampling.sphere(np.random.default_rng(0), 10_000, 1)
    assert set(w.flatten().tolist()) == {-1.0, 1.0}
    assert w.mean().item() == pytest.approx(0, abs=0.05)


@pytest.fixture
def network():
    a = device.tensor([2.0, -0.5, 0.0, 1.0])
    w = device.tensor([[3.0, -4.0], [0.0, 1.0], [5.0, 5.0], [0.5, 0.0]])
    b = device.tensor([-2.0, 0.5, 1.0, 0.0])
    return a, w, b


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_every_draw_has_the_path_norm_and_normalized_neurons(network, convention):
    drawn = sampling.maurey(np.random.default_rng(0), *network, 7, 5, convention)
    assert [tuple(part.shape) for part in drawn] == [(5, 7), (5, 7, 2), (5, 7)]
    total = norms.path_norm(*network, convention)
    assert torch.allclose(norms.path_norm(*drawn, convention), total.expand(5))
    assert torch.allclose(norms.parameter_norm(*drawn[1:], convention), torch.ones(5, 7).double())


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_the_mean_of_the_draws_is_the_network(network, convention):
    a, w, b = network
    x = device.tensor([[0.3, -0.4], [-1.0, 0.2], [0.0, 0.0]])
    f = torch.relu(x @ w.mT + b) @ a
    a, w, b = sampling.maurey(np.random.default_rng(0), a, w, b, 10, 20_000, convention)
    draws = (torch.relu(x @ w.mT + b.unsqueeze(-2)) @ a.unsqueeze(-1)).squeeze(-1)
    error = draws.std(dim=0) / len(draws) ** 0.5
    assert ((draws.mean(dim=0) - f).abs() <= 5 * error + 1e-12).all()


def test_a_network_of_norm_zero_is_refused():
    zero = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ValueError, match="path norm 0"):
        sampling.maurey(np.random.default_rng(0), zero, torch.ones(2, 1), zero, 3, 1, "path2")
