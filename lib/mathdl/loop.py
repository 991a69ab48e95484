"""The loop of all trainers: losses, look, record, step."""

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mathdl.members import History, Members
from mathdl.parameters import apply, tensors
from mathdl.sampling import Minibatches
from mathdl.updates import Rule, State

LOOK = 64  # about how many steps lie between two looks at the losses, which wait for the device
PATIENCE = 3.0  # seconds before a progress bar appears
BATCH_BYTES = 8 * 2**20  # how much minibatch data is gathered at once


class Eager:
    """One step at a time: θ ← θ - lr · rule(g + λ θ), with g from `gradient`.

    >>> theta = torch.tensor([4.0])
    >>> stepper = Eager(lambda theta, x, y: (theta**2 / 2, theta), theta, [{}], lambda g, _: g, [0])
    >>> stepper.losses(None, None, torch.tensor([[0.5]]))
    tensor([[8.]])
    >>> stepper.move(Members([theta], normal=torch.ones(1), steps=1))
    >>> theta
    tensor([2.])
    """

    steps = 1

    def __init__(
        self,
        gradient: Callable[[Any, Any, Tensor], tuple[Tensor, Any]],
        theta: Any,
        memory: list[State],
        rule: Rule,
        decays: list[Any],
    ) -> None:
        self.gradient, self.theta, self.memory = gradient, theta, memory
        self.rule, self.decays = rule, [λ if torch.as_tensor(λ).any() else None for λ in decays]

    def losses(self, x: Any, y: Tensor, lr: Tensor) -> Tensor:
        """The losses (1, E) before the step, and what the step needs; lr is (1, E)."""
        losses, self.slopes = self.gradient(self.theta, x, y)
        self.lr = lr[0]
        return losses[None]

    def move(self, members: Members) -> None:
        """Take the step, in place; members that have stopped stand still."""
        theta, slopes = tensors(self.theta), tensors(self.slopes)
        for p, g, λ, state in zip(theta, slopes, self.decays, self.memory, strict=True):
            direction = self.rule(g if λ is None else g + λ * p, state)
            lr = self.lr.reshape(-1, *[1] * (p.ndim - 1))
            p.addcmul_(lr, members.moving(direction, 0), value=-1)


class Fused:
    """Several steps at a time, by the `advance` of `fused.stepper`, of P (E, d + 2, m).

    >>> P = torch.tensor([[4.0], [4.0]])
    >>> def advance(P, state, x, y, lr):
    ...     return P / 4, torch.stack([P[:, 0], P[:, 0] / 2])
    >>> stepper = Fused(advance, P, {}, steps=2)
    >>> stepper.losses(None, None, torch.ones(2, 2))
    tensor([[4., 4.],
            [2., 2.]])
    >>> stepper.move(Members([P], normal=torch.ones(2), steps=2))
    >>> P.tolist()
    [[1.0], [1.0]]
    """

    def __init__(self, advance: Callable[..., Any], P: Tensor, state: State, steps: int) -> None:
        self.advance, self.P, self.state, self.steps = advance, P, state, steps

    def losses(self, x: Any, y: Tensor, lr: Tensor) -> Tensor:
        """The losses (steps, E) before each step; the steps are computed here, taken in `move`."""
        self.moved, losses = self.advance(self.P, self.state, x, y, lr)
        return losses

    def move(self, members: Members) -> None:
        """Take the steps, in place; members that have stopped stand still."""
        self.P.copy_(members.moving(self.moved, self.P))


class Plan(NamedTuple):
    """How long to go, and when to do what.

    rate: lr for the steps from one number up to another, (steps, E)
    """

    steps: int
    every: int
    tolerance: float | None
    rate: Callable[[int, int], Tensor]


def descend(
    plan: Plan,
    eager: Eager,
    fused: Fused | None,
    everything: tuple[Any, Tensor],
    batches: Iterator[tuple[Any, Tensor]] | None,
    members: Members,
    history: History,
) -> None:
    """Take the steps: on `everything`, or on `batches`, with `fused` wherever it fits.

    >>> theta, normal = torch.tensor([4.0]), torch.ones(1)
    >>> eager = Eager(lambda theta, x, y: (theta**2 / 2, theta), theta, [{}], lambda g, _: g, [0])
    >>> members, history = Members([theta], normal, steps=2), History({}, rows=3)
    >>> plan = Plan(2, every=1, tolerance=None, rate=lambda start, stop: torch.full((1, 1), 0.5))
    >>> descend(plan, eager, None, (None, None), None, members, history)
    >>> theta, history.tables()["loss"]
    (tensor([1.]), tensor([[8.0000],
            [2.0000],
            [0.5000]]))
    """
    leaves = list(tensors(eager.theta))
    silent = "MATHDL_STATIC" in os.environ
    step, next_look = 0, 0
    with tqdm(total=plan.steps, delay=PATIENCE, leave=False, disable=silent) as bar:
        while True:
            last = step == plan.steps
            due = last or step % plan.every == 0
            stepper = fused if fused and step + fused.steps <= plan.steps else eager
            if last or (due and batches):
                risk, _ = eager.gradient(eager.theta, *everything)
                members.see(step, risk[None])
            if not last:
                lr = plan.rate(step, step + stepper.steps)
                losses = stepper.losses(*(next(batches) if batches else everything), lr)
                members.see(step, losses)
                risk = risk if batches else losses[0]
            if plan.tolerance is not None and (due or not batches):
                members.converge(risk <= plan.tolerance, step)
            if last or step >= next_look or (due and history.record):  # it may refuse a NaN
                if members.look(leaves, step):
                    risk, _ = eager.gradient(eager.theta, *everything)
                bar.update(step - bar.n)
                next_look = step + LOOK
            if due or members.all_stopped:
                history.add(step, risk, eager.theta)
            if last or members.all_stopped:
                break
            stepper.move(members)
            step += stepper.steps


def minibatches(
    batches: Minibatches,
    x: Tensor,
    y: Tensor,
    own_x: bool,
    own_y: bool,
    E: int,
    steps: int,
    prepare: Callable[[Tensor], Any] = lambda x: x,
    at_once: int | None = None,
) -> Iterator[tuple[Any, Tensor]]:
    """The minibatches of every step, x (E, B, ...) and y (E, B, ...), gathered many at a time.

    own_x, own_y: whether x is (E, n, ...) or (n, ...), and the same for y
    prepare: turns points (..., n, d) into what the gradient takes
    at_once: k gives those of k steps together, (k, E, B, ...), and the rest one by one

    >>> import numpy as np
    >>> two = Minibatches(2, np.random.default_rng(0), replace=False)
    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.tensor([10.0, 20.0])
    >>> for x_t, y_t in minibatches(two, x, y, own_x=False, own_y=False, E=3, steps=5):
    ...     assert x_t.shape == (3, 2, 1) and (y_t == 10 * x_t.squeeze(2)).all()
    """
    n = x.shape[1] if own_x else x.shape[0]
    first = n * torch.arange(E, device=x.device)[:, None]  # rows of the members, one after another

    def gather(table: Tensor, drawn: Tensor, own: bool) -> Tensor:
        if own:
            table, drawn = table.flatten(0, 1), drawn + first
        return table.index_select(0, drawn.flatten()).unflatten(0, drawn.shape)

    k = at_once or 1
    point = x[0, 0] if own_x else x[0]
    batch_bytes = E * batches.size * point.numel() * x.element_size()
    chunk = max(1, min(LOOK, BATCH_BYTES // batch_bytes) // k) * k
    for start in range(0, steps, chunk):
        length = min(chunk, steps - start)
        drawn = torch.from_numpy(batches.draw(n, E, length)).to(x.device)  # (length, E, B)
        x_t, y_t = gather(x, drawn, own_x), gather(y, drawn, own_y)
        if batches.label_noise:
            y_t = y_t + torch.from_numpy(batches.noise(E, length)).to(y_t)
        data = (prepare(x_t), y_t)
        together = length // k * k if at_once else 0
        for t in range(0, together, k):
            yield apply(lambda part, t=t: part[t : t + k], data)
        for t in range(together, length):
            yield apply(lambda part, t=t: part[t], data)
