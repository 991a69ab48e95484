"""What a trainer refuses: each check is one sentence that names the argument and what to do."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from mathdl import losses
from mathdl.parameters import tensors
from mathdl.updates import State

LearningRate = float | Tensor | Callable[[int], float | Tensor]


def check_finite(**inputs: Any) -> None:
    """Refuse tensors, or parameters, that hold a NaN or an infinity; inputs go by their names.

    >>> check_finite(x=torch.tensor([1.0, float("nan")]))
    Traceback (most recent call last):
        ...
    ValueError: x holds a NaN or an infinity; remove it before training.
    """
    for name, parameters in inputs.items():
        for tensor in tensors(parameters):
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{name} holds a NaN or an infinity; remove it before training.")


def check_alike(parameter: Tensor, **data: list[Tensor]) -> None:
    """Refuse tensors of another precision or on another device than the first parameter.

    >>> check_alike(torch.zeros(1), x=[torch.zeros(1).double()])
    Traceback (most recent call last):
        ...
    ValueError: x is torch.float64 on cpu; use torch.float32 on cpu, like the first parameter.
    """
    wanted, device = parameter.dtype, parameter.device
    for name, parts in data.items():
        for tensor in parts:
            if tensor.dtype != wanted or tensor.device != device:
                raise ValueError(
                    f"{name} is {tensor.dtype} on {tensor.device}; use {wanted} on {device}, "
                    "like the first parameter."
                )


def check_members(zero: Tensor, leaves: list[Tensor]) -> None:
    """Refuse predictions `zero` that are not those of as many members as the parameters have.

    >>> check_members(torch.zeros(3, 5), [torch.zeros(2, 4)])
    Traceback (most recent call last):
        ...
    ValueError: model gives (3, 5); use (E, n) or (E, n, k), with E = 2 as in the parameters.
    """
    E = len(leaves[0])
    if zero.ndim not in (2, 3) or len(zero) != E:
        raise ValueError(
            f"model gives {tuple(zero.shape)}; use (E, n) or (E, n, k), with E = {E} as in the "
            "parameters."
        )
    for leaf in leaves:
        if len(leaf) != E:
            raise ValueError(
                f"parameters hold a tensor {tuple(leaf.shape)}; use (E, ...) with E = {E} in all."
            )


def is_own(x: Tensor, zero: Tensor) -> bool:
    """Whether x is (E, n, ...), one batch of points for each member, or (n, ...): from E and n.

    Where E = n leaves it open, three and five dimensions mean that each member has its own.
    `zero` holds predictions, (E, n) or (E, n, k). Raises ValueError if x is neither.

    >>> zero = torch.zeros(2, 5)
    >>> is_own(torch.zeros(2, 5, 3), zero), is_own(torch.zeros(5, 3), zero)
    (True, False)
    """
    E, n = zero.shape[:2]
    own, shared = x.shape[:2] == (E, n), x.shape[:1] == (n,)
    if not (own or shared):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; use (n, ...) or (E, n, ...) with E = {E}, n = {n}."
        )
    return own and (x.ndim in (3, 5) or not shared)


def check_rate(rate: Any, E: int) -> None:
    """Refuse a learning rate that is not positive, and one that is neither a number nor (E,).

    >>> check_rate(-1, E=2)
    Traceback (most recent call last):
        ...
    ValueError: lr=-1 is not a step size; use positive numbers.
    """
    values = torch.as_tensor(rate)
    if not bool(((values > 0) & values.isfinite()).all()):
        raise ValueError(f"lr={rate} is not a step size; use positive numbers.")
    if values.ndim and values.shape != (E,):
        raise ValueError(f"lr has shape {tuple(values.shape)}; use a number or ({E},).")


def check_history(record: dict[str, Any], state: tuple[State, ...] | None, count: int) -> None:
    """Refuse records that would hide a standard column, and a state of other parameters.

    >>> check_history({"loss": len}, None, count=1)
    Traceback (most recent call last):
        ...
    ValueError: record holds 'loss', which is always there; use another name.
    """
    for name in ("step", "loss"):
        if name in record:
            raise ValueError(f"record holds {name!r}, which is always there; use another name.")
    if state and len(state) != count:
        raise ValueError(
            f"state is that of {len(state)} tensors, not {count}; use that of a run of the same "
            "trainer."
        )


def check_options(
    lr: LearningRate, steps: int, every: int | None, tolerance: float | None, E: int
) -> None:
    """Refuse learning rates, numbers of steps and tolerances that are none.

    >>> check_options(lr=0.1, steps=-1, every=None, tolerance=None, E=1)
    Traceback (most recent call last):
        ...
    ValueError: steps=-1 is negative; use 0, 1, 2, ...
    """
    if not callable(lr):
        check_rate(lr, E)
    if not all(isinstance(count, Integral) for count in (steps, 1 if every is None else every)):
        raise ValueError(f"steps={steps} and every={every} count steps; use integers.")
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use 0, 1, 2, ...")
    if every is not None and every < 1:
        raise ValueError(f"every={every} is no number of steps; use 1, 2, ...")
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance} is no loss; use a number >= 0.")


def check_labels(loss: losses.Loss, zero: Tensor, y: Tensor, noise: float) -> None:
    """Refuse labels outside the loss's domain, or that do not fit the predictions `zero`.

    Labels are shared, (n,) or (n, k), or each member has its own; `noise` is that of the labels.

    >>> check_labels(losses.loss("squared"), torch.zeros(2, 5), torch.zeros(4), noise=0)
    Traceback (most recent call last):
        ...
    ValueError: y has shape (4,); use (5), or (2, 5).
    """
    loss.check(y)
    E, n, *k = zero.shape
    if n == 0:
        raise ValueError("x holds no points; use at least one.")
    shape = [n, *k] if y.is_floating_point() else [n]
    if list(y.shape) not in (shape, [E, *shape]):
        one = ", ".join(map(str, shape))
        raise ValueError(f"y has shape {tuple(y.shape)}; use ({one}), or ({E}, {one}).")
    if not y.is_floating_point() and not k:
        raise ValueError("y holds classes; use a model with one output a class, (E, n, k).")
    if not y.is_floating_point() and int(y.max()) >= k[0]:
        raise ValueError(
            f"y holds the class {int(y.max())}; use 0 to k - 1, with k = {k[0]} outputs."
        )
    if loss.value(zero, y).shape != (E, n):
        raise ValueError("loss is one of models with a single output; use another, or (E, n).")
    if noise:
        try:
            loss.check(torch.zeros(1))  # what accepts 0 accepts every number
        except ValueError:
            raise ValueError(
                f"label_noise={noise} moves labels out of the loss's domain; use 0 for this loss."
            ) from None
