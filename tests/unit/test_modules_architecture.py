"""Two modules have equal architectures exactly if they differ in their parameters only."""

import pytest
import torch
from mathdl.modules import Pointwise, Residual, Times
from mathdl.modules.architecture import architecture, require_equal
from torch import nn

SAME = [
    (nn.ReLU(), nn.ReLU(inplace=True)),
    (nn.Linear(2, 3), nn.Sequential(nn.Sequential(nn.Linear(2, 3)), nn.Flatten(0))),
    (nn.Conv2d(1, 2, 3, padding="same"), nn.Conv2d(1, 2, 3, padding=1)),
    (nn.Conv2d(1, 2, (1, 23), padding="same"), nn.Conv2d(1, 2, (1, 23), padding=(0, 11))),
]
DIFFERENT = [
    (nn.Linear(2, 3), nn.Linear(2, 3, bias=False)),
    (nn.Tanh(), nn.ReLU()),
    (nn.Softplus(), nn.Softplus(beta=2.0)),
    (Times(0.5), Times(0.25)),
    (Pointwise(torch.sin), Pointwise(torch.cos)),
    (nn.Flatten(0), nn.Flatten()),
    (Residual(nn.Linear(2, 2), nn.Tanh()), Residual(nn.Linear(2, 2), nn.ReLU())),
    (Residual(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2))),
    (nn.AvgPool2d(2), nn.AvgPool2d(2, divisor_override=1)),
    (nn.Conv2d(1, 2, 2, padding="same"), nn.Conv2d(1, 2, 2, padding=1)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, padding=1)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, stride=2)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, dilation=2)),
    (nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3, groups=2)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, bias=False)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, padding_mode="circular")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_architectures(one, other):
    require_equal("one", architecture("one", one), "other", architecture("other", other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_architectures(one, other):
    with pytest.raises(
        ValueError, match="one has .* as layer 0 where other has .*; use modules of"
    ):
        require_equal("one", architecture("one", one), "other", architecture("other", other))


@pytest.mark.parametrize("layer", (nn.LayerNorm(2), nn.Dropout(), nn.MaxPool2d(2), nn.LSTM(2, 2)))
def test_a_layer_that_ensembles_do_not_have(layer):
    for module in (layer, nn.Sequential(nn.Linear(2, 2), layer), Residual(layer)):
        with pytest.raises(ValueError, match=f"net has a layer {type(layer).__name__}, which"):
            architecture("net", module)
