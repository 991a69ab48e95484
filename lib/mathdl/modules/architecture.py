"""The architecture of a module as text, one line a layer, so that two can be compared."""

from itertools import zip_longest

from torch import nn

from mathdl.modules.blocks import ACTIVATIONS, DiagonalLinear, ImageSum, Pointwise, Residual, Times


def architecture(name: str, module: nn.Module) -> list[str]:
    """One line for each layer; they are equal if two modules differ in their parameters only.

    A Flatten(0) at the end, which only changes (n, 1) to (n,), is left out. `name` is what errors
    call the module.

    Raises ValueError for a layer that ensembles do not have.

    >>> architecture("net", nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Flatten(0)))
    ['Linear(in_features=2, out_features=1, bias=True)', 'Tanh()']
    """
    lines = _lines(name, module)
    return lines[:-1] if lines[-1:] == [repr(nn.Flatten(0))] else lines


def _lines(name: str, layer: nn.Module) -> list[str]:
    if not isinstance(layer, nn.Sequential):
        return [_line(name, layer)]
    lines = [line for child in layer for line in _lines(name, child)]
    return [f"Residual({', '.join(lines)})"] if isinstance(layer, Residual) else lines


def _line(name: str, layer: nn.Module) -> str:
    if isinstance(layer, nn.ReLU):
        return "ReLU()"  # in place or not
    if isinstance(layer, nn.Conv2d):
        odd = all(q % 2 for q in layer.kernel_size)
        same = odd and layer.padding == tuple(q // 2 for q in layer.kernel_size)
        return (
            f"Conv2d({layer.in_channels}, {layer.out_channels}, kernel_size={layer.kernel_size}, "
            f"padding={'same' if same else layer.padding}, padding_mode={layer.padding_mode}, "
            f"stride={layer.stride}, dilation={layer.dilation}, groups={layer.groups}, "
            f"bias={layer.bias is not None})"
        )
    if isinstance(layer, nn.AvgPool2d):
        return f"{layer!r} with divisor_override={layer.divisor_override}"
    if not isinstance(layer, _PLAIN_LAYERS):
        raise ValueError(
            f"{name} has a layer {type(layer).__name__}, which ensembles do not have; "
            "use a Sequential of the layers that to_module gives."
        )
    return repr(layer)


_PLAIN_LAYERS = (
    nn.Linear,
    nn.Flatten,
    nn.AdaptiveAvgPool2d,
    Times,
    Pointwise,
    ImageSum,
    DiagonalLinear,
    *ACTIVATIONS.values(),
)


def require_equal(name: str, lines: list[str], other: str, wanted: list[str]) -> None:
    """Raise ValueError, with the first layer that differs, unless two architectures are equal.

    >>> require_equal("f", ["Tanh()"], "g", [])
    Traceback (most recent call last):
        ...
    ValueError: f has Tanh() as layer 0 where g has nothing; use modules of equal architecture.
    """
    for i, (line, expected) in enumerate(zip_longest(lines, wanted, fillvalue="nothing")):
        if line != expected:
            raise ValueError(
                f"{name} has {line} as layer {i} where {other} has {expected}; "
                "use modules of equal architecture."
            )
