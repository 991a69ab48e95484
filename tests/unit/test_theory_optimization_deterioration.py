"""Slow deterioration: formulas against ODE solvers, brute force over labels, and quadrature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import optimization as theory
from scipy.integrate import dblquad, quad, solve_ivp
from scipy.linalg import expm
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

RNG = np.random.default_rng(19)
WIDE = RNG.normal(size=(4, 7))
TALL = RNG.normal(size=(9, 5))
THIN = TALL[:, :2] @ RNG.normal(size=(2, 5))  # of rank 2


def flow(features, labels, time):
    """Gradient flow from 0 by a Runge–Kutta method."""
    n, m = features.shape

    def velocity(_, u):
        return -features.T @ (features @ u - labels) / n

    return solve_ivp(velocity, (0, time), np.zeros(m), rtol=1e-11, atol=1e-13).y[:, -1]


def second_moment(m):
    A = RNG.normal(size=(m, m))
    return A @ A.T / m


@pytest.mark.parametrize("features", [WIDE, TALL, THIN])
@pytest.mark.parametrize("time", [0.0, 0.3, 4.0])
def test_flow_is_that_of_an_ode_solver(features, time):
    y = RNG.normal(size=len(features))
    reached = theory.least_squares_flow(features, y, time)
    np.testing.assert_allclose(reached, flow(features, y, time), rtol=1e-7, atol=1e-9)
    several = theory.least_squares_flow(features, np.stack([y, 2 * y], axis=1), time)
    np.testing.assert_allclose(several, np.stack([reached, 2 * reached], axis=1))


@pytest.mark.parametrize("features", [WIDE, TALL, THIN])
def test_flow_ends_at_the_pseudoinverse(features):
    y = RNG.normal(size=len(features))
    end = theory.least_squares_flow(features, y, np.inf)
    np.testing.assert_allclose(end, np.linalg.pinv(features, rcond=1e-10) @ y, atol=1e-10)


def test_flow_ignores_singular_values_of_the_size_of_rounding_only():
    """The cut is max(n, m) rounding units, relative to the largest singular value."""
    eps = np.finfo(float).eps
    for size, kept in ((5.1 * eps, True), (4.9 * eps, False)):
        features = np.zeros((2, 5))
        features[0, 0], features[1, 1] = 1.0, size
        end = theory.least_squares_flow(features, np.array([0.0, size]), np.inf)
        assert end[1] == pytest.approx(1.0 if kept else 0.0)


@pytest.mark.parametrize("features", [WIDE, TALL])
@pytest.mark.parametrize("time", [0.0, 0.7, 5.0])
def test_excess_risk_is_that_of_the_flow(features, time):
    n, m = features.shape
    best, misfit, G = RNG.normal(size=m), RNG.normal(size=n), second_moment(m)
    off = flow(features, features @ best + misfit, time) - best
    excess = theory.excess_risk(features, misfit, best, G, time)
    assert excess == pytest.approx(off @ G @ off, rel=1e-6)


@pytest.mark.parametrize("features", [WIDE, TALL])
@pytest.mark.parametrize("time", [0.4, 3.0])
def test_fitted_noise_is_the_mean_over_wrong_labels(features, time):
    n, m = features.shape
    G = second_moment(m)
    total = 0.0
    for i in range(n):
        u = flow(features, np.eye(n)[i], time)
        total += u @ G @ u
    rates, weights = theory.noise_modes(features, G)
    assert (np.diff(rates) > 0).all()
    assert theory.fitted_noise(rates, weights, time) == pytest.approx(total, rel=1e-6)
    ends = np.linalg.pinv(features)
    assert theory.fitted_noise(rates, weights, np.inf) == pytest.approx(np.trace(ends.T @ G @ ends))


def test_noise_modes_leave_out_what_the_sample_does_not_see():
    rates, weights = theory.noise_modes(THIN, np.eye(5))
    assert rates.shape == weights.shape == (2,)


positive = st.lists(
    st.tuples(st.floats(1e-6, 10), st.floats(1e-3, 1e3)), min_size=1, max_size=6
).map(lambda pairs: np.array(pairs).T)


@given(positive)
def test_half_time_is_when_half_is_fitted_and_between_its_bounds(modes):
    rates, weights = modes
    time = theory.noise_half_time(rates, weights)
    assert theory.fitted_noise(rates, weights, time) == pytest.approx(weights.sum() / 2, rel=1e-8)
    height, share, above = theory.noise_half_time_bounds(rates, weights)
    assert max(height, share) <= time * (1 + 1e-9) <= above * (1 + 2e-9)


def test_half_time_bounds_from_their_definitions():
    rates, weights = np.array([2.0, 0.1, 5.0]), np.array([1.0, 8.0, 1.0])
    height, share, above = theory.noise_half_time_bounds(rates, weights)
    steepest = -minimize_scalar(
        lambda x: -((1 - np.exp(-x)) ** 2) / x, bounds=(0.1, 5), method="bounded"
    ).fun
    assert height == pytest.approx(10 / (2 * steepest * (2 + 0.8 + 5)), rel=1e-8)
    assert 0.8 * (1 - np.exp(-0.1 * share)) ** 2 + 0.2 == pytest.approx(0.5)  # p = 8/10
    assert (1 - np.exp(-0.1 * above)) ** 2 == pytest.approx(0.5)
    assert theory.noise_half_time_bounds(rates, np.array([1.0, 1.0, 2.0]))[1] == 0


def test_half_time_of_the_example_with_a_slow_harmless_mode():
    """V ≈ ⅛(1 - e^(-s²t))² + ½(1 - e^(-t))²: half-time near -log(1 - √⅝), not 1/s²."""
    time = theory.noise_half_time(np.array([1e-8, 1.0]), np.array([1 / 8, 1 / 2]))
    assert time == pytest.approx(-np.log(1 - np.sqrt(5 / 8)), rel=1e-6)
    assert time < 1.57


def test_half_time_has_no_lower_bound_by_the_slowest_mode_at_a_share_of_one_half():
    """λ = (s², 1), w = (½, ½): at t = 1/s more than half is fitted, so λ_1 t is at most s."""
    for s in (0.1, 0.03, 0.01):
        modes = np.array([s**2, 1.0]), np.array([0.5, 0.5])
        assert theory.noise_half_time(*modes) <= 1 / s
        assert theory.noise_half_time_bounds(*modes)[1] == 0


def test_steepest_learning_is_a_maximum():
    z = np.linspace(0.5, 2, 30001)
    assert theory.steepest_learning() == pytest.approx(np.max((1 - np.exp(-(z**2))) / z), rel=1e-8)
    square = -0.5 - lambertw(-0.5 * np.exp(-0.5), k=-1).real  # exp(square) = 1 + 2 square
    closed = 2 * np.sqrt(square) / (1 + 2 * square)
    assert theory.steepest_learning() == pytest.approx(closed, rel=1e-14)


@pytest.mark.parametrize("time", [0.0, 0.5, 20.0])
def test_wrong_bound_holds_and_is_attained(time):
    eta, G = RNG.normal(size=9), second_moment(5)
    largest = np.linalg.eigvalsh(G)[-1]
    u = theory.least_squares_flow(TALL, eta, time)
    assert np.linalg.norm(u) <= theory.wrong_bound(time, eta)
    assert np.sqrt(u @ G @ u) <= theory.wrong_bound(time, eta, largest)
    size = [abs(theory.least_squares_flow(np.array([[s]]), np.ones(1), time)[0])
            for s in np.linspace(0.01, 3, 3000)]  # fmt: skip
    assert max(size) == pytest.approx(theory.wrong_bound(time, np.ones(1)), rel=1e-4)
    scaled = theory.wrong_bound(4 * time, 3 * eta, 0.25)
    assert scaled == pytest.approx(3 * theory.wrong_bound(time, eta))


def test_unfinished_share_bounds_what_is_to_come_and_is_attained_by_one_mode():
    eta = RNG.normal(size=9)
    slowest = np.linalg.eigvalsh(TALL.T @ TALL / 9)[0]
    end = theory.least_squares_flow(TALL, eta, np.inf)
    for time in (0.0, 0.4, 3.0):
        to_come = np.linalg.norm(end - theory.least_squares_flow(TALL, eta, time))
        assert to_come <= theory.unfinished_share(slowest, time) * np.linalg.norm(end) * (1 + 1e-12)
    one = theory.least_squares_flow(np.array([[0.7]]), np.array([0.7]), 2.0)[0]
    assert theory.unfinished_share(0.49, 2.0) == pytest.approx(1 - one)


@pytest.mark.parametrize("features", [WIDE, TALL])
@pytest.mark.parametrize("time", [0.2, 3.0, 100.0])
def test_early_stopping_bound_holds(features, time):
    n, m = features.shape
    G, v, y = second_moment(m), RNG.normal(size=m), RNG.normal(size=n)
    gap = max(0.0, np.linalg.eigvalsh(G - features.T @ features / n)[-1])
    drift = np.linalg.norm(features.T @ (y - features @ v)) / n
    off = theory.least_squares_flow(features, y, time) - v
    bound = theory.early_stopping_bound(time, np.linalg.norm(v), drift, gap)
    assert np.sqrt(off @ G @ off) <= bound


@pytest.mark.parametrize("time", [0.3, 8.0])
def test_early_stopping_bound_is_made_of_two_maxima(time):
    rates = np.logspace(-4, 3, 200001)
    missing = np.max(rates * np.exp(-2 * rates * time))
    wrong = np.max((1 - np.exp(-rates * time)) ** 2 / rates)
    for gap in (0.0, 0.7):
        bound = theory.early_stopping_bound(time, 2.0, 3.0, gap)
        by_hand = 2 * np.sqrt(missing + gap) + 3 * np.sqrt(wrong + gap * time**2)
        assert bound == pytest.approx(by_hand, rel=1e-6)


def test_sampling_gap_and_drift_by_enumeration():
    """Two inputs with probabilities ¼ and ¾, all samples of three, noise ±½."""
    values, chance, n = np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([0.25, 0.75]), 3
    G = np.einsum("i,ij,ik->jk", chance, values, values)
    fourth = chance @ (values**2).sum(1) ** 2
    gap = drift = 0.0
    for draw in np.ndindex(2, 2, 2):
        weight, rows = np.prod(chance[list(draw)]), values[list(draw)]
        gap += weight * np.sum((G - rows.T @ rows / n) ** 2)
        for signs in np.ndindex(2, 2, 2):
            noise = np.array(signs) - 0.5
            drift += weight / 8 * np.sum((noise @ rows / n) ** 2)
    assert theory.sampling_gap(fourth, G, n) == pytest.approx(gap)
    assert theory.sampling_drift(G, 0.5, n) == pytest.approx(drift)


def test_relu_fourth_moment_by_quadrature():
    w = np.array([[1.0, 0.0], [0.6, -0.8], [-1.5, 2.0]])

    def integrand(b, a):
        square = np.sum(np.maximum(w @ np.array([a, b]), 0) ** 2) / 3
        return square**2 * np.exp(-(a * a + b * b) / 2) / (2 * np.pi)

    value = dblquad(integrand, -9, 9, -9, 9, epsabs=1e-5, epsrel=1e-5)[0]
    assert theory.relu_fourth_moment(w) == pytest.approx(value, rel=1e-4)


def test_early_participation_in_other_coordinates():
    """In d = 3 the first coordinate is uniform on [-1, 1]; in d = 2 the angle is."""

    def kernel(c):
        return (np.sqrt(1 - c * c) + c * (np.pi - np.arccos(c))) / np.pi

    first, second = (quad(lambda c, k=k: kernel(c) ** k / 2, -1, 1)[0] for k in (1, 2))
    assert theory.early_participation(3) == pytest.approx(first**2 / second, rel=1e-7)
    angle = (np.arange(20000) + 0.5) * np.pi / 20000
    values = kernel(np.cos(angle))
    share = values.mean() ** 2 / np.mean(values**2)
    assert theory.early_participation(2) == pytest.approx(share, rel=1e-6)
    w = RNG.normal(size=(400000, 7))
    values = kernel(w[:, 0] / np.linalg.norm(w, axis=1))
    share = values.mean() ** 2 / np.mean(values**2)
    assert theory.early_participation(7) == pytest.approx(share, rel=0.01)


def test_flow_agrees_with_the_matrix_exponential_for_long_times():
    y = RNG.normal(size=4)
    end = np.linalg.pinv(WIDE) @ y
    decay = expm(-50 * WIDE.T @ WIDE / 4)
    assert theory.least_squares_flow(WIDE, y, 50.0) == pytest.approx(end - decay @ end)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.least_squares_flow(WIDE, np.ones(4), -1.0), "time=-1.0"),
        (lambda: theory.fitted_noise([1.0], [1.0], -1.0), "time=-1.0"),
        (lambda: theory.noise_half_time([0.0, 1.0], [1.0, 1.0]), "rates="),
        (lambda: theory.noise_half_time_bounds([1.0], [-1.0]), "weights="),
        (lambda: theory.wrong_bound(-1.0, np.ones(2)), "time=-1.0"),
        (lambda: theory.unfinished_share(0.0, 1.0), "slowest=0.0"),
        (lambda: theory.unfinished_share(1.0, -1.0), "time=-1.0"),
        (lambda: theory.early_stopping_bound(0.0, 1.0, 1.0, 1.0), "time=0.0"),
        (lambda: theory.early_stopping_bound(np.inf, 1.0, 1.0, 1.0), "time=inf"),
        (lambda: theory.early_stopping_bound(1.0, -1.0, 1.0, 1.0), "size=-1.0"),
        (lambda: theory.early_stopping_bound(1.0, 1.0, -1.0, 1.0), "drift=-1.0"),
        (lambda: theory.early_stopping_bound(1.0, 1.0, 1.0, -1.0), "gap=-1.0"),
        (lambda: theory.sampling_gap(1.0, np.eye(2), 0), "n=0"),
        (lambda: theory.sampling_drift(np.eye(2), 1.0, 0), "n=0"),
        (lambda: theory.early_participation(1), "d=1"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
