"""Parameters: tensors in a tuple, possibly nested, each with the E ensemble members in front.

The functions here reach every tensor of such a tuple and leave its form as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch


def apply(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Apply a function to every tensor of nested parameters, or to corresponding tensors of many.

    `first` is a tensor or a tuple, named tuple or list of such; the result has the same form, with
    the function's values in place of the tensors. Parameters after the first have the same form
    and give the function its further arguments: `apply(torch.sub, p, q)` is p - q.

    Raises TypeError for anything that is neither a tensor nor a tuple nor a list, and ValueError
    if the forms differ.

    >>> apply(lambda t: 2 * t, (torch.tensor([1.0]), (torch.tensor([3.0]),)))
    (tensor([2.]), (tensor([6.]),))
    """
    if isinstance(first, torch.Tensor):
        return function(first, *others)
    if not isinstance(first, tuple | list):
        raise TypeError(
            f"parameters hold a {type(first).__name__}; use tensors and tuples of them."
        )
    if any(not isinstance(other, tuple | list) or len(other) != len(first) for other in others):
        raise ValueError("parameters differ in form; use the same tuples of tensors in each.")
    parts = [apply(function, *corresponding) for corresponding in zip(first, *others, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)


def tensors(parameters: Any) -> Iterator[torch.Tensor]:
    """All tensors of nested parameters, from the first to the last.

    Raises TypeError for anything that is neither a tensor nor a tuple nor a list.

    >>> [tuple(t.shape) for t in tensors((torch.zeros(2), (torch.zeros(2, 3), torch.zeros(2))))]
    [(2,), (2, 3), (2,)]
    """
    found: list[torch.Tensor] = []
    apply(found.append, parameters)
    return iter(found)


def member(parameters: Any, e: int) -> Any:
    """Member e of an ensemble as an ensemble of one: each (E, ...) becomes (1, ...).

    Raises ValueError unless 0 <= e < E.

    >>> member((torch.tensor([1.0, 2.0]), torch.tensor([[3.0], [4.0]])), 1)
    (tensor([2.]), tensor([[4.]]))
    """
    E = len(next(tensors(parameters)))
    if not 0 <= e < E:
        raise ValueError(f"e={e} names no member; use 0 <= e < {E}.")
    return apply(lambda t: t[e : e + 1], parameters)


def join(ensembles: Sequence[Any]) -> Any:
    """One ensemble of all members of several, in order: (E_1, ...), (E_2, ...) to (E_1 + E_2, ...).

    Raises ValueError for an empty list and for networks of different form or shape.

    >>> join([(torch.tensor([1.0]),), (torch.tensor([2.0, 3.0]),)])
    (tensor([1., 2., 3.]),)
    """
    if not ensembles:
        raise ValueError("ensembles is empty; give at least one.")

    def cat(*parts: torch.Tensor) -> torch.Tensor:
        if any(part.shape[1:] != parts[0].shape[1:] for part in parts):
            shapes = " and ".join(str(tuple(part.shape)) for part in parts)
            raise ValueError(f"ensembles differ in shape, {shapes}; use networks of equal size.")
        return torch.cat(parts)

    return apply(cat, *ensembles)


def count(parameters: Any) -> int:
    """The number p of parameters of one member.

    >>> count((torch.zeros(5, 3, 2), torch.zeros(5, 3)))
    9
    """
    return sum(t[0].numel() for t in tensors(parameters))


def flatten(parameters: Any) -> torch.Tensor:
    """All parameters of each member in one vector, (E, p), tensor after tensor.

    >>> flatten((torch.tensor([[1.0, 2.0]]), torch.tensor([[[3.0], [4.0]]])))
    tensor([[1., 2., 3., 4.]])
    """
    return torch.cat([t.reshape(len(t), -1) for t in tensors(parameters)], dim=1)


def unflatten(vectors: torch.Tensor, like: Any) -> Any:
    """The inverse of `flatten`: vectors (E, p) in the form and the shapes of `like`.

    Raises ValueError if the number p is another one.

    >>> unflatten(torch.tensor([[1.0, 2.0, 3.0]]), (torch.zeros(1, 2), torch.zeros(1, 1)))
    (tensor([[1., 2.]]), tensor([[3.]]))
    """
    p = count(like)
    if vectors.shape[-1] != p:
        raise ValueError(f"vectors have {vectors.shape[-1]} entries; use {p}, as in `like`.")
    sizes = [t[0].numel() for t in tensors(like)]
    parts = iter(vectors.split(sizes, dim=1))
    return apply(lambda t: next(parts).reshape(-1, *t.shape[1:]), like)
