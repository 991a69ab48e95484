"""The noise of minibatches: its covariance, its bounds by the loss, and what it shares with H.

The loss is L = (1/n) Σ_i r_i²/2 with residuals r_i = h_i(θ) - y_i, and Σ the covariance of the
gradient r_i ∇h_i of one example drawn at random.
"""

import numpy as np


def batch_covariance(n: int, B: int, replace: bool) -> float:
    """The covariance of the mean of B of n vectors, divided by that of one of them.

    It is 1/B with replacement and (n - B)/(B (n - 1)) without.

    Raises ValueError unless n >= 2 and 1 <= B, and B <= n without replacement.

    Source: derived on the page on the noise of machine learning.

    >>> batch_covariance(5, 2, replace=True), batch_covariance(5, 2, replace=False)
    (0.5, 0.375)
    """
    if n < 2 or B < 1 or (n < B and not replace):
        raise ValueError(f"B={B} is no batch of n={n}; use n >= 2 and 1 <= B, and B <= n.")
    return 1 / B if replace else (n - B) / (B * (n - 1))


def epoch_covariance(n: int) -> float:
    """The covariance of the means of two disjoint random batches, divided by that of one vector.

    It is -1/(n - 1), whatever their sizes. Raises ValueError for n < 2.

    Source: derived on the page on the noise of machine learning.

    >>> epoch_covariance(5)
    -0.25
    """
    if n < 2:
        raise ValueError(f"n={n} has no two batches; use n >= 2.")
    return -1 / (n - 1)


def noise_rank(n: int, p: int) -> int:
    """The largest rank that Σ can have with n examples and p parameters: min(n - 1, p).

    Raises ValueError unless n and p are at least 1.

    Source: derived on the page on the noise of machine learning.

    >>> noise_rank(8, 30), noise_rank(30, 8)
    (7, 8)
    """
    if n < 1 or p < 1:
        raise ValueError(f"n={n}, p={p} count nothing; use numbers >= 1.")
    return min(n - 1, p)


def noise_bounds(
    loss: np.ndarray, squares: np.ndarray, gradient_square: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Between which numbers tr Σ lies: 2 s L - |∇L|² for the least and the largest s = |∇h_i|².

    loss: L, of any shape
    squares: |∇h_i|², with the examples last
    gradient_square: |∇L|², which may be left out of the upper bound

    Raises ValueError for a negative loss or square.

    Source: derived on the page on the noise of machine learning.

    >>> low, high = noise_bounds(0.5, np.array([1.0, 4.0]), 0.25)
    >>> float(low), float(high)
    (0.75, 3.75)
    """
    loss, squares = np.asarray(loss), np.asarray(squares)
    if (loss < 0).any() or (squares < 0).any():
        raise ValueError("loss and squares are sums of squares; use numbers >= 0.")
    low, high = squares.min(-1), squares.max(-1)
    return 2 * low * loss - gradient_square, 2 * high * loss - gradient_square


def noise_floor(x: np.ndarray, deviation: float) -> float:
    """The mean of tr Σ at a least-squares solution, with labels y = θ*·x + ς ξ: for x, (n, p).

    It is ς²/n Σ_i (1 - P_ii) |x_i|² with ς = `deviation` and the orthogonal projection P onto the
    column space of x; ς² s (1 - p/n) if all |x_i|² = s and the columns are independent.

    Raises ValueError for a negative deviation.

    Source: derived on the page on the noise of machine learning.

    >>> round(noise_floor(np.array([[2.0], [2.0], [-2.0], [2.0]]), deviation=0.5), 12)
    0.75
    """
    _check_deviation(deviation)
    leverage = np.einsum("ip,pi->i", x, np.linalg.pinv(x))
    return float(deviation**2 * np.mean((1 - leverage) * (x**2).sum(1)))


def label_covariance(n: int, deviation: float) -> float:
    """The mean of Σ at the true parameters, divided by the Gauss-Newton matrix: (1 - 1/n) ς².

    Raises ValueError for n < 1 and a negative deviation ς.

    Source: derived on the page on the noise of machine learning.

    >>> label_covariance(4, deviation=2.0)
    3.0
    """
    if n < 1:
        raise ValueError(f"n={n} counts no examples; use n >= 1.")
    _check_deviation(deviation)
    return (1 - 1 / n) * deviation**2


def example_alignment(ratio: float | np.ndarray) -> np.ndarray:
    """The cosine between Σ and the Hessian where the noise avoids the direction that is steep.

    Examples (e₁, 1), (e₁, -1), (c e₂, 0) twice, at the minimum θ = 0, with c = `ratio`:
    1/√(1 + c⁴).

    Source: derived on the page on the noise of machine learning.

    >>> float(example_alignment(0.0)), round(float(example_alignment(3.0)), 4)
    (1.0, 0.1104)
    """
    return 1 / np.sqrt(1 + np.asarray(ratio) ** 4.0)


def gaussian_noise(hessian: np.ndarray, error: np.ndarray, deviation: float = 0.0) -> np.ndarray:
    """Σ for one fresh Gaussian example: 2 L H + ∇L ∇Lᵀ, as a matrix.

    Here 2 L = eᵀHe + ς² and ∇L = He, with H = `hessian`, e = `error`, ς = `deviation`.

    Raises ValueError for a negative deviation.

    Source: derived on the page on the noise of machine learning.

    >>> gaussian_noise(np.eye(2), np.array([1.0, 0.0]))
    array([[2., 0.],
           [0., 1.]])
    """
    _check_deviation(deviation)
    slope = hessian @ error
    return (error @ slope + deviation**2) * hessian + np.outer(slope, slope)


def _check_deviation(deviation: float) -> None:
    if not deviation >= 0:
        raise ValueError(f"deviation={deviation} is negative; use a number >= 0.")
