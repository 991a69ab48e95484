"""Pointwise structure of Barron functions: kinks, the price of a sphere, a second hidden layer.

Throughout, σ(t) = max(t, 0). All formulas are derived on the page on pointwise structure; norms
are those of the bias-free convention.
"""

from math import exp, inf, pi, sqrt

import numpy as np

from mathdl.theory.approximation.barron import isotropic_average


def second_difference(k: int, rho, t: float):
    """(f(x + h) + f(x - h) - 2f(x)) / t for f the mean of σ(w·x) over unit vectors w of R^k.

    R^k is a coordinate subspace of R^d. The point x has distance rho from the set where the first
    k coordinates are 0, and h is a vector of length t in R^k, orthogonal to x for k >= 2 and along
    the only axis for k = 1. The value is 2 c_k (√(rho² + t²) - rho)/t for k >= 2, where c_k is the
    mean of σ(w_1), and σ(1 - rho/t) for k = 1. At rho = 0 it does not depend on t: f has a kink.

    rho: a number or an array; the result has its shape.

    >>> second_difference(3, np.array([0.0, 0.75]), 1.0).round(12).tolist()
    [0.5, 0.25]
    """
    rho = np.asarray(rho, dtype=float)
    if k == 1:
        return np.maximum(1 - rho / t, 0)
    return 2 * isotropic_average(k) * (np.sqrt(rho**2 + t**2) - rho) / t


def sphere_kink(t):
    """The largest mean kink, at step t <= 1, of a neuron of R^3 across the unit sphere.

    It is the maximum over s of the mean over unit vectors u of
    (f((1 + t)u) + f((1 - t)u) - 2f(u))/t for f(x) = σ(w·x - s) with |w| = 1: t/(2(1 + 2t)),
    attained at s = (1 + t)/(1 + 2t).

    >>> round(float(sphere_kink(0.1)), 6)
    0.041667
    """
    t = np.asarray(t, dtype=float)
    return t / (2 * (1 + 2 * t))


def sphere_cost_lower(eps, radius: float = 2.0):
    """A lower bound for the norm of functions within eps of σ(|x| - 1) on |x| <= radius in R^3.

    It is 1/(4 eps) - 16 radius eps/(radius - 1 - 8 eps)². Raises ValueError unless
    0 < 20 eps <= 1 - 1/radius.

    >>> round(float(sphere_cost_lower(0.01)), 3)
    24.622
    """
    eps = np.asarray(eps, dtype=float)
    if radius <= 1 or (eps <= 0).any() or (20 * eps > 1 - 1 / radius).any():
        raise ValueError(f"eps={eps} is out of range; use 0 < 20 eps <= 1 - 1/radius.")
    return 1 / (4 * eps) - 16 * radius * eps / (radius - 1 - 8 * eps) ** 2


def sphere_cost_upper(eps):
    """The norm of the ramp `sphere_ramp`, which is within eps of σ(|x| - 1): 1/(4 eps) + 16 eps.

    It holds in R^3 on every ball whose radius is more than 1/(1 - 8 eps).

    >>> round(float(sphere_cost_upper(0.01)), 3)
    25.16
    """
    eps = np.asarray(eps, dtype=float)
    return 1 / (4 * eps) + 16 * eps


def sphere_cost_limit() -> float:
    """The limit of eps times the least norm with which σ(|x| - 1) is reached up to eps in R^3.

    >>> sphere_cost_limit()
    0.25
    """
    return 1 / 4


def sphere_ramp(r, eps: float):
    """Profile of a function on R^3 within eps of σ(|x| - 1), at the cost `sphere_cost_upper(eps)`.

    With a = 1/(1 + 8 eps), b = 1/(1 - 8 eps) and the slope s = (1 + 8 eps)²/(16 eps) it is
    -eps for r <= a, s(r - a)²/(2r) - eps up to b, and r - 1 - eps beyond.

    r: an array of radii.

    >>> sphere_ramp(np.array([0.5, 1.0, 1.75]), 0.05).round(12).tolist()
    [-0.05, 0.05, 0.7]
    """
    r = np.asarray(r, dtype=float)
    a, b = 1 / (1 + 8 * eps), 1 / (1 - 8 * eps)
    slope = (1 + 8 * eps) ** 2 / (16 * eps)
    middle = slope * (r - a) ** 2 / (2 * np.maximum(r, a))
    return np.where(r <= a, 0.0, np.where(r < b, middle, r - 1)) - eps


def gaussian_norm() -> float:
    """The norm of exp(-|x|²/2) on R^3: the total variation of g'(s) = (s³ - 3s) exp(-s²/2).

    The extrema of g' lie at s² = 3 ± √6, and the total variation is four times the sum of |g'| at
    the two positive ones.

    >>> round(gaussian_norm(), 6)
    7.020064
    """
    peaks = [sqrt(3 - sqrt(6)), sqrt(3 + sqrt(6))]
    return 4 * sum(abs(s**3 - 3 * s) * exp(-(s**2) / 2) for s in peaks)


def radius_variance(d: int) -> float:
    """m times the relative variance of the mean of σ(w_i·x)/c_d over m random unit vectors w_i.

    The mean estimates |x| without bias, and the value is 1/(2 d c_d²) - 1, with c_d the mean of
    σ(w·x) for |x| = 1.

    >>> round(radius_variance(3), 12)
    1.666666666667
    """
    return 1 / (2 * d * isotropic_average(d) ** 2) - 1


def second_layer_constant(d: int, low: float = 1.0, width: float = inf) -> float:
    """m times the mean squared error when a second layer σ(t - low) acts on the estimated radius.

    The first layer has m = width random neurons and estimates |x|, which is uniform on [0, 2];
    0 < low < 2. With v = `radius_variance(d)` the value is (8 - low³)v/6 in the limit of many
    neurons, less `second_layer_band(d, low)`/√m, up to O(1/m).

    >>> round(second_layer_constant(3), 12)
    1.944444444444
    >>> round(second_layer_constant(3, width=1000), 6)
    1.935396
    """
    return (8 - low**3) / 6 * radius_variance(d) - second_layer_band(d, low) / sqrt(width)


def second_layer_band(d: int, low: float = 1.0) -> float:
    """What the radii near the kink take away from √m times `second_layer_constant`.

    It is low³ √(2/π) v^(3/2)/6 with v = `radius_variance(d)`.

    >>> round(second_layer_band(1), 6)
    0.132981
    """
    return low**3 * sqrt(2 / pi) * radius_variance(d) ** 1.5 / 6


def second_layer_norm(d: int) -> float:
    """The path norm 1/c_d + 1 of σ(r - 1), where r is the mean of m neurons σ(w_i·x)/c_d.

    The outer weights 1/(c_d m) of the first layer, whose w_i are unit vectors, sum to 1/c_d; the
    second layer adds its bias. The width m does not matter.

    >>> round(second_layer_norm(3), 12)
    5.0
    """
    return 1 / isotropic_average(d) + 1


def second_layer_step(d: int) -> float:
    """The limit of √m times the mean squared error for the step 1(|x| > 1) instead of σ(|x| - 1).

    The setting of `second_layer_constant`; the value is √(v/(2π)) with v = `radius_variance(d)`.

    >>> second_layer_step(10) > second_layer_step(2)
    True
    """
    return sqrt(radius_variance(d) / (2 * pi))
