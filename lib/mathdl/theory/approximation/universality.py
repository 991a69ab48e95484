"""Universality and its price: floors, norms that grow, and what noise becomes in an interpolant.

Where no other source is named, the formula is derived on the page on universality.
"""

from fractions import Fraction
from math import factorial, prod, sqrt


def difference_error(k: int, ratio: float) -> float:
    """The limit of sup |g_h - x^k| / h² on [-1, 1] for the central difference of k + 1 neurons.

    g_h(x) = Σ_j (-1)^(k-j) C(k, j) σ((2j - k)hx + b) / ((2h)^k σ^(k)(b)); the limit for h to 0 is
    k |ratio| / 6 with ratio = σ^(k+2)(b) / σ^(k)(b).

    >>> difference_error(3, ratio=16 / -2)  # tanh at b = 0
    4.0
    """
    return k * abs(ratio) / 6


def difference_weight(derivative: float) -> float:
    """h^k times the sum of the absolute outer weights of that central difference: 1/|σ^(k)(b)|.

    >>> difference_weight(-2.0)
    0.5
    """
    return 1 / abs(derivative)


def step_sum_error(spacing: float) -> float:
    """Greatest error of a midpoint sum of shifted steps against their average with a hat.

    The hat is φ(y) = max(1 - |y|, 0), the step is 1 for t >= 0 and 0 otherwise, and the cells of
    the given width have 0 among their ends; the value is spacing/2 - spacing²/8.

    >>> step_sum_error(0.5)
    0.21875
    """
    return spacing / 2 - spacing**2 / 8


def polynomial_floor(k: int) -> float:
    """Distance of x^(k+1) from all polynomials of degree at most k in L²([-1, 1], dx/2).

    It is the norm of the monic Legendre polynomial, 2^(k+1) (k+1)!² / ((2k+2)! √(2k+3)).

    >>> round(polynomial_floor(2), 6)
    0.151186
    """
    n = k + 1
    return 2**n * factorial(n) ** 2 / (factorial(2 * n) * sqrt(2 * n + 1))


def ridge_product_error(N: int) -> float:
    """Greatest error on [-1, 1]² of x_1 x_2 = (s² - t²)/4, s and t = x_1 ± x_2, with splines.

    Both squares are interpolated linearly in N equal cells of [-2, 2]; the value is 1/N².

    >>> ridge_product_error(10)
    0.01
    """
    return 1 / N**2


def root_error(N: int) -> float:
    """Greatest error on [0, 1] of the interpolant of √x in N equal cells: 1/(4√N).

    >>> root_error(4)
    0.125
    """
    return 1 / (4 * sqrt(N))


def root_norm(N: int) -> float:
    """Least `bias-free` norm on [0, 1] of that interpolant: √N, the slope of its first cell.

    >>> root_norm(16)
    4.0
    """
    return sqrt(N)


def root_kinks(N: int) -> float:
    """Sum of the absolute changes of slope of that interpolant: √N - N + √(N(N - 1)).

    It is the first slope less the last one.

    >>> round(root_kinks(4), 4)
    1.4641
    """
    return sqrt(N) - N + sqrt(N * (N - 1))


def power_price(s: float, error: float) -> float:
    """Least `bias-free` norm, over all widths, with which networks come within `error` of x^s.

    On [0, 1], uniformly, with 0 < s < 1 and 2 error <= 1 - s. The value is the greatest slope
    (x^s - 2 error)/x, which is s (2 error/(1 - s))^(1 - 1/s); for s = 1/2 it is 1/(8 error).
    Raises ValueError for s or errors outside of these ranges.

    >>> round(power_price(0.5, 0.05), 12)
    2.5
    """
    if not 0 < s < 1:
        raise ValueError(f"s={s} is not between 0 and 1.")
    if not 0 < 2 * error <= 1 - s:
        raise ValueError(f"error={error} is not in (0, (1 - s)/2]: use a smaller positive one.")
    return s * (2 * error / (1 - s)) ** (1 - 1 / s)


def spline_noise() -> float:
    """Factor by which linear splines that interpolate at their knots multiply label noise: 2/3.

    The mean square of the fit of pure noise of variance 1, whatever the knots in [A, B] are, if
    the ends are among them.

    >>> 0 < 1 - spline_noise() < 1
    True
    """
    return 2 / 3


def equispaced_noise(n: int) -> float:
    """The same factor for polynomials that interpolate at n equispaced points of [-1, 1].

    It is Σ_i ∫ ℓ_i² dx/2 over the Lagrange polynomials ℓ_i, in exact rational arithmetic. It is
    also the limit for networks of n neurons σ((2j - n + 1)hx/2) with σ = exp, as h goes to 0.
    Raises ValueError if n < 2.

    >>> round(equispaced_noise(12), 3)
    34.093
    """
    if n < 2:
        raise ValueError(f"n={n} points do not span an interval; use 2 or more.")
    nodes = [Fraction(2 * i, n - 1) - 1 for i in range(n)]
    total = Fraction(0)
    for i, node in enumerate(nodes):
        c = [Fraction(1)]  # coefficients of a product of factors x - other
        for other in nodes[:i] + nodes[i + 1 :]:
            lower = [Fraction(0), *c]
            c = [a - other * b for a, b in zip(lower, [*c, Fraction(0)], strict=True)]
        scale = prod((node - other for other in nodes if other != node), start=Fraction(1))
        square = sum(
            a * b / (p + q + 1)
            for p, a in enumerate(c)
            for q, b in enumerate(c)
            if (p - q) % 2 == 0
        )
        total += square / (scale * scale)
    return float(total)


def flat_parts(n: int) -> float:
    """The limit of h^(n-1) Σ_i Σ_j |A_ij| for those networks: (2(n - 1))^(n-1) / (n - 1)!.

    A_ij is the outer weight of neuron j in the network that is 1 at point i and 0 at the others.

    >>> flat_parts(3)
    8.0
    """
    return (2 * (n - 1)) ** (n - 1) / factorial(n - 1)


def holomorphic_floor(j: int) -> float:
    """Distance of the j-th power of the conjugate of z from holomorphic functions: 1/√(j + 1).

    On the unit disc, in L² of the normalized area; j >= 1. Raises ValueError for j < 1.

    >>> round(holomorphic_floor(1) ** 2, 12)
    0.5
    """
    if j < 1:
        raise ValueError(f"j={j} gives a holomorphic function; use 1, 2, 3, ...")
    return 1 / sqrt(j + 1)


def polyharmonic_floor(j: int, k: int) -> float:
    """Distance of |z|^(2j) from all f with Δ^k f = 0, on the unit disc, normalized area.

    It is the distance of t^j from polynomials of degree below k in L²(0, 1), that is
    Π_{i<k} |j - i|/(j + i + 1), divided by √(2j + 1).

    >>> [round(polyharmonic_floor(2, k), 5) for k in (1, 2, 3)]
    [0.29814, 0.07454, 0.0]
    """
    return prod(abs(j - i) / (j + i + 1) for i in range(k)) / sqrt(2 * j + 1)


def two_layer_error(M: int) -> float:
    """Limit of sup |S_h(S_h(z)) - |z|⁴| / h^M on the unit disc as h goes to 0: 3/(M + 1)!.

    S_h(u) is the mean of σ(wu)/h² over the M roots w of w^M = h^M, with σ(z) = e^z conj(z).

    >>> two_layer_error(2)
    0.5
    """
    return 3 / factorial(M + 1)
