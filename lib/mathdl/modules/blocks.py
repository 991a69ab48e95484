"""The layers of which the modules of ensembles consist, each with a copy of its parameters."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from mathdl.models import Activation

ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    torch.relu: nn.ReLU,
    F.relu: nn.ReLU,
    torch.tanh: nn.Tanh,
    torch.sigmoid: nn.Sigmoid,
    F.gelu: nn.GELU,
    F.softplus: nn.Softplus,
}


class Times(nn.Module):
    """The factor of a scaling: x to factor · x.

    >>> Times(0.5)(torch.ones(1)).item()
    0.5
    """

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x

    def extra_repr(self):
        return str(self.factor)


class Pointwise(nn.Module):
    """An activation that `torch.nn` has no module for: x to σ(x).

    >>> Pointwise(torch.sin)(torch.zeros(1)).item()
    0.0
    """

    def __init__(self, function: Activation):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)

    def extra_repr(self):
        return str(self.function)


class Residual(nn.Sequential):
    """A residual block: x to x + the layers' value at x.

    >>> Residual(Times(0.5))(torch.ones(1)).item()
    1.5
    """

    def forward(self, x):
        return x + super().forward(x)


class ImageSum(nn.Module):
    """Pooling of a whole image: (n, c, h, w) to the sums (n, c, 1, 1).

    >>> ImageSum()(torch.ones(1, 1, 2, 3)).item()
    6.0
    """

    def forward(self, x):
        return x.sum(dim=(2, 3), keepdim=True)


class DiagonalLinear(nn.Module):
    """A diagonal linear network: x (n, d) to (plus^depth - minus^depth) · x, with (d,) parameters.

    >>> DiagonalLinear(2 * torch.ones(1), torch.ones(1), depth=3)(torch.ones(1, 1)).item()
    7.0
    """

    def __init__(self, plus: torch.Tensor, minus: torch.Tensor, depth: int):
        super().__init__()
        self.plus, self.minus = parameter(plus), parameter(minus)
        self.depth = depth

    def forward(self, x):
        return x @ (self.plus**self.depth - self.minus**self.depth)

    def extra_repr(self):
        return f"d={len(self.plus)}, depth={self.depth}"


def parameter(tensor: torch.Tensor) -> nn.Parameter:
    """A copy of the tensor, cut from what it was computed from, as a parameter.

    >>> parameter(torch.ones(2)).requires_grad
    True
    """
    return nn.Parameter(tensor.detach().clone())


def linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Linear:
    """The layer x to W x + b, with weight W (k, m) and bias b (k,) or none.

    >>> linear(torch.ones(2, 3))
    Linear(in_features=3, out_features=2, bias=False)
    """
    outputs, inputs = weight.shape
    return _filled(nn.Linear(inputs, outputs, bias is not None, device="meta"), weight, bias)


def conv2d(weight: torch.Tensor, bias: torch.Tensor | None, padding: str) -> nn.Conv2d:
    """The convolution with weight (k, c, q, q) that leaves the size of images as it is.

    `padding` is "circular" or "zeros", bias (k,) or None.

    >>> conv2d(torch.ones(8, 1, 3, 3), None, "circular").padding_mode
    'circular'
    """
    outputs, inputs, q, _ = weight.shape
    options: dict[str, Any] = {"padding": "same", "padding_mode": padding, "device": "meta"}
    layer = nn.Conv2d(inputs, outputs, q, bias=bias is not None, **options)
    return _filled(layer, weight, bias)


def _filled(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None) -> Any:
    """The layer, made on the meta device (where nothing is drawn), with these parameters."""
    layer.weight = parameter(weight)
    if bias is not None:
        layer.bias = parameter(bias)
    return layer


def pointwise(activation: Activation) -> nn.Module:
    """The module of an activation: that of `torch.nn` where there is one, else `Pointwise`.

    >>> pointwise(torch.tanh)
    Tanh()
    """
    return ACTIVATIONS[activation]() if activation in ACTIVATIONS else Pointwise(activation)


def times(factor: float) -> list[nn.Module]:
    """The layers that multiply by a factor: `Times`, or none for 1.

    >>> times(0.5), times(1.0)
    ([Times(0.5)], [])
    """
    return [] if factor == 1 else [Times(factor)]
