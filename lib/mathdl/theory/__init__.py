"""What the theorems say: closed forms, importing nothing else of `mathdl`."""

from mathdl.theory import (
    approximation,
    background,
    background_probability,
    estimation,
    noise,
    optimization,
    symmetry,
)

__all__ = [
    "approximation",
    "background",
    "background_probability",
    "estimation",
    "noise",
    "optimization",
    "symmetry",
]
