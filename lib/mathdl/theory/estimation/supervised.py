"""What theory says about risks: Fourier tails, fitted noise, early stopping, classifiers."""

import numpy as np


def relu_cosine_coefficients(degree: int) -> np.ndarray:
    """Fourier coefficients c_0, ..., c_K of the target max(cos θ, 0); shape (degree + 1,).

    The target is Σ_k c_k e^{ikθ} over all integers k, with c_{-k} = c_k real: c_0 = 1/π,
    c_1 = 1/4, the other odd ones vanish, and c_k = (-1)^{k/2+1} / (π(k² - 1)) for even k.

    Raises ValueError if `degree` is negative.

    Source: integration by parts.

    >>> relu_cosine_coefficients(2) * np.pi
    array([1.        , 0.78539816, 0.33333333])
    """
    if degree < 0:
        raise ValueError(f"degree={degree} is negative; use 0, 1, 2, ...")
    coefficients = np.zeros(degree + 1)
    k = np.arange(0, degree + 1, 2)
    coefficients[::2] = (-1.0) ** (k // 2 + 1) / (np.pi * (k**2 - 1.0))
    coefficients[1:2] = 0.25
    return coefficients


def relu_cosine_tail(degree: int) -> float:
    """Squared L²(dθ/2π) distance of max(cos θ, 0) to the trigonometric polynomials of degree <= K.

    By Parseval it is 1/4 - Σ_{|k| <= K} c_k², because the mean of max(cos θ, 0)² is 1/4.

    Raises ValueError if `degree` is negative.

    >>> round(relu_cosine_tail(0), 6) == round(1 / 4 - 1 / np.pi**2, 6)
    True
    """
    c = relu_cosine_coefficients(degree)
    return float(0.25 - c[0] ** 2 - 2 * np.sum(c[1:] ** 2))


def relu_cosine_aliases(degree: int, n: int) -> np.ndarray:
    """What n equispaced samples add to each Fourier coefficient; shape (degree + 1,).

    Entry k is Σ_{j ≠ 0} c_{k+jn}, with c the coefficients of max(cos θ, 0): frequencies that
    differ by a multiple of n take the same values at the angles 2πi/n. Odd frequencies have no
    alias; for the even ones the series is summed by π cot(πa) = Σ_j 1/(a + j).

    Raises ValueError if n is not a multiple of 4 or 2 * degree >= n.

    >>> relu_cosine_aliases(2, 8).round(4)
    array([-0.0165,  0.    ,  0.0189])
    """
    if n % 4 != 0 or not 0 <= 2 * degree < n:
        raise ValueError(f"degree={degree}, n={n}: use n = 4, 8, 12, ... and 0 <= degree < n/2.")
    k = np.arange(0, degree + 1, 2)
    sign = (-1.0) ** (k // 2 + 1)
    cot_left, cot_right = 1 / np.tan(np.pi * (k - 1) / n), 1 / np.tan(np.pi * (k + 1) / n)
    aliases = np.zeros(degree + 1)
    aliases[::2] = sign * (cot_left - cot_right) / (2 * n) - relu_cosine_coefficients(degree)[::2]
    return aliases


def equispaced_excess(
    coefficients: np.ndarray,
    aliases: np.ndarray,
    noise_variance: float,
    n: int,
    remaining: np.ndarray | float = 0.0,
) -> float:
    """Expected squared distance between a fit on n equispaced points and the best in its class.

    The class is the trigonometric polynomials of degree <= K. With δ_k = `remaining`, the fraction
    of mode k that training has not learned yet, the k-th coefficient of the fit is (1 - δ_k) times
    the least-squares one, and the expectation is

        Σ_{|k| <= K} [((1 - δ_k) alias_k - δ_k c_k)² + (1 - δ_k)² noise_variance / n].

    `coefficients`, `aliases` and `remaining` have shape (K + 1,), entry k for frequency k (and
    -k); `remaining` = 0 is least squares itself, whose value is the estimation error.

    Raises ValueError if 2K >= n.

    >>> equispaced_excess(np.array([1.0, 0.5]), np.zeros(2), noise_variance=0.2, n=10)
    0.06
    """
    if 2 * (len(coefficients) - 1) >= n:
        raise ValueError(f"n={n} points do not determine the coefficients; use degree < n/2.")
    learned = 1 - remaining
    bias = (learned * aliases - remaining * coefficients) ** 2
    variance = learned**2 * noise_variance / n * np.ones_like(coefficients)
    multiplicity = np.where(np.arange(len(coefficients)) == 0, 1, 2)
    return float(np.sum(multiplicity * (bias + variance)))


def gaussian_design_error(p: int, n: int, noise_variance: float) -> float:
    """Expected estimation error of least squares with p Gaussian features: σ²p / (n - p - 1).

    The regression function lies in the class, the features are N(0, I_p), the noise is
    independent of them with variance `noise_variance`.

    Raises ValueError if n <= p + 1, where the expectation is infinite or least squares not unique.

    Source: the mean of an inverse Wishart matrix; Breiman and Freedman (1983).

    >>> gaussian_design_error(p=10, n=31, noise_variance=1.0)
    0.5
    """
    if n <= p + 1:
        raise ValueError(f"n={n}, p={p}: the expectation is finite only for n >= p + 2.")
    return noise_variance * p / (n - p - 1)


def fixed_design_error(p: int, n: int, noise_variance: float) -> float:
    """Smallest expected noise that least squares with p features fits to n points: σ²p/n.

    Attained when the features are orthonormal on the sample, exceeded by random designs.

    >>> fixed_design_error(p=10, n=20, noise_variance=1.0)
    0.5
    """
    return noise_variance * p / n


def euler_error_bound(step: float, smoothness: float, time: float, gradient_norm: float) -> float:
    """Largest distance of gradient descent from gradient flow: ½ · step · Λ · T · |∇L(u_0)|.

    For a convex loss whose gradient is Λ-Lipschitz and a step of at most 2/Λ.

    Raises ValueError if the step exceeds 2/Λ, where gradient descent may diverge.

    >>> euler_error_bound(step=0.5, smoothness=2.0, time=3.0, gradient_norm=1.0)
    1.5
    """
    if step * smoothness > 2:
        raise ValueError(
            f"step={step} exceeds 2/Λ={2 / smoothness}; the bound needs a smaller one."
        )
    return 0.5 * step * smoothness * time * gradient_norm


def growth_factor(curvature: float, step: float) -> float:
    """Factor by which one step of gradient descent multiplies the error along an eigenvector.

    |1 - step · λ| for a quadratic loss with eigenvalue λ = `curvature`: below 1 exactly if
    0 < step · λ < 2.

    >>> growth_factor(curvature=4.0, step=0.25)
    0.0
    """
    return abs(1 - step * curvature)


def plug_in_bound(squared_distance: float, margin: float = 0.0) -> float:
    """Largest excess classification error of sign f, from D = E|f - f*|² with f* = E[y | x].

    It is √D, and also D / margin where |f*| >= margin > 0 everywhere; the smaller is returned.

    Raises ValueError if `squared_distance` is negative or `margin` is not in [0, 1].

    Source: Devroye, Györfi and Lugosi (1996) for E|f - f*|, and Cauchy-Schwarz.

    >>> plug_in_bound(0.25), plug_in_bound(0.25, margin=1.0)
    (0.5, 0.25)
    """
    if squared_distance < 0:
        raise ValueError(f"squared_distance={squared_distance} is negative; pass E|f - f*|² >= 0.")
    if not 0 <= margin <= 1:
        raise ValueError(f"margin={margin} bounds |f*| from below; use a number in [0, 1].")
    root = float(np.sqrt(squared_distance))
    return root if margin == 0 else min(root, squared_distance / margin)


def rotated_cosine_excess(angle: float) -> float:
    """Excess classification error of sign cos(θ - β) where E[y | θ] = cos θ: (1 - cos β)/π.

    θ is uniform on the circle and 0 <= β = `angle` <= π: the two classifiers disagree on two arcs
    of length β, where a wrong answer costs |cos θ|.

    >>> round(rotated_cosine_excess(np.pi / 2) * np.pi, 12)
    1.0
    """
    return float((1 - np.cos(angle)) / np.pi)
