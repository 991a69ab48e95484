"""The right answers of the assignment on optimization, found in other ways than the model answers.

Gradients and kernels come from automatic differentiation, one sample at a time.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from torch import Tensor


def values(weights: list[Tensor], X: Tensor) -> Tensor:
    """The values (n,) of a ReLU network without biases, as the notebook defines it."""
    h = X
    for W in weights[:-1]:
        h = (h @ W.T).relu()
    return (h @ weights[-1].T)[:, 0]


def jacobians(weights: list[Tensor], X: Tensor) -> list[Tensor]:
    """The derivatives of the values in each matrix, (n, numbers in it), by differentiation."""
    leaves = [W.clone().requires_grad_() for W in weights]
    rows = [torch.autograd.grad(f, leaves, retain_graph=True) for f in values(leaves, X)]
    return [torch.stack([g.flatten() for g in layer]) for layer in zip(*rows, strict=True)]


def slopes(weights: list[Tensor], X: Tensor, y: Tensor) -> list[Tensor]:
    """The gradients of the loss in each matrix, from the Jacobians."""
    r = (values(weights, X) - y) / len(y)
    return [(r @ J).reshape(W.shape) for J, W in zip(jacobians(weights, X), weights, strict=True)]


def kernel(weights: list[Tensor], X: Tensor) -> Tensor:
    """The tangent kernel, from the Jacobians."""
    J = torch.cat(jacobians(weights, X), dim=1)
    return J @ J.T


def balances(weights: list[Tensor]) -> list[Tensor]:
    """Squared length of the outgoing minus the incoming weights, a tensor for each hidden layer."""
    return [
        W[1].square().sum(0) - W[0].square().sum(1)
        for W in zip(weights[:-1], weights[1:], strict=True)
    ]


def step(weights: list[Tensor], gradients: list[Tensor], eta: float, decay: float) -> list[Tensor]:
    """The weights after a step of gradient descent with weight decay."""
    both = zip(weights, gradients, strict=True)
    return [(1 - eta * decay) * W - eta * G for W, G in both]


def circle(numbers: SimpleNamespace) -> tuple[list[Tensor], Tensor, Tensor]:
    """The weights at the start, the samples and the labels of question 4."""
    n = 2 * numbers.pairs
    angle = 2 * math.pi * (torch.arange(n, dtype=torch.float64) + 0.5) / n
    X = torch.stack([angle.cos(), angle.sin()], dim=1)
    y = (2 * angle).cos() + numbers.odd / 10 * (3 * angle).sin()
    direction = 2.39996 * (torch.arange(numbers.m, dtype=torch.float64) + 0.5)
    half = torch.stack([direction.cos(), direction.sin()], dim=1)
    a = torch.ones(1, numbers.m, dtype=torch.float64) / math.sqrt(2 * numbers.m)
    return [torch.cat([half, half]), torch.cat([a, -a], dim=1)], X, y
