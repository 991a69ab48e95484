"""Networks as batched tensors: E two-layer ReLU networks of width m in one object."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from mathdl import device

Activation = Callable[[torch.Tensor], torch.Tensor]


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


def two_layer(
    networks: TwoLayer, x: torch.Tensor, scaling: str, activation: Activation = torch.relu
) -> torch.Tensor:
    """Values (E, n) of E networks at n points: f(x) = s Σ_j a_j σ(w_j · x + b_j).

    x is (n, d), the same for all, or (E, n, d), one batch for each member; σ is `activation` and
    s the factor of `scale`.

    Raises ValueError if x does not fit the weights or the scaling is unknown.

    >>> one = torch.ones(1, 2)
    >>> two_layer(TwoLayer(a=one, w=torch.ones(1, 2, 3), b=-one), torch.eye(3) * 2, "mean-field")
    tensor([[1., 1., 1.]])
    """
    a, w, b = networks
    E, m, d = w.shape
    check_points(x, E, d)
    hidden = activation(x @ w.mT + b[:, None, :])  # (E, n, m)
    return scale(scaling, m) * (hidden @ a[:, :, None]).squeeze(2)


def check_points(x: torch.Tensor, E: int, *size: int) -> None:
    """Raise ValueError unless x is (n, *size), shared by E networks, or (E, n, *size).

    >>> check_points(torch.zeros(5, 3), 2, 3)
    >>> check_points(torch.zeros(5, 4), 2, 3)
    Traceback (most recent call last):
        ...
    ValueError: x has shape (5, 4); use (n, 3), or (E, n, 3) with E = 2.
    """
    shared, own = x.ndim == 1 + len(size), x.ndim == 2 + len(size) and len(x) == E
    if not (shared or own) or x.shape[x.ndim - len(size) :] != size:
        one = ", ".join(map(str, size))
        raise ValueError(
            f"x has shape {tuple(x.shape)}; use (n, {one}), or (E, n, {one}) with E = {E}."
        )


def random_two_layer(E: int, m: int, d: int, rng: np.random.Generator) -> TwoLayer:
    """E networks with a = ±1, w uniform on the unit sphere and b uniform on [-1, 1].

    Raises ValueError if E, m or d is not positive.

    >>> networks = random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(0))
    >>> [tuple(part.shape) for part in networks]
    [(2, 5), (2, 5, 3), (2, 5)]
    """
    if min(E, m, d) < 1:
        raise ValueError(f"E={E}, m={m}, d={d}: use positive sizes.")
    a = rng.choice([-1.0, 1.0], size=(E, m))
    w = rng.standard_normal((E, m, d))
    return TwoLayer(
        a=device.tensor(a),
        w=device.tensor(w / np.linalg.norm(w, axis=2, keepdims=True)),
        b=device.tensor(rng.uniform(-1, 1, size=(E, m))),
    )
