"""Shapes that fit pass; those that do not are refused in a sentence that names the argument."""

import pytest
import torch
from mathdl.models import shapes


def test_what_fits_passes():
    shapes.check("w", torch.zeros(2, 5, 3), E=2, m=5, d=3)
    shapes.check_points("x", torch.zeros(7, 3), E=2, d=3)
    shapes.check_points("x", torch.zeros(2, 7, 3), E=2, d=3)
    shapes.check_points("x", torch.zeros(0, 3), E=2, d=3)
    shapes.check_sizes(E=1, m=2, d=1)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 4), (1, 5, 3), (5, 2, 3), (2, 5, 3, 1)])
def test_a_tensor_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"w has shape .*; use \(E, m, d\) = \(2, 5, 3\)\.$"):
        shapes.check("w", torch.zeros(shape), E=2, m=5, d=3)


@pytest.mark.parametrize("shape", [(3,), (7, 4), (3, 7, 3), (2, 7, 4), (1, 2, 7, 3)])
def test_points_of_another_shape(shape):
    with pytest.raises(
        ValueError, match=r"φ has shape .*; use \(n, p\) or \(E, n, p\) with E = 2, p"
    ):
        shapes.check_points("φ", torch.zeros(shape), E=2, p=3)


@pytest.mark.parametrize("size", (0, -1))
def test_a_size_is_positive(size):
    with pytest.raises(ValueError, match=f"d={size} is not a size; use a positive number"):
        shapes.check_sizes(E=1, d=size)
