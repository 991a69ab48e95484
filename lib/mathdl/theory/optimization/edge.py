"""Which minima a step size allows: thresholds, and a product of two numbers as the smallest model.

The product model is L(x, y) = ℓ(xy) with ℓ'(1) = 0 and ℓ''(1) = `curvature` > 0. Along its minima
xy = 1 the Hessian has the eigenvalues 0 and `curvature` (x² + y²).
"""

import numpy as np


def stability_threshold(step: float, momentum: float = 0.0) -> float:
    """The largest curvature at which a step is stable, 2 (1 + β)/η.

    η = `step`; β = `momentum` of the heavy ball v ← β v + g, θ ← θ - η v, and β = 0 for gradient
    descent.

    Raises ValueError for a step that is not positive and unless 0 <= momentum < 1.

    Source: derived on the page on the edge of stability.

    >>> stability_threshold(0.5), stability_threshold(0.5, momentum=0.5)
    (4.0, 6.0)
    """
    _check(step=step)
    _check_momentum(momentum)
    return 2 * (1 + momentum) / step


def largest_step(x: float, y: float, curvature: float = 1.0) -> float:
    """The step above which gradient descent leaves the minimum (x, y) of the product model.

    It is 2 / (`curvature` (x² + y²)).

    Raises ValueError unless xy = 1 and the curvature is positive.

    Source: derived on the page on the edge of stability.

    >>> largest_step(2.0, 0.5)
    0.47058823529411764
    """
    if not np.isclose(x * y, 1):
        raise ValueError(f"x={x}, y={y} is no minimum; use xy = 1.")
    _check(curvature=curvature)
    return 2 / (curvature * (x**2 + y**2))


def heavy_ball_factor(curvature: float, step: float, momentum: float) -> float:
    """Growth per step of the heavy ball on a quadratic, the larger modulus of the two roots.

    The error e along an eigenvector with eigenvalue λ = `curvature` obeys
    e_{t+1} = (1 + β - ηλ) e_t - β e_{t-1}. With b = |1 + β - ηλ| the factor is √β where b² < 4β,
    and (b + √(b² - 4β))/2 elsewhere.

    Raises ValueError for a step that is not positive and unless 0 <= momentum < 1.

    Source: derived on the page on the edge of stability.

    >>> round(heavy_ball_factor(curvature=1.0, step=3.0, momentum=0.5), 12)  # 3 = 2 (1 + 0.5)
    1.0
    """
    _check(step=step)
    _check_momentum(momentum)
    b = abs(1 + momentum - step * curvature)
    if b**2 < 4 * momentum:  # two complex roots with the product β
        return float(np.sqrt(momentum))
    return float((b + np.sqrt(b**2 - 4 * momentum)) / 2)


def step_curvature(
    step: float | np.ndarray, gradient_square: np.ndarray, change: np.ndarray
) -> np.ndarray:
    """The mean curvature along steps of gradient descent, from what they change the loss by.

    It is 2 (ΔL + η|g|²) / (η²|g|²) with η = `step`, |g|² = `gradient_square` and ΔL = `change`:
    the mean of ⟨g, Hess L(θ - sηg) g⟩/|g|² over 0 <= s <= 1 with the weight 2 (1 - s).

    Raises ValueError for a step or a gradient that is not positive.

    Source: derived on the page on the edge of stability.

    >>> step_curvature(0.5, 36.0, 0.0)  # a loss that stays has met the threshold 2/η
    4.0
    """
    _check(step=np.min(step), gradient_square=np.min(gradient_square))
    return 2 * (change + step * gradient_square) / (step**2 * gradient_square)


def product_sharpness(difference: float | np.ndarray, curvature: float = 1.0) -> np.ndarray:
    """The sharpness of the minimum of the product model with x² - y² = D: `curvature` √(D² + 4).

    D = `difference`; several give an array. Raises ValueError for a curvature that is not positive.

    Source: derived on the page on the edge of stability.

    >>> float(product_sharpness(0.0)), float(product_sharpness(1.5, curvature=2.0))
    (2.0, 5.0)
    """
    _check(curvature=curvature)
    return curvature * np.sqrt(np.asarray(difference) ** 2 + 4)


def product_end(
    x: np.ndarray, y: np.ndarray, step: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """xy and D = x² - y² after steps of gradient descent on (1 - xy)²/2, in these variables alone.

    With u = xy, the slope g = u - 1 and η = `step`,
    u ← u - η g √(D² + 4u²) + η² g² u and D ← D (1 - η² g²).

    x, y: the start; arrays give arrays. Raises ValueError for a step that is not positive.

    Source: derived on the page on the edge of stability.

    >>> u, D = product_end(2.0, 0.0, step=0.25, steps=1)  # (x, y) = (2, 1/2)
    >>> float(u), float(D)
    (1.0, 3.75)
    """
    _check(step=step)
    u, D = x * y, x**2 - y**2
    for _ in range(steps):
        g = u - 1
        square = np.sqrt(D**2 + 4 * u**2)  # x² + y²
        u, D = u - step * g * square + (step * g) ** 2 * u, D * (1 - (step * g) ** 2)
    return u, D


def overshoot(start: float, step: float, curvature: float = 1.0, kink: float = 0.0) -> float:
    """How far below the threshold gradient descent ends, in units of how far above it began.

    In the product model let η (sharpness) = 2 + δ and xy = 1 + pδ at the start, p = `start`. As
    δ → 0, η (sharpness) - 2 at the end, divided by δ, tends to -√(1 + κp²), κ = 2h²(1 - h²), with
    h = η c, η = `step` and c = `curvature`.

    With k = `kink` the slope is ℓ'(1 + v) = c (v + k v|v|/2) up to smooth terms of second order.
    The limit is then -√(1 + k|p| + κp²) exp(kφ/2ω), with ω² = κ - k²/4 and φ the angle of
    -1 - k|p|/2 + iω|p|. At p = 0 the limit for p → 0 is returned.

    Raises ValueError unless 0 < h < 1 and k² < 4κ.

    Source: derived on the page on the edge of stability.

    >>> overshoot(start=0.0, step=0.5)
    -1.0
    >>> round(overshoot(start=0.0, step=0.5, kink=0.4), 4)
    -2.9611
    """
    h, p = step * curvature, abs(start)
    if not 0 < h < 1:
        raise ValueError(f"step * curvature = {h}: use a number between 0 and 1.")
    kappa = 2 * h**2 * (1 - h**2)
    if not kink**2 < 4 * kappa:
        raise ValueError(f"kink={kink}: the oscillator does not swing; use kink² < {4 * kappa}.")
    omega = np.sqrt(kappa - kink**2 / 4)
    angle = np.arctan2(omega * p, -1 - kink * p / 2)
    size = np.sqrt(1 + kink * p + kappa * p**2)
    return -float(size * np.exp(kink * angle / (2 * omega)))


def quartic_end(step: float) -> float:
    """The sharpness at which gradient descent on (1 - x²y²)²/4 comes to rest, from well above 2/η.

    It is (2 - μ)/η with η = `step`, h = 2η and μ = h² (1 - h²) / (8 + 6h² + 2h⁴), up to terms that
    are small for small h: the jumps across the minima decay with the excess sharpness.

    Raises ValueError unless 0 < step < 1/2.

    Source: derived, with a differential equation in the place of the steps, in an exercise of the
    page on the edge of stability.

    >>> round(quartic_end(0.02), 3)
    99.99
    """
    h = 2 * step
    if not 0 < h < 1:
        raise ValueError(f"step={step}: use a number between 0 and 1/2.")
    mu = h**2 * (1 - h**2) / (8 + 6 * h**2 + 2 * h**4)
    return (2 - mu) / step


def two_cycle(curvature: float) -> float:
    """Where gradient descent with step 1 ends up from 0 < |θ| < 1: ± this, in turns.

    The loss has the derivative θ + (c - 1) θ (1 - θ²)² for |θ| < 1 and θ beyond, c = `curvature`
    at its only minimum 0; the cycle is √(1 - 1/√(c - 1)), which attracts for 2 < c < 13/4.

    Raises ValueError unless 2 < curvature < 13/4.

    Source: derived on the page on the edge of stability.

    >>> round(two_cycle(3.0), 6)
    0.541196
    """
    if not 2 < curvature < 3.25:
        raise ValueError(f"curvature={curvature}: no attracting cycle; use 2 < curvature < 3.25.")
    return float(np.sqrt(1 - 1 / np.sqrt(curvature - 1)))


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")


def _check_momentum(momentum: float) -> None:
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum={momentum} does not decay; use a number from 0 to below 1.")
