"""The right answers of the assignment on implicit bias, against what they should be."""

import math

import numpy as np
import pytest
import torch

from assignments.checks.implicit_bias_truth import columns, flow_end, underdetermined


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


def test_starts_are_never_balanced_and_have_both_orders_and_signs():
    for seed in range(20):
        _, _, u, v = underdetermined(np.random.default_rng(seed))
        assert float((u.abs() - v.abs()).abs().min()) >= 0.5
        assert {True, False} == set((u.abs() > v.abs()).tolist())
        assert float((u * v).min()) < 0
