"""Minimum-norm problems over two-layer ReLU networks of any width, solved from both sides.

    minimum_norm            least norm with f(x_i) = f_i
    minimum_norm_margin     least norm with y_i f(x_i) >= 1
    penalized_norm          least (1/2n) Σ_i (f(x_i) - f_i)² + λ · norm

The norm is the path norm Σ_j |a_j| N(w_j, b_j) in the convention that the caller names, see
`norms.parameter_norm`; the least value over all widths is the same with the Barron norm of the
function (under "bias-free" a seminorm) in its place. Over the outer weights of given neurons each
problem is a small convex program. Its dual solution are weights y on the data points; for y with
|Σ_i y_i σ(w·x_i + b)| <= N(w, b) for **all** neurons, which `dual_norm` proves, every network
satisfies Σ_i y_i f(x_i) <= Σ_j |a_j| N(w_j, b_j): a lower side. Under "bias-free" the y_i sum to 0,
so that constants gain nothing.

Accuracy: networks take prescribed values up to 1e-6 times the largest, and certificates hold up to
that of `dual_norm`, and up to rounding of sums of |y_i| (1 + ‖x_i‖), which is large for close data.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linprog, nnls

from mathdl import dual_norm
from mathdl.norms import parameter_norm

ROUNDS, TOLERANCE, DIRECTIONS = 100, 5e-3, 8192  # when to stop, and how closely to search


@dataclass(frozen=True)
class MinimumNorm:
    """A minimum-norm problem solved from both sides.

    primal: value of the network Σ_j a_j σ(w_j·x + b_j) + constant, its path norm (plus its error)
    dual:   no network of any width, with any parameters, solves the problem at a lower value
    a, w, b: that network, shapes (k,), (k, d), (k,); its constant is 0 unless it is free
    y: weights (n,) on the data points, the certificate that gives `dual`
    """

    primal: float
    dual: float
    a: np.ndarray
    w: np.ndarray
    b: np.ndarray
    constant: float
    y: np.ndarray

    @property
    def gap(self) -> float:
        """How far apart the two sides are, relative to the dual."""
        if self.primal <= self.dual:
            return 0.0
        return self.primal / self.dual - 1 if self.dual > 0 else np.inf


def kinks(x, w) -> tuple[np.ndarray, np.ndarray]:
    """Neurons to offer: for each direction those with the kink in a data point, b = -w·x_i.

    x: (n, d), w: (k, d); returns w (kn, d) and b (kn,).

    >>> w, b = kinks(np.array([[1.0], [2.0]]), np.array([[1.0], [-1.0]]))
    >>> w[:, 0].tolist(), b.tolist()
    ([1.0, 1.0, -1.0, -1.0], [-1.0, -2.0, 1.0, 2.0])
    """
    return np.repeat(w, len(x), axis=0), -(w @ x.T).flatten()


def minimum_norm(
    x,
    f,
    w,
    b,
    convention: str,
    rounds: int = ROUNDS,
    tolerance: float = TOLERANCE,
    directions: int = DIRECTIONS,
    biases: bool = True,
) -> MinimumNorm:
    """The least path norm with which a two-layer ReLU network takes the values f at the points x.

    A linear program over the outer weights of the offered neurons (w_j, b_j) gives the upper side.
    Its dual solution y is divided by the most that a neuron gains from it, if that is more than 1
    (`dual_norm.greatest_ratio`), and gives the lower side Σ_i y_i f_i. In each round the neurons
    that gain more than 1 join the program, until the two sides are within `tolerance` of each
    other; with `rounds=0` only the offered neurons are used.

    x: (n, d), f: (n,), w: (k, d), b: (k,), as NumPy arrays or CPU tensors. `directions` is passed
    on to `dual_norm.search`. With `biases=False` no neuron has a bias, and b has to be 0. For
    d > 2 the certificate takes a mixed-integer program, which is for a few dozen points.
    Returns a `MinimumNorm`. Raises ValueError for shapes that do not fit, an unknown convention,
    and offered neurons that cannot interpolate.

    >>> x = np.array([[-1.0], [0.0], [1.0]])  # |x| in one dimension: σ(x) + σ(-x)
    >>> least = minimum_norm(x, np.abs(x[:, 0]), np.array([[1.0], [-1.0]]), np.zeros(2), "path2")
    >>> round(least.primal, 6), round(least.dual, 6)
    (2.0, 2.0)
    """
    data = _Data(x, f, convention, biases)
    return _generate(
        data,
        *(w, b, rounds, tolerance, directions),
        program=lambda neurons, cost: _linear_program(data, neurons, cost, margin=False),
        value=lambda y: float(y @ data.f),
    )


def minimum_norm_margin(
    x,
    labels,
    w,
    b,
    convention: str,
    rounds: int = ROUNDS,
    tolerance: float = TOLERANCE,
    directions: int = DIRECTIONS,
    biases: bool = True,
) -> MinimumNorm:
    """The least path norm of a two-layer ReLU network f with labels_i f(x_i) >= 1 for all i.

    Its inverse is the greatest margin min_i labels_i f(x_i) of networks of norm 1. As
    `minimum_norm`, and with the same arguments; a certificate has labels_i y_i >= 0 and the value
    Σ_i |y_i|.

    labels: (n,), ±1. Returns a `MinimumNorm`. Raises ValueError as `minimum_norm` does, and for
    other labels.

    >>> x, one = np.array([[-1.0], [1.0]]), np.ones(1)
    >>> least = minimum_norm_margin(x, np.array([-1, 1]), one[:, None], 0 * one, "bias-free")
    >>> round(least.primal, 6), round(least.dual, 6), round(least.constant, 6)
    (1.0, 1.0, -1.0)
    """
    data = _Data(x, labels, convention, biases)
    if not (np.abs(data.f) == 1).all():
        raise ValueError("labels has entries other than 1 and -1; map the two classes to these.")
    return _generate(
        data,
        *(w, b, rounds, tolerance, directions),
        program=lambda neurons, cost: _linear_program(data, neurons, cost, margin=True),
        value=lambda y: float(y @ data.f),
    )


def penalized_norm(
    x,
    f,
    w,
    b,
    convention: str,
    penalty: float,
    rounds: int = ROUNDS,
    tolerance: float = TOLERANCE,
    directions: int = DIRECTIONS,
    biases: bool = True,
) -> MinimumNorm:
    """The least value of (1/2n) Σ_i (f(x_i) - f_i)² + λ · path norm of a two-layer ReLU network f.

    The optimum that weight decay aims at: since (a² + |w|²)/2 >= |a||w|, with equality for
    balanced neurons, (1/2n) Σ_i (f(x_i) - f_i)² + (λ/2)(Σ_j a_j² + ‖w_j‖₂²) has the same least
    value under "bias-free", for every width that is large enough. As `minimum_norm`, and with the
    same arguments; primal and dual are values of the whole objective, and a certificate y proves
    λ Σ_i y_i f_i - (nλ²/2) Σ_i y_i².

    penalty: λ > 0. Returns a `MinimumNorm`. Raises ValueError for other penalties, and for shapes
    and conventions as `minimum_norm` does.

    >>> x, one = np.array([[-1.0], [1.0]]), np.ones(1)
    >>> least = penalized_norm(x, np.array([0.0, 2.0]), one[:, None], one, "bias-free", penalty=0.1)
    >>> round(least.primal, 6), round(least.dual, 6)  # (1 - a)²/2 + λa with a = 1 - λ
    (0.095, 0.095)
    """
    data = _Data(x, f, convention, biases)
    if not 0 < penalty < np.inf:
        raise ValueError(f"penalty={penalty} is not a penalty; use a positive number.")
    n = len(data.x)
    return _generate(
        data,
        *(w, b, rounds, tolerance, directions),
        program=lambda neurons, cost: _least_squares(data, neurons, cost, penalty),
        value=lambda y: float(penalty * (y @ data.f) - n * penalty**2 / 2 * (y @ y)),
    )


class _Data:
    """The points x (n, d), the values f (n,), and which neurons there are."""

    def __init__(self, x, f, convention, biases):
        self.x, self.f = np.asarray(x, dtype=float), np.asarray(f, dtype=float)
        self.convention, self.biases = convention, biases
        self.free = convention == "bias-free"  # a constant may be added
        if self.x.ndim != 2 or self.f.shape != self.x.shape[:1]:
            raise ValueError(
                f"x has shape {self.x.shape} and its values {self.f.shape}; use (n, d) and (n,)."
            )


def _generate(data, w, b, rounds, tolerance, directions, program, value) -> MinimumNorm:
    """Solve the program over some neurons, add those that violate its dual, and so on."""
    x, w, b = data.x, np.asarray(w, dtype=float), np.asarray(b, dtype=float)
    if w.shape != (len(b), x.shape[1]) or b.ndim != 1 or (b.any() and not data.biases):
        raise ValueError(
            f"w has shape {w.shape} and b {b.shape}; use (k, {x.shape[1]}) and (k,), "
            "and b = 0 where there are no biases."
        )
    dual, certificate = -np.inf, np.zeros(len(x))
    for remaining in range(rounds, -1, -1):
        cost = parameter_norm(torch.tensor(w), torch.tensor(b), data.convention).numpy()
        primal, a, constant, y = program(np.maximum(x @ w.T + b, 0), cost)
        arguments = (x, y, data.convention, directions, data.biases)
        found = dual_norm.search(*arguments)
        if found.ratio[0] <= 1 + tolerance / 2 or remaining == 0:
            found = dual_norm.greatest_ratio(*arguments, tolerance=tolerance / 4)
            certified = y / max(1, found.bound)
            if value(certified) > dual:
                dual, certificate = value(certified), certified
        join = found.ratio > 1
        if remaining == 0 or primal <= (1 + tolerance) * dual or not join.any():
            break
        w, b = np.vstack([w, found.w[join]]), np.append(b, found.b[join])
    return MinimumNorm(primal, dual, a, w, b, constant, certificate)


def _linear_program(data, neurons, cost, margin):
    """Least cost for given neurons: its value, outer weights (k,), constant, dual solution (n,).

    The solver's tolerances are absolute: it is given neurons whose largest value is 1, and their
    prices in units of the least.
    """
    largest = np.where(cost > 0, neurons.max(axis=0), 0)
    largest[largest == 0] = np.inf  # a neuron that is 0 or a free constant: not offered
    price = cost / largest
    unit = price.min(where=price > 0, initial=price.max(initial=0))
    unit += unit == 0
    columns = np.hstack([neurons / largest, -neurons / largest])
    columns = np.hstack([columns, np.full((len(data.f), 1), float(data.free))])
    f = _balanced(data, data.f)
    size = np.abs(f).max()
    size += size == 0
    if margin:
        constraints = {"A_ub": -data.f[:, None] * columns, "b_ub": -np.ones(len(data.f))}
    else:
        constraints = {"A_eq": columns, "b_eq": f / size}
    solution = linprog(
        np.concatenate([price, price, [0]]) / unit,
        **constraints,
        bounds=[(0, None)] * (2 * len(cost)) + [(None, None)],
        method="highs",
    )
    if solution.status != 0:
        raise ValueError(
            "The neurons (w, b) cannot take such values at x; offer more neurons, "
            "and the same value at equal points."
        )
    if margin:
        size = 1 / (data.f * (columns @ solution.x)).min()  # the least margin is 1 exactly
    plus, minus = np.split(size * solution.x[:-1], 2)
    a = (plus - minus) / largest
    constant = size * solution.x[-1] + (0.0 if margin else (data.f - f).mean())
    y = (-data.f * solution.ineqlin.marginals if margin else solution.eqlin.marginals) * unit
    y = _with_signs(data, y) if margin else _balanced(data, y)
    return float(cost @ np.abs(a)), a, float(constant), y


def _with_signs(data, y):
    """y with the signs of the labels, and with sum 0 where a constant is free."""
    sizes = np.maximum(data.f * y, 0)
    if data.free:  # what the two classes weigh
        classes = data.f[:, None] == [1, -1]
        weights = sizes @ classes
        sizes *= classes @ np.divide(weights.min(), weights, out=0 * weights, where=weights > 0)
    return data.f * sizes


def _least_squares(data, neurons, cost, penalty):
    """Least penalized error for given neurons: value, outer weights, constant, dual solution.

    The dual is a projection: of all residuals v with |Σ_i v_i σ(w_j·x_i + b_j)| <= λ N(w_j, b_j)
    the nearest to f/n is wanted. It is found as the least z = v - f/n with G z >= h, by
    non-negative least squares (Lawson and Hanson 1974, chapter 23).
    """
    n, k = neurons.shape
    h = _balanced(data, np.divide(neurons, cost, out=0 * neurons, where=cost > 0))
    target = _balanced(data, data.f) / n
    size = np.linalg.norm(target)
    size += size == 0
    G = np.hstack([h, -h])
    E = np.vstack([G, -penalty / size - target / size @ G])
    u, _ = nnls(E, np.eye(n + 1)[n], maxiter=100 * k)
    r = E @ u - np.eye(n + 1)[n]
    y = _balanced(data, (target - size * r[:n] / r[n]) / penalty)
    plus, minus = np.split(-n * size * u / r[n], 2)
    a = np.divide(minus - plus, cost, out=0 * cost, where=cost > 0)
    residual = data.f - neurons @ a
    constant = float(residual.mean()) if data.free else 0.0
    primal = ((residual - constant) ** 2).mean() / 2 + penalty * (cost @ np.abs(a))
    return float(primal), a, constant, y


def _balanced(data, y):
    """y, with sum 0 where a constant is free."""
    return y - y.mean(axis=0) if data.free else y
