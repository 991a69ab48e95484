"""Uniform directions, Maurey's sampling, and minibatches."""

from collections import Counter
from itertools import product
from math import comb

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


def minibatches(size, replace=True, label_noise=0.0, seed=0):
    return sampling.Minibatches(size, np.random.default_rng(seed), replace, label_noise)


@pytest.mark.parametrize(("n", "size"), ((5, 1), (5, 2), (6, 3), (5, 4), (4, 4)))
def test_every_subset_is_the_batch_equally_often(n, size):
    # all equally likely draws, one by one: what Floyd's algorithm makes of them
    last = np.arange(n - size, n)
    draws = np.array(list(product(*(range(top + 1) for top in last))))
    subsets = Counter(frozenset(batch) for batch in sampling._distinct(draws, last).tolist())
    assert all(len(subset) == size for subset in subsets)
    assert set(subsets.values()) == {len(draws) // comb(n, size)}
    assert len(subsets) == comb(n, size)


@pytest.mark.parametrize("replace", (True, False))
def test_batches_are_uniform_and_independent_of_each_other(replace):
    n, E, steps = 5, 20, 2000
    drawn = minibatches(3, replace).draw(n, E, steps)
    assert drawn.shape == (steps, E, 3) and drawn.dtype == np.int64
    often = np.bincount(drawn.ravel(), minlength=n) / drawn.size
    assert often == pytest.approx(np.full(n, 1 / n), abs=5 * (0.16 / drawn.size) ** 0.5)
    # equal indices in the batches of a step and the next, and of a member and the next
    equal = (drawn[1:, :, :, None] == drawn[:-1, :, None, :]).sum(axis=(2, 3))
    assert equal.mean() == pytest.approx(9 / n, abs=5 * (1.44 / equal.size) ** 0.5)
    equal = (drawn[:, 1:, :, None] == drawn[:, :-1, None, :]).sum(axis=(2, 3))
    assert equal.mean() == pytest.approx(9 / n, abs=5 * (1.44 / equal.size) ** 0.5)
    # and that a batch holds one twice
    twice = (np.diff(np.sort(drawn)) == 0).any(axis=2).mean()
    assert twice == pytest.approx(
        1 - 4 / 5 * 3 / 5 if replace else 0, abs=5 * (0.25 / (E * steps)) ** 0.5
    )


@pytest.mark.parametrize("replace", (True, False))
@pytest.mark.parametrize("n", (7, 1000))
def test_how_many_steps_are_drawn_at_once_does_not_matter(replace, n):
    whole, parts = (minibatches(3, replace, 0.5) for _ in range(2))
    indices, noise = whole.draw(n, 3, 64), whole.noise(3, 64)
    pieces = [(parts.noise(3, k), parts.draw(n, 3, k)) for k in (1, 3, 0, 60)]
    assert (np.concatenate([piece[1] for piece in pieces]) == indices).all()
    assert (np.concatenate([piece[0] for piece in pieces]) == noise).all()
    assert (minibatches(3, replace, seed=1).draw(n, 3, 64) != indices).any()


def test_two_runs_on_one_generator_draw_different_batches():
    rng = np.random.default_rng(0)
    first, second = (sampling.Minibatches(4, rng, replace=True) for _ in range(2))
    assert (first.draw(100, 1, 5) != second.draw(100, 1, 5)).any()


def test_label_noise_is_gaussian_of_the_given_deviation_and_zero_by_default():
    noise = minibatches(10, label_noise=0.3).noise(20, 1000)
    assert noise.shape == (1000, 20, 10)
    error = 5 / noise.size**0.5
    moments = [((noise / 0.3) ** k).mean() for k in (1, 2, 4)]
    assert moments[0] == pytest.approx(0, abs=error)
    assert moments[1] == pytest.approx(1, abs=error * 2**0.5)
    assert moments[2] == pytest.approx(3, abs=error * 96**0.5)
    assert not minibatches(2).noise(3, 4).any()


@pytest.mark.parametrize("size", (0, -3))
def test_an_empty_batch_is_refused(size):
    with pytest.raises(ValueError, match=f"size={size} is no batch; use size >= 1"):
        minibatches(size)


@pytest.mark.parametrize("noise", (-0.1, float("nan"), float("inf")))
def test_label_noise_that_is_no_deviation_is_refused(noise):
    with pytest.raises(ValueError, match="is no deviation; use a number >= 0"):
        minibatches(1, label_noise=noise)


def test_a_batch_without_replacement_cannot_exceed_the_sample():
    with pytest.raises(ValueError, match="size=5 exceeds the n=4 samples; use a smaller batch"):
        minibatches(5, replace=False).draw(4, 1, 1)
    assert minibatches(5).draw(4, 1, 1).shape == (1, 1, 5)


def test_networks_in_single_precision_are_sampled():
    rng = np.random.default_rng(0)
    for _ in range(20):  # of 200 neurons, whose probabilities have to sum to 1 in double precision
        a, w, b = (torch.from_numpy(rng.normal(size=s)).float() for s in ((200,), (200, 3), (200,)))
        drawn = sampling.maurey(rng, a, w, b, 5, 2, "path2")
        assert [part.dtype for part in drawn] == 3 * [torch.float32]
        cost = norms.path_norm(*drawn, "path2")
        assert torch.allclose(cost, norms.path_norm(a, w, b, "path2"))
