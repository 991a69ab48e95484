"""Departure from random features: formulas against training by loops and by automatic gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import estimation as theory
from scipy.integrate import quad

RNG = np.random.default_rng(8)
X, W = RNG.normal(size=(6, 3)), RNG.normal(size=(5, 3))
Y = np.abs(X[:, 0]) - 0.3
POINTS = RNG.normal(size=(4, 3))


def relu(z):
    return np.maximum(z, 0)


def train(w, x, y, speed, step, steps):
    """Gradient descent, one neuron and one sample at a time; also the residuals on the way."""
    a, w, n, m = np.zeros(len(w)), w.copy(), len(x), len(w)
    residuals = []
    for _ in range(steps):
        r = relu(x @ w.T) @ a / m - y
        residuals.append(np.sqrt(np.mean(r**2)))
        da, dw = np.zeros_like(a), np.zeros_like(w)
        for j in range(m):
            for i in range(n):
                z = w[j] @ x[i]
                da[j] += r[i] * max(z, 0) / n
                if z > 0:
                    dw[j] += r[i] * a[j] * x[i] / n
        a, w = a - step * da, w - step * speed * dw
    return a, w, residuals


def values(a, w, x):
    return relu(x @ w.T) @ a / len(a)


def gap(speed, step, steps, points, w=W, x=X, y=Y):
    """f - g at the points, and the residuals of f and of g on the way."""
    a, moved, of_f = train(w, x, y, speed, step, steps)
    still, _, of_g = train(w, x, y, 0.0, step, steps)
    return values(a, moved, points) - values(still, w, points), of_f, of_g


def spread(x):
    return np.sqrt(np.linalg.eigvalsh(x.T @ x / len(x))[-1])


@pytest.mark.parametrize(
    ("scaling", "s"), [("unscaled", 1), ("ntk", 7**-0.5), ("mean-field", 1 / 7)]
)
def test_inner_speed_is_how_much_less_a_network_moves_inside(scaling, s):
    """One step from a = 1 with the step that moves all outer weights alike, by autograd."""
    m, ratio = 7, []
    w0 = torch.tensor(RNG.normal(size=(m, 3)))
    x, y = torch.tensor(X), torch.tensor(Y)
    for factor in (s, 1 / m):
        a = torch.full((m,), 1 / (factor * m), dtype=w0.dtype).requires_grad_()
        w = w0.clone().requires_grad_()
        loss = (factor * torch.relu(x @ w.T) @ a - y).square().mean() / 2
        loss.backward()
        step = 1 / (factor**2 * m)  # moves factor·m·a by the same amount
        ratio.append((factor * m * step * a.grad, step * w.grad))
    torch.testing.assert_close(ratio[0][0], ratio[1][0])
    torch.testing.assert_close(ratio[0][1], theory.inner_speed(scaling, m) * ratio[1][1])


@pytest.mark.parametrize(("scaling", "power"), [("unscaled", 0), ("ntk", 0.5), ("mean-field", 1)])
def test_departure_exponent_is_that_of_the_speed(scaling, power):
    ratio = theory.inner_speed(scaling, 40) / theory.inner_speed(scaling, 4)
    assert theory.departure_exponent(power) == pytest.approx(np.log10(ratio))


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_random_feature_loss_is_that_of_training(steps):
    features = relu(X @ W.T)
    eigenvalues, vectors = np.linalg.eigh(features @ features.T / (5 * 6))
    a, w, _ = train(W, X, Y, 0.0, 0.4, steps)
    loss = np.mean((values(a, w, X) - Y) ** 2)
    formula = theory.random_feature_loss(eigenvalues, vectors.T @ Y, 0.4, steps)
    assert formula == pytest.approx(loss, rel=1e-12)


@given(st.floats(0.01, 2), st.floats(0.1, 3), st.floats(0.1, 3), st.floats(0, 3))
def test_departure_bound_is_the_integral_of_the_proof(speed, kappa, M, J):
    root = np.sqrt(speed)

    def rate(impulse):
        return 2 * kappa**2 * M * np.sinh(root * kappa * impulse) ** 2

    bound = theory.departure_bound(speed, kappa, M, J)
    assert bound == pytest.approx(quad(rate, 0, J)[0], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("speed", [0.01, 0.1, 1.0])
@pytest.mark.parametrize(("step", "steps"), [(0.05, 4), (0.2, 5), (0.1, 30)])
def test_training_stays_within_the_bounds(speed, step, steps):
    size = speed, spread(X), np.mean(np.sum(W**2, axis=1))
    on_data, of_f, _ = gap(speed, step, steps, X)
    elsewhere, _, _ = gap(speed, step, steps, POINTS)
    J = step * np.cumsum([0.0, *of_f])
    assert np.sqrt(np.mean(on_data**2)) <= theory.departure_bound(*size, J[-1])
    bound = theory.departure_bound_elsewhere(*size, J, step, there=spread(POINTS))
    assert np.sqrt(np.mean(elsewhere**2)) <= bound


def test_bound_is_attained_by_one_aligned_neuron_for_short_times():
    w, x, y = np.array([[2.0]]), np.array([[3.0]]), np.array([5.0])
    h, k, speed = 1e-6, 300, 1e-3
    difference, residuals, _ = gap(speed, h, k, x, w, x, y)
    bound = theory.departure_bound(speed, 3.0, 4.0, h * np.sum(residuals))
    assert 0.95 < difference[0] / bound < 1


def test_bound_elsewhere_sums_what_the_outer_weights_may_gather():
    """The increments of the proof, step by step: those of |α - α̂|, and the moved features."""
    speed, kappa, M, h, there = 0.3, 1.4, 2.0, 0.1, 1.7
    J = np.array([0.0, 0.2, 0.35, 0.4])
    root = np.sqrt(speed)
    fine = np.linspace(0, root * kappa * J[-1], 20001)
    outer = np.trapezoid(np.cosh(fine) - 1, fine) / root
    for s in range(3):
        outer += h * kappa * theory.departure_bound(speed, kappa, M, J[s])
    z = fine[-1]
    bound = there * M * (outer + np.sinh(z) * (np.cosh(z) - 1) / root)
    given_ = theory.departure_bound_elsewhere(speed, kappa, M, J, h, there)
    assert given_ == pytest.approx(bound, rel=1e-7)


@pytest.mark.parametrize("speed", [0.001, 0.1])
def test_certified_impulses_hold_and_are_close_for_small_speeds(speed):
    size, h = (speed, spread(X), np.mean(np.sum(W**2, axis=1))), 0.1
    _, of_f, of_g = gap(speed, h, 12, X)
    true, certified = h * np.cumsum([0.0, *of_f]), theory.certified_impulses(*size, of_g, h)
    assert (true <= certified + 1e-15).all()
    learned = certified - h * np.cumsum([0.0, *of_g])
    assert np.diff(learned) == pytest.approx(h * theory.departure_bound(*size, certified[:-1]))
    if speed == 0.001:
        assert true[-1] == pytest.approx(certified[-1], rel=0.01)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 12])
def test_departure_is_the_derivative_in_the_speed(steps):
    speed = 1e-6
    difference, _, _ = gap(speed, 0.3, steps, POINTS)
    limit = theory.departure(W, X, Y, 0.3, steps, POINTS)
    np.testing.assert_allclose(difference / speed, limit, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("steps", [2, 3, 6])
def test_early_lead_is_the_first_term_of_the_departure(steps):
    h = 1e-4
    lead = Y @ theory.departure(W, X, Y, h, steps, X) / 6
    features, active = relu(X @ W.T), X @ W.T > 0
    pulls = [np.mean(Y[:, None] * active[:, [j]] * X, axis=0) for j in range(5)]
    size = np.mean([np.mean(features[:, j] * Y) ** 2 * pulls[j] @ pulls[j] for j in range(5)])
    assert lead == pytest.approx(h**3 * theory.early_lead(steps) * size, rel=0.01)
    assert theory.early_lead(steps) == pytest.approx(steps * (steps - 1) * (2 * steps - 1) / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.inner_speed("lazy", 3), "scaling='lazy'"),
        (lambda: theory.inner_speed("ntk", 0), "m=0"),
        (lambda: theory.departure_exponent(1.5), "power=1.5"),
        (lambda: theory.random_feature_loss(np.ones(1), np.ones(1), 1.0, -1), "steps=-1"),
        (lambda: theory.departure_bound(0.0, 1.0, 1.0, 1.0), "speed=0.0"),
        (lambda: theory.departure_bound(1.0, 0.0, 1.0, 1.0), "spread=0.0"),
        (lambda: theory.departure_bound(1.0, 1.0, -1.0, 1.0), "weights=-1.0"),
        (lambda: theory.departure_bound(1.0, 1.0, 1.0, [1.0, -2.0]), "-2.0"),
        (lambda: theory.departure_bound_elsewhere(1.0, 1.0, 1.0, [0.0], -1.0, 1.0), "step=-1.0"),
        (lambda: theory.departure_bound_elsewhere(1.0, 1.0, 1.0, [0.0], 1.0, -1.0), "there=-1.0"),
        (lambda: theory.certified_impulses(1.0, 1.0, 1.0, [1.0], -1.0), "step=-1.0"),
        (lambda: theory.certified_impulses(1.0, 1.0, 1.0, [1.0, -1.0], 1.0), "residuals"),
        (lambda: theory.departure(W, X, Y, 0.1, -1, X), "steps=-1"),
        (lambda: theory.early_lead(-1), "steps=-1"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
