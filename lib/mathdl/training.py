"""Training of E networks side by side: one loop for every model, loss and update rule."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mathdl import gradients, losses, models, sampling
from mathdl.loop import Eager, Fused, Plan, descend, minibatches
from mathdl.members import History, Members
from mathdl.models import shapes
from mathdl.parameters import apply, tensors
from mathdl.updates import GradientDescent, Rule, State

LearningRate = float | Tensor | Callable[[int], float | Tensor]


class Diverged(ArithmeticError):
    """Training left every bound in all members; `run` is what was reached before."""

    def __init__(self, message: str, run: "Run"):
        super().__init__(message)
        self.run = run


class Run(NamedTuple):
    """What training has reached.

    parameters: those of the E members, in the form in which they were given
    steps: (E,), how many steps these parameters have taken
    diverged, converged: (E,), which members were stopped because of it
    history: "step" (K,), "loss" (K, E) and what was asked for, (K, E, ...)
    state: what the update rule remembers; `state=run.state` continues the run
    """

    parameters: Any
    steps: Tensor
    diverged: Tensor
    converged: Tensor
    history: dict[str, Tensor]
    state: tuple[State, ...]


def train(
    model: gradients.Model,
    parameters: Any,
    x: Tensor,
    y: Tensor,
    *,
    loss: str | losses.Loss = "squared",
    **options: Any,
) -> Run:
    """Train E members of any model, with gradients by automatic differentiation.

    model: f(parameters, x), (E, n) or (E, n, k)
    parameters: tensors (E, ...) in a tuple, which may hold tuples; they are not changed
    x: (n, ...), shared by the members, or (E, n, ...); y: labels, shared or for each member
    loss: a name known to `losses.loss`, or a Loss; its mean over the samples is minimized

    The options, here and in `train_two_layer` and `train_linear`:

    lr: learning rate; a number, one for each member (E,), or a function of the step 0, 1, ...
    steps: how many steps to take
    rule: of `updates`, or your own; gradient descent if left out
    weight_decay: λ ≥ 0 adds λ/2 |θ|² to the loss; a number, or one for each parameter tensor
    batches: `sampling.Minibatches`, for stochastic gradient descent
    record: {"name": function(parameters) -> (E, ...)} goes into the history, with the loss
    every: steps between two entries of the history, a hundredth of the run if left out; the start
        and the end are always there. The loss is that on all data, without weight decay
    tolerance: a member stops when its loss is at most this. With batches the loss on all data is
        known, and compared, only when it is recorded
    state: `run.state`, to continue a run; lr counts the steps of each call from 0

    A member diverges when its loss is not finite or exceeds a million times that at the start (or
    of f = 0, where that is more). It is stopped, with its last good parameters, at most 64 steps
    back; the others go on, and a warning says so.

    Raises ValueError for arguments that do not fit and Diverged if all members diverged.

    >>> def model(parameters, x):
    ...     return parameters[0][:, None] * x
    >>> x, y = torch.tensor([1.0]), torch.tensor([3.0])
    >>> run = train(model, (torch.zeros(2),), x, y, lr=torch.tensor([0.5, 1.0]), steps=1)
    >>> run.parameters
    (tensor([1.5000, 3.0000]),)
    >>> run.history["loss"]
    tensor([[4.5000, 4.5000],
            [1.1250, 0.0000]])
    """
    _check_finite(parameters=parameters, x=x, y=y)
    with torch.no_grad():
        zero = torch.zeros_like(model(parameters, x))
    return _descend(
        gradients.autograd_gradient(model, loss), parameters, x, y, loss, zero, **options
    )


def train_linear(
    coefficients: Tensor,
    features: Tensor,
    y: Tensor,
    *,
    loss: str | losses.Loss = "squared",
    **options: Any,
) -> Run:
    """Train E linear models f = Φ u: coefficients u (E, p), features Φ (n, p) or (E, n, p).

    Options, result and errors are those of `train`; labels y are (n,) or (E, n).

    >>> u, y = torch.zeros(1, 2), torch.tensor([2.0, 4.0])
    >>> train_linear(u, torch.eye(2), y, lr=2.0, steps=1).parameters
    tensor([[2., 4.]])
    """
    _check_finite(coefficients=coefficients, features=features, y=y)
    zero = torch.zeros_like(models.linear(coefficients, features))
    return _descend(
        gradients.linear_gradient(loss), coefficients, features, y, loss, zero, **options
    )


def train_two_layer(
    networks: models.TwoLayer,
    x: Tensor,
    y: Tensor,
    *,
    scaling: str,
    loss: str | losses.Loss = "squared",
    weight_decay: Any = 0.0,
    compiled: bool = False,
    **options: Any,
) -> Run:
    """Train E two-layer ReLU networks, with the gradient of `gradients.two_layer_gradient`.

    x is (n, d) or (E, n, d), y is (n,) or (E, n). Every parameter moves by -lr times its own
    derivative of the loss: in the mean-field scaling that derivative is of size 1/m, so lr is
    usually chosen as a multiple of m. Options, result and errors are those of `train`.

    compiled: take the steps with the code that `fused.stepper` compiles; the same up to rounding.
        Up to 8 steps, as many as divide `every`, are taken without a look at the losses.
        Compiling takes up to half a minute for each shape, rule and loss

    >>> one = torch.ones(1, 1)
    >>> networks = models.TwoLayer(a=one, w=one[None], b=0 * one)
    >>> x, y = torch.tensor([[1.0]]), torch.tensor([3.0])
    >>> train_two_layer(networks, x, y, lr=0.5, steps=1, scaling="unscaled").parameters.a
    tensor([[2.]])
    """
    _check_finite(a=networks.a, w=networks.w, b=networks.b, x=x, y=y)
    E, _, d = networks.w.shape
    shapes.check_points("x", x, E, d=d)
    P = gradients.pack(networks)
    a, w, b = _one_each(weight_decay, 3)
    decay = P.new_tensor([w] * d + [b, a])
    by_hand = gradients.two_layer_gradient(scaling, loss)
    common = {"weight_decay": [decay[:, None]], "form": gradients.unpack, **options}
    zero = x.new_zeros(E, x.shape[-2])
    if not compiled:
        return _descend(by_hand, P, x, y, loss, zero, prepare=gradients.with_one, **common)
    from mathdl import fused  # only here: importing the compiler takes seconds

    return _descend(
        lambda P, points, y: by_hand(P, points.columns, y),
        P,
        x,
        y,
        loss,
        zero,
        prepare=fused.points,
        stepper=lambda rule: fused.stepper(scaling, loss, rule, decay if decay.any() else None),
        steps_at_once=fused.at_once,
        **common,
    )


def _descend(
    gradient: gradients.Gradient,
    parameters: Any,
    x: Tensor,
    y: Tensor,
    loss: str | losses.Loss,
    zero: Tensor,
    *,
    lr: LearningRate,
    steps: int,
    rule: Rule | None = None,
    weight_decay: Any = 0.0,
    batches: sampling.Minibatches | None = None,
    record: dict[str, Callable[[Any], Tensor]] | None = None,
    every: int | None = None,
    tolerance: float | None = None,
    state: tuple[State, ...] | None = None,
    prepare: Callable[[Tensor], Any] = lambda x: x,
    form: Callable[[Any], Any] = lambda theta: theta,
    stepper: Callable[[Rule], Callable[..., Any]] | None = None,
    steps_at_once: Callable[[int, int], int] | None = None,
) -> Run:
    """Check the arguments, run the loop, and report.

    `zero` is the prediction f = 0, (E, n) or (E, n, k); `prepare` turns points into what the
    gradient takes, and `form` the parameters that it takes into those of the caller.
    `stepper(rule)` takes several steps at once, see `fused.stepper`, and `steps_at_once` says how
    many for so many activations and steps between two rows of the history.
    """
    theta = apply(lambda t: t.detach().clone(), parameters)
    leaves = list(tensors(theta))
    E = len(zero)
    _check_options(lr, steps, every, tolerance, E)
    _check_labels(losses.loss(loss), zero, y)
    _check_alike(leaves[0], x=x, y=y)
    decays = _one_each(weight_decay, len(leaves))
    rule = GradientDescent() if rule is None else rule
    memory = [_copy(s) for s in state] if state else [{} for _ in leaves]
    if every is None:
        every = max(1, steps // 100)
        every += -every % 8 if stepper else 0  # eights can be compiled together

    eager = Eager(gradient, theta, memory, rule, decays)
    quick, at_once = None, None
    if stepper and steps_at_once:
        samples = batches.size if batches else zero.shape[1]
        at_once = steps_at_once(E * leaves[0].shape[-1] * samples, every)
        quick = Fused(stepper(rule), theta, memory[0], at_once)
    drawn = None
    if batches:
        own_x = x.ndim in (3, 5)
        own_y = y.ndim == (zero.ndim if y.is_floating_point() else 2)
        drawn = minibatches(batches, x, y, own_x, own_y, E, steps, prepare, at_once)

    members = Members(leaves, losses.loss(loss).value(zero, y).mean(1), steps)
    history = History(record or {}, rows=steps // every + 2, form=form)
    plan = Plan(steps, every, tolerance, _rates(lr, zero))
    descend(plan, eager, quick, (prepare(x), y), drawn, members, history)
    run = Run(
        apply(torch.clone, form(theta)),
        members.steps,
        members.diverged,
        members.converged,
        history.tables(),
        tuple(memory),
    )
    return _report(run, members.first)


def _copy(state: State) -> State:
    return {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}


def _rates(lr: LearningRate, like: Tensor) -> Callable[[int, int], Tensor]:
    """The learning rates of the steps from one number up to another, (steps, E)."""

    def of_members(rate: Any) -> Tensor:
        return torch.as_tensor(rate, dtype=like.dtype, device=like.device).expand(len(like))

    if callable(lr):
        return lambda start, stop: torch.stack([of_members(lr(t)) for t in range(start, stop)])
    constant = of_members(lr)
    return lambda start, stop: constant.expand(stop - start, -1)


def _one_each(weight_decay: Any, count: int) -> list[Any]:
    """One λ for each parameter tensor."""
    one_each = weight_decay if isinstance(weight_decay, tuple | list) else [weight_decay] * count
    if len(one_each) != count:
        raise ValueError(
            f"weight_decay has {len(one_each)} entries; use a number or one for each of "
            f"the {count} parameter tensors."
        )
    for decay in one_each:
        if not bool((torch.as_tensor(decay) >= 0).all()):
            raise ValueError(f"weight_decay={decay} is no such constant; use numbers >= 0.")
    return list(one_each)


def _check_finite(**inputs: Any) -> None:
    for name, parameters in inputs.items():
        for tensor in tensors(parameters):
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{name} holds a NaN or an infinity; remove it before training.")


def _check_alike(parameter: Tensor, **data: Tensor) -> None:
    for name, tensor in data.items():
        kind, wanted = tensor.dtype, parameter.dtype
        if tensor.is_floating_point() and kind != wanted or tensor.device != parameter.device:
            raise ValueError(
                f"{name} is {kind} on {tensor.device}; use {wanted} on {parameter.device}, "
                "like the parameters."
            )


def _check_options(
    lr: LearningRate, steps: int, every: int | None, tolerance: float | None, E: int
) -> None:
    rate = torch.as_tensor(lr(0) if callable(lr) else lr)
    if not bool(((rate > 0) & rate.isfinite()).all()):
        raise ValueError(f"lr={lr} is not a step size; use positive numbers.")
    if rate.ndim and rate.shape != (E,):
        raise ValueError(f"lr has shape {tuple(rate.shape)}; use a number or ({E},).")
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use 0, 1, 2, ...")
    if every is not None and every < 1:
        raise ValueError(f"every={every} is no number of steps; use 1, 2, ...")
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance} is no loss; use a number >= 0.")


def _check_labels(loss: losses.Loss, zero: Tensor, y: Tensor) -> None:
    """Labels of the loss's kind, one for each prediction, shared or for each member."""
    loss.check(y)
    E, n, *k = zero.shape
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


def _report(run: Run, first: int | None) -> Run:
    """The run, with a warning if members diverged, or Diverged if all did."""
    count, E = int(run.diverged.sum()), len(run.diverged)
    if count:
        message = (
            f"Training diverged in {count} of {E} members, first after {first} steps: the loss "
            "was not finite or grew a millionfold; use a smaller lr."
        )
        if count == E:
            raise Diverged(message, run)
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return run
