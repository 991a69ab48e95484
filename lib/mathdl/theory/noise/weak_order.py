"""How well a differential equation describes stochastic gradient descent (SGD).

Three candidates: the gradient flow, the stochastic equation dX = -∇L dt + √η S dB with S Sᵀ = Σ
("SDE"), and the same with L + η|∇L|²/4 in the place of L ("modified SDE"). The linear model is
θ ← θ - η(Aθ - b) with independent uncorrelated A and b: E A = `a`, Var A = `s`², E b = 0 and
Var b = `noise`². Then Σ = s²θ² + noise².
"""

from collections.abc import Sequence
from math import comb

import numpy as np
from scipy.integrate import quad
from scipy.stats import t as student

ORDERS = {"gradient flow": 1, "SDE": 1, "modified SDE": 2}


def weak_error_order(equation: str) -> int:
    """The power of η in E φ(θ_N) - E φ(X_T), T = Nη fixed: 1, 1, and 2 for the "modified SDE".

    Raises ValueError for another equation than "gradient flow", "SDE" or "modified SDE".

    Source: Li, Tai and E 2017, 2019; derived on the page on continuous time.

    >>> [weak_error_order(equation) for equation in ("gradient flow", "SDE", "modified SDE")]
    [1, 1, 2]
    """
    if equation not in ORDERS:
        raise ValueError(f"equation={equation!r} is unknown; use one of {', '.join(ORDERS)}.")
    return ORDERS[equation]


def weak_coefficient(
    equation: str, a: float, s: float, noise: float, start: float, time: float
) -> float:
    """The limit of (E θ_N² - E X_T²) / η^order in the linear model, order as `weak_error_order`.

    With D = start² e^(-2aT) T and U = (1 - e^(-2aT)) noise² it is

        (s² - a²) D + U/(2a)        for the gradient flow,
        -a² D                       for the SDE,
        2a (s² - a²/3) D + U/2      for the modified SDE.

    Raises ValueError for an unknown equation and for a = 0.

    Source: derived on the page on continuous time.

    >>> round(weak_coefficient("SDE", a=1, s=0.5, noise=1, start=1, time=1), 6)  # -e^-2
    -0.135335
    """
    if a == 0:
        raise ValueError("a=0 has no drift; give a mean curvature a != 0.")
    order = weak_error_order(equation)
    D = start**2 * np.exp(-2 * a * time) * time
    U = -np.expm1(-2 * a * time) * noise**2
    if order == 2:
        return float(2 * a * (s**2 - a**2 / 3) * D + U / 2)
    if equation == "SDE":
        return float(-(a**2) * D)
    return float((s**2 - a**2) * D + U / (2 * a))


def linear_sgd_moment(
    power: int, A: Sequence[float], b: Sequence[float], start: float, step: float, steps: int
) -> float:
    """E θ_k^power of θ ← θ - η(Aθ - b), where each step draws one of the pairs (A[i], b[i]).

    The moments up to `power` obey a linear recursion, as (1 - ηA)θ + ηb has a binomial expansion.
    η = `step`, k = `steps`.

    Raises ValueError for a negative power or number of steps, and for lists of different lengths.

    Source: derived on the page on continuous time.

    >>> linear_sgd_moment(2, [0.5, 1.5], [0, 0], start=1, step=1.0, steps=3)  # (1/4)³
    0.015625
    """
    if power < 0 or steps < 0:
        raise ValueError(f"power={power}, steps={steps} must not be negative.")
    if len(A) != len(b):
        raise ValueError(f"A has {len(A)} entries and b has {len(b)}; give pairs.")
    factor, shift = 1 - step * np.asarray(A, float), step * np.asarray(b, float)
    matrix = np.zeros((power + 1, power + 1))
    for j in range(power + 1):
        for i in range(j + 1):
            matrix[j, i] = comb(j, i) * np.mean(factor**i * shift ** (j - i))
    moments = np.linalg.matrix_power(matrix, steps) @ float(start) ** np.arange(power + 1)
    return float(moments[power])


def fluctuation_variance(a: float, s: float, noise: float, start: float, time: float) -> float:
    """The limit V of Var(θ_N)/η in the linear model as η → 0, T = Nη fixed; also of Var(X_T)/η.

    V = s² start² T e^(-2aT) + noise² (1 - e^(-2aT))/(2a). As (θ_N - x(T))/√η tends to N(0, V),
    x being the gradient flow, the limit of E|θ_N - x(T)|/√η is √(2V/π).

    Raises ValueError for a = 0.

    Source: derived on the page on continuous time.

    >>> round(fluctuation_variance(1, 0.5, 1, 1, 1), 6)
    0.466166
    """
    if a == 0:
        raise ValueError("a=0 has no drift; give a mean curvature a != 0.")
    decay = np.exp(-2 * a * time)
    return float(s**2 * start**2 * time * decay + noise**2 * (1 - decay) / (2 * a))


def monte_carlo_floor(
    a: float, s: float, noise: float, start: float, time: float, step: float, replicates: float
) -> float:
    """The standard error of the mean of θ_N² over R runs of the linear model, for small steps.

    It is 2 |start| e^(-aT) √(ηV/R) with V = `fluctuation_variance`, η = `step` and
    R = `replicates`: √η times the limit of the exact one over √η.

    Raises ValueError for a = 0, and for steps and replicates that are not positive.

    Source: derived on the page on continuous time.

    >>> round(monte_carlo_floor(1, 0.5, 1, 1, 1, step=0.01, replicates=100), 6)
    0.005023
    """
    V = fluctuation_variance(a, s, noise, start, time)
    if step <= 0 or replicates <= 0:
        raise ValueError(f"step={step} and replicates={replicates} must be positive.")
    return float(2 * abs(start) * np.exp(-a * time) * np.sqrt(step * V / replicates))


def circle_coefficient(term: str, angle: float, start: float, time: float) -> float:
    """Three limits for SGD with the gradients cos(c) sin θ + ξ sin(c) cos θ, and φ = cos θ.

    E ξ = 0, E ξ² = 1, c = `angle`. Let x be the gradient flow from `start` and
    u_s(θ) the cosine of where it is at time s from θ. The terms are integrals over 0 <= t <= T of
    derivatives of u_{T-t} at x(t):

        "Euler"        -½ ∫ L'' L' u'              (E cos θ_N - E cos X_T)/η for the SDE
        "fluctuation"   ½ ∫ sin²(c) cos²(x) u''    to be added for the gradient flow
        "skewness"     -⅙ ∫ sin³(c) cos³(x) u'''   what a unit of E ξ³ adds, over η²

    Raises ValueError for another term and for an angle outside of (-π/2, π/2).

    Source: derived on the page on continuous time.

    >>> round(circle_coefficient("Euler", angle=0.0, start=1.0, time=0.0), 6)
    0.0
    """
    if not abs(angle) < np.pi / 2:
        raise ValueError(f"angle={angle} leaves no minimum at 0; use a number in (-π/2, π/2).")
    k, m = np.cos(angle), np.sin(angle)

    def integrand(t: float) -> float:
        x = 2 * np.arctan(np.tan(start / 2) * np.exp(-k * t))
        c, r = np.cos(x), np.sin(x)
        q = np.exp(-2 * k * (time - t))  # u = (1 - q + (1 + q) c) / (1 + q + (1 - q) c)
        p, below = 1 - q, 1 + q + (1 - q) * c
        d1, d2, d3 = 4 * q / below**2, -8 * q * p / below**3, 24 * q * p**2 / below**4
        if term == "Euler":
            return k**2 * c * r * d1 * r / 2
        if term == "fluctuation":
            return m**2 * c**2 * (d2 * r**2 - d1 * c) / 2
        return -(m**3) * c**3 * (-d3 * r**3 + 3 * d2 * r * c + d1 * r) / 6

    if term not in ("Euler", "fluctuation", "skewness"):
        raise ValueError(f"term={term!r} is unknown; use Euler, fluctuation or skewness.")
    return float(quad(integrand, 0, time)[0])


def mean_square_limit(equation: str, a: float, s: float) -> float:
    """The step above which second moments grow in the linear model without additive noise.

    2a/(a² + s²) for "SGD", 2a/s² for the "SDE", and 2a/(s² - a²) for the "modified SDE", infinite
    where the denominator is not positive.

    Raises ValueError for another equation, and unless a > 0.

    Source: derived on the page on continuous time.

    >>> [mean_square_limit(equation, 1.0, 0.5) for equation in ("SGD", "SDE", "modified SDE")]
    [1.6, 8.0, inf]
    """
    c = _second_order(equation, a, s)
    if a <= 0:
        raise ValueError(f"a={a} is no minimum on average; use a > 0.")
    return float(2 * a / c) if c > 0 else float("inf")


def stationary_second_moment(equation: str, a: float, s: float, noise: float, step: float) -> float:
    """E θ² in the long run in the linear model, infinite from the step `mean_square_limit` on.

    η noise²/(2a - ηc) with c = a² + s² for "SGD", s² for the "SDE", s² - a² for the "modified SDE".

    Raises ValueError as `mean_square_limit`.

    Source: derived on the page on continuous time.

    >>> stationary_second_moment("SGD", 1.0, 0.5, 1.0, step=1.0)  # that of U[-2, 2]
    1.3333333333333333
    """
    stable = step < mean_square_limit(equation, a, s)
    c = _second_order(equation, a, s)
    return float(step * noise**2 / (2 * a - step * c)) if stable else float("inf")


def sde_log_rate(a: float, s: float, step: float) -> float:
    """The almost sure limit of log|X_t| / t for dX = -aX dt + √η s X dB: -a - ηs²/2, η = `step`.

    Source: Itô's formula.

    >>> sde_log_rate(1.0, 0.5, step=4.0)
    -1.5
    """
    return -a - step * s**2 / 2


def sgd_log_rate(A: Sequence[float], step: float) -> float:
    """The almost sure limit of log|θ_k| / (kη) for θ ← (1 - ηA)θ with A drawn from a list.

    It is the mean of log|1 - ηA| over η = `step`, per unit of time.

    Source: the law of large numbers.

    >>> round(sgd_log_rate([0.5, 1.5], step=1.0), 6)  # factors ½ and -½
    -0.693147
    """
    return float(np.mean(np.log(np.abs(1 - step * np.asarray(A, float)))) / step)


def student_tail(c: float, a: float, s: float, noise: float, step: float) -> float:
    """P(|X| > c) under the density (s²x² + noise²)^(-1 - a/(ηs²)), which the SDE leaves invariant.

    X s √ν / noise has Student's law with ν = 1 + 2a/(ηs²) degrees of freedom, η = `step`.

    Raises ValueError unless a, s, noise and the step are positive.

    Source: derived on the page on continuous time.

    >>> round(student_tail(2.0, 1.0, 0.5, 1.0, step=1.0), 6)  # t with 9 degrees, beyond 3
    0.014956
    """
    if min(a, s, noise, step) <= 0:
        raise ValueError(f"a={a}, s={s}, noise={noise}, step={step} must be positive.")
    nu = 1 + 2 * a / (step * s**2)
    return float(2 * student.sf(c * s * np.sqrt(nu) / noise, nu))


def _second_order(equation: str, a: float, s: float) -> float:
    """The c with which E θ² grows at the rate -2a + ηc, per unit of time, without noise in b."""
    squares = {"SGD": a**2 + s**2, "SDE": s**2, "modified SDE": s**2 - a**2}
    if equation not in squares:
        raise ValueError(f"equation={equation!r} is unknown; use one of {', '.join(squares)}.")
    return squares[equation]
