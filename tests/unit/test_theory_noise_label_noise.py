"""Label noise: closed forms against single steps, simulations, other solvers and brute force."""

from itertools import combinations, product

import numpy as np
import pytest
from mathdl.theory import noise as theory
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

BALANCED = np.sqrt([4.25 / 2 + 3.75 / 2, 4.25 / 2 - 3.75 / 2])  # (u, v) with uv = 1, D = 3.75


def step_of_product(u, v, eta, label):
    g = u * v - label
    return u - eta * g * v, v - eta * g * u


def test_one_step_multiplies_the_balance_by_the_factor():
    rng = np.random.default_rng(0)
    u, v, label = rng.normal(size=(3, 50))
    a, b = step_of_product(u, v, 0.7, label)
    factor = theory.balance_factor(0.7, u * v - label)
    assert (a**2 - b**2) == pytest.approx(factor * (u**2 - v**2))


def test_the_bound_is_attained_in_the_first_step_from_a_minimum():
    u, v = BALANCED[::-1]  # D < 0
    ends = [step_of_product(u, v, 0.3, 1 + xi) for xi in (-0.4, 0.4)]
    mean = np.mean([abs(a**2 - b**2) for a, b in ends])
    assert theory.balance_bound(u**2 - v**2, 0.3, 0.4, 1) == pytest.approx(mean)


def test_the_bound_holds_for_all_paths_of_coin_flips_and_is_geometric():
    total, count = 0.0, 8
    for flips in product((-0.2, 0.2), repeat=count):
        u, v = BALANCED
        for xi in flips:
            u, v = step_of_product(u, v, 0.2, 1 + xi)
        total += abs(u**2 - v**2) / 2**count
    bound = theory.balance_bound(3.75, 0.2, 0.2, np.array([count, count - 1]))
    assert total < bound[0]
    assert bound[0] == pytest.approx(theory.balance_bound(bound[1], 0.2, 0.2, 1))


@pytest.mark.parametrize("step", [0.05, 0.3, 0.45])
def test_the_drift_solves_its_equation(step):
    noise, steps = 0.1, 900

    def slope(_, D):
        S = np.sqrt(D**2 + 4)
        return -2 * (step * noise) ** 2 * D / (2 - step * S)

    path = solve_ivp(slope, (0, steps), [3.75], rtol=1e-10, atol=1e-12)
    end = theory.balance_drift(3.75, step, noise, steps)
    assert end == pytest.approx(path.y[0, -1], rel=1e-7)
    assert theory.balance_drift(3.75, step, noise, 0) == pytest.approx(3.75)


def test_the_drift_against_simulated_coin_flips():
    rng = np.random.default_rng(1)
    u, v = np.repeat(BALANCED[:, None], 4000, axis=1)
    for _ in range(1500):
        u, v = step_of_product(u, v, 0.4, 1 + rng.choice([-0.05, 0.05], 4000))
    end = theory.balance_drift(3.75, 0.4, 0.05, 1500)
    assert (u**2 - v**2).mean() == pytest.approx(end, rel=0.01)


def test_small_steps_follow_the_flow_of_the_trace_along_the_hyperbola():
    step, noise, steps = 0.2, 0.1, 2000

    def slope(_, u):  # on v = 1/u: -grad of (step noise²/4)(u² + u^-2), in arc length
        metric = 1 + u**-4
        return -step * noise**2 / 4 * (2 * u - 2 * u**-3) / metric

    u = solve_ivp(slope, (0, step * steps), BALANCED[:1], rtol=1e-10, atol=1e-12).y[0, -1]
    assert theory.balance_small_step(3.75, step, noise, steps) == pytest.approx(u**2 - u**-2)


def test_both_drifts_agree_for_a_tiny_step():
    few = theory.balance_drift(3.75, 1e-5, 1.0, 1e10)
    assert few == pytest.approx(theory.balance_small_step(3.75, 1e-5, 1.0, 1e10), rel=1e-4)


def test_the_trace_is_that_of_the_hessian_at_the_minimum_with_this_balance():
    D = theory.balance_drift(3.75, 0.3, 0.1, 400)
    u2 = max(np.roots([1, -D, -1]))  # u² - 1/u² = D
    assert theory.balanced_trace(3.75, 0.3, 0.1, 400) == pytest.approx(u2 + 1 / u2)


@pytest.mark.parametrize("start, step", [(0.0, 0.1), (-1.0, 0.1), (3.75, 0.48)])
def test_the_drift_refuses_what_it_does_not_cover(start, step):
    with pytest.raises(ValueError, match="not stable"):
        theory.balance_drift(start, step, 0.1, 10)


def test_the_flattest_interpolant_by_brute_force_and_by_its_certificate():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(3, 7)), rng.normal(size=3)
    value, beta, nu = theory.flattest_interpolant(x, y)
    price = (x**2).mean(axis=0)
    vertices = [(S, np.linalg.solve(x[:, S], y)) for S in map(list, combinations(range(7), 3))]
    assert value == pytest.approx(min(price[S] @ abs(b) for S, b in vertices))
    assert x @ beta == pytest.approx(y) and price @ abs(beta) == pytest.approx(value)
    assert nu @ y == pytest.approx(value) and (abs(x.T @ nu) <= price * (1 + 1e-9)).all()


def test_no_interpolant_is_an_error():
    with pytest.raises(ValueError, match="no coefficients"):
        theory.flattest_interpolant(np.ones((2, 3)), np.array([0.0, 1.0]))


def interpolant(x, y, C):
    """Least Σ C_j q(β_j / C_j) with xβ = y, over the kernel of x."""
    base, kernel = np.linalg.pinv(x) @ y, np.linalg.svd(x)[2][len(y) :].T

    def cost(h):
        z = (base + kernel @ h) / C
        value = C @ (2 - np.sqrt(4 + z**2) + z * np.arcsinh(z / 2))
        return value, kernel.T @ np.arcsinh(z / 2)

    h = minimize(cost, np.zeros(kernel.shape[1]), jac=True, tol=1e-12).x
    return base + kernel @ h


def test_the_products_fall_at_the_rate_of_the_settled_residuals():
    rng = np.random.default_rng(3)
    x, y, C = rng.normal(size=(2, 4)), np.array([1.0, -0.5]), np.array([0.2, 0.3, 0.1, 0.4])
    step, noise, n = 0.08, 0.2, 2
    beta = interpolant(x, y, C)
    A = np.eye(n) - step / n * 4 * (x * np.sqrt(beta**2 + 4 * C**2)) @ x.T
    assert np.abs(np.linalg.eigvalsh(A)).max() < 1
    R = np.zeros((n, n))
    for _ in range(4000):
        R = A @ R @ A + noise**2 * (np.eye(n) - A) @ (np.eye(n) - A)
    squares = np.einsum("ij,ik,kj->j", x, R + noise**2 * np.eye(n), x) / n**2
    C1 = theory.label_noise_products(x, y, C, step, noise, np.array([0, 1e-3]))[-1]
    assert np.log(C1 / C) / 1e-3 == pytest.approx(-4 * step**2 * squares, rel=1e-4)


def test_the_products_of_one_factor_are_the_balance():
    steps, one = np.array([0, 200, 700]), np.ones((1, 1))
    C = theory.label_noise_products(one, one[0], np.array([3.75 / 4]), 0.2, 0.1, steps)
    D = [theory.balance_drift(3.75, 0.4, 0.1, t) for t in steps]
    assert 4 * C[:, 0] == pytest.approx(D, rel=1e-6)


def test_the_products_against_simulated_coin_flips():
    rng = np.random.default_rng(4)
    x, y, C = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 1.0]]), np.array([1.0, 0.5]), np.full(3, 0.25)
    step, noise, steps, E = 0.1, 0.1, 2500, 400
    beta = interpolant(x, y, C)
    both = np.sqrt(beta**2 + 4 * C**2)
    p, q = np.tile(np.sqrt((both + beta) / 2), (E, 1)), np.tile(np.sqrt((both - beta) / 2), (E, 1))
    for _ in range(steps):
        g = (p**2 - q**2) @ x.T - y - rng.choice([-noise, noise], (E, 2))
        G = g @ x / 2
        p, q = p * (1 - 2 * step * G), q * (1 + 2 * step * G)
    end = theory.label_noise_products(x, y, C, step, noise, np.array([0, steps]))[-1]
    assert (p * q).mean(axis=0) == pytest.approx(end, rel=0.02)
    assert (p**2 - q**2).mean(axis=0) == pytest.approx(interpolant(x, y, end), abs=0.01)


def test_an_unstable_step_is_an_error():
    with pytest.raises(ValueError, match="unstable"):
        theory.label_noise_products(np.ones((1, 1)), np.ones(1), np.ones(1), 0.3, 0.1, np.arange(2))


@pytest.mark.parametrize("time", [0.5, 3.0, 12.0])
def test_the_weighted_norm_stays_below_its_bound(time):
    rng = np.random.default_rng(5)
    x, y, C = rng.normal(size=(2, 5)), rng.normal(size=2), rng.uniform(0.1, 1, 5)
    price = (x**2).mean(axis=0)
    value, least, _ = theory.flattest_interpolant(x, y)
    bound = theory.weighted_norm_bound(least, price, C, time)
    reached = price @ abs(interpolant(x, y, C * np.exp(-price * time)))
    assert value * (1 - 1e-6) <= reached <= bound
    cost = sum(abs(b) * np.log((c + abs(b)) / c) + c for b, c in zip(least, C, strict=True))
    assert bound == pytest.approx(value + cost / time)


def test_a_time_that_is_not_positive_is_an_error():
    with pytest.raises(ValueError, match="time"):
        theory.weighted_norm_bound(np.ones(1), np.ones(1), np.ones(1), 0.0)
