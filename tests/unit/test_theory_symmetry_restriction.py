"""Landscapes under shared weights: formulas against matrices, enumeration and simulated moments."""

import itertools

import numpy as np
import pytest
from mathdl.theory import symmetry as theory


def hessian(W, M):
    """Of ¼ |WᵀW - M|² by second differences of the gradient W (WᵀW - M)."""
    size, h = W.size, 1e-6

    def gradient(w):
        w = w.reshape(W.shape)
        return (w @ (w.T @ w - M)).ravel()

    units = np.eye(size) * h
    return np.array([(gradient(W.ravel() + e) - gradient(W.ravel() - e)) / (2 * h) for e in units])


@pytest.mark.parametrize("learned", [[], [0], [2], [0, 3], [1, 2], [0, 1, 2]])
@pytest.mark.parametrize("m", [3, 4])
def test_spectrum_of_the_full_network(learned, m):
    values = np.array([5.0, 3.0, 2.0, 0.7])
    rng = np.random.default_rng(1)
    e = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    u = np.linalg.qr(rng.standard_normal((m, m)))[0]
    W = np.zeros((m, 4))
    for j, i in enumerate(learned):
        W += np.sqrt(values[i]) * np.outer(u[:, j], e[:, i])
    M = e * values @ e.T
    missed = [values[t] for t in range(4) if t not in learned]
    spectrum = theory.factor_spectrum(values[learned].tolist(), missed, m)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian(W, M)), spectrum, atol=1e-6)
    loss = np.sum((W.T @ W - M) ** 2) / 4
    assert theory.missed_loss(missed) == pytest.approx(loss)


@pytest.mark.parametrize("learned", [[], [0], [1], [0, 2]])
def test_spectrum_of_pairs_is_that_of_complex_matrices(learned):
    """Z (2, 3) complex as a real matrix (4, 6), with the Hessian on matrices of this form."""
    values = np.array([4.0, 2.5, 1.0])
    rng = np.random.default_rng(2)

    def unitary(n):
        return np.linalg.qr(rng.standard_normal((n, n)) + 1j * rng.standard_normal((n, n)))[0]

    def real(Z):
        return np.block([[Z.real, -Z.imag], [Z.imag, Z.real]])

    e, u = unitary(3), unitary(2)
    W = real(
        sum(
            (np.sqrt(values[i]) * np.outer(u[:, j], e[:, i].conj()) for j, i in enumerate(learned)),
            np.zeros((2, 3), complex),
        )
    )
    M = real(e * values @ e.conj().T)
    units = [z * np.eye(6)[k].reshape(2, 3) for k in range(6) for z in (1, 1j)]
    B = np.stack([real(z).ravel() for z in units], 1) / np.sqrt(2)
    spectrum = theory.factor_spectrum(
        values[learned].tolist(),
        [v for i, v in enumerate(values) if i not in learned],
        2,
        pairs=True,
    )
    found = np.linalg.eigvalsh(B.T @ hessian(W, M) @ B)
    np.testing.assert_allclose(found, spectrum, atol=1e-6)


@pytest.mark.parametrize("multiplicities", [[1, 1, 1], [1, 2, 2, 2], [2, 3]])
@pytest.mark.parametrize("m", [0, 1, 3, 9])
def test_families_by_enumeration(multiplicities, m):
    ranks = itertools.product(*[range(q + 1) for q in multiplicities])
    assert theory.critical_families(multiplicities, m) == sum(sum(r) <= m for r in ranks)


@pytest.mark.parametrize(("N", "c", "C"), [(2, 2, 1), (5, 3, 2), (6, 2, 3), (1, 3, 1)])
def test_shared_families_by_enumeration(N, c, C):
    one = sum(len(s) <= C for r in range(c + 1) for s in itertools.combinations(range(c), r))
    frequencies = {min(k, N - k) for k in range(N)}
    assert theory.shared_families(N, c, C) == one ** len(frequencies)


def test_sample_drift_is_that_of_second_moments():
    """E e eᵀ as a matrix, with the moments of Gaussian batches by Isserlis' theorem."""
    d, k, n, step, noise = 7, 3, 4, 0.3, 0.6
    A = np.zeros((d, d))
    A[0, 0], A[1, 1] = 0.5, 0.7
    for _ in range(5):
        moved = np.zeros((d, d))
        for i, j in itertools.product(range(n), repeat=2):
            same = 2 * A + np.trace(A) * np.eye(d) if i == j else A
            moved += same / n**2
        A = A - 2 * step * A + step**2 * (moved + noise**2 * np.eye(d) / n)
    found = theory.sample_drift(d, k, n, step, 1.2, noise, 5)
    assert found == pytest.approx((np.trace(A[:k, :k]), np.trace(A[k:, k:])))


@pytest.mark.parametrize("step", [0.1, 0.6])
def test_plateau_is_where_the_drift_ends(step):
    s, o = theory.sample_drift(9, 2, 5, step, 1.0, 0.7, 2000)
    assert theory.drift_plateau(9, 5, step, 0.7) == pytest.approx(s + o)
    assert o / (s + o) == pytest.approx(7 / 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.factor_spectrum([1.0, 2.0], [], 1), "learned"),
        (lambda: theory.critical_families([1], -1), "m=-1"),
        (lambda: theory.shared_families(0, 1, 1), "N=0"),
        (lambda: theory.shared_families(2, 0, 1), "channels=0"),
        (lambda: theory.shared_families(2, 1, 0), "filters=0"),
        (lambda: theory.sample_drift(2, 3, 1, 0.1, 1.0, 0.0, 1), "k=3"),
        (lambda: theory.sample_drift(2, -1, 1, 0.1, 1.0, 0.0, 1), "k=-1"),
        (lambda: theory.sample_drift(2, 1, 0, 0.1, 1.0, 0.0, 1), "n=0"),
        (lambda: theory.sample_drift(2, 1, 1, 0.0, 1.0, 0.0, 1), "step=0.0"),
        (lambda: theory.drift_plateau(2, 1, 0.5, 1.0), "step=0.5"),
        (lambda: theory.drift_plateau(2, 1, -0.5, 1.0), "step=-0.5"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
