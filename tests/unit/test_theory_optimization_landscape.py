"""Landscapes: formulas against finite differences, solutions of the flow, and simulation."""

import numpy as np
import pytest
from mathdl.theory import optimization as theory
from scipy.integrate import solve_ivp

RNG = np.random.default_rng(11)


def hessian(f, theta, h=1e-3):
    """Central differences, exact up to rounding for quartic polynomials but for h² terms."""
    p = len(theta)
    H = np.zeros((p, p))
    for i in range(p):
        for j in range(p):
            e, g = h * np.eye(p)[i], h * np.eye(p)[j]
            H[i, j] = f(theta + e + g) - f(theta + e - g) - f(theta - e + g) + f(theta - e - g)
    return H / (4 * h * h)


def two_layers(s, learned, m):
    """The loss ½ |UV - diag(s)|² of a vector, and the balanced critical point."""
    k = len(s)

    def loss(theta):
        U, V = theta[: k * m].reshape(k, m), theta[k * m :].reshape(m, k)
        return np.sum((U @ V - np.diag(s)) ** 2) / 2

    U = np.zeros((k, m))
    for b, i in enumerate(learned):
        U[i, b] = np.sqrt(s[i])
    return loss, np.concatenate([U.ravel(), U.T.ravel()])


POINTS = [([3.0, 2.0, 1.0], learned, 2) for learned in ((), (0,), (2,), (0, 1), (2, 1))]
POINTS += [([2.0, 0.5], (1,), 3), ([2.0, 0.5], (0, 1), 3)]


@pytest.mark.parametrize(("s", "learned", "m"), POINTS)
def test_critical_points_of_two_layers_by_finite_differences(s, learned, m):
    loss, point = two_layers(s, learned, m)
    assert theory.critical_value(s, learned) == pytest.approx(loss(point))
    steps = 1e-5 * np.eye(len(point))
    slope = [(loss(point + e) - loss(point - e)) / 2e-5 for e in steps]
    assert np.abs(slope).max() < 1e-7
    found = np.linalg.eigvalsh(hessian(loss, point))
    np.testing.assert_allclose(theory.hessian_spectrum(s, learned, m), found, atol=1e-4)


def test_the_best_critical_value_is_that_of_the_best_approximation():
    Y = RNG.normal(size=(4, 4))
    u, s, v = np.linalg.svd(Y)
    best = np.sum((Y - u[:, :2] * s[:2] @ v[:2]) ** 2) / 2
    assert theory.critical_value(s, [0, 1]) == pytest.approx(best)


@pytest.mark.parametrize(("s", "start"), [(3.0, 1e-2), (0.7, 0.2), (1.0, 1.5)])
def test_learned_strength_is_what_the_flow_of_both_layers_gives(s, start):
    times = np.linspace(0, 3, 7)

    def flow(t, uv):
        u, v = uv
        return [v * (s - u * v), u * (s - u * v)]

    path = solve_ivp(flow, (0, 3), [start**0.5] * 2, t_eval=times, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(theory.learned_strength(s, start, times), path.y.prod(0), rtol=1e-7)


def hit(speed, start, level, longest):
    """When the solution of x' = speed(x) reaches the level."""

    def arrived(t, x):
        return x[0] - level

    arrived.terminal = True
    options = {"rtol": 1e-10, "atol": 1e-14, "method": "LSODA"}
    path = solve_ivp(lambda t, x: [speed(x[0])], (0, longest), [start], events=arrived, **options)
    return path.t_events[0][0]


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize(("s", "w"), [(1.0, 0.2), (2.5, 0.1), (0.4, 0.3)])
def test_half_time_is_when_equal_factors_arrive(depth, s, w):
    def speed(w):
        return w ** (depth - 1) * (s - w**depth)

    found = hit(speed, w, (s / 2) ** (1 / depth), 1e5)
    assert theory.half_time(s, w**depth, depth) == pytest.approx(found, rel=1e-6)


def test_half_time_has_two_layers_as_its_default():
    assert theory.half_time(1.0, 0.01) == theory.half_time(1.0, 0.01, 2)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_escape_exponent_is_that_of_very_small_starts(depth):
    times = [theory.half_time(1.0, w**depth, depth) for w in (1e-4, 1e-5)]
    assert np.log10(times[0] / times[1]) == pytest.approx(theory.escape_exponent(depth), abs=1e-3)


def test_two_layers_wait_a_logarithmic_time():
    times = [theory.half_time(1.0, w**2) for w in (1e-4, 1e-8)]
    assert times[1] / times[0] == pytest.approx(2, rel=0.01)
    assert theory.escape_exponent(2) == 0


@pytest.mark.parametrize(
    ("s", "gap", "level"), [(1.0, 0.1, 0.5), (2.0, 1e-4, 1.9), (0.3, 2.0, 0.1)]
)
def test_unbalanced_time_is_when_the_flow_of_both_layers_arrives(s, gap, level):
    def flow(t, uv):
        u, v = uv
        return [v * (s - u * v), u * (s - u * v)]

    def arrived(t, uv):
        return uv[0] * uv[1] - level

    arrived.terminal = True
    path = solve_ivp(flow, (0, 100), [gap**0.5, 0.0], events=arrived, rtol=1e-10, atol=1e-13)
    assert theory.unbalanced_time(s, gap, level) == pytest.approx(path.t_events[0][0], rel=1e-6)
    assert theory.unbalanced_time(s, gap, 0.0) == pytest.approx(0, abs=1e-12)


def test_flat_spectrum_is_that_of_the_hessian_where_the_residuals_vanish():
    x, theta = RNG.normal(size=(2, 3)), RNG.normal(size=5)

    def f(theta):
        """Two neurons with a square and an outer weight each, one input weight shared."""
        return theta[3] * np.tanh(x @ theta[:3]) + theta[4] * (x @ theta[:3]) ** 2

    y = f(theta)
    found = np.linalg.eigvalsh(hessian(lambda t: np.mean((f(t) - y) ** 2) / 2, theta))
    J = np.stack([(f(theta + e) - f(theta - e)) / 2e-5 for e in 1e-5 * np.eye(5)], axis=1)
    np.testing.assert_allclose(theory.flat_spectrum(J), found, atol=1e-4)
    assert theory.flat_spectrum(J)[-2:] == pytest.approx(np.linalg.eigvalsh(J.T @ J / 2)[-2:])


def test_steepness_is_the_least_squared_slope_over_twice_the_loss():
    J = RNG.normal(size=(3, 6))
    r = RNG.normal(size=(200_000, 3))
    ratio = np.sum((r @ J / 3) ** 2, axis=1) / np.mean(r**2, axis=1)
    assert ratio.min() >= theory.steepness(J)
    assert ratio.min() == pytest.approx(theory.steepness(J), rel=0.02)


@pytest.mark.parametrize(("low", "high", "m"), [(-1.0, 1.0, 1), (0.2, 3.0, 1), (-0.1, 0.3, 3)])
def test_dead_probability_by_a_fine_grid_of_angles(low, high, m):
    angle = 2 * np.pi * (np.arange(1_000_000) + 0.5) / 1_000_000
    w, b, x = np.cos(angle), np.sin(angle), np.linspace(low, high, 5)[:, None]
    share = (w * x + b < 0).all(0).mean()
    assert theory.dead_probability(low, high, m) == pytest.approx(share**m, rel=1e-4)


def test_path_loss_is_attained_by_parallel_residuals_and_no_others():
    share = np.linspace(0, 1, 11)[:, None]
    r = RNG.normal(size=5)
    for other, same in ((3 * r, True), (RNG.normal(size=5), False)):
        along = np.mean(((1 - share) * r + share * other) ** 2, axis=1) / 2
        bound = theory.path_loss(np.mean(r**2) / 2, np.mean(other**2) / 2, share[:, 0])
        assert (along <= bound * (1 + 1e-12)).all()
        assert np.allclose(along, bound) == same


def test_narrow_valleys_on_a_grid():
    first, second = 1.5, -0.8
    w, b = np.meshgrid(np.linspace(-2, 2, 161), np.linspace(-2, 2, 161))
    one, other = np.maximum(w + b, 0), np.maximum(b - w, 0)
    outer = np.linspace(-3, 3, 61)
    least = [((a * one - first) ** 2 + (a * other - second) ** 2).min() / 4 for a in outer]
    up, down, height = theory.narrow_valleys(first, second)
    assert min(least[31:]) == pytest.approx(up, abs=1e-4)
    assert min(least[:30]) == pytest.approx(down, abs=1e-4)
    assert least[30] == pytest.approx(height)  # a = 0


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: theory.hessian_spectrum([1.0, 0.0], [], 1), "s="),
        (lambda: theory.hessian_spectrum([1.0], [], 0), "m=0"),
        (lambda: theory.hessian_spectrum([2.0, 1.0], [0, 1], 1), "learned"),
        (lambda: theory.learned_strength(0.0, 0.1, 1.0), "s=0"),
        (lambda: theory.learned_strength(1.0, -0.1, 1.0), "start"),
        (lambda: theory.half_time(1.0, 0.5), "start"),
        (lambda: theory.half_time(1.0, 0.1, 1), "depth"),
        (lambda: theory.half_time(-1.0, 0.1), "s="),
        (lambda: theory.escape_exponent(1), "depth"),
        (lambda: theory.unbalanced_time(1.0, 0.0, 0.5), "gap"),
        (lambda: theory.unbalanced_time(1.0, 0.1, 1.0), "reached"),
        (lambda: theory.unbalanced_time(1.0, 0.1, -0.1), "reached"),
        (lambda: theory.flat_spectrum(np.ones((3, 2))), "jacobian"),
        (lambda: theory.dead_probability(1.0, 0.0, 1), "low"),
        (lambda: theory.dead_probability(0.0, 1.0, 0), "m=0"),
        (lambda: theory.path_loss(-1.0, 0.0, 0.5), "loss"),
        (lambda: theory.narrow_valleys(1.0, 0.0), "second"),
        (lambda: theory.narrow_valleys(0.0, -1.0), "first"),
    ],
)
def test_arguments_outside_the_theorems_are_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
