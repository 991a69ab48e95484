"""What the theorems say: closed forms, importing nothing else of `mathdl`."""

from mathdl.theory import approximation, estimation

__all__ = ["approximation", "estimation"]
