"""Differential equations and networks: exact solutions, exact energies, exact errors.

Throughout, σ(t) = max(t, 0), u_t = Δu is the heat equation, and τ = sqrt(2t) the width of its
kernel. Where no other source is named, the formula is derived on the page on differential
equations.
"""

from math import exp, log, pi, sqrt

import numpy as np
from scipy.special import ndtr


def heat_neuron(s, t: float):
    """The neuron σ(s) after the time t > 0 of the heat flow: s Φ(s/τ) + τ φ(s/τ).

    Φ and φ are distribution function and density of the standard normal law. For a neuron
    σ(w·x + b) with |w| = 1 put s = w·x + b.

    s: a number or an array; the result has its shape.

    >>> round(float(heat_neuron(0.0, 0.05)), 6)
    0.126157
    """
    s, tau = np.asarray(s, dtype=float), sqrt(2 * t)
    return s * ndtr(s / tau) + tau * np.exp(-((s / tau) ** 2) / 2) / sqrt(2 * pi)


def heat_hat_variation(t: float) -> float:
    """Total variation of u_x, where u is the hat σ(x+1) - 2σ(x) + σ(x-1) after the time t > 0.

    It is 4 |Φ((z+1)/τ) - 2Φ(z/τ) + Φ((z-1)/τ)| at the inflection point z = 2t arcosh(exp(1/(4t))),
    which is 1/2 + 2t log(1 + sqrt(1 - exp(-1/(2t)))).

    >>> [round(heat_hat_variation(t), 3) for t in (0.01, 0.05, 0.5)]
    [3.998, 3.366, 0.827]
    """
    tau = sqrt(2 * t)
    z = 1 / 2 + 2 * t * log(1 + sqrt(1 - exp(-1 / (2 * t))))
    return float(4 * abs(ndtr((z + 1) / tau) - 2 * ndtr(z / tau) + ndtr((z - 1) / tau)))


def heat_hat_decay() -> float:
    """The limit of t times `heat_hat_variation(t)` as t grows: sqrt(2/(πe)).

    >>> abs(100 * heat_hat_variation(100) - heat_hat_decay()) < 0.01
    True
    """
    return sqrt(2 / (pi * exp(1)))


def moving_average_variation(delta: float) -> float:
    """Total variation of the slope of the hat σ(x+1) - 2σ(x) + σ(x-1), averaged over [-δ, δ].

    The average is over uniform shifts; the value is 4 for delta <= 1/2 and 2/delta beyond.

    >>> [moving_average_variation(delta) for delta in (0.25, 1.0)]
    [4.0, 2.0]
    """
    return min(4.0, 2 / delta)


def heat_path2_norm(t: float) -> float:
    """The `path2` norm on R of σ(x) after the time t of the heat flow: 1 + 2 sqrt(t/π).

    >>> heat_path2_norm(0.0)
    1.0
    """
    return 1 + 2 * sqrt(t / pi)


def screened_neuron(s, rate: float = 1.0):
    """The solution of -u'' + rate u = σ on R that grows linearly.

    It is (σ(s) + exp(-κ|s|)/(2κ))/rate with κ = sqrt(rate).

    s: a number or an array; the result has its shape.

    >>> float(screened_neuron(0.0))
    0.5
    """
    s, kappa = np.asarray(s, dtype=float), sqrt(rate)
    return (np.maximum(s, 0) + np.exp(-kappa * abs(s)) / (2 * kappa)) / rate


def screened_norm(rate: float, norm: float = 1.0) -> float:
    """The most that the solution of -Δu + rate u = f can cost, if f costs `norm`: norm/rate.

    The convention is `bias-free`, and single neurons attain it.

    >>> screened_norm(4.0)
    0.25
    """
    return norm / rate


def harmonic_steepening() -> float:
    """How much h(0, y)/y grows when y is halved, in the limit y → 0: log(2)/π.

    h is harmonic above a flat piece of boundary, on which it equals σ(x).

    >>> round(harmonic_steepening(), 4)
    0.2206
    """
    return log(2) / pi


def feynman_kac_risk(d: int, t: float, mean_square: float) -> float:
    """Irreducible risk of learning the heat flow of |x|² from pairs (X, |X + sqrt(2t) g|²).

    It is the mean 8t(E|X|² + dt) of the variance of the label given X; `mean_square` is E|X|².

    >>> round(feynman_kac_risk(50, 0.1, 50 / 3), 4)
    17.3333
    """
    return 8 * t * (mean_square + d * t)


def feynman_kac_excess(squares, d: int, t: float) -> float:
    """Mean excess over n given inputs of the least-squares fit with the features 1 and |x|².

    The labels are those of `feynman_kac_risk`, and `squares` holds the |x_i|². With their
    leverages h_i, which sum to 2, it is Σ h_i ς_i²/n, where ς_i² = 8t(|x_i|² + dt) is the variance
    of a label.

    >>> feynman_kac_excess([0.0, 1.0], d=1, t=0.5)  # two inputs are interpolated
    4.0
    """
    squares = np.asarray(squares, dtype=float)
    centered = squares - squares.mean()
    leverage = 1 / len(squares) + centered**2 / (centered**2).sum()
    return float(np.mean(leverage * 8 * t * (squares + d * t)))


def shared_noise_excess(x, t: float) -> float:
    """The quantity of `feynman_kac_excess` when one Gaussian vector g serves all n labels.

    x: inputs (n, d). With an orthonormal basis Q (n, 2) of the features it is
    8t |QᵀX|²/n + 8dt², where |.| is the Frobenius norm: it does not vanish as n grows.

    >>> round(shared_noise_excess([[1.0], [0.0]], t=0.5), 12)  # two inputs are interpolated
    4.0
    """
    x = np.asarray(x, dtype=float)
    n, d = x.shape
    basis = np.linalg.qr(np.stack([np.ones(n), (x**2).sum(axis=1)], axis=1))[0]
    return float(8 * t * ((basis.T @ x) ** 2).sum() / n + 8 * d * t**2)


def ritz_energy(penalty: float, k: int = 1) -> float:
    """Least energy ∫ u'²/2 - ∫ f u + penalty (u(0)² + u(1)²)/2 for f = k²π² sin(kπx), k odd.

    It is -k²π²/4 - k²π²/penalty, attained by sin(kπx) + kπ/penalty. Raises ValueError if k is
    even, where the minimizer is another one.

    >>> round(ritz_energy(100.0), 5)
    -2.5661
    """
    if k % 2 == 0:
        raise ValueError(f"k={k} is even; the formula holds for odd k.")
    return -((k * pi) ** 2) * (1 / 4 + 1 / penalty)


def ritz_minimizer(x, penalty: float):
    """The function sin(πx) + π/penalty, the minimizer that belongs to `ritz_energy(penalty)`.

    x: a number or an array; the result has its shape.

    >>> round(float(ritz_minimizer(0.0, 10.0)), 4)
    0.3142
    """
    return np.sin(pi * np.asarray(x, dtype=float)) + pi / penalty


def ritz_gap(knots) -> float:
    """Energy above the minimum of the best spline with the given knots, all integrals exact.

    knots: increasing, from 0 to 1, ends included. The best spline interpolates the minimizer, and
    the gap is π²/4 - Σ (sin πx_i - sin πx_{i-1})²/(2(x_i - x_{i-1})), whatever the penalty.

    >>> round(ritz_gap([0.0, 0.5, 1.0]), 4)
    0.4674
    """
    knots = np.asarray(knots, dtype=float)
    return float(pi**2 / 4 - (np.diff(np.sin(pi * knots)) ** 2 / np.diff(knots)).sum() / 2)


def ritz_sup_bound(gap: float, penalty: float) -> float:
    """The largest sup-norm error of a function whose energy is `gap` above the minimum.

    It is sqrt(gap (1 + 2/penalty)/2), attained by a kinked function with its kink at 1/2.

    >>> ritz_sup_bound(2.0, 2.0)
    1.4142135623730951
    """
    return sqrt(gap * (1 + 2 / penalty) / 2)


def ritz_jump_energy(penalty: float, c: float) -> float:
    """Least energy when u may jump at c at no cost: `ritz_energy(penalty)` less the gain.

    The gain is π² cos²(πc) (1 + 2/penalty)/2: half the flux through c times the jump.

    >>> float(round(ritz_jump_energy(100.0, 0.3), 5))
    -4.30513
    """
    return ritz_energy(penalty) - (pi * np.cos(pi * c)) ** 2 * (1 + 2 / penalty) / 2


def ritz_jump(penalty: float, c: float) -> float:
    """The jump u(c+) - u(c-) of the function that attains `ritz_jump_energy`.

    >>> round(ritz_jump(100.0, 1 / 3), 4)
    1.6022
    """
    return pi * float(np.cos(pi * c)) * (1 + 2 / penalty)


def bump_energy(height: float, x: float, points: int) -> float:
    """What the midpoint rule reports for a bump of four neurons around one of its points x.

    The bump is flat at x, where it has the given height, and its kinks lie between the points: the
    value is -height π² sin(πx)/points.

    >>> round(bump_energy(100.0, 0.5, 100), 4)
    -9.8696
    """
    return -height * pi**2 * float(np.sin(pi * x)) / points


def midpoint_error_bound(norm: float, points: int) -> float:
    """How far the midpoint rule can be off the energy of a network of `path2` norm `norm`.

    For f = π² sin(πx) on [0, 1] it is (3 norm²/8 + π²(π + 1) norm/4)/points; no number below 3/8
    serves for all networks and all rules.

    >>> midpoint_error_bound(0.0, 10)
    0.0
    """
    return (3 * norm**2 / 8 + pi**2 * (pi + 1) * norm / 4) / points


def tikhonov_error(gains, deviations, noise: float, alpha: float) -> float:
    """Mean squared error of Tikhonov's inverse aᵢyᵢ/(aᵢ² + α), summed over the modes.

    The data are yᵢ = aᵢxᵢ + noise εᵢ with independent xᵢ of the given standard deviations.

    >>> tikhonov_error([1.0], [1.0], noise=1.0, alpha=1.0)
    0.5
    """
    a, s = np.asarray(gains, dtype=float), np.asarray(deviations, dtype=float)
    return float((((alpha * s) ** 2 + (a * noise) ** 2) / (a**2 + alpha) ** 2).sum())


def wiener_error(gains, deviations, noise: float) -> float:
    """The least mean squared error: Σ noise² sᵢ²/(aᵢ²sᵢ² + noise²), in `tikhonov_error`'s setting.

    Source: the linear filter of Wiener; Tikhonov's inverse with a weight of each mode attains it.

    >>> wiener_error([1.0, 0.0], [1.0, 2.0], noise=1.0)
    4.5
    """
    a, s = np.asarray(gains, dtype=float), np.asarray(deviations, dtype=float)
    return float((noise**2 * s**2 / ((a * s) ** 2 + noise**2)).sum())


def learned_factor(n: int, q: int) -> float:
    """Mean squared error of the inverse learned from n Gaussian pairs, over the least one.

    It is (n - 1)/(n - q - 1) for data of dimension q, whatever operator, prior and noise.
    Raises ValueError unless n > q + 1: the mean is infinite for n = q and n = q + 1.

    >>> learned_factor(20, 8)
    1.7272727272727273
    """
    if n <= q + 1:
        raise ValueError(f"n={n} is too small for data of dimension q={q}; use n > q + 1.")
    return (n - 1) / (n - q - 1)


def stale_error(gains, deviations, noise: float, now: float, n: int) -> float:
    """Mean squared error at the noise `now` of the inverse learned from n pairs at `noise`.

    With bᵢ = aᵢsᵢ²/vᵢ and vᵢ = aᵢ²sᵢ² + noise² it is
    Σ ((1 - aᵢbᵢ)²sᵢ² + bᵢ² now²) + `wiener_error` Σ (aᵢ²sᵢ² + now²)/vᵢ / (n - q - 1).
    Raises ValueError unless n > q + 1.

    >>> round(stale_error([1.0], [1.0], 0.5, 0.5, n=4) / wiener_error([1.0], [1.0], 0.5), 12)
    1.5
    """
    a, s = np.asarray(gains, dtype=float), np.asarray(deviations, dtype=float)
    if n <= a.size + 1:
        raise ValueError(f"n={n} is too small for {a.size} modes; use n > q + 1.")
    before, after = (a * s) ** 2 + noise**2, (a * s) ** 2 + now**2
    b = a * s**2 / before
    fixed = ((1 - a * b) * s) ** 2 + (b * now) ** 2
    spread = (after / before).sum() / (n - a.size - 1)
    return float(fixed.sum() + wiener_error(a, s, noise) * spread)
