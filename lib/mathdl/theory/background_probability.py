"""The tools of probability that proofs use: closed forms in which each of them can be checked.

Where no other source is named, the formula is derived on the page on the background in probability.
"""

from math import erf, exp, inf, lgamma, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

CLIMB = (sqrt(5) - 1) / 2  # chance that the fair walk with the steps 1 and -2 ever reaches 1


def lognormal_gap(sigma: float) -> float:
    """log E X - E log X for X = e^(σg), g standard normal: σ²/2, the gap in Jensen's inequality.

    >>> lognormal_gap(2.0)
    2.0
    """
    return sigma**2 / 2


def gaussian_length_moment(d: int, power: float) -> float:
    """E |g|^(2ν) for a standard normal g in d dimensions, ν = `power`: 2^ν Γ(d/2 + ν) / Γ(d/2).

    Infinite for ν <= -d/2. Raises ValueError if d < 1.

    >>> [round(gaussian_length_moment(3, v), 12) for v in (1, 2, -1)]
    [3.0, 15.0, 1.0]
    """
    _positive("d", d)
    if power <= -d / 2:
        return inf
    return 2**power * exp(lgamma(d / 2 + power) - lgamma(d / 2))


def projected_length_moment(d: int, k: int, power: float) -> float:
    """E |Πw|^(2ν), w uniform on the unit sphere of R^d, Π the projection on k dimensions.

    |Πw|² has the law Beta(k/2, (d - k)/2). Infinite for ν = `power` <= -k/2. Raises ValueError
    unless 1 <= k <= d.

    >>> [round(projected_length_moment(6, 2, v), 12) for v in (1, 2)]
    [0.333333333333, 0.166666666667]
    """
    if not 1 <= k <= d:
        raise ValueError(f"`k` is {k}: give a dimension from 1 to d = {d}.")
    if power <= -k / 2:
        return inf
    return gaussian_length_moment(k, power) / gaussian_length_moment(d, power)


def gaussian_quartic(covariance: ArrayLike, form: ArrayLike) -> np.ndarray:
    """E x xᵀ A x xᵀ = 2 H A H + tr(A H) H for x ~ N(0, H), H = `covariance`, A = `form` symmetric.

    Raises ValueError unless both are square of the same size.

    >>> gaussian_quartic([[1.0]], [[1.0]])
    array([[3.]])
    """
    H, A = np.asarray(covariance, float), np.asarray(form, float)
    if H.ndim != 2 or H.shape[0] != H.shape[1] or A.shape != H.shape:
        raise ValueError(f"`form` has the shape {A.shape}: give a square one, as `covariance` is.")
    return 2 * H @ A @ H + np.trace(A @ H) * H


def inverse_wishart_moment(n: int, p: int, power: float = 1) -> float:
    """E (vᵀ W⁻¹ v)^ν, |v| = 1, W = ZᵀZ with Z an (n, p) matrix of independent N(0, 1), ν = `power`.

    One over it is χ² with n - p + 1 degrees of freedom, so for ν = 1 it is 1 / (n - p - 1), and it
    is infinite if n - p + 1 <= 2ν. Raises ValueError unless 1 <= p <= n.

    >>> round(inverse_wishart_moment(9, 4), 12), inverse_wishart_moment(5, 4)
    (0.25, inf)
    """
    if not 1 <= p <= n:
        raise ValueError(f"`p` is {p}: give a number of columns from 1 to n = {n}.")
    return gaussian_length_moment(n - p + 1, -power)


def exponential_moment_bound(rate: float, length: float) -> float:
    """E e^(λ(Z - EZ)) is at most e^(λ²c²/8) for Z in an interval of length c; λ = `rate`.

    Hoeffding (1963), the lemma in the proof of his theorem on sums of bounded variables.

    >>> exponential_moment_bound(2.0, 2.0) == exp(2)
    True
    """
    return exp(rate**2 * length**2 / 8)


def hoeffding_tail(t: float, lengths: ArrayLike) -> float:
    """P(sum - mean >= t) is at most exp(-2t²/Σc_i²) for independent Z_i in intervals of length c_i.

    `lengths` is (c_1, ..., c_n). Raises ValueError if t < 0 or all lengths are 0.

    >>> hoeffding_tail(1.0, [1, 1]) == exp(-1)
    True
    """
    total = float(np.square(np.asarray(lengths, float)).sum())
    if t < 0 or total == 0:
        raise ValueError(f"`t` is {t} and Σc² is {total}: give t >= 0 and a length that is not 0.")
    return exp(-2 * t**2 / total)


def efron_stein_maximum(n: int) -> float:
    """Σ E (M - M_i)², M the maximum of n uniform numbers in [0, 1], M_i that of all but number i.

    Only the largest number counts: it is the mean square of the uppermost gap. Raises ValueError if
    n < 2.

    >>> efron_stein_maximum(2) == 1 / 6
    True
    """
    if n < 2:
        raise ValueError(f"`n` is {n}: the maximum of the others needs at least 2 numbers.")
    return 2 / ((n + 1) * (n + 2))


def none_chance(power: int, N: int) -> float:
    """The chance that none of the independent events A_2, ..., A_N occurs, P(A_n) = n^(-power).

    For power 1 it is 1/N, which tends to 0, for power 2 it is (N + 1)/(2N), which does not. Raises
    ValueError for other powers.

    >>> none_chance(1, 10), none_chance(2, 10)
    (0.1, 0.55)
    """
    if power not in (1, 2):
        raise ValueError(f"`power` is {power}: there are closed forms for 1 and 2.")
    return 1 / N if power == 1 else (N + 1) / (2 * N)


def late_excess(N: int) -> float:
    """The chance that the share of heads among the first n fair tosses is >= 2/3 for some n >= N.

    A walk with the steps 1 (heads) and -2 must be at 0 or above. From -k it ever comes there with
    the chance z^k, where z = ½ + ½ z³ is (√5 - 1)/2. Raises ValueError if N < 1.

    >>> round(late_excess(1) + CLIMB / 2, 12)
    1.0
    """
    _positive("N", N)
    heads = np.array(range(N + 1))
    missing = np.maximum(2 * N - 3 * heads, 0)
    return float((binom.pmf(heads, N, 0.5) * CLIMB**missing).sum())


def normal_share(x: ArrayLike) -> np.ndarray:
    """P(g <= x) for a standard normal g.

    >>> normal_share([0.0])
    array([0.5])
    """
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in np.atleast_1d(x)])


def delta_variance(slope: float, variance: float) -> float:
    """The variance of the limit of √n (g(mean) - g(m)), with g' = `slope` at the true mean m.

    >>> delta_variance(3.0, 2.0)
    18.0
    """
    return slope**2 * variance


def ruin_chance(up: float, down: float) -> float:
    """The chance that a fair walk with continuous or unit steps reaches `up` before -`down`.

    Raises ValueError unless both are positive.

    >>> ruin_chance(3, 1)
    0.25
    """
    if up <= 0 or down <= 0:
        raise ValueError(f"`up` is {up} and `down` is {down}: give positive numbers.")
    return down / (up + down)


def ville_bound(level: float, start: float = 1.0) -> float:
    """P(sup M_t >= level) is at most start/level for a nonnegative supermartingale from `start`.

    Ville (1939). Raises ValueError unless the level is positive.

    >>> ville_bound(4.0)
    0.25
    """
    if level <= 0:
        raise ValueError(f"`level` is {level}: give a positive number.")
    return min(1.0, start / level)


def doob_bound(mean_square: float) -> float:
    """E max_(s <= t) M_s² is at most 4 E M_t² = 4 `mean_square` for a martingale.

    >>> doob_bound(0.5)
    2.0
    """
    return 4 * mean_square


def urn_variance(draws: float) -> float:
    """The variance of the share of red balls in Pólya's urn, begun with one red and one blue ball.

    After t draws the number of red balls is uniform on 1, ..., t + 1. For infinite `draws`: 1/12.

    >>> urn_variance(1) == 1 / 36
    True
    """
    return 1 / 12 if draws == inf else draws / (12 * (draws + 2))


def cosine_integral_square(t: float) -> float:
    """E (∫_0^t cos B dB)² = ∫_0^t E cos² B_s ds = t/2 + (1 - e^(-2t))/4, by Itô's isometry.

    >>> cosine_integral_square(0.0)
    0.0
    """
    return t / 2 + (1 - exp(-2 * t)) / 4


def geometric_moment(power: float, t: float, drift: float, noise: float) -> float:
    """E X_t^q for dX = a X dt + s X dB, X_0 = 1, q = `power`: exp((qa + q(q - 1)s²/2) t).

    >>> geometric_moment(1, 2.0, drift=0.5, noise=3.0) == exp(1)
    True
    """
    return exp((power * drift + power * (power - 1) * noise**2 / 2) * t)


def geometric_supremum(level: float, drift: float, noise: float) -> float:
    """P(sup_t X_t >= c) for dX = a X dt + s X dB, X_0 = 1: c^(-κ), κ = 1 - 2a/s², c = `level`.

    It is 1 if κ <= 0. Raises ValueError if the level is below 1 or the noise 0.

    >>> geometric_supremum(4.0, drift=0.0, noise=1.0)
    0.25
    """
    if level < 1 or noise == 0:
        raise ValueError(f"`level` is {level}, `noise` {noise}: give a level >= 1, and noise.")
    return level ** -max(0.0, 1 - 2 * drift / noise**2)


def brownian_cosine(rate: float, time: float) -> float:
    """E cos(λ W_s) for Brownian motion, λ = `rate`, s = `time`: exp(-λ²s/2).

    >>> brownian_cosine(0.0, 1.0)
    1.0
    """
    return exp(-(rate**2) * time / 2)


def _positive(name: str, value: float) -> None:
    if value < 1:
        raise ValueError(f"`{name}` is {value}: give at least 1.")
