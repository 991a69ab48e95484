"""Networks of neurons drawn from another one, and the error over all draws."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from assignments.checks import network


def outputs(a: Tensor, W: Tensor, b: Tensor, X: Tensor) -> Tensor:
    """The share of each neuron in the outputs, (n, m)."""
    return a * torch.relu(X @ W.T + b)


def enumerated_error(a: Tensor, W: Tensor, b: Tensor, X: Tensor, p: Tensor, k: int) -> float:
    """The mean squared error of k draws, as a mean over all draws."""
    neurons = outputs(a, W, b, X)
    f, error = neurons.sum(dim=1), 0.0
    for draw in map(list, product(range(len(a)), repeat=k)):
        thin = (neurons[:, draw] / p[draw]).mean(dim=1)
        error += float(p[draw].prod() * ((thin - f) ** 2).mean())
    return error


def probabilities(rng: np.random.Generator, m: int) -> Tensor:
    """m probabilities, none of them small."""
    p = torch.from_numpy(rng.uniform(0.3, 1, size=m))
    return p / p.sum()


def seen_by(rng: np.random.Generator, m: int, d: int, n: int) -> tuple[Tensor, ...]:
    """A random network and n inputs, on the first of which, 0, all neurons are on."""
    a, W, b = network(rng, m, d)
    X = torch.from_numpy(rng.standard_normal((n, d)))
    X[0] = 0
    return a, W, b.abs() + 0.1, X
