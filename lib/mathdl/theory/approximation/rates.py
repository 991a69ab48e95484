"""Rates and widths: free knots, linear methods, random features.

Throughout, σ(t) = max(t, 0), d is the input dimension and m the number of neurons, of features, or
of dimensions of a linear space. Derived on the page on rates and widths.
"""

from math import comb, cos, exp, expm1, lgamma, log, pi, sin, sqrt

from scipy.special import zeta

SPLINE = 1 / sqrt(720)  # L² error of the best line for x²/2 on a cell of width 1


def knot_constant_exponential(rate: float, q: float = 2 / 5) -> float:
    """Limit of N² times the L² error of linear splines with N cells for e^(rate x) on [0, 1].

    The knots are quantiles of the density proportional to |f''|^q. The value is
    (∫|f''|^(2-4q))^(1/2) (∫|f''|^q)² / √720; q = 2/5, the default, gives the least one, which is
    the limit for free knots, and q = 0 the one for equal cells.

    >>> knot_constant_exponential(3.0) < knot_constant_exponential(3.0, q=0.0)
    True
    """
    spread = _mean_exponential((2 - 4 * q) * rate)
    return SPLINE * rate**2 * sqrt(spread) * _mean_exponential(q * rate) ** 2


def _mean_exponential(rate: float) -> float:
    """∫ e^(rate x) dx over [0, 1]."""
    return expm1(rate) / rate if rate else 1.0


def free_knot_power(p: float) -> float:
    """Limit of N² times the least L² error of linear splines with N cells for x^p on [0, 1].

    |p(p - 1)| (5/(2p + 1))^(5/2) / √720, for p > -1/2. Raises ValueError for other p, whose power
    is not square integrable.

    >>> round(free_knot_power(2.0) ** 2 * 180, 12)
    1.0
    """
    if p <= -1 / 2:
        raise ValueError(f"p={p} gives a power that is not in L²(0, 1); use p > -1/2.")
    return SPLINE * abs(p * (p - 1)) * (5 / (2 * p + 1)) ** 2.5


def first_cell_error(h: float) -> float:
    """L² error of the best line for √x on [0, h], h/√450: no spline with this cell has less.

    >>> round(first_cell_error(0.1) ** 2 * 45_000, 9)
    1.0
    """
    return h / sqrt(450)


def greedy_bound(norm: float, m: int) -> float:
    """Upper bound norm/√(m + 1) for the L² error of m steps of the orthogonal greedy algorithm.

    `norm` is the variation norm of the target over a dictionary whose atoms have L² norm at most 1.
    Source: DeVore and Temlyakov 1996.

    >>> greedy_bound(2.0, 3)
    1.0
    """
    return norm / sqrt(m + 1)


def improved_exponent(d: int) -> float:
    """α = 1/2 + 3/(2d), the same number as (d + 3)/(2d): networks of m ReLU neurons reach m^(-α).

    Sharp for the Barron space. Source: Siegel and Xu 2024; for greedy networks 2022.

    >>> [improved_exponent(d) for d in (1, 3)]
    [2.0, 1.0]
    """
    return (d + 3) / (2 * d)


def circle_width(m: int) -> float:
    """Kolmogorov width d_m of all neurons σ(cos(θ - φ)) in L²(dθ/2π), for odd m >= 3.

    d_m² = Σ 2/(π²(k² - 1)²) over the even k >= m - 1. Partial fractions leave two sums over the
    odd numbers, one of which telescopes. Raises ValueError for even m and for m < 3.

    >>> round(circle_width(33), 7)
    0.0010643
    """
    if m < 3 or m % 2 == 0:
        raise ValueError(f"m={m} splits a pair of cosine and sine; use m = 3, 5, 7, ...")
    squares = zeta(2, m / 2) / 2 + 1 / (m - 2) ** 2 - 1 / (m - 2)  # 2 Σ 1/j² over odd j >= m, ...
    return sqrt(squares / 2) / pi


def circle_asymptote(m: float) -> float:
    """m^(-3/2)/(π√3): the width lies between its values at m - 1 and m - 2.

    >>> circle_asymptote(4) < circle_width(5) < circle_asymptote(3)
    True
    """
    return m**-1.5 / (pi * sqrt(3))


def circle_remainder(M: int) -> float:
    """Greatest L² norm of what two neighbors among M equispaced neurons leave of one in between.

    √((δ - sin δ)/(8π)) / cos(δ/2) with δ = 2π/M, for M >= 4; ValueError for M < 4.

    >>> circle_remainder(8) < circle_remainder(4) / 2**1.5
    True
    """
    if M < 4:
        raise ValueError(f"M={M} neurons are too few; use M >= 4.")
    step = 2 * pi / M
    return sqrt((step - sin(step)) / (8 * pi)) / cos(step / 2)


def circle_network_error(M: int) -> float:
    """Error that 2M neurons reach for every function of variation norm 1 on the circle, M >= 4.

    >>> circle_network_error(16) == circle_remainder(16) / 4
    True
    """
    return circle_remainder(M) / sqrt(M)


def circle_network_norm(M: int) -> float:
    """Upper bound for the sum of the outer weights of these networks, 1 + 2/cos(π/M).

    >>> round(circle_network_norm(3), 9)
    5.0
    """
    return 1 + 2 / cos(pi / M)


def harmonics(d: int, degree: int) -> int:
    """Dimension of the spherical harmonics of a degree on the unit sphere of R^d, d >= 2.

    >>> [harmonics(3, degree) for degree in (0, 1, 2)]
    [1, 3, 5]
    """
    lower = comb(degree + d - 3, d - 1) if degree >= 2 else 0
    return comb(degree + d - 1, d - 1) - lower


def neuron_eigenvalue(d: int, degree: int) -> float:
    """Eigenvalue of E σ(e·x)σ(e'·x), x ~ N(0, I_d), on the harmonics of a degree in e.

    d a² with a = Γ(d/2)/(2√π Γ((d+1)/2)) for degree 0, 1/(2d) for degree 1, 0 for other odd
    degrees, and Γ(d/2)(l-2)! / (√π 2^l (l/2-1)! Γ((l+d+1)/2)) for even l >= 2.
    With respect to the uniform law of e.

    >>> round(neuron_eigenvalue(2, 0) * pi**2, 12), neuron_eigenvalue(7, 3)
    (2.0, 0.0)
    """
    if degree == 1:
        return 1 / (4 * d)
    if degree % 2 == 1:
        return 0.0
    size = lgamma(d / 2) - log(pi) / 2 - lgamma((degree + d + 1) / 2) - degree * log(2)
    if degree == 0:
        size -= log(2)
    else:
        size += lgamma(degree - 1) - lgamma(degree / 2)
    return d * exp(2 * size)


def neuron_tail(d: int, m: int) -> float:
    """Lower bound for the mean squared error of m fixed features over all neurons σ(e·x), |e| = 1.

    The inputs are x ~ N(0, I_d), the mean is over directions e, and the features may be any. The
    value is 1/2 less the m largest eigenvalues, and is attained where m completes a degree: m = 1,
    d + 1, ... There it is the squared Kolmogorov width. Raises ValueError for m < 0 and d < 2.

    >>> round(neuron_tail(2, 3), 6), round(neuron_tail(50, 0), 12)
    (0.047358, 0.5)
    """
    if d < 2 or m < 0:
        raise ValueError(f"d={d}, m={m} is out of range; use d >= 2 and m >= 0.")
    left, degree = 1 / 2, 0
    while m > 0:
        taken = min(m, harmonics(d, degree))
        left -= taken * neuron_eigenvalue(d, degree)
        m -= taken
        degree += 1 if degree < 2 else 2
    return left


def fixed_features_floor() -> float:
    """1/4 - 1/(2π): what m fixed features leave of a neuron in the mean, for d ≪ m ≪ d².

    >>> abs(neuron_tail(10**6, 10**6 + 1) - fixed_features_floor()) < 1e-6
    True
    """
    return 1 / 4 - 1 / (2 * pi)


def random_features_limit(psi: float) -> float:
    """Mean squared error of m = psi d random neurons with the best outer weights, as d grows.

    The target is σ(x_1), x ~ N(0, I_d). With μ² = 1/4 - 1/(2π) and ζ² = 1/(4μ²) it is μ² + S/4,
    where S is the positive root of ζ² S² + (1 + ζ² psi - ζ²) S = 1.

    >>> round(random_features_limit(0.0), 12) == round(1 / 2 - 1 / (2 * pi), 12)
    True
    """
    floor = fixed_features_floor()
    ratio = 1 / (4 * floor)
    half = (1 + ratio * psi - ratio) / (2 * ratio)
    return floor + (sqrt(half**2 + 1 / ratio) - half) / 4


def neuron_gradient(length: float, angle: float) -> tuple[float, float]:
    """Gradient in w of half of E(σ(w·x) - σ(e·x))²: its radial and its angular component.

    x ~ N(0, I_d), |e| = 1, |w| = length > 0, at an angle in [0, π] to e. The components are
    (length - k)/2 with k = (sin + (π - angle) cos)/π, along w, and (π - angle) sin/(2π), in the
    direction in which the angle grows. Both vanish at w = e.

    >>> neuron_gradient(1.0, 0.0)
    (0.0, 0.0)
    """
    k = (sin(angle) + (pi - angle) * cos(angle)) / pi
    return (length - k) / 2, (pi - angle) * sin(angle) / (2 * pi)
