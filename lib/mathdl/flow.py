"""The gradient flow θ' = -∇L(θ) of ensembles, in physical and in logarithmic time."""

import warnings
from collections.abc import Callable
from math import exp, log
from typing import Any, NamedTuple

import torch

from mathdl.ode import SCHEMES, BlowUp, Systems, Times, flatten_like, integrate
from mathdl.parameters import apply, flatten, member, tensors, unflatten


class Flow(NamedTuple):
    """The gradient flow of E members at T times, and what each member cost.

    times (T,), parameters each (T, E, ...), losses (T, E), steps (E,), evaluations (E,), and until
    (E,): the last time at which a member was finite.

    >>> flow = gradient_flow(lambda p, x, y: (p**2 / 2, p), torch.ones(1), None, None, [0, 1],
    ...                      method="Euler", step=0.5)
    >>> flow.losses
    tensor([[0.5000],
            [0.0312]])
    """

    times: torch.Tensor
    parameters: Any
    losses: torch.Tensor
    steps: torch.Tensor
    evaluations: torch.Tensor
    until: torch.Tensor

    def at(self, k: int) -> Any:
        """The parameters at the k-th time, each (E, ...): what a model takes.

        >>> flow = gradient_flow(lambda p, x, y: (p**2 / 2, p), torch.ones(1), None, None, [0, 1],
        ...                      method="Euler", step=0.5)
        >>> flow.at(-1)
        tensor([0.2500])
        """
        return apply(lambda part: part[k], self.parameters)


def gradient_flow(
    gradient: Callable[[Any, Any, Any], tuple[torch.Tensor, Any]],
    parameters: Any,
    x: Any,
    y: Any,
    times: Times,
    *,
    method: str,
    step: float | None = None,
    mobility: Any = 1.0,
    clock: str = "physical",
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> Flow:
    """The gradient flow θ' = -M ∇L(θ) of E members from the first of the times on.

    `gradient(parameters, x, y)` returns losses (E,) and gradients like the parameters, each of
    which has E in front. `times`, `method`, `step`, `rtol` and `atol` are those of `ode.solve`:
    Euler's scheme is gradient descent with lr = step · mobility.

    `mobility` is M ≥ 0: a number, or one for each tensor of the parameters (in a tuple of their
    form; tensors that broadcast to them do as well). In the mean-field scaling, M = m makes time
    independent of the width; M = 0 freezes a layer.

    With clock="logarithmic" the times are τ = log t, and the equation is dθ/dτ = -e^τ M ∇L(θ): an
    exponentially slow flow in moderate numbers. The flow starts at t = e^τ with the first τ.

    Members are independent. Euler and RK4 move them together, by the same steps; an adaptive
    method solves for one after the other, each with steps of its own, so that no member's path
    depends on who else is in the ensemble. For ReLU networks, whose gradients jump, take Euler or
    RK4 (see `ode.solve`). A member that blows up is infinite or NaN from there on, a warning says
    when, and the others go on.

    Returns the `Flow`, whose `evaluations` counts the gradients of each member; those that give
    the losses at the requested times are not counted. Raises ValueError as `ode.solve` does and
    for an unknown clock, a τ beyond the range of the exponential and a mobility that is negative
    or does not fit; `BlowUp` if all members blow up.

    >>> def gradient(theta, x, y):  # of the linear model f(x) = θ·x
    ...     residual = theta @ x.mT - y
    ...     return (residual**2).mean(dim=1) / 2, residual @ x / len(y)
    >>> start, x, y = torch.tensor([[1.0], [2.0]]), torch.ones(1, 1), torch.zeros(1)
    >>> flow = gradient_flow(gradient, start, x, y, [0, 1], method="RK4", step=0.1)
    >>> flow.at(-1).mT  # exp(-1) and 2 exp(-1)
    tensor([[0.3679, 0.7358]])
    """
    parameters = apply(torch.detach, parameters)
    if len({len(part) for part in tensors(parameters)}) != 1:
        raise ValueError("parameters differ in E; put the same number of members in front of each.")
    E, start = len(next(tensors(parameters))), flatten(parameters)
    times = [float(t) for t in times]
    speed, pace = _speed(mobility, parameters), _pace(clock, times, start.dtype)

    def run(rows: slice, form: Any, x: Any, y: Any, here: slice) -> Systems:
        """Move these rows of the ensemble, which are those `here` of what the gradient is given."""
        size = len(next(tensors(form)))

        def velocity(t: float, theta: torch.Tensor) -> torch.Tensor:
            _, slope = gradient(unflatten(theta.expand(size, -1), form), x, y)
            return -pace(t) * speed[rows] * flatten_like(form, slope)[here]

        return integrate(
            velocity, start[rows], times, method=method, step=step, rtol=rtol, atol=atol
        )

    everyone = slice(0, E)
    if method in SCHEMES:
        runs = [run(everyone, parameters, x, y, everyone)]
    else:
        runs = [run(slice(e, e + 1), *_alone(e, parameters, x, y)) for e in range(E)]
    values = torch.cat([run.values for run in runs], dim=1)  # (T, E, p)
    path = unflatten(values.flatten(0, 1), parameters)
    flow = Flow(
        times=start.new_tensor(times),
        parameters=apply(lambda part: part.unflatten(0, (-1, E)), path),
        losses=torch.stack([gradient(unflatten(theta, parameters), x, y)[0] for theta in values]),
        steps=torch.tensor([run.steps for run in runs], device=start.device).expand(E),
        evaluations=torch.tensor([run.evaluations for run in runs], device=start.device).expand(E),
        until=torch.cat([run.until for run in runs]),
    )
    _report(flow, torch.isfinite(values[-1]).all(dim=1), "τ" if clock == "logarithmic" else "t")
    return flow


def _alone(e: int, parameters: Any, x: Any, y: Any) -> tuple[Any, Any, Any, slice]:
    """Member e as an ensemble of one, with its own batch where each member has its own.

    Where the shapes of x and y do not tell whose they are, it is row e of E copies of itself.
    """
    E, here = len(next(tensors(parameters))), slice(e, e + 1)
    if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor)):
        return parameters, x, y, here
    own_x = x.ndim in (3, 5)  # (E, n, d) or (E, n, c, h, h)
    n = x.shape[1] if own_x else len(x)
    if y.shape == (E, n) and n == E:  # or shared, (n, k)
        return parameters, x, y, here
    own_y = y.shape[:2] == (E, n)
    x, y = x[here] if own_x else x, y[here] if own_y else y
    return member(parameters, e), x, y, slice(0, 1)


def _speed(mobility: Any, parameters: Any) -> torch.Tensor:
    """The mobility of every single parameter, (E, p)."""
    if isinstance(mobility, int | float):
        mobility = apply(lambda part: mobility, parameters)

    def spread(part: torch.Tensor, m: Any) -> torch.Tensor:
        m = torch.as_tensor(m).to(part)
        if not bool((torch.isfinite(m) & (m >= 0)).all()):
            raise ValueError(f"mobility={m.tolist()} is not a speed; use finite numbers >= 0.")
        try:
            return m.expand_as(part)
        except RuntimeError:
            raise ValueError(
                f"mobility has shape {tuple(m.shape)} for parameters {tuple(part.shape)}; "
                "give one number for each tensor, or what broadcasts to it."
            ) from None

    return flatten(apply(spread, parameters, mobility))


def _pace(clock: str, times: Times, dtype: torch.dtype) -> Callable[[float], float]:
    """dt/dτ: 1 in physical time, e^τ in logarithmic time."""
    if clock == "physical":
        return lambda t: 1.0
    if clock != "logarithmic":
        raise ValueError(f"clock={clock!r} is unknown; use physical or logarithmic.")
    latest = max(map(float, times))
    if latest > log(torch.finfo(dtype).max):
        raise ValueError(f"times reach τ={latest:g}, where e^τ overflows {dtype}; end earlier.")
    return exp


def _report(flow: Flow, finite: torch.Tensor, letter: str) -> None:
    """Warn of the members that blew up; raise if all did."""
    lost = (~finite).nonzero().flatten().tolist()
    if not lost:
        return
    when = f"the first near {letter}={float(flow.until[~finite].min()):.6g}; take smaller steps."
    if len(lost) == len(finite):
        raise BlowUp(f"All members of the gradient flow blow up, {when}", flow)
    warnings.warn(f"Members {lost} of the gradient flow blow up, {when}", stacklevel=3)
