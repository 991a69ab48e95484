"""MLPs and residual networks against loops over members, layers and neurons; their symmetries."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import models

from tests.unit.autograd import check_derivatives

E, n = 2, 3
FACTORS = {"mean-field": lambda m: 1 / m, "ntk": lambda m: m**-0.5, "unscaled": lambda m: 1.0}
BLOCK_FACTORS = {"1/L": 1 / 4, "1/sqrt(L)": 1 / 2, "unscaled": 1.0}  # at L = 4


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def points(own, d):
    return normal(E, n, d) if own else normal(n, d)


def random_mlp(widths, bias=1.0, seed=0):
    return models.random_mlp(E, widths, np.random.default_rng(seed), "unscaled", bias=bias)


@pytest.mark.parametrize("scaling", FACTORS)
@pytest.mark.parametrize("own", (False, True))
@pytest.mark.parametrize("bias", (None, 1.0))
@pytest.mark.parametrize("outputs", (1, 2))
def test_mlp_against_a_loop_over_neurons(scaling, own, bias, outputs):
    networks = random_mlp((2, 4, 5, outputs), bias)
    x = points(own, 2)
    values = models.mlp(networks, x, scaling, torch.tanh)
    assert values.shape == ((E, n) if outputs == 1 else (E, n, outputs))
    for e in range(E):
        for i in range(n):
            h = (x[e, i] if own else x[i]).tolist()
            for layer, w in enumerate(networks.weights):
                inputs = h if layer == 0 else np.tanh(h) * FACTORS[scaling](len(h))
                h = [float(sum(row.numpy() * inputs)) for row in w[e]]
                if bias:
                    h = [z + float(b) for z, b in zip(h, networks.biases[layer][e], strict=True)]
            assert values[e, i].flatten().tolist() == pytest.approx(h)


@pytest.mark.parametrize("scaling", FACTORS)
def test_an_mlp_of_two_layers_is_a_two_layer_network(scaling):
    a, w, b = models.random_two_layer(E, 5, 3, np.random.default_rng(0))
    deep = models.MLP(weights=(w, a[:, None, :]), biases=(b, 0 * a[:, :1]))
    torch.testing.assert_close(
        models.mlp(deep, normal(n, 3), scaling),
        models.two_layer(models.TwoLayer(a, w, b), normal(n, 3), scaling),
    )


@given(st.floats(0.1, 10), st.permutations(range(5)))
def test_rescaled_and_permuted_hidden_neurons_leave_the_function(c, order):
    weights, biases = random_mlp((3, 5, 4, 2))
    changed = models.MLP(
        (c * weights[0][:, order], weights[1][:, :, order] / c, weights[2]),
        (c * biases[0][:, order], *biases[1:]),
    )
    x = normal(n, 3)
    torch.testing.assert_close(
        models.mlp(changed, x, "ntk"), models.mlp(models.MLP(weights, biases), x, "ntk")
    )


@given(st.floats(0.1, 10))
def test_a_relu_mlp_without_biases_is_homogeneous_of_degree_its_depth(c):
    weights, _ = random_mlp((3, 5, 4, 2), None)
    scaled = models.MLP(tuple(c * w for w in weights), ())
    x = normal(n, 3)
    torch.testing.assert_close(
        models.mlp(scaled, x, "unscaled"),
        c**3 * models.mlp(models.MLP(weights, ()), x, "unscaled"),
    )


@pytest.mark.parametrize("scaling", FACTORS)
def test_random_mlps_have_the_documented_law(scaling):
    networks = models.random_mlp(100, (8, 32, 50), np.random.default_rng(1), scaling, bias=0.3)
    first, second = networks.weights
    assert float(first.std()) == pytest.approx((2 / 8) ** 0.5, rel=0.02)
    std = (2 / 32) ** 0.5 if scaling == "unscaled" else 2**0.5
    assert float(second.std()) == pytest.approx(std, rel=0.02)
    for b in networks.biases:
        assert float(b.std()) == pytest.approx(0.3, rel=0.03)
    assert [b.shape for b in networks.biases] == [(100, 32), (100, 50)]
    assert models.random_mlp(1, (2, 1), np.random.default_rng(0), scaling, bias=None).biases == ()
    assert not models.random_mlp(1, (2, 1), np.random.default_rng(0), scaling).biases[0].any()
    he, plain = (
        models.random_mlp(1, (2, 3), np.random.default_rng(0), scaling, **gain).weights[0]
        for gain in ({}, {"gain": 1.0})
    )
    torch.testing.assert_close(he**2, 2 * plain**2)
    linear = models.random_mlp(1, (1, 2000), np.random.default_rng(0), scaling, gain=1.0)
    assert float(linear.weights[0].std()) == pytest.approx(1, rel=0.05)


def test_unscaled_and_ntk_networks_start_as_the_same_function():
    both = [
        models.mlp(
            models.random_mlp(E, (3, 7, 5, 2), np.random.default_rng(3), scaling),
            normal(n, 3),
            scaling,
        )
        for scaling in ("unscaled", "ntk")
    ]
    torch.testing.assert_close(*both)


def random_resnet(L=4, d=2, D=3, m=5):
    return models.random_resnet(E, L, d, D, m, np.random.default_rng(0))


@pytest.mark.parametrize("scaling", BLOCK_FACTORS)
@pytest.mark.parametrize("own", (False, True))
def test_resnet_against_a_loop_over_blocks(scaling, own):
    networks = V, U, W, alpha = random_resnet()
    x = points(own, 2)
    values = models.resnet(networks, x, scaling, torch.tanh)
    states = models.resnet_states(networks, x, scaling, torch.tanh)
    assert values.shape == (E, n) and states.shape == (E, 5, n, 3)
    for e in range(E):
        for i in range(n):
            z = V[e] @ (x[e, i] if own else x[i])
            for layer in range(4):
                assert states[e, layer, i].tolist() == pytest.approx(z.tolist())
                z = z + BLOCK_FACTORS[scaling] * U[e, layer] @ torch.tanh(W[e, layer] @ z)
            assert states[e, 4, i].tolist() == pytest.approx(z.tolist())
            assert float(values[e, i]) == pytest.approx(float(alpha[e] @ z))


@pytest.mark.parametrize("part", ("V", "U", "alpha"))
def test_what_is_left_out_of_a_resnet_is_the_identity(part):
    one = torch.eye(3, dtype=torch.float64)
    networks = random_resnet(d=3, D=3, m=3)
    full = {"V": one.expand(E, 3, 3), "U": one.expand(E, 4, 3, 3), "alpha": None}[part]
    x = normal(n, 3)
    values = models.resnet(networks._replace(**{part: ()}), x, "1/L")
    if part == "alpha":
        expected = models.resnet_states(networks, x, "1/L")[:, -1]
    else:
        expected = models.resnet(networks._replace(**{part: full}), x, "1/L")
    torch.testing.assert_close(values, expected)


def test_blocks_sampled_from_a_curve_are_euler_steps():
    def rotation(L):  # ẋ = W x with a skew W, of which Euler's error is of order 1/L
        W = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
        networks = models.ResNet((), (), W.expand(1, L, 2, 2), ())
        x = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
        return models.resnet(networks, x, "1/L", activation=lambda z: z)[0, 0]

    exact = torch.tensor([np.cos(1), np.sin(1)])
    errors = [float((rotation(L) - exact).norm()) for L in (200, 400)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.02) and errors[1] < 2e-3


def test_linear_blocks_with_a_random_weight_grow_as_their_second_moment():
    L, members = 10, 4000  # E|z_L|² = (1 + 1/L)^L |x|² for independent entries N(0, 1/D)
    W = np.random.default_rng(0).standard_normal((members, L, 4, 4)) / 2
    networks = models.ResNet((), (), torch.from_numpy(W), ())
    z = models.resnet(networks, normal(1, 4), "1/sqrt(L)", activation=lambda z: z)
    growth = float((z**2).sum(-1).mean()) / float((normal(1, 4) ** 2).sum())
    assert growth == pytest.approx((1 + 1 / L) ** L, rel=0.04)


def test_random_resnets_have_the_documented_law():
    rng = np.random.default_rng(2)
    networks = models.random_resnet(200, L=2, d=10, D=20, m=30, rng=rng, gain=3.0)
    stds = {"V": 10**-0.5, "U": 3 * 30**-0.5, "W": 20**-0.5, "alpha": 20**-0.5}
    for name, std in stds.items():
        part = getattr(networks, name)
        assert float(part.std()) == pytest.approx(std, rel=0.03), name
    plain = models.random_resnet(10, 6, 1, 20, 30, np.random.default_rng(2))
    assert float(plain.U.std()) == pytest.approx(30**-0.5, rel=0.02)


CASES = {
    "mlp": (partial(models.mlp, scaling="ntk", activation=torch.tanh), random_mlp((2, 3, 2))),
    "resnet": (
        partial(models.resnet, scaling="1/L", activation=torch.tanh),
        random_resnet(L=2, D=2, m=2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_autograd_agrees_with_finite_differences_and_with_functional_transforms(name):
    model, networks = CASES[name]
    x = normal(n, 2)
    check_derivatives(model, networks, x)


def test_errors_of_mlps_name_the_argument():
    weights, biases = random_mlp((3, 4, 2))
    x = normal(n, 3)

    def call(weights=weights, biases=biases, x=x, scaling="ntk"):
        return models.mlp(models.MLP(weights, biases), x, scaling)

    with pytest.raises(ValueError, match=r"x has shape \(3, 2\); use \(n, d\) or \(E, n, d\)"):
        call(x=normal(n, 2))
    with pytest.raises(ValueError, match="scaling='mup' is unknown"):
        call(scaling="mup")
    for bad in ((), (weights[0][0], weights[1])):
        with pytest.raises(ValueError, match=r"weights\[0\] is missing or not a matrix"):
            call(weights=bad)
    with pytest.raises(ValueError, match=r"weights\[1\] has shape \(2, 2, 3\); use .* \(2, 2, 4\)"):
        call(weights=(weights[0], weights[1][:, :, :3]))
    with pytest.raises(ValueError, match=r"biases\[1\] has shape \(1, 2\); use .* = \(2, 2\)"):
        call(biases=(biases[0], biases[1][:1]))
    with pytest.raises(ValueError, match="biases has 1 layers and weights 2"):
        call(biases=biases[:1])
    with pytest.raises(ValueError, match=r"widths=\(3,\) is no network"):
        random_mlp((3,))
    with pytest.raises(ValueError, match=r"widths\[1\]=0 is not a size"):
        random_mlp((3, 0, 1))
    with pytest.raises(ValueError, match="scaling='mup' is unknown"):
        models.random_mlp(1, (2, 3, 1), np.random.default_rng(0), "mup")


def test_errors_of_resnets_name_the_argument():
    networks = V, U, W, alpha = random_resnet()
    x = normal(n, 2)
    wrong = {
        "V": V[:, :2],
        "U": U[:, :, :, :4],
        "alpha": alpha[:, :2],
    }
    for name, part in wrong.items():
        with pytest.raises(ValueError, match=f"{name} has shape"):
            models.resnet(networks._replace(**{name: part}), x, "1/L")
    with pytest.raises(ValueError, match=r"W has shape \(2, 5, 3\); use \(E, L, m, D\)"):
        models.resnet(networks._replace(W=W[:, 0]), x, "1/L")
    with pytest.raises(ValueError, match=r"without U use \(E, L, D, D\)"):
        models.resnet(networks._replace(U=()), x, "1/L")
    with pytest.raises(ValueError, match="scaling='ntk' is unknown; use 1/L"):
        models.resnet(networks, x, "ntk")
    with pytest.raises(ValueError, match="x has shape"):
        models.resnet_states(networks, normal(n, 3), "1/L")
    with pytest.raises(ValueError, match="L=0 is not a size"):
        random_resnet(L=0)


def test_sizes_of_checked_networks():
    assert models.deep.check_mlp(random_mlp((2, 3, 5))) == [2, 3, 5]
    assert models.deep.check_resnet(random_resnet()) == (2, 4, 3, 2)
