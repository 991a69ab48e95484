"""The first-order change of the tangent kernel against real networks and brute force."""

import numpy as np
import pytest
import torch
from mathdl.theory import estimation
from mathdl.theory.optimization import tangent_drift
from scipy.integrate import quad_vec, solve_ivp
from scipy.linalg import expm

ANGLES = np.array([0.2, 1.0, 2.2, 4.0])
X = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
Y = np.array([1.0, -2.0, 0.5, 1.5])
SIGMA = {("relu", 0.0): torch.relu, ("tanh", 0.7): lambda z: torch.tanh(z + 0.7)}


def network_kernel(a, w, sigma):
    """Inner products of the gradients of one network, from automatic differentiation."""
    a, w = (torch.tensor(part, requires_grad=True) for part in (a, w))
    values = sigma(torch.tensor(X) @ w.T) @ a / len(a) ** 0.5
    slopes = [torch.autograd.grad(f, (a, w), retain_graph=True) for f in values]
    slopes = torch.stack([torch.cat([part.flatten() for part in slope]) for slope in slopes])
    return (slopes @ slopes.T).numpy()


def some_network(m=7):
    rng = np.random.default_rng(3)
    return rng.choice([-1.0, 1.0], m), rng.normal(size=(m, 2))


def test_gaussian_plane_has_gaussian_moments():
    w, p = tangent_drift.gaussian_plane()
    moments = {(0, 0): 1, (1, 0): 0, (2, 0): 1, (2, 2): 1, (4, 2): 3, (6, 0): 15, (8, 0): 105}
    for (i, k), moment in moments.items():
        assert p @ (w[:, 0] ** i * w[:, 1] ** k) == pytest.approx(moment, abs=1e-10)


def test_gaussian_plane_has_as_many_points_as_promised_half_a_step_off_the_axis():
    w, p = tangent_drift.gaussian_plane()
    assert w.shape == (40 * 720, 2) and p.shape == (40 * 720,)
    w, p = tangent_drift.gaussian_plane(3, 8)
    assert len(w) == len(p) == 24
    np.testing.assert_allclose(np.arctan2(w[:4, 1], w[:4, 0]), np.pi / 8 * np.array([1, 3, 5, 7]))


@pytest.mark.parametrize("kind", SIGMA)
def test_tangent_matrix_is_that_of_the_network(kind):
    a, w = some_network()
    found = tangent_drift.tangent_matrix(w, X, np.full(7, 1 / 7), *kind)
    np.testing.assert_allclose(found, network_kernel(a, w, SIGMA[kind]), rtol=1e-12)


def test_tangent_matrix_of_relu_tends_to_the_closed_form():
    w, p = tangent_drift.gaussian_plane(40, 7200)
    found = tangent_drift.tangent_matrix(w, X, p, "relu")
    expected = [[estimation.tangent_kernel(v, u, bias=False) for u in X] for v in X]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("kind", SIGMA)
def test_third_order_is_the_derivative_of_the_kernel_along_a_gradient(kind):
    a, w = some_network()
    m, sigma, h = len(a), SIGMA[kind], 1e-5
    T = tangent_drift.third_order(w, X, a / m, *kind)
    for i, x in enumerate(X):
        z = torch.tensor(w @ x, requires_grad=True)
        value = sigma(z)
        slope = torch.autograd.grad(value.sum(), z)[0].numpy()
        da, dw = value.detach().numpy() / m**0.5, (a * slope)[:, None] * x / m**0.5
        after, before = (network_kernel(a + s * da, w + s * dw, sigma) for s in (h, -h))
        np.testing.assert_allclose(T[i], m**0.5 * (after - before) / (2 * h), atol=1e-8)


def test_unknown_activations_are_refused():
    with pytest.raises(ValueError, match="activation="):
        tangent_drift.tangent_matrix(X, X, np.ones(4), "sine")


def a_kernel():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(4, 3))  # one eigenvalue is 0
    return root @ root.T


def test_kernel_residuals_are_powers():
    K = a_kernel()
    found = tangent_drift.kernel_residuals(K, Y, step=0.3, steps=4)
    for s in range(4):
        power = np.linalg.matrix_power(np.eye(4) - 0.3 * K / 4, s)
        np.testing.assert_allclose(found[s], -power @ Y)


def test_flow_impulses_integrate_the_exponential():
    K = a_kernel()
    expected, _ = quad_vec(lambda s: -expm(-s * K / 4) @ Y, 0, 2.5)
    np.testing.assert_allclose(tangent_drift.flow_impulses(K, Y, 2.5), expected, rtol=1e-8)


def test_drifts_solve_their_equations():
    K, time = a_kernel(), 1.5
    third = np.random.default_rng(5).normal(size=(4, 4, 4))
    third = third + third.swapaxes(1, 2)

    def speed(_, state):
        r, rho, delta = state.reshape(3, 4)
        M = -sum(rho[i] * third[i] for i in range(4)) / 4
        return np.concatenate([-K @ r / 4, r, -(K @ delta + M @ r) / 4])

    start = np.concatenate([-Y, np.zeros(8)])
    end = solve_ivp(speed, (0, time), start, rtol=1e-10, atol=1e-12).y[:, -1].reshape(3, 4)
    drift = tangent_drift.kernel_drift(third, tangent_drift.flow_impulses(K, Y, time))
    np.testing.assert_allclose(drift, -np.einsum("i,ikl", end[1], third) / 4, rtol=1e-7)
    found = tangent_drift.linearization_drift(K, third, Y, time)
    np.testing.assert_allclose(found, end[2], rtol=1e-7)


def test_net_switches_count_what_a_fine_grid_counts():
    rng = np.random.default_rng(6)
    grid = np.linspace(-30, 30, 600_001) + 1e-7
    for _ in range(5):
        drift, jump = rng.normal(size=(2, 6))
        u = grid.copy()
        for v, b in zip(drift, jump, strict=True):
            u = u + v + b * (u > 0)
        expected = ((u > 0).sum() - (grid > 0).sum()) * 1e-4
        assert tangent_drift.net_switches(drift, jump) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_switch_matrix_is_that_of_neurons_on_both_sides_of_every_kink(sign):
    r = np.random.default_rng(7).normal(size=(5, 4)) * 3
    step, m, cell = 0.4, 1e10, 1e-3
    offsets = np.arange(-12, 12, cell) + cell / 2
    expected = np.zeros((4, 4))
    for k in range(4):
        for side in (1, -1):
            across = side * np.array([-X[k, 1], X[k, 0]])
            start = across + offsets[:, None] / m**0.5 * X[k]
            w = start.copy()
            for residual in r:
                w = w - step / 4 / m**0.5 * sign * (((w @ X.T) > 0) * residual) @ X
            after, before = ((v @ X.T > 0) * 1.0 for v in (w, start))
            density = 0.5 * cell / np.sqrt(2 * np.pi)
            expected += density * (after.T @ after - before.T @ before) * (X @ X.T)
    found = tangent_drift.switch_matrix(X, r, step, sign)
    np.testing.assert_allclose(found, expected, atol=3e-3)


def test_one_sample_switches_off():
    y, step, steps = 1.4, 0.3, 5  # the kernel is 1, so r = -y (1 - step)^s
    impulse = step * y * sum((1 - step) ** s for s in range(steps))
    point, label = X[:1], np.array([y])
    signs = tangent_drift.switching_drift(point, label, step, steps, signs=True)
    ones = tangent_drift.switching_drift(point, label, step, steps, signs=False)
    assert signs.item() == pytest.approx(-impulse / (2 * np.sqrt(2 * np.pi)), rel=1e-3)
    assert ones.item() == pytest.approx(4 * impulse / np.sqrt(2 * np.pi), rel=1e-3)


def test_ones_drift_and_switch_like_positive_signs():
    w, p = tangent_drift.gaussian_plane()
    K = tangent_drift.tangent_matrix(w, X, p, "relu")
    r = tangent_drift.kernel_residuals(K, Y, 0.3, 6)
    third = tangent_drift.third_order(w, X, p, "relu")
    up, down = (tangent_drift.switch_matrix(X, r, 0.3, sign) for sign in (1.0, -1.0))
    ones = tangent_drift.switching_drift(X, Y, 0.3, 6, signs=False)
    signs = tangent_drift.switching_drift(X, Y, 0.3, 6, signs=True)
    np.testing.assert_allclose(ones, up - np.einsum("i,ikl", 0.3 * r.sum(0), third) / 4)
    np.testing.assert_allclose(signs, (up + down) / 2)
