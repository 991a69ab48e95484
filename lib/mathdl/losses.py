"""Losses ℓ(f, y) of one prediction: value, slope ∂ℓ/∂f, and the labels that they accept.

A prediction f is (E, n), or (E, n, k) for k outputs. Labels y are shared by all members, (n,) or
(n, k), or each member has its own, (E, n) or (E, n, k); the class of a cross-entropy is an integer
(n,) or (E, n). The risk of the book is the mean of ℓ over the n samples.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Loss(NamedTuple):
    """A loss: `value(f, y)` (E, n), `slope(f, y)` of the shape of f, and `check(y)`.

    The book's four losses are found by name with `loss`; a loss of your own may leave out the
    check, which raises ValueError for labels outside the loss's domain.

    >>> absolute = Loss(lambda f, y: (f - y).abs(), lambda f, y: (f - y).sign())
    >>> absolute.slope(torch.tensor([[3.0]]), torch.tensor([1.0]))
    tensor([[1.]])
    """

    value: Callable[[Tensor, Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    check: Callable[[Tensor], None] = lambda y: None


def loss(name: str | Loss) -> Loss:
    """The loss of that name; a `Loss` is handed back as it is.

    | name | ℓ(f, y) | labels |
    |---|---|---|
    | "squared" | ½ (f - y)², summed over the outputs | numbers |
    | "logistic" | log(1 + exp(-y f)) | -1 and 1 |
    | "exponential" | exp(-y f) | -1 and 1 |
    | "cross-entropy" | log Σ_c exp(f_c) - f_y | integers 0, ..., k - 1 |

    The logarithms never overflow. Raises ValueError for another name.

    >>> value, slope, _ = loss("logistic")
    >>> f, y = torch.tensor([[-1000.0, 0.0]]), torch.tensor([1.0, 1.0])
    >>> value(f, y)
    tensor([[1.0000e+03, 6.9315e-01]])
    >>> slope(f, y)
    tensor([[-1.0000, -0.5000]])
    """
    if isinstance(name, Loss):
        return name
    if name not in LOSSES:
        raise ValueError(f"loss={name!r} is unknown; use {', '.join(LOSSES)}.")
    return LOSSES[name]


def _squared(f: Tensor, y: Tensor) -> Tensor:
    squares = 0.5 * (f - y).square()
    return squares.sum(2) if f.ndim == 3 else squares


def _logistic_slope(f: Tensor, y: Tensor) -> Tensor:
    return -y * torch.sigmoid(-y * f)


def _exponential(f: Tensor, y: Tensor) -> Tensor:
    return torch.exp(-y * f)


def _cross_entropy(f: Tensor, y: Tensor) -> Tensor:
    own = f.gather(2, y.expand(f.shape[:2])[:, :, None]).squeeze(2)
    return f.logsumexp(2) - own


def _cross_entropy_slope(f: Tensor, y: Tensor) -> Tensor:
    return f.softmax(2) - functional.one_hot(y, f.shape[2])


def _numbers(y: Tensor) -> None:
    if not y.is_floating_point():
        raise ValueError(f"y holds {y.dtype}; use floating-point numbers for this loss.")


def _signs(y: Tensor) -> None:
    _numbers(y)
    if not bool((y.abs() == 1).all()):
        raise ValueError("y holds labels other than -1 and 1; use these two for this loss.")


def _classes(y: Tensor) -> None:
    if y.dtype != torch.int64 or bool((y < 0).any()):
        raise ValueError("y holds no classes; use integers 0, 1, ..., k - 1 of type int64.")


LOSSES = {
    "squared": Loss(_squared, lambda f, y: f - y, _numbers),
    "logistic": Loss(lambda f, y: functional.softplus(-y * f), _logistic_slope, _signs),
    "exponential": Loss(_exponential, lambda f, y: -y * _exponential(f, y), _signs),
    "cross-entropy": Loss(_cross_entropy, _cross_entropy_slope, _classes),
}
