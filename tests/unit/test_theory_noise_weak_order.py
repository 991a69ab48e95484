"""Weak orders: closed forms against brute force, moment equations and quadrature."""

from itertools import product

import numpy as np
import pytest
from mathdl.theory import noise as theory
from scipy.integrate import quad, solve_ivp

EQUATIONS = ("gradient flow", "SDE", "modified SDE")


def second_moment(equation, a, s, noise, start, time, step):
    """E X_T² of an equation, from its moment equation by Runge and Kutta."""
    drift = a + (step * a**2 / 2 if equation == "modified SDE" else 0)
    jump = 0 if equation == "gradient flow" else step

    def right(t, m):
        return -2 * drift * m + jump * (s**2 * m + noise**2)

    return solve_ivp(right, (0, time), [start**2], rtol=1e-12, atol=1e-14).y[0, -1]


def sgd_second_moment(a, s, noise, start, time, N):
    """The same after N steps, drawn from four pairs with these moments."""
    A, b = [a + s, a + s, a - s, a - s], [noise, -noise] * 2
    return theory.linear_sgd_moment(2, A, b, start, time / N, N)


def test_moments_are_those_of_all_paths():
    A, b, start, step, steps = [0.3, 2.0, 1.0], [1.0, -0.5, 0.2], 0.7, 0.4, 5
    ends = []
    for path in product(range(3), repeat=steps):
        x = start
        for i in path:
            x = x - step * (A[i] * x - b[i])
        ends.append(x)
    for power in range(6):
        found = theory.linear_sgd_moment(power, A, b, start, step, steps)
        assert found == pytest.approx(np.mean(np.array(ends) ** power), rel=1e-12)
    assert theory.linear_sgd_moment(3, A, b, 2.0, step, 0) == 8


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("case", [(1, 0.5, 1, 1, 1), (0.7, 1.1, 0.6, -1.3, 1.7), (1, 1, 0.5, 2, 1)])
def test_weak_coefficients(equation, case):
    order, time = theory.weak_error_order(equation), case[-1]
    scaled = []
    for N in (400, 800):
        error = sgd_second_moment(*case, N) - second_moment(equation, *case, time / N)
        scaled.append(error * (N / time) ** order)
    limit = 2 * scaled[1] - scaled[0]
    assert theory.weak_coefficient(equation, *case) == pytest.approx(limit, rel=2e-3)


def test_the_floor_is_the_limit_of_the_deviation():
    a, s, noise, start, time = 0.8, 0.6, 1.2, -1.4, 1.5
    A, b = [a + s, a + s, a - s, a - s], [noise, -noise] * 2
    scaled = []
    for N in (2000, 4000):
        moments = [theory.linear_sgd_moment(p, A, b, start, time / N, N) for p in (2, 4)]
        variance = (moments[1] - moments[0] ** 2) / 50
        scaled.append(np.sqrt(variance * N / time))
    limit = 2 * scaled[1] - scaled[0]
    found = theory.monte_carlo_floor(a, s, noise, start, time, step=0.09, replicates=50)
    assert found == pytest.approx(0.3 * limit, rel=1e-4)


def test_the_fluctuation_is_the_limit_of_the_variance():
    a, s, noise, start, time = 0.8, 0.6, 1.2, -1.4, 1.5
    A, b = [a + s, a + s, a - s, a - s], [noise, -noise] * 2
    scaled = []
    for N in (2000, 4000):
        mean, square = (theory.linear_sgd_moment(p, A, b, start, time / N, N) for p in (1, 2))
        scaled.append((square - mean**2) * N / time)
    limit = 2 * scaled[1] - scaled[0]
    assert theory.fluctuation_variance(a, s, noise, start, time) == pytest.approx(limit, rel=1e-5)


@pytest.mark.parametrize(("angle", "start", "time"), [(1.0, 1.5, 2.0), (-0.4, 2.5, 3.0)])
def test_circle_coefficients_by_variational_equations(angle, start, time):
    # y = (θ - x)/..: means m and moments V, K of the fluctuation; δ the error of Euler's scheme
    k, r = np.cos(angle), np.sin(angle)

    def right(t, y):
        x, delta, V, m, K3, V3, m3 = y
        f, f1, f2, f3 = -k * np.sin(x), -k * np.cos(x), k * np.sin(x), k * np.cos(x)
        return [
            f,
            f1 * delta - f1 * f / 2,
            2 * f1 * V + (r * np.cos(x)) ** 2,
            f1 * m + f2 * V / 2,
            3 * f1 * K3 - (r * np.cos(x)) ** 3,
            2 * f1 * V3 + f2 * K3,
            f1 * m3 + f2 * V3 / 2 + f3 * K3 / 6,
        ]

    y = solve_ivp(right, (0, time), [start] + [0] * 6, rtol=1e-11, atol=1e-13).y[:, -1]
    x, delta, V, m, K3, V3, m3 = y
    found = {
        "Euler": -np.sin(x) * delta,
        "fluctuation": -np.sin(x) * m - np.cos(x) * V / 2,
        "skewness": -np.sin(x) * m3 - np.cos(x) * V3 / 2 + np.sin(x) * K3 / 6,
    }
    for term, value in found.items():
        exact = theory.circle_coefficient(term, angle, start, time)
        assert exact == pytest.approx(value, rel=1e-7)
        assert abs(exact) > 1e-4


@pytest.mark.parametrize("step", [0.3, 1.1])
def test_stationary_moments_are_fixed_points(step):
    a, s, noise = 0.9, 0.7, 1.3
    A, b = [a + s, a + s, a - s, a - s], [noise, -noise] * 2
    late = theory.linear_sgd_moment(2, A, b, 0.0, step, 3000)
    assert theory.stationary_second_moment("SGD", a, s, noise, step) == pytest.approx(late)
    for equation in EQUATIONS[1:]:
        late = second_moment(equation, a, s, noise, 0.0, 60.0, step)
        found = theory.stationary_second_moment(equation, a, s, noise, step)
        assert found == pytest.approx(late, rel=1e-8)


@pytest.mark.parametrize(("a", "s"), [(1.0, 0.5), (0.5, 1.2)])
def test_limits_separate_growth_from_decay(a, s):
    for equation in ("SGD", "SDE", "modified SDE"):
        limit = theory.mean_square_limit(equation, a, s)
        if limit == np.inf:
            assert equation == "modified SDE" and s <= a
            assert second_moment(equation, a, s, 0, 1, 1, 1e3) < 1e-9
            continue
        for step, grows in ((0.999 * limit, False), (1.001 * limit, True)):
            if equation == "SGD":
                late = sgd_second_moment(a, s, 0, 1, 100 * step, 100)
            else:
                late = second_moment(equation, a, s, 0, 1, 3, step)
            assert (late > 1) == grows
            infinite = theory.stationary_second_moment(equation, a, s, 1.0, step) == np.inf
            assert infinite == grows
    assert theory.mean_square_limit("modified SDE", 1.0, 1.0) == np.inf
    assert theory.stationary_second_moment("SDE", 1.0, 1.0, 1.0, 2.0) == np.inf


def test_logarithmic_rates():
    A, step, steps = [0.5, 1.5, 2.5], 0.7, 6
    ends = [np.prod([1 - step * A[i] for i in path]) for path in product(range(3), repeat=steps)]
    mean = np.log(np.abs(ends)).mean() / (steps * step)
    assert theory.sgd_log_rate(A, step) == pytest.approx(mean)
    # one long step of geometric Brownian motion is lognormal: E X = e^(-at), E X² = e^((-2a+ηs²)t)
    a, s, step, t = 0.8, 0.7, 1.4, 0.9
    mean, square = np.exp(-a * t), np.exp((-2 * a + step * s**2) * t)
    log = 2 * np.log(mean) - np.log(square) / 2
    assert theory.sde_log_rate(a, s, step) == pytest.approx(log / t)


@pytest.mark.parametrize("c", [0.3, 2.0])
def test_student_tail_by_quadrature(c):
    a, s, noise, step = 0.8, 0.6, 1.3, 1.7

    def density(x):
        return (s**2 * x**2 + noise**2) ** (-1 - a / (step * s**2))

    whole = 2 * quad(density, 0, np.inf)[0]
    share = 2 * quad(density, c, np.inf)[0] / whole
    assert theory.student_tail(c, a, s, noise, step) == pytest.approx(share, rel=1e-7)
    square = 2 * quad(lambda x: x**2 * density(x), 0, np.inf)[0] / whole
    assert theory.stationary_second_moment("SDE", a, s, noise, step) == pytest.approx(square)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.weak_error_order("ODE"), "equation='ODE' is unknown; use one of gradient"),
        (lambda: theory.weak_coefficient("SGD", 1, 1, 1, 1, 1), "equation='SGD' is unknown"),
        (lambda: theory.weak_coefficient("SDE", 0, 1, 1, 1, 1), "a=0 has no drift"),
        (lambda: theory.fluctuation_variance(0, 1, 1, 1, 1), "a=0 has no drift"),
        (lambda: theory.monte_carlo_floor(0, 1, 1, 1, 1, 1, 1), "a=0 has no drift"),
        (lambda: theory.monte_carlo_floor(1, 1, 1, 1, 1, 0, 1), "step=0 and replicates=1 must"),
        (lambda: theory.monte_carlo_floor(1, 1, 1, 1, 1, 1, 0), "replicates=0 must be positive"),
        (lambda: theory.linear_sgd_moment(-1, [1], [1], 1, 1, 1), "power=-1, steps=1 must not"),
        (lambda: theory.linear_sgd_moment(1, [1], [1], 1, 1, -1), "steps=-1 must not"),
        (lambda: theory.linear_sgd_moment(1, [1], [1, 2], 1, 1, 1), "A has 1 entries and b has 2"),
        (lambda: theory.circle_coefficient("Ito", 1, 1, 1), "term='Ito' is unknown"),
        (lambda: theory.circle_coefficient("Euler", 1.6, 1, 1), "angle=1.6 leaves no minimum"),
        (
            lambda: theory.mean_square_limit("ODE", 1, 1),
            "equation='ODE' is unknown; use one of SGD",
        ),
        (lambda: theory.mean_square_limit("SGD", 0, 1), "a=0 is no minimum on average"),
        (lambda: theory.student_tail(1, 1, 1, 0, 1), "noise=0, step=1 must be positive"),
    ],
)
def test_arguments_that_make_no_sense(call, message):
    with pytest.raises(ValueError, match=message):
        call()
