"""Members of an ensemble as ordinary `torch.nn` modules, and modules as an ensemble.

A member becomes a `torch.nn.Sequential`, of the layers of `torch.nn` where these can say it. Both
ways copy the parameters bit for bit.
"""

from mathdl.modules.blocks import DiagonalLinear, ImageSum, Pointwise, Residual, Times
from mathdl.modules.conversion import from_modules, to_module

__all__ = [
    "DiagonalLinear",
    "ImageSum",
    "Pointwise",
    "Residual",
    "Times",
    "from_modules",
    "to_module",
]
