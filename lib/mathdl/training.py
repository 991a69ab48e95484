"""Training of E networks side by side: one loop for every model, loss and update rule."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mathdl import checks, gradients, losses, models, sampling
from mathdl.loop import Eager, Fused, Plan, descend, minibatches
from mathdl.members import History, Members
from mathdl.models import shallow, shapes
from mathdl.parameters import apply, tensors
from mathdl.updates import GradientDescent, Rule, State


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
    state: what the update rule remembers, 0 for members that were stopped; `state=run.state`
        continues the run
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
    x: (n, ...), shared by the members, or (E, n, ...); y: labels, shared or for each member. Where
        E = n leaves it open, x of 3 or 5 dimensions, as (E, n, d), is taken for each member's own
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

    A member diverges when its loss or a parameter is not finite, or its loss exceeds a million
    times that at the start (or of f = 0, where that is more). It is stopped, with its last good
    parameters, at most 64 steps back; the others go on, and a warning says so.

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
    checks.check_finite(parameters=parameters, x=x, y=y)
    leaves = list(tensors(parameters))
    checks.check_alike(leaves[0], parameters=leaves, x=[x] if x.is_floating_point() else [])
    with torch.no_grad():
        zero = torch.zeros_like(model(parameters, x))
    checks.check_members(zero, leaves)
    own_x = checks.is_own(x, zero) if options.get("batches") else False
    task = _Task(gradients.autograd_gradient(model, loss), parameters, x, y, loss, zero, own_x)
    return _descend(task, **options)


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
    checks.check_finite(coefficients=coefficients, features=features, y=y)
    checks.check_alike(coefficients, features=[features])
    zero = torch.zeros_like(models.linear(coefficients, features))
    own = features.ndim == 3
    task = _Task(gradients.linear_gradient(loss), coefficients, features, y, loss, zero, own)
    return _descend(task, **options)


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

    compiled: take the steps with the code that `fused.stepper` compiles; the same up to rounding,
        and faster for long runs in up to `fused.LARGEST_DIMENSION` dimensions. Up to 8 steps, as
        many as divide `every`, are taken without a look at the losses; `every`, if left out, is
        rounded up to a multiple of 8. Compiling takes up to half a minute for each shape, rule
        and loss

    >>> one = torch.ones(1, 1)
    >>> networks = models.TwoLayer(a=one, w=one[None], b=0 * one)
    >>> x, y = torch.tensor([[1.0]]), torch.tensor([3.0])
    >>> train_two_layer(networks, x, y, lr=0.5, steps=1, scaling="unscaled").parameters.a
    tensor([[2.]])
    """
    checks.check_finite(a=networks.a, w=networks.w, b=networks.b, x=x, y=y)
    E, _ = shallow.check_two_layer(networks)
    d = networks.w.shape[2]
    shapes.check_points("x", x, E, d=d)
    checks.check_alike(networks.w, a=[networks.a], b=[networks.b], x=[x])
    P = gradients.pack(networks)
    a, w, b = _one_each(weight_decay, 3)
    decay = P.new_tensor([w] * d + [b, a])
    options |= {"weight_decay": [decay[:, None]]}
    by_hand = gradients.two_layer_gradient(scaling, loss)
    task = _Task(by_hand, P, x, y, loss, x.new_zeros(E, x.shape[-2]), own_x=x.ndim == 3)
    task = task._replace(prepare=gradients.with_one, form=gradients.unpack)
    if compiled:
        from mathdl import fused  # only here: importing the compiler takes seconds

        task = task._replace(
            gradient=lambda P, points, y: by_hand(P, points.columns, y),
            prepare=fused.points,
            compiled=lambda rule, activations, every: (
                fused.stepper(scaling, loss, rule, decay if decay.any() else None),
                fused.at_once(activations, every),
            ),
        )
    return _descend(task, **options)


class _Task(NamedTuple):
    """What is trained on which data.

    zero: the prediction f = 0, (E, n) or (E, n, k)
    own_x: whether x is (E, n, ...), not (n, ...); asked for only where there are batches
    prepare: turns points into what the gradient takes
    form: turns the parameters that the gradient takes into those of the caller
    compiled: for a rule, E m n activations and the steps between two rows of the history, what
        takes several steps at once (see `fused.stepper`), and how many
    """

    gradient: gradients.Gradient
    parameters: Any
    x: Tensor
    y: Tensor
    loss: str | losses.Loss
    zero: Tensor
    own_x: bool
    prepare: Callable[[Tensor], Any] = lambda x: x
    form: Callable[[Any], Any] = lambda theta: theta
    compiled: Callable[[Rule, int, int], tuple[Callable[..., Any], int]] | None = None


def _descend(
    task: _Task,
    *,
    lr: checks.LearningRate,
    steps: int,
    rule: Rule | None = None,
    weight_decay: Any = 0.0,
    batches: sampling.Minibatches | None = None,
    record: dict[str, Callable[[Any], Tensor]] | None = None,
    every: int | None = None,
    tolerance: float | None = None,
    state: tuple[State, ...] | None = None,
) -> Run:
    """Check the arguments, run the loop, and report."""
    gradient, zero, loss = task.gradient, task.zero, losses.loss(task.loss)
    x, y = task.x.detach(), task.y.detach()
    theta = apply(lambda t: t.detach().clone(), task.parameters)
    leaves = list(tensors(theta))
    E = len(zero)
    checks.check_options(lr, steps, every, tolerance, E)
    checks.check_labels(loss, zero, y, batches.label_noise if batches else 0.0)
    checks.check_alike(leaves[0], y=[y] if y.is_floating_point() else [])
    checks.check_history(record or {}, state, len(leaves))
    decays = _one_each(weight_decay, len(leaves))
    rule = GradientDescent() if rule is None else rule
    memory = [_copy(s) for s in state] if state else [{} for _ in leaves]
    if every is None:
        every = max(1, steps // 100)
        every += -every % 8 if task.compiled else 0  # eights can be compiled together

    eager = Eager(gradient, theta, memory, rule, decays)
    quick, at_once = None, None
    if task.compiled:
        samples = batches.size if batches else zero.shape[1]
        advance, at_once = task.compiled(rule, E * leaves[0].shape[-1] * samples, every)
        quick = Fused(advance, theta, memory[0], at_once)
    drawn = None
    if batches:
        own_y = y.ndim == (zero.ndim if y.is_floating_point() else 2)
        drawn = minibatches(batches, x, y, task.own_x, own_y, E, steps, task.prepare, at_once)

    members = Members(leaves, loss.value(zero, y).mean(1), steps)
    history = History(record or {}, rows=steps // every + 2, form=task.form)
    plan = Plan(steps, every, tolerance, _rates(lr, zero))
    descend(plan, eager, quick, (task.prepare(x), y), drawn, members, history)
    _forget(memory, members.diverged | members.converged)
    run = Run(
        apply(torch.clone, task.form(theta)),
        members.steps,
        members.diverged,
        members.converged,
        history.tables(),
        tuple(memory),
    )
    return _report(run, members.first)


def _copy(state: State) -> State:
    return {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}


def _forget(memory: list[State], stopped: Tensor) -> None:
    """Set to 0 what the rule remembers of members that have stopped: it may be NaN, or outdated."""
    for state in memory:
        for tensor in state.values():
            if isinstance(tensor, Tensor) and tensor.shape[:1] == stopped.shape:
                tensor[stopped] = 0


def _rates(lr: checks.LearningRate, like: Tensor) -> Callable[[int, int], Tensor]:
    """The learning rates of the steps from one number up to another, (steps, E)."""

    E = len(like)

    def of_members(rate: Any) -> Tensor:
        checks.check_rate(rate, E)
        rate = torch.as_tensor(rate, dtype=like.dtype, device=like.device)
        return rate.detach().expand(E)

    if callable(lr):
        return lambda start, stop: torch.stack([of_members(lr(t)) for t in range(start, stop)])
    constant = of_members(lr)
    return lambda start, stop: constant.expand(stop - start, -1)


def _one_each(weight_decay: Any, count: int) -> list[Any]:
    """One λ for each parameter tensor."""
    several = isinstance(weight_decay, tuple | list) or torch.as_tensor(weight_decay).ndim
    one_each = list(weight_decay) if several else [weight_decay] * count
    if len(one_each) != count:
        raise ValueError(
            f"weight_decay has {len(one_each)} entries; use a number or one for each of "
            f"the {count} parameter tensors."
        )
    for decay in one_each:
        if not bool(((λ := torch.as_tensor(decay)) >= 0).all() and λ.isfinite().all()):
            raise ValueError(f"weight_decay={decay} is no such constant; use numbers >= 0.")
    return one_each


def _report(run: Run, first: int | None) -> Run:
    """The run, with a warning if members diverged, or Diverged if all did."""
    count, E = int(run.diverged.sum()), len(run.diverged)
    if count:
        message = (
            f"Training diverged in {count} of {E} members, first after {first} steps: the loss "
            "or a parameter was not finite, or the loss grew a millionfold; use a smaller lr."
        )
        if count == E:
            raise Diverged(message, run)
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return run
