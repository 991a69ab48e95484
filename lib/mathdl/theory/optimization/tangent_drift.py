"""The change of the tangent kernel of a wide network in training, to first order."""

from math import pi

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

WAYS = {"tanh", "relu"}


def gaussian_plane(radii: int = 40, angles: int = 720) -> tuple[np.ndarray, np.ndarray]:
    """Points w (N, 2) and weights (N,) of a quadrature for w ~ N(0, I_2), N = radii · angles.

    In polar coordinates the length has the density r exp(-r²/2), and the angle is uniform: Gauss's
    rule on [0, 9] for the one, the midpoint rule for the other.

    >>> w, p = gaussian_plane()
    >>> (p @ w[:, 0] ** 4).round(9).item()
    3.0
    """
    r, weight = np.polynomial.legendre.leggauss(radii)
    r, weight = 4.5 * (r + 1), 4.5 * weight
    angle = np.arange(1, 2 * angles, 2) * pi / angles
    w = r[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    p = np.repeat(weight * r * np.exp(-(r**2) / 2) / angles, angles)
    return w.reshape(-1, 2), p


def _slopes(w, x, activation, shift):
    """σ, σ', σ'' at all w_j·x_i, (n, m)."""
    if activation not in WAYS:
        raise ValueError(f"activation={activation!r} is unknown; use tanh or relu.")
    z = x @ w.T + shift
    if activation == "relu":
        return np.maximum(z, 0), (z > 0) * 1.0, 0 * z
    t = np.tanh(z)
    return t, 1 - t**2, -2 * t * (1 - t**2)


def tangent_matrix(
    w: np.ndarray, x: np.ndarray, weights: ArrayLike, activation: str, shift: float = 0.0
) -> np.ndarray:
    """The tangent kernel (n, n) of f = m^(-1/2) Σ a_j σ(w_j·x) with |a_j| = 1.

    Its entries are the mean over j, with the given `weights`, of
    σ(u_k) σ(u_l) + σ'(u_k) σ'(u_l) x_k·x_l, where u_k = w_j·x_k. The activation σ(z) is
    "tanh" or "relu" at z + `shift`. w: (m, d), x: (n, d), weights: (m,).

    Raises ValueError for an unknown activation.

    Source: Jacot, Gabriel and Hongler 2018.

    >>> one = np.ones((1, 1))
    >>> tangent_matrix(3 * one, one, [1.0], "relu")  # 9 + 1
    array([[10.]])
    """
    S, S1, _ = _slopes(w, x, activation, shift)
    return (S * weights) @ S.T + (S1 * weights) @ S1.T * (x @ x.T)


def third_order(
    w: np.ndarray, x: np.ndarray, weights: ArrayLike, activation: str, shift: float = 0.0
) -> np.ndarray:
    """The tensor Γ (n, n, n) that moves the tangent kernel: √m K_kl' = -(1/n) Σ_i r_i Γ_ikl.

    With S_i = σ(w_j·x_i) and G = x xᵀ it is the sum over j, with `weights` a_j/m, of

        S_i' (S_k' S_l G_ik + S_k S_l' G_il) + 2 S_i S_k' S_l' G_kl
        + G_kl S_i' (S_k'' S_l' G_ik + S_k' S_l'' G_il).

    Arguments and errors are those of `tangent_matrix`. For ReLU σ'' = 0: this leaves out what
    switches.

    Source: the third kernel of the neural tangent hierarchy, derived on the page on lazy training.

    >>> one = np.ones((1, 1))
    >>> third_order(3 * one, one, [1.0], "relu")  # 3 + 3 + 6
    array([[[12.]]])
    """
    S, S1, S2 = _slopes(w, x, activation, shift)
    G = x @ x.T

    def mean(A, B, C):
        return np.einsum("ij,kj,lj->ikl", A * weights, B, C, optimize=True)

    moved = mean(S1, S1, S) * G[:, :, None]
    bent = mean(S1, S2, S1) * G[:, :, None] * G
    outer = 2 * mean(S, S1, S1) * G
    return moved + moved.swapaxes(1, 2) + bent + bent.swapaxes(1, 2) + outer


def kernel_residuals(K: np.ndarray, y: np.ndarray, step: float, steps: int) -> np.ndarray:
    """Residuals (steps, n) of gradient descent with a fixed kernel: (I - step K/n)^s (-y).

    Before each of the steps s = 0, 1, ... of length `step`.

    Source: derived on the page on lazy training.

    >>> kernel_residuals(2 * np.eye(2), np.array([4.0, 0.0]), step=0.5, steps=2)[:, 0]
    array([-4., -2.])
    """
    r, found = -np.asarray(y, dtype=float), []
    for _ in range(steps):
        found.append(r)
        r = r - step * K @ r / len(r)
    return np.array(found)


def flow_impulses(K: np.ndarray, y: np.ndarray, time: float) -> np.ndarray:
    """The integrals of the n residuals of gradient flow with a fixed kernel, up to `time`.

    They are -∫ exp(-s K/n) y ds; the residuals are r = -y at the start.

    Source: derived on the page on lazy training.

    >>> flow_impulses(np.eye(1), np.ones(1), 1.0).round(4)  # -(1 - 1/e)
    array([-0.6321])
    """
    lam, u = np.linalg.eigh(K / len(y))
    return -time * u @ (exprel(-lam * time) * (u.T @ y))


def kernel_drift(third: np.ndarray, impulses: np.ndarray) -> np.ndarray:
    """√m (K_T - K_0) to first order, (n, n): -(1/n) Σ_i ρ_i Γ_i, with Γ = `third`, ρ = `impulses`.

    Source: derived on the page on lazy training.

    >>> kernel_drift(12 * np.ones((1, 1, 1)), np.array([-0.5]))
    array([[6.]])
    """
    return -np.einsum("i,ikl->kl", impulses, third) / len(impulses)


def linearization_drift(
    K: np.ndarray, third: np.ndarray, y: np.ndarray, time: float, nodes: int = 24
) -> np.ndarray:
    """√m (f - f_lin) on the n samples to first order, under gradient flow.

    It is -(1/n) ∫ exp(-(t-s) K/n) M_s r_s ds from 0 to t = `time`, with r_s = -exp(-s K/n) y and
    the `kernel_drift` M_s up to the time s; Gauss's rule with so many `nodes`.

    Source: derived on the page on lazy training.

    >>> one = np.ones((1, 1))  # -∫ e^(s-1) (1 - e^-s) (-e^-s) ds = e^-2
    >>> linearization_drift(one, one[None], np.ones(1), 1.0).round(4)
    array([0.1353])
    """
    n = len(y)
    lam, u = np.linalg.eigh(K / n)

    def decay(s):
        return (u * np.exp(-lam * s)) @ u.T

    points, weights = np.polynomial.legendre.leggauss(nodes)
    total = np.zeros(n)
    for s, weight in zip(time * (points + 1) / 2, time * weights / 2, strict=True):
        M = kernel_drift(third, flow_impulses(K, y, s))
        total += weight * decay(time - s) @ M @ decay(s) @ y / n
    return total


def net_switches(drift: np.ndarray, jump: np.ndarray) -> float:
    """How many neurons more than before are active, for each unit of density at the kink.

    A neuron at the distance u from the kink takes the steps u <- u + drift_s + 1[u > 0] jump_s. The
    result is the integral over all starts u of 1[u > 0 in the end] - 1[u > 0 in the beginning],
    exactly: the steps move intervals, and cut them at 0.

    drift, jump: (k,), what happens in the k steps

    Source: derived on the page on lazy training.

    >>> net_switches(np.array([-1.0]), np.array([0.5]))  # all active ones move by -1/2
    -0.5
    """
    reach = np.sum(np.abs(drift) + np.abs(jump))
    pieces = [(-reach, 0.0), (0.0, reach)]
    for s, active in zip(drift, jump, strict=True):
        cut = []
        for low, high in pieces:
            if low < 0 < high:
                cut += [(low, 0.0), (0.0, high)]
            else:
                cut.append((low, high))
        pieces = [
            (low + step, high + step)
            for low, high in cut
            for step in [s + active if low >= 0 else s]
        ]
    return float(sum(max(high, 0.0) - max(low, 0.0) for low, high in pieces) - reach)


def switch_matrix(x: np.ndarray, residuals: np.ndarray, step: float, sign: float) -> np.ndarray:
    """What switching ReLU neurons contribute to √m (K_T - K_0) in the plane, in the limit: (n, n).

    For points x (n, 2) of length 1, none a multiple of another, w_j ~ N(0, I_2), outer weights
    a = `sign`, and gradient descent with the residuals (k, n) of the limit. A neuron at the kink of
    x_k has a direction orthogonal to it, and there are two.

    Source: derived on the page on lazy training.

    >>> points, r = np.eye(2), np.array([[-1.0, 0.0]])
    >>> switch_matrix(points, r, step=2.0, sign=-1.0).round(3)[0, 0]  # -1/√(2π)
    np.float64(-0.399)
    """
    n, gram = len(x), x @ x.T
    pull = -sign * step * np.asarray(residuals) / n  # of sample i on u, over G_ik
    M = np.zeros((n, n))
    for k in range(n):
        across = np.array([-x[k, 1], x[k, 0]])
        for direction in (across, -across):
            active = (x @ direction > 0) * 1.0
            active[k] = 0.0
            switched = net_switches(pull @ (active * gram[k]), pull[:, k] * gram[k, k])
            part = switched * gram[k] * active / (2 * np.sqrt(2 * pi))
            part[k] = switched * gram[k, k] / (4 * np.sqrt(2 * pi))
            M[k] += part
            M[:, k] += part
    return M


def switching_drift(
    x: np.ndarray, y: np.ndarray, step: float, steps: int, signs: bool
) -> np.ndarray:
    """The limit (n, n) of √m (K_T - K_0) for m ReLU neurons in the plane and gradient descent.

    Points x (n, 2) of length 1, none a multiple of another, w_j ~ N(0, I_2), and outer weights that
    are independent signs, `signs=True`, or all 1. Signs leave only what switches; without them the
    `kernel_drift` is added.

    Source: derived on the page on lazy training.

    >>> x, y = np.eye(2), np.array([1.0, 0.0])
    >>> switching_drift(x, y, step=1e-3, steps=1, signs=True)[0, 0].round(8)  # -ρ/√(8π)
    np.float64(-9.974e-05)
    """
    w, p = gaussian_plane()
    K = tangent_matrix(w, x, p, "relu")
    r = kernel_residuals(K, y, step, steps)
    up = switch_matrix(x, r, step, 1.0)
    if signs:
        return (up + switch_matrix(x, r, step, -1.0)) / 2
    return up + kernel_drift(third_order(w, x, p, "relu"), step * r.sum(0))
