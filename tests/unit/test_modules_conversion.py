"""Modules have the values of the members they come from, and come back bit for bit."""

from functools import partial

import numpy as np
import pytest
import torch
from mathdl import models, modules, parameters
from torch import nn

E, n = 3, 4


def rng():
    return np.random.default_rng(0)


def normal(*shape):
    return torch.from_numpy(rng().standard_normal(shape))


def mlp(widths, bias=1.0):
    return models.random_mlp(E, widths, rng(), "unscaled", bias=bias)


def images(outputs=2, q=3, pooled=1, bias=1.0):
    return models.random_convolutional(E, (2, 3, 4), q, outputs, rng(), pooled=pooled, bias=bias)


two_layer = models.random_two_layer(E, 5, 3, rng())
residual = models.random_resnet(E, 4, 3, 3, 3, rng())
cnn = partial(models.convolutional, activation=torch.tanh)
CASES = [
    (partial(models.two_layer, scaling="mean-field"), two_layer),
    (partial(models.two_layer, scaling="ntk", activation=torch.tanh), two_layer),
    (partial(models.two_layer, scaling="unscaled", activation=torch.sin), two_layer),
    (partial(models.mlp, scaling="unscaled"), mlp((3, 5, 4, 2))),
    (partial(models.mlp, scaling="ntk", activation=torch.sigmoid), mlp((3, 5, 1))),
    (partial(models.mlp, scaling="mean-field"), mlp((3, 5, 6, 2), None)),
    (partial(models.mlp, scaling="ntk"), mlp((3, 2))),
    (partial(models.resnet, scaling="1/L"), residual),
    (partial(models.resnet, scaling="1/sqrt(L)", activation=torch.tanh), residual._replace(U=())),
    (partial(models.resnet, scaling="unscaled"), residual._replace(V=())),
    (partial(models.resnet, scaling="1/L"), residual._replace(alpha=())),
    (partial(models.resnet, scaling="1/L"), models.ResNet((), (), residual.W, ())),
    (models.linear, normal(E, 3)),
    (models.diagonal, models.random_diagonal(E, 3, 1.0, rng())),
    (partial(models.diagonal, depth=3), models.random_diagonal(E, 3, 1.0, rng())),
    (partial(cnn, padding="circular", pooling="average"), images()),
    (partial(cnn, padding="zeros", pooling="sum"), images(outputs=1, bias=None)),
    (partial(cnn, padding="zeros", pooling="sum", patch=2), images(q=2, pooled=6)),
    (partial(cnn, padding="circular", pooling="average", patch=2), images(q=1, pooled=6)),
]


def points(model):
    function = getattr(model, "func", model)
    return normal(n, 2, 4, 6) if function is models.convolutional else normal(n, 3)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("model", "networks"), CASES)
def test_a_module_has_the_values_of_its_member(model, networks):
    x = points(model)
    values = model(networks, x)
    for e in range(E):
        one = modules.to_module(model, networks, e)(x)
        assert one.shape == values[e].shape
        torch.testing.assert_close(one, values[e])


@pytest.mark.parametrize(("model", "networks"), CASES)
def test_there_and_back_is_the_same_bit_for_bit(model, networks):
    back = modules.from_modules(model, [modules.to_module(model, networks, e) for e in range(E)])
    assert type(back) is type(networks)
    pairs = zip(parameters.tensors(back), parameters.tensors(networks), strict=True)
    assert all(torch.equal(one, other) and not one.requires_grad for one, other in pairs)


def test_modules_own_their_parameters():
    networks = models.random_two_layer(E, 5, 3, rng())
    model = partial(models.two_layer, scaling="ntk")
    module = modules.to_module(model, networks, 0)
    back = modules.from_modules(model, [module])
    with torch.no_grad():
        for p in module.parameters():
            p.zero_()
    assert networks.w.all() and back.w.all()


def test_conversion_leaves_the_random_numbers_of_torch_alone():
    state = torch.get_rng_state()
    modules.to_module(partial(models.mlp, scaling="ntk"), mlp((3, 5, 1)), 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_single_precision_is_kept():
    networks = parameters.apply(lambda t: t.float(), mlp((3, 5, 2)))
    model = partial(models.mlp, scaling="ntk")
    module = modules.to_module(model, networks, 1)
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert modules.from_modules(model, [module]).weights[0].dtype is torch.float32


def test_modules_from_elsewhere_become_an_ensemble():
    convolutional = partial(models.convolutional, padding="zeros", pooling="average", patch=2)
    made = [
        nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(inplace=True)),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * 4, 1),
        )
        for _ in range(E)
    ]
    x = torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    values = convolutional(modules.from_modules(convolutional, made), x)
    for e in range(E):
        torch.testing.assert_close(values[e], made[e](x).squeeze(1))


NTK = partial(models.mlp, scaling="ntk")
PLAIN = partial(models.mlp, scaling="unscaled")


def net(*layers):
    return nn.Sequential(*layers)


@pytest.mark.parametrize(
    ("model", "made", "message"),
    [
        (PLAIN, [], "modules is empty; give at least one"),
        (
            PLAIN,
            [net(nn.Linear(2, 3), nn.BatchNorm1d(3))],
            r"modules\[0\] has a layer BatchNorm1d, which ensembles do not have",
        ),
        (
            PLAIN,
            [net(nn.Linear(2, 3)), net(nn.Linear(2, 4))],
            r"modules\[1\] has Linear\(.*out_features=4.* as layer 0 where modules\[0\] has .*=3",
        ),
        (
            PLAIN,
            [net(nn.Linear(2, 3)), net(nn.Linear(2, 3), nn.ReLU())],
            r"modules\[1\] has ReLU\(\) as layer 1 where modules\[0\] has nothing",
        ),
        (
            PLAIN,
            [net(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))],
            r"modules\[0\] has Tanh\(\) as layer 1 where mlp has ReLU\(\)",
        ),
        (
            NTK,
            [net(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))],
            r"modules\[0\] has Linear.* as layer 2 where mlp has Times\(0.5\)",
        ),
        (
            PLAIN,
            [net(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2, bias=False))],
            "modules do not have the layers of mlp",
        ),
        (
            partial(models.two_layer, scaling="ntk"),
            [net(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))],
            "modules do not have the layers of two_layer",
        ),
        (
            partial(models.resnet, scaling="1/L"),
            [net(nn.Linear(2, 2))],
            "modules do not have the layers of resnet",
        ),
        (
            partial(models.convolutional, padding="zeros", pooling="sum", patch=2),
            [net(nn.Conv2d(1, 2, 3, padding="same"), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
                 nn.Linear(8, 2))],
            "divisor_override=None as layer 2 where convolutional has .* divisor_override=1",
        ),
        (
            partial(models.convolutional, padding="zeros", pooling="sum"),
            [net(nn.Conv2d(1, 2, 2, padding=1), nn.ReLU(), modules.ImageSum(), nn.Flatten(),
                 nn.Linear(2, 2))],
            r"padding=\(1, 1\).* as layer 0 where convolutional has .*padding=same",
        ),
    ],
)  # fmt: skip
def test_modules_that_are_no_ensemble(model, made, message):
    with pytest.raises(ValueError, match=message):
        modules.from_modules(model, made)


def test_models_that_have_no_modules():
    with pytest.raises(ValueError, match="model=.* has no modules; use one of mathdl.models: two_"):
        modules.to_module(lambda networks, x: x, two_layer, 0)
    with pytest.raises(ValueError, match="model has no scaling; bind one with functools.partial"):
        modules.to_module(models.two_layer, two_layer, 0)
    with pytest.raises(ValueError, match="e=3 names no member"):
        modules.to_module(partial(models.two_layer, scaling="ntk"), two_layer, 3)
