"""Gradients derived by hand against autograd in float64, at every boundary of the blocks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl import gradients, models
from mathdl.losses import LOSSES, loss

EXACT = {"rtol": 1e-12, "atol": 1e-12}


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def labels(name, *shape):
    y = normal(*shape, seed=9)
    return y if name == "squared" else y.sign()


def networks(E, m, d):
    return models.TwoLayer(normal(E, m, seed=1), normal(E, m, d, seed=2), normal(E, m, seed=3))


def by_autograd(model, parameters, x, y, name):
    """Losses and gradients of the losses themselves, nothing by hand."""
    parts = [p.clone().requires_grad_() for p in parameters]
    losses = loss(name).value(model(parts, x), y).mean(1)
    return losses.detach(), torch.autograd.grad(losses.sum(), parts)


def two_layer(parts, x):
    a, w, b = parts
    return torch.relu(x @ w.mT + b[:, None]).matmul(a[:, :, None]).squeeze(2) / a.shape[1]


def check_two_layer(E, m, n, d, name="squared", own_x=False, own_y=False):
    x, y = normal(*[E] * own_x, n, d), labels(name, *[E] * own_y, n)
    start = networks(E, m, d)
    losses, expected = by_autograd(two_layer, start, x, y, name)
    P = gradients.pack(start)
    gradient = gradients.two_layer_gradient("mean-field", name)
    for _ in range(2):  # the buffer is used again
        L, G = gradient(P, gradients.with_one(x), y)
        torch.testing.assert_close(L, losses, **EXACT)
        torch.testing.assert_close(tuple(gradients.unpack(G)), expected, **EXACT)
    torch.testing.assert_close(tuple(gradients.unpack(P)), tuple(start), rtol=0, atol=0)


@pytest.mark.parametrize("own_y", [False, True])
@pytest.mark.parametrize("own_x", [False, True])
@pytest.mark.parametrize("name", ["squared", "logistic", "exponential"])
def test_two_layer_gradient_is_the_one_of_autograd(name, own_x, own_y):
    check_two_layer(E=3, m=5, n=7, d=4, name=name, own_x=own_x, own_y=own_y)


@settings(max_examples=30)
@given(
    E=st.integers(1, 5),
    m=st.integers(1, 5),
    n=st.integers(1, 12),
    d=st.integers(1, 3),
    samples=st.integers(1, 13),
    rows=st.integers(1, 40),
    own=st.booleans(),
)
def test_blocks_of_every_size(E, m, n, d, samples, rows, own):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradients, "BLOCK_SAMPLES", samples)
        patch.setattr(gradients, "BLOCK_BYTES", rows * 8 * m)
        check_two_layer(E, m, n, d, own_x=own)


@pytest.mark.parametrize("n", [511, 512, 513, 1025])
def test_blocks_as_they_are(n):
    check_two_layer(E=3, m=600, n=n, d=2)  # 600 · 512 · 8 bytes: one member at a time
    check_two_layer(E=5, m=300, n=n, d=1)


def test_wide_members_take_fewer_samples(monkeypatch):
    sizes, bmm = [], torch.bmm

    def spy(*args, out=None):
        sizes.append(0 if out is None else out.numel())
        return bmm(*args, out=out)

    monkeypatch.setattr(torch, "bmm", spy)
    check_two_layer(E=2, m=20_000, n=100, d=1)
    assert max(sizes) == 20_000 * 64


@pytest.mark.parametrize("scaling", ["mean-field", "ntk", "unscaled"])
def test_scalings(scaling):
    start, x, y = networks(2, 4, 3), normal(6, 3), normal(6)
    gradient = gradients.two_layer_gradient(scaling)
    L, G = gradient(gradients.pack(start), gradients.with_one(x), y)
    losses, expected = by_autograd(
        lambda p, x: models.two_layer(models.TwoLayer(*p), x, scaling), start, x, y, "squared"
    )
    torch.testing.assert_close(L, losses, **EXACT)
    torch.testing.assert_close(tuple(gradients.unpack(G)), expected, **EXACT)


def test_float32_and_float64_share_no_buffer():
    gradient = gradients.two_layer_gradient("ntk")
    P, x, y = gradients.pack(networks(2, 4, 3)), gradients.with_one(normal(6, 3)), normal(6)
    _, G = gradient(P, x, y)
    _, G32 = gradient(P.float(), x.float(), y.float())
    assert G32.dtype == torch.float32
    torch.testing.assert_close(G32.double(), G, rtol=1e-5, atol=1e-5)


def test_at_a_kink_the_derivative_is_zero():
    P = torch.tensor([[[1.0], [0.0], [2.0]]])
    _, G = gradients.two_layer_gradient("unscaled")(P, torch.tensor([[0.0], [1.0]]), torch.ones(1))
    assert G.flatten().tolist() == [0, 0, 0]


def test_pack_and_unpack():
    start = networks(2, 4, 3)
    P = gradients.pack(start)
    assert P.shape == (2, 5, 4) and P.is_contiguous()
    assert torch.equal(P[:, 1], start.w[:, :, 1])
    for part, again in zip(start, gradients.unpack(P), strict=True):
        assert torch.equal(part, again)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", ["squared", "logistic", "exponential"])
def test_linear_gradient_is_the_one_of_autograd(name, own):
    u, y = normal(3, 4), labels(name, *[3] * own, 6)
    features = normal(*[3] * own, 6, 4)
    L, g = gradients.linear_gradient(name)(u, features, y)
    losses, (expected,) = by_autograd(
        lambda p, x: (x * p[0][:, None]).sum(2), [u], features, y, name
    )
    torch.testing.assert_close(L, losses, **EXACT)
    torch.testing.assert_close(g, expected, **EXACT)


@pytest.mark.parametrize("name", LOSSES)
def test_autograd_gradient_of_a_nested_model(name):
    k = 3 if name == "cross-entropy" else 1
    parameters = (normal(2, k, 4), (normal(2, k, seed=1), normal(2, seed=2)))

    def model(parameters, x):
        w, (b, _) = parameters
        f = torch.tanh(x @ w.mT + b[:, None])
        return f if k > 1 else f.squeeze(2)

    x = normal(6, 4)
    y = torch.arange(6) % 3 if k > 1 else labels(name, 6)
    L, (g_w, (g_b, g_unused)) = gradients.autograd_gradient(model, name)(parameters, x, y)
    w, (b, c) = parameters
    losses, (expected_w, expected_b) = by_autograd(
        lambda p, x: model((p[0], (p[1], c)), x), [w, b], x, y, name
    )
    torch.testing.assert_close(L, losses, **EXACT)
    torch.testing.assert_close((g_w, g_b), (expected_w, expected_b), **EXACT)
    assert torch.equal(g_unused, torch.zeros(2, dtype=torch.float64))
    assert not (L.requires_grad or g_w.requires_grad or w.requires_grad)


def test_autograd_gradient_keeps_named_tuples_and_works_without_grad_mode():
    start, x, y = networks(2, 4, 3), normal(6, 3), normal(6)
    with torch.no_grad():
        _, slopes = gradients.autograd_gradient(two_layer)(start, x, y)
    assert isinstance(slopes, models.TwoLayer)
    _, G = gradients.two_layer_gradient("mean-field")(
        gradients.pack(start), gradients.with_one(x), y
    )
    torch.testing.assert_close(tuple(slopes), tuple(gradients.unpack(G)), **EXACT)


def test_squared_loss_of_several_outputs():
    w, x, y = normal(2, 3, 4), normal(6, 4), normal(6, 3)
    _, (g,) = gradients.autograd_gradient(lambda p, x: x @ p[0].mT)((w,), x, y)
    r = np.einsum("nd,ekd->enk", x, w) - y.numpy()
    np.testing.assert_allclose(g, np.einsum("enk,nd->ekd", r, x) / 6, rtol=1e-12)
