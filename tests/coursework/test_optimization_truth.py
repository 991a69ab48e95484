"""The right answers of the assignment on optimization, against what they should be."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from assignments.checks.optimization_inputs import DEPTHS, deep
from assignments.checks.optimization_truth import (
    balances,
    circle,
    kernel,
    slopes,
    step,
    values,
)


@pytest.mark.parametrize("depth", DEPTHS)
def test_gradients_are_slopes_of_the_loss(depth):
    weights, X, y = deep(np.random.default_rng(depth), depth)
    gradients = slopes(weights, X, y)

    def loss(t):
        moved = [W + t * G for W, G in zip(weights, gradients, strict=True)]
        return float(((values(moved, X) - y) ** 2).mean() / 2)

    slope = (loss(1e-7) - loss(-1e-7)) / 2e-7
    assert slope == pytest.approx(float(sum((G**2).sum() for G in gradients)), rel=1e-5)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_step_changes_the_values_by_the_kernel_and_hardly_the_balances(depth):
    weights, X, y = deep(np.random.default_rng(depth), depth)
    moved = step(weights, slopes(weights, X, y), 1e-7, 0.0)
    f = values(weights, X)
    change = (values(moved, X) - f) / 1e-7
    torch.testing.assert_close(change, -kernel(weights, X) @ (f - y) / len(y), rtol=1e-4, atol=1e-4)
    for after, before in zip(balances(moved), balances(weights), strict=True):
        assert float((after - before).abs().max()) < 1e-9


def test_balances_are_outgoing_minus_incoming():
    W, a = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[6.0, 1.0]])
    assert balances([W, a])[0].tolist() == [11.0, 0.0]


def test_the_network_on_the_circle_keeps_the_odd_part_of_the_labels():
    for pairs, m in ((4, 20), (9, 20), (9, 60)):
        weights, X, y = circle(SimpleNamespace(pairs=pairs, m=m, odd=6))
        assert float(values(weights, X).abs().max()) < 1e-12
        rates, modes = torch.linalg.eigh(kernel(weights, X))
        unseen = modes[:, rates < 1e-9 * rates[-1]]
        assert float(((unseen.T @ y) ** 2).sum()) / (4 * pairs) == pytest.approx(0.09)
