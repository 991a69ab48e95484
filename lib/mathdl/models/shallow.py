"""Two-layer networks, and the linear models: linear in x or in features, and diagonal networks."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from mathdl import device
from mathdl.models.shapes import check, check_points, check_sizes

Activation = Callable[[torch.Tensor], torch.Tensor]


class TwoLayer(NamedTuple):
    """The parameters of E networks: outer weights a (E, m), weights w (E, m, d), biases b (E, m).

    Network e is f(x) = s Σ_j a_ej σ(w_ej · x + b_ej), with the factor s of `scale`.
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

    Raises ValueError for shapes that do not fit and an unknown scaling.

    >>> one = torch.ones(1, 2)
    >>> two_layer(TwoLayer(a=one, w=torch.ones(1, 2, 3), b=-one), torch.eye(3) * 2, "mean-field")
    tensor([[1., 1., 1.]])
    """
    a, w, b = networks
    E, m = check_two_layer(networks)
    check_points("x", x, E, d=w.shape[2])
    hidden = activation(x @ w.mT + b[:, None, :])  # (E, n, m)
    return scale(scaling, m) * (hidden @ a[:, :, None]).squeeze(2)


def check_two_layer(networks: TwoLayer) -> tuple[int, int]:
    """The sizes E and m of two-layer networks.

    Raises ValueError if w is not (E, m, d) or a or b not (E, m).

    >>> check_two_layer(TwoLayer(torch.ones(2, 5), torch.ones(2, 5, 3), torch.ones(2, 5)))
    (2, 5)
    """
    a, w, b = networks
    if w.ndim != 3:
        raise ValueError(f"w has shape {tuple(w.shape)}; use (E, m, d).")
    E, m = w.shape[:2]
    check("a", a, E=E, m=m)
    check("b", b, E=E, m=m)
    return E, m


def random_two_layer(E: int, m: int, d: int, rng: np.random.Generator) -> TwoLayer:
    """E networks with a = ±1, w uniform on the unit sphere and b uniform on [-1, 1].

    Raises ValueError if E, m or d is not positive.

    >>> networks = random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(0))
    >>> [tuple(part.shape) for part in networks]
    [(2, 5), (2, 5, 3), (2, 5)]
    """
    check_sizes(E=E, m=m, d=d)
    a = rng.choice([-1.0, 1.0], size=(E, m))
    w = rng.standard_normal((E, m, d))
    return TwoLayer(
        a=device.tensor(a),
        w=device.tensor(w / np.linalg.norm(w, axis=2, keepdims=True)),
        b=device.tensor(rng.uniform(-1, 1, size=(E, m))),
    )


def linear(coefficients: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Values (E, n) of E linear models: f = Σ_j c_j φ_j with coefficients c (E, p).

    features is (n, p), the values φ_j(x_i) shared by all members, or (E, n, p).

    Raises ValueError for shapes that do not fit.

    >>> linear(torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.ones(1, 2))
    tensor([[3.],
            [3.]])
    """
    if coefficients.ndim != 2:
        raise ValueError(f"coefficients has shape {tuple(coefficients.shape)}; use (E, p).")
    E, p = coefficients.shape
    check_points("features", features, E, p=p)
    return (coefficients[:, None, :] @ features.mT).squeeze(1)


class Diagonal(NamedTuple):
    """The parameters of E diagonal linear networks: plus (E, d) and minus (E, d)."""

    plus: torch.Tensor
    minus: torch.Tensor


def diagonal(networks: Diagonal, x: torch.Tensor, depth: int = 2) -> torch.Tensor:
    """Values (E, n) of E diagonal linear networks: f(x) = β · x, β of `diagonal_coefficients`.

    x is (n, d), the same for all, or (E, n, d), one batch for each member.

    Raises ValueError for shapes that do not fit and a depth < 1.

    >>> one = torch.ones(1, 2)
    >>> diagonal(Diagonal(plus=2 * one, minus=one), torch.eye(2))
    tensor([[3., 3.]])
    """
    beta = diagonal_coefficients(networks, depth)
    check_points("x", x, len(beta), d=beta.shape[1])
    return linear(beta, x)


def diagonal_coefficients(networks: Diagonal, depth: int = 2) -> torch.Tensor:
    """The coefficients β = plus^L - minus^L, (E, d), of networks of depth L, entry by entry.

    At depth 2, if gradient flow of the squared loss from plus = minus = α tends to an interpolant,
    this is the one with the least Q_α(β), a convex function that is no norm but orders β like ‖β‖₁
    in the limit α → 0 and like ‖β‖₂ for α → ∞.

    Raises ValueError if plus and minus are not both (E, d), or depth < 1.

    Source: Woodworth et al. 2020.

    >>> diagonal_coefficients(Diagonal(torch.tensor([[2.0]]), torch.tensor([[1.0]])), depth=3)
    tensor([[7.]])
    """
    plus, minus = networks
    if plus.ndim != 2 or plus.shape != minus.shape:
        raise ValueError(
            f"plus {tuple(plus.shape)} and minus {tuple(minus.shape)} do not fit; "
            "use (E, d) for both."
        )
    check_sizes(depth=depth)
    return plus**depth - minus**depth


def random_diagonal(E: int, d: int, size: float, rng: np.random.Generator) -> Diagonal:
    """E networks with the entries of plus and minus independent, distributed as size · |N(0, 1)|.

    Raises ValueError if E, d or size is not positive.

    >>> networks = random_diagonal(E=2, d=3, size=0.1, rng=np.random.default_rng(0))
    >>> [tuple(part.shape) for part in networks]
    [(2, 3), (2, 3)]
    """
    check_sizes(E=E, d=d)
    if not 0 < size < float("inf"):
        raise ValueError(f"size={size} is not a scale; use a positive number.")
    plus, minus = size * np.abs(rng.standard_normal((2, E, d)))
    return Diagonal(device.tensor(plus), device.tensor(minus))
