"""The tangent kernel of finite networks against jacrev, and its limit at infinite width."""

from functools import partial
from math import pi

import numpy as np
import pytest
import torch
from mathdl import device, kernels, layers, models
from mathdl.parameters import flatten, member, unflatten

RNG = np.random.default_rng(8)
E, n, d = 2, 6, 3
X, OTHERS = device.tensor(RNG.normal(size=(n, d))), device.tensor(RNG.normal(size=(4, d)))
TWO_LAYER = models.random_two_layer(E, 7, d, RNG)
MLP = models.random_mlp(E, (d, 5, 4, 2), RNG, "ntk", bias=0.3)


def jacobian(f, one, x):
    of_vector = torch.func.jacrev(lambda v: f(unflatten(v, one), x).flatten())
    return of_vector(flatten(one))[:, 0]


@pytest.mark.parametrize("others", (None, OTHERS), ids=("square", "two sets"))
@pytest.mark.parametrize("activation", (torch.relu, torch.tanh))
@pytest.mark.parametrize(("name", "parameters"), (("two_layer", TWO_LAYER), ("mlp", MLP)))
def test_against_jacrev(name, parameters, activation, others):
    options = {"scaling": "ntk", "activation": activation}
    f = partial(getattr(models, name), **options)
    K = kernels.tangent_kernel(partial(getattr(layers, name), **options), parameters, X, others)
    for e in range(E):
        one = member(parameters, e)
        J, J_others = (jacobian(f, one, x) for x in (X, X if others is None else others))
        torch.testing.assert_close(K[e], J @ J_others.mT, rtol=1e-12, atol=1e-12)


def test_wide_networks_have_the_kernel_of_the_limit():
    # a, w ~ N(0, 1), no bias: K∞ = ½|x||x'|κ₁ + ½ x·x' κ₀, and the biases add ½κ₀
    m = 4000
    a, w = device.tensor(RNG.normal(size=(20, m))), device.tensor(RNG.normal(size=(20, m, d)))
    wide = models.TwoLayer(a, w, 0 * a)
    K = kernels.tangent_kernel(partial(layers.two_layer, scaling="ntk"), wide, X)
    lengths = X.norm(dim=1)
    inner = X @ X.mT
    theta = torch.arccos((inner / lengths / lengths[:, None]).clamp(-1, 1))
    kappa0, kappa1 = (pi - theta) / pi, (torch.sin(theta) + (pi - theta) * torch.cos(theta)) / pi
    limit = (lengths * lengths[:, None] * kappa1 + (inner + 1) * kappa0) / 2
    error = (K.mean(0) - limit).abs() / (K.std(0) / 20**0.5)
    assert error.max() < 5
    assert kernels.kernel_change(limit, K.mean(0)) < 0.02


def test_kernel_change_of_a_batch():
    before, after = (
        device.tensor(RNG.normal(size=(3, 4, 4))),
        device.tensor(RNG.normal(size=(3, 4, 4))),
    )
    change = kernels.kernel_change(before, after)
    for e in range(3):
        size = np.sqrt(((after[e] - before[e]).numpy() ** 2).sum() / (before[e].numpy() ** 2).sum())
        assert float(change[e]) == pytest.approx(size)
