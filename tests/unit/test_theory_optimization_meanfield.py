"""The mean-field formulas against loops over neurons, an ODE solver, simulation and brute force."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import approximation
from mathdl.theory import optimization as theory
from scipy.integrate import quad, solve_ivp

RNG = np.random.default_rng(31)
X, Y = RNG.normal(size=(7, 3)), RNG.normal(size=7)
A, W = RNG.normal(size=5), RNG.normal(size=(5, 3))


def descended(a, w, x, y, step):
    """One step of gradient descent in mean-field time, the gradient by autograd."""
    a, w = torch.tensor(a).requires_grad_(), torch.tensor(w).requires_grad_()
    f = torch.relu(torch.tensor(x) @ w.T) @ a / len(a)
    (0.5 * (f - torch.tensor(y)).square().mean()).backward()
    m = len(a)
    return (a - step * m * a.grad).detach().numpy(), (w - step * m * w.grad).detach().numpy()


def test_balance_after_a_step_is_that_of_gradient_descent():
    step = 0.3
    a, w = descended(A, W, X, Y, step)
    r = np.maximum(X @ W.T, 0) @ A / 5 - Y
    pull = np.array([np.mean(((X @ v > 0) * r)[:, None] * X, axis=0) for v in W])
    balance = theory.balance_after_step(A, W, pull, step)
    np.testing.assert_allclose(balance, a**2 - np.sum(w**2, axis=1), rtol=1e-12)
    np.testing.assert_allclose(theory.balance_after_step(A, W, pull, 0.0), A**2 - (W**2).sum(1))


def test_norm_growth_is_attained_by_a_straight_run():
    """If all weights run outward at constant speed v, N = (√N0 + vt)² and L falls by v² t."""
    v, t, start = 0.7, 3.0, 2.0
    bound = theory.norm_growth(start**2, t, v**2 * t)
    assert bound == pytest.approx((start + v * t) ** 2)
    assert theory.norm_growth(2.0, 0.0, 1.0) == pytest.approx(2.0)


@pytest.mark.parametrize("seed", range(3))
def test_norms_of_training_stay_within_their_growth(seed):
    rng = np.random.default_rng(seed)
    a, w, step = rng.normal(size=8), rng.normal(size=(8, 3)), 1e-3
    sizes, losses = [], []
    for _ in range(1000):
        sizes.append(np.mean(a**2 + (w**2).sum(1)))
        losses.append(np.mean((np.maximum(X @ w.T, 0) @ a / 8 - Y) ** 2) / 2)
        a, w = descended(a, w, X, Y, step)
    sizes, losses, times = np.array(sizes), np.array(losses), step * np.arange(1000)
    bound = theory.norm_growth(sizes[0], times, losses[0] - losses + 1e-12)
    assert (sizes <= bound + 1e-3).all()


def test_trapped_excess_is_the_weight_over_the_time():
    np.testing.assert_allclose(theory.trapped_excess(3.0, np.array([1.0, 6.0])), [3.0, 0.5])


def test_a_trapped_network_approaches_zero_in_time():
    a, w, y = np.full(6, 1.5), np.random.default_rng(2).normal(size=(6, 3)), -np.abs(Y)
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    for k in range(1, 3001):
        a, w = descended(a, w, X, y, 0.01)
        if k in (300, 3000):
            risk = np.mean((np.maximum(X @ w.T, 0) @ a / 6 - y) ** 2)
            assert -1e-12 <= risk - np.mean(y**2) <= theory.trapped_excess(1.0, 0.01 * k)


def side(seed, m=6, reach=1.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-reach, reach, size=m), rng.choice([-1, 1], size=m) * rng.uniform(1, 2, m)


def simulated(a, w, target, weight, times):
    """Slopes of the side x > 0 from the equations of its single neurons."""
    m, live = len(a), w > 0

    def velocity(_, theta):
        a, w = theta[:m], theta[m:]
        push = weight * (target - np.sum((a * w)[live]) / m)
        return np.concatenate([np.where(live, push * w, 0), np.where(live, push * a, 0)])

    path = solve_ivp(
        velocity, (0, times[-1]), np.concatenate([a, w]), t_eval=times, rtol=1e-11, atol=1e-12
    ).y
    return np.sum((path[:m] * path[m:])[live], axis=0) / m, path


@pytest.mark.parametrize("target", [-1.3, 0.0, 0.8])
@pytest.mark.parametrize("weight", [0.5, 1.7])
def test_a_side_moves_as_its_single_neurons_do(target, weight):
    a, w = side(4)
    times = np.array([0.0, 0.3, 1.0, 2.5])
    P, Q = theory.side_moments(a, w)
    slopes, path = simulated(a, w, target, weight, times)
    np.testing.assert_allclose(
        theory.side_slope(P, Q, target, weight, times), slopes, rtol=1e-7, atol=1e-9
    )
    live = np.flatnonzero(w > 0)[0]
    ratio = (path[live] + path[6 + live]) / (a[live] + w[live])
    np.testing.assert_allclose(theory.stretch(P, Q, target, weight, times), ratio**2, rtol=1e-7)
    gap = np.abs(slopes - target)
    rate = theory.side_rate(P, Q, weight)
    assert (gap <= gap[0] * np.exp(-rate * times) * (1 + 1e-9)).all()


def test_the_rate_is_attained_where_the_neurons_carry_no_more_than_they_must():
    """At z = √(Q/P), where c = 0 and M = 2√(PQ): c approaches a small target at this rate."""
    P = Q = 0.3
    target, t = 1e-6, 0.7
    gap = target - theory.side_slope(P, Q, target, 0.8, t)
    assert np.log(target / gap) / t == pytest.approx(theory.side_rate(P, Q, 0.8), rel=1e-5)


def test_stretch_without_a_scale():
    times = np.array([0.0, 1.0, 5.0])
    expected = 1 / (1 + 2 * 0.7 * 0.4 * times)
    np.testing.assert_allclose(theory.stretch(0.4, 0.0, 0.0, 0.7, times), expected, rtol=1e-12)


def test_side_moments_counts_the_other_side_in_m_only():
    a, w = np.array([[1.0, 2.0, -1.0]]), np.array([[2.0, -1.0, 3.0]])
    assert theory.side_moments(a, w)[0] == pytest.approx([(9 + 4) / 12, (1 + 16) / 12])
    assert theory.side_moments(a, -w)[0] == pytest.approx([9 / 12, 1 / 12])


@pytest.mark.parametrize("reach", [0.0, 0.5, 0.9])
def test_sign_moments_are_integrals(reach):
    def mean(function):
        if reach == 0:
            return function(0.0) / 2
        return quad(function, -reach, reach)[0] / (2 * reach) / 2

    p, q = (lambda a: (a + 1) ** 2 / 4), (lambda a: (a - 1) ** 2 / 4)
    P, Q = mean(p), mean(q)
    found, covariance = theory.sign_moments(reach)
    assert found == pytest.approx([P, Q])
    expected = [
        [mean(lambda a: p(a) ** 2) - P * P, mean(lambda a: p(a) * q(a)) - P * Q],
        [mean(lambda a: p(a) * q(a)) - P * Q, mean(lambda a: q(a) ** 2) - Q * Q],
    ]
    np.testing.assert_allclose(covariance, expected, atol=1e-12)


@pytest.mark.parametrize("time", [0.0, 0.6, 2.0])
def test_fluctuation_is_the_variance_of_the_linearized_slope(time):
    """The derivatives from the linearized equation of the page, by quadrature."""
    P, Q, target, weight = 0.3, 0.2, 0.9, 0.6
    covariance = np.array([[0.5, 0.1], [0.1, 0.3]])

    def z(t):
        return theory.stretch(P, Q, target, weight, t)

    def M(t):
        return P * z(t) + Q / z(t)

    def gap(t):
        return target - theory.side_slope(P, Q, target, weight, t)

    def derivative(dP, dQ):
        def forcing(t):
            return gap(time) / gap(t) * (z(t) * dP - dQ / z(t))

        return z(time) * dP - dQ / z(time) - 2 * weight * M(time) * quad(forcing, 0, time)[0]

    slopes = np.array([derivative(1, 0), derivative(0, 1)])
    v = theory.slope_fluctuation(P, Q, covariance, target, weight, time)
    assert v == pytest.approx(slopes @ covariance @ slopes, rel=1e-7)


def test_fluctuation_is_that_of_many_networks():
    rng, m = np.random.default_rng(3), 400
    a, w = rng.uniform(-0.5, 0.5, (20000, m)), rng.choice([-1.0, 1.0], (20000, m))
    P, Q = theory.side_moments(a, w).T
    slopes = theory.side_slope(P, Q, 1.0, 0.5, 2.0)
    v = theory.slope_fluctuation(
        *theory.sign_moments(0.5)[0], theory.sign_moments(0.5)[1], 1, 0.5, 2
    )
    assert m * slopes.var() == pytest.approx(v, rel=0.05)


@given(st.integers(1, 5), st.integers(0, 8))
def test_failure_probability_by_enumeration(m, eighths):
    """Each neuron is useful for the left, for the right, or for nobody."""
    q = eighths / 16
    weights = {"left": q, "right": q, "none": 1 - 2 * q}
    lost = sum(
        np.prod([weights[kind] for kind in kinds])
        for kinds in product(weights, repeat=m)
        if "left" not in kinds or "right" not in kinds
    )
    assert theory.failure_probability(m, q) == pytest.approx(lost)


def test_start_fluctuation_of_many_networks():
    rng, x = np.random.default_rng(5), np.array([1.0, -2.0, 0.5])
    a, w = rng.uniform(-0.7, 0.7, 400_000), rng.normal(size=(400_000, 3))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    second = np.mean((a * np.maximum(w @ x, 0)) ** 2)
    assert theory.start_fluctuation(0.7, np.linalg.norm(x), 3) == pytest.approx(second, rel=0.01)


def test_least_paired_risk_is_that_of_very_many_fixed_neurons():
    angles = np.array([0.1, 0.9, 1.7, 2.8])
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    y, opposite = RNG.normal(size=4), RNG.normal(size=4)
    fine = np.linspace(0, 2 * np.pi, 2000)
    features = np.maximum(np.concatenate([x, -x]) @ np.stack([np.cos(fine), np.sin(fine)]), 0)
    labels = np.concatenate([y, opposite])
    fit = features @ np.linalg.lstsq(features, labels, rcond=None)[0]
    risk = theory.least_paired_risk(x, y, opposite)
    assert risk == pytest.approx(np.mean((fit - labels) ** 2), rel=1e-8)


def test_even_parts_are_not_free_at_parallel_points():
    """x = 1, 2 with labels 2, 0: a line through the origin leaves 3.2, the odd parts only 1.6."""
    line = np.array([1.0, 2.0])
    left = 2 * np.eye(2)[0] - line * 2 / 5
    assert left @ left == pytest.approx(3.2)
    for x in ([[1.0], [2.0]], [[1.0, 1.0], [0.5, 0.0], [-2.0, -2.0]]):
        with pytest.raises(ValueError, match="x has parallel points"):
            theory.least_paired_risk(np.array(x), np.ones(len(x)), np.zeros(len(x)))


@pytest.mark.parametrize("d", [3, 7])
def test_risk_floor_is_the_distance_from_all_that_can_be_reached(d):
    size, loss, time = 1.3, 0.4, 25.0
    reach = (d + 1) ** 0.5 * (size**0.5 + (time * loss) ** 0.5) ** 2 / 2
    floor = theory.risk_floor(d, size, loss, time)
    assert floor == approximation.barron_mean_gap(d, reach) ** 2


def test_floor_decays_with_the_slow_exponent():
    floors = [theory.risk_floor(5, 1.0, 0.5, t) for t in (1e10, 1e12)]
    slope = np.log(floors[1] / floors[0]) / np.log(100)
    assert slope == pytest.approx(-theory.slow_exponent(5), rel=1e-3)
    assert theory.slow_exponent(10, smoothness=2.5) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.balance_after_step(A, W, W, -1.0), "step=-1.0"),
        (lambda: theory.norm_growth(-1.0, 1.0, 1.0), "size=-1.0"),
        (lambda: theory.norm_growth(1.0, -1.0, 1.0), "time=-1.0"),
        (lambda: theory.norm_growth(1.0, 1.0, -1.0), "fall=-1.0"),
        (lambda: theory.trapped_excess(-1.0, 1.0), "weights=-1.0"),
        (lambda: theory.trapped_excess(1.0, 0.0), "time=0.0"),
        (lambda: theory.stretch(0.0, 1.0, 1.0, 1.0, 1.0), "P=0.0"),
        (lambda: theory.stretch(1.0, 1.0, 1.0, -1.0, 1.0), "weight=-1.0"),
        (lambda: theory.side_rate(1.0, -1.0, 1.0), "Q=-1.0"),
        (lambda: theory.sign_moments(-0.5), "reach=-0.5"),
        (lambda: theory.failure_probability(0, 0.5), "m=0"),
        (lambda: theory.failure_probability(2, 0.6), "useful=0.6"),
        (lambda: theory.start_fluctuation(1.0, 1.0, 0), "d=0"),
        (lambda: theory.start_fluctuation(-1.0, 1.0, 1), "reach=-1.0"),
        (lambda: theory.risk_floor(2, 1.0, 1.0, 1.0), "d=2"),
        (lambda: theory.slow_exponent(2), "d=2"),
        (lambda: theory.slow_exponent(3, 0.0), "smoothness=0.0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
