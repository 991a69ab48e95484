"""What the theorems say: closed forms, importing nothing else of `mathdl`."""

from mathdl.theory import approximation, background, estimation, noise, optimization, symmetry

__all__ = ["approximation", "background", "estimation", "noise", "optimization", "symmetry"]
