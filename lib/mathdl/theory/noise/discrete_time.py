"""SGD with a fixed step: factors of contraction, floors, lengths, and exact moments of regression.

The letters: μ of the Polyak-Łojasiewicz condition |∇L|² >= 2μL, Λ the Lipschitz constant of ∇L,
τ of noise of machine-learning type, E|g - ∇L|² <= τL, and ν of noise that stays, E|g - ∇L|² <= ν.
"""

from collections.abc import Callable

import numpy as np


def contraction_factor(
    step: float | np.ndarray, mu: float, smoothness: float, tau: float
) -> float | np.ndarray:
    """ρ = 1 - 2μη + Λ(2μ + τ)η²/2, the factor by which a step of SGD lowers the expected loss.

    η = `step`, at most 2/Λ; Λ = `smoothness`. Below 1 for 0 < η < `largest_contracting_step`.

    Raises ValueError unless 0 < μ <= Λ, τ >= 0 and 0 < η <= 2/Λ.

    Source: derived on the page on SGD in discrete time; cf. Wojtowytsch (2023).

    >>> contraction_factor(0.5, mu=1.0, smoothness=1.0, tau=0.0)  # (1 - η)²
    0.25
    """
    _check(mu, smoothness, tau)
    if np.min(step) <= 0 or np.max(step) > 2 / smoothness:
        raise ValueError(f"step={step} is not in (0, 2/Λ]; use a smaller positive step.")
    return 1 - 2 * mu * step + smoothness * (2 * mu + tau) * step**2 / 2


def largest_contracting_step(mu: float, smoothness: float, tau: float) -> float:
    """4μ/(Λ(2μ + τ)): below it the factor of contraction is below 1. Half of it is the best step.

    Raises ValueError unless 0 < μ <= Λ and τ >= 0.

    Source: derived on the page on SGD in discrete time; cf. Wojtowytsch (2023).

    >>> largest_contracting_step(mu=1.0, smoothness=1.0, tau=2.0)
    1.0
    """
    _check(mu, smoothness, tau)
    return 4 * mu / (smoothness * (2 * mu + tau))


def best_contraction(mu: float, smoothness: float, tau: float) -> float:
    """1 - 2μ²/(Λ(2μ + τ)), the factor of contraction at the best step 2μ/(Λ(2μ + τ)).

    Raises ValueError unless 0 < μ <= Λ and τ >= 0.

    Source: derived on the page on SGD in discrete time.

    >>> best_contraction(mu=1.0, smoothness=1.0, tau=2.0)
    0.5
    """
    _check(mu, smoothness, tau)
    return 1 - 2 * mu**2 / (smoothness * (2 * mu + tau))


def distance_bound(loss: float, step: float, factor: float, smoothness: float, tau: float) -> float:
    """η √((2Λ + τ) L) / (1 - √ρ), a bound of the root mean square of |θ - θ_∞| where E L = `loss`.

    ρ = `factor`, Λ = `smoothness`. Raises ValueError unless 0 <= ρ < 1.

    Source: derived on the page on SGD in discrete time.

    >>> distance_bound(loss=2.0, step=1.0, factor=0.25, smoothness=1.0, tau=0.0)
    4.0
    """
    if not 0 <= factor < 1:
        raise ValueError(f"factor={factor} does not contract; use 0 <= factor < 1.")
    return float(step * np.sqrt((2 * smoothness + tau) * loss) / (1 - np.sqrt(factor)))


def descent_floor(step: float, mu: float, smoothness: float, tau: float, nu: float) -> float:
    """Λην/(4μ - Λ(2μ + τ)η): E L does not stay above it if E|g - ∇L|² <= τL + ν.

    Raises ValueError unless the step contracts and ν >= 0, and for the same as
    `contraction_factor`.

    Source: derived on the page on SGD in discrete time.

    >>> descent_floor(1.0, mu=1.0, smoothness=1.0, tau=0.0, nu=4.0)  # all error is the last step's
    2.0
    """
    factor = contraction_factor(step, mu, smoothness, tau)
    if nu < 0 or factor >= 1:
        raise ValueError(f"nu={nu}, step={step} give no floor; use nu >= 0 and a smaller step.")
    return smoothness * step**2 * nu / (2 * (1 - float(factor)))


def descent_floor_below(step: float, convexity: float, smoothness: float, nu: float) -> float:
    """mην/(4Λ(1 - mη/2)): E L does not stay below it if L is m-strongly convex, E|g - ∇L|² >= ν.

    m = `convexity`, Λ = `smoothness`, η = `step` <= 1/(2Λ).

    Raises ValueError unless 0 < m <= Λ, ν >= 0 and 0 < η <= 1/(2Λ).

    Source: derived on the page on SGD in discrete time.

    >>> descent_floor_below(0.5, convexity=1.0, smoothness=1.0, nu=6.0)
    1.0
    """
    _check(convexity, smoothness)
    if nu < 0:
        raise ValueError(f"nu={nu} is negative; use nu >= 0.")
    if not 0 < step <= 1 / (2 * smoothness):
        raise ValueError(f"step={step} is not in (0, 1/(2Λ)]; use a smaller positive step.")
    return convexity * step * nu / (4 * smoothness * (1 - convexity * step / 2))


def lojasiewicz_bracket(
    value: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray], np.ndarray],
    smoothness: float,
    start: float,
    end: float,
    cells: int,
) -> tuple[float, float]:
    """Two numbers between which the infimum of L'²/(2L) over [start, end] lies for certain.

    L = `value` > 0 on the interval, L' = `slope` with the Lipschitz constant Λ = `smoothness`. In a
    cell of width h with the midpoint x, |L'| >= |L'(x)| - Λh/2 and
    L <= L(x) + |L'(x)| h/2 + Λh²/8, which gives the lower end; the values at the midpoints give
    the upper one.

    Raises ValueError for an empty interval.

    Source: derived on the page on SGD in discrete time.

    >>> low, high = lojasiewicz_bracket(lambda x: x**2, lambda x: 2 * x, 2.0, 1.0, 2.0, 10**4)
    >>> round(low, 3), round(high, 3)
    (2.0, 2.0)
    """
    if not (start < end and cells >= 1):
        raise ValueError(f"start={start}, end={end} is no interval; use start < end.")
    half = (end - start) / cells / 2
    x = start + half * (2 * np.arange(cells) + 1)
    steep, L = np.abs(slope(x)), value(x)
    least = np.maximum(steep - smoothness * half, 0)
    most = L + steep * half + smoothness * half**2 / 2
    return float(np.min(least**2 / (2 * most))), float(np.min(steep**2 / (2 * L)))


def row_factor(step: float, mu: float, smoothness: float, gamma: float, size: int) -> float:
    """1 - ημ(2 - ηr), r = (Γ + (B - 1)Λ)/B: contraction of the mean-square distance to the fit.

    It holds for least squares that can be fitted, with batches of B = `size` rows drawn with
    replacement. Γ = `gamma` is the largest |φ_i|², μ and Λ = `smoothness` the smallest positive
    and the largest eigenvalue of H = ΦᵀΦ/n.

    Raises ValueError unless 0 < μ <= Λ, Γ >= μ, B >= 1 and 0 < ηr < 2.

    Source: derived on the page on SGD in discrete time; B = 1, η = 1: Strohmer, Vershynin (2009).

    >>> row_factor(step=0.5, mu=1.0, smoothness=1.0, gamma=2.0, size=1)
    0.5
    """
    _check(mu, smoothness)
    if gamma < mu:
        raise ValueError(f"gamma={gamma} is less than mu={mu}; use the largest |φ_i|².")
    if size < 1:
        raise ValueError(f"size={size} is no batch; use size >= 1.")
    r = (gamma + (size - 1) * smoothness) / size
    if not 0 < step * r < 2:
        raise ValueError(f"step={step} is outside (0, 2/{r:g}); use a smaller positive step.")
    return 1 - step * mu * (2 - step * r)


def row_operator(features: np.ndarray, step: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The linear map M -> E (I - ηA) M (I - ηA) of second moments, and a basis of the row space.

    A = (1/B) Σ φφᵀ over a batch of B = `size` rows of `features` (n, p), drawn with replacement.
    With H = E φφᵀ the map is (I - ηH)M(I - ηH) + (η²/B)(E φφᵀMφφᵀ - HMH). It is given in an
    orthonormal basis V (p, r) of the row space, as a matrix (r², r²) that acts on M written as one
    long row. Gives the matrix and V.

    Raises ValueError for size < 1.

    Source: derived on the page on SGD in discrete time.

    >>> matrix, basis = row_operator(np.array([[1.0]]), step=0.5, size=1)
    >>> matrix
    array([[0.25]])
    """
    if size < 1:
        raise ValueError(f"size={size} is no batch; use size >= 1.")
    _, values, V = np.linalg.svd(features, full_matrices=False)
    V = V[values > 1e-10 * values[0]].T
    rows = features @ V
    H = rows.T @ rows / len(rows)
    squares = rows[:, :, None] * rows[:, None, :]  # φφᵀ
    mean = np.mean([np.kron(s, s) for s in squares], axis=0)
    move = np.eye(len(H)) - step * H
    return np.kron(move, move) + step**2 / size * (mean - np.kron(H, H)), V


def row_spectral_factor(features: np.ndarray, step: float, size: int) -> float:
    """The exact rate of E L_t^(1/t) for a start in general position: the spectral radius above.

    The arguments are those of `row_operator`.

    Source: derived on the page on SGD in discrete time.

    >>> row_spectral_factor(np.array([[1.0]]), step=0.5, size=1)
    0.25
    """
    matrix, _ = row_operator(features, step, size)
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def row_risks(
    features: np.ndarray, offset: np.ndarray, step: float, size: int, times: list[int]
) -> np.ndarray:
    """The exact E L_t of least squares that can be fitted, at increasing times.

    `offset` (p,) is θ_0 minus a solution; the other arguments are those of `row_operator`.

    Source: derived on the page on SGD in discrete time.

    >>> row_risks(np.array([[1.0]]), np.array([2.0]), step=0.5, size=1, times=[0, 1])
    array([2. , 0.5])
    """
    matrix, V = row_operator(features, step, size)
    rows = features @ V
    H = rows.T @ rows / len(rows)
    e = V.T @ offset
    moments = [np.linalg.matrix_power(matrix, t) @ np.outer(e, e).ravel() for t in times]
    return np.array([H.ravel() @ m / 2 for m in moments])


def _check(mu: float, smoothness: float, tau: float = 0.0) -> None:
    if not 0 < mu <= smoothness:
        raise ValueError(f"mu={mu}, smoothness={smoothness} cannot be; use 0 < mu <= smoothness.")
    if tau < 0:
        raise ValueError(f"tau={tau} is negative; use tau >= 0.")
