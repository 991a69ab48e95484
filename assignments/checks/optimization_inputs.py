"""Random inputs for the hidden checks of the assignment on optimization."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from assignments.checks.optimization_truth import values

DEPTHS = (2, 3, 4)  # layers of weights of the random networks


def normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape))


def deep(rng: np.random.Generator, depth: int) -> tuple[list[Tensor], Tensor, Tensor]:
    """A random network with layers of 6, 5, 4 neurons, of `depth` matrices, with 7 samples.

    It is drawn again where a whole layer is 0 at a sample: such a sample has no gradient.
    """
    sizes = [3, 6, 5, 4][:depth] + [1]
    while True:
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        weights = [normal(rng, high, low) for low, high in pairs]
        X = normal(rng, 7, 3)
        f = values(weights, X)
        if bool((f != 0).all()):
            return weights, X, f - 1 - torch.from_numpy(rng.random(7))
