"""Shapes of parameters and points, checked where a model is called."""

import torch


def check(name: str, tensor: torch.Tensor, **sizes: int) -> None:
    """Raise ValueError unless the tensor has these sizes, in this order.

    >>> check("a", torch.zeros(2, 5), E=2, m=5)
    >>> check("a", torch.zeros(2, 5), E=2, m=4)
    Traceback (most recent call last):
        ...
    ValueError: a has shape (2, 5); use (E, m) = (2, 4).
    """
    if tensor.shape != tuple(sizes.values()):
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}; "
            f"use ({', '.join(sizes)}) = {tuple(sizes.values())}."
        )


def check_points(name: str, x: torch.Tensor, E: int, **size: int) -> None:
    """Raise ValueError unless x is (n, d), shared by E networks, or (E, n, d); `size` is d.

    >>> check_points("x", torch.zeros(5, 3), E=2, d=3)
    >>> check_points("x", torch.zeros(5, 4), E=2, d=3)
    Traceback (most recent call last):
        ...
    ValueError: x has shape (5, 4); use (n, d) or (E, n, d) with E = 2, d = 3.
    """
    [(letter, d)] = size.items()
    if x.ndim not in (2, 3) or x.shape[-1] != d or (x.ndim == 3 and len(x) != E):
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; "
            f"use (n, {letter}) or (E, n, {letter}) with E = {E}, {letter} = {d}."
        )


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is positive.

    >>> check_sizes(E=2, m=0)
    Traceback (most recent call last):
        ...
    ValueError: m=0 is not a size; use a positive number.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}={size} is not a size; use a positive number.")
