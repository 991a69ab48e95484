"""What noise that vanishes with the loss leaves invariant: dθ = -∇L dt + √(εL) dB, ε = `level`.

k = `codimension` is that of the set of minimizers. All laws are for isotropic noise in the sense
of Itô; what they say is derived on the page on continuous time.
"""

import numpy as np
from scipy.special import gamma, hyp2f1, i0e, i1e


def invariant_exponent(level: float) -> float:
    """The exponent α = 1 + 2/ε for which the density L^(-α) has no flux.

    Raises ValueError for a level that is not positive.

    Source: derived on the page on continuous time (and Mori, Ziyin, Liu and Ueda 2022).

    >>> invariant_exponent(2.0)
    2.0
    """
    _check(level=level)
    return 1 + 2 / level


def critical_level(codimension: int) -> float:
    """The noise level 4/(k - 2) above which L^(-α) is integrable near the minimizers.

    It is the level at which `tail_exponent` changes its sign, whatever the Hessian. For k <= 2 no
    level suffices, and it is infinite.

    Raises ValueError for a codimension below 1.

    Source: derived on the page on continuous time.

    >>> critical_level(4), critical_level(2)
    (2.0, inf)
    """
    _check_codimension(codimension)
    excess = max(codimension - 2, 0)
    return 4 / excess if excess else np.inf


def tail_exponent(level: float, codimension: int) -> float:
    """κ = 4/ε - (k - 2): in a quadratic bowl the largest distance has P(sup r >= c r₀) = c^(-κ).

    It is positive if and only if paths tend to the minimizers.

    Raises ValueError for a level that is not positive and a codimension below 1.

    Source: derived on the page on continuous time.

    >>> tail_exponent(1.0, 5), tail_exponent(2.0, 5)
    (1.0, -1.0)
    """
    _check(level=level)
    _check_codimension(codimension)
    return 4 / level - (codimension - 2)


def radial_drift(level: float, codimension: int, curvature: float = 1.0) -> float:
    """The drift of log r in the bowl L = λ r²/2: λ (-1 + ε (k - 2)/4), λ = `curvature`.

    For any quadratic L, and λ = 1, it is the drift in the clock ds = 2L/r² dt.

    Raises ValueError for a level or a curvature that is not positive and a codimension below 1.

    Source: derived on the page on continuous time.

    >>> radial_drift(0.5, 10), radial_drift(0.4, 12, curvature=3.0)
    (0.0, 0.0)
    """
    _check(level=level, curvature=curvature)
    _check_codimension(codimension)
    return curvature * (-1 + level * (codimension - 2) / 4)


def moment_growth(
    order: float, level: float, codimension: int, curvature: float = 1.0
) -> float | np.ndarray:
    """The rate g(q) in E r^q = r₀^q exp(g(q) t) for L = λ r²/2: ελ q (q - κ)/4, q = `order`.

    Several orders give an array. Raises ValueError as `radial_drift` does.

    Source: derived on the page on continuous time.

    >>> moment_growth(2.0, 1.0, 5), moment_growth(1.0, 1.0, 5)
    (0.5, 0.0)
    """
    _check(level=level, curvature=curvature)
    kappa = tail_exponent(level, codimension)
    return level * curvature * order * (order - kappa) / 4


def ever_farther(ratio: float, level: float, codimension: int) -> float:
    """The probability c^(-κ) that r ever exceeds c r₀ in a quadratic bowl, c = `ratio` >= 1.

    The Hessian has no influence. It is 1 if κ <= 0. Raises ValueError for a ratio below 1 and as
    `tail_exponent` does.

    Source: derived on the page on continuous time.

    >>> ever_farther(2.0, 1.0, 5), ever_farther(2.0, 2.0, 5)
    (0.5, 1.0)
    """
    if not ratio >= 1:
        raise ValueError(f"ratio={ratio} is below 1; r starts at r₀, so use a number >= 1.")
    return float(ratio ** -max(tail_exponent(level, codimension), 0.0))


def root_slope(smoothness: float) -> float:
    """The Lipschitz constant √(Λ/2) of √L, for L >= 0 and Λ = `smoothness`, that of ∇L.

    Raises ValueError for a smoothness that is not positive.

    Source: derived on the page on continuous time.

    >>> root_slope(2.0)
    1.0
    """
    _check(smoothness=smoothness)
    return float(np.sqrt(smoothness / 2))


def circle_cosine(height: float, level: float) -> float:
    """E cos φ under the density (b - cos φ)^(-α) on the circle, b = `height` > 1, α = 1 + 2/ε.

    With F(a) the hypergeometric function of a/2, (a + 1)/2, 1 at 1/b² it is
    b (1 - F(α - 1)/F(α)).

    Raises ValueError unless height > 1 and level > 0.

    Source: derived on the page on continuous time.

    >>> round(circle_cosine(1.25, 2.0), 12)  # α = 2: 1/b
    0.8
    """
    if not height > 1:
        raise ValueError(f"height={height}: the loss vanishes somewhere; use a number > 1.")
    a, z = invariant_exponent(level) / 2, height**-2
    ratio = hyp2f1(a - 1 / 2, a, 1, z) / hyp2f1(a, a + 1 / 2, 1, z)
    return float(height * (1 - ratio))


def gibbs_cosine(temperature: float) -> float:
    """E cos φ under the Gibbs density exp(cos(φ)/T) on the circle, T = `temperature`: I₁/I₀ (1/T).

    Raises ValueError for a temperature that is not positive.

    Source: the integral representation of Bessel functions.

    >>> round(gibbs_cosine(1.0), 6)
    0.44639
    """
    _check(temperature=temperature)
    return float(i1e(1 / temperature) / i0e(1 / temperature))


def selected_weights(determinants: np.ndarray) -> np.ndarray:
    """Weights det(H)^(-1/2), divided by their sum: what weak noise selects, homogeneous or not.

    `determinants`: those of the Hessians across the minimizers, at places of equal measure. Raises
    ValueError if one of them is not positive.

    Source: derived on the page on continuous time; for homogeneous noise Hwang 1980.

    >>> selected_weights(np.array([1.0, 9.0])).tolist()
    [0.75, 0.25]
    """
    _check(determinants=np.min(determinants))
    weights = np.asarray(determinants) ** -0.5
    return weights / weights.sum()


def divergence(determinant: float | np.ndarray, codimension: int) -> float | np.ndarray:
    """The limit of (k - 2α) ∫ L^(-α) across a minimizer as α rises to k/2, per unit of volume.

    It is 2^(k/2) |S^(k-1)| det(H)^(-1/2) = 2 (2π)^(k/2) / (Γ(k/2) √det H), H the Hessian across
    the minimizers.

    Raises ValueError for a determinant that is not positive and a codimension below 1.

    Source: derived on the page on continuous time.

    >>> float(divergence(4.0, 2).round(6))  # 2π
    6.283185
    """
    _check(determinant=np.min(determinant))
    _check_codimension(codimension)
    half = codimension / 2
    return 2 * (2 * np.pi) ** half / (gamma(half) * np.sqrt(determinant))


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")


def _check_codimension(codimension: int) -> None:
    if codimension < 1:
        raise ValueError(f"codimension={codimension} leaves no direction; use a number >= 1.")
