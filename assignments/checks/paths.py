"""Random deep networks and their paths, listed one by one."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import torch
from torch import Tensor

Deep = tuple[list[Tensor], list[Tensor]]


def deep(rng: np.random.Generator, *widths: int) -> Deep:
    """Weights and biases of a network from widths[0] inputs to one output, standard normal."""
    sizes = [*widths, 1]
    Ws = [torch.from_numpy(rng.standard_normal((m, k))) for k, m in pairwise(sizes)]
    return Ws, [torch.from_numpy(rng.standard_normal(m)) for m in sizes[1:]]


def widths_of(Ws: list[Tensor]) -> str:
    """For messages: the widths of a network from input to output."""
    return " - ".join(str(W.shape[1]) for W in Ws) + " - 1"


def rescaled(rng: np.random.Generator, Ws: list[Tensor], bs: list[Tensor]) -> Deep:
    """The same function, with each hidden neuron's incoming weights multiplied by a factor."""
    Ws, bs = [W.clone() for W in Ws], [b.clone() for b in bs]
    for layer, b in enumerate(bs[:-1]):
        factor = torch.from_numpy(np.exp(rng.uniform(-2, 2, size=len(b))))
        Ws[layer] *= factor[:, None]
        bs[layer] *= factor
        Ws[layer + 1] /= factor
    return Ws, bs


def forward(Ws: list[Tensor], bs: list[Tensor], x: Tensor) -> Tensor:
    """The network at the inputs x (n, d), as (n,)."""
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        x = torch.relu(x @ W.T + b)
    return (x @ Ws[-1].T + bs[-1])[:, 0]


def paths(Ws: list[Tensor], bs: list[Tensor]) -> list[tuple[tuple[int | None, ...], float]]:
    """All paths from an input or a bias to the output, one by one, with their absolute products.

    A path is named by its neurons, one a layer up to the output, None before it starts.
    """
    found: list[tuple[tuple[int | None, ...], float]] = []
    sizes = [Ws[0].shape[1], *(len(W) for W in Ws)]
    for start in range(len(sizes)):
        for neurons in product(*(range(m) for m in sizes[start:])):
            weight = float(bs[start - 1][neurons[0]].abs()) if start else 1.0
            for W, (i, j) in zip(Ws[start:], pairwise(neurons), strict=True):
                weight *= float(W[j, i].abs())
            found.append(((None,) * start + neurons, weight))
    return found
