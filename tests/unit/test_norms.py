"""Path norms against brute force over all paths."""

from math import sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, norms


@pytest.mark.parametrize("convention, expected", [("path1", 9), ("path2", 7), ("bias-free", 5)])
def test_norms_of_one_neuron(convention, expected):
    a, w, b = device.tensor([-2.0]), device.tensor([[3.0, -4.0]]), device.tensor([-2.0])
    assert norms.parameter_norm(w, b, convention).item() == expected
    assert norms.path_norm(a, w, b, convention).item() == 2 * expected


@pytest.mark.parametrize("function", (norms.path_norm, norms.parameter_norm))
def test_unknown_convention_is_refused(function):
    arguments = [torch.ones(1), torch.ones(1, 1), torch.ones(1)][
        -2 if "par" in str(function) else 0 :
    ]
    with pytest.raises(ValueError, match="convention='R' is not one of path1, path2, bias-free"):
        function(*arguments, "R")


@given(st.floats(0.01, 100), st.integers(0, 2**32 - 1), st.sampled_from(norms.CONVENTIONS))
def test_path_norm_does_not_see_how_a_neuron_is_scaled(factor, seed, convention):
    rng = np.random.default_rng(seed)
    a, w, b = (device.tensor(rng.normal(size=s)) for s in ((2, 3), (2, 3, 4), (2, 3)))
    norm = norms.path_norm(a, w, b, convention)
    assert norm.shape == (2,)
    assert torch.allclose(norms.path_norm(factor * a, w / factor, b / factor, convention), norm)
    assert torch.allclose(norms.path_norm(factor * a, w, b, convention), factor * norm)


@given(st.integers(0, 2**32 - 1))
def test_the_conventions_are_ordered(seed):
    rng = np.random.default_rng(seed)
    w, b = device.tensor(rng.normal(size=(5, 3))), device.tensor(rng.normal(size=5))
    path1, path2, bias_free = (norms.parameter_norm(w, b, c) for c in norms.CONVENTIONS)
    assert (bias_free <= path2).all() and (path2 <= path1).all()
    assert (path1 <= sqrt(3) * path2).all()
