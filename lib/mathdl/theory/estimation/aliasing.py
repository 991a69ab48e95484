"""Kernel regression: the tangent kernel of two layers, frequencies that alias, norms of labels."""

import numpy as np

REACH = 4000  # aliases on each side that a sum of squared coefficients, of size j⁻⁴, looks at


def tangent_kernel(x: np.ndarray, y: np.ndarray, bias: bool = True) -> float:
    """Mean of the tangent kernel of two-layer ReLU networks at two points of R^d.

    For f(x) = m^(-1/2) Σ_j a_j σ(w_j·x + b_j), a and w standard Gaussian, b = 0, every m:
    K = ½|x||y| κ₁ + ½(x·y + 1) κ₀ with κ₀ = (π - θ)/π and κ₁ = (sin θ + (π - θ) cos θ)/π, θ the
    angle between x and y. Without trained biases the 1 is missing.

    Raises ValueError if a point is 0, where there is no angle.

    Source: Jacot, Gabriel and Hongler (2018); κ₀ and κ₁ from Cho and Saul (2009).

    >>> tangent_kernel(np.array([3.0, 4.0]), np.array([3.0, 4.0]))  # |x|² + ½
    25.5
    """
    size, product, theta = _geometry(x, y)
    rest = np.pi - theta
    order0, order1 = rest / np.pi, (np.sin(theta) + rest * np.cos(theta)) / np.pi
    return float((size * order1 + (product + bias) * order0) / 2)


def tangent_kernel_variance(x: np.ndarray, y: np.ndarray, fourth: float = 3.0) -> float:
    """Variance of the tangent kernel of random networks, times their width m; biases trained.

    V = |x|²|y|²κ₂ + |x||y|(x·y + 1)κ₁ + (τ/2)(x·y + 1)²κ₀ - K², where
    κ₂ = (3 sin θ cos θ + (π - θ)(1 + 2 cos² θ))/(2π) is E σ(w·x)²σ(w·y)² for unit vectors and
    τ = `fourth` is E a⁴ for outer weights with E a² = 1: 3 if they are Gaussian, 1 for signs.

    Raises ValueError if a point is 0.

    Source: derived on the page on kernel regression.

    >>> x = np.array([1.0, 0.0])
    >>> tangent_kernel_variance(x, x)  # 3/2 + 2 + 6 - (3/2)²
    7.25
    """
    size, product, theta = _geometry(x, y)
    rest, cosine = np.pi - theta, np.cos(theta)
    order0, order1 = rest / np.pi, (np.sin(theta) + rest * cosine) / np.pi
    order2 = (3 * np.sin(theta) * cosine + rest * (1 + 2 * cosine**2)) / (2 * np.pi)
    mixed = size * (product + 1) * order1
    square = size**2 * order2 + mixed + fourth / 2 * (product + 1) ** 2 * order0
    return max(float(square - tangent_kernel(x, y) ** 2), 0.0)


def _geometry(x, y):
    lengths = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    if min(lengths) == 0:
        raise ValueError("x and y must not be 0: the kernel needs the angle between them.")
    u, v = x / lengths[0], y / lengths[1]
    theta = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    return lengths[0] * lengths[1], float(x @ y), theta


def tangent_coefficients(k: np.ndarray, bias: bool = True) -> np.ndarray:
    """Fourier coefficients λ_k of the tangent kernel on the unit circle; any integers k.

    K = Σ_k λ_k e^{ikθ} with λ_k = (k² + 3)/(π²(k² - 1)²) for even k, to which the bias adds ¼ at
    k = 0, and λ_{±1} = ¼; for odd k the bias adds 1/(π²k²), which is all for |k| >= 3.

    Source: derived on the page on kernel regression.

    >>> tangent_coefficients(np.array([3, 5]), bias=False)
    array([0., 0.])
    """
    k = np.abs(np.asarray(k)).astype(float)
    odd = k % 2 == 1
    safe = np.where(odd, 0.0, k)
    even_part = (safe**2 + 3) / (np.pi * (safe**2 - 1)) ** 2 + bias * 0.25 * (k == 0)
    odd_part = bias / (np.pi * np.maximum(k, 1)) ** 2 + 0.25 * (k == 1)
    return np.where(odd, odd_part, even_part)


def folded_coefficient(k: int, n: int, bias: bool = True) -> float:
    """S = Σ_j λ_{k+jn} for the tangent kernel on the circle: what n samples see of frequency k.

    The series is summed by Σ_j 1/(a + j)² = π²/sin² πa and Σ_j 1/(a + j) = π cot πa, for even and
    odd frequencies apart; for odd n both occur, each with the period 2n.

    Raises ValueError if n < 1.

    >>> bool(np.isclose(folded_coefficient(0, 1), tangent_kernel(np.ones(1), np.ones(1))))
    True
    """
    if n < 1:
        raise ValueError(f"n={n} points cannot be placed on a circle; use n >= 1.")
    period = n if n % 2 == 0 else 2 * n
    classes = (k,) if n % 2 == 0 else (k, k + n)
    return float(sum(_one_parity(a, period, bias) for a in classes))


def _one_parity(a, period, bias):
    """Σ_j λ_{a + j period} for an even period, so that all frequencies are even or all are odd."""
    if a % 2 == 1:
        ones = ((a - 1) % period == 0) + ((a + 1) % period == 0)
        return bias / (period * np.sin(np.pi * a / period)) ** 2 + 0.25 * ones
    left, right = np.pi * (a - 1) / period, np.pi * (a + 1) / period
    squares = (1 / np.sin(left) ** 2 + 1 / np.sin(right) ** 2) / period**2
    cotangents = (1 / np.tan(left) - 1 / np.tan(right)) / (2 * np.pi * period)
    return squares - cotangents + 0.25 * bias * (a % period == 0)


def circle_risk(
    coefficients: np.ndarray,
    n: int,
    noise_variance: float,
    ridge: float = 0.0,
    bias: bool = True,
) -> float:
    """Expected squared L² error of regression with the tangent kernel at n equispaced angles.

    The target is c_0 + 2 Σ_k c_k cos kθ with c = `coefficients`, (K + 1,). With A and S the sums
    of c_{k+jn} and of λ_{k+jn} over j, and the gain g = 1/(S + ridge), or 0 where S + ridge = 0,

        E‖f - f*‖² = Σ_k (c_k - g_k λ_k A_k)² + (noise_variance/n) Σ_k (g_k λ_k)²,

    over all integers k. The sums end at |k| of about 4000n, where λ_k² is of size k⁻⁴.

    Raises ValueError if n < 1 or the degree K is not small against 4000n.

    Source: derived on the page on kernel regression.

    >>> round(circle_risk(np.array([0.0, 0.0, 0.0, 0.5]), n=16, noise_variance=0.0), 7)
    0.0075531
    """
    degree = len(coefficients) - 1
    if degree >= REACH * n // 2:
        raise ValueError(f"coefficients reach the degree {degree}: the sums end at {REACH * n}.")
    risk = 0.0
    for residue in range(n):
        k = np.abs(residue + n * np.arange(-REACH, REACH + 1))
        c = np.where(k <= degree, np.asarray(coefficients)[np.minimum(k, degree)], 0.0)
        seen = folded_coefficient(residue, n, bias) + ridge
        response = tangent_coefficients(k, bias) / seen if seen > 0 else np.zeros(len(k))
        risk += np.sum((c - response * np.sum(c)) ** 2)
        risk += noise_variance / n * np.sum(response**2)
    return float(risk)


def aliasing_error(k: int, n: int, ridge: float = 0.0, bias: bool = True) -> float:
    """Relative squared L² error of tangent-kernel regression on cos kθ at n equispaced angles.

    If n does not divide 2k it is (1 - gλ_k)² + Σ_{j≠0} (gλ_{k+jn})² with the gain g of
    `circle_risk`; if it does, frequencies come in pairs ±(k + jn), which act as one.

    Source: derived on the page on kernel regression.

    >>> round(aliasing_error(3, 16), 7), round(aliasing_error(3, 17), 7)
    (0.0151062, 0.0122676)
    """
    coefficients = np.zeros(abs(k) + 1)
    coefficients[-1] = 1.0
    return circle_risk(coefficients, n, 0.0, ridge, bias) / (1 if k == 0 else 2)


def aliasing_constant(k: int) -> float:
    """Limit of n⁴ times the relative error on cos kθ without ridge, k fixed: (2/15)/λ_k².

    For odd k >= 3 it is (2/15)π⁴k⁴, that of the polygon through the samples.

    Source: derived on the page on kernel regression.

    >>> round(aliasing_constant(3) / np.pi**4, 9)
    10.8
    """
    coefficient = float(tangent_coefficients(np.array(k)))
    return 2 / 15 / coefficient**2


def noise_amplification(n: int, ridge: float = 0.0, bias: bool = True) -> float:
    """Expected squared L² norm of the fit to noise of variance 1 at n equispaced angles.

    (1/n) Σ_k (g_k λ_k)² over all integers k, with the gain g of `circle_risk`.

    Source: derived on the page on kernel regression.

    >>> round(noise_amplification(16), 4)
    0.6881
    """
    return circle_risk(np.zeros(1), n, 1.0, ridge, bias)


def noise_amplification_limit() -> float:
    """Limit of `noise_amplification` without ridge as n grows: ⅔, that of a polygon.

    Source: derived on the page on kernel regression.

    >>> round(noise_amplification_limit(), 3)
    0.667
    """
    return 2 / 3


def odd_blind_rank(n: int) -> int:
    """Rank of the Gram matrix of the kernel without bias at n equispaced angles of the circle.

    For even n all odd residues but ±1 are lost: n/2 + 2 is left, or n if n <= 4. For odd n each
    residue contains even frequencies, and the rank is full.

    Raises ValueError if n < 1.

    >>> odd_blind_rank(16), odd_blind_rank(17)
    (10, 17)
    """
    if n < 1:
        raise ValueError(f"n={n} points cannot be placed on a circle; use n >= 1.")
    return n if n % 2 == 1 else min(n, n // 2 + 2)


def flipped_norm(clean: float, trace: float, rate: float) -> float:
    """Expected squared norm of the interpolant of signs that are flipped with probability q = rate.

    (1 - 2q)² clean + 4q(1 - q) trace, with clean = yᵀK⁻¹y before the flips and trace = tr K⁻¹.

    Raises ValueError if `rate` is not in [0, 1].

    Source: derived on the page on kernel regression.

    >>> flipped_norm(clean=3.0, trace=7.0, rate=0.5)
    7.0
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate={rate} is no probability; use a number in [0, 1].")
    return (1 - 2 * rate) ** 2 * clean + 4 * rate * (1 - rate) * trace


def leave_one_out(inverse: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What each label misses when it is left out: y_i - f_{-i}(x_i) = (K⁻¹y)_i / (K⁻¹)_ii.

    inverse: K⁻¹, (n, n), y: (n,); the result is (n,).

    Source: the inverse of a matrix in blocks.

    >>> leave_one_out(np.array([[1.0, -0.5], [-0.5, 1.0]]), np.array([1.0, 1.0]))
    array([0.5, 0.5])
    """
    return inverse @ y / np.diagonal(inverse)


def norm_growth(errors: np.ndarray, distances: np.ndarray) -> float:
    """By how much the squared norm of an interpolant grows as labels arrive: Σ_t e_t²/P_t.

    errors: e_t = y_t - f_{t-1}(x_t), what the interpolant of the data before misses, (T,);
    distances: P_t, squared distances of K(·, x_t) from the span of those before, positive, (T,).

    Source: derived on the page on kernel regression.

    >>> norm_growth(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    2.75
    """
    return float(np.sum(np.asarray(errors) ** 2 / np.asarray(distances)))


def sequential_bound(growth: np.ndarray, distance: np.ndarray, steps: int) -> float:
    """Bound on the mean risk of interpolants while `steps` more samples arrive.

    It is the mean of growth · distance over samples, divided by the steps.

    growth: by how much the squared norm grows over the steps, (...,), one for each sample;
    distance: the largest P_t of `norm_growth` among the steps, of the same shape.

    Raises ValueError if steps < 1.

    Source: derived on the page on kernel regression.

    >>> sequential_bound(np.array([3.0, 5.0]), np.array([2.0, 2.0]), steps=4)
    2.0
    """
    if steps < 1:
        raise ValueError(f"steps={steps} adds no sample; use steps >= 1.")
    return float(np.mean(np.asarray(growth) * np.asarray(distance))) / steps
