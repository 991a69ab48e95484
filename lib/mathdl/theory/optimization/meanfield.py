"""Two-layer networks in the mean-field scaling: what their flow conserves, reaches and misses.

A network is f(x) = (1/m) Σ_j a_j σ(w_j·x), and L half the mean of (f - y)². Time is mean-field
time: a_j' = -m ∂L/∂a_j and w_j' = -m ∂L/∂w_j. All formulas are derived on the page on mean-field
training, unless another source is named.

In one dimension without biases, a **side** is x > 0 or x < 0. There f is a line of slope c, that
of the labels is β = `target`, and `weight` is the mean of x² over that side (0 elsewhere). The
neurons of the side enter by P and Q, the sums of (a + |w|)² and (a - |w|)² over 4m.
"""

import numpy as np

from mathdl.theory.approximation.curse import barron_mean_gap


def balance_after_step(a: np.ndarray, w: np.ndarray, pull: np.ndarray, step: float) -> np.ndarray:
    """a² - |w|² after a step of gradient descent: it changes by step² ((w·g)² - a² |g|²).

    g = `pull` is the mean of (f - y) x over the inputs with w·x > 0, before the step. a: (...),
    w and pull: (..., d); the result is (...). Raises ValueError for a negative step.

    >>> balance_after_step(2.0, np.array([1.0, 0.0]), np.array([0.0, 3.0]), step=0.5)
    np.float64(-6.0)
    """
    if step < 0:
        raise ValueError(f"step={step} is negative; use a number >= 0.")
    work, strength = np.sum(w * pull, axis=-1), np.sum(pull**2, axis=-1)
    balance = np.square(a) - np.sum(w**2, axis=-1)
    return balance + step**2 * (work**2 - np.square(a) * strength)


def norm_growth(size: float, time: float | np.ndarray, fall: float | np.ndarray) -> np.ndarray:
    """Largest mean of a² + |w|² after some `time`: (√size + √(time · fall))².

    `size` is that mean at the start, and `fall` how much the loss L has fallen. Half of the bound
    bounds the mean of |a||w|. Raises ValueError for negative arguments.

    >>> norm_growth(4.0, time=9.0, fall=1.0)
    np.float64(25.0)
    """
    if min(size, np.min(time), np.min(fall)) < 0:
        raise ValueError(f"size={size}, time={time}, fall={fall}: use numbers >= 0.")
    return np.square(np.sqrt(size) + np.sqrt(np.multiply(time, fall)))


def trapped_excess(weights: float, time: float | np.ndarray) -> np.ndarray:
    """Largest R - R(0) of a network that is trapped above labels <= 0: `weights` / `time`.

    R is the risk, without ½, R(0) that of f = 0, and `weights` the mean of |w_j|² at the start.
    Raises ValueError for a negative weight or a time that is not positive.

    >>> trapped_excess(2.0, 4.0)
    np.float64(0.5)
    """
    if weights < 0 or np.min(time) <= 0:
        raise ValueError(f"weights={weights}, time={time}: use weights >= 0 and times > 0.")
    return np.divide(weights, time)


def side_moments(a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(P, Q) of the side x > 0, (..., 2), for networks with a and w of shape (..., m).

    For the side x < 0 give -w. Neurons of the other side count in m only.

    >>> side_moments([3.0, 5.0], [1.0, -1.0])  # (16, 4) / 8
    array([2. , 0.5])
    """
    a, w = np.asarray(a), np.asarray(w)
    sums = [np.where(w > 0, (a + sign * w) ** 2 / 4, 0.0).mean(axis=-1) for sign in (1, -1)]
    return np.stack(sums, axis=-1)


def stretch(P, Q, target: float, weight: float, time: float | np.ndarray) -> np.ndarray:
    """z(t): every a + |w| of a side has been multiplied by √z, every a - |w| divided by it.

    z' = 2 weight (target z + Q - P z²), z(0) = 1, in closed form, as long as no neuron of the side
    reaches w = 0. Raises ValueError if P <= 0 or weight < 0.

    >>> round(float(stretch(1.0, 0.0, target=0.0, weight=0.5, time=3.0)), 12)  # 1/(1 + t)
    0.25
    """
    if np.min(np.real(P)) <= 0 or weight < 0:
        raise ValueError(f"P={P}, weight={weight}: use P > 0 and weight >= 0.")
    speed = np.sqrt(target**2 + 4 * P * Q)
    if np.all(speed == 0):
        return 1 / (1 + 2 * weight * P * np.asarray(time))
    up, down = (target + speed) / (2 * P), (target - speed) / (2 * P)
    ratio = (1 - up) / (1 - down) * np.exp(-2 * weight * speed * np.asarray(time))
    return (up - ratio * down) / (1 - ratio)


def side_slope(P, Q, target: float, weight: float, time: float | np.ndarray) -> np.ndarray:
    """The slope c(t) = P z - Q/z of f on a side, with z = `stretch`.

    Raises ValueError as `stretch` does.

    >>> float(side_slope(2.0, 0.5, target=1.0, weight=0.5, time=0.0))
    1.5
    """
    z = stretch(P, Q, target, weight, time)
    return P * z - Q / z


def side_rate(P: float, Q: float, weight: float) -> float:
    """|c - target| falls at least like exp(-rate t), with the rate 4 weight √(PQ).

    Raises ValueError for negative arguments.

    >>> side_rate(1.0, 0.25, weight=0.5)
    1.0
    """
    if min(P, Q, weight) < 0:
        raise ValueError(f"P={P}, Q={Q}, weight={weight}: use numbers >= 0.")
    return 4 * weight * float(np.sqrt(P * Q))


def slope_fluctuation(P, Q, covariance, target: float, weight: float, time: float) -> float:
    """v(t), the limit of m times the variance of c(t) over random networks of m neurons.

    P, Q and `covariance` (2, 2) are means and covariances of p = (a + |w|)²/4 and q = (a - |w|)²/4
    (both 0 for a neuron of the other side). v is the variance of p ∂c/∂P + q ∂c/∂Q; the two
    derivatives of the closed form `side_slope` are taken by a complex step, exact to rounding.
    Raises ValueError as `stretch` does.

    >>> v = slope_fluctuation(1.0, 0.5, np.diag([2.0, 1.0]), target=1.0, weight=0.5, time=0.0)
    >>> round(v, 12)
    3.0
    """
    tiny = 1e-100j
    ahead = [(P + tiny, Q), (P, Q + tiny)]
    slopes = [side_slope(*point, target, weight, time).imag / tiny.imag for point in ahead]
    return float(slopes @ np.asarray(covariance) @ slopes)


def sign_moments(reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariance of (p, q) on a side, for w = ±1 and a uniform on [-reach, reach].

    With p = (a + 1)²/4 and q = (a - 1)²/4 for w = 1, and 0 for w = -1; both signs are equally
    probable. Raises ValueError for a reach < 0.

    >>> sign_moments(0.0)[0]
    array([0.125, 0.125])
    """
    if reach < 0:
        raise ValueError(f"reach={reach} is negative; use a number >= 0.")
    second, fourth = reach**2 / 3, reach**4 / 5
    mean = (1 + second) / 8
    square = (1 + 6 * second + fourth) / 32  # E p², from E (a + 1)⁴
    mixed = (1 - 2 * second + fourth) / 32  # E pq, from E (a² - 1)²
    return np.full(2, mean), np.array([[square, mixed], [mixed, square]]) - mean**2


def start_fluctuation(reach: float, length: np.ndarray, d: int) -> np.ndarray:
    """m times the variance of f(x) at the start: (reach²/3) |x|²/(2d), with |x| = `length`.

    The a_j are uniform on [-reach, reach] and the w_j uniform on the unit sphere of R^d, all
    independent. Raises ValueError for d < 1 and a reach < 0.

    >>> float(start_fluctuation(reach=3.0, length=2.0, d=1))
    6.0
    """
    if d < 1 or reach < 0:
        raise ValueError(f"d={d}, reach={reach}: use d >= 1 and reach >= 0.")
    return reach**2 / 3 * np.square(length) / (2 * d)


def least_paired_risk(x: np.ndarray, y: np.ndarray, opposite: np.ndarray) -> float:
    """The least mean of (f - y)² on antipodal data that two-layer networks without bias can reach.

    The n points x (n, d), no two of them parallel, have the labels y, their opposites -x the labels
    `opposite`. As f(x) - f(-x) = ⟨a w⟩·x is linear and f(x) + f(-x) is free, it is the mean of the
    squared residuals of the least-squares fit of (y - opposite)/2 by linear functions. Raises
    ValueError if two of the points are parallel.

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> round(least_paired_risk(x, np.array([0.0, 0.0, 6.0]), np.zeros(3)), 12)
    1.0
    """
    directions = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = np.abs(np.triu(directions @ directions.T, 1))
    if not np.max(cosines) < 1 - 1e-12:
        raise ValueError("x has parallel points; give points of which no two are parallel.")
    odd = (y - opposite) / 2
    fit = x @ np.linalg.lstsq(x, odd, rcond=None)[0]
    return float(np.mean((odd - fit) ** 2))


def failure_probability(m: int, useful: float) -> float:
    """The probability that one of two sides has no useful neuron: 2 (1 - q)^m - (1 - 2q)^m.

    Each of m independent neurons is useful for the one side with probability q = `useful`, for the
    other with the same probability, and never for both. Raises ValueError for m < 1 and for a
    probability that is not in [0, 1/2].

    >>> failure_probability(m=3, useful=0.5)
    0.25
    """
    if m < 1 or not 0 <= useful <= 0.5:
        raise ValueError(f"m={m}, useful={useful}: use m >= 1 and a number in [0, 1/2].")
    return 2 * (1 - useful) ** m - (1 - 2 * useful) ** m


def risk_floor(d: int, size: float, loss: float, time: float) -> float:
    """A lower bound of the risk, up to `time`, of training towards some 1-Lipschitz function.

    The inputs of the risk are uniform on [-1, 1]^d. `size` is the mean of |(a, w, b)|² at the
    start, and `loss` bounds L there. The bound is the square of `barron_mean_gap`, which some
    1-Lipschitz function keeps from all networks of path1 norm √(d + 1) `norm_growth` / 2.
    Raises ValueError as `norm_growth` does, for a size 0 at time 0, and for d < 3.

    >>> risk_floor(d=3, size=1.0, loss=0.5, time=0.0) == barron_mean_gap(3, 1.0) ** 2
    True
    """
    if d < 3:
        raise ValueError(f"d={d} is too small; use d >= 3.")
    reach = np.sqrt(d + 1) / 2 * float(norm_growth(size, time, loss))
    return barron_mean_gap(d, reach) ** 2


def slow_exponent(d: int, smoothness: float = 1.0) -> float:
    """4r/(d - 2r): for some target with r = `smoothness` derivatives no risk decays faster.

    More precisely t^γ R(t) is unbounded for every γ above it; r = 1 stands for Lipschitz functions.
    Raises ValueError unless 0 < 2r < d.

    Source: Wojtowytsch and E 2020 (r = 1), Na and Yang 2025.

    >>> slow_exponent(6), slow_exponent(6, smoothness=2)
    (1.0, 4.0)
    """
    if not 0 < 2 * smoothness < d:
        raise ValueError(f"d={d}, smoothness={smoothness}: use 0 < 2 smoothness < d.")
    return 4 * smoothness / (d - 2 * smoothness)
