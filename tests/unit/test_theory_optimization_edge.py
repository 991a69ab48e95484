"""The edge of stability: formulas against matrices, quadrature and plain gradient descent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import optimization as theory
from scipy.integrate import solve_ivp


def descend(x, y, step, steps, slope=lambda u: u - 1):
    for _ in range(steps):
        g = slope(x * y)
        x, y = x - step * g * y, y - step * g * x
    return x, y


def hessian_at_minimum(x, y, curvature):
    """Of ℓ(xy) with ℓ(u) = curvature (u - 1)²/2, by second differences."""
    e = 1e-3

    def L(p):
        return curvature * (p[0] * p[1] - 1) ** 2 / 2

    units, p = np.eye(2) * e, np.array([x, y])
    return np.array(
        [[L(p + a + b) - L(p + a - b) - L(p - a + b) + L(p - a - b) for a in units] for b in units]
    ) / (4 * e**2)


@given(st.floats(0.01, 5), st.floats(0, 0.95), st.floats(-1, 6))
def test_heavy_ball_factor_is_the_spectral_radius(step, momentum, curvature):
    matrix = np.array([[1 - step * curvature, -step * momentum], [curvature, momentum]])
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    factor = theory.heavy_ball_factor(curvature, step, momentum)
    assert factor == pytest.approx(radius, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("share", [0.99, 1.02])
def test_heavy_ball_factor_beside_the_change_from_complex_to_real_roots(share):
    b = np.sqrt(4 * 0.9 * share)
    radius = np.abs(np.roots([1, b, 0.9])).max()
    assert theory.heavy_ball_factor(1.9 + b, 1.0, 0.9) == pytest.approx(radius)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_threshold_is_where_powers_stop_to_decay(momentum):
    threshold = theory.stability_threshold(0.3, momentum)
    for share, stable in ((0.999, True), (1.001, False)):
        e, v = 1.0, 0.0
        for _ in range(20000):
            v = momentum * v + share * threshold * e
            e = e - 0.3 * v
            if abs(e) > 1e6:
                break
        assert (abs(e) < 1e-4) == stable


def test_threshold_of_gradient_descent_is_that_without_momentum():
    assert theory.stability_threshold(0.3) == theory.stability_threshold(0.3, 0.0)


@pytest.mark.parametrize(("x", "curvature"), [(1.0, 1.0), (3.0, 1.0), (0.7, 2.0)])
def test_sharpness_and_largest_step_are_those_of_the_hessian(x, curvature):
    eigenvalues = np.linalg.eigvalsh(hessian_at_minimum(x, 1 / x, curvature))
    sharpness = theory.product_sharpness(x**2 - 1 / x**2, curvature)
    assert eigenvalues == pytest.approx([0, sharpness], abs=1e-4)
    assert theory.largest_step(x, 1 / x, curvature) == pytest.approx(2 / sharpness)
    if curvature == 1:
        assert theory.product_sharpness(x**2 - 1 / x**2) == sharpness
        assert theory.largest_step(x, 1 / x) == theory.largest_step(x, 1 / x, 1.0)


def test_step_curvature_is_the_weighted_mean_along_the_step():
    """L = θ⁴ - θ from θ = 0.8, with Gauss quadrature of its second derivative."""
    theta, step = 0.8, 0.3
    g = 4 * theta**3 - 1
    after = theta - step * g
    change = after**4 - after - theta**4 + theta
    s, weight = np.polynomial.legendre.leggauss(5)
    s, weight = (s + 1) / 2, weight / 2
    mean = np.sum(weight * 2 * (1 - s) * 12 * (theta - s * step * g) ** 2)
    assert theory.step_curvature(step, g**2, change) == pytest.approx(mean)


@pytest.mark.parametrize("steps", [0, 1, 2, 30])
def test_product_end_is_gradient_descent(steps):
    x, y = np.array([2.0, 0.3, -1.0]), np.array([0.1, 0.4, 0.8])
    a, b = descend(x, y, 0.3, steps)
    u, D = theory.product_end(x, y, 0.3, steps)
    np.testing.assert_allclose(u, a * b, rtol=1e-9)
    np.testing.assert_allclose(D, a**2 - b**2, rtol=1e-9)


@pytest.mark.parametrize("h", [0.3, 0.7])
@pytest.mark.parametrize("p", [0.3, -2.0, 5.0])
def test_overshoot_is_that_of_gradient_descent(h, p):
    ends = []
    for delta in (2e-3, 1e-3):
        S, u = (2 + delta) / h, 1 + p * delta
        D = np.sqrt(S**2 - 4)
        Q = np.hypot(D, 2 * u)
        x, y = descend(np.sqrt((Q + D) / 2), np.sqrt((Q - D) / 2), h, int(16 / delta))
        ends.append((h * np.hypot(x**2 - y**2, 2) - 2) / delta)
    limit = 2 * ends[1] - ends[0]
    assert theory.overshoot(p, step=h) == pytest.approx(limit, rel=0.002)
    assert theory.overshoot(p, step=h / 2, curvature=2.0) == theory.overshoot(p, step=h)


@pytest.mark.parametrize("p", [0.2, -1.5])
@pytest.mark.parametrize("kink", [-0.4, 0.5])
def test_overshoot_at_a_kink_is_that_of_gradient_descent(kink, p):
    h, ends = 0.6, []
    for delta in (4e-3, 2e-3):
        S, u = (2 + delta) / h, 1 + p * delta
        D = np.sqrt(S**2 - 4)
        Q = np.hypot(D, 2 * u)
        x, y = np.sqrt((Q + D) / 2), np.sqrt((Q - D) / 2)

        def slope(u):
            return (u - 1) * (1 + kink * abs(u - 1) / 2)

        x, y = descend(x, y, h, int(25 / delta), slope)
        ends.append((h * np.hypot(x**2 - y**2, 2) - 2) / delta)
    limit = 2 * ends[1] - ends[0]
    assert theory.overshoot(p, step=h, kink=kink) == pytest.approx(limit, rel=0.002)


@pytest.mark.parametrize("kink", [-0.9, -0.3, 0.6])
def test_overshoot_at_a_kink_is_half_a_turn_of_the_oscillator(kink):
    """(E, P)' = (-κP, E + kP) from (1, p), integrated until P vanishes."""
    h, p = 0.7, 0.8
    kappa = 2 * h**2 * (1 - h**2)

    def end(s, state):
        return state[1]

    end.terminal, end.direction = True, -1
    run = solve_ivp(
        lambda s, z: (-kappa * z[1], z[0] + kink * z[1]),
        (0, 100),
        (1, p),
        events=end,
        rtol=1e-10,
        atol=1e-12,
    )
    assert theory.overshoot(p, step=h, kink=kink) == pytest.approx(run.y_events[0][0, 0], rel=1e-6)


def test_overshoot_at_a_kink_with_the_curvature_of_the_loss():
    one = theory.overshoot(1.0, step=0.6, kink=0.3)
    assert theory.overshoot(1.0, step=0.3, curvature=2.0, kink=0.3) == one


@pytest.mark.parametrize("step", [0.02, 0.05, 0.1])
def test_quartic_end_is_that_of_gradient_descent(step):
    x = np.sqrt(1.02 / step)
    x, y = descend(x, 1 / x + 1e-3, step, int(16 / step**2) + 5000, lambda u: u**3 - u)
    below = 2 - step * 2 * (x**2 + y**2)
    assert 2 - step * theory.quartic_end(step) == pytest.approx(below, rel=0.002 + 0.1 * step)


@pytest.mark.parametrize("step", [0.1, 0.25, 0.4])
def test_quartic_end_is_made_of_the_taylor_coefficients_of_the_map(step):
    """The map of v = xy - 1 at the threshold, fitted by a polynomial on Chebyshev points."""
    h = 2 * step
    D2, v = (2 / h) ** 2 - 4, 0.05 * np.cos(np.linspace(0, np.pi, 15))
    g = (1 + v) ** 3 - (1 + v)
    after = v - step * g * np.sqrt(D2 + 4 * (1 + v) ** 2) + (step * g) ** 2 * (1 + v)
    _, first, alpha, b = np.polynomial.Polynomial.fit(v, after, 9).convert().coef[:4]
    excess = h * np.sqrt(D2 * (1 - (step * 2e-4) ** 2) ** 2 + 4) - 2  # after v = 1e-4, g = 2v
    mu = -excess / 1e-8 / (2 * (alpha**2 + b))
    assert first == pytest.approx(-1)
    assert 2 - step * theory.quartic_end(step) == pytest.approx(mu, rel=1e-5)


@pytest.mark.parametrize("curvature", [2.5, 3.0, 3.2])
def test_two_cycle_attracts(curvature):
    theta = 0.3
    for _ in range(4000):
        theta = -(curvature - 1) * theta * (1 - theta**2) ** 2
    assert abs(theta) == pytest.approx(theory.two_cycle(curvature))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.stability_threshold(0.0), "step=0.0"),
        (lambda: theory.stability_threshold(1.0, 1.0), "momentum=1.0"),
        (lambda: theory.heavy_ball_factor(1.0, -1.0, 0.0), "step=-1.0"),
        (lambda: theory.heavy_ball_factor(1.0, 1.0, -0.1), "momentum=-0.1"),
        (lambda: theory.largest_step(1.0, 2.0), "x=1.0, y=2.0"),
        (lambda: theory.largest_step(1.0, 1.0, 0.0), "curvature=0.0"),
        (lambda: theory.step_curvature(0.0, 1.0, 0.0), "step=0.0"),
        (lambda: theory.step_curvature(1.0, np.array([1.0, 0.0]), 0.0), "gradient_square=0.0"),
        (lambda: theory.product_sharpness(0.0, -1.0), "curvature=-1.0"),
        (lambda: theory.product_end(1.0, 1.0, 0.0, 1), "step=0.0"),
        (lambda: theory.overshoot(1.0, 1.0), "1.0: use a number"),
        (lambda: theory.overshoot(1.0, 0.0), "0.0: use a number"),
        (lambda: theory.overshoot(1.0, 0.5, kink=1.3), "kink=1.3"),
        (lambda: theory.overshoot(1.0, 0.5, kink=-1.25), "kink=-1.25"),
        (lambda: theory.overshoot(1.0, 1 / 3, kink=8 / 9), "kink=0.88"),
        (lambda: theory.quartic_end(0.0), "step=0.0"),
        (lambda: theory.quartic_end(0.5), "step=0.5"),
        (lambda: theory.two_cycle(2.0), "curvature=2.0"),
        (lambda: theory.two_cycle(3.25), "curvature=3.25"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
