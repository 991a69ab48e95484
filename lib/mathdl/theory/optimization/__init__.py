"""Closed forms of the chapter on optimization, a module for each page."""

from mathdl.theory.optimization.implicit_bias import (
    diagonal_excess,
    diagonal_interpolant,
    diagonal_large,
    diagonal_loss_bound,
    diagonal_norm_bound,
    diagonal_potential,
)

__all__ = [
    "diagonal_excess",
    "diagonal_interpolant",
    "diagonal_large",
    "diagonal_loss_bound",
    "diagonal_norm_bound",
    "diagonal_potential",
]
