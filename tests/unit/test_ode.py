"""Solvers against closed forms: orders, constants, stability limits, blow-up."""

from math import exp, log

import numpy as np
import pytest
import scipy.integrate
import torch
from mathdl import ode

METHODS = {"Euler": {"step": 0.1}, "RK4": {"step": 0.1}} | {name: {} for name in ode.ADAPTIVE}


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def logistic(t, x):
    return x * (1 - x)


def error(method, N, T=4.0, x0=0.1):
    """Of the logistic equation at the time T, after N steps."""
    path = ode.solve(logistic, number(x0), [0, T], method=method, step=T / N)
    assert path.steps == N
    return float(path.states[-1]) - x0 * exp(T) / (1 - x0 + x0 * exp(T))


def test_orders():
    errors = {(m, N): abs(error(m, N)) for m in ("Euler", "RK4") for N in (80, 160)}
    assert np.log2(errors["Euler", 80] / errors["Euler", 160]) == pytest.approx(1, abs=0.05)
    assert np.log2(errors["RK4", 80] / errors["RK4", 160]) == pytest.approx(4, abs=0.05)


def test_the_constant_of_euler():
    # δ' = f'(x) δ - ½ f'(x) f(x) has the solution δ = -½ f(x) log(f(x) / f(x_0))
    x0, x = 0.1, 0.1 * exp(4) / (0.9 + 0.1 * exp(4))
    delta = -0.5 * x * (1 - x) * log(x * (1 - x) / (x0 * (1 - x0)))
    assert delta == pytest.approx(-0.018223, abs=1e-6)
    constant = {N: error("Euler", N) / (4 / N) for N in (80, 160)}
    assert 2 * constant[160] - constant[80] == pytest.approx(delta, rel=0.01)


def test_rk4_by_another_hand():
    # SciPy's Radau at its finest against one step of RK4 in t and x: error O(h^5)
    def f(t, x):
        return torch.sin(3 * t + x) if isinstance(t, torch.Tensor) else torch.sin(x + 3 * t)

    errors = []
    for h in (0.1, 0.05):
        exact = scipy.integrate.solve_ivp(
            lambda t, x: np.sin(x + 3 * t), (0.2, 0.2 + h), [0.3], "DOP853", rtol=1e-13, atol=1e-15
        )
        errors.append(abs(float(ode.rk4(f, 0.2, number(0.3), h)) - exact.y[0, -1]))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize(("method", "limit"), [("Euler", 2.0), ("RK4", 2.785294)])
def test_stability_limits_from_both_sides(method, limit):
    for h, stable in ((limit - 1e-5, True), (limit + 1e-5, False)):
        end = ode.solve(lambda t, x: -x, number(1.0), [0, 100 * h], method=method, step=h)
        assert (abs(float(end.states[-1])) <= 1) == stable


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("times", [[0.0, 0.3, 1.0], [0.5, -0.25, -0.5]])
def test_every_method_in_both_directions(method, times):
    # x' = 2tx: x(t) = x(t_0) exp(t² - t_0²); v' = -v rides along in another tensor
    x = (torch.ones(2, 3, dtype=torch.float64), (number(2.0),))

    def f(t, x):
        assert x[0].shape == (2, 3) and x[1][0].shape == ()
        return 2 * t * x[0], (-x[1][0],)

    path = ode.solve(f, x, times, method=method, **METHODS[method])
    t = number(times)
    assert path.states[0].shape == (3, 2, 3) and path.states[1][0].shape == (3,)
    assert torch.equal(path.times, t)
    tolerance = {"Euler": 0.15, "RK4": 1e-5}.get(method, 2e-8)
    expected = torch.exp(t**2 - t[0] ** 2)[:, None, None].expand(3, 2, 3)
    torch.testing.assert_close(path.states[0], expected, rtol=tolerance, atol=0)
    expected = 2 * torch.exp(t[0] - t)
    torch.testing.assert_close(path.states[1][0], expected, rtol=tolerance, atol=0)


@pytest.mark.parametrize("method", ode.ADAPTIVE)
def test_tolerances_are_those_of_scipy(method):
    def f(t, x):
        return np.array([x[1], (1 - x[0] ** 2) * x[1] - x[0]])

    path = ode.solve(
        lambda t, x: torch.stack([x[1], (1 - x[0] ** 2) * x[1] - x[0]]),
        number([2.0, 0.0]),
        [0, 0.5, 3],
        method=method,
        rtol=1e-6,
        atol=1e-8,
    )
    theirs = scipy.integrate.solve_ivp(f, (0, 3), [2.0, 0.0], method, rtol=1e-6, atol=1e-8)
    assert path.steps == len(theirs.t) - 1
    assert path.states[-1].tolist() == pytest.approx(theirs.y[:, -1].tolist(), rel=1e-12)
    assert path.evaluations >= theirs.nfev  # SciPy leaves out those of its Jacobians


@pytest.mark.parametrize("method", ode.ADAPTIVE)
def test_tolerances_unless_told(method):
    ours = ode.solve(lambda t, x: -x, number([1.0]), [0, 1], method=method)
    theirs = scipy.integrate.solve_ivp(
        lambda t, x: -x, (0, 1), [1.0], method, rtol=1e-9, atol=1e-12
    )
    assert float(ours.states[-1]) == pytest.approx(theirs.y[0, -1], rel=1e-14)


def test_evaluations_are_counted():
    def run(method, **step):
        calls = []
        path = ode.solve(
            lambda t, x: calls.append(t) or -x, number([1.0, 2.0]), [0, 1, 3], method=method, **step
        )
        assert path.evaluations == len(calls)
        return path.steps, path.evaluations

    assert run("Euler", step=0.25) == (12, 12)
    assert run("RK4", step=0.25) == (12, 48)
    assert run("Euler", step=0.7) == (2 + 3, 5)
    assert run("Euler", step=1e12) == (2, 2)
    assert run("Euler", step=1 / 49) == (147, 147)  # not one more by rounding
    for method in ode.ADAPTIVE:
        steps, evaluations = run(method)
        assert 1 < steps < evaluations


def test_an_explicit_method_pays_for_stiffness():
    def cost(method):
        return ode.solve(
            lambda t, x: -x * number([1.0, 1e3]),
            number([1.0, 1.0]),
            [0, 3],
            method=method,
            rtol=1e-4,
        ).evaluations

    assert cost("LSODA") * 10 < cost("RK45")


def test_autograd_differentiates_through_the_fixed_steps():
    rate = number(0.7).requires_grad_()
    path = ode.solve(lambda t, x: -rate * x, number(1.0), [0, 1], method="RK4", step=0.05)
    (slope,) = torch.autograd.grad(path.states[-1], rate)
    assert float(slope) == pytest.approx(-exp(-0.7), rel=1e-6)


def test_a_resnet_is_eulers_scheme():
    W = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = expected = torch.ones(3, dtype=torch.float64)
    for layer in range(5):
        expected = expected + torch.tanh((1 + layer / 5) * W @ expected) / 5
    path = ode.solve(lambda t, x: torch.tanh((1 + t) * W @ x), x, [0, 1], method="Euler", step=0.2)
    torch.testing.assert_close(path.states[-1], expected)


@pytest.mark.parametrize("method", METHODS)
def test_blow_up_is_said_and_dated(method):
    how = {"step": 5e-3} if method in ode.SCHEMES else {"rtol": 1e-5}
    with pytest.raises(ode.BlowUp, match="blows up near t=") as caught:
        ode.solve(lambda t, x: x**2, number([1.0]), [0, 0.5, 2, 3], method=method, **how)
    when = float(str(caught.value).split("t=")[1].split(";")[0])
    assert when == pytest.approx(1, abs=0.1)
    states = caught.value.path.states.flatten()
    assert float(states[1]) == pytest.approx(2, rel=0.01)
    assert not torch.isfinite(states[2:]).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_right_hand_side_that_ends(method):
    step = {"step": 1e-2} if method in ode.SCHEMES else {}

    def f(t, x):
        return x if t < 0.5 else x * float("nan")

    with pytest.raises(ode.BlowUp, match="near t=0.[45]"):
        ode.solve(f, number([1.0]), [0, 1], method=method, **step)


def test_the_dates_of_each_system():
    found = ode.integrate(
        lambda t, x: x**2, number([[1.0], [0.1], [0.5]]), [0, 4], method="RK4", step=1e-2
    )
    assert found.until.tolist() == pytest.approx([1, 4, 2], abs=0.05)
    assert torch.isfinite(found.values[-1]).flatten().tolist() == [False, True, False]


def test_an_error_of_the_right_hand_side_is_not_swallowed():
    def f(t, x):
        if t > 0.1:
            raise ValueError("my own")
        return -x

    with pytest.raises(ValueError, match="my own"):
        ode.solve(f, number([1.0]), [0, 1], method="BDF")


def test_precision_follows_the_variable():
    path = ode.solve(lambda t, x: -x, torch.ones(1), [0, 1], method="DOP853", rtol=1e-4, atol=1e-6)
    assert path.states.dtype == path.times.dtype == torch.float32
    assert float(path.states[-1]) == pytest.approx(exp(-1), rel=1e-4)


ONE = number([1.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [0, 1, 1]}, "times are not monotone"),
        ({"times": [0, 2, 1]}, "times are not monotone"),
        ({"times": []}, "times are not monotone"),
        ({"times": [0, float("inf")]}, "times are not monotone"),
        ({"method": "Heun"}, "method='Heun' is unknown; use Euler, RK4, RK45"),
        ({"method": "Euler", "step": None}, "step=None is not a step size; give Euler"),
        ({"method": "RK4", "step": 0.0}, "step=0.0 is not a step size"),
        ({"method": "RK4", "step": float("inf")}, "step=inf is not a step size"),
        ({"method": "RK4", "step": float("nan")}, "step=nan is not a step size"),
        ({"method": "LSODA", "step": 0.1}, "LSODA chooses its own steps; leave out step"),
        ({"method": "LSODA", "step": None, "rtol": 0.0}, "rtol=0.0, atol=1e-12 cannot be met"),
        ({"method": "LSODA", "step": None, "atol": -1.0}, "atol=-1.0 cannot be met"),
        ({"method": "RK45", "step": None, "x": torch.ones(1)}, "use rtol >= 1.2e-05"),
        ({"x": torch.ones(1, dtype=torch.int64)}, "type torch.int64; use floating-point"),
        ({"x": number([float("nan")])}, "starts at a NaN or an infinity"),
        ({"x": number([float("inf")])}, "starts at a NaN or an infinity"),
        ({"f": lambda t, x: x[:, None]}, r"of a variable \(1,\) has shape \(1, 1\)"),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    given = {"f": lambda t, x: -x, "x": ONE, "times": [0, 1], "method": "RK4", "step": 0.1}
    with pytest.raises(ValueError, match=message):
        ode.solve(**given | arguments)


def test_the_finest_tolerance_is_allowed():
    for rtol in (2.3e-14, 1e-3):
        ode.solve(lambda t, x: -x, ONE, [0, 1], method="RK45", rtol=rtol, atol=0.0)
    with pytest.raises(ValueError, match="rtol >= 2.2e-14"):
        ode.solve(lambda t, x: -x, ONE, [0, 1], method="RK45", rtol=2.1e-14)
    assert ode.solve(lambda t, x: -x, ONE, [0], method="RK45").states.tolist() == [[1.0]]


@pytest.mark.parametrize("method", ode.ADAPTIVE)
def test_systems_at_once_are_one_system(method):
    x = number([[1.0, 2.0], [3.0, 4.0]])
    found = ode.integrate(lambda t, x: -x, x, [0, 1, 2], method=method)
    path = ode.solve(lambda t, x: -x, x, [0, 1, 2], method=method)
    assert torch.equal(found.values, path.states)
    assert (found.steps, found.evaluations) == (path.steps, path.evaluations)
    assert found.until.tolist() == [2, 2]


@pytest.mark.parametrize("method", METHODS)
def test_the_progress_bar_ends_at_the_end(method, monkeypatch):
    class Bar:
        def __init__(self, total, delay, leave, disable, bar_format):
            assert (delay, leave, disable) == (3, False, self.silent)
            self.total, self.seen = total, 0.0
            bar_format.format(l_bar="", bar="", n=0.5, total=total, elapsed="")

        def update(self, time):
            self.seen += time

        def __enter__(self):
            return self

        def __exit__(self, *_):
            assert self.seen == pytest.approx(self.total) == 2

    monkeypatch.setattr(ode, "tqdm", Bar)
    for Bar.silent in (False, True):
        monkeypatch.delenv("MATHDL_STATIC", raising=False)
        if Bar.silent:
            monkeypatch.setenv("MATHDL_STATIC", "1")
        ode.solve(lambda t, x: -x, ONE, [1, 0.5, -1], method=method, **METHODS[method])
