"""Neural collapse: formulas against direct minimization, dual certificates and Hessians."""

import numpy as np
import pytest
from mathdl.theory import symmetry as theory
from scipy.optimize import brentq, minimize
from scipy.special import logsumexp, softmax


def labels(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def objective(flat, y, K, m, decay_w, decay_h):
    """The objective at (W, H) in one vector, and its gradient."""
    W, H = flat[: K * m].reshape(K, m), flat[K * m :].reshape(m, -1)
    Z, N = W @ H, len(y)
    loss = np.mean(logsumexp(Z, axis=0) - Z[y, np.arange(N)])
    G = (softmax(Z, axis=0) - np.eye(K)[:, y]) / N
    value = loss + decay_w / 2 * np.sum(W**2) + decay_h / 2 * np.sum(H**2)
    slopes = G @ H.T + decay_w * W, W.T @ G + decay_h * H
    return value, np.concatenate([s.ravel() for s in slopes])


def minimum(sizes, m, decay_w, decay_h):
    """Value, W, mean features (K, m) and class logits by L-BFGS from a random start."""
    y, K = labels(sizes), len(sizes)
    start = 0.5 * np.random.default_rng(3).normal(size=K * m + m * len(y))
    options = {"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-11}
    arguments = (y, K, m, decay_w, decay_h)
    found = minimize(objective, start, arguments, jac=True, method="L-BFGS-B", options=options)
    W, H = found.x[: K * m].reshape(K, m), found.x[K * m :].reshape(m, -1)
    M = np.stack([H[:, y == k].mean(1) for k in range(K)])
    return found.fun, W, M, W @ M.T


def cosine(u, v):
    return u @ v / np.linalg.norm(u) / np.linalg.norm(v)


def test_factor_penalty_is_the_least_over_a_gauge():
    """All factorizations of a Z of full rank are (W A, A^{-1} H): minimize over A."""
    rng = np.random.default_rng(0)
    W, H = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))

    def cost(a):
        A = a.reshape(3, 3)
        return 0.3 / 2 * np.sum((W @ A) ** 2) + 0.7 / 2 * np.sum((np.linalg.inv(A) @ H) ** 2)

    found = minimize(cost, np.eye(3).ravel(), options={"gtol": 1e-9})
    values = np.linalg.svd(W @ H, compute_uv=False)
    assert theory.factor_penalty(values, 0.3, 0.7) == pytest.approx(found.fun, rel=1e-7)


def test_shrunken_values_minimize():
    Y = np.diag([3.0, 1.2, 0.4])

    def cost(z):  # near Y all Z are diagonal in the same basis, so the diagonal is enough
        return np.sum((z - np.diag(Y)) ** 2) / 2 + 0.7 * np.sum(np.abs(z))

    found = minimize(cost, [1.0, 1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9})
    assert theory.shrunken(np.diag(Y), 0.7) == pytest.approx(found.x, abs=1e-4)


@pytest.mark.parametrize(("K", "n", "decay"), [(2, 3, (0.02, 0.05)), (4, 5, (0.01, 0.03))])
def test_simplex_is_the_minimum(K, n, decay):
    value, W, M, Z = minimum([n] * K, K - 1, *decay)
    c = theory.collapse_strength(n, *decay)
    assert theory.simplex_objective(K, c) == pytest.approx(value, rel=1e-10)
    assert theory.simplex_gap(K, c) == pytest.approx(Z[0, 0] - Z[1, 0], rel=1e-5)
    assert theory.simplex_cosine(K) == pytest.approx(cosine(M[0], M[1]), rel=1e-5)
    lengths = np.sum(W[0] ** 2), np.sum(M[0] ** 2)
    assert theory.simplex_lengths(K, n, *decay) == pytest.approx(lengths, rel=1e-5)


@pytest.mark.parametrize("c", [0.02, 0.1, 0.24])
@pytest.mark.parametrize("K", [2, 3, 4])
def test_simplex_objective_is_the_entropy_of_its_probabilities(K, c):
    q = np.array([1 - (K - 1) * c] + [c] * (K - 1))
    assert theory.simplex_objective(K, c) == pytest.approx(-np.sum(q * np.log(q)))
    assert theory.simplex_gap(K, c) == pytest.approx(np.log(q[0] / q[1]))


@pytest.mark.parametrize("c", [1 / 3, 0.5])
def test_beyond_the_threshold_everything_is_zero(c):
    assert theory.simplex_gap(3, c) == pytest.approx(0, abs=1e-12)
    assert theory.simplex_objective(3, c) == pytest.approx(np.log(3))
    assert theory.simplex_lengths(3, 9, 0.2, 0.2) == (0, 0)


def test_just_before_the_threshold_something_is_left():
    assert theory.simplex_gap(3, 0.999 / 3) == pytest.approx(0.003, rel=0.01)
    assert theory.square_objective(0.249) < np.log(4) - 1e-6


def test_origin_curvature_is_the_least_eigenvalue():
    K, n, m, decay = 3, 4, 2, (0.03, 0.08)
    y, size, e = labels([n] * K), K * m + m * K * n, 1e-4
    rows = [
        (objective(e * unit, y, K, m, *decay)[1] - objective(-e * unit, y, K, m, *decay)[1])
        / (2 * e)
        for unit in np.eye(size)
    ]
    least = np.linalg.eigvalsh(np.array(rows))[0]
    assert theory.origin_curvature(K, n, *decay) == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize(
    ("sizes", "decay"), [((6, 6, 20, 11), (0.01, 0.02)), ((9, 9, 3), (0.03, 0.01))]
)
def test_sibling_margin_among_any_others(sizes, decay):
    _, _, _, Z = minimum(sizes, len(sizes) - 1, *decay)
    q = softmax(Z[:, 0])
    margin = theory.sibling_margin(sizes[0], sum(sizes), *decay)
    assert margin == pytest.approx(q[0] - q[1], rel=1e-5)


def test_merging_total_is_where_the_margin_ends():
    total = theory.merging_total(8, 0.01, 0.04)
    assert theory.sibling_margin(8, total, 0.01, 0.04) == pytest.approx(0, abs=1e-12)
    assert theory.sibling_margin(8, total / 1.01, 0.01, 0.04) == pytest.approx(0.01, rel=0.02)
    _, W, M, _ = minimum([8, 8, int(total) - 14], 2, 0.01, 0.04)
    assert M[0] == pytest.approx(M[1], abs=1e-5)
    assert W[0] == pytest.approx(W[1], abs=1e-5)


@pytest.mark.parametrize(
    ("large", "small", "decay"),
    [
        (50, 10, (0.01, 0.001)),
        (60, 10, (0.02, 0.03)),
        (5, 20, (0.01, 0.02)),
        (12, 12, (0.02, 0.02)),
        (100, 5, (0.03, 0.02)),  # the small ones have merged
        (9, 5, (0.13, 0.15)),  # nearly everything is 0
        (1, 60, (0.002, 0.002)),
    ],
)
def test_two_small_classes_against_minimization(large, small, decay):
    value, _, M, _ = minimum([small, small, large], 2, *decay)
    exact = theory.two_small_classes(large, small, *decay)
    assert exact.objective == pytest.approx(value, rel=1e-9)
    assert exact.between_small == pytest.approx(cosine(M[0], M[1]), abs=1e-4)
    assert exact.to_large == pytest.approx(cosine(M[0], M[2]), abs=1e-4)
    lengths = np.linalg.norm(M[0]), np.linalg.norm(M[2])
    assert exact.lengths == pytest.approx(lengths, rel=1e-4)


@pytest.mark.parametrize(("large", "small"), [(5, 5), (40, 5), (3, 8), (7, 8)])
def test_two_small_classes_end_where_the_gradient_at_the_logits_zero_is_small_enough(large, small):
    """With the logits of the large class 0, the gradient there has the norm of this test."""
    total = 2 * small + large

    def excess(decay):
        margin = max(0, 1 - decay * total / small**0.5)
        logits = np.array([0.5, -0.5, 0])
        scale = brentq(lambda z: np.dot([1, -1, 0], softmax(z * logits)) - margin, 0, 99)
        q = softmax(scale * logits)
        return np.sqrt(3 * small * q[2] ** 2 + 2 * large / 3) / total - decay

    low, high = 1e-3, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    assert theory.two_small_classes(large, small, 0.999 * low, 0.999 * low).lengths[1] < 0.2
    with pytest.raises(ValueError, match="less decay"):
        theory.two_small_classes(large, small, 1.001 * high, 1.001 * high)
    assert np.linalg.norm(minimum([small, small, large], 2, *(1.02 * high,) * 2)[2][2]) < 1e-4


@pytest.mark.parametrize("c", [0.05, 0.1, 0.2])
def test_square_is_found_in_the_plane(c):
    n = 4
    value, _, M, _ = minimum([n] * 4, 2, *(c / n**0.5,) * 2)
    assert theory.square_objective(c) == pytest.approx(value, rel=1e-9)
    assert sorted(cosine(M[0], v) for v in M[1:]) == pytest.approx([-1, 0, 0], abs=1e-4)


@pytest.mark.parametrize("decay", [0.01, 0.1, 0.5, 0.7499])
def test_shallow_objective_against_minimization_over_outputs(decay):
    """Over u = f(1) and v = f(2) of odd functions, which cost at least max(u, v/2)."""

    def J(p):
        return np.mean(np.log1p(np.exp(-p))) + decay * max(p[0], p[1] / 2, 0)

    options = {"xatol": 1e-12, "fatol": 1e-15, "maxiter": 10000}
    t = theory.shallow_logit(decay)
    starts = ([1.0, 2.0], [t, 2 * t])
    found = min(
        (minimize(J, s, method="Nelder-Mead", options=options) for s in starts),
        key=lambda run: run.fun,
    )
    assert theory.shallow_objective(decay) == pytest.approx(found.fun, rel=1e-7)
    slope = np.mean([1 / (1 + np.exp(t)), 2 / (1 + np.exp(2 * t))])
    assert slope == pytest.approx(decay, rel=1e-9)


def test_shallow_networks_with_much_decay_are_zero():
    assert theory.shallow_logit(0.8) == 0
    assert theory.shallow_objective(0.8) == pytest.approx(np.log(2))
    assert theory.shallow_logit(0.749) > 0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: theory.factor_penalty([1.0], 0.0, 1.0), "decay_w"),
        (lambda: theory.factor_penalty([1.0], 1.0, -1.0), "decay_h"),
        (lambda: theory.shrunken([1.0], 0.0), "threshold"),
        (lambda: theory.collapse_strength(0, 1.0, 1.0), "n="),
        (lambda: theory.simplex_cosine(1), "classes"),
        (lambda: theory.simplex_gap(1, 0.1), "classes"),
        (lambda: theory.simplex_gap(3, 0.0), "c="),
        (lambda: theory.simplex_objective(1, 0.1), "classes"),
        (lambda: theory.simplex_lengths(1, 1, 0.1, 0.1), "classes"),
        (lambda: theory.origin_curvature(1, 1, 0.1, 0.1), "classes"),
        (lambda: theory.origin_curvature(2, 0, 0.1, 0.1), "n="),
        (lambda: theory.origin_curvature(2, 1, 0.0, 0.1), "decay_w"),
        (lambda: theory.sibling_margin(0, 1, 0.1, 0.1), "size"),
        (lambda: theory.sibling_margin(1, 0, 0.1, 0.1), "total"),
        (lambda: theory.merging_total(0, 0.1, 0.1), "size"),
        (lambda: theory.two_small_classes(0, 1, 0.1, 0.1), "large"),
        (lambda: theory.two_small_classes(1, 0, 0.1, 0.1), "small"),
        (lambda: theory.two_small_classes(1, 1, 1.0, 1.0), "decay_w"),
        (lambda: theory.square_objective(0.0), "c="),
        (lambda: theory.shallow_logit(0.0), "decay"),
        (lambda: theory.shallow_objective(-1.0), "decay"),
    ],
)
def test_errors_name_the_argument(call, name):
    with pytest.raises(ValueError, match=name):
        call()
