"""Networks as batched tensors: E two-layer ReLU networks of width m in one object."""

from typing import NamedTuple

import numpy as np
import torch

from mathdl import device, sampling


class TwoLayer(NamedTuple):
    """The parameters of E networks: outer weights a (E, m), weights w (E, m, d), biases b (E, m).

    Network e is f(x) = s Σ_j a_ej max(w_ej · x + b_ej, 0), with the factor s of `scale`.
    """

    a: torch.Tensor
    w: torch.Tensor
    b: torch.Tensor


def scale(scaling: str, m: int) -> float:
    """The factor in front of the sum over m neurons.

    "mean-field" is 1/m, "ntk" is 1/√m, "unscaled" is 1.

    Raises ValueError if `scaling` is none of the three or m is not positive.

    >>> scale("mean-field", 4), scale("ntk", 4), scale("unscaled", 4)
    (0.25, 0.5, 1.0)
    """
    if m < 1:
        raise ValueError(f"m={m} is not a width; use m >= 1.")
    powers = {"mean-field": -1.0, "ntk": -0.5, "unscaled": 0.0}
    if scaling not in powers:
        raise ValueError(f"scaling={scaling!r} is unknown; use mean-field, ntk or unscaled.")
    return m ** powers[scaling]


def two_layer(networks: TwoLayer, x: torch.Tensor, scaling: str) -> torch.Tensor:
    """Values of E networks at n points: x (n, d) gives (E, n).

    Raises ValueError if the dimensions of x and of the weights differ, or the scaling is unknown.

    >>> one = torch.ones(1, 2)
    >>> two_layer(TwoLayer(a=one, w=torch.ones(1, 2, 3), b=-one), torch.eye(3) * 2, "mean-field")
    tensor([[1., 1., 1.]])
    """
    a, w, b = networks
    if x.ndim != 2 or x.shape[1] != w.shape[2]:
        raise ValueError(f"x has shape {tuple(x.shape)}; use (n, d) with d = {w.shape[2]}.")
    hidden = torch.relu(x @ w.mT + b[:, None, :])
    return scale(scaling, a.shape[1]) * (hidden @ a[:, :, None]).squeeze(2)


def random_two_layer(E: int, m: int, d: int, rng: np.random.Generator) -> TwoLayer:
    """E networks with a = ±1, w uniform on the unit sphere and b uniform on [-1, 1].

    Raises ValueError if E, m or d is not positive.

    >>> networks = random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(0))
    >>> [tuple(part.shape) for part in networks]
    [(2, 5), (2, 5, 3), (2, 5)]
    """
    if min(E, m, d) < 1:
        raise ValueError(f"E={E}, m={m}, d={d}: use positive sizes.")
    return TwoLayer(
        a=device.tensor(rng.choice([-1.0, 1.0], size=(E, m))),
        w=sampling.sphere(rng, E, m, d),
        b=device.tensor(rng.uniform(-1, 1, size=(E, m))),
    )
