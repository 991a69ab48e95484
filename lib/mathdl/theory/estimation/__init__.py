"""Closed forms of the chapter on estimation, a module for each page; `supervised` comes before."""

from mathdl.theory.estimation.supervised import (
    equispaced_excess,
    euler_error_bound,
    fixed_design_error,
    gaussian_design_error,
    growth_factor,
    plug_in_bound,
    relu_cosine_aliases,
    relu_cosine_coefficients,
    relu_cosine_tail,
    rotated_cosine_excess,
)

__all__ = [
    "equispaced_excess",
    "euler_error_bound",
    "fixed_design_error",
    "gaussian_design_error",
    "growth_factor",
    "plug_in_bound",
    "relu_cosine_aliases",
    "relu_cosine_coefficients",
    "relu_cosine_tail",
    "rotated_cosine_excess",
]
