"""What a gradient flow chooses: diagonal networks, separable data, homogeneous networks."""

import numpy as np
from scipy.optimize import brentq, minimize


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

    Raises ValueError for an alpha that is not positive, and for one so small that the maximum is
    not found.

    Source: Woodworth et al. 2020; derived on the page on implicit bias.

    >>> diagonal_interpolant(np.array([[1.0, 1.0]]), np.array([6.0]), 0.5).round(9)
    array([3., 3.])
    """
    if np.min(alpha) <= 0:
        raise ValueError(f"alpha={alpha} is not positive; use numbers > 0.")
    weight = 2 * np.square(alpha) * np.ones(x.shape[1])

    def gap(nu: np.ndarray) -> np.ndarray:
        return x @ (weight * np.sinh(x.T @ nu)) - y

    def hessian(nu: np.ndarray) -> np.ndarray:
        return (x * (weight * np.cosh(x.T @ nu))) @ x.T

    def negative(nu: np.ndarray) -> float:
        return float(weight @ (np.cosh(x.T @ nu) - 1) - nu @ y)

    with np.errstate(over="ignore", invalid="ignore"):
        start = np.zeros(len(y))
        nu = minimize(negative, start, method="trust-exact", jac=gap, hess=hessian).x
    for _ in range(5):
        nu = nu - np.linalg.solve(hessian(nu), gap(nu))
    if not np.abs(gap(nu)).max() <= 1e-9 * np.abs(y).max():
        raise ValueError(f"alpha={alpha} is too small for this solver; use a larger one.")
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

    >>> diagonal_norm_bound(1.0, d=1, alpha=0.1)  # in one dimension there is no other interpolant
    1.0
    >>> round(diagonal_norm_bound(1.0, d=4, alpha=100.0), 4)  # as for Euclidean norms: √d M
    2.0
    """
    if min(least, alpha) <= 0:
        raise ValueError(f"least={least}, alpha={alpha}: use numbers > 0.")
    given = diagonal_potential(np.array([least]), alpha)

    def excess(norm: float) -> float:
        return d * diagonal_potential(np.array([norm / d]), alpha) - given

    return float(brentq(excess, least, d * least, xtol=1e-15 * least)) if d > 1 else float(least)


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
