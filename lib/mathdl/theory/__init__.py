"""What the theorems say: closed forms, importing nothing else of `mathdl`."""

from mathdl.theory import approximation, estimation, optimization, symmetry

__all__ = ["approximation", "estimation", "optimization", "symmetry"]
