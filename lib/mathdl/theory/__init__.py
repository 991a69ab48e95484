"""What the theorems say: closed forms, importing nothing else of `mathdl`."""

from mathdl.theory import approximation, estimation, noise, optimization, symmetry

__all__ = ["approximation", "estimation", "noise", "optimization", "symmetry"]
