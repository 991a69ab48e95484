"""Stochastic gradient descent for linear regression on fresh Gaussian examples: second moments.

Each step of size η = `step` takes a batch of B fresh examples x ~ N(0, H), y = θ*·x + ς ξ, with
ξ of mean 0 and variance 1. The loss of an example is r²/2; e = θ - θ*. H = I unless its
eigenvalues λ_j are given.
"""

import numpy as np


def regression_factor(step: float, d: int, B: int = 1, kurtosis: float = 3.0) -> float:
    """By how much one step multiplies E|e|² if H = I and labels are exact.

    It is 1 - 2η + η² (1 + (d + K - 2)/B), where the coordinates of x are independent with mean 0,
    variance 1 and fourth moment K = `kurtosis`, which is 3 for normal ones.

    Raises ValueError for a step that is not positive, d or B below 1, and K below 1.

    Source: derived on the page on the noise of machine learning.

    >>> regression_factor(0.125, d=2), regression_factor(0.5, d=1, kurtosis=1.0)
    (0.8125, 0.25)
    """
    _check_step(step)
    _check_sizes(d, B, kurtosis)
    return 1 - 2 * step + step**2 * (1 + (d + kurtosis - 2) / B)


def regression_threshold(d: int, B: int = 1, kurtosis: float = 3.0) -> float:
    """The step below which E|e|² tends to 0 if H = I and labels are exact: 2B/(B + d + K - 2).

    The best step is half of it. Arguments and errors as for `regression_factor`.

    Source: derived on the page on the noise of machine learning.

    >>> regression_threshold(d=2), regression_threshold(d=2, B=3, kurtosis=1.0)
    (0.5, 1.5)
    """
    _check_sizes(d, B, kurtosis)
    return 2 * B / (B + d + kurtosis - 2)


def regression_plateau(
    step: float, d: int, deviation: float, B: int = 1, kurtosis: float = 3.0
) -> float:
    """The limit of E|e|² if H = I: η ς² d / (2B - η (B + d + K - 2)), ς = `deviation`.

    Raises ValueError for a step at or above the threshold; else as for `regression_factor`.

    Source: derived on the page on the noise of machine learning.

    >>> regression_plateau(0.25, d=2, deviation=2.0)
    2.0
    """
    _check_step(step)
    _check_sizes(d, B, kurtosis)
    _check_deviation(deviation)
    left = 2 * B - step * (B + d + kurtosis - 2)
    if not left > 0:
        raise ValueError(f"step={step} is not stable; use one below the threshold.")
    return step * deviation**2 * d / left


def averaged_plateau(step: float, d: int, deviation: float, steps: int) -> float:
    """E|ē|² for the mean ē of e over `steps` successive steps, once e is stationary: H = I, B = 1.

    With s the plateau and r = 1 - η it is s (1 + r)/(T (1 - r)) - 2 s r (1 - r^T)/(T² (1 - r)²),
    T = `steps`, as E e_s·e_t = s r^|s - t|.

    Raises ValueError for steps < 1; else as for `regression_plateau`.

    Source: derived on the page on the noise of machine learning.

    >>> averaged_plateau(0.25, d=2, deviation=2.0, steps=2)
    1.75
    """
    plateau = regression_plateau(step, d, deviation)
    if steps < 1:
        raise ValueError(f"steps={steps} has no mean; use steps >= 1.")
    r, T = 1 - step, steps
    end = 2 * r * (1 - r**T) / (T * step) ** 2
    return plateau * ((1 + r) / (T * step) - end)


def moment_matrix(step: float, eigenvalues: np.ndarray, B: int = 1) -> np.ndarray:
    """The matrix T of m ← T m + η² ς² λ/B for m_j = E(e·u_j)², u_j the eigenvectors of H.

    T = diag((1 - ηλ_j)² + η²λ_j²/B) + (η²/B) λ λᵀ; E|e|² → 0 without label noise if its largest
    eigenvalue is below 1.

    Raises ValueError for a step or an eigenvalue that is not positive, and B below 1.

    Source: derived on the page on the noise of machine learning.

    >>> moment_matrix(0.5, np.array([1.0, 2.0]))
    array([[0.75, 0.5 ],
           [0.5 , 2.  ]])
    """
    _check_step(step)
    h = step * _positive(eigenvalues, B)
    return np.diag((1 - h) ** 2 + h**2 / B) + np.outer(h, h) / B


def moments(
    start: np.ndarray,
    times: np.ndarray,
    step: float,
    eigenvalues: np.ndarray,
    B: int = 1,
    deviation: float = 0.0,
) -> np.ndarray:
    """m_j = E(e·u_j)² at those numbers of steps, (times, d), by the exact recursion from `start`.

    Arguments and errors as for `moment_matrix`; ς = `deviation`.

    Source: derived on the page on the noise of machine learning.

    >>> moments(np.array([1.0, 0.0]), [0, 1], 0.5, np.array([1.0, 2.0]), deviation=2.0)
    array([[1.  , 0.  ],
           [1.75, 2.5 ]])
    """
    T = moment_matrix(step, eigenvalues, B)
    push = step**2 * deviation**2 * np.asarray(eigenvalues) / B
    m, path = np.asarray(start, dtype=float), []
    for _ in range(int(np.max(times)) + 1):
        path.append(m)
        m = T @ m + push
    return np.array(path)[np.asarray(times)]


def load(step: float, eigenvalues: np.ndarray, B: int = 1) -> float:
    """ψ(η) = Σ_j ηλ_j / (2B - (B + 1) ηλ_j), infinite if a denominator is not positive.

    E|e|² stays bounded if and only if ψ < 1; then E 2L → ς²/(1 - ψ). Arguments and errors as for
    `moment_matrix`.

    Source: derived on the page on the noise of machine learning.

    >>> load(0.5, np.array([1.0, 1.0])), load(1.0, np.array([1.0, 1.0]))
    (1.0, inf)
    """
    _check_step(step)
    h = step * _positive(eigenvalues, B)
    left = 2 * B - (B + 1) * h
    return float((h / left).sum()) if (left > 0).all() else np.inf


def stable_step(eigenvalues: np.ndarray, B: int = 1) -> float:
    """The step with `load` 1, at and above which E|e|² does not stay bounded with label noise.

    It is 2B over the largest eigenvalue of (B + 1) diag(λ) + √λ √λᵀ.

    Arguments and errors as for `moment_matrix`.

    Source: derived on the page on the noise of machine learning.

    >>> round(stable_step(np.array([1.0, 1.0])), 9), round(stable_step(np.array([2.0]), B=2), 9)
    (0.5, 0.5)
    """
    values = _positive(eigenvalues, B)
    root = np.sqrt(values)
    matrix = (B + 1) * np.diag(values) + np.outer(root, root)
    return float(2 * B / np.linalg.eigvalsh(matrix)[-1])


def stationary_loss(step: float, eigenvalues: np.ndarray, deviation: float, B: int = 1) -> float:
    """The limit of E L = E r²/2 over fresh examples: ς²/(2 (1 - ψ)), with ψ = `load`.

    Raises ValueError if ψ >= 1; else as for `moment_matrix`.

    Source: derived on the page on the noise of machine learning.

    >>> stationary_loss(0.25, np.array([1.0]), deviation=1.0)  # ψ = 1/6
    0.6
    """
    _check_deviation(deviation)
    psi = load(step, eigenvalues, B)
    if psi >= 1:
        raise ValueError(f"step={step} is not stable; use one below `stable_step`.")
    return deviation**2 / (2 * (1 - psi))


def _check_sizes(d: int, B: int, kurtosis: float) -> None:
    if d < 1 or B < 1 or kurtosis < 1:
        raise ValueError(f"d={d}, B={B}, kurtosis={kurtosis}: use numbers >= 1.")


def _check_step(step: float) -> None:
    if not step > 0:
        raise ValueError(f"step={step} is not positive; use a number > 0.")


def _check_deviation(deviation: float) -> None:
    if not deviation >= 0:
        raise ValueError(f"deviation={deviation} is negative; use a number >= 0.")


def _positive(eigenvalues: np.ndarray, B: int) -> np.ndarray:
    values = np.asarray(eigenvalues, dtype=float)
    if not (values > 0).all():
        raise ValueError("eigenvalues are not all positive; use numbers > 0.")
    if B < 1:
        raise ValueError(f"B={B} is no batch; use B >= 1.")
    return values
