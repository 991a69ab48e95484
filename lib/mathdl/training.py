"""Training of E networks side by side: one loop for every model, loss and update rule."""

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mathdl import gradients, losses, models, sampling
from mathdl.members import History, Members
from mathdl.models import shapes
from mathdl.parameters import apply, tensors
from mathdl.updates import GradientDescent, Rule, State

LOOK = 64  # steps between two looks at the losses: only then does the loop wait for the device
PATIENCE = 3.0  # seconds before a progress bar appears
BATCH_BYTES = 8 * 2**20  # how much minibatch data is gathered at once

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
    **options: Any,
) -> Run:
    """Train E two-layer ReLU networks, with the gradient of `gradients.two_layer_gradient`.

    x is (n, d) or (E, n, d), y is (n,) or (E, n). Every parameter moves by -lr times its own
    derivative of the loss: in the mean-field scaling that derivative is of size 1/m, so lr is
    usually chosen as a multiple of m. Options, result and errors are those of `train`.

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
    if not isinstance(weight_decay, int | float):
        a, w, b = weight_decay
        weight_decay = (P.new_tensor([w] * d + [b, a])[:, None],)
    return _descend(
        gradients.two_layer_gradient(scaling, loss),
        P,
        x,
        y,
        loss,
        zero=x.new_zeros(E, x.shape[-2]),
        weight_decay=weight_decay,
        prepare=gradients.with_one,
        form=gradients.unpack,
        **options,
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
    prepare: Callable[[Tensor], Tensor] = lambda x: x,
    form: Callable[[Any], Any] = lambda parameters: parameters,
) -> Run:
    """The loop of all trainers: gradient, look, record, step.

    `zero` is the prediction f = 0, (E, n) or (E, n, k); `prepare` turns points into what the
    gradient takes, and `form` the parameters that it takes into those of the caller.
    """
    theta = apply(torch.clone, parameters)
    leaves = list(tensors(theta))
    E, n = zero.shape[:2]
    _check_options(lr, steps, every, tolerance, E)
    _check_labels(losses.loss(loss), zero, y)
    decays = _decays(weight_decay, len(leaves))
    rule = rule or GradientDescent()
    memory = tuple(_copy(s) for s in state) if state else tuple({} for _ in leaves)
    every = every or max(1, steps // 100)
    minibatches = _minibatches(batches, x, y, zero, steps, prepare) if batches else None
    x = prepare(x)
    members = Members(leaves, losses.loss(loss).value(zero, y).mean(1), steps)
    history = History(record or {}, rows=steps // every + 2)
    bar = tqdm(total=steps, delay=PATIENCE, leave=False, disable="MATHDL_STATIC" in os.environ)

    for step in range(steps + 1):
        due = step % every == 0 or step == steps
        if minibatches is None or due:
            risk, slopes = gradient(theta, x, y)
            members.see(step, risk)
            if tolerance is not None:
                members.converge(risk <= tolerance, step)
        if step % LOOK == 0 or step == steps:
            if members.look(leaves, step):
                risk, slopes = gradient(theta, x, y)
            bar.update(step - bar.n)
        last = step == steps or members.all_stopped
        if due or last:
            history.add(step, risk, form(theta))
        if last:
            break
        if minibatches is not None:
            risk, slopes = gradient(theta, *next(minibatches))
            members.see(step, risk)
        rate = lr(step) if callable(lr) else lr
        for p, g, decay, remembered in zip(leaves, tensors(slopes), decays, memory, strict=True):
            direction = rule(g if decay is None else g + decay * p, remembered)
            _move(p, members.of_moving(direction), rate)
    bar.close()

    result = Run(
        apply(torch.clone, form(theta)),
        members.steps,
        members.diverged,
        members.converged,
        history.tables(),
        memory,
    )
    return _report(result, members.first)


def _move(p: Tensor, direction: Tensor, lr: float | Tensor) -> None:
    """p ← p - lr · direction, with a number lr or one for each member."""
    if isinstance(lr, Tensor):
        lr = lr.reshape(-1, *[1] * (p.ndim - 1))
        p.addcmul_(lr, direction, value=-1)
    else:
        p.sub_(direction, alpha=lr)


def _minibatches(
    batches: sampling.Minibatches,
    x: Tensor,
    y: Tensor,
    zero: Tensor,
    steps: int,
    prepare: Callable[[Tensor], Tensor],
) -> Iterator[tuple[Tensor, Tensor]]:
    """For each step the points and labels that each member has drawn, gathered many at a time."""
    E, n = zero.shape[:2]
    own_x = x.ndim in (3, 5)
    own_y = y.ndim == (zero.ndim if y.is_floating_point() else 2)
    offset = n * torch.arange(E, device=x.device)[:, None]
    bytes_a_step = E * batches.size * x[0].numel() // (n if own_x else 1) * x.element_size()
    chunk = max(1, min(LOOK, BATCH_BYTES // bytes_a_step))
    for start in range(0, steps, chunk):
        k = min(chunk, steps - start)
        drawn = torch.from_numpy(batches.draw(n, E, k)).to(x.device)  # (k, E, B)
        x_k, y_k = _pick(x, drawn, offset, own_x), _pick(y, drawn, offset, own_y)
        if batches.label_noise:
            y_k = y_k + torch.from_numpy(batches.noise(E, k)).to(y_k)
        yield from zip(prepare(x_k), y_k, strict=True)


def _pick(table: Tensor, drawn: Tensor, offset: Tensor, own: bool) -> Tensor:
    """The rows drawn (..., E, B), from one table (n, ...) or from one for each member."""
    if own:
        table, drawn = table.flatten(0, 1), drawn + offset
    return table.index_select(0, drawn.flatten()).unflatten(0, drawn.shape)


def _copy(state: State) -> State:
    return {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}


def _decays(weight_decay: Any, count: int) -> list[Any]:
    """One λ for each parameter tensor, None where it is 0."""
    one_each = weight_decay if isinstance(weight_decay, tuple | list) else [weight_decay] * count
    if len(one_each) != count:
        raise ValueError(
            f"weight_decay has {len(one_each)} entries; use a number or one for each of "
            f"the {count} parameter tensors."
        )
    for decay in one_each:
        if not isinstance(decay, Tensor) and not 0 <= decay < float("inf"):
            raise ValueError(f"weight_decay={decay} is no such constant; use a number >= 0.")
    return [d if isinstance(d, Tensor) or d > 0 else None for d in one_each]


def _check_finite(**inputs: Any) -> None:
    for name, parameters in inputs.items():
        for tensor in tensors(parameters):
            if not bool(torch.isfinite(tensor).all()):
                raise ValueError(f"{name} holds a NaN or an infinity; remove it before training.")


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
    if not y.is_floating_point() and (not k or int(y.max()) >= k[0]):
        raise ValueError(f"y holds the class {int(y.max())}; use 0 to k - 1, with k outputs.")


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
