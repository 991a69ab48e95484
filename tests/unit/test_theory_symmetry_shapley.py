"""Shapley values against all orders, dividends against sums, regression against simulation."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl.theory import symmetry as theory


def table(q, seed=0):
    return np.random.default_rng(seed).normal(size=(2,) * q)


def over_all_orders(values):
    """The mean effect of a factor when factors are switched on one after the other."""
    q = values.ndim
    total = np.zeros(q)
    orders = list(permutations(range(q)))
    for order in orders:
        on = np.zeros(q, dtype=int)
        for i in order:
            before = values[tuple(on)]
            on[i] = 1
            total[i] += values[tuple(on)] - before
    return total / len(orders)


@given(st.integers(1, 5), st.integers(0, 100))
def test_shapley_values_are_means_over_all_orders(q, seed):
    values = table(q, seed)
    phi = theory.shapley(values)
    np.testing.assert_allclose(phi, over_all_orders(values), atol=1e-12)
    assert phi.sum() == pytest.approx(values[(1,) * q] - values[(0,) * q])


def test_a_factor_that_never_matters_has_no_share_and_twins_have_equal_ones():
    values = np.stack([table(2)] * 2, axis=1)  # the middle one of three
    assert theory.shapley(values)[1] == 0
    twins = values + values.transpose(2, 1, 0)
    phi = theory.shapley(twins)
    assert phi[0] == pytest.approx(phi[2])


@given(st.integers(1, 5), st.integers(0, 100))
def test_dividends_add_up_to_the_values(q, seed):
    values = table(q, seed)
    parts = theory.dividends(values)
    for S in product([0, 1], repeat=q):
        inside = [parts[T] for T in product([0, 1], repeat=q) if np.all(np.array(T) <= S)]
        assert values[S] == pytest.approx(sum(inside))


def test_dividends_leave_the_values_alone():
    values = table(3)
    kept = values.copy()
    theory.dividends(values)
    np.testing.assert_array_equal(values, kept)


@pytest.mark.parametrize("q", [1, 2, 4, 5])
def test_main_effects_and_interactions_are_mean_differences(q):
    values = table(q)
    effects, pairs = theory.main_effects(values), theory.pair_interactions(values)
    for i in range(q):
        assert effects[i] == pytest.approx(np.diff(values, axis=i).mean())
        assert pairs[i, i] == 0
    for i, j in combinations(range(q), 2):
        second = np.diff(np.diff(values, axis=i), axis=j).mean()
        assert pairs[i, j] == pytest.approx(second) and pairs[j, i] == pairs[i, j]


@pytest.mark.parametrize("q", [1, 2, 3, 5])
def test_noise_factor_is_the_length_of_the_linear_form(q):
    units = np.eye(2**q).reshape(-1, *(2,) * q)
    form = [over_all_orders(unit)[0] for unit in units]
    assert theory.noise_factor(q) == pytest.approx(np.square(form).sum())
    assert sum(form) == pytest.approx(0)  # what all cells share cancels


@pytest.mark.parametrize(("seeds", "factor"), [(2, 1.0), (5, 2.0), (10, 1.96)])
def test_interval_coverage_by_simulation(seeds, factor):
    x = np.random.default_rng(0).normal(size=(200_000, seeds))
    error = x.std(axis=1, ddof=1) / seeds**0.5
    share = (np.abs(x.mean(1)) <= factor * error).mean()
    assert theory.interval_coverage(seeds, factor) == pytest.approx(share, abs=0.005)


def test_coverage_with_two_seeds_is_that_of_a_cauchy_variable():
    assert theory.interval_coverage(2, 1.0) == pytest.approx(0.5)
    assert theory.interval_coverage(2, 3**0.5) == pytest.approx(2 / 3)


def test_regression_risks_by_simulation():
    rng = np.random.default_rng(0)
    u, removed, n, noise = np.array([0, 0.5, -0.4, 0, 1.0]), [[0, 1], [1, 3]], 16, 0.7
    risks = theory.regression_risks(removed, u, n, noise)
    x = rng.normal(size=(20_000, n, 5))
    y = x @ u + noise * rng.normal(size=(20_000, n))
    for S in product([0, 1], repeat=2):
        gone = {j for on, part in zip(S, removed, strict=True) if on for j in part}
        kept = [j for j in range(5) if j not in gone]
        found = np.zeros((len(x), 5))
        found[:, kept] = np.einsum("rij,rj->ri", np.linalg.pinv(x[:, :, kept]), y)
        assert risks[S] == pytest.approx(((found - u) ** 2).sum(1).mean(), rel=0.02)


def test_regression_risks_without_samples_to_spare():
    assert theory.regression_risks([[0]], [1.0], n=3, noise=2.0)[0] == pytest.approx(4.0)
    assert theory.regression_risks([[0]], [1.0], n=3, noise=2.0)[1] == 1.0


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: theory.shapley([1.0, 2.0, 3.0]), "values"),
        (lambda: theory.dividends(1.0), "values"),
        (lambda: theory.main_effects(np.zeros((2, 3))), "values"),
        (lambda: theory.pair_interactions(np.zeros((3,))), "values"),
        (lambda: theory.noise_factor(0), "q=0"),
        (lambda: theory.interval_coverage(1, 1.0), "seeds=1"),
        (lambda: theory.interval_coverage(5, 0.0), "factor=0.0"),
        (lambda: theory.interval_coverage(5, float("nan")), "factor=nan"),
        (lambda: theory.regression_risks([[1]], [1.0], 5, 1.0), "removed"),
        (lambda: theory.regression_risks([[-1]], [1.0], 5, 1.0), "removed"),
        (lambda: theory.regression_risks([[0]], [1.0], 2, 1.0), "n=2"),
    ],
)
def test_errors_name_the_argument(call, argument):
    with pytest.raises(ValueError, match=argument):
        call()
