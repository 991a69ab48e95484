"""Convolution: closed forms against matrices written entry by entry, null spaces and samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl.theory import symmetry as theory
from scipy import integrate, stats


def matrix(a, size, padding):
    """The layer, one entry after the other."""
    h, w = size
    A = np.zeros((h, w, h, w))
    for i in range(h):
        for j in range(w):
            for r in range(a.shape[0]):
                for s in range(a.shape[1]):
                    k, m = i + r - (a.shape[0] - 1) // 2, j + s - (a.shape[1] - 1) // 2
                    if padding == "circular":
                        A[i, j, k % h, m % w] += a[r, s]
                    elif 0 <= k < h and 0 <= m < w:
                        A[i, j, k, m] += a[r, s]
    return A.reshape(h * w, h * w)


def translation(size, shift):
    """T with (T x)_i = x_{i - c}."""
    h, w = size
    T = np.zeros((h, w, h, w))
    for i in range(h):
        for j in range(w):
            T[(i + shift[0]) % h, (j + shift[1]) % w, i, j] = 1
    return T.reshape(h * w, h * w)


def weights(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
@pytest.mark.parametrize(("q", "size"), [(1, (3, 4)), (2, (5, 4)), (3, (8, 8)), (4, (4, 6))])
def test_filter_entries(q, size, padding):
    A = matrix(weights((q, q)), size, padding)
    assert theory.filter_entries(q, size, padding) == np.count_nonzero(A)


@pytest.mark.parametrize(("shape", "size"), [((3, 3), (8, 8)), ((2, 3), (5, 4)), ((1, 1), (2, 3))])
def test_filter_singular_values(shape, size):
    a = weights(shape)
    values = np.linalg.svd(matrix(a, size, "circular"), compute_uv=False)
    assert theory.filter_singular_values(a, size) == pytest.approx(values, abs=1e-12)


def test_dense_error_bound_is_the_best_projection_of_a_quadratic():
    """The variance of Σ y_i² is 2 |WWᵀ|², and that of its mean given Px is 2 |WPWᵀ|²."""
    W = weights((7, 5))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    _, s, V = np.linalg.svd(W)
    rng = np.random.default_rng(1)
    for m in range(6):
        bound = theory.dense_error_bound(s[::-1], m, second=2.0)
        best = V[:m].T @ V[:m]
        error = 2 * ((W @ W.T) ** 2).sum() - 2 * ((W @ best @ W.T) ** 2).sum()
        assert bound == pytest.approx(error, abs=1e-12)
        for _ in range(20):
            U = np.linalg.qr(rng.normal(size=(5, m)))[0] if m else np.zeros((5, 0))
            other = 2 * ((W @ W.T) ** 2).sum() - 2 * ((W @ U @ U.T @ W.T) ** 2).sum()
            assert other >= bound - 1e-12


@given(st.floats(-0.99, 0.99))
@settings(max_examples=10, deadline=None)
def test_absolute_energy_of_two_by_quadrature(rho):
    """Var(|z_1| + |z_2|) with polar coordinates: E|z_1 z_2| = 2 E|cos θ cos(θ - α)|."""
    alpha = np.arccos(rho)
    cross, _ = integrate.quad(
        lambda t: 2 * abs(np.cos(t) * np.cos(t - alpha)) / np.pi,
        0,
        np.pi,
        points=sorted([np.pi / 2, (alpha + np.pi / 2) % np.pi]),
    )
    expected = 2 * (1 - 2 / np.pi) + 2 * (cross - 2 / np.pi)
    assert theory.absolute_energy([[1, rho], [rho, 1]]) == pytest.approx(expected, abs=1e-8)


def test_absolute_energy_forgives_rounding():
    more = 1 + 1e-10
    value = theory.absolute_energy([[more, -more], [-more, more]])
    assert value == pytest.approx(4 * (1 - 2 / np.pi))  # |z| + |-z|


def permutations_of(action, n):
    """Generators, as matrices."""
    one = np.eye(n)
    if action == "symmetric":
        return [one[np.roll(np.arange(n), 1)], one[[1, 0, *range(2, n)] if n > 1 else [0]]]
    if action == "cyclic":
        return [one[np.roll(np.arange(n), 1)]]
    if action == "dihedral":
        return [one[np.roll(np.arange(n), 1)], one[::-1]]
    if action == "sign flips":
        return [np.diag(np.where(np.arange(n) == i, -1.0, 1.0)) for i in range(n)]
    pixels = np.arange(n * n).reshape(n, n)
    if action == "rotations":
        return [np.eye(n * n)[np.rot90(pixels).ravel()]]
    return [np.eye(n * n)[np.roll(pixels, 1, axis).ravel()] for axis in (0, 1)]


@pytest.mark.parametrize(
    "action", ["cyclic", "dihedral", "symmetric", "shifts", "rotations", "sign flips"]
)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_commutant_dimension_is_that_of_a_null_space(action, n):
    total = 0
    for g in permutations_of(action, n):
        one = np.eye(len(g))
        equations = np.kron(g, one) - np.kron(one, g.T)  # g A - A g, row by row
        total = total + equations.T @ equations
    nullity = (np.linalg.eigvalsh(total) < 1e-9).sum()
    assert theory.commutant_dimension(action, n) == nullity


@pytest.mark.parametrize(("dimension", "N"), [(8, 8), (5, 8), (1, 2), (4, 2)])
def test_twirl_share_is_a_beta_law(dimension, N):
    mean, variance = theory.twirl_share(dimension, N)
    if dimension == N**2:
        assert (mean, variance) == (1, 0)
    else:
        law = stats.beta(dimension / 2, (N**2 - dimension) / 2)
        assert (mean, variance) == pytest.approx((law.mean(), law.var()))


@pytest.mark.parametrize(
    ("shape", "size", "shift"),
    [
        ((3, 3), (8, 8), (0, 1)),
        ((3, 3), (8, 8), (3, 5)),
        ((5, 2), (7, 6), (-1, 2)),
        ((1, 5), (1, 10), (0, 1)),
        ((6, 7), (7, 7), (3, -3)),
        ((2, 2), (4, 5), (0, 0)),
    ],
)
def test_padding_defect_by_matrices(shape, size, shift):
    a, T = weights(shape), translation(size, shift)
    Z, C = matrix(a, size, "zeros"), matrix(a, size, "circular")
    expected = ((Z @ T - T @ Z) ** 2).sum() / (C**2).sum()
    assert theory.padding_defect(a, size, shift) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("offset", [(0, 0), (0, 1), (1, 0), (1, 1), (-1, 1), (2, -1), (3, 0)])
def test_subsampling_defect_by_matrices(offset):
    """Every second output of the shifted image, against a shift that is off by `offset`."""
    a, size, stride = weights((3, 3)), (12, 12), (2, 2)
    A = matrix(a, size, "circular")
    rows = np.zeros(size, dtype=bool)
    rows[:: stride[0], :: stride[1]] = True
    S = np.eye(144)[rows.ravel()]
    shift = (4 + offset[0], 2 + offset[1])
    small = S @ translation(size, (4, 2)) @ A  # the multiple of the stride
    difference = S @ A @ translation(size, shift) - small
    expected = (difference**2).sum() / (small**2).sum()
    assert theory.subsampling_defect(a, offset) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.filter_entries(0, (3, 3), "zeros"), "filter_size=0"),
        (lambda: theory.filter_entries(4, (3, 5), "zeros"), "filter_size=4"),
        (lambda: theory.filter_entries(3, (3, 3), "same"), "padding='same'"),
        (lambda: theory.filter_singular_values(np.ones((3, 3)), (2, 3)), "filter of shape"),
        (lambda: theory.filter_singular_values(np.ones((3, 3)), (3, 2)), "filter of shape"),
        (lambda: theory.filter_singular_values(np.ones(3), (3, 2)), "filter has shape"),
        (lambda: theory.dense_error_bound(np.ones(3), -1, 2.0), "m=-1"),
        (lambda: theory.absolute_energy([[1.1]]), "correlations"),
        (lambda: theory.commutant_dimension("cyclic", 0), "n=0"),
        (lambda: theory.commutant_dimension("unknown", 3), "action='unknown'"),
        (lambda: theory.twirl_share(0, 3), "dimension=0"),
        (lambda: theory.twirl_share(10, 3), "dimension=10"),
        (lambda: theory.padding_defect(np.ones((3, 3)), (2, 3), (0, 1)), "filter of shape"),
        (lambda: theory.padding_defect(np.ones((3, 3)), (3, 2), (0, 1)), "filter of shape"),
        (lambda: theory.subsampling_defect(np.zeros((2, 2)), (0, 1)), "filter has shape"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
