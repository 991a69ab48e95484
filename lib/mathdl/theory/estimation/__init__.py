"""Closed forms of the chapter on estimation, a module for each page; `supervised` comes before."""

from mathdl.theory.estimation.complexity import (
    bounded_differences_tail,
    deviation_bound,
    line_complexity,
    linear_bound,
    massart_bound,
    mean_absolute_walk,
    orthonormal_complexity,
    sign_cube_complexity,
    subsets_complexity,
    subsets_deviation,
)
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
    "bounded_differences_tail",
    "deviation_bound",
    "equispaced_excess",
    "euler_error_bound",
    "fixed_design_error",
    "gaussian_design_error",
    "growth_factor",
    "line_complexity",
    "linear_bound",
    "massart_bound",
    "mean_absolute_walk",
    "orthonormal_complexity",
    "plug_in_bound",
    "relu_cosine_aliases",
    "relu_cosine_coefficients",
    "relu_cosine_tail",
    "rotated_cosine_excess",
    "sign_cube_complexity",
    "subsets_complexity",
    "subsets_deviation",
]
