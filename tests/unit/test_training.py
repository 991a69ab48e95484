"""Hand-derived gradients against autograd; errors that say what to do."""

import numpy as np
import pytest
import torch
from mathdl import models
from mathdl.training import Diverged, gradient_descent, train_two_layer

GENERATOR = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


@pytest.mark.parametrize("ensemble", [(), (3,)])
def test_linear_step_is_the_autograd_gradient(ensemble):
    features, y = normal(6, 4), normal(6, *ensemble)
    start = normal(4, *ensemble).requires_grad_()
    (0.5 * ((features @ start - y) ** 2).mean(dim=0)).sum().backward()
    moved = gradient_descent(features, y, start.detach(), lr=0.3, steps=1)
    torch.testing.assert_close(moved, start.detach() - 0.3 * start.grad)


def test_steps_add_up_and_reach_least_squares():
    features, y = normal(20, 3), normal(20)
    start = torch.zeros(3, dtype=torch.float64)
    halfway = gradient_descent(features, y, start, lr=0.5, steps=7)
    torch.testing.assert_close(
        gradient_descent(features, y, halfway, lr=0.5, steps=5),
        gradient_descent(features, y, start, lr=0.5, steps=12),
    )
    solution = torch.linalg.lstsq(features, y[:, None]).solution.squeeze(1)
    torch.testing.assert_close(gradient_descent(features, y, start, 0.5, 2000), solution)


@pytest.mark.parametrize("scaling", ["mean-field", "ntk", "unscaled"])
def test_two_layer_step_is_the_autograd_gradient(scaling):
    networks = models.random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(0))
    x, y = normal(7, 3), normal(7)
    parts = [part.clone().requires_grad_() for part in networks]
    values = models.two_layer(models.TwoLayer(*parts), x, scaling)
    (0.5 * ((values - y) ** 2).mean(dim=1)).sum().backward()
    trained = train_two_layer(networks, x, y, lr=0.1, steps=1, scaling=scaling)
    for before, part, after in zip(networks, parts, trained, strict=True):
        torch.testing.assert_close(after, before - 0.1 * part.grad)


def test_two_layer_training_takes_every_step():
    networks = models.random_two_layer(E=2, m=5, d=3, rng=np.random.default_rng(0))
    x, y = normal(7, 3), normal(7)
    once = train_two_layer(networks, x, y, 0.1, 3, "ntk")
    torch.testing.assert_close(
        train_two_layer(once, x, y, 0.1, 2, "ntk"),
        train_two_layer(networks, x, y, 0.1, 5, "ntk"),
    )


def test_zero_steps_change_nothing():
    features, y, start = normal(4, 2), normal(4), normal(2)
    assert torch.equal(gradient_descent(features, y, start, lr=1.0, steps=0), start)


@pytest.mark.parametrize("steps", [1000, 100_000])
def test_divergence_is_said(steps):
    features, y = torch.eye(2, dtype=torch.float64), normal(2)
    with pytest.raises(Diverged, match="smaller lr"):
        gradient_descent(features, y, torch.ones(2, dtype=torch.float64), lr=4.2, steps=steps)
    networks = models.random_two_layer(E=2, m=5, d=2, rng=np.random.default_rng(0))
    with pytest.raises(Diverged, match="smaller lr"):
        train_two_layer(networks, normal(7, 2), normal(7), lr=1e3, steps=steps, scaling="ntk")


def test_divergence_is_a_millionfold_risk():
    # The residual doubles in every step: 2^10 > 1000 is the first to exceed the limit.
    one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    assert gradient_descent(one, zero, one[0], lr=3.0, steps=9).abs() == 2**9
    with pytest.raises(Diverged, match="in 10 steps"):
        gradient_descent(one, zero, one[0], lr=3.0, steps=100)


def test_divergence_in_the_last_step_is_said():
    networks = models.random_two_layer(E=1, m=5, d=2, rng=np.random.default_rng(0))
    with pytest.raises(Diverged, match="1 steps"):
        train_two_layer(networks, normal(7, 2), normal(7), lr=1e9, steps=1, scaling="ntk")
    with pytest.raises(Diverged, match="1 steps"):
        gradient_descent(normal(4, 2), normal(4), normal(2), lr=1e9, steps=1)


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan"), float("inf")])
def test_step_sizes_that_are_none(lr):
    with pytest.raises(ValueError, match="lr="):
        gradient_descent(normal(4, 2), normal(4), normal(2), lr=lr, steps=1)
    networks = models.random_two_layer(E=1, m=2, d=2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="lr="):
        train_two_layer(networks, normal(4, 2), normal(4), lr=lr, steps=1, scaling="ntk")


@pytest.mark.parametrize(
    ("features", "y", "start"), [((4, 2), (5,), (2,)), ((4, 2), (4,), (3,)), ((4, 2), (4, 3), (2,))]
)
def test_linear_shapes_that_do_not_fit(features, y, start):
    with pytest.raises(ValueError, match="do not fit"):
        gradient_descent(normal(*features), normal(*y), normal(*start), lr=0.1, steps=1)


@pytest.mark.parametrize(("x", "y"), [((4, 3), (4,)), ((4, 2), (3,)), ((4, 2), (4, 1))])
def test_two_layer_shapes_that_do_not_fit(x, y):
    networks = models.random_two_layer(E=1, m=2, d=2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="do not fit"):
        train_two_layer(networks, normal(*x), normal(*y), lr=0.1, steps=1, scaling="ntk")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["features", "y", "coefficients"])
def test_numbers_that_are_not_finite(place, bad):
    inputs = {"features": normal(4, 2), "y": normal(4), "coefficients": normal(2)}
    inputs[place].view(-1)[0] = bad
    with pytest.raises(ValueError, match=place):
        gradient_descent(**inputs, lr=0.1, steps=1)


def test_negative_steps():
    with pytest.raises(ValueError, match="steps=-1"):
        gradient_descent(normal(4, 2), normal(4), normal(2), lr=0.1, steps=-1)
