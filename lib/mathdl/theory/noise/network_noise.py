"""Noise of a network's stochastic gradients against its loss and its curvature.

Sample i has the loss ℓ_i, the slope s_i of that loss in the K outputs (the residual r_i for squared
loss), the Jacobian J_i of the outputs, and the gradient g_i = J_iᵀ s_i. Σ is the covariance of g_i
for a sample drawn at random, and Γ the greatest squared spectral norm |J_i|².
"""

import numpy as np
from scipy.special import lambertw


def output_bias_noise(mean_square: np.ndarray, square_of_mean: np.ndarray) -> np.ndarray:
    """The trace of the part of Σ that belongs to the output biases, a lower bound for tr Σ.

    It is (1/n) Σ |s_i|² - |s̄|², with the mean s̄ of the s_i.

    mean_square: (1/n) Σ |s_i|², which is 2L for squared loss
    square_of_mean: |s̄|²

    Raises ValueError where the second is negative or exceeds the first.

    Source: derived on the page on noise of machine-learning type.

    >>> float(output_bias_noise(mean_square=3.0, square_of_mean=1.0))
    2.0
    """
    _check(square_of_mean=square_of_mean, difference=np.subtract(mean_square, square_of_mean))
    return np.subtract(mean_square, square_of_mean)


def noise_ceiling(
    mean_square: np.ndarray, gamma: np.ndarray, gradient_square: np.ndarray
) -> np.ndarray:
    """An upper bound for tr Σ: Γ (1/n) Σ |s_i|² - |∇L|².

    mean_square: (1/n) Σ |s_i|², which is 2L for squared loss
    gamma: the greatest |J_i|²
    gradient_square: |∇L|²

    Raises ValueError for a negative argument.

    Source: derived on the page on noise of machine-learning type.

    >>> float(noise_ceiling(mean_square=2.0, gamma=5.0, gradient_square=1.0))
    9.0
    """
    _check(mean_square=mean_square, gamma=gamma, gradient_square=gradient_square)
    return np.multiply(gamma, mean_square) - gradient_square


def single_residual_noise(n: int) -> float:
    """tr Σ / (2ΓL) when one of n samples has a residual, in the direction that moves θ most.

    It is 1 - 1/n: as large as tr Σ ≤ 2ΓL allows, up to 1/n.

    Raises ValueError for n < 1.

    Source: derived on the page on noise of machine-learning type.

    >>> single_residual_noise(4)
    0.75
    """
    if n < 1:
        raise ValueError(f"n={n} is no number of samples; use n >= 1.")
    return 1 - 1 / n


def cross_entropy_constant() -> float:
    """The smallest C with |s|² ≤ C ℓ for cross-entropy, any number of classes, and all outputs.

    C = 2 max (1 - e^{-ℓ})²/ℓ = 8ℓ/(1 + 2ℓ)², at the ℓ > 0 with e^ℓ = 1 + 2ℓ.

    Source: derived on the page on noise of machine-learning type.

    >>> round(cross_entropy_constant(), 4)
    0.8145
    """
    best = -0.5 - lambertw(-0.5 * np.exp(-0.5), k=-1).real
    return float(8 * best / (1 + 2 * best) ** 2)


def cross_entropy_slope(loss: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the greatest |s|² that cross-entropy allows at the value ℓ = `loss`.

    With K = `classes` they are K/(K - 1) (1 - e^{-ℓ})² and 2 (1 - e^{-ℓ})². The first is met when
    all wrong classes are equally likely, the second when only one of them is.

    Raises ValueError for a negative loss and fewer than two classes.

    Source: derived on the page on noise of machine-learning type.

    >>> low, high = cross_entropy_slope(np.log(2), classes=10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.2778, 0.5)
    """
    _check(loss=loss)
    if classes < 2:
        raise ValueError(f"classes={classes} leaves nothing to tell apart; use classes >= 2.")
    wrong = -np.expm1(-np.asarray(loss))
    return classes / (classes - 1) * wrong**2, 2 * wrong**2


def noise_per_curvature(loss: np.ndarray, name: str) -> np.ndarray:
    """The smallest c with s sᵀ ≤ c ℓ'' for one sample with the loss ℓ = `loss`.

    c = 2ℓ for the loss "squared" and e^ℓ - 1 for "cross-entropy"; `name` is one of the two.

    Raises ValueError for a negative loss and another name.

    Source: derived on the page on noise of machine-learning type.

    >>> float(noise_per_curvature(3.0, "squared"))
    6.0
    >>> round(float(noise_per_curvature(np.log(3), "cross-entropy")), 12)
    2.0
    """
    _check(loss=loss)
    if name == "squared":
        return np.multiply(2, loss)
    if name == "cross-entropy":
        return np.expm1(loss)
    raise ValueError(f"name={name!r} is unknown; use squared or cross-entropy.")


def centered_noise_ratio(c: np.ndarray) -> np.ndarray:
    """The smallest C with Σ ≤ C G, G the Gauss-Newton matrix, if the J_i have full rank together.

    c: the constants of the n samples, (..., n), from `noise_per_curvature`

    It is the greatest eigenvalue of the matrix with the entries √(c_i c_j) (δ_ij - 1/n), which lies
    between the second largest c_i and the largest.

    Raises ValueError for a negative c_i.

    Source: derived on the page on noise of machine-learning type.

    >>> round(float(centered_noise_ratio([2.0, 2.0, 2.0])), 12)
    2.0
    >>> round(float(centered_noise_ratio([2.0, 0.0])), 12)
    1.0
    """
    _check(c=c)
    root = np.sqrt(np.asarray(c, dtype=float))
    n = root.shape[-1]
    matrix = root[..., :, None] * (np.eye(n) - 1 / n) * root[..., None, :]
    return np.linalg.eigvalsh(matrix)[..., -1]


def product_noise(u: float, mean: float, spread: float) -> tuple[float, float, float]:
    """Noise and curvatures of f = θ₁θ₂ at θ = (u, u), with the labels `mean` ± `spread`.

    The loss is ½ (θ₁θ₂ - y)². All noise is in the direction (1, 1)/√2. Returned are the variance in
    that direction, 2u² spread², and there the curvatures of Gauss and Newton, 2u², and of the
    Hessian, 3u² - `mean`.

    Source: derived on the page on noise of machine-learning type.

    >>> product_noise(1.0, mean=5.0, spread=0.5)
    (0.5, 2.0, -2.0)
    """
    return 2 * u**2 * spread**2, 2 * u**2, 3 * u**2 - mean


def _check(**values: np.ndarray) -> None:
    for name, value in values.items():
        if np.any(np.asarray(value) < 0):
            raise ValueError(f"{name}={value} must not be negative; use numbers >= 0.")
