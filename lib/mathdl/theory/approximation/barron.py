"""Barron space: errors of random neurons, exact norms and their certificates.

Throughout, σ(t) = max(t, 0), d is the input dimension and m the number of neurons. Where no other
source is named, the formula is derived on the page on Barron space.
"""

from math import exp, lgamma, log, pi, sin, tan

import numpy as np
from scipy.special import betainc


def isotropic_average(d: int) -> float:
    """c_d, for which E σ(w·x) = c_d |x| when w is uniform on the unit sphere of R^d.

    c_d = Γ(d/2) / (2√π Γ((d+1)/2)), half the mean of |w_1|. Raises ValueError if d < 1.

    >>> [round(isotropic_average(d), 12) for d in (1, 3)]
    [0.5, 0.25]
    """
    if d < 1:
        raise ValueError(f"d={d} is not a dimension; use 1, 2, 3, ...")
    return exp(lgamma(d / 2) - lgamma((d + 1) / 2) - log(4 * pi) / 2)


def barron_monte_carlo_constant(d: int, cost: float = 1.0) -> float:
    """m times the mean squared error of m independent neurons that average to c_d |x|.

    The neurons are aσ(w·x) with w uniform on the unit sphere and an outer weight a = ±cost of
    mean 1, independent of w; the inputs are x ~ N(0, I_d). The value is cost²/2 - d c_d²: the
    second moment of a neuron less that of the target.

    >>> round(barron_monte_carlo_constant(3), 12)
    0.3125
    """
    return cost**2 / 2 - d * isotropic_average(d) ** 2


def barron_monte_carlo_limit() -> float:
    """The limit of `barron_monte_carlo_constant(d)` as d grows, and its supremum: 1/2 - 1/(2π).

    >>> barron_monte_carlo_constant(10**6) < barron_monte_carlo_limit()
    True
    """
    return 1 / 2 - 1 / (2 * pi)


def antithetic_constant(d: int) -> float:
    """m times the mean squared error of m/2 independent pairs of neurons σ(w·x), σ(-w·x).

    The setting of `barron_monte_carlo_constant`; the value is 1/2 - 2d c_d².

    >>> round(antithetic_constant(3), 12)
    0.125
    """
    return 1 / 2 - 2 * d * isotropic_average(d) ** 2


def shared_factor_constant(d: int, m: int, tau: float) -> float:
    """m times the mean squared error when all m neurons share one random outer weight.

    The setting of `barron_monte_carlo_constant`, but with a single a of mean 1 and variance tau²
    for all neurons. It grows linearly with m: the error has the floor tau² d c_d².

    >>> shared_factor_constant(3, 10, tau=0.0) == barron_monte_carlo_constant(3)
    True
    """
    target = d * isotropic_average(d) ** 2
    return m * tau**2 * target + (1 + tau**2) * (1 / 2 - target)


def maurey_error(norm: float, mean_square: float, m: int, neuron_square: float = 1.0) -> float:
    """Mean squared error of m neurons drawn from a representation of f with path norm `norm`.

    It is (norm² neuron_square - mean_square)/m, where `mean_square` is the integral of f² and
    `neuron_square` the mean square of a drawn neuron with normalized parameters. Normalized
    neurons are at most 1 in absolute value, so that `neuron_square=1` gives an upper bound, and
    some draw lies below it.

    Source: B. Maurey; see Pisier 1981.

    >>> maurey_error(norm=2.0, mean_square=1.0, m=6)
    0.5
    """
    return (norm**2 * neuron_square - mean_square) / m


def barron_norm_of_radius(d: int, convention: str) -> float:
    """The Barron norm of x ↦ |x|, the Euclidean norm, on every centered ball of R^d.

    It is 1/c_d for the conventions "path2" and "bias-free", and 2d for "path1". Raises ValueError
    for any other convention.

    >>> [round(barron_norm_of_radius(3, c), 12) for c in ("path1", "path2", "bias-free")]
    [6.0, 4.0, 4.0]
    """
    if convention == "path1":
        return 2.0 * d
    if convention in ("path2", "bias-free"):
        return 1 / isotropic_average(d)
    raise ValueError(f"convention={convention!r} is not one of path1, path2, bias-free.")


def certificate(d: int, b):
    """G(w, b) for |w| = 1: what the certificate of the norm of |x| gives on the neuron σ(w·x + b).

    The certificate is the measure (U - δ_0)/c_d with U uniform on the unit sphere, and
    G = E σ(|t| - |b|)/(2c_d) with t = w·x. In closed form it is
    (1 - b²)^((d-1)/2) - |b| P(|t| > |b|)/(2c_d) for |b| < 1, and 0 for |b| >= 1.

    b: a number or an array; the result has its shape.

    >>> certificate(3, np.array([-0.5, 0.0, 2.0])).round(12).tolist()
    [0.25, 1.0, 0.0]
    """
    b = np.minimum(np.abs(np.asarray(b, dtype=float)), 1.0)
    if d == 1:
        return 1 - b
    tail = betainc((d - 1) / 2, 1 / 2, 1 - b**2)
    return (1 - b**2) ** ((d - 1) / 2) - b * tail / (2 * isotropic_average(d))


def equispaced_error(m: int) -> float:
    """The greatest error on the unit circle of (π/m) Σ_j σ(w_j·x) against |x| = 1.

    The m directions w_j are equispaced and m is even; the value is 1 - (π/m) cot(π/m).

    >>> round(equispaced_error(4), 4)
    0.2146
    """
    return 1 - (pi / m) / tan(pi / m)


def circumscribed_polygon(m: int) -> float:
    """Half the perimeter of the regular m-gon around the unit circle, m tan(π/m) > π.

    >>> round(circumscribed_polygon(4), 12)
    4.0
    """
    return m * tan(pi / m)


def inscribed_polygon(m: int) -> float:
    """Half the perimeter of the regular m-gon in the unit circle, m sin(π/m) < π.

    >>> round(inscribed_polygon(6), 12)
    3.0
    """
    return m * sin(pi / m)


def ramp_error(slope: float) -> float:
    """Least squared L² distance, under the uniform law on [-1, 1], from a jump of height 1.

    The jump is at 0 and the competitors are all functions with Lipschitz constant at most
    `slope` >= 1/2; the ramp of that slope through the middle of the jump attains 1/(24 slope).

    >>> ramp_error(2.0) == 1 / 48
    True
    """
    return 1 / (24 * slope)


def barron_norm_of_wave(k: int) -> float:
    """The Barron norm of x ↦ cos(kπ u·x) on the unit ball, |u| = 1, under "bias-free": 4πk².

    It is the total variation of the slope of cos(kπt) on [-1, 1].

    >>> round(barron_norm_of_wave(2) / barron_norm_of_wave(1), 12)
    4.0
    """
    return 4 * pi * k**2


def fourier_bound(mass: float, first: float, second: float, convention: str = "path2") -> float:
    """An upper bound of the Barron norm on the unit ball by moments of a Fourier transform.

    For f(x) = ∫ exp(iξ·x) dF(ξ), real, these are the integrals of 1, |ξ| and |ξ|² against |F|. The
    bound is mass + 2 first + 3 second for "path2" and 2 first + 2 second for "bias-free". Raises
    ValueError for any other convention.

    >>> fourier_bound(1.0, 2.0, 4.0), fourier_bound(1.0, 2.0, 4.0, "bias-free")
    (17.0, 12.0)
    """
    if convention == "path2":
        return mass + 2 * first + 3 * second
    if convention == "bias-free":
        return 2 * first + 2 * second
    raise ValueError(f"convention={convention!r} is not one of path2, bias-free.")


def lacunary_bound(terms: int) -> float:
    """A lower bound of the Barron norm of Σ_j j 4^-j sin(2^j π x_1), j = 1, ..., terms: π² terms.

    On the unit ball, under all conventions; the certificate pairs the second derivative with the
    last sine. The sum of all terms has a finite first Fourier moment and no finite Barron norm.

    >>> round(lacunary_bound(2) / lacunary_bound(1), 12)
    2.0
    """
    return pi**2 * terms
