"""The work that the rivals do: descent of E two-layer ReLU networks on the squared loss."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from mathdl import gradients, models, sampling


@dataclass(frozen=True)
class Work:
    """E networks of width m on n points in d dimensions, mean-field scaling, for `steps` steps.

    rule: "gd", "adam", or "sgd", in which each network draws batches of `batch` samples
    """

    E: int
    m: int
    n: int
    d: int
    rule: str = "gd"
    steps: int = 64
    precision: str = "float32"
    batch: int = 32

    @property
    def name(self) -> str:
        return f"({self.E}, {self.m}, {self.n}, {self.d})"

    @property
    def dtype(self) -> torch.dtype:
        return getattr(torch, self.precision)

    @property
    def lr(self) -> float:
        return 1e-3 if self.rule == "adam" else 0.1 * self.m

    @property
    def flops(self) -> float:
        """Of one step: the products w x and r x, the sums over samples and over neurons."""
        samples = self.batch if self.rule == "sgd" else self.n
        return (4 * (self.d + 1) + 4) * float(self.E * self.m * samples)

    def with_steps(self, steps: int) -> "Work":
        return replace(self, steps=steps)

    def networks(self) -> models.TwoLayer:
        drawn = models.random_two_layer(self.E, self.m, self.d, np.random.default_rng(1))
        return models.TwoLayer(*(part.cpu().to(self.dtype) for part in drawn))

    def data(self) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.from_numpy(np.random.default_rng(2).standard_normal((self.n, self.d)))
        return x.to(self.dtype), torch.sin(2 * x[:, 0]).to(self.dtype)

    def batches(self) -> sampling.Minibatches | None:
        """The same batches for every rival; all pay for drawing them."""
        if self.rule != "sgd":
            return None
        return sampling.Minibatches(self.batch, np.random.default_rng(3), replace=True)

    def losses(self, networks: models.TwoLayer) -> list[float]:
        """What was reached: the loss of each network on all data, in double precision."""
        P = gradients.pack(models.TwoLayer(*(part.double() for part in networks)))
        x, y = self.data()
        risk, _ = gradients.two_layer_gradient("mean-field")(
            P, gradients.with_one(x.double()), y.double()
        )
        return risk.tolist()
