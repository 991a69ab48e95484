"""Closed forms of the chapter on optimization, a module for each page."""

from mathdl.theory.optimization.discretization import (
    best_penalty,
    euler_coefficient,
    kink_coefficient,
    linear_growth,
    log_growth,
    maximum_gap,
    random_displacement,
    relu_drift,
    relu_explosion,
    resnet_flow_bound,
    scheme_order,
    stability_limit,
    sweep_cost,
    sweep_factors,
)
from mathdl.theory.optimization.implicit_bias import (
    diagonal_excess,
    diagonal_interpolant,
    diagonal_large,
    diagonal_loss_bound,
    diagonal_norm_bound,
    diagonal_potential,
)

__all__ = [
    "best_penalty",
    "diagonal_excess",
    "diagonal_interpolant",
    "diagonal_large",
    "diagonal_loss_bound",
    "diagonal_norm_bound",
    "diagonal_potential",
    "euler_coefficient",
    "kink_coefficient",
    "linear_growth",
    "log_growth",
    "maximum_gap",
    "random_displacement",
    "relu_drift",
    "relu_explosion",
    "resnet_flow_bound",
    "scheme_order",
    "stability_limit",
    "sweep_cost",
    "sweep_factors",
]
