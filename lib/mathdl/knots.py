"""Linear splines in one dimension: the best fit for given knots, and the best knots.

A two-layer ReLU network in one dimension is a linear spline whose knots are its kinks, so that the
best network with N - 1 kinks in an interval is the best spline with free knots there; neurons that
have no kink in it give the affine part.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import solveh_banded

Function = Callable[[np.ndarray], np.ndarray]


def gauss(knots: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss quadrature on each cell between increasing knots: points and weights (cells, points).

    Exact for functions that are polynomials of degree < 2 `points` on each cell.
    Raises ValueError if the knots do not increase.

    >>> t, weights = gauss(np.array([-1.0, 0.0, 2.0]), 2)
    >>> float(round((weights * np.abs(t)).sum(), 12))
    2.5
    """
    knots = np.asarray(knots, dtype=float)
    width = np.diff(knots)
    if knots.ndim != 1 or len(knots) < 2 or not (width > 0).all():
        raise ValueError("knots has to hold at least two increasing numbers; sort them.")
    node, weight = np.polynomial.legendre.leggauss(points)
    return knots[:-1, None] + width[:, None] * (1 + node) / 2, width[:, None] * weight / 2


def best_spline(f: Function, knots: np.ndarray, points: int = 16) -> tuple[np.ndarray, float]:
    """The best continuous linear spline with the given knots: its values there, and its L² error.

    Least squares over the hat functions of the knots, whose Gram matrix is tridiagonal, on the
    interval [knots[0], knots[-1]] with Lebesgue measure. Integrals are computed by Gauss
    quadrature with `points` points in each cell: f has to be smooth between the knots.

    Raises ValueError if the knots do not increase.

    >>> values, error = best_spline(np.square, np.array([0.0, 1.0]))
    >>> bool(np.allclose(values, [-1 / 6, 5 / 6])), round(error**2 * 180, 12)
    (True, 1.0)
    """
    t, weights = gauss(knots, points)
    knots = np.asarray(knots, dtype=float)
    width = np.diff(knots)
    right = (t - knots[:-1, None]) / width[:, None]  # the hat of the right end of the cell
    left, values = 1 - right, f(t)
    banded = np.zeros((2, len(knots)))  # Gram matrix: above the diagonal, and the diagonal
    banded[0, 1:] = width / 6
    banded[1, 1:] = width / 3
    banded[1, :-1] += width / 3
    target = np.zeros(len(knots))
    target[1:] = (weights * right * values).sum(axis=1)
    target[:-1] += (weights * left * values).sum(axis=1)
    best = solveh_banded(banded, target)
    residual = values - left * best[:-1, None] - right * best[1:, None]
    return best, float(np.sqrt((weights * residual**2).sum()))


def free_knots(second: Function, a: float, b: float, N: int, grid: int = 2**14) -> np.ndarray:
    """N + 1 knots in [a, b], ends included, at quantiles of the density |f''|^(2/5).

    Where cells are small, the best linear spline in a cell of width h has the squared error
    f''² h⁵ / 720; by Hölder's inequality their sum is least, for a given number N of cells, if
    all are equal. `second` is f''. It may vanish, or be infinite at the ends if |f''|^(2/5) is
    integrable: the density is summed over midpoints that crowd there.

    Raises ValueError for N < 1, for b <= a, and where |f''|^(2/5) has no positive finite integral.

    >>> free_knots(np.ones_like, 0.0, 1.0, 4).round(6).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if N < 1:
        raise ValueError(f"N={N} is no number of cells; use N >= 1.")
    if not a < b:
        raise ValueError(f"The interval from a={a} to b={b} is empty; use a < b.")
    s = np.arange(2 * grid + 1) / (2 * grid)
    t = a + (b - a) * s**3 * (10 - 15 * s + 6 * s**2)  # very slow at both ends
    density = np.abs(second(t[1::2])) ** (2 / 5)
    mass = np.concatenate([[0.0], np.cumsum(density * np.diff(t[::2]))])
    if not 0 < mass[-1] < np.inf:
        raise ValueError("second has no |f''|^(2/5) with a positive and finite integral.")
    knots = np.interp(np.arange(N + 1) / N * mass[-1], mass, t[::2])
    knots[0], knots[-1] = a, b
    return knots
