"""Two noises in one model that is solved exactly: L(φ, v) = |v|²/2 with φ on a circle, v in R^k.

Noise of machine-learning type is dθ = -∇L dt + √(εL) dB with ε = `level`, k = `codimension` and
|v| = `start` at the beginning; homogeneous noise is dθ = -∇L dt + √(2T) dB with T = `temperature`.
Below the critical level κ = 4/ε - (k - 2) > 0, and v tends to 0 while φ tends to a random limit.
"""

import numpy as np
from scipy.special import gamma, kv
from scipy.stats import t as student

from mathdl.theory.noise.invariant import tail_exponent


def remembered(start: float, level: float, codimension: int, frequency: float = 1.0) -> float:
    """E cos q(φ_∞ - φ₀) under noise of machine-learning type, q = `frequency`.

    It is 2^(1-ν)/Γ(ν) (q r₀)^ν K_ν(q r₀) with ν = κ/2 and r₀ = `start`, and 0 for κ <= 0, where
    cos q(φ_t - φ₀) has that limit in mean.

    Raises ValueError for a start, a level or a frequency that is not positive.

    Source: derived on the page on continuous time; the characteristic function of Student's law.

    >>> round(remembered(1.0, 1.0, 5), 6)  # κ = 1, Cauchy's law: exp(-r₀)
    0.367879
    """
    _check(start=start, level=level, frequency=frequency)
    nu, z = tail_exponent(level, codimension) / 2, frequency * start
    if nu <= 0:
        return 0.0
    return float(2 ** (1 - nu) / gamma(nu) * z**nu * kv(nu, z))


def share_beyond(
    distance: float | np.ndarray, start: float, level: float, codimension: int
) -> float | np.ndarray:
    """P(|φ_∞ - φ₀| > x) on the line that covers the circle, x = `distance`.

    √κ (φ_∞ - φ₀)/r₀ has Student's law with κ degrees of freedom. Several distances give an array.

    Raises ValueError for a start or a level that is not positive and unless κ > 0.

    Source: derived on the page on continuous time.

    >>> float(share_beyond(1.0, 1.0, 1.0, 5).round(12))  # κ = 1: Cauchy's law
    0.5
    """
    kappa = _positive_kappa(start, level, codimension)
    return 2 * student.sf(np.sqrt(kappa) * distance / start, kappa)


def displacement_density(
    distance: float | np.ndarray, start: float, level: float, codimension: int
) -> float | np.ndarray:
    """The density of φ_∞ - φ₀ on the line: c r₀^κ (r₀² + x²)^(-(κ+1)/2), x = `distance`.

    c = Γ((κ+1)/2) / (√π Γ(κ/2)). Several distances give an array. Raises ValueError as
    `share_beyond` does.

    Source: derived on the page on continuous time; a Poisson kernel of Caffarelli and Silvestre
    2007.

    >>> float((displacement_density(0.0, 1.0, 1.0, 5) * np.pi).round(12))
    1.0
    """
    kappa = _positive_kappa(start, level, codimension)
    constant = gamma((kappa + 1) / 2) / (np.sqrt(np.pi) * gamma(kappa / 2))
    square = start**2 + np.asarray(distance) ** 2
    return constant * start**kappa * square ** (-(kappa + 1) / 2)


def displacement_variance(start: float, level: float, codimension: int) -> float:
    """E (φ_∞ - φ₀)² = r₀²/(κ - 2) on the line, infinite for κ <= 2.

    Raises ValueError as `share_beyond` does.

    Source: derived on the page on continuous time.

    >>> displacement_variance(1.0, 1.0, 3), displacement_variance(1.0, 1.0, 4)
    (1.0, inf)
    """
    kappa = _positive_kappa(start, level, codimension)
    return start**2 / (kappa - 2) if kappa > 2 else np.inf


def diffused(time: float | np.ndarray, temperature: float, frequency: int = 1) -> np.ndarray:
    """E cos q(φ_t - φ₀) = exp(-q² T t) under homogeneous noise, q = `frequency`.

    Several times give an array. Raises ValueError for a temperature that is not positive.

    Source: the characteristic function of the normal law.

    >>> float(diffused(0.0, 1.0))
    1.0
    """
    _check(temperature=temperature)
    return np.exp(-(frequency**2) * temperature * np.asarray(time))


def _positive_kappa(start: float, level: float, codimension: int) -> float:
    _check(start=start, level=level)
    kappa = tail_exponent(level, codimension)
    if not kappa > 0:
        raise ValueError(f"level={level} is not below the critical one: φ has no limit.")
    return kappa


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")
