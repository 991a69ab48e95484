"""The dual of the path norm: what one neuron can gain from weights y on the data points.

    max over (w, b) of |Σ_i y_i σ(w·x_i + b)| / N(w, b),   N as in `norms.parameter_norm`

It decides whether y is a certificate in `minimum_norm`, and the Rademacher complexity of the unit
ball is its mean over random signs y/n. It is a hard problem: `search` finds neurons, which prove
that the maximum is large, and `greatest_ratio` proves that it is not larger.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.special import ndtri
from scipy.stats import qmc

from mathdl.norms import parameter_norm


class Neurons(NamedTuple):
    """Neurons, the best first, what they gain, and what is known about all others.

    w, b:  with N(w, b) <= 1, (k, d) and (k,)
    ratio: |Σ_i y_i σ(w·x_i + b)| / N(w, b), (k,)
    bound: no neuron has a greater ratio; infinite if nothing was proved
    """

    w: np.ndarray
    b: np.ndarray
    ratio: np.ndarray
    bound: float


def search(x, y, convention: str, directions: int, biases: bool = True) -> Neurons:
    """Neurons at which |Σ_i y_i σ(w·x_i + b)| / N(w, b) is large, without a bound.

    Between the kinks b = -w·x_i and 0 the ratio is monotone in b, so each direction is given its
    best bias exactly. For d = 1 all directions are looked at, for d = 2 an equispaced circle, of
    which the local maxima are kept, and beyond an even cloud, whose best are improved by ever
    smaller steps. With `biases=False` all b are 0. Under "bias-free" the y_i have to sum to 0.

    x: (n, d), y: (n,), as NumPy arrays; `directions` is the size of circle and cloud.
    Returns `Neurons`. Raises ValueError for an unknown convention.

    >>> x, y = np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, -2.0, 1.0])
    >>> search(x, y, "bias-free", directions=2).ratio
    array([1., 1.])
    """
    d = x.shape[1]
    w = _directions(d, directions)
    b, ratio = _best_bias(x, y, w, convention, biases)
    if d == 2:
        peak = (ratio >= np.roll(ratio, 1)) & (ratio > np.roll(ratio, -1))
        peak[ratio.argmax()] = True
        w, b, ratio = w[peak], b[peak], ratio[peak]
    if d > 2:
        w, b, ratio = _improve(x, y, w[np.argsort(-ratio)[:KEPT]], convention, biases)
    if biases and convention != "bias-free":  # the limit of large b is the constant σ(0·x + 1)
        w, b, ratio = np.vstack([w, 0 * w[:1]]), np.append(b, 1.0), np.append(ratio, abs(y.sum()))
    order = np.argsort(-ratio)
    return Neurons(w[order], b[order], ratio[order], np.inf)


def greatest_ratio(
    x, y, convention: str, directions: int, biases: bool = True, tolerance: float = 1e-3
) -> Neurons:
    """The greatest |Σ_i y_i σ(w·x_i + b)| / N(w, b), between a neuron and a proven bound.

    For d = 1 the two agree. For d = 2, w runs over equispaced unit vectors, and what lies between
    two of them is bounded by the Lipschitz constant Σ_i |y_i| ‖x_i‖₂. Beyond, the maximum is a
    mixed-integer linear program, with one integer for each data point that may be seen or not. The
    ball N(w, b) <= 1 is replaced by a polytope around it, which is cut down until the bound is
    within `tolerance` of the ratio; for "path1" it is the ball itself. The bound holds up to the
    solver's feasibility, 1e-6. Time grows steeply with n, and with d unless for "path1": a
    hundred points are many, and ten dimensions.

    Arguments as for `search`. Returns `Neurons`. Raises ValueError for an unknown convention.

    >>> x = np.vstack([np.eye(3), -np.eye(3), np.zeros((1, 3))])
    >>> y = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -6.0])
    >>> round(greatest_ratio(x, y, "path1", directions=2**10).bound, 5)
    1.0
    """
    found = search(x, y, convention, directions, biases)
    if x.shape[1] <= 2:
        spacing = np.pi / directions if x.shape[1] == 2 else 0.0
        slack = np.sqrt(2) * spacing if convention == "path1" else 0.0  # ‖w‖₁ between directions
        lipschitz = np.abs(y) @ np.linalg.norm(x, axis=1)
        return found._replace(bound=float(found.ratio[0] * (1 + slack) + spacing * lipschitz))
    w, b, ratio, bound = found
    for sign in (1, -1):
        best = _program(x, sign * y, convention, biases, ratio.max(), tolerance)
        w, b = np.vstack([w, best.w]), np.append(b, best.b)
        ratio = np.append(ratio, best.ratio)
        bound = best.bound if sign == 1 else max(bound, best.bound)
    order = np.argsort(-ratio)
    return Neurons(w[order], b[order], ratio[order], bound)


KEPT, NUDGES, HALVINGS, CUTS = 64, 32, 14, 200


def _improve(x, y, w, convention, biases):
    """Hill climbing on the sphere from each w: of a few nudges take the best, then halve them."""
    nudges = np.vstack([0 * w[:1], _directions(x.shape[1], NUDGES)])
    for k in range(HALVINGS):
        trials = w[:, None, :] + 0.5 ** (k + 2) * nudges
        trials /= np.linalg.norm(trials, axis=2, keepdims=True)
        b, ratio = _best_bias(x, y, trials.reshape(-1, x.shape[1]), convention, biases)
        b, ratio = b.reshape(len(w), -1), ratio.reshape(len(w), -1)
        best = np.arange(len(w)), ratio.argmax(axis=1)
        w, b, ratio = trials[best], b[best], ratio[best]
    return w, b, ratio


def _directions(d: int, count: int) -> np.ndarray:
    """Unit vectors of R^d, spread evenly: the two of d = 1, a circle, or a Sobol' sequence."""
    if d == 1:
        return np.array([[1.0], [-1.0]])
    if d == 2:
        angle = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = qmc.Sobol(d, scramble=False).fast_forward(2)  # its first two points have no direction
    normal = ndtri(points.random(count))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _best_bias(x, y, w, convention, biases):
    """For each unit w the b with the greatest |Σ_i y_i σ(w·x_i + b)| / N(w, b), and that ratio."""
    t = w @ x.T
    values, b = (y * np.maximum(t, 0)).sum(axis=1, keepdims=True), np.zeros((len(w), 1))
    if biases:
        order = np.argsort(-t, axis=1)
        t, weights = np.take_along_axis(t, order, axis=1), y[order]
        # the neuron with its kink at the k-th largest t sees the larger ones: Σ_(i<k) y_i (t_i-t_k)
        at_kinks = np.cumsum(weights * t, axis=1) - t * np.cumsum(weights, axis=1)
        values, b = np.hstack([at_kinks, values]), np.hstack([-t, b])
    cost = parameter_norm(torch.tensor(w)[:, None, :], torch.tensor(b), convention).numpy()
    ratio = np.abs(values) / cost
    best = np.arange(len(w)), ratio.argmax(axis=1)
    return b[best], ratio[best]


def _program(x, y, convention, biases, enough, tolerance) -> Neurons:
    """The greatest Σ_i y_i σ(w·x_i + b) on N(w, b) <= 1, as mixed-integer linear programs.

    The variables are w, e >= |w|, b, c >= |b| and, for each point, t_i <= σ(w·x_i + b) if y_i > 0
    and t_i >= σ(w·x_i + b) if not; s_i = 1 if a point of the first kind is seen by the neuron.
    ‖w‖₂ <= 1 is q·e <= 1 for all unit vectors q >= 0; the one that is missing most is e/‖e‖₂.
    Stops as soon as the bound is not much more than `enough`, or than the ratio found.
    """
    (n, d), seen = x.shape, y > 0
    reach = np.linalg.norm(x, ord=np.inf if convention == "path1" else 2, axis=1)
    widest = reach.max() if convention == "bias-free" else 1.0
    if biases and convention == "bias-free":  # a neuron can be moved until its kink meets the data
        reach = np.linalg.norm(x[:, None] - x, axis=2).max(axis=1)
    elif biases:
        reach = np.maximum(reach, 1)

    def rows(w=0, e=0, b=0, c=0, t=0, s=0):
        blocks = [np.atleast_2d(block) for block in (w, e, b, c, t, s)]
        count = max(len(block) for block in blocks)
        shapes = [(count, width) for width in (d, d, 1, 1, n, n)]
        return np.hstack([np.broadcast_to(*pair) for pair in zip(blocks, shapes, strict=True)])

    axes, points = np.eye(d), np.eye(n)
    at_most = np.vstack(
        [
            rows(w=axes, e=-axes),
            rows(w=-axes, e=-axes),
            rows(b=1, c=-1),
            rows(b=-1, c=-1),
            rows(w=-x, b=-1, t=points, s=np.diag(reach))[seen],  # seen: t <= w·x + b
            rows(t=points, s=-np.diag(reach))[seen],  # not seen: t <= 0
            rows(w=x, b=1, t=-points)[~seen],
        ]
    )
    right = np.concatenate([np.zeros(2 * d + 2), reach[seen], np.zeros(n)])
    high = np.concatenate([np.ones(2 * d), [widest * biases] * 2, reach, np.ones(n)])
    low = np.where(rows(w=1, b=1)[0] > 0, -high, 0)
    q = np.ones(d) / (1 if convention == "path1" else np.sqrt(d))
    for _ in range(CUTS):
        at_most = np.vstack([at_most, rows(e=q, c=float(convention != "bias-free"))])
        right = np.append(right, 1)
        solved = milp(
            -rows(t=y)[0],
            constraints=LinearConstraint(at_most, ub=right),
            bounds=Bounds(low, high),
            integrality=rows(s=1)[0],
            options={"mip_rel_gap": tolerance / 4},
        )
        w, e, b = solved.x[:d], solved.x[d : 2 * d], solved.x[2 * d : 2 * d + 1]
        cost = float(parameter_norm(torch.tensor(w), torch.tensor(b[0]), convention)) or 1.0
        ratio = abs(y @ np.maximum(x @ w + b, 0)) / cost
        enough = max(enough, ratio)
        if -solved.mip_dual_bound <= (1 + tolerance) * enough:
            break
        q = e / np.linalg.norm(e)
    return Neurons(w[None] / cost, b / cost, np.array([ratio]), -solved.mip_dual_bound)
