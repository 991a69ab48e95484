"""Losses against their textbook formulas, slopes against autograd."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl.losses import LOSSES, Loss, loss

finite = st.floats(-30, 30)


def labels(name, shape, classes=None):
    generator = torch.Generator().manual_seed(1)
    if name == "cross-entropy":
        return torch.randint(classes, shape, generator=generator)
    y = torch.randn(shape, dtype=torch.float64, generator=generator)
    return y if name == "squared" else y.sign()


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_slope_is_the_derivative_of_the_value(name, own):
    k = [3] if name == "cross-entropy" else []
    f = torch.randn(2, 5, *k, dtype=torch.float64).requires_grad_()
    y = labels(name, (2, 5) if own else (5,), 3)
    value = loss(name).value(f, y)
    assert value.shape == (2, 5)
    (expected,) = torch.autograd.grad(value.sum(), f)
    torch.testing.assert_close(loss(name).slope(f, y), expected, rtol=1e-12, atol=1e-12)


@given(finite, st.sampled_from([-1.0, 1.0]))
def test_values_are_the_textbook_formulas(f, y):
    f, y = torch.tensor([[f]], dtype=torch.float64), torch.tensor([y], dtype=torch.float64)
    expected = {
        "squared": (f - y) ** 2 / 2,
        "logistic": torch.log(1 + torch.exp(-y * f)),
        "exponential": torch.exp(-y * f),
        "cross-entropy": torch.log(torch.exp(f) + torch.exp(y)) - y,
    }
    pair = torch.stack([f, y.expand(1, 1)], dim=2)
    expected["cross-entropy"] = -torch.log(torch.exp(y) / torch.exp(pair).sum())[None]
    for name in LOSSES:
        two = (pair, torch.tensor([1])) if name == "cross-entropy" else (f, y)
        torch.testing.assert_close(loss(name).value(*two), expected[name], rtol=1e-9, atol=1e-12)


def test_squared_loss_adds_the_outputs():
    f, y = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[4.0, 6.0]])
    assert loss("squared").value(f, y).tolist() == [[12.5]]
    assert loss("squared").slope(f, y).tolist() == [[[-3.0, -4.0]]]


@pytest.mark.parametrize("size", [1e3, 1e30])
def test_no_logarithm_overflows(size):
    f, y = torch.tensor([[size, -size]]), torch.tensor([-1.0, 1.0])
    assert loss("logistic").value(f, y).tolist() == f.abs().tolist()
    assert loss("logistic").slope(f, y).tolist() == [[1.0, -1.0]]
    f = torch.tensor([[[size, -size]]])
    assert loss("cross-entropy").value(f, torch.tensor([1])).item() == 2 * f[0, 0, 0].item()


def test_a_loss_of_ones_own_is_handed_back():
    own = Loss(lambda f, y: f, lambda f, y: y)
    assert loss(own) is own
    own.check(torch.tensor([7]))


def test_unknown_name():
    with pytest.raises(ValueError, match="loss='hinge' is unknown; use squared, logistic"):
        loss("hinge")


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("squared", torch.tensor([1])),
        ("logistic", torch.tensor([0.0, 1.0])),
        ("logistic", torch.tensor([1, -1])),
        ("exponential", torch.tensor([2.0])),
        ("cross-entropy", torch.tensor([0.0])),
        ("cross-entropy", torch.tensor([-1])),
        ("cross-entropy", torch.tensor([1], dtype=torch.int32)),
    ],
)
def test_labels_outside_the_domain(name, y):
    with pytest.raises(ValueError, match="^y holds .*; use .*[.]$"):
        loss(name).check(y)


def test_labels_inside_the_domain():
    for name in LOSSES:
        loss(name).check(labels(name, (9,), 4))
