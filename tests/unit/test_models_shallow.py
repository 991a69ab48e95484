"""Two-layer, linear and diagonal networks against loops, and against the symmetries they have."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import models
from mathdl.models import shallow, shapes

from tests.unit.autograd import check_derivatives

E, m, n, d = 2, 5, 4, 3
SCALES = {"mean-field": 1 / 5, "ntk": 5**-0.5, "unscaled": 1.0}


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def points(own):
    return normal(E, n, d) if own else normal(n, d)


@pytest.fixture
def networks():
    return models.random_two_layer(E, m, d, np.random.default_rng(1))


@pytest.mark.parametrize("scaling", SCALES)
@pytest.mark.parametrize("own", (False, True))
@pytest.mark.parametrize(
    ("activation", "sigma"), ((None, lambda z: max(z, 0)), (torch.tanh, np.tanh))
)
def test_two_layer_against_a_loop_over_neurons(networks, scaling, own, activation, sigma):
    x = points(own)
    options = {"activation": activation} if activation else {}
    values = models.two_layer(networks, x, scaling, **options)
    assert values.shape == (E, n)
    for e in range(E):
        for i in range(n):
            x_i = x[e, i] if own else x[i]
            total = 0.0
            for a, w, b in zip(networks.a[e], networks.w[e], networks.b[e], strict=True):
                total += float(a) * sigma(float(w @ x_i + b))
            assert float(values[e, i]) == pytest.approx(SCALES[scaling] * total)


@given(st.floats(0.1, 10), st.permutations(range(m)))
def test_rescaled_and_permuted_neurons_leave_the_function(c, order):
    a, w, b = models.random_two_layer(E, m, d, np.random.default_rng(2))
    changed = models.TwoLayer(a[:, order] / c, c * w[:, order], c * b[:, order])
    torch.testing.assert_close(
        models.two_layer(changed, normal(n, d), "ntk"),
        models.two_layer(models.TwoLayer(a, w, b), normal(n, d), "ntk"),
    )


def test_random_networks_have_signs_unit_weights_and_bounded_biases():
    a, w, b = models.random_two_layer(E=20, m=50, d=4, rng=np.random.default_rng(3))
    assert set(a.flatten().tolist()) == {-1.0, 1.0} and abs(float(a.mean())) < 0.2
    assert torch.allclose(w.norm(dim=2), torch.ones_like(b))
    assert w.mean(dim=(0, 1)).abs().max() < 0.1
    assert b.abs().max() <= 1 and b.std() == pytest.approx(3**-0.5, rel=0.1)


@pytest.mark.parametrize("own", (False, True))
def test_linear_against_a_loop_over_features(own):
    coefficients, features = normal(E, d, seed=1), points(own)
    values = models.linear(coefficients, features)
    assert values.shape == (E, n)
    for e in range(E):
        for i in range(n):
            row = features[e, i] if own else features[i]
            expected = sum(
                c * phi for c, phi in zip(coefficients[e].tolist(), row.tolist(), strict=True)
            )
            assert float(values[e, i]) == pytest.approx(expected)


@pytest.mark.parametrize("depth", (1, 2, 3))
@pytest.mark.parametrize("own", (False, True))
def test_diagonal_against_a_loop_over_coordinates(depth, own):
    networks = models.Diagonal(normal(E, d, seed=1), normal(E, d, seed=2))
    x = points(own)
    values = models.diagonal(networks, x, depth)
    for e in range(E):
        beta = [
            float(p) ** depth - float(q) ** depth
            for p, q in zip(networks.plus[e], networks.minus[e], strict=True)
        ]
        assert models.diagonal_coefficients(networks, depth)[e].tolist() == pytest.approx(beta)
        for i in range(n):
            row = (x[e, i] if own else x[i]).tolist()
            expected = sum(c * xi for c, xi in zip(beta, row, strict=True))
            assert float(values[e, i]) == pytest.approx(expected)


def test_diagonal_networks_have_depth_two_unless_told():
    networks = models.Diagonal(normal(E, d, seed=1), normal(E, d, seed=2))
    x = normal(n, d)
    assert torch.equal(models.diagonal(networks, x), models.diagonal(networks, x, depth=2))
    assert torch.equal(
        models.diagonal_coefficients(networks), models.diagonal_coefficients(networks, 2)
    )


def test_random_diagonal_networks_are_half_normal():
    plus, minus = models.random_diagonal(E=100, d=100, size=0.1, rng=np.random.default_rng(0))
    for part in (plus, minus):
        assert float(part.min()) >= 0
        assert float((part**2).mean()) == pytest.approx(0.01, rel=0.03)
        assert float(part.mean()) == pytest.approx(0.1 * (2 / np.pi) ** 0.5, rel=0.02)
    assert not torch.equal(plus, minus)


CASES = {
    "two_layer": (
        partial(models.two_layer, scaling="ntk", activation=torch.tanh),
        models.random_two_layer(E, m, d, np.random.default_rng(1)),
    ),
    "linear": (models.linear, normal(E, d, seed=1)),
    "diagonal": (
        partial(models.diagonal, depth=3),
        models.random_diagonal(E, d, 1.0, np.random.default_rng(1)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_autograd_agrees_with_finite_differences_and_with_functional_transforms(name):
    model, networks = CASES[name]
    x = normal(n, d)
    check_derivatives(model, networks, x)


def test_errors_of_two_layer_networks_name_the_argument(networks):
    with pytest.raises(ValueError, match="scaling='mup'"):
        models.two_layer(networks, normal(1, d), "mup")
    for x in (normal(1, 2), normal(E + 1, 1, d), normal(d)):
        with pytest.raises(
            ValueError, match=r"x has shape .* use \(n, d\) or \(E, n, d\) with E = 2"
        ):
            models.two_layer(networks, x, "ntk")
    for part in ("a", "b"):
        with pytest.raises(
            ValueError, match=rf"{part} has shape \(2, 4\); use \(E, m\) = \(2, 5\)"
        ):
            models.two_layer(networks._replace(**{part: normal(2, 4)}), normal(1, d), "ntk")
    with pytest.raises(ValueError, match=r"w has shape \(5, 3\); use \(E, m, d\)"):
        models.two_layer(networks._replace(w=normal(5, 3)), normal(1, d), "ntk")
    with pytest.raises(ValueError, match="m=0 is not a width"):
        models.scale("ntk", 0)
    with pytest.raises(ValueError, match="d=0 is not a size"):
        models.random_two_layer(1, 1, 0, np.random.default_rng(0))


def test_errors_of_linear_models_name_the_argument():
    one = normal(E, d)
    with pytest.raises(ValueError, match=r"coefficients has shape \(3,\); use \(E, p\)"):
        models.linear(one[0], normal(n, d))
    with pytest.raises(
        ValueError, match=r"features has shape \(4, 2\); use \(n, p\) or \(E, n, p\)"
    ):
        models.linear(one, normal(n, 2))
    for plus, minus in ((one, one[:, :2]), (one[0], one[0])):
        with pytest.raises(ValueError, match=r"plus .* and minus .* do not fit; use \(E, d\)"):
            models.diagonal(models.Diagonal(plus, minus), normal(n, d))
    with pytest.raises(ValueError, match="depth=0 is not a size"):
        models.diagonal(models.Diagonal(one, one), normal(n, d), depth=0)
    with pytest.raises(ValueError, match="x has shape"):
        models.diagonal(models.Diagonal(one, one), normal(n, 2))
    for size in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=f"size={size} is not a scale"):
            models.random_diagonal(1, 1, size, np.random.default_rng(0))


def test_sizes_of_checked_networks(networks):
    assert shallow.check_two_layer(networks) == (E, m)
    shapes.check_sizes(E=1, m=2)
