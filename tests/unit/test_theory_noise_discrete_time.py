"""SGD in discrete time: formulas against enumeration, iterated recursions and plain search."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl.theory import noise as theory

SIZES = st.floats(0.1, 10)


@settings(max_examples=25, deadline=None)
@given(SIZES, st.floats(0, 20), st.floats(0.01, 0.99))
def test_contraction_factor_is_the_mean_loss_after_a_step_on_a_parabola(smoothness, tau, share):
    step = share * 2 / smoothness
    x = 1.7
    loss = smoothness * x**2 / 2
    after = [
        smoothness * (x - step * (smoothness * x + sign * np.sqrt(tau * loss))) ** 2 / 2
        for sign in (-1, 1)
    ]
    factor = theory.contraction_factor(step, smoothness, smoothness, tau)
    assert factor == pytest.approx(np.mean(after) / loss, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 1), SIZES, st.floats(0, 20))
def test_contraction_with_less_slope_is_the_lowest_that_the_descent_lemma_allows(share, Λ, tau):
    mu, step = share * Λ, 0.3 / Λ
    slope = 2 * mu  # |∇L|² where L = 1, the least that there can be
    lemma = 1 - step * slope + Λ * step**2 / 2 * (slope + tau)
    assert theory.contraction_factor(step, mu, Λ, tau) == pytest.approx(lemma)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 1), SIZES, st.floats(0, 20))
def test_best_and_largest_step(share, smoothness, tau):
    mu = share * smoothness
    largest = theory.largest_contracting_step(mu, smoothness, tau)
    steps = np.linspace(0, largest, 2002)[1:-1]  # 1001 inside, the middle one among them
    factors = theory.contraction_factor(steps, mu, smoothness, tau)
    last = theory.contraction_factor(largest * (1 - 1e-9), mu, smoothness, tau)
    assert last == pytest.approx(1, abs=1e-6)
    assert theory.best_contraction(mu, smoothness, tau) == pytest.approx(factors.min(), abs=1e-6)
    assert steps[factors.argmin()] == pytest.approx(largest / 2, rel=2e-3)


def test_distance_bound_is_the_sum_of_all_steps():
    rho, tau, smoothness, loss, step = 0.8, 3.0, 2.0, 0.7, 0.1
    squares = (2 * smoothness + tau) * loss * rho ** np.arange(600)
    bound = theory.distance_bound(loss, step, rho, smoothness, tau)
    assert bound == pytest.approx(step * np.sqrt(squares).sum())
    assert theory.distance_bound(loss, step, 0.0, smoothness, tau) > 0


def test_descent_floor_is_the_fixed_point_of_the_descent_lemma():
    mu, smoothness, tau, nu, step = 0.5, 2.0, 1.0, 3.0, 0.1
    loss = 0.0
    for _ in range(2000):
        least = 2 * mu * loss
        loss += -step * least + smoothness * step**2 / 2 * (least + tau * loss + nu)
    assert theory.descent_floor(step, mu, smoothness, tau, nu) == pytest.approx(loss)
    assert theory.descent_floor(step, mu, smoothness, tau, 0.0) == 0


def test_descent_floor_below_is_the_fixed_point_of_strong_convexity():
    m, smoothness, nu, step = 0.5, 2.0, 3.0, 0.2
    loss = 0.0
    for _ in range(2000):
        most = 2 * smoothness * loss
        loss += -step * most + m * step**2 / 2 * (most + nu)
    assert theory.descent_floor_below(step, m, smoothness, nu) == pytest.approx(loss)
    assert theory.descent_floor_below(0.25, m, smoothness, 0.0) == 0


def test_the_two_floors_agree_on_a_bowl():
    above = theory.descent_floor(0.2, 2.0, 2.0, 0.0, 1.5)
    assert theory.descent_floor_below(0.2, 2.0, 2.0, 1.5) == pytest.approx(above)


@pytest.mark.parametrize("cells", [5, 50])
def test_bracket_of_a_parabola_is_known(cells):
    low, high = theory.lojasiewicz_bracket(
        lambda x: 3 * x**2, lambda x: 6 * x, 6.0, start=1.0, end=2.0, cells=cells
    )
    h = 1 / cells  # in [x - h/2, x + h/2] the worst is the first cell, x - h/2 = 1
    assert low == pytest.approx(6 / (1 + h) ** 2)
    assert high == pytest.approx(6)
    mirrored = theory.lojasiewicz_bracket(
        lambda x: 3 * x**2, lambda x: 6 * x, 6.0, start=-2.0, end=-1.0, cells=cells
    )
    assert mirrored == pytest.approx((low, high))  # now the worst is the last cell


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400))
def test_bracket_holds_the_infimum_of_a_wavy_loss(cells):
    def value(x):
        return x**2 + 3 * np.sin(x) ** 2

    def slope(x):
        return 2 * x + 3 * np.sin(2 * x)

    low, high = theory.lojasiewicz_bracket(value, slope, 8.0, 0.5, 6.0, cells)
    x = np.linspace(0.5, 6, 4001)
    assert 0 <= low <= (slope(x) ** 2 / (2 * value(x))).min() + 1e-8
    assert high >= (slope(x) ** 2 / (2 * value(x))).min() - 1e-6


def all_batches(rows, e, step, size, steps):
    """The errors after all sequences of batches, each as likely as the others."""
    errors = [e]
    for _ in range(steps):
        errors = [
            e - step * rows[list(b)].T @ (rows[list(b)] @ e) / size
            for e in errors
            for b in product(range(len(rows)), repeat=size)
        ]
    return np.array(errors)


@pytest.mark.parametrize("size", [1, 2])
def test_row_risks_and_operator_against_all_batches(size):
    rng = np.random.default_rng(0)
    rows, e = rng.standard_normal((3, 5)) * [1, 2, 0.5, 1, 1], rng.standard_normal(5)
    risks = theory.row_risks(rows, e, step=0.1, size=size, times=[0, 1, 2])
    for t, risk in enumerate(risks):
        ends = all_batches(rows, e, 0.1, size, t)
        assert risk == pytest.approx(np.mean((ends @ rows.T) ** 2) / 2)


def test_operator_leaves_out_what_no_row_sees():
    rows = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]])
    matrix, basis = theory.row_operator(rows, 0.1, 1)
    assert matrix.shape == (1, 1) and basis.shape == (3, 1)
    assert matrix[0, 0] == pytest.approx(np.mean([(1 - 0.1 * 5) ** 2, (1 - 0.1 * 20) ** 2]))
    assert theory.row_spectral_factor(rows, 0.1, 1) == pytest.approx(matrix[0, 0])


@pytest.mark.parametrize("size", [1, 3])
def test_row_factor_bounds_the_distance_and_is_sharp_for_equal_orthogonal_rows(size):
    rows = np.sqrt(2) * np.eye(3)  # H = 2/3, R = 2
    e, step = np.ones(3), 0.3
    ends = all_batches(rows, e, step, size, 1)
    factor = theory.row_factor(step, 2 / 3, 2 / 3, 2.0, size)
    assert (ends**2).sum(1).mean() / 3 == pytest.approx(factor)
    assert theory.row_factor(0.5, 1.0, 1.0, 1.0, size) == pytest.approx(0.25)  # a single row
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((3, 6))
    values = np.linalg.svd(rows, compute_uv=False) ** 2 / 3
    radius = (rows**2).sum(1).max()
    e = rows.T @ rng.standard_normal(3)
    ends = all_batches(rows, e, 0.5 / radius, size, 1)
    bound = theory.row_factor(0.5 / radius, values[-1], values[0], radius, size)
    assert (ends**2).sum(1).mean() <= bound * (e**2).sum()


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.contraction_factor(0.1, 2.0, 1.0, 0.0),
        lambda: theory.contraction_factor(0.1, 0.0, 1.0, 0.0),
        lambda: theory.contraction_factor(0.1, 1.0, 1.0, -1.0),
        lambda: theory.contraction_factor(2.1, 1.0, 1.0, 0.0),
        lambda: theory.contraction_factor(0.0, 1.0, 1.0, 0.0),
        lambda: theory.largest_contracting_step(2.0, 1.0, 0.0),
        lambda: theory.best_contraction(2.0, 1.0, 0.0),
        lambda: theory.distance_bound(1.0, 0.1, 1.0, 1.0, 0.0),
        lambda: theory.distance_bound(1.0, 0.1, -0.1, 1.0, 0.0),
        lambda: theory.descent_floor(0.1, 1.0, 1.0, 0.0, -1.0),
        lambda: theory.descent_floor(1.0, 1.0, 1.0, 2.0, 1.0),
        lambda: theory.descent_floor_below(0.6, 1.0, 1.0, 1.0),
        lambda: theory.descent_floor_below(0.0, 1.0, 1.0, 1.0),
        lambda: theory.descent_floor_below(0.1, 2.0, 1.0, 1.0),
        lambda: theory.lojasiewicz_bracket(abs, abs, 1.0, 1.0, 1.0, 3),
        lambda: theory.lojasiewicz_bracket(abs, abs, 1.0, 1.0, 2.0, 0),
        lambda: theory.row_factor(0.1, 1.0, 1.0, 1.0, 0),
        lambda: theory.row_factor(2.0, 1.0, 1.0, 1.0, 1),
        lambda: theory.row_factor(0.1, 2.0, 1.0, 1.0, 1),
        lambda: theory.row_factor(0.1, 1.0, 1.0, 0.9, 1),
        lambda: theory.descent_floor_below(0.1, 1.0, 1.0, -1.0),
        lambda: theory.row_operator(np.eye(2), 0.1, 0),
    ],
)
def test_refusals(call):
    with pytest.raises(ValueError, match="use"):
        call()
