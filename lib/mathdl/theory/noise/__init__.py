"""Closed forms of the chapter on noise in stochastic gradient descent, a module for each topic."""

from mathdl.theory.noise.fresh_examples import (
    averaged_plateau,
    load,
    moment_matrix,
    moments,
    regression_factor,
    regression_plateau,
    regression_threshold,
    stable_step,
    stationary_loss,
)
from mathdl.theory.noise.minibatch import (
    batch_covariance,
    epoch_covariance,
    example_alignment,
    gaussian_noise,
    noise_bounds,
    noise_floor,
    noise_rank,
)
from mathdl.theory.noise.network_noise import (
    centered_noise_per_curvature,
    cross_entropy_constant,
    cross_entropy_slope,
    noise_ceiling,
    noise_per_curvature,
    output_bias_noise,
    product_noise,
    single_residual_noise,
)

__all__ = [
    "averaged_plateau",
    "batch_covariance",
    "centered_noise_per_curvature",
    "cross_entropy_constant",
    "cross_entropy_slope",
    "epoch_covariance",
    "example_alignment",
    "gaussian_noise",
    "load",
    "moment_matrix",
    "moments",
    "noise_bounds",
    "noise_ceiling",
    "noise_floor",
    "noise_per_curvature",
    "noise_rank",
    "output_bias_noise",
    "product_noise",
    "regression_factor",
    "regression_plateau",
    "regression_threshold",
    "single_residual_noise",
    "stable_step",
    "stationary_loss",
]
