"""Memorization: what gradient descent selects, and norms that see whether labels are noise.

Labels are ±1 and "flipped" with probability q = `flips`, independently. Norms are "bias-free" on
the line (a neuron aσ(wx + b) costs |a||w|, constants are free), and without any biases for
orthonormal data (a neuron aσ(w·x) costs |a| ‖w‖₂). Unless another source is named, the formulas
are derived on the page on memorization.
"""

from math import comb, inf, pi, sqrt

import numpy as np
from scipy.special import wrightomega

from mathdl.theory.estimation.aliasing import flipped_norm

SMALL = 1e-12  # singular values below it, relative to the largest, are 0


def descent_iterate(features, y, lr: float, steps: float = inf, start=None) -> np.ndarray:
    """The coefficients after t = `steps` steps of gradient descent on (1/2n) |Φu - y|².

    With the singular values s_i and vectors of Φ = `features`, (n, p), from u_0 = `start` (or 0):
    along the i-th right vector v_i the coefficient is
    (1 - g_i) <y, ·>/s_i + g_i <u_0, v_i> with g_i = (1 - lr s_i²/n)^t; the rest of u_0 stays.
    For t = ∞ this is Φ⁺y + (1 - Φ⁺Φ) u_0, for 0 < lr < 2/Λ with Λ = s_1²/n.

    Raises ValueError if lr is not in (0, 2/Λ).

    >>> descent_iterate([[1.0, 1.0]], [2.0], lr=0.25, steps=1).round(12).tolist()
    [0.5, 0.5]
    >>> descent_iterate([[1.0, 1.0]], [2.0], lr=0.25, start=[1.0, 0.0]).round(12).tolist()
    [1.5, 0.5]
    """
    features, y = np.asarray(features, dtype=float), np.asarray(y, dtype=float)
    n, p = features.shape
    left, s, right = np.linalg.svd(features, full_matrices=False)
    kept = s > SMALL * s[0]
    left, s, right = left[:, kept], s[kept], right[kept]
    if not 0 < lr * s[0] ** 2 / n < 2:
        raise ValueError(f"lr={lr} is not between 0 and 2/Λ={2 * n / s[0] ** 2}; use one that is.")
    u = np.zeros(p) if start is None else np.asarray(start, dtype=float)
    g = np.zeros(len(s)) if steps == inf else (1 - lr * s**2 / n) ** steps
    return u + right.T @ ((1 - g) * (left.T @ y / s - right @ u))


def noisy_labels_square(features, labels, flips: float) -> float:
    """Mean of |Φ⁺y|² over labels that are flipped: (1 - 2q)² y·K⁻¹y + 4q(1 - q) tr K⁻¹.

    features: Φ (n, p) of rank n, K = ΦΦᵀ; labels: y (n,), ±1 before the flips.

    >>> noisy_labels_square([[2.0, 0.0], [0.0, 1.0]], [1.0, -1.0], flips=0.25)
    1.25
    """
    _check_flips(flips)
    features, labels = np.asarray(features, dtype=float), np.asarray(labels, dtype=float)
    K = features @ features.T
    signal = labels @ np.linalg.solve(K, labels)
    noise = np.trace(np.linalg.inv(K))
    return float(flipped_norm(signal, noise, flips))


def sign_interpolant(features, y: float) -> np.ndarray:
    """What Adam from 0 reaches on one sample, if ε = 0: y sign(φ)/‖φ‖₁, of least ‖·‖_∞.

    features: φ (p,); y: its label.

    >>> sign_interpolant([1.0, -3.0], 2.0).tolist()
    [0.5, -0.5]
    """
    features = np.asarray(features, dtype=float)
    return y * np.sign(features) / np.abs(features).sum()


def memorizer_cost(t, y) -> float:
    """Cost of the n neurons in one direction that memorize n labels: |y_1| + |s_1 - y_1| + T.

    Their kinks are at t_1 - 1, t_1, ..., t_(n-1), where t (n,) are the sorted projections. s_i are
    the slopes between neighbors, and T = Σ|s_(i+1) - s_i|.

    >>> memorizer_cost([0.0, 1.0, 2.0], [1.0, -1.0, 1.0])
    8.0
    """
    t, y = np.asarray(t, dtype=float), np.asarray(y, dtype=float)
    slopes = np.diff(y) / np.diff(t)
    return float(abs(y[0]) + abs(slopes[0] - y[0]) + np.abs(np.diff(slopes)).sum())


def labels_norm(x, labels) -> float:
    """Least norm on the line that takes the labels ±1: |s_1| + |s_(n-1)| + 2 Σ_(1<i<n-1) |s_i|.

    x: (n,) increasing, n >= 3; labels: (n,). s_i = 0 or ±2/h_i are the slopes between neighbors.
    The value is the same if affine functions are free.

    >>> labels_norm([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, -1.0, -1.0])
    4.0
    """
    return expected_labels_norm(x, labels, flips=0.0)


def expected_labels_norm(x, labels, flips: float) -> float:
    """Mean of `labels_norm` over flipped labels: Σ_i c_i (2/h_i) ρ_i.

    h_i = x_(i+1) - x_i, c_i = 1 for the first and the last gap and else 2, and ρ_i is the
    probability that the two labels at the gap differ: 2q(1 - q) if they agree before the flips,
    and 1 - 2q(1 - q) if not. For q = 1/2 and n equispaced points on [0, 1]: 2(n - 1)(n - 2).

    x: (n,) increasing; labels: (n,). Raises ValueError for fewer than 3 points and for flips that
    are no probability.

    >>> expected_labels_norm([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0], flips=0.5)
    4.0
    """
    _check_flips(flips)
    h, changes = _gaps(x, labels)
    one_of_two = 2 * flips * (1 - flips)
    chance = np.where(changes, 1 - one_of_two, one_of_two)
    counted = np.full(len(h), 2.0)
    counted[[0, -1]] = 1.0
    return float((counted * 2 / h * chance).sum())


def flip_cost(left: float, right: float) -> float:
    """What one flipped label adds to `labels_norm`: 4/h + 4/h', h = `left`, h' = `right`.

    The label and its neighbors agree before the flip, and neither gap is the first or the last.

    >>> flip_cost(1.0, 2.0)
    6.0
    """
    return 4 / left + 4 / right


def noisy_line_norm(n: int, noise: float) -> float:
    """Mean least norm for a line plus Gaussian noise at n equispaced points of [0, 1].

    2 √(3/π) ς (n - 1)(n - 2), ς = `noise`, if affine functions are free.

    >>> round(noisy_line_norm(3, 1.0) * sqrt(pi / 3), 12)
    4.0
    """
    return 2 * sqrt(3 / pi) * noise * (n - 1) * (n - 2)


def margin_norm(x, labels) -> float:
    """Least norm on the line with labels_i f(x_i) >= 1, from the gaps H_j where the label changes.

    0 without a change, 2/H_1 for one, and Σ_j (2/H_j + 2/H_(j+1)) for more.

    x: (n,) increasing, n >= 3; labels: (n,). Raises ValueError for fewer points.

    >>> margin_norm([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, -1.0, -1.0])
    2.0
    """
    h, changes = _gaps(x, labels)
    slopes = 2 / h[changes]
    return float(max((slopes[1:] + slopes[:-1]).sum(), slopes.max(initial=0)))


def expected_margin_norm(n: int) -> float:
    """Mean of `margin_norm` for fair random labels at n equispaced points of [0, 1].

    2(n - 1) (n - 3 + (n + 1) 2^(1 - n)).

    >>> expected_margin_norm(3)  # 0 or 8 or twice 4, in a quarter of all cases each
    4.0
    """
    return 2 * (n - 1) * (n - 3 + (n + 1) * 2.0 ** (1 - n))


def logistic_margin_share(lengths, times) -> np.ndarray:
    """Margin of logistic regression on orthogonal inputs at `times`, over the greatest: in (0, 1].

    min_i q_i (Σ q_i²/r_i²)^(-1/2) (Σ r_i^(-2))^(1/2), where q_i + e^(q_i) = 1 + r_i² t/n, that is
    q_i = log ω(1 + r_i² t/n) with Wright's function ω. The gradient flow on the mean loss starts
    from 0.

    lengths: r (n,) of the inputs; times: t (T,), positive. Returns (T,).

    >>> logistic_margin_share([2.0, 2.0], [1.0, 100.0]).round(12).tolist()
    [1.0, 1.0]
    """
    r, t = np.asarray(lengths, dtype=float), np.asarray(times, dtype=float)
    q = np.log(wrightomega(1 + r**2 * t[:, None] / len(r)))
    return q.min(axis=1) * np.sqrt((r**-2).sum() / (q**2 / r**2).sum(axis=1))


def logistic_margin_constant(lengths) -> float:
    """Limit of log t · (1 - `logistic_margin_share`): 2 Σ p_i log(r_i/min r), p_i ∝ r_i^(-2).

    lengths: r (n,) of the inputs.

    >>> logistic_margin_constant([3.0, 3.0])
    0.0
    """
    r = np.asarray(lengths, dtype=float)
    return float(2 * (r**-2 * np.log(r / r.min())).sum() / (r**-2).sum())


def orthonormal_norm(y) -> float:
    """Least Σ|a_j|‖w_j‖₂ with f(x_i) = y_i for orthonormal x_i, without biases: |y₊|₂ + |y₋|₂.

    y₊ and y₋ are the positive and the negative part of y. For labels ±1 it is √n₊ + √n₋, and one
    over it is the greatest margin of networks of norm 1 (Chizat and Bach 2020 for margins).

    >>> orthonormal_norm([1.0, 1.0, 1.0, 1.0, -1.0])
    3.0
    """
    y = np.asarray(y, dtype=float)
    return float(np.linalg.norm(np.maximum(y, 0)) + np.linalg.norm(np.minimum(y, 0)))


def orthonormal_weight_decay(y, penalty: float) -> tuple[float, float]:
    """Least (1/2n)|f - y|² + λ · norm for orthonormal data without biases, and the norm there.

    λN - nλ² and N - 2nλ with N = `orthonormal_norm` if both signs occur in y, and
    nλ <= |y₊|, |y₋|, where λ = `penalty`. Raises ValueError if not.

    >>> value, norm = orthonormal_weight_decay([1.0, -1.0], penalty=0.1)
    >>> round(value, 12), round(norm, 12)
    (0.18, 1.6)
    """
    y = np.asarray(y, dtype=float)
    n, N = len(y), orthonormal_norm(y)
    smaller = min(np.linalg.norm(np.maximum(y, 0)), np.linalg.norm(np.minimum(y, 0)))
    if not 0 < n * penalty <= smaller:
        raise ValueError(f"penalty={penalty} is not in (0, {smaller / n}]; use one that is.")
    return penalty * N - n * penalty**2, N - 2 * n * penalty


def orthonormal_mean_norm(n: int) -> float:
    """Mean of √n₊ + √n₋ over fair random labels of n orthonormal points, at most √(2n).

    >>> round(orthonormal_mean_norm(2) - sqrt(0.5), 12)
    1.0
    """
    return sum(comb(n, k) * (sqrt(k) + sqrt(n - k)) for k in range(n + 1)) / 2**n


def orthonormal_tightness(n: int) -> float:
    """E[1/N] over Rad_n for n orthonormal points and fair labels: below 1, and 1 in the limit.

    n E[1/(√k + √(n - k))] / E √max(k, n - k) with k binomial.

    >>> orthonormal_tightness(1)
    1.0
    """
    chances = [comb(n, k) / 2**n for k in range(n + 1)]
    margin = sum(q / (sqrt(k) + sqrt(n - k)) for k, q in enumerate(chances))
    return n * margin / sum(q * sqrt(max(k, n - k)) for k, q in enumerate(chances))


def random_labels_margin(x) -> float:
    """Bound for the mean margin of norm 1 on random labels: (3/2n) √Σ(|x_i|² + 1), "path2".

    x: (n, d), the inputs.

    >>> random_labels_margin([[0.0], [0.0], [0.0], [0.0]])
    0.75
    """
    x = np.asarray(x, dtype=float)
    return float(1.5 * np.sqrt((x**2).sum() + len(x)) / len(x))


def _gaps(x, labels) -> tuple[np.ndarray, np.ndarray]:
    """The gaps between neighbors, and whether the label changes there."""
    x, labels = np.asarray(x, dtype=float), np.asarray(labels, dtype=float)
    if len(x) < 3 or not (np.diff(x) > 0).all():
        raise ValueError("x has to hold at least three increasing numbers; sort them.")
    return np.diff(x), labels[1:] != labels[:-1]


def _check_flips(flips):
    if not 0 <= flips <= 1:
        raise ValueError(f"flips={flips} is no probability; use a number in [0, 1].")
