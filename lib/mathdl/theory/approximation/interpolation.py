"""Minimum norms: interpolation on the line, and the cheapest bump in odd dimensions.

The convention is "bias-free": a neuron aσ(w·x + b) with σ(t) = max(t, 0) costs |a| ‖w‖₂, and
constants are free. Where no other source is named, the formula is derived on the page on
minimum-norm interpolation.
"""

from math import lgamma, log, pi, prod

import numpy as np
from numpy.polynomial import chebyshev
from scipy.interpolate import BSpline

from mathdl.theory.approximation.barron import isotropic_average


def cost_on_the_line(left: float, jumps) -> float:
    """Least cost of a piecewise linear function on all of R: max(Σ|c_j|, |f'(-∞) + f'(∞)|).

    left: its slope at -∞; jumps: the jumps c_j of its slope, so that f'(∞) = left + Σ c_j.

    Source: Savarese, Evron, Soudry and Srebro 2019.

    >>> cost_on_the_line(-1.0, [2.0]), cost_on_the_line(3.0, [])  # |x| and 3x
    (2.0, 6.0)
    """
    jumps = np.asarray(jumps, dtype=float)
    return float(max(np.abs(jumps).sum(), abs(2 * left + jumps.sum())))


def data_slopes(x, f) -> tuple[np.ndarray, float, float]:
    """The slopes s_i between neighboring data, T = Σ|s_(i+1) - s_i|, and S = |s_1 + s_(n-1)|.

    x, f: (n,). Raises ValueError unless x increases and has at least two points.

    >>> s, T, S = data_slopes([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    >>> s.tolist(), T, S
    ([1.0, 3.0], 2.0, 4.0)
    """
    x, f = np.asarray(x, dtype=float), np.asarray(f, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError("x has to hold at least two increasing numbers; sort them.")
    s = np.diff(f) / np.diff(x)
    return s, float(np.abs(np.diff(s)).sum()), float(abs(s[0] + s[-1]))


def interpolation_norm(x, f, skip: bool = False) -> float:
    """Least norm of a network with f(x_i) = f_i in one dimension: T + max(0, (S - T)/2).

    T and S as in `data_slopes`, arguments and errors as there. With `skip` an affine function is
    free, and the value is T.

    >>> interpolation_norm([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
    3.0
    """
    _, T, S = data_slopes(x, f)
    return T if skip else T + max(0.0, (S - T) / 2)


def interpolation_certificate(x, f) -> np.ndarray:
    """Weights y (n,) with Σ y_i f_i = `interpolation_norm`, of which no neuron gains more than 1.

    y_i are the jumps of the slope of g(t) = Σ y_i σ(x_i - t), which is linear between the data.
    g(x_n) = 0, g(x_1) = M = sign(s_1 + s_(n-1)) if S > T and else 0, and in between g(x_i) is the
    greatest or the least number in [-1, 1] and [M - 1, M + 1], as the slope of f jumps up or down.
    Arguments and errors as for `data_slopes`.

    >>> interpolation_certificate([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    array([-1.,  2., -1.])
    """
    s, T, S = data_slopes(x, f)
    M = np.sign(s[0] + s[-1]) if S > T else 0.0
    bend = np.sign(np.diff(s))
    inner = np.where(bend > 0, min(1, 1 + M), np.where(bend < 0, max(-1, M - 1), M / 2))
    g = np.concatenate([[M], inner, [0.0]])
    return np.diff(np.diff(g) / np.diff(x), prepend=0.0, append=0.0)


def weight_decay_optimum(x, f, penalty: float) -> tuple[float, float]:
    """Least value of (1/2n) Σ (f(x_i) - f_i)² + λ · norm, and the norm of its minimizers.

    With N = `interpolation_norm`, y = `interpolation_certificate`: λN - nλ²|y|²/2 and N - nλ|y|²,
    as long as y is a certificate of the values f_i - nλy_i as well, which the minimizers take.
    Raises ValueError for a penalty for which it is not; the rest as for `data_slopes`.

    >>> value, norm = weight_decay_optimum([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], penalty=0.01)
    >>> round(value, 12), round(norm, 12)
    (0.0191, 1.82)
    """
    y, norm = interpolation_certificate(x, f), interpolation_norm(x, f)
    shift = penalty * len(y) * y
    fitted = np.asarray(f, dtype=float) - shift
    if not penalty > 0 or abs(interpolation_norm(x, fitted) - y @ fitted) > 1e-9 * norm:
        raise ValueError(f"penalty={penalty} is too large, or not positive; use a smaller one.")
    return float(penalty * norm - penalty * (y @ shift) / 2), float(norm - y @ shift)


def alternation(d: int) -> tuple[np.ndarray, float, np.ndarray]:
    """The best even polynomial of degree d - 1 for |s| on [-1, 1]: where it fails most, and how.

    d = 2k + 1 is odd. Returns the k + 2 points s >= 0 at which |s| - Q(s) = ±E with alternating
    signs, the best error E = E_2k(|s|), and the Chebyshev coefficients of Q. Remez' algorithm, in
    which all points are exchanged at once. Raises ValueError unless d is odd and positive.

    >>> points, error, Q = alternation(3)
    >>> points.round(12).tolist(), round(error, 12), (Q * 16).round(12).tolist()
    ([0.0, 0.5, 1.0], 0.125, [10.0, 0.0, 8.0])
    """
    if d < 1 or d % 2 == 0:
        raise ValueError(f"d={d} is not an odd dimension; use 1, 3, 5, ...")
    k = d // 2
    s = chebyshev.chebpts2(d + 2)[k + 1 :]
    for _ in range(20):
        even = chebyshev.chebvander(s, d - 1)[:, ::2]
        solved = np.linalg.solve(np.column_stack([even, (-1.0) ** np.arange(k + 2)]), s)
        Q = np.zeros(d)
        Q[::2] = solved[:-1]
        # by Descartes' rule the error has k positive critical points, all of them below 1
        roots = chebyshev.chebroots(chebyshev.chebsub([1.0], chebyshev.chebder(Q)))
        inside = np.sort(roots.real[(roots.imag == 0) & (roots.real > 0)])
        s = np.concatenate([[0.0], inside, [1.0]])
    return s, float(abs(solved[-1])), Q


def bump_norm(d: int) -> float:
    """Least norm of a function that is 1 at 0 and 0 for |x| >= 1, in odd dimension d: 2/E_2k(|s|).

    The value is the same on all of R^d and on every ball of radius R > 1. Errors as `alternation`.

    >>> round(bump_norm(1), 9), round(bump_norm(3), 9)
    (4.0, 16.0)
    """
    return 2 / alternation(d)[1]


def bump_measure(d: int) -> tuple[np.ndarray, np.ndarray]:
    """The neurons of the cheapest bump: its knots s, (2k + 3,), and the weights of g'' at them.

    The bump is the mean of g(w·x) = Σ_j τ_j σ(w·x - s_j) over unit vectors w. The weights at ±s_i
    add up to c [divided difference at the s_i²], and Σ|τ_j| = `bump_norm`. Errors as there.

    >>> s, tau = bump_measure(3)
    >>> s.round(9).tolist(), tau.round(9).tolist()
    ([-1.0, -0.5, 0.0, 0.5, 1.0], [-1.0, 4.0, -6.0, 4.0, -1.0])
    """
    s, error, _ = alternation(d)
    weights = _divided(s**2)
    weights = weights * 2 / (weights @ s)
    half = weights[1:] / 2
    return (
        np.concatenate([-s[:0:-1], s]),
        np.concatenate([half[::-1], weights[:1], half]),
    )


def _divided(u) -> np.ndarray:
    """The weights of the divided difference at the points u."""
    return np.array([1 / prod(p - q for q in u if q != p) for p in u])


def bump_profile(d: int, r) -> np.ndarray:
    """The cheapest bump at the radii r, in odd dimension d = 2k + 1, as an integral of a B-spline.

    φ(r) is the integral of t^(-2k) B(t²) over [r, 1] divided by that over [0, 1], with the B-spline
    B of degree k whose knots are the squares of the points of `alternation`. Errors as there.

    >>> bump_profile(3, [0.0, 0.25, 0.5, 1.0, 2.0]).round(12).tolist()
    [1.0, 0.625, 0.25, 0.0, 0.0]
    """
    s = alternation(d)[0]
    spline = BSpline.basis_element(s**2, extrapolate=False)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    totals = []
    for a in [0.0, *np.atleast_1d(r)]:
        ends = np.maximum(s, min(a, 1))[:, None]
        width = np.diff(ends, axis=0)
        t = ends[:-1] + width * (1 + nodes) / 2
        totals.append((width * weights * t ** (1 - d) * spline(t**2)).sum())
    return np.array(totals[1:]) / totals[0]


def bump_slope(d: int) -> float:
    """-φ'(0) for the cheapest bump φ in odd dimension: its weight at 0 times the mean of σ(w·e).

    φ(r) = 1 - `bump_slope` · r up to the first knot. Errors as `alternation`.

    >>> round(bump_slope(3), 9)
    1.5
    """
    _, tau = bump_measure(d)
    return float(abs(tau[len(tau) // 2]) * isotropic_average(d))


def bump_mass(d: int) -> float:
    """The integral over R^d of the cheapest bump, in odd dimension d = 2k + 1.

    It is v |c|/((2k + 1)(2k + 2)) with the volume v of the unit ball of R^2k, where c times the
    divided difference is the measure of `bump_measure`. Errors as `alternation`.

    >>> round(bump_mass(1), 12), round(bump_mass(3) / pi, 12)
    (1.0, 0.125)
    """
    u = alternation(d)[0] ** 2
    weights = _divided(u)
    c = 2 / abs(weights @ np.sqrt(u))
    k = len(u) - 2
    return float(np.exp(k * log(pi) - lgamma(k + 1)) * c / (d * (d + 1)))


def bump_spread(d: int) -> float:
    """The mean of |x| under the density of the cheapest bump, in odd dimension d = 2k + 1.

    It is d/(d + 1) times the mean of √u under the density of the B-spline of `bump_profile`: in
    divided differences, (k + 1)! [u^(k + 3/2)] / ((k + 3/2)(k + 1/2) ... (3/2)).

    The greatest error with which the bump of radius ε mollifies a 1-Lipschitz function is ε times
    this. Errors as `alternation`.

    >>> round(bump_spread(1), 12)
    0.333333333333
    """
    u = alternation(d)[0] ** 2
    k = d // 2
    rising = prod((j + 1) / (j + 1.5) for j in range(k + 1))
    return float(d / (d + 1) * rising * (_divided(u) @ u ** (k + 1.5)))


def bump_growth(d: int) -> tuple[float, float]:
    """Elementary bounds for `bump_norm` in odd dimension d >= 3: πd and 4π(2d - 3).

    >>> low, high = bump_growth(3)
    >>> low < bump_norm(3) < high
    True
    """
    return pi * d, 4 * pi * (2 * d - 3)


def bernstein_limit() -> float:
    """The limit of `bump_norm(d)` / (d - 1): 2/β with Bernstein's constant β = lim 2k E_2k(|s|).

    Source: Bernstein 1914 for the limit, Varga and Carpenter 1987 for β.

    >>> round(bernstein_limit(), 4)
    7.1385
    """
    return 2 / 0.2801694990238691
