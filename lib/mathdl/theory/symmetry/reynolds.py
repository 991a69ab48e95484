"""What averaging over a group does to the risk: projected fits, invariant models, augmentation.

Least squares is in d variables with the law N(0, Σ), Σ commuting with the group, and the target is
an invariant linear function. The invariant vectors have the dimension k; D = d - k.
"""

from typing import NamedTuple

import numpy as np


class ThreeRisks(NamedTuple):
    """Mean excess risks: of least squares, of its average, of least squares among invariants."""

    plain: float
    projected: float
    invariant: float


def averaging_gain(values: np.ndarray, targets: np.ndarray | float = 0.0) -> float:
    """By how much averaging over the group lowers the mean square error, from values on orbits.

    values: f(g x) with one row for each g and one column for each orbit, (|G|, n)
    targets: f*(g x) in the same shape, or anything invariant, such as 0

    It is the mean of the variance of f - f* within orbits, less that of f*. It is negative where
    f follows a target that varies along orbits.

    Source: derived on the page on symmetrization.

    >>> averaging_gain([[1.0, 5.0], [3.0, 5.0]])
    0.5
    >>> averaging_gain([[1.0, 5.0], [3.0, 5.0]], targets=[[1.0, 0.0], [3.0, 0.0]])
    -0.5
    """
    values, targets = np.asarray(values), np.asarray(targets)
    left = (values - targets).var(axis=0).mean()
    if targets.ndim:
        left -= targets.var(axis=0).mean()
    return float(left)


def three_risks(n: int, d: int, k: int, signal: float, variance: float) -> ThreeRisks:
    """Mean excess risks of three ways to use a symmetry, with n samples.

    The noise has the `variance` s², and |u*|² = `signal`. For n >= d + 2

        plain = s² d/(n - d - 1),    projected = s² k/(n - d - 1),

    and for n <= d - 2, where Σ = I is required, with `averaging_gap` in the second

        plain = signal (1 - n/d) + s² n/(d - n - 1),    projected = plain - gap.

    The third is the first with k in the place of d. If |n - d| <= 1, or |n - k| <= 1 for the third,
    it is infinite for s² > 0, and its limit for s² = 0.

    Raises ValueError unless n >= 1 and 1 <= k <= d, or if `signal` or `variance` is negative.

    Source: derived on the page on symmetrization.

    >>> three_risks(n=30, d=16, k=4, signal=1.0, variance=13.0)
    ThreeRisks(plain=16.0, projected=4.0, invariant=2.08)
    """
    _check(n, d, k, signal, variance)
    plain, invariant = (_least_squares(n, p, signal, variance) for p in (d, k))
    if n >= d:
        projected = _divide(variance * k, n - d - 1)
    else:
        projected = _missed_by_average(n, d, k) * signal + _divide(variance * k * n / d, d - n - 1)
    return ThreeRisks(plain, projected, invariant)


def projected_risk(
    n: int, covariance: np.ndarray, projection: np.ndarray, variance: float
) -> float:
    """Mean excess risk of the projected fit for any law N(0, Σ): s² tr(Σ P Σ⁻¹ P)/(n - d - 1).

    covariance, projection: Σ, invertible, and P, both (d, d). If the two commute, the trace is the
    rank k of P; otherwise it is larger, and can exceed d, so that averaging does harm.

    Raises ValueError unless n >= d + 2.

    Source: derived on the page on symmetrization.

    >>> P = np.full((2, 2), 0.5)  # the mean of two coordinates, which a group swaps
    >>> round(projected_risk(9, np.diag([10.0, 1.0]), P, variance=1.0), 6)  # 3.025/6, not 1/6
    0.504167
    """
    d = len(covariance)
    if n < d + 2:
        raise ValueError(f"n={n} is too few for d={d}, the mean is infinite; use n >= d + 2.")
    spread = np.trace(covariance @ projection @ np.linalg.inv(covariance) @ projection)
    return float(variance * spread / (n - d - 1))


def averaging_gap(n: int, d: int, k: int, signal: float, variance: float) -> float:
    """What projecting after the fit gains on average, plain - projected of `three_risks`.

    For n >= d + 2 it is s² D/(n - d - 1), and for n <= d - 2

        signal n (d - n) D / (d (d - 1) (d + 2)) + s² n D / (d (d - n - 1)).

    It is infinite for |n - d| <= 1, D > 0 and s² = `variance` > 0. Raises ValueError as
    `three_risks` does.

    Source: derived on the page on symmetrization; Elesedy and Zaidi (2021).

    >>> round(averaging_gap(n=6, d=12, k=3, signal=1.0, variance=0.0), 6)  # 6·6·9/(12·11·14)
    0.175325
    """
    _check(n, d, k, signal, variance)
    D = d - k
    if D == 0:
        return 0.0
    if n >= d:
        return _divide(variance * D, n - d - 1)
    seen = n * (d - n) * D / (d * (d - 1) * (d + 2))
    return signal * seen + _divide(variance * n * D / d, d - n - 1)


def partial_augmentation(
    d: int, k: int, m: int | np.ndarray, order: float = np.inf
) -> float | np.ndarray:
    """Limit of n · excess risk / s² if each of n samples is shown under m random group elements.

    The elements are drawn once for each sample, all different, from a group of `order` elements:

        k + (d - k)/m · (order - m)/(order - 1).

    An infinite order stands for drawing with repetition: k + (d - k)/m.

    Raises ValueError unless 1 <= k <= d, m >= 1 and m <= order.

    Source: derived on the page on symmetrization.

    >>> partial_augmentation(d=16, k=4, m=2), partial_augmentation(d=16, k=4, m=2, order=4)
    (10.0, 8.0)
    """
    _check_dimensions(d, k)
    if not 1 <= np.min(m) <= np.max(m) <= order:
        raise ValueError(f"m={m}: use at least 1 and at most order={order} elements.")
    correction = 1.0 if np.isinf(order) or order == 1 else (order - m) / (order - 1)
    return k + (d - k) / m * correction


def shift_penalty(images: np.ndarray) -> np.ndarray:
    """How strongly augmentation by all shifts of the torus penalizes each frequency, (h, w).

    images: (n, h, w). The mean of |x̂(ω)|² over the images, divided by h w, where x̂ is the
    unnormalized Fourier transform: the eigenvalues of the mean of (g x)(g x)ᵀ over shifts g and
    images x.

    Source: derived on the page on symmetrization.

    >>> shift_penalty(np.ones((1, 2, 2)))
    array([[4., 0.],
           [0., 0.]])
    """
    images = np.asarray(images)
    power = np.abs(np.fft.fft2(images)) ** 2
    return power.mean(axis=0) / images[0].size


def shift_memory(images: np.ndarray, step: float, steps: int) -> np.ndarray:
    """What share of each frequency of the start is left by training on all shifts, (h, w).

    Gradient descent with the given step on L = half the mean square error of u · x, over all shifts
    of the images (n, h, w), multiplies the frequency ω ≠ 0 of u by 1 - `step` s_ω each time, s of
    `shift_penalty`; the modulus is returned. The frequency 0 is learned, and has no such share:
    its entry is NaN.

    Source: derived on the page on symmetrization.

    >>> shift_memory(np.eye(2)[None], step=0.5, steps=1)  # s = 1 for ω = 0 and (½, ½), 0 elsewhere
    array([[nan, 1. ],
           [1. , 0.5]])
    """
    left = np.abs(1 - step * shift_penalty(images)) ** steps
    left[0, 0] = np.nan
    return left


def _least_squares(n: int, p: int, signal: float, variance: float) -> float:
    if n >= p:
        return _divide(variance * p, n - p - 1)
    return signal * (1 - n / p) + _divide(variance * n, p - n - 1)


def _missed_by_average(n: int, d: int, k: int) -> float:
    """E |P (I - Π) u|² for invariant |u| = 1 and a random projection Π of rank n < d."""
    along = 1 - 2 * n / d + n * (n + 2) / (d * (d + 2))  # E (1 - B)², B = |Πu|²
    across = n * (d - n) / (d * (d - 1) * (d + 2))  # each other direction
    return along + (k - 1) * across


def _divide(a: float, b: int) -> float:
    """a / b, infinite for b <= 0, and 0 for a = 0."""
    if a == 0:
        return 0.0
    return a / b if b > 0 else float("inf")


def _check(n: int, d: int, k: int, signal: float, variance: float) -> None:
    if n < 1:
        raise ValueError(f"n={n} is no sample size; use n >= 1.")
    _check_dimensions(d, k)
    for name, value in {"signal": signal, "variance": variance}.items():
        if value < 0:
            raise ValueError(f"{name}={value} is negative; use a number >= 0.")


def _check_dimensions(d: int, k: int) -> None:
    if not 1 <= k <= d:
        raise ValueError(f"k={k} invariant directions of d={d}; use 1 <= k <= d.")
