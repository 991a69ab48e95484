"""The right answers of the assignment on optimization, against what they should be."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from assignments.checks.optimization_inputs import DEPTHS, deep, underdetermined
from assignments.checks.optimization_truth import (
    balances,
    circle,
    columns,
    flow_end,
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


@pytest.mark.parametrize("D", [10.0, 1.0, 1e-3])
def test_the_end_of_the_flow_is_where_small_steps_lead(D):
    A = columns(8)
    y = A[:, 2]
    u, v = torch.full((8,), math.sqrt(D), dtype=torch.float64), torch.zeros(8, dtype=torch.float64)
    for _ in range(10_000):
        g = A.T @ (A @ (u * v) - y) / 4
        u, v = u - 0.05 * g * v, v - 0.05 * g * u
    torch.testing.assert_close(flow_end(A, y, D), u * v, rtol=1e-2, atol=2e-3)


def test_columns_have_length_one_and_no_two_are_parallel():
    for d in range(7, 13):
        products = columns(d).T @ columns(d)
        assert float((products - torch.eye(d)).abs().max()) < 0.9
        torch.testing.assert_close(products.diagonal(), torch.ones(d, dtype=torch.float64))


def test_the_network_on_the_circle_keeps_the_odd_part_of_the_labels():
    for pairs, m in ((4, 20), (9, 20), (9, 60)):
        weights, X, y = circle(SimpleNamespace(pairs=pairs, m=m, odd=6))
        assert float(values(weights, X).abs().max()) < 1e-12
        rates, modes = torch.linalg.eigh(kernel(weights, X))
        unseen = modes[:, rates < 1e-9 * rates[-1]]
        assert float(((unseen.T @ y) ** 2).sum()) / (4 * pairs) == pytest.approx(0.09)


def test_starts_are_never_balanced_and_have_both_orders_and_signs():
    for seed in range(20):
        _, _, u, v = underdetermined(np.random.default_rng(seed))
        assert float((u.abs() - v.abs()).abs().min()) >= 0.5
        assert {True, False} == set((u.abs() > v.abs()).tolist())
        assert float((u * v).min()) < 0
