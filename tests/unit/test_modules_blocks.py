"""The layers of modules do what they say, and print what they are."""

import pytest
import torch
from mathdl.modules import DiagonalLinear, ImageSum, Pointwise, Residual, Times, blocks
from torch import nn


def test_values():
    x = torch.arange(12.0).reshape(1, 2, 2, 3) - 4
    assert torch.equal(Times(0.25)(x), x / 4)
    assert torch.equal(Pointwise(torch.cos)(x), torch.cos(x))
    assert torch.equal(Residual(Times(2.0), Times(3.0))(x), 7 * x)
    assert ImageSum()(x).flatten().tolist() == [-9.0, 27.0] and ImageSum()(x).shape == (1, 2, 1, 1)
    network = DiagonalLinear(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 3.0]), depth=2)
    assert network(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist() == [3.0, -8.0]
    assert [p.tolist() for p in network.parameters()] == [[2.0, 1.0], [1.0, 3.0]]


def test_linear_and_convolution_carry_the_given_parameters():
    w, b = torch.arange(6.0).reshape(2, 3), torch.tensor([1.0, -1.0])
    x = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(blocks.linear(w, b)(x), x @ w.mT + b)
    assert torch.equal(blocks.linear(w)(x), x @ w.mT)
    image, corner = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3)
    image[0, 0, 0, 0], corner[0, 0, 0, 0] = 1.0, 2.0  # the pixel above and to the left, twice
    for padding, total in (("circular", 2.0), ("zeros", 2.0)):
        shifted = blocks.conv2d(corner, None, padding)(image).detach()
        assert shifted.shape == image.shape and float(shifted.sum()) == total
        assert float(shifted[0, 0, 1, 1]) == 2.0
    wrapped = blocks.conv2d(corner, b[:1], "circular")(image.roll((3, 3), (2, 3))).detach()
    assert float(wrapped[0, 0, 0, 0]) == 3.0
    cut = blocks.conv2d(corner, b[:1], "zeros")(image.roll((3, 3), (2, 3))).detach()
    assert float(cut[0, 0, 0, 0]) == 1.0


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (torch.relu, nn.ReLU),
        (nn.functional.relu, nn.ReLU),
        (torch.tanh, nn.Tanh),
        (torch.sigmoid, nn.Sigmoid),
        (nn.functional.gelu, nn.GELU),
        (nn.functional.softplus, nn.Softplus),
        (torch.sin, Pointwise),
    ],
)
def test_an_activation_has_a_module_of_the_same_values(function, kind):
    layer = blocks.pointwise(function)
    x = torch.linspace(-2, 2, 9)
    assert type(layer) is kind and torch.equal(layer(x), function(x))


def test_layers_print_what_they_are():
    assert repr(Times(0.5)) == "Times(0.5)"
    assert repr(Pointwise(torch.sin)) != repr(Pointwise(torch.cos))
    assert repr(DiagonalLinear(torch.ones(4), torch.ones(4), 3)) == "DiagonalLinear(d=4, depth=3)"
    assert [repr(layer) for layer in blocks.times(0.25) + blocks.times(1)] == ["Times(0.25)"]
