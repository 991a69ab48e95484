"""Uniform deviations and Rademacher complexities: bounds, and the cases with exact values.

n is the number of points, d the dimension, ξ a vector of n fair signs. Where no other source is
named, the formula is derived on the page on Rademacher complexity.
"""

from itertools import combinations, product
from math import ceil, comb, exp, factorial, log, prod, sqrt

import numpy as np
from numpy.typing import ArrayLike


def mean_absolute_walk(n: int) -> float:
    """E |ξ_1 + ... + ξ_n|, which is 2k C(2k, k) / 4^k with k = n/2 rounded up; at least √(n/2).

    It is the complexity of the constants ±1, times n. Raises ValueError if n < 1.

    >>> [mean_absolute_walk(n) for n in (1, 2, 3, 4)]
    [1.0, 1.0, 1.5, 1.5]
    """
    _positive("n", n)
    k = ceil(n / 2)
    return 2 * k * comb(2 * k, k) / 4**k


def bounded_differences_tail(t: float, changes: ArrayLike) -> float:
    """P(g - E g >= t) is at most this, exp(-2t²/Σ c_i²), if input i alone changes g by c_i at most.

    `changes` is (c_1, ..., c_n). Raises ValueError if t < 0 or all c_i are 0.

    Source: McDiarmid 1989.

    >>> round(bounded_differences_tail(1.0, [1.0, 1.0]), 4)
    0.3679
    """
    total = float(np.sum(np.square(changes)))
    if t < 0 or total == 0:
        raise ValueError(f"t={t}: use t >= 0, and changes of which some are not 0.")
    return exp(-2 * t**2 / total)


def deviation_bound(complexity: float, n: int, delta: float, empirical: bool = False) -> float:
    """With probability 1 - δ no risk exceeds its mean over the n data by more than this.

    It is 2 E Rad_n + √(log(1/δ)/(2n)), for functions whose values differ by at most 1; with the
    complexity on the data in place of its mean (`empirical`), 2 Rad_n + 3 √(log(2/δ)/(2n)).

    Raises ValueError if δ is not between 0 and 1, or n < 1.

    >>> round(deviation_bound(0.1, 200, 0.05), 4), round(deviation_bound(0.1, 200, 0.05, True), 4)
    (0.2865, 0.4881)
    """
    _positive("n", n)
    if not 0 < delta < 1:
        raise ValueError(f"delta={delta} is no probability of failure; use 0 < delta < 1.")
    if empirical:
        return 2 * complexity + 3 * sqrt(log(2 / delta) / (2 * n))
    return 2 * complexity + sqrt(log(1 / delta) / (2 * n))


def subsets_deviation(N: int, n: int) -> float:
    """E sup over A of P(A) - P_n(A), all sets A of N equally likely points, n <= N data.

    The best A is what the data did not see: (1 - 1/N)^n. Raises ValueError unless 1 <= n <= N.

    >>> subsets_deviation(2, 1)
    0.5
    """
    _fits(N, n)
    return (1 - 1 / N) ** n


def subsets_complexity(N: int, n: int) -> float:
    """E Rad_n of all sets of N equally likely points: N/(2n) · E|ξ_1 + ... + ξ_C|, C ~ Bin(n, 1/N).

    Raises ValueError unless 1 <= n <= N.

    >>> subsets_complexity(2, 2)
    0.375
    """
    _fits(N, n)
    walks = sum(
        comb(n, c) * (1 / N) ** c * (1 - 1 / N) ** (n - c) * mean_absolute_walk(c)
        for c in range(1, n + 1)
    )
    return N / (2 * n) * walks


def massart_bound(size: int, length: float, n: int) -> float:
    """Rad_n of `size` functions is at most length · √(2 log size) / n.

    `length` is the greatest Euclidean length of their vectors of n values. Raises ValueError if
    size < 1 or n < 1.

    Source: Massart 2000.

    >>> massart_bound(1, 5.0, 10)
    0.0
    """
    _positive("size", size)
    _positive("n", n)
    return length * sqrt(2 * log(size)) / n


def linear_bound(n: int, d: int, convention: str, bias: bool) -> float:
    """A bound Λ̄ of the complexity of w·x + b with N(w, b) <= 1, for points of the unit ball.

    "path1": √(2 log(2d + 2)/n), points with ‖x‖_∞ <= 1; "path2": √(2/n), points with ‖x‖₂ <= 1.
    Without bias √(2 log(2d)/n) and 1/√n. Neurons instead of linear functions: at most 3/2 of it.

    Raises ValueError for another convention.

    >>> linear_bound(4, 10, "path2", bias=False)
    0.5
    """
    if convention == "path1":
        return sqrt(2 * log(2 * (d + 1) if bias else 2 * d) / n)
    if convention == "path2":
        return sqrt((2 if bias else 1) / n)
    raise ValueError(f"convention={convention!r} is not one of path1, path2.")


def orthonormal_complexity(n: int) -> float:
    """Rad_n of neurons ±σ(w·x), ‖w‖₂ <= 1, on n orthonormal points: E √max(K, n - K) / n.

    K ~ Bin(n, 1/2); about 1/√(2n). Raises ValueError if n < 1.

    >>> orthonormal_complexity(1)
    1.0
    """
    _positive("n", n)
    return sum(comb(n, k) / 2**n * sqrt(max(k, n - k)) for k in range(n + 1)) / n


def line_complexity(x: ArrayLike) -> float:
    """Rad_n of neurons ±σ(wx + b), |w| + |b| <= 1, on n points of the line, over all 2^n signs.

    For each ξ the best of 2n + 3 neurons: σ(1), σ(±x), and σ(±(x - x_k))/(1 + |x_k|).

    x: shape (n,). Raises ValueError for no points or more than 16.

    >>> line_complexity([0.5]), line_complexity([-1.0, 1.0])
    (1.0, 0.75)
    """
    points = np.asarray(x, dtype=float)
    if not 1 <= len(points) <= 16:
        raise ValueError(f"x has {len(points)} points; give 1 to 16.")
    signs = np.array(list(product([-1.0, 1.0], repeat=len(points))))
    return float(np.abs(signs @ _line_neurons(points).T).max(axis=1).mean() / len(points))


def line_deviation(x: ArrayLike, n: int) -> tuple[float, float]:
    """(E Φ, E Rad_n) of the neurons of `line_complexity`, n data that are uniform on the points x.

    Φ is the supremum of Pf - P_n f. Both are sums over all numbers of times that the points occur
    (for Rad_n: with each sign), with multinomial weights.

    x: shape (N,). Raises ValueError if n < 1 or there are more than a million cases.

    >>> line_deviation([1.0], 2)
    (0.0, 0.5)
    """
    points = np.asarray(x, dtype=float)
    N = len(points)
    _positive("n", n)
    if comb(n + 2 * N - 1, n) > 10**6:
        raise ValueError(f"n={n} data on {N} points are too many cases; use fewer.")
    neurons = _line_neurons(points)
    counts, weights = _occurrences(n, N)
    deviation = weights @ np.abs((1 / N - counts / n) @ neurons.T).max(axis=1)
    signed, weights = _occurrences(n, 2 * N)
    sums = (signed[:, :N] - signed[:, N:]) / n
    return float(deviation), float(weights @ np.abs(sums @ neurons.T).max(axis=1))


def _line_neurons(points: np.ndarray) -> np.ndarray:
    """Values of the 2N + 3 neurons on the points, (2N + 3, N)."""
    shifted = (points - points[:, None]) / (1 + np.abs(points))[:, None]
    slopes = np.vstack([points, shifted])
    return np.vstack([np.ones(len(points)), np.maximum(slopes, 0), np.maximum(-slopes, 0)])


def _occurrences(n: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """All ways to put n balls in the cells, and their probabilities."""
    bars = np.array(list(combinations(range(n + cells - 1), cells - 1)), dtype=int)
    walls = np.pad(bars.reshape(len(bars), -1) + 1, ((0, 0), (1, 0)))
    counts = np.diff(walls, axis=1, append=n + cells) - 1
    ways = [factorial(n) // prod(map(factorial, row)) for row in counts.tolist()]
    return counts, np.array(ways) / cells**n


def sign_cube_complexity(n: int, d: int) -> float:
    """Mean over random points of {±1}^d of Rad_n of the functions w·x, ‖w‖₁ <= 1.

    It is E max over j <= d of |S_j| / n with independent walks S_j of n steps, and
    E max = Σ_{k=0}^{n-1} (1 - P(|S| <= k)^d). Raises ValueError if n < 1 or d < 1.

    >>> sign_cube_complexity(2, 1), sign_cube_complexity(1, 7)
    (0.5, 1.0)
    """
    _positive("n", n)
    _positive("d", d)
    ends = [comb(n, k) / 2**n for k in range(n + 1)]  # the walk ends at 2k - n
    below = [sum(p for k, p in enumerate(ends) if abs(2 * k - n) <= at) for at in range(n)]
    return sum(1 - q**d for q in below) / n


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name}={value} is not a number of things; use {name} >= 1.")


def _fits(N: int, n: int) -> None:
    if not 1 <= n <= N:
        raise ValueError(f"N={N}, n={n}: use 1 <= n <= N.")
