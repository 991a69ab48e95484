"""Random inputs of the assignment on implicit bias, and right answers, found in other ways."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from assignments.checks.optimization_inputs import normal


def underdetermined(rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """X (3, 6), y, and starts u and v whose lengths differ by at least a half in each entry."""
    X = normal(rng, 3, 6)
    near = torch.from_numpy(rng.uniform(0.3, 1, 6))
    far = near + torch.from_numpy(rng.uniform(0.5, 1, 6))
    swap = torch.from_numpy(rng.random(6) < 0.5)
    swap[:2] = torch.tensor([True, False])  # both kinds occur
    signs = torch.from_numpy(rng.choice([-1.0, 1.0], (2, 6)))
    signs[0, 0] = -signs[1, 0]  # and β starts negative somewhere
    u, v = torch.where(swap, near, far) * signs[0], torch.where(swap, far, near) * signs[1]
    return X, normal(rng, 3), u, v


def flow_end(X: Tensor, y: Tensor, D: float) -> Tensor:
    """The limit of the flow of beta = u v from v = 0 and u^2 = D in all coordinates.

    It is D sinh(z) / 2 with z in the row space of X. The length of Newton's steps is limited, so
    that the exponential functions stay small, and no line search is needed.
    """
    mu = torch.zeros_like(y)
    for _ in range(500):
        z = X.T @ mu
        move = torch.linalg.solve((X * (D * z.cosh() / 2)) @ X.T, y - X @ (D * z.sinh() / 2))
        mu = mu + move / max(1.0, float((X.T @ move).abs().max()))
    return D * torch.sinh(X.T @ mu) / 2


def columns(d: int) -> Tensor:
    """The matrix (4, d) of question 3."""
    frequency = torch.arange(1, 5, dtype=torch.float64)[:, None]
    A = torch.cos(math.pi * frequency * (torch.arange(d, dtype=torch.float64) + 0.5) / d)
    return A / A.norm(dim=0)
