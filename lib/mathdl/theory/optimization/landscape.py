"""Landscapes: critical points of two linear layers, their plateaus, flat and dead regions.

Throughout, singular values s_1 >= s_2 >= ... > 0 belong to the matrix Y of ½ |UV - Y|², and a
critical point is named by the set I of those that its product UV has learned, numbered from 0.
"""

from collections.abc import Sequence
from math import atan2, log, pi, sqrt

import numpy as np
from scipy.integrate import quad


def critical_value(s: Sequence[float], learned: Sequence[int]) -> float:
    """½ Σ s_i² over all i that are not in I = `learned`: the loss ½ |UV - Y|² there.

    Source: Baldi and Hornik 1989; derived on the page on the landscape.

    >>> critical_value([3.0, 2.0, 1.0], learned=[0, 2])
    2.0
    """
    return float(sum(s[i] ** 2 for i in range(len(s)) if i not in learned) / 2)


def hessian_spectrum(s: Sequence[float], learned: Sequence[int], m: int) -> np.ndarray:
    """The 2 k m eigenvalues of the Hessian of ½ |UV - Y|² at a balanced critical point, sorted.

    Y is k × k with the k = len(s) singular values s, U is k × m, V is m × k, and UᵀU = VVᵀ is
    diagonal: c_b = s_i for the i in I = `learned`, and c_b = 0 for the other m - |I| columns.
    The eigenvalues are c_b ± s_a for each b and each a outside I, c_b + c_e for each pair (b, e)
    of learned columns, and 0.

    Raises ValueError if more than m are learned, and for an m < 1 or an s that is not positive.

    Source: derived on the page on the landscape.

    >>> hessian_spectrum([3.0, 1.0], learned=[1], m=1)
    array([-2.,  0.,  2.,  4.])
    """
    _check(s, m)
    if len(learned) > m:
        raise ValueError(f"learned={learned} has more than m={m} entries; use at most m.")
    kept = [s[i] for i in learned]
    left = [s[a] for a in range(len(s)) if a not in learned]
    every = kept + [0.0] * (m - len(kept))
    values = [c + sign * a for c in every for a in left for sign in (1, -1)]
    values += [c + other for c in kept for other in kept]
    zeros = 2 * len(s) * m - len(values)
    return np.sort(values + [0.0] * zeros)


def learned_strength(s: float, start: float, t: float | np.ndarray) -> np.ndarray:
    """The strength c(t) = s e^{2 s t} / (e^{2 s t} - 1 + s/c(0)) of a mode of two balanced layers.

    It solves c' = 2c (s - c) from c(0) = `start`.

    Raises ValueError unless s and start are positive.

    Source: Saxe, McClelland and Ganguli 2014; derived on the page on the landscape.

    >>> learned_strength(1.0, 0.5, np.array([0.0, 50.0]))
    array([0.5, 1. ])
    """
    _positive(s=s, start=start)
    return s / (1 + (s / start - 1) * np.exp(-2 * s * np.asarray(t)))


def half_time(s: float, start: float, depth: int = 2) -> float:
    """When the product w^N of `depth` = N equal factors reaches s/2, from w^N = `start`.

    w' = w^{N-1} (s - w^N) gives ∫ dw / (w^{N-1} (s - w^N)), which is log(s/start - 1) / (2s) for
    N = 2. For N >= 3 it is of the size start^{2/N - 1} / ((N - 2) s): no longer a logarithm.

    Raises ValueError unless 0 < start < s/2 and depth >= 2.

    Source: derived on the page on the landscape.

    >>> half_time(0.5, 0.125), half_time(1.0, 1e-3) < half_time(1.0, 1e-3, depth=3)
    (1.0986122886681098, True)
    """
    _positive(s=s, start=start)
    if depth < 2 or start >= s / 2:
        raise ValueError(f"depth={depth}, start={start}: use depth >= 2 and start below s/2.")
    if depth == 2:
        return log(s / start - 1) / (2 * s)
    first, last = start ** (1 / depth), (s / 2) ** (1 / depth)
    slow = (first ** (2 - depth) - last ** (2 - depth)) / (depth - 2)
    rest, _ = quad(lambda w: w / (s - w**depth), first, last)
    return (slow + rest) / s


def escape_exponent(depth: int) -> float:
    """The exponent 2 - N of the size w of N = `depth` equal small factors in the time to grow.

    For N = 2 it is 0: the time grows like a logarithm.

    Raises ValueError for a depth < 2.

    Source: derived on the page on the landscape.

    >>> escape_exponent(4)
    -2.0
    """
    if depth < 2:
        raise ValueError(f"depth={depth} has no saddle at 0; use depth >= 2.")
    return 2.0 - depth


def unbalanced_time(s: float, gap: float, reached: float) -> float:
    """When c = uv arrives at `reached`, from v = 0, u² = `gap`: u' = v (s - uv), v' = u (s - uv).

    The gap g = u² - v² is conserved, so that c' = (s - c) √(g² + 4c²). The time is
    (1/q) log((y - y₋)(y₊ - 1) / ((y₊ - y)(1 - y₋))), where q = √(4s² + g²), y± = (2s ± q)/g, and
    y = (2c + √(4c² + g²))/g.

    Raises ValueError unless s and gap are positive and 0 <= reached < s.

    Source: derived on the page on the landscape.

    >>> round(unbalanced_time(s=1.0, gap=1e-6, reached=1e-9) / 1e-9 * 1e-6, 3)  # c' = g s at first
    1.0
    """
    _positive(s=s, gap=gap)
    if not 0 <= reached < s:
        raise ValueError(f"reached={reached} is never reached; use a number in [0, s).")
    q = sqrt(4 * s**2 + gap**2)
    high, low = (2 * s + q) / gap, (2 * s - q) / gap
    y = (2 * reached + sqrt(4 * reached**2 + gap**2)) / gap
    return log((y - low) * (high - 1) / ((high - y) * (1 - low))) / q


def flat_spectrum(jacobian: np.ndarray) -> np.ndarray:
    """The p eigenvalues of JᵀJ/n, sorted: those of JJᵀ/n and p - n zeros.

    They are those of the Hessian of (1/2n) Σ (f(x_i) - y_i)² where all residuals are 0.

    jacobian: J (n, p), n <= p, with the gradients of f(x_1), ..., f(x_n) in its rows. Raises
    ValueError for n > p.

    Source: Cooper 2021; derived on the page on the landscape.

    >>> flat_spectrum(np.array([[1.0, 1.0]]))
    array([0., 2.])
    """
    n, p = jacobian.shape
    if n > p:
        raise ValueError(f"jacobian has {n} rows and {p} columns; use n <= p.")
    return np.append(np.zeros(p - n), np.linalg.eigvalsh(jacobian @ jacobian.T) / n)


def steepness(jacobian: np.ndarray) -> float:
    """κ = the least eigenvalue of JJᵀ/n: |∇L|² >= 2 κ L for L = (1/2n) Σ (f(x_i) - y_i)².

    jacobian: J (n, p).

    Source: derived on the page on the landscape.

    >>> steepness(np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 4.0]]))
    2.0
    """
    return float(np.linalg.eigvalsh(jacobian @ jacobian.T)[0] / len(jacobian))


def dead_probability(low: float, high: float, m: int) -> float:
    """Chance that m neurons σ(wx + b) are 0 on all of [low, high], (w, b) uniform on the circle.

    One neuron is dead with the probability ½ - θ/2π, where θ is the angle between (low, 1) and
    (high, 1).

    Raises ValueError unless low <= high and m >= 1.

    Source: derived on the page on the landscape.

    >>> dead_probability(-1.0, 1.0, m=2)
    0.0625
    """
    if low > high or m < 1:
        raise ValueError(f"low={low}, high={high}, m={m}: use low <= high and m >= 1.")
    angle = atan2(high, 1.0) - atan2(low, 1.0)
    return (0.5 - angle / (2 * pi)) ** m


def path_loss(loss: float, other: float, share: float | np.ndarray) -> np.ndarray:
    """Largest loss of (1 - τ) f + τ g with τ = `share`, if f has the `loss` and g the `other`.

    For L = (1/2n) Σ (f(x_i) - y_i)² it is ((1 - τ) √loss + τ √other)², never above the larger one.

    Raises ValueError for negative losses.

    Source: derived on the page on the landscape.

    >>> path_loss(4.0, 0.0, np.array([0.0, 0.5, 1.0]))
    array([4., 1., 0.])
    """
    if min(loss, other) < 0:
        raise ValueError(f"loss={loss}, other={other}: use numbers >= 0.")
    share = np.asarray(share)
    return ((1 - share) * sqrt(loss) + share * sqrt(other)) ** 2


def narrow_valleys(first: float, second: float) -> tuple[float, float, float]:
    """One neuron a σ(w·x + b), two samples with labels `first` > 0 > `second`: three losses.

    The least loss second²/4 with a > 0, the least loss first²/4 with a < 0, and the least
    height (first² + second²)/4 of a path from the one bottom to the other.

    Raises ValueError unless first > 0 > second.

    Source: derived on the page on the landscape.

    >>> narrow_valleys(2.0, -4.0)
    (4.0, 1.0, 5.0)
    """
    if not first > 0 > second:
        raise ValueError(f"first={first}, second={second}: use first > 0 > second.")
    return second**2 / 4, first**2 / 4, (first**2 + second**2) / 4


def _check(s: Sequence[float], m: int) -> None:
    if m < 1 or min(s) <= 0:
        raise ValueError(f"s={s}, m={m}: use positive singular values and m >= 1.")


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")
