"""Closed forms of the chapter on symmetry and convolutional networks, a module for each page."""

from mathdl.theory.symmetry.banded import (
    absolute_energy,
    commutant_dimension,
    dense_error_bound,
    filter_entries,
    filter_singular_values,
    padding_defect,
    subsampling_defect,
    twirl_share,
)
from mathdl.theory.symmetry.reynolds import (
    averaging_gain,
    averaging_gap,
    partial_augmentation,
    projected_risk,
    shift_memory,
    shift_penalty,
    three_risks,
)
from mathdl.theory.symmetry.shapley import (
    dividends,
    interval_coverage,
    main_effects,
    noise_factor,
    pair_interactions,
    regression_risks,
    shapley,
)

__all__ = [
    "absolute_energy",
    "averaging_gain",
    "averaging_gap",
    "commutant_dimension",
    "dense_error_bound",
    "dividends",
    "filter_entries",
    "filter_singular_values",
    "interval_coverage",
    "main_effects",
    "noise_factor",
    "padding_defect",
    "pair_interactions",
    "partial_augmentation",
    "projected_risk",
    "regression_risks",
    "shapley",
    "shift_memory",
    "shift_penalty",
    "subsampling_defect",
    "three_risks",
    "twirl_share",
]
