"""Update rules against torch.optim, step by step, and in closed form."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl.updates import Adam, GradientDescent, Momentum

RULES = {
    "gradient descent": (GradientDescent(), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (Momentum(0.8), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8)),
    "default momentum": (Momentum(), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "adam": (
        Adam(0.7, 0.9, 1e-3),
        lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.7, 0.9), eps=1e-3),
    ),
    "default adam": (Adam(), lambda p: torch.optim.Adam(p, lr=0.1)),
}


@pytest.mark.parametrize("name", RULES)
def test_ten_steps_of_torch_optim(name):
    rule, optimizer = RULES[name]
    generator, state = torch.Generator().manual_seed(0), {}
    theta = torch.randn(3, 4, dtype=torch.float64, generator=generator)
    parameter = theta.clone().requires_grad_()
    reference = optimizer([parameter])
    for size in torch.logspace(2, -10, 10):
        g = size * torch.randn(3, 4, dtype=torch.float64, generator=generator)
        kept = g.clone()
        theta = theta - 0.1 * rule(g, state)
        assert torch.equal(g, kept)
        parameter.grad = g
        reference.step()
        torch.testing.assert_close(theta, parameter.detach(), rtol=1e-10, atol=1e-12)


@given(st.floats(1e-3, 1e3), st.floats(0, 0.95), st.floats(0, 0.95))
def test_adam_without_epsilon_sees_no_scale(size, beta1, beta2):
    first, second = {}, {}
    for g in (torch.tensor([1.0, -2.0, 0.0]), torch.tensor([-3.0, 0.5, 0.0])):
        step = Adam(beta1, beta2, 0)(g.double(), first)
        scaled = Adam(beta1, beta2, 0)(size * g.double(), second)
        torch.testing.assert_close(step, scaled)
        assert step[2] == 0


def test_adam_moves_where_a_gradient_has_been():
    state = {}
    Adam(0.5, 0.5, 0)(torch.tensor([1.0]), state)
    # m = 1/4, divided by 3/4; v = 1/4, divided by 3/4
    assert Adam(0.5, 0.5, 0)(torch.tensor([0.0]), state).item() == pytest.approx(3**-0.5)


def test_the_default_epsilon_halves_a_gradient_of_its_size():
    assert Adam()(torch.tensor([1e-8]), {}).item() == pytest.approx(0.5, rel=1e-5)


def test_momentum_adds_up():
    state = {}
    for _ in range(200):
        v = Momentum(0.5)(torch.tensor([1.0]), state)
    assert v.item() == pytest.approx(2)


@pytest.mark.parametrize("beta", [-0.1, 1.0, float("nan")])
def test_factors_that_do_not_decay(beta):
    for name, rule in (
        ("beta", Momentum),
        ("beta1", Adam),
        ("beta2", lambda beta: Adam(beta2=beta)),
    ):
        with pytest.raises(ValueError, match=f"^{name}=.* does not decay; use"):
            rule(beta)


@pytest.mark.parametrize("epsilon", [-1e-8, float("inf"), float("nan")])
def test_epsilon_below_zero(epsilon):
    with pytest.raises(ValueError, match="^epsilon="):
        Adam(epsilon=epsilon)
