"""How the risk of a linear model moves under gradient flow, and when it deteriorates.

The model is f(x) = u·φ(x) with m features, and Φ the (n, m) matrix of their values on the data.
Gradient flow runs on L = |Φu - y|²/(2n) from u = 0. For |Φu - y|²/2 time passes n times faster.
"""

from math import e, exp, inf, pi, sqrt

import numpy as np
from scipy.integrate import quad
from scipy.special import gammaln


def least_squares_flow(features: np.ndarray, labels: np.ndarray, time: float) -> np.ndarray:
    """The coefficients at a time: Σ_i (1 - exp(-s_i² t)) / s_i (p_i·y / √n) q_i.

    Φ/√n = Σ_i s_i p_i q_iᵀ is the singular value decomposition of the `features` (n, m) over √n,
    without the s_i that are 0 up to rounding; y = `labels` (n,) or, for several of them, (n, k).
    time=inf gives the least-squares solution of least norm. The result is (m,) or (m, k).

    Raises ValueError for a negative time.

    Source: derived on the page on slow deterioration.

    >>> least_squares_flow(np.array([[1.0, 0.0]]), np.array([3.0]), time=np.log(2))
    array([1.5, 0. ])
    """
    if time < 0:
        raise ValueError(f"time={time} is before the start; use a number >= 0.")
    s, P, Q = _decompose(features)
    learned = -np.expm1(-(s**2) * time) / s
    scaled = P.T @ np.asarray(labels) / sqrt(len(features))
    return Q.T @ (learned * scaled.T).T


def excess_risk(
    features: np.ndarray, misfit: np.ndarray, best: np.ndarray, moments: np.ndarray, time: float
) -> float:
    """E (f - f*)² at a time, less what the best coefficients leave of it: |wrong - missing|_G².

    missing = exp(-tΦᵀΦ/n) u*, with u* = `best` (m,), is not learned yet; wrong, the flow with the
    `misfit` (n,) y_i - u*·φ(x_i) in the place of the labels, is learned from what u* cannot
    explain. |v|_G² = vᵀGv with G = `moments` = E φφᵀ, (m, m). time=inf is the end.

    Raises ValueError for a negative time.

    Source: derived on the page on slow deterioration.

    >>> one = np.ones((1, 1))
    >>> excess_risk(one, np.zeros(1), np.array([2.0]), one, time=np.log(2))
    1.0
    """
    missing = best - least_squares_flow(features, features @ best, time)
    error = least_squares_flow(features, misfit, time) - missing
    return float(error @ moments @ error)


def noise_modes(features: np.ndarray, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates s_i², ascending, and final risks w_i of the modes in which unit noise is fitted.

    w_i = q_iᵀ G q_i / (n s_i²), with G = `moments` (m, m) and the singular values s_i > 0 and right
    singular vectors q_i of the `features` (n, m) over √n.

    Source: derived on the page on slow deterioration.

    >>> noise_modes(np.diag([2.0, 4.0]), np.eye(2))
    (array([2., 8.]), array([0.25  , 0.0625]))
    """
    s, _, Q = _decompose(features)
    weights = np.einsum("ij,jk,ik->i", Q, moments, Q) / (len(features) * s**2)
    return s[::-1] ** 2, weights[::-1]


def fitted_noise(rates: np.ndarray, weights: np.ndarray, time: float) -> float:
    """The mean risk from fitted noise of variance 1 at a time: Σ_i w_i (1 - exp(-λ_i t))².

    λ_i = `rates` and w_i = `weights` as from `noise_modes`. time=inf is the end.

    Raises ValueError for a negative time.

    Source: derived on the page on slow deterioration.

    >>> fitted_noise(np.array([1.0]), np.array([8.0]), time=np.log(2))
    2.0
    """
    if time < 0:
        raise ValueError(f"time={time} is before the start; use a number >= 0.")
    return float(np.sum(weights * np.expm1(-np.asarray(rates) * time) ** 2))


def noise_half_time(rates: np.ndarray, weights: np.ndarray) -> float:
    """When `fitted_noise` reaches half of its final value.

    Raises ValueError for rates or weights that are not positive.

    Source: derived on the page on slow deterioration.

    >>> round(noise_half_time(np.array([1.0]), np.array([8.0])), 6)  # -log(1 - 1/√2)
    1.227947
    """
    low, _, high = noise_half_time_bounds(rates, weights)
    for _ in range(100):
        middle = sqrt(low * high)
        early = fitted_noise(rates, weights, middle) < np.sum(weights) / 2
        low, high = (middle, high) if early else (low, middle)
    return high


def noise_half_time_bounds(rates: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """Two lower bounds and an upper bound of `noise_half_time`.

    The first is Σ w_i / (2 c² Σ w_i λ_i), with c² the square of `steepest_learning`: the higher
    the end, the later. The second is -log(1 - √(1 - 1/(2p))) / λ_1, if the share p of the slowest
    mode in the sum of all w_i is more than ½, else 0. The upper bound is -log(1 - √½) / λ_1.

    Raises ValueError for rates or weights that are not positive.

    Source: derived on the page on slow deterioration.

    >>> [round(bound, 4) for bound in noise_half_time_bounds(np.array([1.0]), np.array([8.0]))]
    [1.2277, 1.2279, 1.2279]
    """
    rates, weights = np.asarray(rates, float), np.asarray(weights, float)
    if min(rates.min(), weights.min()) <= 0:
        raise ValueError(f"rates={rates}, weights={weights}: use numbers > 0.")
    slowest = np.argmin(rates)
    height = weights.sum() / (2 * steepest_learning() ** 2 * (weights @ rates))
    over = max(1 - weights.sum() / (2 * weights[slowest]), 0)
    share, above = -np.log1p(-np.sqrt([over, 0.5])) / rates[slowest]
    return float(height), float(share), float(above)


def steepest_learning() -> float:
    """The largest value of (1 - exp(-z²)) / z over z > 0, at exp(z²) = 1 + 2z².

    A mode of any singular value s fits by time t at most √t times this number per unit of label.

    Source: derived on the page on slow deterioration.

    >>> round(steepest_learning(), 6)
    0.638173
    """
    square = 1.256431208626170  # exp(square) = 1 + 2 square
    return (1 - exp(-square)) / sqrt(square)


def wrong_bound(time: float, misfit: np.ndarray, largest: float = 1.0) -> float:
    """Largest size of what is learned wrongly by a time: c √(Λt) |η|_n, c = `steepest_learning`.

    |η|_n² is the mean square of the `misfit` (n,). With Λ = `largest` = 1 it bounds the Euclidean
    length of the coefficients; with the largest eigenvalue of E φφᵀ, the norm of the function.

    Raises ValueError for a negative time.

    Source: derived on the page on slow deterioration.

    >>> round(wrong_bound(4.0, np.ones(3)), 6)
    1.276345
    """
    if time < 0:
        raise ValueError(f"time={time} is before the start; use a number >= 0.")
    return steepest_learning() * sqrt(largest * time * float(np.mean(np.square(misfit))))


def unfinished_share(slowest: float, time: float) -> float:
    """Largest share of what will be learned wrongly that is not yet learned: exp(-λ_1 t).

    λ_1 = `slowest` is the smallest positive eigenvalue of ΦᵀΦ/n.

    Raises ValueError for a slowest rate that is not positive, and for a negative time.

    Source: derived on the page on slow deterioration.

    >>> round(unfinished_share(0.5, time=2 * np.log(4)), 12)
    0.25
    """
    if slowest <= 0 or time < 0:
        raise ValueError(f"slowest={slowest}, time={time}: use a rate > 0 and a time >= 0.")
    return exp(-slowest * time)


def early_stopping_bound(time: float, size: float, drift: float, gap: float) -> float:
    """Largest distance in L²(P) of f at a time from a function v·φ, with no singular value in it.

    √(1/(2et) + Δ) |v| + √(c²t + Δt²) |ζ|, where |v| = `size`, |ζ| = `drift` is the length of
    (1/n) Σ_i (y_i - v·φ(x_i)) φ(x_i), Δ = `gap` >= 0 the largest eigenvalue of
    E φφᵀ - ΦᵀΦ/n, and c = `steepest_learning`.

    Raises ValueError for a time that is not positive and for other arguments < 0.

    Source: derived on the page on slow deterioration.

    >>> round(early_stopping_bound(2.0, size=1.0, drift=0.0, gap=0.0) ** -2 / np.e, 6)
    4.0
    """
    if not 0 < time < inf:
        raise ValueError(f"time={time} does not stop early; use a finite number > 0.")
    if min(size, drift, gap) < 0:
        raise ValueError(f"size={size}, drift={drift}, gap={gap}: use numbers >= 0.")
    missing = sqrt(1 / (2 * e * time) + gap) * size
    return missing + sqrt(steepest_learning() ** 2 * time + gap * time**2) * drift


def sampling_gap(fourth: float, moments: np.ndarray, n: int) -> float:
    """E |E φφᵀ - ΦᵀΦ/n|² for n independent inputs, in the Frobenius norm: (E |φ|⁴ - |G|²)/n.

    E |φ|⁴ is `fourth`, and G = E φφᵀ is `moments`, (m, m).

    Raises ValueError for n < 1.

    Source: derived on the page on slow deterioration.

    >>> sampling_gap(3.0, np.ones((1, 1)), n=4)  # one Gaussian feature
    0.5
    """
    if n < 1:
        raise ValueError(f"n={n} is no sample; use n >= 1.")
    return (fourth - float(np.sum(np.square(moments)))) / n


def sampling_drift(moments: np.ndarray, noise: float, n: int) -> float:
    """E |(1/n) Σ_i η_i φ(x_i)|² for independent η_i of mean 0 and standard deviation `noise`.

    It is noise² tr G / n, with G = E φφᵀ = `moments`, (m, m), and η independent of the inputs.

    Raises ValueError for n < 1.

    Source: derived on the page on slow deterioration.

    >>> sampling_drift(np.eye(3), noise=2.0, n=4)
    3.0
    """
    if n < 1:
        raise ValueError(f"n={n} is no sample; use n >= 1.")
    return noise**2 * float(np.trace(moments)) / n


def relu_fourth_moment(w: np.ndarray) -> float:
    """E |φ|⁴ for the features φ_j = σ(w_j·x)/√m of m ReLU neurons and x ~ N(0, I_d).

    It is the mean over pairs of |w|²|v|² (3 sin θ cos θ + (π - θ)(1 + 2 cos² θ)) / 2π, with the
    angle θ between w and v. w: (m, d), no row 0.

    Source: Cho and Saul 2009, the arc-cosine kernel of order 2.

    >>> relu_fourth_moment(np.array([[1.0, 0.0]]))  # E σ(x)⁴
    1.5
    """
    lengths = np.linalg.norm(w, axis=1)
    u = w / lengths[:, None]
    apart = np.linalg.norm(u[:, None] - u, axis=2)
    theta = 2 * np.arctan2(apart, np.linalg.norm(u[:, None] + u, axis=2))
    cos = np.cos(theta)
    order2 = 3 * np.sin(theta) * cos + (pi - theta) * (1 + 2 * cos**2)
    return float(np.mean(np.outer(lengths**2, lengths**2) * order2) / (2 * pi))


def early_participation(d: int) -> float:
    """The share of neurons that take part in the first moments of training on the target σ(x_1).

    It is (E κ₁(c))² / E κ₁(c)² with the arc-cosine kernel κ₁ and the first coordinate c of a
    uniform unit vector in R^d: the limit, for many neurons and samples from N(0, I_d), of
    (Σ_j |a_j||w_j|)² / (m Σ_j a_j²|w_j|²) as t → 0, from a = 0 and w uniform on the unit sphere.

    Raises ValueError for d < 2.

    Source: derived on the page on slow deterioration.

    >>> round(early_participation(10), 3)
    0.815
    """
    if d < 2:
        raise ValueError(f"d={d} leaves no angle to average over; use d >= 2.")
    log_area = gammaln(d / 2) - gammaln((d - 1) / 2) - np.log(pi) / 2

    def average(power: int) -> float:
        def term(angle: float) -> float:
            kernel = (np.sin(angle) + (pi - angle) * np.cos(angle)) / pi
            return kernel**power * exp(log_area) * np.sin(angle) ** (d - 2)

        return quad(term, 0, pi)[0]

    return average(1) ** 2 / average(2)


def _decompose(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular values of features/√n that are not 0, with their vectors: (k,), (n, k), (k, m)."""
    P, s, Q = np.linalg.svd(np.asarray(features) / sqrt(len(features)), full_matrices=False)
    kept = s > max(np.shape(features)) * np.finfo(float).eps * s.max()
    return s[kept], P[:, kept], Q[kept]
