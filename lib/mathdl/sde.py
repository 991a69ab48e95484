"""Stochastic differential equations dX = b(X) dt + S(X) dB in the sense of Itô, on tensors.

E paths run side by side, each with Brownian motions of its own, by the scheme of Euler and
Maruyama: in a time step h the drift b counts h times, and the diffusion S multiplies independent
normal numbers of variance h. With b = -∇L and h = lr it is gradient descent with Gaussian noise.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np
import torch

from mathdl.device import tensor

Coefficient = Callable[[torch.Tensor], torch.Tensor | float]


class Paths(NamedTuple):
    """E paths: times (T,), states like x with T in front, and the number of steps."""

    times: torch.Tensor
    states: torch.Tensor
    steps: int


def euler_maruyama(
    drift: Coefficient,
    diffusion: Coefficient,
    x: torch.Tensor,
    times: Sequence[float] | torch.Tensor,
    *,
    step: float,
    rng: np.random.Generator,
) -> Paths:
    """Paths of dX = b(X) dt + S(X) dB from x at times[0]; their values at all the (rising) times.

    x is (E,) for scalar equations or (E, d), one row a path. drift(x) is like x, or a number.
    What diffusion(x) gives decides which Brownian motions there are:

    - a number, or a tensor that broadcasts to x: every coordinate of every path has its own, times
      that factor; (E, 1) is one factor for all coordinates of a path;
    - (E, d, r), or (E, r) for scalar equations: a matrix for each path, times r Brownian motions.

    Each interval between two times is cut into equal steps no longer than `step`; nothing is kept
    in between. Two times recorded or not, the steps take their numbers from `rng` one after the
    other, so that a run that is continued with the same generator is the same run, provided that
    the intervals are cut alike. The error of one path is of order √h, and h if the diffusion is
    constant; that of expectations of smooth functions is of order h (weak order 1). Nothing is
    raised when a path becomes infinite: its values are infinite or NaN from there on. To let the
    coefficients depend on time, add it as a coordinate with drift 1 and diffusion 0.

    Raises ValueError for an x that is not (E,) or (E, d) of finite floating-point numbers, times
    that do not rise, a step that is not positive, and coefficients of another shape.

    Source: Maruyama 1955.

    >>> x = torch.ones(5000, dtype=torch.float64)  # dX = -X dt + X dB: E X = e^-t, E X² = e^-t
    >>> rng = np.random.default_rng(0)
    >>> paths = euler_maruyama(lambda x: -x, lambda x: x, x, [0, 0.5, 1], step=0.01, rng=rng)
    >>> paths.states.shape, paths.steps
    (torch.Size([3, 5000]), 100)
    >>> paths.states.mean(dim=1)
    tensor([1.0000, 0.6062, 0.3717], dtype=torch.float64)
    """
    moments = _checked(x, times, step)
    values, steps = [x], 0
    for start, end in pairwise(moments):
        number = max(1, ceil(round((end - start) / step, 9)))
        h = (end - start) / number
        for _ in range(number):
            b = _fitting("drift", drift(x), x)
            x = x + h * b + sqrt(h) * _noise(diffusion(x), x, rng)
        values.append(x)
        steps += number
    return Paths(x.new_tensor(moments), torch.stack(values), steps)


def _noise(S: torch.Tensor | float, x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """S times independent N(0, 1), of the shape of x."""
    if isinstance(S, torch.Tensor) and S.dim() == x.dim() + 1:
        if S.shape[:-1] != x.shape:
            raise ValueError(
                f"diffusion gives matrices {tuple(S.shape)} for {tuple(x.shape)}; "
                "give one row for each coordinate."
            )
        shape = (len(x), *(1,) * (x.dim() - 1), S.shape[-1])
        return (S * tensor(rng.standard_normal(shape)).to(x)).sum(-1)
    return _fitting("diffusion", S, x) * tensor(rng.standard_normal(x.shape)).to(x)


def _fitting(name: str, value: torch.Tensor | float, x: torch.Tensor) -> torch.Tensor | float:
    """A coefficient, if it is a number or broadcasts to x without enlarging it."""
    if isinstance(value, torch.Tensor) and value.dim() > 0:
        alike = value.dim() == x.dim() and len(value) == len(x)
        if not alike or (value.dim() == 2 and value.shape[1] not in (1, x.shape[1])):
            raise ValueError(
                f"{name} gives the shape {tuple(value.shape)} for {tuple(x.shape)}; "
                "give a value for each path."
            )
    return value


def _checked(x: torch.Tensor, times: Sequence[float] | torch.Tensor, step: float) -> list[float]:
    """The times as numbers, if all arguments make sense."""
    moments = [float(t) for t in times]
    rising = all(a < b for a, b in pairwise(moments))
    if not moments or not rising or not all(isfinite(t) for t in moments):
        raise ValueError("times do not rise; give finite numbers, each larger than the one before.")
    if not 0 < step < inf:
        raise ValueError(f"step={step} is not a step size; give a positive number.")
    if x.dim() not in (1, 2) or not x.is_floating_point():
        raise ValueError(
            f"x is {tuple(x.shape)} of {x.dtype}; give (E,) or (E, d), floating-point."
        )
    if not bool(torch.isfinite(x).all()):
        raise ValueError("x starts at a NaN or an infinity; start at finite numbers.")
    return moments
