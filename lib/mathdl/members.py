"""The members of a run: which of them still train, and what is written down about all."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

GROWTH = 1e6  # a loss that grew by this factor has diverged


class Members:
    """Which of E members still train; one that has diverged or converged stands still.

    Nothing here waits for the device except `look`.

    >>> theta = torch.tensor([1.0, 1.0])
    >>> members = Members([theta], torch.tensor([1.0, 1.0]), steps=10)
    >>> members.see(0, torch.tensor([[1.0, 1.0]]))
    >>> members.look([theta], step=0)
    False
    >>> _ = theta.copy_(torch.tensor([0.5, float("nan")]))
    >>> members.see(1, torch.tensor([[0.2, float("nan")]]))
    >>> members.look([theta], step=1)
    True
    >>> theta, members.diverged, members.steps
    (tensor([0.5000, 1.0000]), tensor([False,  True]), tensor([10,  0]))
    """

    def __init__(self, leaves: list[Tensor], normal: Tensor, steps: int) -> None:
        """`normal` (E,) is a loss that counts as such, for example that of f = 0."""
        self.limit = GROWTH * normal
        self.alive = torch.ones_like(normal, dtype=torch.bool)
        self.diverged = ~self.alive
        self.converged = ~self.alive
        self.steps = torch.full_like(normal, steps, dtype=torch.int64)
        self.seen: list[tuple[int, Tensor]] = []  # since the last look
        self.good = [leaf.clone() for leaf in leaves]
        self.good_step = 0
        self.first: int | None = None  # the step of the first divergence
        self.some_stopped = False
        self.all_stopped = False

    def see(self, step: int, losses: Tensor) -> None:
        """Take note of losses (k, E) after so many steps, and one, ..., k - 1 steps later."""
        if step == 0 and not self.seen:
            self.limit = self.limit.maximum(GROWTH * losses[0].nan_to_num(0, 0, 0))
            self.limit.masked_fill_(self.limit == 0, torch.inf)
        self.seen.append((step, losses))

    def converge(self, arrived: Tensor, step: int) -> None:
        """Stop the members that have arrived (E,); the step is how many they have taken."""
        arrived = arrived & self.alive
        self.steps.masked_fill_(arrived, step)
        self.converged |= arrived
        self.alive &= ~arrived
        self.some_stopped = True

    def moving(self, moved: Tensor, still: Tensor | float) -> Tensor:
        """`moved` (E, ...) for the members that train, `still` for the others."""
        if not self.some_stopped:
            return moved
        alive = self.alive.reshape(-1, *[1] * (moved.ndim - 1))
        return torch.where(alive, moved, still)

    def look(self, leaves: list[Tensor], step: int) -> bool:
        """Stop the members that have diverged since the last look, at what they were then.

        Returns whether there were any.
        """
        losses = torch.cat([losses for _, losses in self.seen])
        finite = [leaf.reshape(len(leaf), -1).isfinite().all(dim=1) for leaf in leaves]
        fine = torch.stack([*(losses.isfinite() & (losses <= self.limit)), *finite])
        bad = self.alive & ~fine.all(dim=0)
        found = bool(bad.any())
        if found:
            if self.first is None:
                steps = [s + k for s, losses in self.seen for k in range(len(losses))]
                at = torch.tensor(steps + len(finite) * [step])
                self.first = int(at[~fine[:, bad].all(dim=1).cpu()].min())
            for leaf, good in zip(leaves, self.good, strict=True):
                leaf[bad] = good[bad]
            self.steps[bad] = self.good_step
            self.diverged |= bad
            self.alive &= ~bad
            self.some_stopped = True
        for leaf, good in zip(leaves, self.good, strict=True):
            good.copy_(leaf)
        self.good_step = step
        self.seen.clear()
        self.all_stopped = not bool(self.alive.any())
        return found


class History:
    """What is written down every few steps: "step", "loss", and functions of the parameters.

    >>> history = History({"size": lambda theta: theta.abs()}, rows=3)
    >>> history.add(0, torch.tensor([0.5]), torch.tensor([-1.0]))
    >>> history.tables()
    {'step': tensor([0]), 'loss': tensor([[0.5000]]), 'size': tensor([[1.]])}
    """

    def __init__(
        self,
        record: dict[str, Callable[[Any], Tensor]],
        rows: int,
        form: Callable[[Any], Any] = lambda theta: theta,
    ) -> None:
        """`form` turns the parameters of the loop into those that the functions take."""
        self.record, self.rows, self.form = record, rows, form
        self.steps: list[int] = []
        self.table: dict[str, Tensor] = {}

    def add(self, step: int, losses: Tensor, parameters: Any) -> None:
        """Write the next row, into memory that is there since the first."""
        with torch.no_grad():
            values = {name: f(self.form(parameters)) for name, f in self.record.items()}
            for name, value in {"loss": losses, **values}.items():
                if name not in self.table:
                    self.table[name] = value.new_empty(self.rows, *value.shape)
                self.table[name][len(self.steps)] = value
        self.steps.append(step)

    def tables(self) -> dict[str, Tensor]:
        """All that was written down, each (K, ...), with the K steps (K,)."""
        rows = len(self.steps)
        tables = {name: table[:rows] for name, table in self.table.items()}
        return {"step": torch.tensor(self.steps), **tables}
