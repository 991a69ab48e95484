"""Convolutional networks against conv2d in a loop, against sums over pixels, and under shifts."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from mathdl import models

from tests.unit.autograd import check_derivatives

E, n = 2, 3


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def networks_of(channels=(2, 3, 4), q=3, outputs=2, pooled=1, bias=1.0):
    rng = np.random.default_rng(1)
    return models.random_convolutional(E, channels, q, outputs, rng, pooled=pooled, bias=bias)


@pytest.mark.parametrize("own", (False, True))
@pytest.mark.parametrize("padding", ("circular", "zeros"))
@pytest.mark.parametrize("pooling", ("average", "sum"))
@pytest.mark.parametrize(("patch", "pooled"), ((None, 1), (2, 6)))
@pytest.mark.parametrize("bias", (None, 1.0))
def test_against_conv2d_member_by_member(own, padding, pooling, patch, pooled, bias):
    networks = networks_of(pooled=pooled, bias=bias)
    x = normal(E, n, 2, 4, 6) if own else normal(n, 2, 4, 6)
    values = models.convolutional(networks, x, padding, pooling, patch, torch.tanh)
    assert values.shape == (E, n, 2)
    for e in range(E):
        h = x[e] if own else x
        for layer, w in enumerate(networks.filters):
            b = networks.biases[layer][e] if bias else None
            h = F.pad(h, (1, 1, 1, 1), mode="circular" if padding == "circular" else "constant")
            h = torch.tanh(F.conv2d(h, w[e], b))
        size = patch or (4, 6)
        h = F.avg_pool2d(h, size, divisor_override=1 if pooling == "sum" else None)
        expected = h.flatten(1) @ networks.out[e].mT
        if bias:
            expected = expected + networks.biases[-1][e]
        torch.testing.assert_close(values[e], expected)


@pytest.mark.parametrize("padding", ("circular", "zeros"))
@pytest.mark.parametrize("q", (1, 2, 3))
def test_against_a_sum_over_pixels(padding, q):
    networks = networks_of(channels=(1, 1), q=q, outputs=1, bias=None)
    x = normal(1, 1, 3, 4)
    total = 0.0
    for i in range(3):
        for j in range(4):
            z = 0.0
            for k in range(q):
                for l in range(q):  # noqa: E741
                    row, column = i + k - (q - 1) // 2, j + l - (q - 1) // 2
                    if padding == "circular":
                        row, column = row % 3, column % 4
                    if 0 <= row < 3 and 0 <= column < 4:
                        z += float(networks.filters[0][0, 0, 0, k, l] * x[0, 0, row, column])
            total += max(z, 0.0)
    value = models.convolutional(networks, x, padding, "sum")[0, 0]
    assert float(value) == pytest.approx(float(networks.out[0, 0, 0]) * total)


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_shift_leaves_circular_networks_pooled_over_the_image(down, right):
    x = normal(n, 2, 6, 6)
    shifted = x.roll((down, right), (-2, -1))
    values = partial(models.convolutional, networks_of(), padding="circular", pooling="average")
    torch.testing.assert_close(values(shifted), values(x))


def test_a_shift_changes_networks_with_zeros_at_the_border():
    x = normal(n, 2, 6, 6)
    values = partial(models.convolutional, networks_of(), padding="zeros", pooling="average")
    assert (values(x.roll(1, -1)) - values(x)).abs().max() > 0.01


@given(st.integers(0, 2), st.integers(0, 2))
def test_a_shift_by_whole_patches_moves_the_pooled_images(down, right):
    read = torch.eye(9, dtype=torch.float64).expand(E, 9, 9)  # shows the pooled image itself
    networks = networks_of(channels=(1, 2, 1), bias=None)._replace(out=read)
    values = partial(models.convolutional, networks, padding="circular", pooling="sum", patch=2)
    x = normal(n, 1, 6, 6)
    pooled = values(x).unflatten(-1, (3, 3))
    shifted = values(x.roll((2 * down, 2 * right), (-2, -1))).unflatten(-1, (3, 3))
    torch.testing.assert_close(shifted, pooled.roll((down, right), (-2, -1)))


@given(st.floats(0.1, 10), st.permutations(range(3)))
def test_rescaled_and_permuted_channels_leave_the_function(c, order):
    filters, out, biases = networks_of()
    changed = models.Convolutional(
        (c * filters[0][:, order], filters[1][:, :, order] / c),
        out,
        (c * biases[0][:, order], *biases[1:]),
    )
    x = normal(n, 2, 4, 4)
    torch.testing.assert_close(
        models.convolutional(changed, x, "zeros", "sum"),
        models.convolutional(models.Convolutional(filters, out, biases), x, "zeros", "sum"),
    )


def test_one_output_has_no_axis_of_its_own():
    values = models.convolutional(networks_of(outputs=1), normal(n, 2, 4, 4), "zeros", "average")
    assert values.shape == (E, n)


def test_random_networks_have_the_documented_law():
    rng = np.random.default_rng(4)
    networks = models.random_convolutional(100, (2, 16, 20), 3, 10, rng, pooled=4, bias=0.5)
    assert float(networks.filters[0].std()) == pytest.approx((2 / 18) ** 0.5, rel=0.05)
    assert float(networks.filters[1].std()) == pytest.approx((2 / (9 * 16)) ** 0.5, rel=0.02)
    assert float(networks.out.std()) == pytest.approx(80**-0.5, rel=0.03)
    assert [b.shape for b in networks.biases] == [(100, 16), (100, 20), (100, 10)]
    for b in networks.biases:
        assert float(b.std()) == pytest.approx(0.5, rel=0.04)
    he, one = (
        models.random_convolutional(1, (2, 3), 3, 1, np.random.default_rng(0), **gain).filters[0]
        for gain in ({}, {"gain": 1.0})
    )
    torch.testing.assert_close(he**2, 2 * one**2)
    rng = np.random.default_rng(4)
    plain = models.random_convolutional(10, (2, 16), 3, 500, rng, gain=1.0)
    assert float(plain.filters[0].std()) == pytest.approx(18**-0.5, rel=0.05)
    assert plain.out.shape == (10, 500, 16) and float(plain.out.std()) == pytest.approx(
        0.25, rel=0.02
    )
    assert not any(b.any() for b in plain.biases)
    assert networks_of(bias=None).biases == ()


def test_autograd_agrees_with_finite_differences_and_with_functional_transforms():
    networks = networks_of(channels=(1, 2, 2), q=2, outputs=2)
    x = normal(2, 1, 2, 2)
    model = partial(
        models.convolutional, padding="circular", pooling="average", activation=torch.tanh
    )
    check_derivatives(model, networks, x)


def test_errors_name_the_argument():
    filters, out, biases = networks_of()

    def call(
        filters=filters, out=out, biases=biases, size=4, c=2, q="zeros", pooling="sum", p=None
    ):
        x = normal(n, c, size, size)
        return models.convolutional(models.Convolutional(filters, out, biases), x, q, pooling, p)

    with pytest.raises(ValueError, match=r"x has shape \(3, 1, 4, 4\); use .* E = 2, c = 2"):
        call(c=1)
    with pytest.raises(ValueError, match="x has shape"):
        models.convolutional(networks_of(), normal(E + 1, n, 2, 4, 4), "zeros", "sum")
    with pytest.raises(ValueError, match="padding='same' is unknown; use circular or zeros"):
        call(q="same")
    with pytest.raises(ValueError, match="pooling='max' is unknown; use average or sum"):
        call(pooling="max")
    for patch in (0, 3, 8):
        with pytest.raises(ValueError, match=f"patch={patch} does not divide"):
            call(p=patch)
    with pytest.raises(ValueError, match=r"out has shape \(2, 2, 4\); use .* = \(2, 2, 16\)"):
        call(p=2)
    with pytest.raises(ValueError, match=r"out has shape \(2, 4\); use \(E, k, p\)"):
        call(out=out[0])
    for bad in ((), (filters[0][0], filters[1])):
        with pytest.raises(ValueError, match=r"filters\[0\] is missing or not"):
            call(filters=bad)
    with pytest.raises(ValueError, match=r"filters\[1\] has shape"):
        call(filters=(filters[0], filters[1][:, :, :2]))
    with pytest.raises(ValueError, match=r"filters\[1\] has shape \(2, 4, 3, 2, 3\)"):
        call(filters=(filters[0], filters[1][:, :, :, :2]))
    with pytest.raises(ValueError, match="biases has 2 layers; use 3"):
        call(biases=biases[:2])
    with pytest.raises(ValueError, match=r"biases\[2\] has shape \(2, 1\)"):
        call(biases=(*biases[:2], biases[2][:, :1]))
    with pytest.raises(ValueError, match="filters of size 5 reach around the image"):
        models.convolutional(networks_of(q=5), normal(n, 2, 1, 4), "circular", "sum")
    with pytest.raises(ValueError, match="filters of size 3 reach around the image"):
        models.convolutional(networks_of(q=3), normal(n, 2, 2, 4), "circular", "sum")
    with pytest.raises(ValueError, match=r"channels=\(1,\) is no network"):
        networks_of(channels=(1,))
    with pytest.raises(ValueError, match=r"channels\[1\]=0 is not a size"):
        networks_of(channels=(1, 0))
    with pytest.raises(ValueError, match="pooled=0 is not a size"):
        networks_of(pooled=0)
