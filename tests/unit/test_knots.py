"""Best splines against brute force, and the knots that a Hölder inequality asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl import knots
from scipy.optimize import minimize


def test_gauss_integrates_polynomials_on_each_cell():
    cells = np.array([-1.0, -0.3, 0.5, 3.0])
    t, weights = knots.gauss(cells, 4)
    assert t.shape == weights.shape == (3, 4)
    integrals = (weights * t**7).sum(axis=1)
    assert integrals == pytest.approx(np.diff(cells**8) / 8)
    assert ((t > cells[:-1, None]) & (t < cells[1:, None])).all()


@pytest.mark.parametrize("bad", ([0.0], [0.0, 0.0], [1.0, 0.0], [[0.0, 1.0]], [0.0, np.nan]))
def test_knots_have_to_increase(bad):
    with pytest.raises(ValueError, match="knots has to hold at least two increasing numbers"):
        knots.gauss(np.array(bad), 3)


@given(st.lists(st.floats(0.01, 2), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_the_best_spline_is_the_least_squares_fit(widths, seed):
    t0, rng = -1.0, np.random.default_rng(seed)
    cells = t0 + np.concatenate([[0.0], np.cumsum(widths)])
    amplitude, phase = rng.normal(size=2)

    def f(t):
        return amplitude * np.sin(t + phase) + t**2

    t, weights = (part.ravel() for part in knots.gauss(cells, 24))
    hats = np.stack([np.interp(t, cells, unit) for unit in np.eye(len(cells))], axis=1)
    half = np.sqrt(weights)
    best = np.linalg.lstsq(half[:, None] * hats, half * f(t), rcond=None)[0]
    values, error = knots.best_spline(f, cells)
    assert values == pytest.approx(best, rel=1e-7, abs=1e-7)
    assert error == pytest.approx(np.linalg.norm(half * (f(t) - hats @ best)), rel=1e-6, abs=1e-10)


def test_splines_are_reproduced():
    cells = np.array([0.0, 0.2, 0.7, 1.0])
    exact = np.array([1.0, -2.0, 0.5, 3.0])
    values, error = knots.best_spline(lambda t: np.interp(t, cells, exact), cells)
    assert values == pytest.approx(exact)
    assert error < 1e-14


@pytest.mark.parametrize("N", (1, 2, 5))
def test_the_parabola_in_equal_cells(N):
    # one cell: the error of x² is the monic Legendre polynomial of degree 2, squared norm h⁵/180;
    # continuous best splines of equal cells do exactly as well, as its two end values are equal
    error = knots.best_spline(np.square, np.linspace(0, 1, N + 1))[1]
    assert error**2 == pytest.approx(1 / (180 * N**4))


def test_free_knots_balance_the_density():
    cells = knots.free_knots(lambda t: 9 * np.exp(3 * t), 0.0, 1.0, 7)
    # ∫ e^(6t/5) between knots is 1/7 of the whole: equispaced values of e^(6t/5)
    assert np.exp(1.2 * cells) == pytest.approx(np.linspace(1, np.exp(1.2), 8), rel=1e-6)
    assert (cells[0], cells[-1]) == (0.0, 1.0)
    moved = knots.free_knots(lambda t: -np.exp(3 * (t + 2) / 4), -2.0, 2.0, 7)
    assert (moved + 2) / 4 == pytest.approx(cells)


def test_free_knots_of_a_root_crowd_at_its_singularity():
    # |f''|^(2/5) = c t^(-3/5): the mass up to t is a multiple of t^(2/5)
    cells = knots.free_knots(lambda t: t**-1.5, 0.0, 1.0, 8)
    assert cells == pytest.approx((np.arange(9) / 8) ** 2.5, rel=1e-3)
    mirrored = knots.free_knots(lambda t: (1 - t) ** -1.5, 0.0, 1.0, 8)
    assert 1 - mirrored[::-1] == pytest.approx(cells, abs=1e-9)


@pytest.mark.parametrize(("N", "ratio"), ((4, 1.0030), (8, 1.0007), (16, 1.0002)))
def test_the_constant_of_free_knots_for_an_exponential(N, ratio):
    # the constant (∫ |f''|^(2/5))^(5/2) / √720, with the integral 9^(2/5) (e^(6/5) - 1) / (6/5)
    constant = 9 * ((np.exp(1.2) - 1) / 1.2) ** 2.5 / np.sqrt(720)
    cells = knots.free_knots(lambda t: 9 * np.exp(3 * t), 0.0, 1.0, N)
    error = knots.best_spline(lambda t: np.exp(3 * t), cells)[1]
    assert error * N**2 / constant == pytest.approx(ratio, abs=1e-4)


def test_no_knots_are_much_better():
    def error(inner):
        cells = np.concatenate([[0.0], np.sort(inner), [1.0]])
        return knots.best_spline(lambda t: np.exp(3 * t), cells)[1] if cells[1] > 0 else 9.0

    start = knots.free_knots(lambda t: np.exp(3 * t), 0.0, 1.0, 4)
    best = minimize(error, start[1:-1], method="Nelder-Mead", options={"xatol": 1e-6}).fun
    assert 0.99 < best / error(start[1:-1]) <= 1
    uniform = error(np.linspace(0, 1, 5)[1:-1])
    assert error(start[1:-1]) < 0.8 * uniform


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="N=0 is no number of cells"):
        knots.free_knots(np.ones_like, 0.0, 1.0, 0)
    with pytest.raises(ValueError, match="from a=1.0 to b=1.0 is empty"):
        knots.free_knots(np.ones_like, 1.0, 1.0, 3)
    for bad in (np.zeros_like, lambda t: t / 0.0):
        with (
            pytest.raises(ValueError, match="positive and finite integral"),
            np.errstate(all="ignore"),
        ):
            knots.free_knots(bad, 0.0, 1.0, 3)
