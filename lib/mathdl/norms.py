"""Path norms of two-layer ReLU networks, and minimum-norm interpolation with a dual certificate.

Three conventions are in use for what a neuron aσ(w·x + b) costs, and numbers for one are wrong for
the others. The caller names the convention; there is no default.

    "path1"      |a| (‖w‖₁ + |b|)
    "path2"      |a| (‖w‖₂ + |b|)
    "bias-free"  |a| ‖w‖₂, biases and a constant added to the output cost nothing
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linprog

CONVENTIONS = ("path1", "path2", "bias-free")


def parameter_norm(w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """N(w, b), what a neuron with |a| = 1 costs: ‖w‖₁ + |b|, ‖w‖₂ + |b| or ‖w‖₂.

    w: (..., d), b: (...,); the result is (...,). Raises ValueError for an unknown convention.

    >>> w, b = torch.tensor([3.0, -4.0]), torch.tensor(-2.0)
    >>> [parameter_norm(w, b, c).item() for c in CONVENTIONS]
    [9.0, 7.0, 5.0]
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention={convention!r} is not one of {', '.join(CONVENTIONS)}.")
    length = w.norm(p=1 if convention == "path1" else 2, dim=-1)
    return length if convention == "bias-free" else length + b.abs()


def path_norm(a: torch.Tensor, w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """Σ_j |a_j| N(w_j, b_j): the cost of the network Σ_j a_j σ(w_j·x + b_j) as it is written.

    A function can be written in many ways; its Barron norm is the least cost of all of them.

    a: (..., m), w: (..., m, d), b: (..., m); the result is (...,).
    Raises ValueError for an unknown convention.

    >>> a, w, b = torch.tensor([2.0]), torch.tensor([[3.0, -4.0]]), torch.tensor([-2.0])
    >>> path_norm(a, w, b, "path2").item()
    14.0
    """
    return (a.abs() * parameter_norm(w, b, convention)).sum(-1)


@dataclass(frozen=True)
class MinimumNorm:
    """A minimum-norm interpolation problem solved from both sides.

    primal: path norm of the interpolating network Σ_j a_j σ(w_j·x + b_j) + constant
    dual:   no network of any width, with any parameters, interpolates the data at a lower cost
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
        return self.primal / self.dual - 1


def minimum_norm(
    x,
    f,
    w,
    b,
    convention: str,
    rounds: int = 100,
    tolerance: float = 5e-3,
    directions: int = 2**13,
) -> MinimumNorm:
    """The least path norm with which a two-layer ReLU network takes the values f at the points x.

    A linear program over the outer weights of the offered neurons (w_j, b_j) gives the upper side.
    Its dual solution y is divided by the most that |Σ_i y_i σ(w·x_i + b)| / N(w, b) can be over
    **all** parameters, if that is more than 1. For such y every interpolating network satisfies
    Σ_i y_i f_i = Σ_j a_j Σ_i y_i σ(w_j·x_i + b_j) <= Σ_j |a_j| N(w_j, b_j), the lower side.
    In each round the neurons that violate this most join the program, until the two sides are
    within `tolerance` of each other; with `rounds=0` only the offered neurons are used.

    x: (n, d) with d = 1 or 2, f: (n,), w: (k, d), b: (k,), as NumPy arrays or CPU tensors.
    `directions` is the number of directions of w that are looked at, for d = 2.
    Returns a `MinimumNorm`. Raises ValueError for another d, an unknown convention, and offered
    neurons that cannot interpolate.

    >>> x = np.array([[-1.0], [0.0], [1.0]])  # |x| in one dimension: σ(x) + σ(-x)
    >>> least = minimum_norm(x, np.abs(x[:, 0]), np.array([[1.0], [-1.0]]), np.zeros(2), "path2")
    >>> round(least.primal, 6), round(least.dual, 6)
    (2.0, 2.0)
    """
    x, f, w, b = (np.asarray(array, dtype=float) for array in (x, f, w, b))
    if x.ndim != 2 or x.shape[1] not in (1, 2):
        raise ValueError(f"x has shape {x.shape}; give points of shape (n, 1) or (n, 2).")
    search, _ = _directions(x.shape[1], directions)
    dual, certificate = -np.inf, np.zeros(len(x))
    for remaining in range(rounds, -1, -1):
        primal, a, constant, y = _interpolate(x, f, w, b, convention)
        certified = y / max(1, greatest_ratio(x, y, convention, directions))
        if certified @ f > dual:
            dual, certificate = float(certified @ f), certified
        if remaining == 0 or primal <= (1 + tolerance) * dual:
            break
        ratios, biases = _ratios(x, y, search, convention)
        height, worst = ratios.max(axis=1), ratios.argmax(axis=1)
        peak = (height >= np.roll(height, 1)) & (height > np.roll(height, -1)) & (height > 1)
        w = np.vstack([w, search[peak], 0 * search[:1]])  # the last one is the constant σ(0·x + 1)
        b = np.concatenate([b, biases[peak, worst[peak]], [1.0]])
    return MinimumNorm(primal, dual, a, w, b, constant, certificate)


def greatest_ratio(x, y, convention: str, directions: int) -> float:
    """An upper bound for |Σ_i y_i σ(w·x_i + b)| / N(w, b) over all (w, b) with N(w, b) > 0.

    Between the kinks b = -w·x_i and 0 the ratio is monotone in b, so the biases are treated
    exactly. In two dimensions w runs over equispaced unit vectors, and what lies between two of
    them is bounded by the Lipschitz constant Σ_i |y_i| ‖x_i‖₂. Under "bias-free" the y_i have to
    sum to 0, or the ratio is infinite.

    x: (n, d) with d = 1 or 2, y: (n,), as NumPy arrays. Raises ValueError for an unknown
    convention.

    >>> x, y = np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, -2.0, 1.0])
    >>> greatest_ratio(x, y, "bias-free", directions=2)
    1.0
    """
    w, spacing = _directions(x.shape[1], directions)
    ratio = _ratios(x, y, w, convention)[0].max()
    if convention != "bias-free":
        ratio = max(ratio, abs(y.sum()))  # the limit of large b
    slack = np.sqrt(2) * spacing if convention == "path1" else 0.0  # ‖w‖₁ between two directions
    return float(ratio * (1 + slack) + spacing * (np.abs(y) @ np.linalg.norm(x, axis=1)))


def _directions(d: int, count: int) -> tuple[np.ndarray, float]:
    """Unit vectors that every unit vector of R^d is at most `spacing` away from, d = 1 or 2."""
    if d == 1:
        return np.array([[1.0], [-1.0]]), 0.0
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angle), np.sin(angle)], axis=1), np.pi / count


def _interpolate(x, f, w, b, convention):
    """The linear program: its value, outer weights (k,), free constant and dual solution (n,)."""
    cost = parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    neurons = np.maximum(x @ w.T + b, 0)
    free = np.full((len(x), 1), float(convention == "bias-free"))
    solution = linprog(
        np.concatenate([cost, cost, [0]]),
        A_eq=np.hstack([neurons, -neurons, free]),
        b_eq=f,
        bounds=[(0, None)] * (2 * len(w)) + [(None, None)],
        method="highs",
    )
    if solution.status != 0:
        raise ValueError("The neurons (w, b) cannot take the values f at x; offer more neurons.")
    plus, minus = np.split(solution.x[:-1], 2)
    y = solution.eqlin.marginals
    if convention == "bias-free":
        y = y - y.mean()  # the dual of a free constant: the weights sum to 0, exactly
    return solution.fun, plus - minus, solution.x[-1], y


def _ratios(x, y, w, convention):
    """|Σ_i y_i σ(w·x_i + b)| / N(w, b) and b, for each unit w and each b = -w·x_i and b = 0.

    Both have shape (number of w, n + 1).
    """
    t = w @ x.T
    order = np.argsort(-t, axis=1)
    t = np.take_along_axis(t, order, axis=1)
    weights = y[order]
    # the neuron with kink at the k-th largest t sees the larger ones: Σ_(i<k) y_i (t_i - t_k)
    at_kinks = np.cumsum(weights * t, axis=1) - t * np.cumsum(weights, axis=1)
    at_zero = (weights * np.maximum(t, 0)).sum(axis=1, keepdims=True)
    biases = np.hstack([-t, np.zeros((len(w), 1))])
    norms = parameter_norm(torch.tensor(w)[:, None, :], torch.tensor(biases), convention).numpy()
    return np.abs(np.hstack([at_kinks, at_zero])) / norms, biases
