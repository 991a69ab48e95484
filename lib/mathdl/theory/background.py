"""Closed forms of the background in algebra, analysis and optimization."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc, gammaln, spherical_in


def rank_one_eigenvalues(values: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The eigenvalues of diag(values) + v vᵀ with v = `vector`, in falling order.

    values: d different numbers, in any order
    vector: d numbers other than 0

    The interlacing inequalities say in which interval each of them lies. There it is the only zero
    of the secular equation 1 = Σ_i v_i² / (λ - d_i), here multiplied by its denominators.

    Raises ValueError for values that are not different and for a vector with zeros.

    Source: Golub, Some modified matrix eigenvalue problems, SIAM Review 15 (1973).

    >>> rank_one_eigenvalues(np.array([0.0, 3.0]), np.array([2.0, 2.0])).round(4)
    array([9.772, 1.228])
    """
    order = np.argsort(values)[::-1]
    d, squares = np.asarray(values)[order], np.asarray(vector)[order] ** 2
    if (np.diff(d) == 0).any() or (squares == 0).any():
        raise ValueError("values and vector are degenerate; use different values and no zeros.")

    others = [np.delete(d, i) for i in range(len(d))]
    tops = [d[0] + squares.sum(), *d[:-1]]
    zeros = [
        brentq(lambda z: (z - d).prod() - squares @ [(z - o).prod() for o in others], low, high)
        for low, high in zip(d, tops, strict=True)
    ]
    return np.array(zeros)


def greatest_trace(a: np.ndarray, b: np.ndarray) -> float:
    """The maximum of tr(A Q B Qᵀ) over orthogonal Q, for matrices with the eigenvalues a and b.

    Both are sorted in the same way and multiplied. Raises ValueError for different lengths.

    Source: von Neumann 1937; Horn and Johnson, Matrix Analysis.

    >>> greatest_trace([3.0, 1.0], [1.0, 2.0])
    7.0
    """
    if len(a) != len(b):
        raise ValueError(f"a and b have {len(a)} and {len(b)} entries; use the same number.")
    return float(np.sort(a) @ np.sort(b))


def equicorrelated_inverse(d: int, rho: float) -> float:
    """The diagonal entries of the inverse of the matrix with 1 on the diagonal and ρ elsewhere.

    Raises ValueError unless the matrix, d by d, is positive definite: -1/(d - 1) < ρ < 1.

    Source: the formula of Sherman and Morrison, on the page of background.

    >>> equicorrelated_inverse(2, 0.5)
    1.3333333333333333
    """
    if d < 1 or rho >= 1 or 1 + (d - 1) * rho <= 0:
        raise ValueError(f"d={d}, rho={rho}: not positive definite; use -1/(d - 1) < rho < 1.")
    return (1 + (d - 2) * rho) / ((1 - rho) * (1 + (d - 1) * rho))


def sign_rows_radius(d: int, eta: float) -> float:
    """The largest eigenvalue of M → E (I - η φφᵀ) M (I - η φφᵀ) for d fair signs φ: 1 - 2η + dη².

    Its eigenvector is the unit matrix. Raises ValueError for d < 2.

    Source: derived on the page of background.

    >>> sign_rows_radius(4, 0.25)
    0.75
    """
    if d < 2:
        raise ValueError(f"d={d} leaves no room for two directions; use d >= 2.")
    return 1 - 2 * eta + d * eta**2


def gronwall_bound(
    start: float, rate: float, error: float, steps: np.ndarray | int
) -> np.ndarray | float:
    """What e ← (1 + a) e + b gives after k steps: (1 + a)^k e₀ + b ((1 + a)^k - 1)/a.

    start, rate, error: e₀, a and b; steps: k, of any shape

    Raises ValueError for a negative rate or error.

    Source: the discrete inequality of Grönwall, on the page of background.

    >>> gronwall_bound(1.0, 0.5, 1.0, 2)
    4.75
    """
    if rate < 0 or error < 0:
        raise ValueError(f"rate={rate}, error={error}: use numbers that are not negative.")
    growth = (1.0 + rate) ** steps
    return growth * start + error * (steps if rate == 0 else (growth - 1) / rate)


def exponential_remainder(z: float, k: int) -> float:
    """What the Taylor polynomial of degree k of the exponential function misses at z >= 0.

    Raises ValueError for z < 0.

    Source: e^z times an incomplete Gamma function; the iterates of Picard for x' = x.

    >>> round(exponential_remainder(1.0, 1), 9)  # e - 2
    0.718281828
    """
    if z < 0:
        raise ValueError(f"z={z} is negative; use z >= 0.")
    return float(np.exp(z) * gammainc(k + 1, z))


def corner_distance(lengths: np.ndarray) -> float:
    """The distance from 0 of the convex hull of s_1 e_1, ..., s_d e_d: (Σ s_i⁻²)^(-1/2).

    Raises ValueError unless all lengths s_i are positive.

    Source: derived on the page of background.

    >>> round(corner_distance([3.0, 4.0]), 9)
    2.4
    """
    s = np.asarray(lengths, dtype=float)
    if (s <= 0).any():
        raise ValueError("lengths must be positive; leave out corners at 0.")
    return float((s**-2).sum() ** -0.5)


def polygon_norm(y: np.ndarray, directions: int) -> float:
    """The least Σ|β_j| with Σ β_j x_j = y, for k = `directions` unit vectors at the angles πj/k.

    It is the norm whose unit ball is the regular polygon with the 2k corners ±x_j.

    Raises ValueError for fewer than two directions.

    Source: derived on the page of background.

    >>> polygon_norm([3.0, 4.0], 2)
    7.0
    """
    if directions < 2:
        raise ValueError(f"directions={directions} do not span the plane; use at least 2.")
    half = np.pi / (2 * directions)
    past = np.arctan2(y[1], y[0]) % (2 * half) - half  # from the middle of an edge
    return float(round(np.hypot(*y) * np.cos(past) / np.cos(half), 14))


def simplex_projection(x: np.ndarray) -> np.ndarray:
    """The point nearest to x among those with entries p_i >= 0 and Σ p_i = 1.

    It is max(x - τ, 0) with the one τ for which the sum is 1.

    Source: Held, Wolfe and Crowder 1974; the conditions of Karush, Kuhn and Tucker.

    >>> simplex_projection(np.array([1.0, 0.5, -1.0]))
    array([0.75, 0.25, 0.  ])
    """
    falling = np.sort(x)[::-1]
    candidates = (falling.cumsum() - 1) / np.arange(1, len(falling) + 1)
    return np.maximum(x - candidates[falling > candidates][-1], 0)


def bernstein_error(n: int) -> float:
    """The error at 1/2 of the Bernstein polynomial of degree n, even, for |x - 1/2|.

    It is the mean of |K/n - 1/2| for a binomial K: binom(n, n/2) / 2^(n + 1).

    Raises ValueError unless n is even and positive.

    Source: Bernstein 1912; the mean absolute deviation is due to de Moivre.

    >>> round(bernstein_error(2), 12)
    0.25
    """
    if n < 2 or n % 2:
        raise ValueError(f"n={n} has no middle; use a positive even degree.")
    return float(np.exp(gammaln(n + 1) - 2 * gammaln(n / 2 + 1) - (n + 1) * np.log(2)))


def plane_wave_multiplier(degree: int, kappa: float) -> float:
    """By what x → exp(κ e·x) multiplies spherical harmonics in three dimensions.

    It is E e^(κt) P_l(t) for t uniform on [-1, 1]: a modified spherical Bessel function of κ.

    Raises ValueError for a negative degree l.

    Source: Funk and Hecke, on the page of background; see the NIST handbook, Section 10.54.

    >>> round(plane_wave_multiplier(0, 2.0), 9)  # sinh(2)/2
    1.813430204
    """
    if degree < 0:
        raise ValueError(f"degree={degree} is negative; use a degree >= 0.")
    return float(spherical_in(degree, kappa))
