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

KEPT, NUDGES, HALVINGS, CUTS = 64, 32, 14, 200  # how long to search: no result depends on them
VALUES_AT_ONCE = 2**21  # 16 MiB of neuron values


class Neurons(NamedTuple):
    """Neurons, the best first, what they gain, and what is known about all others.

    w, b:  of any scale, (k, d) and (k,)
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
        around = np.concatenate([ratio[-1:], ratio, ratio[:1]])
        peak = (ratio >= around[:-2]) & (ratio > around[2:])
        peak[ratio.argmax()] = True
        w, b, ratio = w[peak], b[peak], ratio[peak]
    if d >= 3:
        w, b, ratio = _improve(x, y, w[np.argsort(-ratio)[:KEPT]], convention, biases)
    if biases and convention != "bias-free":  # the limit of large b is the constant σ(0·x + 1)
        w, b, ratio = np.vstack([w, 0 * w[:1]]), np.append(b, 1.0), np.append(ratio, abs(y.sum()))
    return _sorted(w, b, ratio, np.inf)


def greatest_ratio(
    x, y, convention: str, directions: int, biases: bool = True, tolerance: float = 1e-3
) -> Neurons:
    """The greatest |Σ_i y_i σ(w·x_i + b)| / N(w, b), between a neuron and a proven bound.

    For d = 1 the two agree. For d = 2 the circle is cut into arcs; within an arc the ratio differs
    from that of its center by at most the Lipschitz constant Σ_i |y_i| ‖x_i‖₂ times the distance,
    and arcs are cut again until the bound is within `tolerance` of the best ratio, or there are
    too many; then the bound is larger, which happens far from 0 ("bias-free" data are centered)
    and where the y_i cancel. Beyond, the
    maximum is a mixed-integer linear program, with one integer for each data point that may be
    seen or not. There the ball N(w, b) <= 1 is replaced by a polytope around it, which is cut down
    until the same holds; for "path1" it is the ball itself. This bound is as good as the solver,
    which allows errors of 1e-6 in variables up to 1: it may be wrong by about 1e-6 Σ_i |y_i| ‖x_i‖.
    Its time grows steeply with n, and with d unless for "path1": fifty points are many, and ten
    dimensions. The rounding of these sums, 1e-16 Σ_i |y_i| (1 + ‖x_i‖), is in no bound.

    Arguments as for `search`. Returns `Neurons`. Raises ValueError for an unknown convention.

    >>> x = np.vstack([np.eye(3), -np.eye(3), np.zeros((1, 3))])
    >>> y = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -6.0])
    >>> round(greatest_ratio(x, y, "path1", directions=2**10).bound, 5)
    1.0
    """
    center = x.mean(axis=0) * (biases and convention == "bias-free")
    x = x - center
    found = search(x, y, convention, directions, biases)
    if x.shape[1] == 1:
        return found._replace(b=found.b - found.w @ center, bound=float(found.ratio[0]))
    if x.shape[1] == 2:
        parts = [_arcs(x, y, convention, directions, biases, found, tolerance)]
    else:
        parts = [_program(x, s * y, convention, biases, found, tolerance) for s in (1, -1)]
    w, b, ratio, bounds = zip(found, *parts, strict=True)
    w, b, ratio = np.vstack(w), np.concatenate(b), np.concatenate(ratio)
    return _sorted(w, b - w @ center, ratio, max(*bounds[1:], ratio.max()))


def _sorted(w, b, ratio, bound) -> Neurons:
    order = np.argsort(-ratio)
    return Neurons(w[order], b[order], ratio[order], float(bound))


def _improve(x, y, w, convention, biases):
    """Hill climbing on the sphere from each w: steps of 2^-k around it, and along the gradient."""
    nudges = np.vstack([0 * w[:1], _directions(x.shape[1], NUDGES)])
    b, ratio = _best_bias(x, y, w, convention, biases)
    for k in range(2, HALVINGS + 1):
        uphill = _unit(_gradient(x, y, w, b))[:, None, :]
        steps = [np.ldexp(nudges + 0 * uphill, -k), np.ldexp(uphill, -k), np.ldexp(uphill, 2 * k)]
        trials = _unit(w[:, None, :] + np.concatenate(steps, axis=1))
        b, ratio = _best_bias(x, y, trials.reshape(-1, x.shape[1]), convention, biases)
        b, ratio = b.reshape(len(w), -1), ratio.reshape(len(w), -1)
        best = np.arange(len(w)), ratio.argmax(axis=1)
        w, b, ratio = trials[best], b[best], ratio[best]
    _, first = np.unique(np.round(np.column_stack([w, b]), 4), axis=0, return_index=True)
    return w[first], b[first], ratio[first]


def _gradient(x, y, w, b):
    """The gradient of |Σ_i y_i σ(w·(x_i - o))| in w, where b = -w·o: o is a point of data, or 0."""
    z = w @ x.T + b[:, None]
    o = np.where(b[:, None] == 0, 0, x[np.abs(z).argmin(axis=1)])
    seen = y * (z > 0)
    return np.sign((seen * z).sum(axis=1, keepdims=True)) * (
        seen @ x - seen.sum(axis=1, keepdims=True) * o
    )


def _unit(v):
    """The rows of v, each divided by its length, unless that is 0."""
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / (length + (length == 0))


def _directions(d: int, count: int) -> np.ndarray:
    """Unit vectors of R^d, spread evenly: the two of d = 1, a circle, or a Sobol' sequence."""
    if d == 1:
        return np.array([[1.0], [-1.0]])
    if d == 2:
        angle = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = qmc.Sobol(d, scramble=False).fast_forward(2)  # its first two points have no direction
    return _unit(ndtri(points.random(count)))


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


def _arcs(x, y, convention, count, biases, found, tolerance) -> Neurons:
    """The greatest ratio in the plane, from arcs that are cut in two until the bound is good."""
    lipschitz = np.abs(y) @ np.linalg.norm(x, axis=1)
    slope = np.sqrt(2) if convention == "path1" else 0.0  # of ‖w‖₁ along the circle, at most
    best = found._replace(w=found.w[:1], b=found.b[:1], ratio=found.ratio[:1])
    bound, half = best.ratio[0], np.pi / count
    angle = 2 * half * np.arange(count)
    while len(angle):
        w = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        b, ratio = _best_bias(x, y, w, convention, biases)
        top = ratio.argmax()
        if ratio[top] > best.ratio[0]:
            best = Neurons(w[[top]], b[[top]], ratio[[top]], np.inf)
        bounds = ratio * (1 + slope * half) + half * lipschitz
        done = bounds <= (1 + tolerance) * best.ratio[0]
        done |= 2 * (~done).sum() * len(x) > VALUES_AT_ONCE
        bound = max(bound, bounds[done].max(initial=0))
        half /= 2
        angle = np.concatenate([angle[~done] - half, angle[~done] + half])
    return best._replace(bound=bound)


def _program(x, y, convention, biases, found, tolerance) -> Neurons:
    """The greatest Σ_i y_i σ(w·x_i + b) on N(w, b) <= 1, as mixed-integer linear programs.

    The variables are w, e >= |w|, b, c >= |b| and, for each point, t_i <= σ(w·x_i + b) if y_i > 0
    and t_i >= σ(w·x_i + b) if not; s_i = 1 if a point of the first kind is seen by the neuron.
    ‖w‖₂ <= 1 is q·e <= 1 for all unit vectors q >= 0; the one that is missing most is e/‖e‖₂.
    Stops as soon as the bound is not much more than the greatest ratio that was found.
    """
    (n, d), seen = x.shape, y > 0
    # how large |w·x_i + b| can be: the best neurons are the constant, which the search has seen,
    # and those whose kink is in the data or, unless the bias is free, at 0
    order = np.inf if convention == "path1" else 2
    reach, far = np.linalg.norm(x, ord=order, axis=1), np.linalg.norm(x[:, None] - x, order, axis=2)
    if biases:
        from_kinks = far.max(axis=1)
        bounded = np.maximum(reach, np.minimum(from_kinks, biases))  # |b| <= 1, which is True
        reach = from_kinks if convention == "bias-free" else bounded
    unit = reach.max() + (reach.max() == 0)  # x, b, t are in this unit: tolerances are absolute
    x, y, reach = x / unit, y * unit, reach / unit

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
    high = np.concatenate([np.ones(2 * d), [np.inf if biases else 0] * 2, reach, np.ones(n)])
    low = np.where(rows(w=True, b=True)[0], -high, 0)
    # where the search has been, the polytope is as good as the ball
    searched = _unit(np.abs(found.w[found.w.any(axis=1)]))
    q = np.ones((1, d)) if convention == "path1" else searched
    size = found.ratio[0] + (found.ratio[0] == 0)
    y, best = y / size, Neurons(found.w[:1], found.b[:1], found.ratio[:1] / size, np.inf)
    for _ in range(CUTS):
        at_most = np.vstack([at_most, rows(e=q, c=0 if convention == "bias-free" else unit)])
        right = np.append(right, np.ones(len(q)))
        solved = milp(
            -rows(t=y)[0],
            constraints=LinearConstraint(at_most, ub=right),
            bounds=Bounds(low, high),
            integrality=rows(s=True)[0],
            options={"mip_rel_gap": tolerance / 4},
        )
        w, e, b = solved.x[:d], solved.x[d : 2 * d], solved.x[2 * d : 2 * d + 1]
        cost = float(parameter_norm(torch.tensor(w), torch.tensor(unit * b[0]), convention))
        cost += cost == 0
        ratio = abs(y @ np.maximum(x @ w + b, 0)) / cost
        if ratio > best.ratio[0]:
            best = Neurons(w[None] / cost, unit * b / cost, np.array([ratio]), np.inf)
        if -solved.mip_dual_bound <= (1 + tolerance) * best.ratio[0]:
            break
        q = e[None] / np.linalg.norm(e)
    return best._replace(ratio=size * best.ratio, bound=-solved.mip_dual_bound * size)
