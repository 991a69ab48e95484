"""How else one would train an ensemble in PyTorch. Each rival is a function of the work.

It returns a function without arguments that does the work from the start and returns the networks.
"""

from collections.abc import Callable, Iterator

import torch
from mathdl import models, training, updates
from torch import Tensor, nn

from benchmarks.rivals_work import Work

Run = Callable[[], models.TwoLayer]


def ours(work: Work, compiled: bool) -> Run:
    """`mathdl.training.train_two_layer`."""
    networks, (x, y) = work.networks(), work.data()

    def run() -> models.TwoLayer:
        return training.train_two_layer(
            networks,
            x,
            y,
            scaling="mean-field",
            lr=work.lr,
            steps=work.steps,
            rule=updates.Adam() if work.rule == "adam" else None,
            batches=work.batches(),
            every=work.steps,
            compiled=compiled,
        ).parameters

    return run


def _steps(work: Work) -> Iterator[Tensor | None]:
    """Nothing for each step on all data, or the indices (E, B) of the batches."""
    batches = work.batches()
    if batches is None:
        yield from [None] * work.steps
        return
    for start in range(0, work.steps, 64):
        size = min(64, work.steps - start)
        yield from torch.from_numpy(batches.draw(work.n, work.E, size))


class Network(nn.Module):
    """One network, as a beginner writes it."""

    def __init__(self, a: Tensor, w: Tensor, b: Tensor):
        super().__init__()
        self.hidden = nn.Linear(w.shape[1], len(a), dtype=a.dtype)
        self.output = nn.Linear(len(a), 1, bias=False, dtype=a.dtype)
        with torch.no_grad():
            self.hidden.weight.copy_(w)
            self.hidden.bias.copy_(b)
            self.output.weight.copy_(a[None])

    def forward(self, x: Tensor) -> Tensor:
        return self.output(torch.relu(self.hidden(x))).squeeze(1) / self.output.in_features


def plain_loop(work: Work) -> Run:
    """One network after the other: nn.Module, autograd, torch.optim."""
    x, y = work.data()

    def run() -> models.TwoLayer:
        drawn = list(_steps(work))
        trained = []
        for e, (a, w, b) in enumerate(zip(*work.networks(), strict=True)):
            network = Network(a, w, b)
            if work.rule == "adam":
                optimizer = torch.optim.Adam(network.parameters(), lr=work.lr)
            else:
                optimizer = torch.optim.SGD(network.parameters(), lr=work.lr)
            for batch in drawn:
                x_t, y_t = (x, y) if batch is None else (x[batch[e]], y[batch[e]])
                optimizer.zero_grad()
                (0.5 * (network(x_t) - y_t).square().mean()).backward()
                optimizer.step()
            trained.append(network)
        with torch.no_grad():
            return models.TwoLayer(
                a=torch.stack([network.output.weight[0] for network in trained]),
                w=torch.stack([network.hidden.weight for network in trained]),
                b=torch.stack([network.hidden.bias for network in trained]),
            )

    return run


Gradient = Callable[[models.TwoLayer, Tensor, Tensor], models.TwoLayer]


def _descent(work: Work, gradient: Gradient) -> Run:
    """Gradient descent on the ensemble, with any way to get at the gradient."""
    networks, (x, y) = work.networks(), work.data()

    def run() -> models.TwoLayer:
        theta = networks
        for _ in range(work.steps):
            slopes = gradient(theta, x, y)
            theta = models.TwoLayer(*(p - work.lr * g for p, g in zip(theta, slopes, strict=True)))
        return theta

    return run


def vmap_of_grad(work: Work) -> Run:
    """torch.func: the gradient of one network, mapped over the ensemble."""

    def loss(network: models.TwoLayer, x: Tensor, y: Tensor) -> Tensor:
        a, w, b = network
        f = torch.relu(x @ w.mT + b) @ a / len(a)
        return 0.5 * (f - y).square().mean()

    return _descent(work, torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None)))


def batched_autograd(work: Work, compiled: bool = False) -> Run:
    """Batched products for all networks at once, and autograd; with torch.compile if asked for."""

    def loss(theta: models.TwoLayer, x: Tensor, y: Tensor) -> Tensor:
        return 0.5 * (models.two_layer(theta, x, "mean-field") - y).square().mean(1).sum()

    gradient: Gradient = torch.func.grad(loss)
    return _descent(work, torch.compile(gradient, dynamic=False) if compiled else gradient)
