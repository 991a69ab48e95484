"""Shares of a gap among several causes, and a regression in which all shares are known.

A table of values has one axis of length 2 for each of the q factors: the entry at (1, 0, ..., 0)
is the value with the first factor on and the others off.
"""

from itertools import product
from math import comb, factorial

import numpy as np
from scipy import stats


def shapley(values: np.ndarray) -> np.ndarray:
    """The Shapley values of the q factors, (q,), by the sum over all sets of other factors.

    φ_i = Σ_S |S|! (q - |S| - 1)! / q! (v(S ∪ i) - v(S)) over the sets S without i.

    values: a table (2, ..., 2). Raises ValueError for another shape.

    Source: Shapley 1953; derived on the page on the five explanations.

    >>> shapley([[0, 1], [1, 1]])  # either of two factors suffices
    array([0.5, 0.5])
    """
    values = _table(values)
    q = values.ndim
    sizes = sum(np.indices((2,) * (q - 1)), start=np.zeros((2,) * (q - 1), dtype=int))
    weights = np.array([factorial(s) * factorial(q - s - 1) for s in range(q)]) / factorial(q)
    gains = [np.diff(values, axis=i).squeeze(i) for i in range(q)]
    return np.array([(weights[sizes] * gain).sum() for gain in gains])


def dividends(values: np.ndarray) -> np.ndarray:
    """The part m(T) of the values that belongs to each set T of factors as a whole, (2, ..., 2).

    m(T) = Σ_{S ⊆ T} (-1)^{|T| - |S|} v(S), so that v(S) is the sum of m(T) over all T ⊆ S.

    values: a table (2, ..., 2). Raises ValueError for another shape.

    Source: Harsanyi 1959; derived on the page on the five explanations.

    >>> dividends([[0, 1], [1, 1]])
    array([[ 0.,  1.],
           [ 1., -1.]])
    """
    parts = _table(values).copy()
    for i in range(parts.ndim):
        halves = np.moveaxis(parts, i, 0)
        halves[1] -= halves[0]
    return parts


def main_effects(values: np.ndarray) -> np.ndarray:
    """The mean effect of each factor over all settings of the others, (q,).

    It is Σ_T m(T) / 2^{|T| - 1} over the sets T that contain the factor, with the dividends m.

    values: a table (2, ..., 2). Raises ValueError for another shape.

    Source: Yates 1937 (as contrasts); derived on the page on the five explanations.

    >>> main_effects([[0, 1], [1, 1]])
    array([0.5, 0.5])
    """
    parts = dividends(values)
    q = parts.ndim
    effects = np.zeros(q)
    for T in product([0, 1], repeat=q):
        effects += np.array(T) * parts[T] * 2.0 ** (1 - sum(T))
    return effects


def pair_interactions(values: np.ndarray) -> np.ndarray:
    """How much the effect of one factor changes when another is switched on, (q, q).

    The mean over all settings of the other q - 2 factors: Σ_T m(T) / 2^{|T| - 2} over the sets T
    that contain both. The diagonal is 0.

    values: a table (2, ..., 2). Raises ValueError for another shape.

    Source: Yates 1937 (as contrasts); derived on the page on the five explanations.

    >>> pair_interactions([[0, 1], [1, 1]])
    array([[ 0., -1.],
           [-1.,  0.]])
    """
    parts = dividends(values)
    q = parts.ndim
    table = np.zeros((q, q))
    for T in product([0, 1], repeat=q):
        both = np.outer(T, T) * (1 - np.eye(q))
        table += both * parts[T] * 2.0 ** (2 - sum(T))
    return table


def noise_factor(q: int) -> float:
    """The variance of a Shapley value whose 2^q values have independent errors of variance 1.

    It is 2 Σ_k C(q-1, k) (k! (q-1-k)! / q!)²; an error that all values share cancels.

    Raises ValueError unless q >= 1.

    Source: derived on the page on the five explanations.

    >>> noise_factor(1), noise_factor(2)
    (2.0, 1.0)
    """
    if q < 1:
        raise ValueError(f"q={q} is no number of factors; use q >= 1.")
    weights = [factorial(k) * factorial(q - 1 - k) / factorial(q) for k in range(q)]
    return 2 * sum(comb(q - 1, k) * weights[k] ** 2 for k in range(q))


def interval_coverage(seeds: int, factor: float) -> float:
    """How often the interval mean ± factor · (standard error) of normal data holds the truth.

    It is P(|T| <= factor) for Student's T with seeds - 1 degrees of freedom. The same holds for
    the interval of a ratio of two means (Fieller).

    Raises ValueError for fewer than two seeds and a factor that is not positive.

    Source: Student 1908, Fieller 1954; derived on the page on the five explanations.

    >>> round(interval_coverage(10, 1.96), 4), round(interval_coverage(10, 2.2622), 4)
    (0.9184, 0.95)
    """
    if seeds < 2:
        raise ValueError(f"seeds={seeds} give no standard error; use at least 2.")
    if not factor > 0:
        raise ValueError(f"factor={factor} is no width; use a positive number.")
    return float(1 - 2 * stats.t.sf(factor, seeds - 1))


def regression_risks(
    removed: list[list[int]], coefficients: np.ndarray, n: int, noise: float
) -> np.ndarray:
    """E|û - u|² of least squares in all 2^q cells of a design, a table (2, ..., 2).

    The inputs are N(0, I_d), the labels u·x plus noise of standard deviation `noise`. Factor i,
    when on, sets the coefficients removed[i] to 0. With k coefficients left, and m the sum of
    squares of those that are removed, it is (noise² + m) k / (n - k - 1) + m.

    Raises ValueError for coordinates that do not exist and unless n >= d + 2.

    Source: derived on the page on the five explanations.

    >>> regression_risks([[0]], [0.0, 2.0], n=7, noise=1.0)  # 2/4 and 1/5
    array([0.5, 0.2])
    """
    u = np.asarray(coefficients, dtype=float)
    d, q = len(u), len(removed)
    if any(not 0 <= j < d for part in removed for j in part):
        raise ValueError(f"removed names coordinates outside of 0, ..., {d - 1}; use these.")
    if n < d + 2:
        raise ValueError(f"n={n} samples give an infinite risk; use at least {d + 2}.")
    risks = np.empty((2,) * q)
    for S in product([0, 1], repeat=q):
        gone = sorted({j for on, part in zip(S, removed, strict=True) if on for j in part})
        k, m = d - len(gone), (u[gone] ** 2).sum()
        risks[S] = (noise**2 + m) * k / (n - k - 1) + m
    return risks


def _table(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim == 0 or values.shape != (2,) * values.ndim:
        raise ValueError(f"values have shape {values.shape}; use a table (2, ..., 2).")
    return values
