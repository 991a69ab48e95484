"""Closed forms of the page on memorization against loops, linear programs and simulation."""

from itertools import product

import numpy as np
import pytest
from mathdl.theory import estimation as theory
from scipy.integrate import solve_ivp
from scipy.optimize import linprog, minimize

RNG = np.random.default_rng(0)


def labelings(n):
    return np.array(list(product([-1.0, 1.0], repeat=n)))


def least_on_the_line(x, y, margin):
    """The same problem as a linear program: neurons with kinks in the data, a free constant."""
    neurons = np.hstack([np.maximum(x[:, None] - x, 0), np.maximum(x - x[:, None], 0)])
    columns = np.hstack([neurons, -neurons, np.ones((len(x), 1))])
    cost = np.append(np.ones(4 * len(x)), 0)
    bounds = [(0, None)] * (4 * len(x)) + [(None, None)]
    if margin:
        return linprog(cost, A_ub=-y[:, None] * columns, b_ub=-np.ones(len(x)), bounds=bounds).fun
    return linprog(cost, A_eq=columns, b_eq=y, bounds=bounds).fun


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4)])
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_descent_iterate_is_the_loop(shape, steps):
    features, y, u = RNG.normal(size=shape), RNG.normal(size=shape[0]), RNG.normal(size=shape[1])
    lr = 1.3 * shape[0] / np.linalg.norm(features, 2) ** 2
    expected = u.copy()
    for _ in range(steps):
        expected -= lr * features.T @ (features @ expected - y) / shape[0]
    np.testing.assert_allclose(
        theory.descent_iterate(features, y, lr, steps, start=u), expected, atol=1e-12
    )


def test_descent_ends_at_the_nearest_minimizer_of_a_deficient_problem():
    features = RNG.normal(size=(5, 2)) @ RNG.normal(size=(2, 6))
    y, u = RNG.normal(size=5), RNG.normal(size=6)
    end = theory.descent_iterate(features, y, 0.01, start=u)
    inverse = np.linalg.pinv(features, rcond=1e-8)
    np.testing.assert_allclose(end, inverse @ y + u - inverse @ features @ u, atol=1e-10)
    np.testing.assert_allclose(theory.descent_iterate(features, y, 0.01), inverse @ y, atol=1e-10)


def test_tiny_singular_values_count_and_rounding_does_not():
    end = theory.descent_iterate(np.diag([1.0, 1.02e-12, 0.98e-12]), [1.0, 1.0, 1.0], 1.0)
    assert end[1] == pytest.approx(1 / 1.02e-12)
    assert end[2] == 0


@pytest.mark.parametrize("lr", [0.0, -0.1, 2.0, 2.1])
def test_descent_needs_a_stable_step(lr):
    with pytest.raises(ValueError, match="lr="):
        theory.descent_iterate(np.eye(2) * np.sqrt(2), [1.0, 1.0], lr)


def test_descent_with_nearly_the_largest_step_is_accepted():
    assert theory.descent_iterate([[1.0]], [1.0], lr=1.99, steps=1)[0] == pytest.approx(1.99)


@pytest.mark.parametrize("q", [0.0, 0.1, 0.5, 0.9])
def test_noisy_labels_square_is_the_mean_over_all_flips(q):
    features, y = RNG.normal(size=(5, 8)), labelings(5)[11]
    mean = 0.0
    for flips in labelings(5):
        chance = np.prod(np.where(flips < 0, q, 1 - q))
        mean += chance * np.sum((np.linalg.pinv(features) @ (flips * y)) ** 2)
    assert theory.noisy_labels_square(features, y, q) == pytest.approx(mean)


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_flips_are_a_probability(q):
    with pytest.raises(ValueError, match="flips="):
        theory.noisy_labels_square(np.eye(2), [1.0, 1.0], q)
    with pytest.raises(ValueError, match="flips="):
        theory.expected_labels_norm([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], q)


def test_certain_flips_are_allowed():
    x, y = [0.0, 1.0, 3.0], [1.0, 1.0, -1.0]
    assert theory.expected_labels_norm(x, y, 1.0) == theory.labels_norm(x, y)


def test_sign_interpolant_has_the_least_maximum():
    phi, y = np.array([1.0, -2.0, 0.5]), -3.0
    least = linprog(
        [0, 0, 0, 1],
        A_ub=np.block([[np.eye(3), -np.ones((3, 1))], [-np.eye(3), -np.ones((3, 1))]]),
        b_ub=np.zeros(6),
        A_eq=[[*phi, 0]],
        b_eq=[y],
        bounds=[(None, None)] * 4,
    )
    np.testing.assert_allclose(theory.sign_interpolant(phi, y), least.x[:3], atol=1e-9)


def test_memorizer_cost_is_that_of_the_solved_network():
    t, y = np.sort(RNG.normal(size=7)), RNG.normal(size=7)
    kinks = np.concatenate([[t[0] - 1], t[:-1]])
    a = np.linalg.solve(np.maximum(t[:, None] - kinks, 0), y)
    assert theory.memorizer_cost(t, y) == pytest.approx(np.abs(a).sum())


@pytest.mark.parametrize("n", [3, 4, 6])
def test_labels_norm_and_margin_norm_are_linear_programs(n):
    x = np.cumsum(RNG.uniform(0.3, 2, n))
    for y in labelings(n):
        least = least_on_the_line(x, y, margin=False)
        assert theory.labels_norm(x, y) == pytest.approx(least, abs=1e-9)
        classified = least_on_the_line(x, y, margin=True)
        assert theory.margin_norm(x, y) == pytest.approx(classified, abs=1e-9)


@pytest.mark.parametrize("q", [0.0, 0.2, 0.5])
def test_expected_labels_norm_is_the_mean_over_all_flips(q):
    x, y = np.cumsum(RNG.uniform(0.3, 2, 5)), labelings(5)[5]
    chances = [np.prod(np.where(flips < 0, q, 1 - q)) for flips in labelings(5)]
    costs = [least_on_the_line(x, flips * y, margin=False) for flips in labelings(5)]
    assert theory.expected_labels_norm(x, y, q) == pytest.approx(np.dot(chances, costs))


def test_flip_cost_is_a_difference_of_linear_programs():
    x, y = np.cumsum(RNG.uniform(0.3, 2, 7)), np.ones(7)
    flipped = np.where(np.arange(7) == 3, -1.0, 1.0)
    left, right = np.diff(x)[2:4]
    added = least_on_the_line(x, flipped, False) - least_on_the_line(x, y, False)
    assert theory.flip_cost(left, right) == pytest.approx(added)


@pytest.mark.parametrize("n", [3, 4, 7])
def test_expected_margin_norm_is_the_mean_over_all_labels(n):
    x = np.linspace(0, 1, n)
    costs = [least_on_the_line(x, y, margin=True) for y in labelings(n)]
    assert theory.expected_margin_norm(n) == pytest.approx(np.mean(costs))


@pytest.mark.parametrize("bad", [[0.0, 1.0], [0.0, 2.0, 1.0]])
def test_points_on_the_line_increase(bad):
    for cost in (theory.labels_norm, theory.margin_norm):
        with pytest.raises(ValueError, match="three increasing"):
            cost(bad, np.ones(len(bad)))


def test_noisy_line_norm_against_draws():
    n, noise = 6, 0.3
    y = noise * np.random.default_rng(2).normal(size=(200_000, n)) + np.arange(n)
    costs = np.abs(np.diff(y, 2) * (n - 1)).sum(axis=1)
    error = costs.std() / np.sqrt(len(costs))
    assert error < 0.002 * costs.mean()
    assert theory.noisy_line_norm(n, noise) == pytest.approx(costs.mean(), abs=5 * error)


def test_logistic_margin_share_is_that_of_the_flow():
    x = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.0, 3.0]])
    times = [0.5, 20.0, 300.0]

    def slope(_, u):
        return x.T @ (1 / (1 + np.exp(x @ u))) / 3

    u = solve_ivp(slope, (0, 300), np.zeros(3), t_eval=times, rtol=1e-10, atol=1e-12).y
    margins = (x @ u).min(axis=0) / np.linalg.norm(u, axis=0)
    greatest = 1 / np.linalg.norm(np.linalg.solve(x, np.ones(3)))
    shares = theory.logistic_margin_share(np.linalg.norm(x, axis=1), times)
    np.testing.assert_allclose(shares, margins / greatest, rtol=1e-7)


def test_logistic_margin_constant_at_a_very_long_time():
    r, log_time = np.array([0.5, 1.0, 4.0]), 1e7
    q = log_time + np.log(r**2 / 3)  # e^q is all of q + e^q
    share = q.min() / np.linalg.norm(q / r) * np.linalg.norm(1 / r)
    assert theory.logistic_margin_constant(r) == pytest.approx((1 - share) * log_time, rel=1e-5)
    near = theory.logistic_margin_share(r, [1e100, 1e120])
    speed = np.log(1e20) / np.diff(1 / (1 - near))[0]
    assert theory.logistic_margin_constant(r) == pytest.approx(speed, rel=1e-3)


def test_orthonormal_norm_against_descent_on_two_neurons_for_each_label():
    y = np.array([1.0, 2.0, -1.0])
    angles = np.linspace(0, np.pi / 2, 2001)
    rays = np.stack([np.cos(angles), np.sin(angles), 0 * angles])
    neurons = np.hstack([rays, -np.eye(3)[:, 2:]])
    columns = np.hstack([neurons, -np.maximum(np.eye(3), 0)])
    least = linprog(np.ones(columns.shape[1]), A_eq=columns, b_eq=y)
    assert theory.orthonormal_norm(y) == pytest.approx(least.fun, rel=1e-6)


def test_orthonormal_weight_decay_is_a_minimum():
    y, penalty = np.array([1.0, 1.0, -2.0]), 0.1

    def objective(v):
        parts = np.linalg.norm(np.maximum(v, 0)) + np.linalg.norm(np.minimum(v, 0))
        return ((v - y) ** 2).mean() / 2 + penalty * parts

    found = minimize(objective, 0.8 * y, method="BFGS", options={"gtol": 1e-9})
    value, norm = theory.orthonormal_weight_decay(y, penalty)
    assert value == pytest.approx(found.fun, rel=1e-7)
    assert norm == pytest.approx(theory.orthonormal_norm(found.x), rel=1e-4)


@pytest.mark.parametrize(("y", "penalty"), [([1, -1], 0.0), ([1, -1], 0.51), ([1, 1], 0.1)])
def test_orthonormal_weight_decay_needs_a_small_penalty(y, penalty):
    with pytest.raises(ValueError, match="penalty="):
        theory.orthonormal_weight_decay(y, penalty)


def test_orthonormal_weight_decay_until_one_part_vanishes():
    value, norm = theory.orthonormal_weight_decay([1.0, -1.0], 0.5)
    assert value == pytest.approx(0.5)
    assert norm == pytest.approx(0.0)


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_orthonormal_means_are_over_all_labels(n):
    y = labelings(n)
    costs = np.array([theory.orthonormal_norm(row) for row in y])
    assert theory.orthonormal_mean_norm(n) == pytest.approx(costs.mean())
    positive = (y > 0).sum(axis=1)
    complexity = np.sqrt(np.maximum(positive, n - positive)).mean() / n
    assert theory.orthonormal_tightness(n) == pytest.approx((1 / costs).mean() / complexity)


def test_orthonormal_inequality_becomes_sharp():
    for n in (10, 100, 1000):
        assert (1 + n**-0.5) ** -0.5 <= theory.orthonormal_tightness(n) <= 1


def test_random_labels_margin_is_its_formula():
    x = RNG.normal(size=(5, 3))
    total = sum(float(row @ row) + 1 for row in x)
    assert theory.random_labels_margin(x) ** 2 == pytest.approx(9 * total / 100)


def test_random_labels_margin_bounds_the_complexity_of_neurons():
    x, signs = RNG.normal(size=(6, 1)), labelings(6)
    weights = np.linspace(-1, 1, 401)
    w = np.concatenate([weights, weights])
    b = np.concatenate([1 - np.abs(weights), np.abs(weights) - 1])
    gains = np.abs(signs @ np.maximum(x * w + b, 0)).max(axis=1) / 6
    assert gains.mean() <= theory.random_labels_margin(x)
