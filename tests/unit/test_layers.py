"""Gradients in layers against gradients one by one."""

from functools import partial

import numpy as np
import pytest
import torch
from mathdl import device, layers, models
from mathdl.parameters import apply, flatten, member, unflatten

RNG = np.random.default_rng(1)
E, n, d = 2, 5, 3
SHARED, OWN = device.tensor(RNG.normal(size=(n, d))), device.tensor(RNG.normal(size=(E, n, d)))
BIASED = models.random_mlp(E, (d, 6, 4, 2), RNG, "unscaled", bias=0.3)
SHALLOW = models.random_two_layer(E, 6, d, RNG)
CASES = {
    "two-layer": ("two_layer", SHALLOW, "ntk", torch.relu),
    "two-layer tanh": (
        "two_layer",
        models.random_two_layer(E, 6, d, RNG),
        "mean-field",
        torch.tanh,
    ),
    "mlp": ("mlp", BIASED, "unscaled", torch.relu),
    "mlp scaled, one output": (
        "mlp",
        models.random_mlp(E, (d, 5, 4, 1), RNG, "ntk", bias=0.5),
        "ntk",
        torch.tanh,
    ),
    "mlp without biases": (
        "mlp",
        models.random_mlp(E, (d, 5, 2), RNG, "mean-field", bias=None),
        "mean-field",
        torch.relu,
    ),
}


def both(case):
    name, parameters, scaling, activation = CASES[case]
    options = {"scaling": scaling, "activation": activation}
    return (
        partial(getattr(layers, name), **options),
        partial(getattr(models, name), **options),
        parameters,
    )


def jacobian(f, parameters, x):
    """(E, n k, p), one member and one output at a time."""
    rows = []
    for e in range(E):
        one = member(parameters, e)
        xe = x if x.ndim == 2 else x[e]
        of_one = torch.func.jacrev(lambda v, one=one, xe=xe: f(unflatten(v, one), xe).flatten())
        rows.append(of_one(flatten(one))[:, 0])
    return torch.stack(rows)


def random_seed(f):
    """Three random functions of the outputs at each sample."""
    outputs = 1 if f.ndim == 2 else f.shape[2]
    return device.tensor(np.random.default_rng(2).normal(size=(E, n, 3, outputs)))


@pytest.mark.parametrize("x", (SHARED, OWN), ids=("shared", "own"))
@pytest.mark.parametrize("case", CASES)
def test_layers_against_gradients_one_by_one(case, x):
    layered, f, parameters = both(case)
    J = jacobian(f, parameters, x)
    passed = layered(parameters, x, layers.outputs)
    k = J.shape[1] // n
    torch.testing.assert_close(layers.gram(passed), J @ J.mT)
    torch.testing.assert_close(layers.squared_norms(passed), (J**2).sum(2).unflatten(1, (n, k)))
    means = J.unflatten(1, (n, k)).mean(1)
    torch.testing.assert_close(layers.squared_norm_of_mean(passed), (means**2).sum(2))


@pytest.mark.parametrize("case", CASES)
def test_seeds_select_functions_of_the_outputs(case):
    layered, f, parameters = both(case)
    J = jacobian(f, parameters, SHARED).unflatten(1, (n, -1))
    C = random_seed(f(parameters, SHARED))
    rows = (C @ J).flatten(1, 2)
    passed = layered(parameters, SHARED, random_seed)
    torch.testing.assert_close(layers.gram(passed), rows @ rows.mT)
    (dense,) = layers.any_model(f, parameters, SHARED, random_seed)
    torch.testing.assert_close(dense.delta, C @ J)
    torch.testing.assert_close(layers.gram([dense]), rows @ rows.mT)


@pytest.mark.parametrize("case", CASES)
def test_sample_gram_is_the_diagonal_of_gram(case):
    layered, _, parameters = both(case)
    for x in (SHARED, OWN):
        found = layered(parameters, x, layers.outputs)
        blocks = layers.sample_gram(found)
        K = blocks.shape[2]
        all_pairs = layers.gram(found).unflatten(1, (n, K)).unflatten(3, (n, K))
        torch.testing.assert_close(blocks, all_pairs.diagonal(dim1=1, dim2=3).movedim(3, 1))


def test_gram_between_two_sets_of_points():
    layered, f, parameters = both("mlp")
    x, others = SHARED, OWN[0, :4]
    J, K = jacobian(f, parameters, x), jacobian(f, parameters, others)
    first, second = (layered(parameters, points, layers.outputs) for points in (x, others))
    torch.testing.assert_close(layers.gram(first, second), J @ K.mT)


def test_any_model_takes_images():
    x = device.tensor(RNG.normal(size=(n, 1, 4, 4)))
    images = models.random_convolutional(E, (1, 2), 3, 2, RNG, bias=0.1)
    f = partial(models.convolutional, padding="circular", pooling="average")
    (dense,) = layers.any_model(f, images, x, layers.outputs)
    for e in range(E):
        one = member(images, e)
        of_one = torch.func.jacrev(lambda v, one=one: f(unflatten(v, one), x).squeeze(0))
        torch.testing.assert_close(dense.delta[e], of_one(flatten(one))[:, :, 0])


def test_float32_stays_float32():
    layered, _, parameters = both("mlp")
    single = apply(lambda t: t.float(), parameters)
    passed = layered(single, SHARED.float(), layers.outputs)
    results = (
        layers.gram(passed),
        layers.squared_norms(passed),
        layers.squared_norm_of_mean(passed),
    )
    assert all(result.dtype == torch.float32 for result in results)


def test_errors_name_the_argument():
    layered, f, parameters = both("mlp")
    with pytest.raises(ValueError, match=r"x has shape \(5, 2\)"):
        layered(parameters, SHARED[:, :2], layers.outputs)
    with pytest.raises(ValueError, match="biases has 2 layers"):
        layered(parameters._replace(biases=parameters.biases[:2]), SHARED, layers.outputs)
    with pytest.raises(ValueError, match=r"use \(n, ...\), the same for all"):
        layers.any_model(f, parameters, OWN, layers.outputs)
