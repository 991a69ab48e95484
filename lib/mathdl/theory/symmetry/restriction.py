"""Landscapes restricted to shared weights: critical points, their curvatures, and who leaves.

The model is f(x) = |W x|² with a free constant, for Gaussian inputs and a target x·Mx with M > 0,
where L(W) = ¼ |WᵀW - M|². At a critical point WᵀW has learned some eigenvalues of M and misses
the others.
"""

from collections.abc import Sequence
from math import comb

import numpy as np


def missed_loss(missed: Sequence[float]) -> float:
    """¼ Σ λ² over the eigenvalues of M that WᵀW misses: the loss at a critical point.

    Source: derived on the page on restricted landscapes.

    >>> missed_loss([3.0, 1.0])
    2.5
    """
    return float(sum(value**2 for value in missed) / 4)


def factor_spectrum(
    learned: Sequence[float], missed: Sequence[float], m: int, pairs: bool = False
) -> np.ndarray:
    """All eigenvalues of the Hessian of ¼ |WᵀW - M|², W of m rows, at a critical point, sorted.

    They are -λ_t for each missed λ_t and each of the m - r idle rows, λ_i - λ_t for each learned
    λ_i and missed λ_t, λ_i + λ_j for each pair i <= j of learned ones, and 0. With `pairs` they are
    those of complex matrices W of m rows, as real matrices of twice the size: the frequencies of a
    convolution that come in pairs. All are there twice then, but λ_i + λ_i only once.

    Raises ValueError if more than m are learned.

    Source: derived on the page on restricted landscapes.

    >>> factor_spectrum([1.0], [3.0], m=1)  # a minimum on the line, a saddle in the plane
    array([-2.,  2.])
    """
    r, copies = len(learned), 2 if pairs else 1
    if r > m:
        raise ValueError(f"learned has {r} entries for m={m} rows; use at most m.")
    values = [-t for t in missed for _ in range(copies * (m - r))]
    values += [i - t for i in learned for t in missed for _ in range(copies)]
    values += [2 * i for i in learned]
    sums = [learned[i] + learned[j] for i in range(r) for j in range(i)]
    values += [value for value in sums for _ in range(copies)]
    size = copies * m * (r + len(missed))
    return np.sort(values + [0.0] * (size - len(values)))


def critical_families(multiplicities: Sequence[int], m: int) -> int:
    """How many ways there are to learn at most m eigenvalues of M, counted by multiplicity.

    An eigenvalue of multiplicity q offers the ranks 0, ..., q. The number is the sum of the first
    m + 1 coefficients of Π (1 + x + ... + x^q).

    Raises ValueError for an m < 0.

    Source: derived on the page on restricted landscapes.

    >>> critical_families([1, 1, 1, 1], m=2)
    11
    """
    if m < 0:
        raise ValueError(f"m={m} is no number of rows; use m >= 0.")
    coefficients = np.array([1])
    for q in multiplicities:
        coefficients = np.convolve(coefficients, np.ones(q + 1, dtype=int))
    return int(coefficients[: m + 1].sum())


def shared_families(N: int, channels: int, filters: int) -> int:
    """The same number for convolutions on N points: (Σ_{r <= C} C(c, r))^K, K = ⌊N/2⌋ + 1.

    Each of the K frequencies learns at most C = `filters` of its c = `channels` eigenvalues.

    Raises ValueError for numbers below 1.

    Source: derived on the page on restricted landscapes.

    >>> shared_families(N=2, channels=2, filters=1)
    9
    """
    if min(N, channels, filters) < 1:
        raise ValueError(
            f"N={N}, channels={channels}, filters={filters}: use numbers that are at least 1."
        )
    return sum(comb(channels, r) for r in range(filters + 1)) ** (N // 2 + 1)


def sample_drift(
    d: int, k: int, n: int, step: float, inside: float, noise: float, steps: int
) -> tuple[float, float]:
    """E |e_t|² inside and outside the k-dimensional invariants, for SGD with fresh batches of n.

    Linear regression with x ~ N(0, I_d): e' = e - η (Xᵀ(Xe - ξ))/n, with the labels' noise ξ of
    the standard deviation ς = `noise`. From (s, o) = (`inside`, 0),
    s' = (1 - 2η + η²(1 + 1/n)) s + η² k (s + o + ς²)/n, and o' the same with d - k for k.

    Raises ValueError unless 0 <= k <= d, n >= 1 and step > 0.

    Source: derived on the page on restricted landscapes.

    >>> s, o = sample_drift(d=8, k=1, n=4, step=0.1, inside=1.0, noise=0.0, steps=1)
    >>> round(s, 6), round(o, 6)
    (0.815, 0.0175)
    """
    _check_regression(d, k, n, step)
    factor = 1 - 2 * step + step**2 * (1 + 1 / n)
    s, o = inside, 0.0
    for _ in range(steps):
        kick = step**2 * (s + o + noise**2) / n
        s, o = factor * s + k * kick, factor * o + (d - k) * kick
    return s, o


def drift_plateau(d: int, n: int, step: float, noise: float) -> float:
    """lim E |e_t|² of the same SGD: η d ς² / (2n - η (n + 1 + d)).

    Of it the share (d - k)/d lies outside the invariants.

    Raises ValueError unless 0 < step < 2n/(n + 1 + d).

    Source: derived on the page on restricted landscapes.

    >>> drift_plateau(d=5, n=2, step=0.25, noise=1.0)
    0.625
    """
    _check_regression(d, 0, n, step)
    slack = 2 * n - step * (n + 1 + d)
    if slack <= 0:
        raise ValueError(f"step={step}: no plateau; use a step < {2 * n / (n + 1 + d)}.")
    return step * d * noise**2 / slack


def _check_regression(d: int, k: int, n: int, step: float) -> None:
    if not 0 <= k <= d:
        raise ValueError(f"k={k} is no dimension of a subspace; use 0 <= k <= d={d}.")
    if n < 1:
        raise ValueError(f"n={n} is no size of a batch; use n >= 1.")
    if not step > 0:
        raise ValueError(f"step={step} is not positive; use a number > 0.")
