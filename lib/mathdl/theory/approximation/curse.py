"""The curse of dimensionality: distances to samples, and what classes of low complexity cannot do.

n is the number of points, d the dimension of the domain and k that of the data. Where no other
source is named, the formula is derived on the page on the curse of dimensionality.
"""

from fractions import Fraction
from math import ceil, exp, gamma, lgamma, log, pi, sqrt


def covering_error(d: int, n: int) -> float:
    """The least worst-case error, in the maximum norm, from n values of a function on [0, 1]^d.

    The functions have Lipschitz constant 1 with respect to the maximum norm. The value is 1/(2k),
    where k is the greatest integer with k^d <= n. Raises ValueError if n < 1.

    Source: Sukharev 1971.

    >>> covering_error(2, 24), covering_error(2, 25)
    (0.125, 0.1)
    """
    if n < 1:
        raise ValueError(f"n={n} is no number of points; use n >= 1.")
    k = 1
    while (k + 1) ** d <= n:
        k += 1
    return 1 / (2 * k)


def points_needed(d: int, error: float) -> int:
    """The least n for which `covering_error(d, n)` is at most `error`: ceil(1/(2 error))^d.

    Raises ValueError if the error is not positive.

    >>> points_needed(d=10, error=0.1)
    9765625
    """
    if not error > 0:
        raise ValueError(f"error={error} cannot be reached; use a positive number.")
    return ceil(1 / (2 * Fraction(error).limit_denominator())) ** d


def ball_volume(d: int, metric: str = "euclidean") -> float:
    """v_d, the volume of the unit ball of R^d: π^(d/2)/Γ(d/2 + 1), or 2^d for "maximum".

    Raises ValueError for another metric.

    >>> ball_volume(2) / pi, ball_volume(2, "maximum")
    (1.0, 4.0)
    """
    if metric == "maximum":
        return 2.0**d
    if metric == "euclidean":
        return exp(d / 2 * log(pi) - lgamma(d / 2 + 1))
    raise ValueError(f"metric={metric!r} is not one of euclidean, maximum.")


def sphere_area(k: int) -> float:
    """|S^k|, the area of the unit sphere of R^(k+1): (k + 1) times the volume of its ball.

    >>> round(sphere_area(2) / pi, 12)
    4.0
    """
    return (k + 1) * ball_volume(k + 1)


def nearest_constant(k: int, volume: float = 1.0, metric: str = "euclidean") -> float:
    """lim n^(1/k) E dist(x, {x_1, ..., x_n}) for independent uniform points of a k-manifold.

    It is Γ(1 + 1/k) (volume/v_k)^(1/k), for the torus (volume 1) with either metric, and for every
    compact k-dimensional submanifold of a Euclidean space.

    >>> round(nearest_constant(1), 12)  # the circle of length 1
    0.5
    """
    return gamma(1 + 1 / k) * (volume / ball_volume(k, metric)) ** (1 / k)


def nearest_distance(k: int, n: int, volume: float = 1.0, metric: str = "euclidean") -> float:
    """E dist(x, {x_1, ..., x_n}) when a ball of radius r has probability v_k r^k / volume.

    It is `nearest_constant` times Γ(n + 1)/Γ(n + 1 + 1/k). This is exact for the torus with the
    maximum metric and for the sphere S² with the distance of R³, for every n; for the torus with
    the Euclidean metric and side 1 the relative error is exponentially small in n.

    >>> round(nearest_distance(1, 4), 12), round(nearest_distance(2, 1, volume=4 * pi), 6)
    (0.1, 1.333333)
    """
    return nearest_constant(k, volume, metric) * exp(lgamma(n + 1) - lgamma(n + 1 + 1 / k))


def least_mean_distance(k: int, n: int, volume: float = 1.0, metric: str = "euclidean") -> float:
    """A lower bound of the mean of dist(x, {x_1, ..., x_n}) for any n points, however chosen.

    It is k/(k+1) (volume/(v_k n))^(1/k), if no ball of radius r has a greater probability than
    v_k r^k / volume. In the maximum metric on the unit cube a grid of n = j^k points attains it.

    >>> round(least_mean_distance(1, 5), 12)
    0.05
    """
    return k / (k + 1) * (volume / (ball_volume(k, metric) * n)) ** (1 / k)


def separation(k: int) -> float:
    """Half the distance of neighbors in the grid of k^d points in [-1, 1]^d: 1/(k - 1).

    Raises ValueError if k < 2.

    >>> separation(3)
    0.5
    """
    if k < 2:
        raise ValueError(f"k={k} points have no neighbors; use k >= 2.")
    return 1 / (k - 1)


def linear_square(s: float, rank: int, n: int) -> float:
    """Mean squared L²(P_n) distance of the random function ±s on n points from a linear space.

    The functions of the space make a space of dimension `rank` on the points; s²(1 - rank/n).

    >>> linear_square(2.0, rank=1, n=4)
    3.0
    """
    return s**2 * (1 - rank / n)


def pyramid_mean(d: int, k: int) -> float:
    """The mean of the distance from the boundary of its cell, for k^d cells of [-1, 1]^d.

    Distances are those of the maximum norm: a pyramid of height 1/k has the mean 1/((d + 1) k).

    >>> pyramid_mean(1, 2)
    0.25
    """
    return 1 / ((d + 1) * k)


def barron_complexity(d: int, n: int) -> float:
    """A bound of the Rademacher complexity of the unit ball of the path1 Barron norm on [-1, 1]^d.

    It is C/√n with C = (3/2) √(2 log(2d + 2)), for any n points.

    >>> barron_complexity(5, 4) == barron_complexity(5, 1) / 2
    True
    """
    return 3 / 2 * sqrt(2 * log(2 * d + 2) / n)


def barron_gap(d: int, t: float) -> float:
    """Some function of Lipschitz constant 1 is farther than this, in the maximum norm, from all
    functions of Barron norm at most t (path1, on [-1, 1]^d).

    It is (1 - 2/d)(dCt/2)^(-2/(d-2)) with C of `barron_complexity`. Raises ValueError if d < 3 or
    t < 2/(dC).

    >>> barron_gap(3, 1.0) == 16 * barron_gap(3, 4.0)
    True
    """
    scale = d * barron_complexity(d, 1) / 2
    if d < 3 or t * scale < 1:
        raise ValueError(f"d={d} and t={t} are too small; use d >= 3 and t >= {1 / scale:.3g}.")
    return (1 - 2 / d) * (scale * t) ** (-2 / (d - 2))


def barron_mean_gap(d: int, t: float) -> float:
    """As `barron_gap`, but the distance is that of L¹ (or L²) of the uniform law on [-1, 1]^d.

    It is 1/(2(d + 1)k) where k is the least integer >= (2(d + 1)Ct)^(2/(d-2)). Raises ValueError
    if d < 3 or t <= 0.

    >>> barron_mean_gap(4, 1e-9)
    0.1
    """
    if d < 3 or not t > 0:
        raise ValueError(f"d={d} and t={t} are too small; use d >= 3 and t > 0.")
    k = ceil((2 * (d + 1) * barron_complexity(d, 1) * t) ** (2 / (d - 2)))
    return 1 / (2 * (d + 1) * k)


def norm_needed(d: int, error: float) -> float:
    """The Barron norm at which `barron_gap` falls to `error`: less cannot be enough for all f.

    It is ((1 - 2/d)/error)^((d-2)/2) / (dC/2). Raises ValueError if d < 3 or the error is not in
    (0, 1 - 2/d].

    >>> round(barron_gap(10, norm_needed(10, 0.1)), 12)
    0.1
    """
    if d < 3 or not 0 < error <= 1 - 2 / d:
        raise ValueError(f"d={d}, error={error}: use d >= 3 and an error in (0, 1 - 2/d].")
    return ((1 - 2 / d) / error) ** ((d - 2) / 2) / (d * barron_complexity(d, 1) / 2)
