"""Neural collapse: exact minimizers of the model with unconstrained features.

K classes, N samples; logits W h_i, with W (K × m) and free features h_i in R^m, m >= K - 1. The
objective is the mean cross-entropy plus `decay_w`/2 |W|² + `decay_h`/2 Σ |h_i|².
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp


def factor_penalty(singular_values: np.ndarray, decay_w: float, decay_h: float) -> float:
    """The least λ_W/2 |W|² + λ_H/2 |H|² of all W H = Z: √(λ_W λ_H) times the nuclear norm of Z.

    Raises ValueError for a λ that is not positive.

    Source: derived on the page on neural collapse.

    >>> factor_penalty([3.0, 1.0], decay_w=0.5, decay_h=2.0)
    4.0
    """
    return _strength(decay_w, decay_h) * float(np.sum(singular_values))


def shrunken(singular_values: np.ndarray, threshold: float) -> np.ndarray:
    """Singular values of the Z that minimizes ½ |Z - Y|² + τ‖Z‖_*, from those of Y: max(ρ - τ, 0).

    τ = `threshold`. Raises ValueError if it is not positive.

    Source: derived in an exercise of the page on neural collapse.

    >>> shrunken([3.0, 1.0], threshold=2.0).tolist()
    [1.0, 0.0]
    """
    _check(threshold=threshold)
    return np.maximum(np.asarray(singular_values) - threshold, 0.0)


def collapse_strength(n: int, decay_w: float, decay_h: float) -> float:
    """c = √(λ_W λ_H n), n samples a class: K classes collapse to a simplex if c < 1/K, else to 0.

    Raises ValueError for numbers that are not positive.

    Source: derived on the page on neural collapse.

    >>> collapse_strength(n=4, decay_w=0.5, decay_h=0.125)
    0.5
    """
    _check(n=n)
    return _strength(decay_w, decay_h) * float(np.sqrt(n))


def simplex_cosine(classes: int) -> float:
    """Cosine between two of K = `classes` features that form a regular simplex: -1/(K - 1).

    Raises ValueError for fewer than two classes.

    >>> simplex_cosine(3)
    -0.5
    """
    _check_classes(classes)
    return -1 / (classes - 1)


def simplex_gap(classes: int, c: float) -> float:
    """By how much the logit of the own class exceeds each other one: log((1 - (K - 1) c)/c).

    It is 0 for c >= 1/K; K = `classes`, and c is that of `collapse_strength`.

    Raises ValueError for fewer than two classes and unless c > 0.

    Source: derived on the page on neural collapse.

    >>> round(simplex_gap(4, c=0.1), 12) == round(float(np.log(7)), 12)
    True
    """
    _check_classes(classes)
    _check(c=c)
    return float(np.log(max(1 - (classes - 1) * c, c) / c))


def simplex_objective(classes: int, c: float) -> float:
    """The least value of the objective, log(1 + (K - 1) e^{-γ}) + c (K - 1) γ, γ = `simplex_gap`.

    Raises ValueError as `simplex_gap` does.

    Source: derived on the page on neural collapse.

    >>> round(simplex_objective(3, c=0.5), 6) == round(float(np.log(3)), 6)
    True
    """
    gap, others = simplex_gap(classes, c), classes - 1
    return float(np.log(1 + others * np.exp(-gap))) + c * others * gap


def simplex_lengths(classes: int, n: int, decay_w: float, decay_h: float) -> tuple[float, float]:
    """|w_k|² and |h_i|² at the minimum: c (K - 1) γ / (K λ_W) and c (K - 1) γ / (K n λ_H).

    Raises ValueError for fewer than two classes and numbers that are not positive.

    Source: derived on the page on neural collapse.

    >>> w, h = simplex_lengths(3, n=10, decay_w=0.01, decay_h=0.001)
    >>> round(w, 12) == round(h, 12)
    True
    """
    c = collapse_strength(n, decay_w, decay_h)
    share = c * (classes - 1) * simplex_gap(classes, c) / classes
    return share / decay_w, share / (n * decay_h)


def origin_curvature(classes: int, n: int, decay_w: float, decay_h: float) -> float:
    """The smallest eigenvalue of the Hessian at W = 0, H = 0, n samples in each of K classes.

    It is the smaller eigenvalue of the matrix with λ_W and λ_H on the diagonal and 1/(K √n) off it.

    Raises ValueError for fewer than two classes and numbers that are not positive.

    Source: derived on the page on neural collapse.

    >>> round(origin_curvature(2, n=4, decay_w=0.1, decay_h=0.1), 12)
    -0.15
    """
    _check_classes(classes)
    _check(n=n, decay_w=decay_w, decay_h=decay_h)
    half = (decay_w - decay_h) / 2
    return (decay_w + decay_h) / 2 - float(np.hypot(half, 1 / (classes * np.sqrt(n))))


def sibling_margin(size: int, total: int, decay_w: float, decay_h: float) -> float:
    """Probability of the own class minus that of another class of equal size, at the minimum.

    max(0, 1 - N √(λ_W λ_H / n_k)) with n_k = `size` samples in each of the two classes and N =
    `total` in all. At 0 the two classes have the same features and the same weights.

    Raises ValueError for numbers that are not positive.

    Source: derived on the page on neural collapse.

    >>> sibling_margin(size=25, total=100, decay_w=0.01, decay_h=0.01)
    0.8
    """
    _check(size=size, total=total)
    return max(0.0, 1 - total * _strength(decay_w, decay_h) / float(np.sqrt(size)))


def merging_total(size: int, decay_w: float, decay_h: float) -> float:
    """The number of samples in all from which on classes of this size merge: √(n_k/(λ_W λ_H)).

    Raises ValueError for numbers that are not positive.

    Source: derived on the page on neural collapse.

    >>> merging_total(size=25, decay_w=0.01, decay_h=0.01)
    500.0
    """
    _check(size=size)
    return float(np.sqrt(size)) / _strength(decay_w, decay_h)


class TwoSmall(NamedTuple):
    """The minimum for one large class and two small ones.

    objective: its value
    between_small, to_large: cosines of the features of the two small classes, and of a small class
        and the large one
    lengths: |h| of a small class and of the large one
    """

    objective: float
    between_small: float
    to_large: float
    lengths: tuple[float, float]


def two_small_classes(large: int, small: int, decay_w: float, decay_h: float) -> TwoSmall:
    """The exact minimum for three classes with n, n and n' samples, n = `small`, n' = `large`.

    With N = 2n + n', τ = √(λ_W λ_H) and the margin δ of `sibling_margin`, a small class gives the
    probabilities (1 - q ± δ)/2 to the two small ones and q to the large one, and the large class
    gives ε to the two small ones together. Here 3nq² + 3n'ε²/2 = τ²N², and q is found by bisection
    from A/q = B/ε, where A and B are the logarithms of √((1 - q)² - δ²)/(2q) and of 2(1 - ε)/ε.

    Raises ValueError for numbers that are not positive, and if the decay is so great that the
    large class is not told from the small ones.

    Source: derived on the page on neural collapse.

    >>> round(two_small_classes(50, 50, 0.01, 0.001).between_small, 9)  # balanced
    -0.5
    """
    _check(large=large, small=small)
    total = 2 * small + large
    force = total * _strength(decay_w, decay_h)
    margin = sibling_margin(small, total, decay_w, decay_h)

    def parts(q: float) -> tuple[float, float, float]:
        """ε, A and B."""
        epsilon = np.sqrt((force**2 - 3 * small * q**2) / (1.5 * large))
        A = np.log(((1 - q) ** 2 - margin**2) / (4 * q**2)) / 2
        return epsilon, A, np.log(2 * (1 - epsilon) / epsilon)

    low = np.sqrt(max(0.0, force**2 - 2 * large / 3) / (3 * small))  # there B = 0
    high = min(force / np.sqrt(3 * small), 1 - margin)
    if high <= low or (low > 0 and parts(low)[1] <= 0):
        raise ValueError(f"decay_w={decay_w}, decay_h={decay_h}: all merges; use less decay.")
    inside = 1e-12 * (high - low)  # at the ends logarithms may be infinite
    q = brentq(
        lambda q: parts(q)[1] * parts(q)[0] - parts(q)[2] * q,
        low + inside,
        high - inside,
    )
    epsilon, A, B = parts(q)
    own, other = (1 - q + margin) / 2, (1 - q - margin) / 2
    alpha, r = np.sqrt(small) * np.log(own / other), 2 * A * force / (3 * q)  # singular values
    kappa = 2 * small * q * A / force
    loss = -(2 * small * np.log(own) + large * np.log(1 - epsilon)) / total
    unit = np.sqrt(decay_w / decay_h)
    return TwoSmall(
        objective=float(loss + (alpha + r) * force / total),
        between_small=float((kappa - alpha) / (kappa + alpha)),
        to_large=-float(np.sqrt(kappa / (kappa + alpha))),
        lengths=(
            float(np.sqrt(unit * (alpha + kappa) / (2 * small))),
            float(np.sqrt(unit * B * epsilon / force)),
        ),
    )


def square_objective(c: float) -> float:
    """The objective of four classes at the corners of a square: 2 log(1 + e^{-s}) + 4cs.

    s = log(1/(2c) - 1), or 0 for c >= 1/4, minimizes it; c is that of `collapse_strength`.

    Raises ValueError unless c > 0.

    Source: derived in an exercise of the page on neural collapse.

    >>> round(square_objective(0.3), 6) == round(float(np.log(4)), 6)
    True
    """
    _check(c=c)
    s = float(np.log(max(1 / (2 * c) - 1, 1)))
    return 2 * float(np.log(1 + np.exp(-s))) + 4 * c * s


def shallow_logit(decay: float) -> float:
    """The output t at x = 1 of every best shallow network for classes {1, 2} and {-1, -2}.

    The objective is the mean logistic loss plus λ Σ |a_j||w_j|, λ = `decay`. At x = 2 the output is
    2t; t solves 1/(1 + e^t) + 2/(1 + e^{2t}) = 2λ, and is 0 for λ >= 3/4.

    Raises ValueError for λ that is not positive.

    Source: derived on the page on neural collapse.

    >>> shallow_logit(0.75)
    0.0
    """
    _check(decay=decay)
    twice = 2 * decay
    a, b, d = 3 - twice, 2 - twice, 1 - twice  # (a p³ + b p² + d p = 2λ with p = e^{-t})
    if a + b + d <= twice:  # no root with p < 1
        return 0.0
    roots = np.roots([a, b, d, -twice])
    return -float(np.log(roots[np.argmax(roots.real)].real))  # the only positive one


def shallow_objective(decay: float) -> float:
    """The least objective of that problem: ½ [ℓ(t) + ℓ(2t)] + λt with ℓ(t) = log(1 + e^{-t}).

    Raises ValueError for λ that is not positive.

    Source: derived on the page on neural collapse.

    >>> round(shallow_objective(0.75), 12) == round(float(np.log(2)), 12)
    True
    """
    t = shallow_logit(decay)
    losses = logsumexp([[0.0, 0.0], [-t, -2 * t]], axis=0)
    return float(np.mean(losses)) + decay * t


def _strength(decay_w: float, decay_h: float) -> float:
    _check(decay_w=decay_w, decay_h=decay_h)
    return float(np.sqrt(decay_w * decay_h))


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")


def _check_classes(classes: int) -> None:
    if classes < 2:
        raise ValueError(f"classes={classes} is too few; use at least 2.")
