"""Members of an ensemble to modules and back."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from mathdl import models
from mathdl.models import MLP, Activation, Convolutional, Diagonal, ResNet, TwoLayer
from mathdl.modules.architecture import architecture, require_equal
from mathdl.modules.blocks import (
    DiagonalLinear,
    ImageSum,
    Residual,
    conv2d,
    linear,
    pointwise,
    times,
)
from mathdl.parameters import apply, join, member


def to_module(model: Callable[..., torch.Tensor], networks: Any, e: int) -> nn.Sequential:
    """Member e of an ensemble as a module: x (n, d) to (n,) for one output, (n, k) for more.

    `model` is a function of `mathdl.models`, its options bound by `functools.partial`. The module
    has the values of `model(networks, x)[e]`, and its own copy of the parameters.

    Raises ValueError for another model, options that are missing, and an e that names no member.

    >>> from functools import partial
    >>> model = partial(models.two_layer, scaling="ntk")
    >>> ones = TwoLayer(a=torch.ones(2, 4), w=torch.ones(2, 4, 3), b=torch.ones(2, 4))
    >>> to_module(model, ones, 1)
    Sequential(
      (0): Linear(in_features=3, out_features=4, bias=True)
      (1): ReLU()
      (2): Linear(in_features=4, out_features=1, bias=False)
      (3): Times(0.5)
      (4): Flatten(start_dim=0, end_dim=-1)
    )
    """
    function, options = _function_and_options(model)
    write, _ = _CONVERSIONS[function]
    return nn.Sequential(*write(apply(lambda t: t[0], member(networks, e)), **options))


def from_modules(model: Callable[..., torch.Tensor], modules: Sequence[nn.Sequential]) -> Any:
    """The parameters of the ensemble whose member e is modules[e]: the inverse of `to_module`.

    The modules may come from elsewhere, as long as their layers are those that `to_module` gives
    for this model; the Flatten at the end may be missing.

    Raises ValueError if there is no module, if one has a layer that ensembles do not have, if two
    differ in architecture, and if their layers are not those of the model.

    >>> from functools import partial
    >>> nets = [nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3)) for _ in range(4)]
    >>> model = partial(models.mlp, scaling="unscaled", activation=torch.tanh)
    >>> [tuple(w.shape) for w in from_modules(model, nets).weights]
    [(4, 5, 2), (4, 3, 5)]
    """
    function, options = _function_and_options(model)
    write, read = _CONVERSIONS[function]
    if not modules:
        raise ValueError("modules is empty; give at least one.")
    first = architecture("modules[0]", modules[0])
    for e, module in enumerate(modules):
        require_equal(f"modules[{e}]", architecture(f"modules[{e}]", module), "modules[0]", first)
    try:
        members = [read(module) for module in modules]
        written = nn.Sequential(*write(members[0], **options))
    except (ValueError, IndexError, RuntimeError) as error:
        raise ValueError(
            f"modules do not have the layers of {function.__name__}; use those of to_module."
        ) from error
    expected = architecture(function.__name__, written)
    require_equal("modules[0]", first, function.__name__, expected)
    return join([apply(lambda t: t.detach().clone()[None], one) for one in members])


def _function_and_options(model: Callable[..., Any]) -> tuple[Any, dict[str, Any]]:
    """The function of `mathdl.models` and all its options, those left at their default included."""
    function = getattr(model, "func", model)
    if function not in _CONVERSIONS:
        names = ", ".join(known.__name__ for known in _CONVERSIONS)
        raise ValueError(f"model={function!r} has no modules; use one of mathdl.models: {names}.")
    arguments = list(inspect.signature(function).parameters.values())[2:]  # after networks and x
    options = {argument.name: argument.default for argument in arguments}
    options |= getattr(model, "keywords", {})
    for name, value in options.items():
        if value is inspect.Parameter.empty:
            raise ValueError(f"model has no {name}; bind one with functools.partial.")
    return function, options


# The layers of one member, from its parameters and the options of its model, and back


def _two_layer(one: TwoLayer, scaling: str, activation: Activation) -> list[nn.Module]:
    a, w, b = one
    hidden = [linear(w, b), pointwise(activation)]
    return [*hidden, linear(a[None]), *times(models.scale(scaling, len(a))), nn.Flatten(0)]


def _read_two_layer(module: nn.Module) -> TwoLayer:
    w, b, a = module.parameters()
    return TwoLayer(a.squeeze(0), w, b)


def _mlp(one: MLP, scaling: str, activation: Activation) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for layer, w in enumerate(one.weights):
        if layer > 0:
            layers += [pointwise(activation), *times(models.scale(scaling, w.shape[1]))]
        layers.append(linear(w, one.biases[layer] if one.biases else None))
    return [*layers, *_flatten(w)]


def _read_mlp(module: nn.Module) -> MLP:
    return MLP(_of_dimension(2, module), _of_dimension(1, module))


def _resnet(one: ResNet, scaling: str, activation: Activation) -> list[nn.Module]:
    V, U, W, alpha = one
    factor = times(models.resnet_scale(scaling, len(W)))
    layers: list[nn.Module] = [linear(V)] if isinstance(V, torch.Tensor) else []
    for layer, W_l in enumerate(W):
        outer = [linear(U[layer])] if isinstance(U, torch.Tensor) else []
        layers.append(Residual(linear(W_l), pointwise(activation), *outer, *factor))
    if isinstance(alpha, torch.Tensor):
        layers += [linear(alpha[None]), nn.Flatten(0)]
    return layers


def _read_resnet(module: nn.Module) -> ResNet:
    layers = list(module.children())
    blocks = [layer for layer in layers if isinstance(layer, Residual)]
    inner = [list(block.parameters()) for block in blocks]
    before, after = layers[: layers.index(blocks[0])], layers[layers.index(blocks[-1]) + 1 :]
    return ResNet(
        V=_only_tensor(before) if before else (),
        U=torch.stack([U for _, U in inner]) if inner[0][1:] else (),
        W=torch.stack([p[0] for p in inner]),
        alpha=_only_tensor(after).squeeze(0) if after else (),
    )


def _linear_model(one: torch.Tensor) -> list[nn.Module]:
    return [linear(one[None]), nn.Flatten(0)]


def _read_linear(module: nn.Module) -> torch.Tensor:
    (coefficients,) = module.parameters()
    return coefficients.squeeze(0)


def _diagonal(one: Diagonal, depth: int) -> list[nn.Module]:
    return [DiagonalLinear(*one, depth)]


def _read_diagonal(module: nn.Module) -> Diagonal:
    plus, minus = module.parameters()
    return Diagonal(plus, minus)


def _convolutional(
    one: Convolutional, padding: str, pooling: str, patch: int | None, activation: Activation
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for layer, w in enumerate(one.filters):
        bias = one.biases[layer] if one.biases else None
        layers += [conv2d(w, bias, padding), pointwise(activation)]
    if patch is None:
        layers.append(nn.AdaptiveAvgPool2d(1) if pooling == "average" else ImageSum())
    else:
        divisor = {"average": None, "sum": 1}[pooling]
        layers.append(nn.AvgPool2d(patch, divisor_override=divisor))
    read = linear(one.out, one.biases[-1] if one.biases else None)
    return [*layers, nn.Flatten(), read, *_flatten(one.out)]


def _read_convolutional(module: nn.Module) -> Convolutional:
    (out,) = _of_dimension(2, module)
    return Convolutional(_of_dimension(4, module), out, _of_dimension(1, module))


_CONVERSIONS: dict[Callable[..., torch.Tensor], tuple[Callable[..., Any], Callable[..., Any]]] = {
    models.two_layer: (_two_layer, _read_two_layer),
    models.mlp: (_mlp, _read_mlp),
    models.resnet: (_resnet, _read_resnet),
    models.linear: (_linear_model, _read_linear),
    models.diagonal: (_diagonal, _read_diagonal),
    models.convolutional: (_convolutional, _read_convolutional),
}


def _flatten(last: torch.Tensor) -> list[nn.Module]:
    """What takes the values (n, 1) of one output to (n,)."""
    return [nn.Flatten(0)] if len(last) == 1 else []


def _only_tensor(layers: list[nn.Module]) -> torch.Tensor:
    (tensor,) = (p for layer in layers for p in layer.parameters())
    return tensor


def _of_dimension(ndim: int, module: nn.Module) -> tuple[torch.Tensor, ...]:
    return tuple(p for p in module.parameters() if p.ndim == ndim)
