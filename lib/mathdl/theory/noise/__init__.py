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

__all__ = [
    "averaged_plateau",
    "batch_covariance",
    "epoch_covariance",
    "example_alignment",
    "gaussian_noise",
    "load",
    "moment_matrix",
    "moments",
    "noise_bounds",
    "noise_floor",
    "noise_rank",
    "regression_factor",
    "regression_plateau",
    "regression_threshold",
    "stable_step",
    "stationary_loss",
]
