"""A priori and a posteriori estimates of the risk, with every constant, and what is behind them.

n is the number of examples, m the width, d the input dimension, B the Barron norm of the target,
R the risk. Where no other source is named, the formula is derived on the page on a priori
estimates.
"""

from math import ceil, comb, exp, inf, log, pi, sqrt, tanh

import numpy as np
from scipy.integrate import quad
from scipy.special import gammainc

from mathdl.theory.estimation.complexity import linear_bound


def complexity_factor(convention: str, d: int = 1, bias: bool = True) -> float:
    """C, for which the unit ball of the Barron norm has a Rademacher complexity of at most C/√n.

    3/2 of what `linear_bound` says for one point. "path2", points in the unit ball of any
    dimension: 3/√2, and 3/2 without biases. "path1", points in [-1, 1]^d: (3/2) √(2 log(2d + 2)),
    and (3/2) √(2 log(2d)) without biases. Raises ValueError for another convention.

    >>> complexity_factor("path2", bias=False)
    1.5
    """
    return 3 / 2 * linear_bound(1, d, convention, bias)


def a_priori_bound(
    radius: float, n: int, factor: float, m: float = inf, norm: float = 0.0, square: float = 0.0
) -> float:
    """Bound of the expected excess risk of the network that fits best among those of bounded norm.

    (norm² - square)/m + 8 C radius/√n, for the squared loss and labels in [-1, 1]: `norm` is B,
    `square` the mean of f*², `radius` >= B the greatest path norm allowed, and `factor` is C of
    `complexity_factor`. With m = inf, or where f* is itself a network that is allowed, the first
    term is 0.

    >>> a_priori_bound(1.0, 64, factor=2.0), a_priori_bound(1.0, 64, 2.0, m=8, norm=2.0, square=2.0)
    (2.0, 2.25)
    """
    return (norm**2 - square) / m + 8 * factor * radius / sqrt(n)


def least_penalty(n: int, factor: float) -> float:
    """The least penalty λ on the path norm that the a priori estimate allows: (8C + 5/2)/√n.

    >>> least_penalty(4, factor=1.0)
    5.25
    """
    return (8 * factor + 5 / 2) / sqrt(n)


def penalized_bound(
    norm: float,
    n: int,
    penalty: float,
    delta: float,
    m: float = inf,
    square: float = 0.0,
    cut: bool = True,
) -> float:
    """Bound of the excess risk of the network of least penalized error, with probability 1 - 2δ.

    (norm² - square)/m + λ (norm + 1) + 8 √(log(1/δ)/(2n)), where λ = `penalty` is at least
    `least_penalty`. Squared loss, labels in [-1, 1], `norm` is B and `square` the mean of f*². If
    the predictions are not cut off at ±1 in the objective, `cut=False`, 8 becomes 4 + (norm + 1)².

    >>> penalized_bound(1.0, 2, penalty=0.5, delta=exp(-4.0))
    9.0
    """
    factor = 8 if cut else 4 + (norm + 1) ** 2
    return (norm**2 - square) / m + penalty * (norm + 1) + factor * sqrt(log(1 / delta) / (2 * n))


def a_posteriori_bound(
    empirical: float,
    norm: float,
    n: int,
    factor: float,
    delta: float,
    lipschitz: float = 1.0,
    largest: float = 1.0,
) -> float:
    """Bound of the risk of any network, however found, from its empirical risk and path norm.

    empirical + 2 κ C k/√n + M √(log(k(k + 1)/δ)/(2n)) with k = max(1, ceil(norm)), for losses with
    values in [0, M], M = `largest`, and the Lipschitz constant κ = `lipschitz` in the prediction.
    It holds for all networks of all widths at once with the probability 1 - δ. The defaults
    belong to the ramp loss: `norm` is then the path norm divided by the margin, and `empirical`
    the share of examples below the margin.

    >>> a_posteriori_bound(0.25, norm=0.5, n=4, factor=1.0, delta=2 * exp(-2.0))
    1.75
    """
    k = max(1, ceil(norm))
    chance = sqrt(log(k * (k + 1) / delta) / (2 * n))
    return empirical + 2 * lipschitz * factor * k / sqrt(n) + largest * chance


def classification_bound(norm: float, n: int, factor: float) -> float:
    """Bound of the expected classification risk of the separating network of least norm: 2CB/√n.

    B = `norm` is the norm of some function with y f(x) >= 1 on the whole population.

    >>> classification_bound(5.0, 100, factor=1.5)
    1.5
    """
    return 2 * factor * norm / sqrt(n)


def unseen_error(k: int, n: int) -> float:
    """Mean share of wrong answers on k orthonormal points with random labels: (1 - 1/k)^n / 2.

    n of the points were drawn, and learned; a point that was not drawn gets the answer +1.

    >>> unseen_error(2, 3)
    0.0625
    """
    return (1 - 1 / k) ** n / 2


def interpolated_noise(variance: float) -> float:
    """What connect-the-dots adds to the risk, however many dots: 2/3 of the noise variance.

    On the interval between the first and the last of any points on a line, in the mean over the
    noise; the target is affine between neighbors.

    >>> interpolated_noise(3.0)
    2.0
    """
    return 2 * variance / 3


def sign_part_maximum(k: int) -> float:
    """E max(|g₊|, |g₋|) for a standard Gaussian vector g in R^k, split into its positive entries
    and its negative ones.

    With K ~ Bin(k, 1/2) positive entries the two lengths are independent chi variables with K and
    k - K degrees of freedom; the mean is the integral of 1 - P(both <= t), by quadrature.

    >>> round(sign_part_maximum(1) ** 2 * pi, 9)  # E|g| = √(2/π)
    2.0
    """

    degrees = np.arange(1, k + 1)
    weights = [comb(k, j) / 2**k for j in range(k + 1)]

    def beyond(t: float) -> float:
        below = np.concatenate([[1.0], gammainc(degrees / 2, t * t / 2)])
        return float(1 - weights @ (below * below[::-1]))

    return float(quad(beyond, 0, inf, limit=200)[0])


def binary_mmse(ratio: float) -> float:
    """Least mean squared error for a random sign, seen through Gaussian noise.

    1 - E tanh(u² + uG), G ~ N(0, 1), where u = `ratio` is the size of the signal over the standard
    deviation of the noise. By quadrature.

    >>> round(binary_mmse(0.0), 12), binary_mmse(20.0) < 1e-9
    (1.0, True)
    """

    def integrand(g: float) -> float:
        return (1 - tanh(ratio * (ratio + g))) * exp(-g * g / 2) / sqrt(2 * pi)

    return float(quad(integrand, -inf, inf)[0])


def rate_lower(norm: float, noise: float, n: int, k: int) -> float:
    """No method has a smaller worst-case error over the ball of radius B on k orthonormal points.

    B²/(2k) times the least error for a sign at the ratio B√n / (√2 k ς); ς = `noise`, and each
    point was seen n/k times.

    >>> round(rate_lower(1e-9, 1.0, 10, 5) / 1e-19, 9)  # weak signals: B²/(2k)
    1.0
    """
    ratio = norm * sqrt(n) / (sqrt(2) * k * noise)
    return norm**2 / (2 * k) * binary_mmse(ratio)


def rate_upper(norm: float, noise: float, n: int, k: int) -> float:
    """Bound of the expected error of least squares over the ball of radius B, on k orthonormal
    points of which each was seen n/k times: 2Bς/√n · E max(|g₊|, |g₋|)/√k.

    >>> round(rate_upper(1.0, 1.0, 4, 1) ** 2 * pi, 9)
    2.0
    """
    return 2 * norm * noise / sqrt(n) * sign_part_maximum(k) / sqrt(k)


def fixed_features_error(d: int, n: int) -> float:
    """Least mean squared error of n fixed features, averaged over the 2d neurons σ(±x_j).

    The inputs are uniform on [-1, 1]^d. The second moment of the neurons, 1/6, less the n largest
    eigenvalues: 1/16 + 1/(48d) once, 1/(12d) d times, 1/(48d) d - 1 times. Raises ValueError for
    d < 1 and n < 0.

    >>> round(fixed_features_error(3, 0), 12), fixed_features_error(3, 6)
    (0.166666666667, 0.0)
    """
    if d < 1 or n < 0:
        raise ValueError(f"d={d}, n={n} is out of range; use d >= 1 and n >= 0.")
    if n == 0:
        return 1 / 6
    return (4 * max(0, d + 1 - n) + min(d - 1, max(0, 2 * d - n))) / (48 * d)
