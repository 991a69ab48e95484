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

__all__ = [
    "absolute_energy",
    "commutant_dimension",
    "dense_error_bound",
    "filter_entries",
    "filter_singular_values",
    "padding_defect",
    "subsampling_defect",
    "twirl_share",
]
