"""A run that is really compiled is the run that is not."""

import numpy as np
import pytest
import torch
from mathdl import models
from mathdl.sampling import Minibatches
from mathdl.training import train_two_layer
from mathdl.updates import Adam


@pytest.mark.parametrize(("dtype", "batches"), [(torch.float32, True), (torch.float64, False)])
def test_compiled_runs_are_the_same_runs(dtype, batches):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, dtype=dtype, generator=generator)

    start = models.TwoLayer(normal(2, 3), normal(2, 3, 1), normal(2, 3))
    x, y = normal(5, 1), normal(5)

    def run(compiled):
        drawn = Minibatches(4, np.random.default_rng(0), replace=False) if batches else None
        options = {"lr": 0.1, "steps": 5, "every": 2, "rule": Adam(), "batches": drawn}
        return train_two_layer(start, x, y, scaling="ntk", compiled=compiled, **options)

    one, other = run(True), run(False)
    torch.testing.assert_close(tuple(one.parameters), tuple(other.parameters))
    torch.testing.assert_close(one.history, other.history)
