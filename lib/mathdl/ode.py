"""Ordinary differential equations x' = f(t, x), on tensors.

Two schemes of fixed step, Euler and RK4, as their formulas read, and SciPy's adaptive solvers
behind the same function: RK45 and DOP853 (explicit), LSODA (finds out whether it has to be
implicit), Radau and BDF (implicit, for stiff equations). What a solution costs is the number of
times that f is evaluated.
"""

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, inf, isfinite
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate
import torch
from tqdm.auto import tqdm

from mathdl.parameters import apply, flatten, unflatten

ADAPTIVE = ("RK45", "DOP853", "LSODA", "Radau", "BDF")
Times = Sequence[float] | torch.Tensor
PATIENCE = 3.0  # seconds before a progress bar appears
BAR = "{l_bar}{bar}| {n:.4g} of {total:.4g} in time [{elapsed}]"


class BlowUp(ArithmeticError):
    """A solution became infinite; `path` holds what was computed."""

    def __init__(self, message: str, path: Any):
        super().__init__(message)
        self.path = path


class Path(NamedTuple):
    """A solution: times (T,), states like x with T in front, steps, and evaluations of f."""

    times: torch.Tensor
    states: Any
    steps: int
    evaluations: int


class Systems(NamedTuple):
    """E solutions: values (T, E, p), steps, evaluations, and until (E,), the last finite times."""

    values: torch.Tensor
    steps: int
    evaluations: int
    until: torch.Tensor


def euler(f: Callable, t: float, x: torch.Tensor, h: float) -> torch.Tensor:
    """One step of Euler's scheme for x' = f(t, x), of global order 1.

    For x' = -λx it is stable if hλ < 2. With f = -∇L it is gradient descent with lr = h.

    >>> euler(lambda t, x: -x, 0.0, torch.tensor(1.0), h=0.5)
    tensor(0.5000)
    """
    return x + h * f(t, x)


def rk4(f: Callable, t: float, x: torch.Tensor, h: float) -> torch.Tensor:
    """One step of the classical Runge-Kutta scheme for x' = f(t, x), of global order 4.

    For x' = -λx it is stable if hλ < 2.785294.

    Source: Kutta 1901.

    >>> rk4(lambda t, x: x, 0.0, torch.tensor(1.0), h=1.0)  # 1 + 1 + 1/2 + 1/6 + 1/24
    tensor(2.7083)
    """
    k1 = f(t, x)
    k2 = f(t + h / 2, x + h / 2 * k1)
    k3 = f(t + h / 2, x + h / 2 * k2)
    k4 = f(t + h, x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


SCHEMES = {"Euler": euler, "RK4": rk4}


def solve(
    f: Callable[[float, Any], Any],
    x: Any,
    times: Times,
    *,
    method: str,
    step: float | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> Path:
    """Solve x' = f(t, x) from x at times[0]; values at all the times, which rise or fall.

    x is a floating-point tensor or a tuple of such, possibly nested, and f(t, x) has its form. It
    is one system: an adaptive method takes the same step for all of it.

    "Euler" and "RK4" cut each interval between two times into equal steps no longer than `step`,
    and autograd can differentiate through them. "RK45", "DOP853", "LSODA", "Radau" and "BDF" are
    SciPy's. They keep an estimate of the error of each step below rtol |x| + atol, in root mean
    square over the entries (LSODA in a norm of its own), hit the last time, and
    interpolate at the others (Radau by cubics, so ask it for the last time only where the last
    digits matter). Their numbers are kept on the host in float64, but f is evaluated where x
    lives and in its precision. Where f jumps, as gradients of ReLU networks do, take RK4, or RK45
    with rtol = 1e-4: finer tolerances and the implicit methods cost thousands of evaluations.

    Raises ValueError for an unknown method, times that are not monotone, a step that is missing,
    superfluous or not positive, tolerances finer than the precision of x, an x that is not finite,
    and an f(t, x) of another shape than x; `BlowUp` if x becomes infinite, with the path so far.

    >>> path = solve(lambda t, x: -x, torch.ones(1, dtype=torch.float64), [0, 1], method="DOP853")
    >>> path.states[-1]  # exp(-1)
    tensor([0.3679], dtype=torch.float64)
    >>> solve(lambda t, x: -x, torch.ones(1), [0, 1], method="RK4", step=0.25).evaluations
    16
    """
    times = [float(t) for t in times]
    one = apply(lambda part: part[None], x)  # an ensemble of one

    def field(t: float, vector: torch.Tensor) -> torch.Tensor:
        value = f(t, apply(lambda part: part[0], unflatten(vector, one)))
        return flatten_like(one, apply(lambda part: part[None], value))

    found = integrate(field, flatten(one), times, method=method, step=step, rtol=rtol, atol=atol)
    states = unflatten(found.values[:, 0], one)
    path = Path(found.values.new_tensor(times), states, found.steps, found.evaluations)
    if not bool(torch.isfinite(found.values[-1]).all()):
        raise BlowUp(
            f"The solution blows up near t={float(found.until):.6g}; end before, or take smaller "
            "steps if only the scheme blows up.",
            path,
        )
    return path


def integrate(
    f: Callable[[float, torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    times: Times,
    *,
    method: str,
    step: float | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> Systems:
    """Solve E systems x' = f(t, x) at once, x and f(t, x) of shape (E, p): what `solve` stands on.

    All of them take the same steps, and f is evaluated for all of them at a time. A progress bar
    appears where that takes more than seconds, unless MATHDL_STATIC is set. Nothing is raised when
    a system blows up: its values are infinite or NaN from there on, and `until` says when that
    was. An adaptive method stops when the first of them does.

    Raises ValueError as `solve` does.

    >>> integrate(lambda t, x: x**2, torch.ones(1, 1), [0, 2], method="Euler", step=0.01).until
    tensor([1.1000])
    """
    times = _checked(x, times, method, step, rtol, atol)
    calls = 0

    def counted(t: float, x: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return f(t, x)

    span, silent = abs(times[-1] - times[0]), "MATHDL_STATIC" in os.environ
    with tqdm(total=span, delay=PATIENCE, leave=False, disable=silent, bar_format=BAR) as bar:
        if method in SCHEMES:
            found = _fixed(SCHEMES[method], counted, x, times, step, bar)
        else:
            found = _adaptive(method, counted, x, times, rtol, atol, bar)
    values, steps, until = found
    return Systems(values, steps, calls, until)


def _fixed(
    scheme: Callable, f: Callable, x: torch.Tensor, times: list[float], step: Any, bar: tqdm
) -> tuple:
    values, steps, until = [x], 0, torch.full_like(x[:, 0], times[0])
    for start, end in pairwise(times):
        number = max(1, ceil(round(abs(end - start) / step, 9)))
        h = (end - start) / number
        for k in range(number):
            x = scheme(f, start + k * h, x, h)
            finite = torch.isfinite(x).all(dim=1)
            until = torch.where(finite, start + (k + 1) * h, until)
            bar.update(abs(h))
        values.append(x)
        steps += number
    return torch.stack(values), steps, until


def _adaptive(
    method: str,
    f: Callable,
    x: torch.Tensor,
    times: list[float],
    rtol: float,
    atol: float,
    bar: tqdm,
) -> tuple:
    def host(x: torch.Tensor) -> np.ndarray:
        return x.detach().cpu().double().flatten().numpy()

    def f_on_host(t: float, y: np.ndarray) -> np.ndarray:
        return host(f(t, x.new_tensor(y).reshape(x.shape)))

    first, last = times[0], times[-1]
    kind = getattr(scipy.integrate, method)
    solver = kind(f_on_host, first, host(x), last, rtol=rtol, atol=atol)
    values, steps = [host(x)], 0
    while len(values) < len(times) and _advances(solver):
        steps += 1
        bar.update(abs(solver.step_size))
        between = solver.dense_output()
        while len(values) < len(times) and solver.direction * (solver.t - times[len(values)]) >= 0:
            values.append(between(times[len(values)]))
    values += [np.full_like(values[0], np.nan)] * (len(times) - len(values))
    until = torch.full_like(x[:, 0], solver.t)
    return x.new_tensor(np.stack(values)).reshape(-1, *x.shape), steps, until


def _advances(solver: Any) -> bool:
    """Take one step of SciPy's; say whether it led on, and to finite numbers."""
    before = solver.t
    try:
        solver.step()
    except ValueError as error:
        if "infs or NaNs" in str(error):  # in a Jacobian that was to be factorized
            return False
        raise
    moved = abs(solver.t - before) > np.spacing(abs(before))  # LSODA may stand still, not failing
    return bool(solver.status != "failed" and moved and np.isfinite(solver.y).all())


def flatten_like(like: Any, value: Any) -> torch.Tensor:
    """A derivative as one vector a member, (E, p), in the order of the variable `like`.

    Raises ValueError if it has not the variable's form and shapes.

    >>> flatten_like((torch.zeros(1, 2),), (torch.ones(1, 2),))
    tensor([[1., 1.]])
    """

    def same(variable: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
        if part.shape != variable.shape:
            raise ValueError(
                f"The derivative of a variable {tuple(variable.shape[1:])} has shape "
                f"{tuple(part.shape[1:])}; return the same shape."
            )
        return part

    return flatten(apply(same, like, value))


def _checked(
    x: torch.Tensor, times: Times, method: str, step: float | None, rtol: float, atol: float
) -> list[float]:
    """The times as numbers, if all arguments make sense."""
    moments = [float(t) for t in times]
    pairs = list(pairwise(moments))
    monotone = all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
    if not moments or not monotone or not all(isfinite(t) for t in moments):
        raise ValueError("times are not monotone; give finite numbers, all rising or all falling.")
    if method not in (*SCHEMES, *ADAPTIVE):
        raise ValueError(f"method={method!r} is unknown; use {', '.join((*SCHEMES, *ADAPTIVE))}.")
    if method in SCHEMES and (step is None or not 0 < step < inf):
        raise ValueError(f"step={step} is not a step size; give {method} a positive number.")
    if method in ADAPTIVE and step is not None:
        raise ValueError(f"{method} chooses its own steps; leave out step, and set rtol and atol.")
    if not x.is_floating_point():
        raise ValueError(f"The variable has type {x.dtype}; use floating-point numbers.")
    if not bool(torch.isfinite(x).all()):
        raise ValueError("The variable starts at a NaN or an infinity; start at finite numbers.")
    finest = 100 * torch.finfo(x.dtype).eps
    if method in ADAPTIVE and not (rtol >= finest and atol >= 0):
        raise ValueError(
            f"rtol={rtol}, atol={atol} cannot be met in {x.dtype}; use rtol >= {finest:.1e} and "
            "atol >= 0."
        )
    return moments
