"""Parameters as vectors and back."""

import pytest
import torch
from mathdl import parameters
from mathdl.models import TwoLayer


def test_flatten_keeps_order_and_members():
    networks = TwoLayer(
        torch.tensor([[1.0, 2.0], [10.0, 20.0]]),
        torch.tensor([[[3.0, 4.0], [5.0, 6.0]], [[30.0, 40.0], [50.0, 60.0]]]),
        torch.tensor([[7.0, 8.0], [70.0, 80.0]]),
    )
    vectors = parameters.flatten(networks)
    assert vectors.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8], [10, 20, 30, 40, 50, 60, 70, 80]]
    back = parameters.unflatten(vectors, networks)
    assert isinstance(back, TwoLayer)
    for part, original in zip(back, networks, strict=True):
        assert torch.equal(part, original)


def test_nested_parameters_and_scalars_survive_the_way_there_and_back():
    nested = ((torch.randn(3, 2, 2), torch.randn(3)), [torch.randn(3, 1)])
    back = parameters.unflatten(parameters.flatten(nested), nested)
    assert torch.equal(back[0][0], nested[0][0]) and torch.equal(back[0][1], nested[0][1])
    assert isinstance(back[1], list) and torch.equal(back[1][0], nested[1][0])


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError, match="vectors have 4 entries; use 3"):
        parameters.unflatten(torch.zeros(1, 4), (torch.zeros(1, 3),))
