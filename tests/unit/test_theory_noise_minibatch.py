"""The noise of minibatches: formulas against enumeration, autograd and simulation."""

from itertools import combinations, product

import numpy as np
import pytest
from mathdl.theory import noise as theory


def covariance(rows):
    centered = rows - rows.mean(0)
    return centered.T @ centered / len(rows)


@pytest.mark.parametrize(("n", "B", "replace"), [(5, 1, True), (4, 3, True), (6, 2, False)])
def test_batch_covariance_by_enumeration(n, B, replace):
    g = np.random.default_rng(n).standard_normal((n, 3))
    batches = product(range(n), repeat=B) if replace else combinations(range(n), B)
    means = np.array([g[list(batch)].mean(0) for batch in batches])
    factor = theory.batch_covariance(n, B, replace)
    np.testing.assert_allclose(covariance(means), factor * covariance(g))


def test_a_batch_of_all_is_exact():
    assert theory.batch_covariance(7, 7, replace=False) == 0


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3)])
def test_epoch_covariance_by_enumeration(first, second):
    g = np.random.default_rng(0).standard_normal(6)
    g -= g.mean()
    pairs = [
        g[list(a)].mean() * g[list(b)].mean()
        for a in combinations(range(6), first)
        for b in combinations(sorted(set(range(6)) - set(a)), second)
    ]
    assert np.mean(pairs) == pytest.approx(theory.epoch_covariance(6) * np.mean(g**2))


@pytest.mark.parametrize(("n", "p"), [(4, 9), (9, 4), (5, 4), (1, 3)])
def test_noise_rank_is_reached_by_gaussian_gradients(n, p):
    g = np.random.default_rng(1).standard_normal((n, p))
    assert np.linalg.matrix_rank(covariance(g)) == theory.noise_rank(n, p)


def test_noise_bounds_enclose_the_trace_and_are_reached():
    rng = np.random.default_rng(2)
    for _ in range(20):
        r, J = rng.standard_normal(5), rng.standard_normal((5, 3))
        g = r[:, None] * J
        low, high = theory.noise_bounds(r @ r / 10, (J**2).sum(1), (g.mean(0) ** 2).sum())
        assert low <= np.trace(covariance(g)) <= high
        J /= np.linalg.norm(J, axis=1)[:, None]
        g = r[:, None] * J
        bounds = theory.noise_bounds(r @ r / 10, (J**2).sum(1), (g.mean(0) ** 2).sum())
        np.testing.assert_allclose(bounds, np.trace(covariance(g)))


def test_noise_bounds_take_many_at_once():
    loss, squares = np.array([0.5, 1.0]), np.array([[1.0, 4.0], [2.0, 3.0]])
    low, high = theory.noise_bounds(loss, squares)
    assert low.tolist() == [1.0, 4.0]
    assert high.tolist() == [4.0, 6.0]


@pytest.mark.parametrize(("n", "p"), [(7, 3), (4, 4), (3, 6)])
def test_noise_floor_is_the_mean_over_labels(n, p):
    """Averaged exactly: the trace is quadratic in the labels, so ±√n e_i are enough."""
    x = np.random.default_rng(3).standard_normal((n, p))
    traces = []
    for label in np.sqrt(n) * 0.3 * np.vstack([np.eye(n), -np.eye(n)]):
        solution = np.linalg.lstsq(x, label, rcond=None)[0]
        traces.append(np.trace(covariance((x @ solution - label)[:, None] * x)))
    assert theory.noise_floor(x, 0.3) == pytest.approx(np.mean(traces), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_label_covariance_is_the_mean_over_labels(n):
    """Averaged exactly: the covariance is quadratic in the labels, so ±√n e_i are enough."""
    J = np.random.default_rng(4).standard_normal((n, 3))
    labels = np.sqrt(n) * 0.3 * np.vstack([np.eye(n), -np.eye(n)])
    mean = np.mean([covariance(label[:, None] * J) for label in labels], axis=0)
    expected = theory.label_covariance(n, 0.3) * J.T @ J / n
    np.testing.assert_allclose(mean, expected, atol=1e-15)


@pytest.mark.parametrize("c", [0.0, 0.7, 2.0])
def test_example_alignment_from_its_four_examples(c):
    x, r = np.array([[1.0, 0], [1, 0], [c, 0], [c, 0]]), np.array([-1.0, 1, 0, 0])
    x[2:] = x[2:, ::-1]
    noise, hessian = covariance(r[:, None] * x), x.T @ x / 4
    cosine = (noise * hessian).sum() / np.linalg.norm(noise) / np.linalg.norm(hessian)
    assert theory.example_alignment(c) == pytest.approx(cosine)


def test_gaussian_noise_by_quadrature():
    """Gauss-Hermite quadrature with six nodes a direction is exact up to degree 11."""
    H, e, deviation = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([0.3, -1.0]), 0.4
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    weights = weights / weights.sum()
    mean, second = np.zeros(2), np.zeros((2, 2))
    for u, v, xi in product(range(6), repeat=3):
        x = np.linalg.cholesky(H) @ nodes[[u, v]]
        g = (e @ x - deviation * nodes[xi]) * x
        weight = weights[u] * weights[v] * weights[xi]
        mean, second = mean + weight * g, second + weight * np.outer(g, g)
    expected = second - np.outer(mean, mean)
    np.testing.assert_allclose(theory.gaussian_noise(H, e, deviation), expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.batch_covariance(3, 4, replace=False), "B=4 is no batch"),
        (lambda: theory.batch_covariance(3, 0, replace=True), "B=0 is no batch"),
        (lambda: theory.batch_covariance(1, 1, replace=True), "no batch of n=1"),
        (lambda: theory.epoch_covariance(1), "n=1 has no two batches"),
        (lambda: theory.label_covariance(0, 1.0), "n=0 counts no examples"),
        (lambda: theory.label_covariance(2, -1.0), "deviation=-1.0 is negative"),
        (lambda: theory.noise_rank(0, 3), "count nothing"),
        (lambda: theory.noise_bounds(-1.0, np.ones(2)), "use numbers >= 0"),
        (lambda: theory.noise_bounds(1.0, -np.ones(2)), "use numbers >= 0"),
        (lambda: theory.noise_floor(np.ones((2, 1)), -1.0), "deviation=-1.0 is negative"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_batches_with_replacement_may_exceed_n():
    assert theory.batch_covariance(3, 6, replace=True) == pytest.approx(1 / 6)
