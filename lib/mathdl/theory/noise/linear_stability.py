"""Where stochastic gradient descent stays: linear stability in mean square and almost surely.

At a minimum that fits all samples, sample i has the loss a_i θ²/2 in one direction, or θᵀH_iθ/2. A
step with the batch S is θ ← (1 - η a_S) θ, or (I - η H_S) θ, with the mean a_S, H_S over S. The
mean over all samples is a, H, and c = 1/B with, (n - B)/(B (n - 1)) without replacement.
"""

from itertools import combinations, product

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import brentq, minimize_scalar

Array = np.ndarray
NEAR = 1e-12  # how close to a pole, relative to it, a zero is looked for


def mean_square_factor(step: Array, mean: Array, deviation: Array, share: float = 1.0) -> Array:
    """E θ_{t+1}² / E θ_t² in one direction, (1 - ηa)² + c η² s²; below 1 in a half disk.

    step: η; mean, deviation: a and s of the curvatures; share: c, from `batch_covariance`

    Raises ValueError for a negative deviation or share.

    Source: Wu, Ma and E 2018; derived on the page on stability and selection.

    >>> mean_square_factor(1.0, mean=1.0, deviation=0.5)
    0.25
    """
    if np.min(deviation) < 0 or share < 0:
        raise ValueError(f"deviation={deviation} and share={share} must not be negative.")
    return (1 - step * mean) ** 2 + share * (step * deviation) ** 2


def mean_square_step(mean: Array, deviation: Array, share: float = 1.0) -> Array:
    """The step below which one direction is stable in mean square, 2a / (a² + c s²).

    The arguments and errors are those of `mean_square_factor`, and the mean must be positive.

    Source: Wu, Ma and E 2018; derived on the page on stability and selection.

    >>> float(mean_square_step(1.0, 1.0)), float(mean_square_step(1.0, 1.0, share=0.0))
    (1.0, 2.0)
    """
    if not np.min(mean) > 0:
        raise ValueError(f"mean={mean} is not positive; use a number > 0.")
    if np.min(deviation) < 0 or share < 0:
        raise ValueError(f"deviation={deviation} and share={share} must not be negative.")
    return 2 * mean / (np.asarray(mean) ** 2 + share * np.asarray(deviation) ** 2)


def almost_sure_exponent(
    curvatures: Array, step: float, size: int = 1, replace: bool = False
) -> float:
    """λ = E log|1 - η a_S| over all batches: the exponential rate of |θ_t|, almost surely.

    It is -∞ where a batch leads to 0 in one step. curvatures: a_i, (n,). Raises ValueError
    unless 1 <= size, and size <= n without replacement.

    Source: the law of large numbers; derived on the page on stability and selection.

    >>> round(float(np.exp(almost_sure_exponent([0.5, 1.5], step=1.0))), 12)
    0.5
    """
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(1 - step * _batch_means(curvatures, size, replace)))
    return float(logs.mean())


def almost_sure_steps(curvatures: Array, size: int = 1, replace: bool = False) -> Array:
    """All steps at which λ of `almost_sure_exponent` is 0, in increasing order.

    Stable are the steps from 0 to the first, from the second to the third, and so on. Between
    neighboring poles 1/a_S the function is concave: no zero is missed, but where it only touches 0
    or where rounding does not tell it from a pole.

    Raises ValueError for negative curvatures, or all zero, and as `almost_sure_exponent`.

    Source: derived on the page on stability and selection.

    >>> almost_sure_steps([1.0])
    array([2.])
    """
    means = _batch_means(curvatures, size, replace)
    if np.min(curvatures) < 0 or not np.max(curvatures) > 0:
        raise ValueError("`curvatures` must not be negative, nor all zero.")
    poles = np.unique(1 / means[means > 0])

    def exponent(step):
        with np.errstate(divide="ignore"):
            return float(np.log(np.abs(1 - step * means)).mean())

    zeros: list[float] = []
    for low, high in zip(poles, [*poles[1:], np.inf], strict=True):
        if high < np.inf:
            top = minimize_scalar(lambda step: -exponent(step), bounds=(low, high)).x
            ends = [low * (1 + NEAR), high * (1 - NEAR)]
        else:
            top = 4 * low  # there all factors are at least 1, and some are larger
            ends = [low * (1 + NEAR)]
        zeros += [brentq(exponent, e, top) for e in ends if exponent(e) < 0 < exponent(top)]
    return np.array(zeros)


def two_point_exponent(step: Array, mean: Array, deviation: Array) -> Array:
    """λ for two curvatures a ± s and one sample a step: log|(1 - ηa)² - η²s²| / 2.

    step, mean, deviation: η, a, s.

    Source: derived on the page on stability and selection.

    >>> round(float(np.exp(two_point_exponent(1.0, mean=1.0, deviation=0.5))), 12)
    0.5
    """
    with np.errstate(divide="ignore"):
        return np.log(np.abs((1 - step * mean) ** 2 - (step * deviation) ** 2)) / 2


def two_point_steps(mean: float, deviation: float) -> Array:
    """The steps where λ of `two_point_exponent` is 0, in increasing order.

    For s <= a/√2 only 2a/(a² - s²), the reflection of 2a/(a² + s²) (at s = a/√2 the function
    also touches 0, at 2/a, which is left out). For larger s < a three: with
    q = √(2s² - a²) it is 2/(a + q), 2/(a - q), 2a/(a² - s²). For s = a only 1/a.

    Raises ValueError unless 0 <= deviation <= mean and mean > 0.

    Source: derived on the page on stability and selection.

    >>> two_point_steps(1.0, 0.0), two_point_steps(1.0, 1.0)
    (array([2.]), array([1.]))
    """
    a, s = mean, deviation
    if not (0 <= s <= a and a > 0):
        raise ValueError(f"deviation={s} and mean={a}: use 0 <= deviation <= mean, mean > 0.")
    if s == a:
        return np.array([1 / a])
    outer = 2 * a / (a**2 - s**2)
    if 2 * s**2 <= a**2:
        return np.array([outer])
    q = np.sqrt(2 * s**2 - a**2)
    return np.array([2 / (a + q), 2 / (a - q), outer])


def moment_radius(hessians: Array, step: float, share: float = 1.0) -> float:
    """The largest growth of E|e_t|² in a step, over all starts: the spectral radius of a matrix.

    The matrix takes M = E e eᵀ to E (I - ηH_S) M (I - ηH_S). hessians: H_i, (n, p, p); share: c.
    Takes p⁴ numbers. Raises ValueError for Hessians that are not symmetric.

    Source: derived on the page on stability and selection.

    >>> moment_radius([[[0.5]], [[1.5]]], step=1.0)
    0.25
    """
    first, second = _moments(hessians, share)
    values = np.linalg.eigvalsh(np.eye(len(first)) - step * first + step**2 * second)
    return float(np.abs(values).max())


def moment_step(hessians: Array, share: float = 1.0) -> float:
    """The step below which every direction is stable in mean square, from an eigenvalue problem.

    It is the least 2 tr(HM²) / ((1 - c) tr(HMHM) + c mean_i tr(H_iMH_iM)) over M ⪰ 0. The
    arguments are those of `moment_radius`. Raises ValueError as `moment_radius`, and for an H
    that is not positive definite.

    Source: Mulayoff and Michaeli 2024, in another form; derived on the page on stability and
    selection.

    >>> round(moment_step([[[1.0]], [[1.0]]]), 12)
    2.0
    """
    first, second = _moments(hessians, share)
    if not np.linalg.eigvalsh(first)[0] > 0:
        raise ValueError("The mean of `hessians` is not positive definite; drop its kernel.")
    return float(1 / eigh(second, first, eigvals_only=True)[-1])


def trace_step(hessians: Array, share: float = 1.0) -> float:
    """No step from here on is stable: 2 tr H / ((1 - c) tr H² + c mean_i tr H_i²).

    This is M = I in `moment_step`. For H_i = g_ig_iᵀ of equal lengths and c = 1 it is 2/tr H, and
    sharp. The arguments and errors are those of `moment_radius`.

    Source: derived on the page on stability and selection.

    >>> trace_step([[[2.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]])  # H = I
    1.0
    """
    H = _symmetric(hessians)
    mean = H.mean(0)
    spread = (1 - share) * (mean**2).sum() + share * (H**2).sum((1, 2)).mean()
    return float(2 * np.trace(mean) / spread)


def skip_free_step(flat: float, sharp: float, down: int) -> float:
    """The step at which one draw of the flat sample undoes `down` draws of the sharp: a lattice.

    With the curvatures `flat` < `sharp` of two samples it is the smaller solution between
    2/sharp and 1/flat of (1 - η flat) (η sharp - 1)^down = 1.

    Raises ValueError for numbers that are not positive, and where there is no such step.

    Source: derived on the page on stability and selection.

    >>> round(skip_free_step(1.0, 10.0, 1), 12)  # (1 - η) (10η - 1) = 1
    0.229843788128
    """
    if not (flat > 0 and sharp > 2 * flat and down >= 1):
        raise ValueError(f"flat={flat}, sharp={sharp}, down={down}: use 0 < 2 flat < sharp.")

    def height(step):
        return np.log1p(-step * flat) + down * np.log(step * sharp - 1)

    top = (down * sharp + flat) / (sharp * flat * (down + 1))  # where it is largest
    if not height(top) > 0:
        raise ValueError(f"sharp={sharp} is too small; use a larger ratio to flat={flat}.")
    return brentq(height, 2 / sharp, top)


def leaving_probability(levels: int, down: int) -> float:
    """That a walk with the steps +1 and -down, equally likely, ever climbs by `levels`: z^-levels.

    z > 1 solves z + z^-down = 2; for down = 2 it is the golden ratio.

    Raises ValueError for levels < 0 or down < 2.

    Source: derived on the page on stability and selection.

    >>> round(1 / leaving_probability(1, down=2), 6)
    1.618034
    """
    if levels < 0 or down < 2:
        raise ValueError(f"levels={levels}, down={down}: use levels >= 0 and down >= 2.")
    roots = np.roots([1.0, -2.0, *[0.0] * (down - 1), 1.0])
    return float(np.abs(roots).max() ** -levels)


def _batch_means(curvatures: Array, size: int, replace: bool) -> Array:
    """The mean curvature of each batch, all equally likely."""
    values = np.asarray(curvatures, float)
    if size < 1 or (size > len(values) and not replace):
        raise ValueError(f"size={size} is no batch of {len(values)} samples; use 1 <= size <= n.")
    batches = product(values, repeat=size) if replace else combinations(values, size)
    return np.array(list(batches)).mean(1)


def _symmetric(hessians: Array) -> Array:
    H = np.asarray(hessians, float)
    if H.ndim != 3 or not np.allclose(H, H.swapaxes(1, 2)):
        raise ValueError("`hessians` are not symmetric; give symmetric matrices (n, p, p).")
    return H


def _moments(hessians: Array, share: float) -> tuple[Array, Array]:
    """A and B of I - ηA + η²B: M ↦ HM + MH and (1 - c) HMH + c mean_i H_iMH_i, (p², p²) each."""
    H = _symmetric(hessians)
    mean, one = H.mean(0), np.eye(H.shape[1])
    own = sum(np.kron(each, each) for each in H) / len(H)
    return np.kron(mean, one) + np.kron(one, mean), (1 - share) * np.kron(mean, mean) + share * own
