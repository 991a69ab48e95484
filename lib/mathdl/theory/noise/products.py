"""Products of independent random factors: what their mean does, what they do, and what one sees.

x_t = A_1 ... A_t with A_s >= 0 independent, distributed as A. Where A takes finitely many values,
`factors` lists them and `chances` their probabilities.
"""

from collections.abc import Callable, Sequence
from math import comb

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import boxcox, gammaln, roots_jacobi
from scipy.stats import binom

from mathdl.theory.noise.fresh_examples import regression_factor


def factor_moment(factors: Sequence[float], chances: Sequence[float], power: float) -> float:
    """E A^s with s = `power`: the factor by which E x_t^s grows in each step.

    Raises ValueError unless the chances are positive probabilities and the factors positive.

    >>> factor_moment([2.0, 0.25], [0.5, 0.5], power=2)
    2.03125
    """
    _check(factors, chances)
    return float(np.dot(chances, np.asarray(factors) ** power))


def typical_factor(factors: Sequence[float], chances: Sequence[float]) -> float:
    """exp E log A: the almost sure limit of x_t^(1/t).

    Raises ValueError as `factor_moment`.

    >>> round(typical_factor([2.0, 0.25], [0.5, 0.5]) ** 2, 12)
    0.5
    """
    _check(factors, chances)
    return float(np.exp(np.dot(chances, np.log(factors))))


def product_tail_exponent(factors: Sequence[float], chances: Sequence[float]) -> float:
    """The κ > 0 with E A^κ = 1.

    Raises ValueError as `factor_moment`, and unless E log A < 0 and some factor exceeds 1: there is
    no κ otherwise.

    Source: derived on the page on SGD in discrete time; cf. Kesten (1973).

    >>> golden = (1 + 5**0.5) / 2
    >>> bool(np.isclose(2 ** product_tail_exponent([2.0, 0.25], [0.5, 0.5]), golden))
    True
    """
    if typical_factor(factors, chances) >= 1 or max(factors) <= 1:
        raise ValueError(f"factors={factors} have no tail; use E log A < 0 and a factor above 1.")
    logs = np.log(factors)
    i = int(np.argmax(logs))
    high = np.log(len(logs) / chances[i]) / logs[i]  # there p_i A_i^s alone exceeds 1
    return float(brentq(lambda s: np.dot(chances, boxcox(factors, s)), 0, high))


def tail_bounds(
    exponent: float, largest: float, level: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(ac)^(-κ) and c^(-κ): P(some x_t >= c) lies between them if A <= a and E A^κ = 1.

    κ = `exponent`, a = `largest`, c = `level`.

    Raises ValueError unless κ > 0, a >= 1 and c >= 1.

    Source: derived on the page on SGD in discrete time.

    >>> low, high = tail_bounds(1.0, 2.0, np.array([4.0]))
    >>> float(low[0]), float(high[0])
    (0.125, 0.25)
    """
    c = np.asarray(level, dtype=float)
    if exponent <= 0 or largest < 1 or c.min() < 1:
        raise ValueError(f"exponent={exponent}, largest={largest}: use κ > 0 and a, c >= 1.")
    return (largest * c) ** -exponent, c**-exponent


def maximum_tail(up: float, down: float, chance: float, level: float, steps: int) -> float:
    """P(x_t >= c for some t <= `steps`) from x_0 = 1, exactly, for two factors.

    A is `up` with probability `chance`, else `down`; c = `level`. A path that has not arrived is
    known by how often it went up, so that the sum over paths is one over that number. Take a c
    that no x_t equals: there rounding would decide.

    Raises ValueError unless up > 1 > down > 0 and level > 1.

    >>> golden = (1 + 5**0.5) / 2
    >>> bool(np.isclose(maximum_tail(2.0, 0.25, 0.5, level=7.0, steps=400), golden**-3))
    True
    """
    if not (up > 1 > down > 0 and level > 1):
        raise ValueError(f"up={up}, down={down}, level={level}; use up > 1 > down > 0, level > 1.")
    rise, fall = np.log(up), -np.log(down)
    here, arrived = np.zeros(steps + 1), 0.0
    here[0] = 1.0
    for t in range(1, steps + 1):
        here[1:] = (1 - chance) * here[1:] + chance * here[:-1]
        here[0] *= 1 - chance
        ups = np.arange(steps + 1)
        there = ups * rise - (t - ups) * fall >= np.log(level)
        arrived += here[there].sum()
        here[there] = 0.0
    return float(arrived)


def largest_count(steps: int, chance: float, samples: int) -> float:
    """The mean of the largest of `samples` independent binomial counts of `steps` trials.

    >>> largest_count(steps=1, chance=0.5, samples=2)
    0.75
    """
    return float(np.sum(1 - binom.cdf(np.arange(steps), steps, chance) ** samples))


def visible_moment(
    up: float, down: float, steps: int, power: float, samples: int, miss: float
) -> float:
    """The part of E x_t^s that R = `samples` paths of a fair coin can see: E[x_t^s; K <= k].

    K counts the factors `up` in t = `steps`, and k is the smallest number with
    R P(K > k) <= δ = `miss`, so that with probability 1 - δ no path has more.

    Raises ValueError unless 0 < miss < 1.

    Source: derived on the page on SGD in discrete time.

    >>> visible_moment(2.0, 0.5, steps=2, power=1, samples=1, miss=0.3)  # without two ups
    0.5625
    """
    if not 0 < miss < 1:
        raise ValueError(f"miss={miss} is no probability; use 0 < miss < 1.")
    most = int(binom.isf(miss / samples, steps, 0.5))
    return float(
        sum(
            comb(steps, k) / 2**steps * up ** (power * k) * down ** (power * (steps - k))
            for k in range(most + 1)
        )
    )


def needed_exponent(factors: Sequence[float], chances: Sequence[float], power: float) -> float:
    """I with: about e^(It) paths are needed before an average shows E x_t^s, s = `power`.

    I = E w log w with the weights w = A^s / E A^s, the relative entropy of the law of a factor
    that the moment comes from and the law that is sampled.

    Raises ValueError as `factor_moment`.

    Source: derived on the page on SGD in discrete time; cf. Chatterjee and Diaconis (2018).

    >>> needed_exponent([2.0, 2.0], [0.5, 0.5], power=2)
    0.0
    """
    weights = np.asarray(factors) ** power / factor_moment(factors, chances, power)
    return float(np.dot(chances, weights * np.log(weights)))


def regression_mean(function: Callable[[np.ndarray], np.ndarray], step: float, d: int) -> float:
    """E function(A²) for the factor A = |e_1|/|e_0| of SGD on regression with Gaussian inputs.

    e_1 = (I - η xxᵀ) e_0, x ~ N(0, I_d), η = `step`. With s = |x|² and b the squared cosine between
    x and e_0, A² = 1 - b + b(1 - ηs)²; b is Beta(1/2, (d-1)/2), independent of s. The integral
    over b is Gauss-Jacobi quadrature, that over √s adaptive on both sides of s = 1/η, where A may
    vanish.

    Raises ValueError for d < 1 or a step that is not positive.

    Source: derived on the page on SGD in discrete time.

    >>> round(regression_mean(lambda square: square, step=0.1, d=10), 9)  # 1 - 2η + (d + 2) η²
    0.92
    """
    if d < 1 or step <= 0:
        raise ValueError(f"d={d}, step={step}; use d >= 1 and a positive step.")
    b, weights = np.ones(1), np.ones(1)
    if d >= 2:
        nodes, weights = roots_jacobi(200, (d - 3) / 2, -0.5)
        b, weights = (1 + nodes) / 2, weights / weights.sum()

    def at(r: float) -> float:
        log_density = (d - 1) * np.log(r) - r**2 / 2 + (1 - d / 2) * np.log(2) - gammaln(d / 2)
        squares = 1 - b + b * (1 - step * r**2) ** 2
        return float(np.exp(log_density) * (weights @ function(squares)))

    middle = step**-0.5
    return float(quad(at, 0, middle)[0] + quad(at, middle, np.inf)[0])


def regression_typical_factor(step: float, d: int) -> float:
    """exp E log A, the almost sure limit of |e_t|^(1/t), for SGD on regression: see above.

    >>> regression_typical_factor(0.1, d=10) < 0.92**0.5  # Jensen
    True
    """
    return float(np.exp(regression_mean(np.log, step, d) / 2))


def regression_tail_exponent(step: float, d: int) -> float:
    """The κ in (0, 2) with E A^κ = 1 in regression, for a step between the two thresholds.

    There E log A < 0 < log E A².

    Raises ValueError for other steps.

    >>> 0 < regression_tail_exponent(0.7, d=2) < 1
    True
    """
    if not regression_typical_factor(step, d) < 1 < regression_factor(step, d):
        raise ValueError(f"step={step}: use one with E log A < 0 < log E A².")
    return float(
        brentq(
            lambda power: regression_mean(lambda square: boxcox(square, power / 2), step, d),
            0,
            2,
        )
    )


def _check(factors: Sequence[float], chances: Sequence[float]) -> None:
    if min(factors) <= 0:
        raise ValueError(f"factors={factors} are not all positive; use positive ones.")
    if min(chances) <= 0 or not np.isclose(np.sum(chances), 1):
        raise ValueError(f"chances={chances} are no probabilities; use positive ones of sum 1.")
