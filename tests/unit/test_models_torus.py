"""Networks on a torus: against windows one by one, conv2d, matrices and shifts."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mathdl import models, norms, parameters

E, n, size, strides = 2, 3, 8, (2, 1)


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def networks_of(shared, windows=(3, 4), outputs=5, seed=1):
    rng = np.random.default_rng(seed)
    net = models.random_torus(E, (2, 3, 4), windows, strides, size, outputs, rng, shared=shared)
    return parameters.apply(lambda t: t + normal(*t.shape, seed=seed), net)


@pytest.mark.parametrize("shared", (False, True))
@pytest.mark.parametrize("own", (False, True))
@pytest.mark.parametrize("windows", ((3, 4), (8, 1), (2, 3)))
def test_against_the_windows_one_by_one(shared, own, windows):
    networks = networks_of(shared, windows)
    x = normal(E, n, 2, size, size) if own else normal(n, 2, size, size)
    values = models.torus(networks, x, strides, torch.tanh)
    assert values.shape == (E, n, 5)
    for e in range(E):
        h = x[e] if own else x
        for w, b, s in zip(networks.weights, networks.biases, strides, strict=True):
            q, side = w.shape[-1], h.shape[-1] // s
            padded = F.pad(h, ((q - 1) // 2, q // 2) * 2, mode="circular")
            z = h.new_zeros(n, w.shape[2], side, side)
            for i in range(side):
                for j in range(side):
                    p = 0 if shared else i * side + j
                    seen = padded[:, :, s * i : s * i + q, s * j : s * j + q]
                    z[:, :, i, j] = torch.einsum("ncab,ocab->no", seen, w[e, p]) + b[e, p]
            h = torch.tanh(z)
        read = networks.out[e].expand(h.shape[-1] ** 2, -1, -1)
        expected = torch.einsum("ncp,pkc->nk", h.flatten(2), read) / h.shape[-1]
        torch.testing.assert_close(values[e], expected)


def test_shared_weights_with_stride_1_are_a_convolutional_network():
    rng = np.random.default_rng(0)
    conv = models.random_convolutional(E, (2, 3, 4), 3, 5, rng, bias=1.0)
    *biases, _ = conv.biases
    same = models.Torus(
        tuple(w[:, None] for w in conv.filters),
        conv.out[:, None] / 6,  # an average over 36 places, instead of a sixth of the sum
        tuple(b[:, None] for b in biases),
    )
    conv = conv._replace(biases=(*biases, torch.zeros(E, 5, dtype=torch.float64)))
    x = normal(n, 2, 6, 6)
    torch.testing.assert_close(
        models.torus(same, x, (1, 1)),
        models.convolutional(conv, x, "circular", "average"),
    )


def test_shifts_by_the_stride_leave_shared_networks_and_change_free_ones():
    x = normal(n, 2, size, size)
    for shared in (True, False):
        networks = networks_of(shared)
        values = models.torus(networks, x, strides)
        same = models.torus(networks, x.roll((2, 4), (2, 3)), strides)
        assert torch.allclose(values, same) == shared
        assert not torch.allclose(values, models.torus(networks, x.roll(1, 3), strides))


def test_shared_networks_are_free_ones_with_equal_weights():
    networks = networks_of(True)
    free = parameters.apply(lambda t: t.expand(-1, 16, *t.shape[2:]), networks)
    x = normal(n, 2, size, size)
    torch.testing.assert_close(models.torus(networks, x, strides), models.torus(free, x, strides))


def test_a_window_may_be_written_as_a_large_one_with_zeros():
    (w, v), out, biases = networks_of(False)
    large = w.new_zeros(*w.shape[:4], size, size)
    large[..., 2:5, 2:5] = w  # (8 - 1) // 2 before the place, where w has 1
    x = normal(n, 2, size, size)
    torch.testing.assert_close(
        models.torus(models.Torus((large, v), out, biases), x, strides),
        models.torus(models.Torus((w, v), out, biases), x, strides),
    )


def test_one_output_and_no_biases():
    networks = networks_of(True, outputs=1)._replace(biases=())
    x = normal(n, 2, size, size)
    values = models.torus(networks, x, strides)
    assert values.shape == (E, n)
    torch.testing.assert_close(models.torus(networks, 3 * x, strides), 3 * values)


@pytest.mark.parametrize("shared", (False, True))
def test_the_path_norm_is_that_of_the_fully_connected_network(shared):
    networks = networks_of(shared, outputs=1)
    identity = torch.eye(2 * size**2, dtype=torch.float64).reshape(-1, 2, size, size)
    linear = networks._replace(biases=())

    def matrix(weights, side, stride, channels):  # of one layer, from its action on unit images
        probe = torch.eye(channels * side**2, dtype=torch.float64)
        probe = probe.reshape(-1, channels, side, side)
        places, c = (side // stride) ** 2, weights.shape[2]
        columns = []
        for p in range(places):
            for o in range(c):
                out = torch.zeros(E, places, 1, c, dtype=torch.float64)
                out[:, p, 0, o] = places**0.5
                one = models.Torus((weights,), out, ())
                columns.append(models.torus(one, probe, (stride,), lambda h: h))
        return torch.stack(columns, 1)  # (E, P c, side² channels)

    first = matrix(linear.weights[0], size, 2, 2)
    second = matrix(linear.weights[1], 4, 1, 3)
    order = torch.arange(48).reshape(16, 3).T.flatten()  # (P, c) to (c, P)
    first_bias, second_bias = (b.expand(E, 16, -1).flatten(1) for b in networks.biases)
    out = networks.out.expand(E, 16, 1, 4).flatten(1) / 4
    mlp = models.MLP(
        (first[:, order], second, out[:, None]),
        (first_bias[:, order], second_bias, torch.zeros(E, 1, dtype=torch.float64)),
    )
    x = normal(n, 2, size, size)
    torch.testing.assert_close(
        models.mlp(mlp, x.flatten(1), "unscaled"), models.torus(networks, x, strides)
    )
    expected = norms.mlp_path_norm(mlp, "unscaled", order=1, biases=True)
    found = norms.torus_path_norm(networks, size, strides)
    torch.testing.assert_close(found, expected)
    bounded = models.torus(networks, identity, strides).abs().amax(1)
    assert bool((bounded <= found).all())


def test_random_networks_have_the_documented_law():
    rng = np.random.default_rng(0)
    networks = models.random_torus(50, (2, 16, 20), (3, 8), (2, 1), 16, 10, rng, shared=False)
    assert [tuple(w.shape) for w in networks.weights] == [
        (50, 64, 16, 2, 3, 3),
        (50, 64, 20, 16, 8, 8),
    ]
    assert float(networks.weights[0].std()) == pytest.approx((2 / 18) ** 0.5, rel=0.01)
    assert float(networks.weights[1].std()) == pytest.approx((2 / 1024) ** 0.5, rel=0.01)
    assert not networks.out.any() and networks.out.shape == (50, 64, 10, 20)
    assert [tuple(b.shape) for b in networks.biases] == [(50, 64, 16), (50, 64, 20)]
    assert not any(b.any() for b in networks.biases)
    shared = models.random_torus(
        2, (1, 4), (5,), (1,), 8, 3, np.random.default_rng(0), shared=True, gain=1.0
    )
    assert shared.weights[0].shape == (2, 1, 4, 1, 5, 5) and shared.out.shape == (2, 1, 3, 4)
    twice = models.random_torus(
        2, (1, 4), (5,), (1,), 8, 3, np.random.default_rng(0), shared=True, gain=2.0
    )
    torch.testing.assert_close(twice.weights[0], 2 * shared.weights[0])


def test_errors_name_the_argument():
    networks, x = networks_of(False), normal(n, 2, size, size)
    (w, v), out, (b, c) = networks
    rng = np.random.default_rng(0)
    for changed, match in (
        (networks._replace(weights=()), "weights\\[0\\]"),
        (networks._replace(weights=(w, v[:, :, :, :2])), "weights\\[1\\]"),
        (networks._replace(weights=(w[:, :5], v)), "weights\\[0\\]"),
        (networks._replace(biases=(b,)), "biases"),
        (networks._replace(biases=(b[:, :, :1], c)), "biases\\[0\\]"),
        (networks._replace(out=out[0]), "out"),
        (networks._replace(out=out[:, :, :, :2]), "out"),
    ):
        with pytest.raises(ValueError, match=match):
            models.torus(changed, x, strides)
    for points in (x[:, :1], x[..., :4], x[0], x.expand(3, *x.shape)):
        with pytest.raises(ValueError, match="x has shape"):
            models.torus(networks, points, strides)
    with pytest.raises(ValueError, match="strides\\[0\\]=3"):
        models.torus(networks, x, (3, 1))
    with pytest.raises(ValueError, match="strides"):
        models.torus(networks, x, (2,))
    with pytest.raises(ValueError, match="around"):
        models.torus(networks, x[..., :2, :2], (2, 1))
    with pytest.raises(ValueError, match="windows"):
        models.random_torus(1, (1, 2), (3, 3), (1,), 8, 1, rng, shared=True)
    with pytest.raises(ValueError, match="windows\\[0\\]=0"):
        models.random_torus(1, (1, 2), (0,), (1,), 8, 1, rng, shared=True)
