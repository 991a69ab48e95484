"""Gradient flow against closed forms, conservation laws and a dual problem."""

from functools import partial
from math import exp, inf, nan

import numpy as np
import pytest
import torch
from mathdl import device, models, ode
from mathdl.flow import gradient_flow
from scipy.optimize import minimize

METHODS = {"Euler": {"step": 0.1}, "RK4": {"step": 0.1}} | {name: {} for name in ode.ADAPTIVE}


def linear(theta, x, y):
    """Of L = (1/2n) Σ (θ·x_i - y_i)² for E members, with shared or own data."""
    residual = (x @ theta[:, :, None]).squeeze(2) - y
    slope = (residual[:, None, :] @ x).squeeze(1) / residual.shape[1]
    return (residual**2).mean(dim=1) / 2, slope


def data(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return device.tensor(rng.normal(size=(n, d))), device.tensor(rng.normal(size=n))


@pytest.mark.parametrize("method", METHODS)
def test_linear_regression_decays_by_its_hessian(method):
    x, y = data(6, 3)
    start = device.tensor(np.random.default_rng(1).normal(size=(2, 3)))
    flow = gradient_flow(linear, start, x, y, [0, 1, 2.5], method=method, **METHODS[method])
    best = torch.linalg.pinv(x) @ y
    H = x.mT @ x / 6
    assert flow.parameters.shape == (3, 2, 3) and flow.losses.shape == (3, 2)
    for k, t in enumerate((0, 1, 2.5)):
        expected = best + (start - best) @ torch.linalg.matrix_exp(-H * t)
        rtol = {"Euler": 0.2, "RK4": 1e-4}.get(method, 1e-7)
        torch.testing.assert_close(flow.at(k), expected, rtol=rtol, atol=0)
        torch.testing.assert_close(flow.losses[k], linear(flow.at(k), x, y)[0])


def test_euler_is_gradient_descent():
    x, y = data(6, 3)
    theta = expected = torch.ones(2, 3, dtype=torch.float64)
    for _ in range(30):
        expected = expected - 0.2 * linear(expected, x, y)[1]
    flow = gradient_flow(linear, theta, x, y, [0, 3], method="Euler", step=0.1, mobility=2.0)
    torch.testing.assert_close(flow.at(-1), expected)
    assert flow.steps.tolist() == flow.evaluations.tolist() == [30, 30]
    flow = gradient_flow(linear, theta, x, y, [0, 3], method="RK4", step=0.1)
    assert flow.steps.tolist() == [30, 30] and flow.evaluations.tolist() == [120, 120]


def test_a_deep_linear_network_learns_a_logistic_curve():
    # L = ½ (uv - s)² with u = v: σ = u² obeys σ' = 2σ(s - σ)
    def gradient(p, x, y):
        u, v = p
        r = u * v - y
        return (r**2).squeeze(1) / 2, (r * v, r * u)

    s, sigma0, times = 2.0, 1e-3, np.linspace(0, 4, 9)
    root = torch.full((1, 1), sigma0**0.5, dtype=torch.float64)
    x, y = torch.ones(1, 1, dtype=torch.float64), torch.full((1,), s, dtype=torch.float64)
    flow = gradient_flow(gradient, (root, root), x, y, times, method="DOP853")
    sigma = (flow.parameters[0] * flow.parameters[1]).flatten().numpy()
    expected = s * np.exp(2 * s * times) / (np.exp(2 * s * times) - 1 + s / sigma0)
    assert sigma == pytest.approx(expected, rel=1e-7)


def diagonal(p, x, y):
    """Of the diagonal network β = w₊² - w₋²."""
    plus, minus = p
    losses, slope = linear(plus**2 - minus**2, x, y)
    return losses, (2 * plus * slope, -2 * minus * slope)


def test_diagonal_networks_reach_their_dual_solution():
    # the limit is β = 2α² sinh(Xᵀν) with Xβ = y, so that ν minimizes 2α² Σ cosh(Xᵀν) - y·ν
    x, y = data(6, 20)
    alphas = [2.0, 0.1, 1e-2]
    start = device.tensor(alphas)[:, None].expand(-1, 20)
    flow = gradient_flow(diagonal, (start, start), x, y, [0, 1e3], method="LSODA")
    beta = (flow.parameters[0] ** 2 - flow.parameters[1] ** 2)[-1].numpy()
    X, Y = x.numpy(), y.numpy()
    for member, alpha in enumerate(alphas):
        nu = np.zeros(6)
        for _ in range(100):
            z = X.T @ nu
            slope = X @ (2 * alpha**2 * np.sinh(z)) - Y
            newton = np.linalg.solve((X * (2 * alpha**2 * np.cosh(z))) @ X.T, slope)
            nu = nu - newton / max(1, abs(X.T @ newton).max())
        value = 2 * alpha**2 * np.sinh(X.T @ nu)
        assert np.allclose(X @ value, Y, atol=1e-10)
        assert beta[member] == pytest.approx(value, abs=1e-8)


def test_logistic_regression_in_logarithmic_time():
    # t L → 1/γ², with the margin γ of a hard-margin classifier found by another program
    rng = np.random.default_rng(0)
    z = rng.normal(size=(16, 2)) + [3, 1]  # the points times their labels
    labels = np.array([1.0, -1.0] * 8)
    points = z * labels[:, None]

    def gradient(w, x, y):
        f = y * (w @ x.mT)
        slope = -(torch.sigmoid(-f) * y) @ x / len(y)
        return torch.nn.functional.softplus(-f).mean(dim=1), slope

    hard = minimize(
        lambda w: w @ w,
        [1.0, 1.0],
        constraints={"type": "ineq", "fun": lambda w: z @ w - 1},
        tol=1e-14,
    )
    flow = gradient_flow(
        gradient,
        torch.zeros(1, 2, dtype=torch.float64),
        device.tensor(points),
        device.tensor(labels),
        [0, 5, 150, 200],
        method="LSODA",
        clock="logarithmic",
    )
    assert float(flow.losses[-1, 0]) < 1e-86
    assert float(flow.losses[-1, 0]) * exp(200) == pytest.approx(hard.x @ hard.x, rel=1e-6)
    direction = (flow.at(3) - flow.at(2))[0] / 50  # w = ŵ log t + ρ
    assert direction.numpy() == pytest.approx(hard.x, rel=1e-6)
    # it is the same flow: τ = 5 is the physical time e^5 - 1 after the start
    physical = gradient_flow(
        gradient,
        torch.zeros(1, 2, dtype=torch.float64),
        device.tensor(points),
        device.tensor(labels),
        [0, exp(5) - 1],
        method="DOP853",
    )
    torch.testing.assert_close(flow.at(1), physical.at(1), rtol=1e-6, atol=0)


def drift(how, activation=torch.relu):
    """The greatest change of a² - |w|² - b² along a flow, for a 1-homogeneous activation."""

    def gradient(parameters, x, y):
        with torch.enable_grad():
            leaves = models.TwoLayer(*(part.detach().requires_grad_() for part in parameters))
            hidden = activation(x @ leaves.w.mT + leaves.b[:, None, :])
            values = (hidden @ leaves.a[:, :, None]).squeeze(2) / 6
            losses = ((values - y) ** 2).mean(dim=1) / 2
            return losses.detach(), models.TwoLayer(*torch.autograd.grad(losses.sum(), leaves))

    x, y = data(8, 2, seed=2)
    start = models.random_two_layer(E=2, m=6, d=2, rng=np.random.default_rng(3))
    flow = gradient_flow(gradient, start, x, y, [0, 2.0], mobility=6, **how)
    a, w, b = flow.parameters
    assert isinstance(flow.at(0), models.TwoLayer) and w.shape == (2, 2, 6, 2)
    assert float((a[1] - a[0]).abs().max()) > 0.1
    invariant = a**2 - (w**2).sum(dim=-1) - b**2
    return float((invariant[1] - invariant[0]).abs().max())


def test_the_flow_conserves_what_eulers_scheme_does_not():
    assert drift({"method": "LSODA"}, activation=lambda z: z) < 1e-7
    coarse = drift({"method": "Euler", "step": 0.02})
    fine = drift({"method": "Euler", "step": 0.01})
    assert np.log2(coarse / fine) == pytest.approx(1, abs=0.1)
    assert drift({"method": "RK4", "step": 0.01}) < fine / 20


def test_mobility_of_each_tensor():
    x, y = data(6, 3)
    start = (torch.ones(2, 3, dtype=torch.float64), torch.full((2, 3), 2.0, dtype=torch.float64))
    flow = partial(gradient_flow, diagonal, start, x, y, [0, 1], method="Euler", step=1.0)
    slope = diagonal(start, x, y)[1]
    own = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    end = flow(mobility=(3, own)).at(1)
    torch.testing.assert_close(end[0], start[0] - 3 * slope[0])
    torch.testing.assert_close(end[1], start[1] - own * slope[1])
    assert torch.equal(flow(mobility=(1.0, 0.0)).at(1)[1], start[1])
    torch.testing.assert_close(flow().at(1)[0], start[0] - slope[0])


@pytest.mark.parametrize("method", METHODS)
def test_members_do_not_see_each_other(method):
    x = device.tensor(np.random.default_rng(0).normal(size=(3, 6, 2)))
    y = device.tensor(np.random.default_rng(1).normal(size=(3, 6)))
    start = torch.ones(3, 2, dtype=torch.float64)
    x[1] *= 5  # stiffer
    flow = partial(gradient_flow, linear, times=[0, 1], method=method, mobility=0.1)
    how = METHODS[method]
    all_of_them = flow(start, x, y, **how)
    for e in range(3):
        alone = flow(start[:1], x[e], y[e], **how)
        torch.testing.assert_close(alone.at(1)[0], all_of_them.at(1)[e], rtol=1e-14, atol=0)
        assert alone.steps == all_of_them.steps[e]
        assert alone.evaluations == all_of_them.evaluations[e]
    assert (len(set(all_of_them.steps.tolist())) > 1) == (method in ode.ADAPTIVE)


@pytest.mark.parametrize("own", [{"x"}, {"y"}, set()])
def test_data_shared_or_own(own):
    x, y = data(6, 3)
    start = torch.ones(2, 3, dtype=torch.float64)
    given = (x.expand(2, 6, 3) if "x" in own else x), (y.expand(2, 6) if "y" in own else y)
    ends = [
        gradient_flow(linear, start, *batch, [0, 1], method="RK45").at(1)
        for batch in (given, (x, y))
    ]
    torch.testing.assert_close(*ends)


def test_images_and_several_outputs():
    def gradient(theta, x, y):  # θ (E, k) on the mean of an image, y (n, k) or (E, n, k)
        mean = x.mean(dim=(-1, -2, -3))
        r = mean[..., None] * theta[:, None, :] - y
        return (r**2).sum(2).mean(1) / 2, (r * mean[..., None]).mean(1)

    rng = np.random.default_rng(0)
    x, y = (
        device.tensor(rng.normal(size=(2, 5, 1, 3, 3))),
        device.tensor(rng.normal(size=(2, 5, 4))),
    )
    start = torch.zeros(2, 4, dtype=torch.float64)
    for images in (x, x[0]):
        for labels in (y, y[0]):
            flows = [
                gradient_flow(gradient, start, images, labels, [0, 1], method=method, **step)
                for method, step in (("RK4", {"step": 0.1}), ("RK45", {}))
            ]
            torch.testing.assert_close(flows[0].at(1), flows[1].at(1), rtol=1e-6, atol=0)


def cubic(p, x, y):
    """L = -p⁴/4: unbounded below, p(t) = p/√(1 - 2p²t)."""
    return -(p**4).sum(1) / 4, -(p**3)


@pytest.mark.parametrize("method", METHODS)
def test_one_member_blows_up_and_the_others_go_on(method):
    how = {"step": 5e-3} if method in ode.SCHEMES else {"rtol": 1e-5}
    x = y = torch.zeros(1, 1)
    start = device.tensor([[0.1], [1.0], [0.2]])
    with pytest.warns(UserWarning, match=r"Members \[1\] .* near t=0.[45]"):
        flow = gradient_flow(cubic, start, x, y, [0, 0.25, 1], method=method, **how)
    assert flow.until.tolist() == pytest.approx([1, 0.5, 1], abs=0.06)
    assert torch.isfinite(flow.at(1)).all()
    assert torch.isfinite(flow.at(2)).flatten().tolist() == [True, False, True]
    expected = [p / np.sqrt(1 - 2 * p**2) for p in (0.1, 0.2)]
    assert flow.at(2)[[0, 2], 0].tolist() == pytest.approx(expected, rel=1e-3)


def test_all_members_blow_up():
    x = y = torch.zeros(1, 1)
    start = device.tensor([[1.0], [0.8]])
    with pytest.raises(ode.BlowUp, match="All members .* near t=0.5") as caught:
        gradient_flow(cubic, start, x, y, [0, 2], method="RK4", step=1e-3)
    assert caught.value.path.until.tolist() == pytest.approx([0.5, 1 / 1.28], abs=0.01)
    with pytest.raises(ode.BlowUp, match="near τ=-0.69"):
        gradient_flow(cubic, start, x, y, [-9, 2], method="LSODA", clock="logarithmic", rtol=1e-5)


def test_precision_follows_the_parameters():
    x, y = (part.float() for part in data(6, 3))
    start = torch.ones(2, 3, requires_grad=True)
    for how in ({"method": "RK4", "step": 0.1}, {"method": "LSODA", "rtol": 1e-4}):
        flow = gradient_flow(linear, start, x, y, [0, 1], **how)
        assert {flow.parameters.dtype, flow.times.dtype, flow.until.dtype} == {torch.float32}
        assert not flow.parameters.requires_grad


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clock": "slow"}, "clock='slow' is unknown"),
        ({"clock": "logarithmic", "times": [0, 710]}, "reach τ=710, where e\\^τ overflows"),
        ({"mobility": -1.0}, "mobility=-1.0 is not a speed"),
        ({"mobility": inf}, "mobility=inf is not a speed"),
        ({"mobility": nan}, "mobility=nan is not a speed"),
        ({"mobility": torch.ones(3)}, r"mobility has shape \(3,\) for parameters \(2, 2\)"),
        ({"mobility": torch.ones(1, 2, 2)}, r"mobility has shape \(1, 2, 2\)"),
        ({"parameters": (torch.ones(2, 2), torch.ones(3, 2))}, "parameters differ in E"),
        ({"step": None}, "step=None is not a step size"),
        ({"gradient": lambda p, x, y: (p.sum(1), p[:, 0])}, r"of a variable \(2,\) has shape \(\)"),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    x, y = data(4, 2)
    given = {"gradient": linear, "parameters": torch.ones(2, 2).double(), "x": x, "y": y}
    given |= {"times": [0, 1], "method": "RK4", "step": 0.1}
    with pytest.raises(ValueError, match=message):
        gradient_flow(**given | arguments)


def test_logarithmic_time_reaches_the_end_of_float64():
    x, y = data(4, 2)
    zero = torch.zeros(1, 2, dtype=torch.float64)
    flow = gradient_flow(
        linear, zero, x, 0 * y, [0, 709], method="RK4", step=709, clock="logarithmic"
    )
    assert torch.equal(flow.at(1), zero)


def test_tolerances_unless_told():
    x, y = data(6, 3)
    start = torch.ones(1, 3, dtype=torch.float64)
    flow = gradient_flow(linear, start, x, y, [0, 1], method="RK45")
    path = ode.solve(lambda t, p: -linear(p, x, y)[1], start, [0, 1], method="RK45")
    assert torch.equal(flow.parameters, path.states)
    assert flow.steps.tolist() == [path.steps] and flow.evaluations.tolist() == [path.evaluations]


@pytest.mark.parametrize("method", ["RK45", "RK4"])
def test_a_square_of_labels_is_shared_where_the_gradient_shares_it(method):
    """For n = k = E, labels (n, k) of all members look like labels (E, n) of single ones."""
    x, _ = data(3, 2)
    y = device.tensor(np.random.default_rng(5).normal(size=(3, 3)))
    start = device.tensor(np.random.default_rng(6).normal(size=(3, 2)))
    options = {"step": 1e-2} if method == "RK4" else {"rtol": 1e-8}

    def outputs(p, x, y):  # f(x) = (Bx)_1, ..., (Bx)_k
        r = torch.einsum("ekd,nd->enk", p, x) - y
        return (r**2).sum(2).mean(1) / 2, torch.einsum("enk,nd->ekd", r, x) / len(x)

    H = torch.matrix_exp(-x.mT @ x / 3)
    flow = gradient_flow(
        outputs, start[:, None].expand(3, 3, 2), x, y, [0, 1], method=method, **options
    )
    best = (torch.linalg.pinv(x) @ y).mT  # row k for the output k
    expected = best + (start[:, None] - best) @ H
    torch.testing.assert_close(flow.at(-1), expected, rtol=1e-6, atol=1e-8)
    flow = gradient_flow(linear, start, x, y, [0, 1], method=method, **options)
    best = (torch.linalg.pinv(x) @ y.mT).mT  # row e for member e
    torch.testing.assert_close(flow.at(-1), best + (start - best) @ H, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", ["RK45", "RK4"])
def test_a_flow_without_data(method):
    options = {"step": 1e-2} if method == "RK4" else {}
    start = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    gradient = lambda p, x, y: ((p**2).sum(1) / 2, p)  # noqa: E731
    flow = gradient_flow(gradient, start, None, None, [0, 1], method=method, **options)
    torch.testing.assert_close(flow.at(-1), start * exp(-1), rtol=1e-7, atol=0)
