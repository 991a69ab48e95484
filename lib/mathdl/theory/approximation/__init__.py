"""Closed forms of the chapter on approximation, a module for each page."""

from mathdl.theory.approximation.barron import (
    antithetic_constant,
    barron_monte_carlo_constant,
    barron_monte_carlo_limit,
    barron_norm_of_radius,
    barron_norm_of_wave,
    certificate,
    circumscribed_polygon,
    equispaced_error,
    fourier_bound,
    inscribed_polygon,
    isotropic_average,
    maurey_error,
    ramp_error,
    shared_factor_constant,
)

__all__ = [
    "antithetic_constant",
    "barron_monte_carlo_constant",
    "barron_monte_carlo_limit",
    "barron_norm_of_radius",
    "barron_norm_of_wave",
    "certificate",
    "circumscribed_polygon",
    "equispaced_error",
    "fourier_bound",
    "inscribed_polygon",
    "isotropic_average",
    "maurey_error",
    "ramp_error",
    "shared_factor_constant",
]
