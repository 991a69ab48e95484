"""Update rules: what a step does with the gradient g. A step is θ ← θ - lr · rule(g, state).

A rule is a function of the gradient of one parameter tensor and of a dictionary in which it keeps
what it needs to remember about that tensor; the dictionary is empty at the first step. So a rule
of your own takes four lines, for example AdaGrad:

    def adagrad(g, state):
        state["sum"] = state.get("sum", 0) + g**2
        return g / state["sum"].sqrt()

    train(..., rule=adagrad)

Every number may depend on its own member alone: members are independent. The result is a new
tensor or g itself, unchanged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

State = dict[str, Any]
Rule = Callable[[Tensor, State], Tensor]


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent: the step is the gradient, θ ← θ - lr g.

    >>> GradientDescent()(torch.tensor([3.0]), {})
    tensor([3.])
    """

    def __call__(self, g: Tensor, state: State) -> Tensor:
        return g


@dataclass(frozen=True)
class Momentum:
    """Heavy-ball momentum: v ← β v + g from v = 0, θ ← θ - lr v. Source: Polyak 1964.

    The factor 1 - β is not there: at a constant gradient the steps grow to lr g / (1 - β).
    Raises ValueError unless 0 <= β < 1.

    >>> momentum, state = Momentum(0.5), {}
    >>> momentum(torch.tensor([2.0]), state)
    tensor([2.])
    >>> momentum(torch.tensor([2.0]), state)
    tensor([3.])
    """

    beta: float = 0.9

    def __post_init__(self) -> None:
        _check_decay("beta", self.beta)

    def __call__(self, g: Tensor, state: State) -> Tensor:
        if not state:
            state["v"] = torch.zeros_like(g)
        v = state["v"]
        return torch.add(g, v, alpha=self.beta, out=v)  # v ← g + β v


@dataclass(frozen=True)
class Adam:
    """Adam: θ ← θ - lr m̂ / (√v̂ + ε), with running means of the gradient and of its square.

    m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², both from 0; m̂ = m / (1 - β₁ᵗ) and
    v̂ = v / (1 - β₂ᵗ) in step t = 1, 2, .... ε = 0 is allowed: where the gradient has always been
    0 the step is 0, by the convention 0/0 = 0. Source: Kingma, Ba 2015, Algorithm 1.
    Raises ValueError unless 0 <= β₁, β₂ < 1 and ε >= 0.

    >>> adam, state = Adam(epsilon=0), {}
    >>> adam(torch.tensor([5.0, -0.1, 0.0]), state).round(decimals=3)
    tensor([ 1., -1.,  0.])
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_decay("beta1", self.beta1)
        _check_decay("beta2", self.beta2)
        if not 0 <= self.epsilon < float("inf"):
            raise ValueError(f"epsilon={self.epsilon} is no such constant; use a number >= 0.")

    def __call__(self, g: Tensor, state: State) -> Tensor:
        if not state:
            state |= {"m": torch.zeros_like(g), "v": torch.zeros_like(g), "t": 0}
        state["t"] += 1
        m = state["m"].lerp_(g, 1 - self.beta1)
        v = state["v"].mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
        mean = m / (1 - self.beta1 ** state["t"])
        root = (v / (1 - self.beta2 ** state["t"])).sqrt_().add_(self.epsilon)
        if self.epsilon == 0:
            root.masked_fill_(root == 0, float("inf"))  # 0/0 = 0
        return mean.div_(root)


def _check_decay(name: str, beta: float) -> None:
    if not 0 <= beta < 1:
        raise ValueError(f"{name}={beta} does not decay; use a number from 0 to below 1.")
