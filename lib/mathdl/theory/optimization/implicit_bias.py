"""What a gradient flow chooses: diagonal networks, separable data, homogeneous networks."""

import numpy as np
from scipy.optimize import brentq, minimize, nnls


def diagonal_potential(beta: np.ndarray, alpha: float | np.ndarray) -> float:
    """Q_α(β) = Σ_j α_j² q(β_j / α_j²), q(z) = 2 - √(4 + z²) + z arcsinh(z/2).

    `alpha` > 0 is a number, or one for each coordinate: what both weights of it start from.

    Raises ValueError for an alpha that is not positive.

    Source: Woodworth et al. 2020; derived on the page on implicit bias.

    >>> round(diagonal_potential(np.array([3.0, 0.0]), 1.0), 4)  # 2 - √13 + 3 arcsinh(3/2)
    1.9787
    """
    if np.min(alpha) <= 0:
        raise ValueError(f"alpha={alpha} is not positive; use numbers > 0.")
    z = beta / np.square(alpha)
    q = 2 - np.sqrt(4 + z**2) + z * np.arcsinh(z / 2)
    return float(np.sum(np.square(alpha) * q))


def diagonal_interpolant(x: np.ndarray, y: np.ndarray, alpha: float | np.ndarray) -> np.ndarray:
    """The coefficients β (d,) with xβ = y of least `diagonal_potential`.

    They are β = 2α² sinh(xᵀν), where ν maximizes ν·y - 2 Σ_j α_j² (cosh (xᵀν)_j - 1). The rows of
    x (n, d) have to be linearly independent.

    Raises ValueError for an alpha below 1e-100.

    Source: Woodworth et al. 2020; derived on the page on implicit bias.

    >>> diagonal_interpolant(np.array([[1.0, 1.0]]), np.array([6.0]), 0.5).round(9)
    array([3., 3.])
    """
    if not np.min(alpha) >= 1e-100:
        raise ValueError(f"alpha={alpha} is not positive, or too small; use numbers >= 1e-100.")
    weight = 2 * np.square(alpha) * np.ones(x.shape[1])
    gap = lambda nu: x @ (weight * np.sinh(x.T @ nu)) - y  # noqa: E731
    hessian = lambda nu: (x * (weight * np.cosh(x.T @ nu))) @ x.T  # noqa: E731
    negative = lambda nu: weight @ np.cosh(x.T @ nu) - nu @ y  # noqa: E731
    start = np.zeros(len(y))
    with np.errstate(over="ignore", invalid="ignore"):
        nu = minimize(negative, start, method="trust-exact", jac=gap, hess=hessian).x
    for _ in range(5):
        nu = nu - np.linalg.solve(hessian(nu), gap(nu))
    return weight * np.sinh(x.T @ nu)


def diagonal_loss_bound(loss: float, alpha: float, eigenvalue: float, time: float) -> float:
    """Largest loss L at a time of the flow: L(0) exp(-16 α² λ t).

    `eigenvalue` λ is the smallest positive one of x xᵀ / n, and L = Σ_i (f(x_i) - y_i)² / 2n.

    Source: derived on the page on implicit bias.

    >>> round(diagonal_loss_bound(1.0, alpha=0.5, eigenvalue=0.25, time=1.0), 4)
    0.3679
    """
    return float(loss * np.exp(-16 * alpha**2 * eigenvalue * time))


def diagonal_norm_bound(least: float, d: int, alpha: float) -> float:
    """Largest ‖β‖₁ of the interpolant of least Q_α: the N with d q(N / dα²) = q(M / α²).

    M = `least` is the least ‖β‖₁ of all interpolants, and d their dimension.

    Raises ValueError for a least norm or an alpha that is not positive.

    Source: derived on the page on implicit bias.

    >>> diagonal_norm_bound(1.0, d=1, alpha=0.1)  # one dimension: no other interpolant
    1.0
    >>> round(diagonal_norm_bound(1.0, d=4, alpha=100.0), 4)  # as for Euclidean norms: √d M
    2.0
    """
    if min(least, alpha) <= 0:
        raise ValueError(f"least={least}, alpha={alpha}: use numbers > 0.")
    given = diagonal_potential(np.array([least]), alpha)
    equal = np.ones(d) / d
    found = brentq(lambda N: diagonal_potential(N * equal, alpha) - given, least, d * least)
    return float(found)


def diagonal_excess(x: np.ndarray, sparse: np.ndarray, alpha: float) -> float:
    """‖β_α‖₁ - ‖β*‖₁ to leading order as α → 0: Σ_j (1 - |c_j|) α^(2(1 - |c_j|)) exp(s_j x_j·ρ).

    β* = `sparse` is the interpolant of least ‖β‖₁, with as many nonzero entries as x has rows. On
    its support S, x_Sᵀν = sign β*_S and x_Sᵀρ = sign β*_S log|β*_S|; the sum runs over the others,
    c_j = x_j·ν and s_j is its sign.

    Raises ValueError for another size of the support, and unless all |c_j| < 1.

    Source: derived on the page on implicit bias.

    >>> x, sparse = np.array([[2.0, 1.0]]), np.array([0.5, 0.0])  # c = 1/2, ρ = log(1/2)/2
    >>> round(diagonal_excess(x, sparse, alpha=0.01) / 0.01, 4)  # √(1/2) / 2
    0.3536
    """
    on = sparse != 0
    if on.sum() != len(x):
        raise ValueError(f"sparse has {on.sum()} nonzero entries; use as many as x has rows.")
    signs = np.sign(sparse[on])
    nu = np.linalg.solve(x[:, on].T, signs)
    rho = np.linalg.solve(x[:, on].T, signs * np.log(np.abs(sparse[on])))
    c = nu @ x[:, ~on]
    rest = 1 - np.abs(c)
    if not (rest > 0).all():
        raise ValueError("sparse is not the only interpolant of least norm; use one that is.")
    return float(np.sum(rest * alpha ** (2 * rest) * np.exp(np.sign(c) * (rho @ x[:, ~on]))))


def diagonal_large(x: np.ndarray, y: np.ndarray) -> float:
    """Limit of α⁴ |β_α - β₂| as α → ∞: the length of P β₂³ / 24.

    β₂ is the interpolant of least Euclidean norm, β₂³ its cubes entry by entry, and P the
    orthogonal projection on the kernel of x.

    Source: derived on the page on implicit bias.

    >>> round(diagonal_large(np.array([[1.0, 3.0]]), np.array([10.0])), 4)  # β₂ = (1, 3)
    0.3162
    """
    inverse = np.linalg.pinv(x)
    cubes = (inverse @ y) ** 3
    return float(np.linalg.norm(cubes - inverse @ (x @ cubes)) / 24)


def separator(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shortest w with w·z_i >= 1 for all rows of z (n, d), and its multipliers α (n,) >= 0.

    w = Σ_i α_i z_i, and α_i = 0 unless w·z_i = 1. The greatest margin of unit vectors is 1/|w|. It
    comes from the nonnegative least squares problem that minimizes |Σ a_i z_i|² + (1 - Σ a_i)².

    Raises ValueError if the rows lie in no open half-space.

    Source: duality of quadratic programs; Lawson, Hanson 1974 for the solver.

    >>> w, multipliers = separator(np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0]]))
    >>> w.round(9), multipliers.round(9)
    (array([0.5, 1. ]), array([0.25, 1.  , 0.  ]))
    """
    n, d = z.shape
    shares, _ = nnls(np.vstack([z.T, np.ones(n)]), np.append(np.zeros(d), 1.0))
    rest = 1 - shares.sum()
    if not rest > 1e-12:
        raise ValueError("z is not separable; use rows that lie in an open half-space.")
    return z.T @ shares / rest, shares / rest


def separable_loss_limit(z: np.ndarray) -> float:
    """Limit of t L(t) for the gradient flow of the logistic or exponential loss: 1/γ².

    γ is the greatest margin of unit vectors w, min_i w·z_i, and 1/γ is the length of `separator`.

    Raises ValueError as `separator` does.

    Source: derived on the page on implicit bias.

    >>> round(separable_loss_limit(np.array([[2.0, 0.0], [0.0, 1.0]])), 9)
    1.25
    """
    w = separator(z)[0]
    return float(w @ w)


def separable_loss_bound(margin: float, time: np.ndarray) -> np.ndarray:
    """Largest mean exponential loss at the times of the flow from w = 0: 1 / (1 + γ² t).

    Source: derived on the page on implicit bias.

    >>> separable_loss_bound(0.5, np.array([0.0, 4.0]))
    array([1. , 0.5])
    """
    return 1 / (1 + margin**2 * np.asarray(time))


def separable_margin_bound(n: int, margin: float, time: np.ndarray) -> np.ndarray:
    """Smallest share of the greatest margin γ at times t > 0: 1 - log n / log(1 + γ² t).

    For the gradient flow of the mean exponential loss over n samples from w = 0.

    Source: derived on the page on implicit bias.

    >>> separable_margin_bound(10, 0.1, np.array([9900.0])).round(9)  # log 10 / log 100
    array([0.5])
    """
    return 1 - np.log(n) / np.log1p(margin**2 * np.asarray(time))


def separable_offset(z: np.ndarray) -> np.ndarray:
    """Limit ρ of w - ŵ log t for the mean logistic or exponential loss: z_i·ρ = -log(n α_i).

    ŵ and α are those of `separator`, and the equations are those of the samples with α_i > 0,
    which have to be d in number and linearly independent; on the others w·z_i > 1.

    Raises ValueError for another number of them, and as `separator` does.

    Source: Soudry et al. 2018; derived on the page on implicit bias.

    >>> separable_offset(np.array([[2.0, 0.0], [0.0, 1.0]])).round(4)  # -log(1/2)/2, -log 2
    array([ 0.3466, -0.6931])
    """
    _, multipliers = separator(z)
    on = multipliers > 0
    if on.sum() != z.shape[1]:
        raise ValueError(f"z has {on.sum()} support vectors; use data with as many as dimensions.")
    return np.linalg.solve(z[on], -np.log(len(z) * multipliers[on]))


def separable_direction_limit(z: np.ndarray) -> float:
    """Limit of log t times the distance of w/|w| from ŵ/|ŵ|: |P ρ| / |ŵ|.

    P projects on what is orthogonal to ŵ, and ρ is `separable_offset`, which raises ValueError.

    Source: derived on the page on implicit bias.

    >>> round(separable_direction_limit(np.array([[2.0, 0.0], [0.0, 1.0]])), 4)
    0.5545
    """
    w, rho = separator(z)[0], separable_offset(z)
    return float(np.linalg.norm(rho - w * (w @ rho) / (w @ w)) / np.linalg.norm(w))


def tangent_bound(degree: float, margins: tuple[float, float], sizes: tuple[float, float]) -> float:
    """Largest mean of tan² of the angle between θ and -∇L, over log|θ|, of a homogeneous network.

    It is log(γ₁/γ₀) / (K log(|θ₁|/|θ₀|)) with the smoothed normalized `margins` γ and the `sizes`
    |θ| at two times, where K is the `degree`.

    Source: derived on the page on implicit bias.

    >>> round(tangent_bound(2, (1.0, 2.0), (1.0, 4.0)), 9)
    0.25
    """
    return float(np.log(margins[1] / margins[0]) / (degree * np.log(sizes[1] / sizes[0])))


def two_margins(angle: float) -> tuple[float, float]:
    """Where the margin min_i f(x_i) / |θ|² of a two-layer ReLU network can end, for two inputs.

    Unit vectors with an `angle` between 90° and 120° (in radians), both with the label 1: neurons
    that see both inputs reach cos(angle/2)/2, the greatest margin; one neuron for each reaches 1/4.

    Raises ValueError for another angle.

    Source: derived on the page on implicit bias.

    >>> [round(margin, 4) for margin in two_margins(np.pi * 110 / 180)]
    [0.2868, 0.25]
    """
    if not np.pi / 2 < angle < 2 * np.pi / 3:
        raise ValueError(f"angle={angle} is not between π/2 and 2π/3; use one that is.")
    return float(np.cos(angle / 2) / 2), 1 / 4
