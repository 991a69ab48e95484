"""The fused gradient and its steps, against the blocked gradient and the update rules."""

import numpy as np
import pytest
import torch
from mathdl import fused, gradients, models, updates

E, m, n, d, k = 3, 5, 7, 2, 3


@pytest.fixture
def uncompiled(monkeypatch):
    monkeypatch.setattr(fused, "_compiled", lambda *_: fused.descend)


def problem(dtype=torch.float64, *shape):
    """Parameters, points and signs as labels, of any leading shape."""
    rng = np.random.default_rng(1)
    networks = models.random_two_layer(E, m, d, rng)
    x = torch.from_numpy(rng.standard_normal((*shape, n, d)))
    y = torch.from_numpy(rng.choice([-1.0, 1.0], size=(*shape, n)))
    return gradients.pack(networks).to(dtype), x.to(dtype), y.to(dtype)


def expected(P, x, y, lr, rule=None, decay=None, state=None):
    """The same steps with the blocked gradient, one batch after the other where there are many."""
    gradient, rule = gradients.two_layer_gradient("ntk"), rule or updates.GradientDescent()
    state, first = {} if state is None else state, None
    for t in range(len(lr)):
        x_t, y_t = (x[t], y[t]) if x.ndim == 4 else (x, y)
        L, g = gradient(P, gradients.with_one(x_t), y_t)
        first = L if first is None else first
        g = g if decay is None else g + decay[:, None] * P
        P = P - lr[t].reshape(-1, 1, 1) * rule(g, state)
    return P, first


@pytest.mark.parametrize("scaling", ["mean-field", "ntk", "unscaled"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "exponential"])
def test_gradient_is_the_blocked_one(scaling, loss):
    P, x, y = problem()
    L, slopes = fused.gradient(
        P.unbind(1),
        fused.points(x[None]),
        y[None],
        fused.losses.loss(loss),
        models.scale(scaling, m),
    )
    L_blocked, G = gradients.two_layer_gradient(scaling, loss)(P, gradients.with_one(x), y)
    torch.testing.assert_close(torch.stack(slopes, 1), G, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(L, L_blocked, rtol=1e-12, atol=0)


RULES = {
    "descent": None,
    "momentum": updates.Momentum(0.7),
    "adam": updates.Adam(0.8, 0.95, 1e-3),
    "adam without epsilon": updates.Adam(epsilon=0.0),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("shape", [(), (E,), (k, E)], ids=["shared", "own", "batches"])
def test_steps_are_those_of_the_rule(uncompiled, rule, shape):
    P, x, y = problem(torch.float64, *shape)
    lr = 0.1 + 0.1 * torch.arange(k * E).reshape(k, E).double()
    state, state_expected = {}, {}
    advance = fused.stepper("ntk", rule=rule)
    Q, Q_expected = P, P
    for _ in range(2):  # the second time with what is remembered from the first
        Q, L = advance(Q, state, fused.points(x), y, lr)
        Q_expected, first = expected(Q_expected, x, y, lr, rule=rule, state=state_expected)
        torch.testing.assert_close(Q, Q_expected, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(L[0], first, rtol=1e-10, atol=0)
        assert L.shape == (k, E)
    assert state.keys() == state_expected.keys()
    for name in state:
        torch.testing.assert_close(state[name], state_expected[name], rtol=1e-10, atol=1e-12)


def test_weight_decay_one_rate_a_step_and_parameters_that_stay(uncompiled):
    P, x, y = problem()
    before, lr = P.clone(), torch.tensor([0.1, 0.2, 0.3]).double()
    decay = torch.tensor([0.1, 0.2, 0.0, 0.5]).double()
    Q, _ = fused.stepper("ntk", decay=decay)(P, {}, fused.points(x), y, lr)
    torch.testing.assert_close(Q, expected(P, x, y, lr, decay=decay)[0], rtol=1e-12, atol=1e-14)
    assert torch.equal(P, before)


def test_adam_without_epsilon_stays_where_the_gradient_is_zero(uncompiled):
    P, x, y = problem()
    P[:, :-1] = 0.0  # no neuron is active
    Q, _ = fused.stepper("ntk", rule=updates.Adam(epsilon=0.0))(
        P, {}, fused.points(x), y, torch.ones(k).double()
    )
    assert torch.equal(Q, P)


def test_adam_has_two_factors_a_step(monkeypatch):
    seen = []

    def descend(arguments, *fixed):
        seen.append(arguments[5])
        return fused.descend

    monkeypatch.setattr(fused, "_compiled", descend)
    P, x, y = problem()
    rule = updates.Adam(0.5, 0.75)
    fused.stepper("ntk", rule=rule)(P, {"t": 1}, fused.points(x), y, torch.ones(2).double())
    expected = [[1 / (1 - 0.5**t), 1 / (1 - 0.75**t)] for t in (2, 3)]
    torch.testing.assert_close(seen[0], torch.tensor(expected, dtype=torch.float64))


def test_compiled_steps_are_the_blocked_ones():
    P, x, y = problem(torch.float32, E)
    lr, rule, state, state_expected = torch.full((1,), 0.3), updates.Adam(), {}, {}
    Q, L = fused.stepper("ntk", rule=rule)(P, state, fused.points(x), y, lr)
    Q_expected, first = expected(P, x, y, lr, rule=rule, state=state_expected)
    for name in ("m", "v"):
        torch.testing.assert_close(state[name], state_expected[name], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(Q, Q_expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(L[0], first, rtol=1e-5, atol=0)


def test_a_missing_compiler_is_said_in_one_sentence(monkeypatch):
    def none_found():
        raise RuntimeError("No working C++ compiler found in ('g++',)")

    monkeypatch.setattr(fused.cpp_builder, "get_cpp_compiler", none_found)
    monkeypatch.setattr(fused, "KEPT", {})
    P, x, y = problem()
    with pytest.raises(RuntimeError, match="compiled=True finds no C\\+\\+ compiler"):
        fused.stepper("ntk")(P, {}, fused.points(x), y, torch.ones(1))


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="cannot be compiled"):
        fused.stepper("ntk", rule=lambda g, state: g)


def test_the_smaller_the_work_the_more_steps_at_once_and_never_past_a_record():
    for activations in (1, 2**19, 2**21, 2**22, 2**30):
        for every in (1, 6, 8, 9, 100):
            k = fused.at_once(activations, every)
            assert every % k == 0 and k <= fused.AT_ONCE
            assert k == 1 or k * activations <= 2**22
    assert [fused.at_once(a, 8) for a in (2**19, 2**19 + 1, 2**20, 2**21 + 1)] == [8, 4, 4, 1]
