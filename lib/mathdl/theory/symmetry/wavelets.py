"""Wavelet banks and scattering on the torus: energies, shifts, deformations.

The low-pass filter of width σ on the N^d points of a torus is the heat kernel, with the Fourier
transform φ̂(ω) = exp(-σ² Σ_i (1 - cos ω_i)).
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ive


def heat_overlap(shift: Sequence[int], sigma: float, size: int) -> float:
    """The inner product ⟨φ, φ(· - c)⟩ of the heat kernel with its shift by c = `shift`.

    On a torus with `size` = N points a side it is the product over the coordinates of
    exp(-2σ²) Σ_n I_{c_i + nN}(2σ²), with modified Bessel functions. At c = 0 it is the energy of
    the filter, and the least share that it keeps of a nonnegative signal.

    Raises ValueError for a width σ < 0 and for a size < 1.

    Source: derived on the page on scattering.

    >>> heat_overlap([0, 0], 0.0, 16)
    1.0
    """
    _check(sigma, size)
    far = math.ceil(TAIL * sigma / size)
    turns = size * np.array(range(-far - 2, far + 3))
    return math.prod(float(ive(np.abs(c + turns), 2 * sigma**2).sum()) for c in shift)


def band_share(before: float, sigma: float, size: int, dimension: int = 1) -> float:
    """The share of energy that the wavelets between two widths take of an impulse, or of noise.

    It is the energy of the heat kernel of width `before` minus that of width `sigma`.

    Raises ValueError for widths that decrease, for a width < 0 and for a size < 1.

    Source: derived on the page on scattering.

    >>> round(band_share(0.0, 100.0, 4), 12)  # all but the mean
    0.75
    """
    if before > sigma:
        raise ValueError(f"before={before} exceeds sigma={sigma}; give widths that increase.")
    center = [0] * dimension
    return heat_overlap(center, before, size) - heat_overlap(center, sigma, size)


def impulse_shift(shift: Sequence[int], sigma: float, size: int) -> float:
    """How far the averaged impulse moves, ‖φ(· - c) - φ‖ for the heat kernel of width σ.

    c = `shift`. Raises ValueError as `heat_overlap` does.

    Source: derived on the page on scattering.

    >>> round(impulse_shift([1], 0.0, 16) ** 2, 12)
    2.0
    """
    center = [0] * len(shift)
    moved = heat_overlap(center, sigma, size) - heat_overlap(shift, sigma, size)
    return math.sqrt(2 * moved)


def shift_bound(shift: Sequence[int], sigma: float, energies: Sequence[float]) -> float:
    """The most that the scattering transform moves under a shift: |c| e^{-1/2}/σ (Σ_k e_k)^{1/2}.

    c = `shift`, σ = `sigma` the width of the last average, e_k = `energies`: ‖U_k x‖² by layer.

    Raises ValueError unless σ > 0.

    Source: derived on the page on scattering.

    >>> round(shift_bound([3, 4], 1.0, [1.0]) ** 2 * math.e, 12)
    25.0
    """
    if not sigma > 0:
        raise ValueError(f"sigma={sigma} does not average; use a width > 0.")
    return math.hypot(*shift) / sigma * math.sqrt(sum(energies) / math.e)


def residual_bound(layer: int, energy: float) -> float:
    """The most that is left in layer k: ‖U_k x‖²/‖x‖² <= (1 - q)^{k-1}, q = `energy` = ‖φ‖².

    Raises ValueError for a layer < 1 and unless 0 <= q <= 1.

    Source: derived on the page on scattering.

    >>> residual_bound(3, 0.5)
    0.25
    """
    if layer < 1:
        raise ValueError(f"layer={layer} holds a signed signal; use a layer >= 1.")
    if not 0 <= energy <= 1:
        raise ValueError(f"energy={energy} is no share; use 0 <= energy <= 1.")
    return (1 - energy) ** (layer - 1)


def ideal_pair(distance: int, cutoff: int, size: int) -> float:
    """What an ideal low-pass keeps of two impulses, relative to its energy times theirs.

    The filter keeps the frequencies -K, ..., K of `size` = N, K = `cutoff`. With the impulses t =
    `distance` apart it is 1 + sin(π(2K+1)t/N) / ((2K+1) sin(πt/N)).

    Raises ValueError for a distance that is a multiple of the size.

    Source: derived on the page on scattering.

    >>> ideal_pair(4, 0, 16)
    2.0
    """
    if distance % size == 0:
        raise ValueError(f"distance={distance} puts both impulses at one point; move one.")
    kept = 2 * cutoff + 1
    angle = math.pi * distance / size
    return 1 + math.sin(kept * angle) / (kept * math.sin(angle))


def wavelet_constant() -> float:
    """‖ψ‖₁ + ‖tψ'‖₁ of the analytic Gaussian wavelet, ψ̂ = (2e^{-ω²} - 2e^{-4ω²})^{1/2} for ω > 0.

    The integrals over the line are sums over a fine grid; they do not depend on the scale of ψ.

    Source: derived on the page on scattering.

    >>> round(wavelet_constant(), 3)
    2.865
    """
    frequency = np.arange(GRID) * SPACING
    psi = np.sqrt(2 * np.exp(-(frequency**2)) - 2 * np.exp(-((2 * frequency) ** 2)))
    time = np.fft.fftfreq(GRID, SPACING / (2 * np.pi))
    values = np.fft.ifft(np.stack([psi, 1j * frequency * psi]))  # of ψ and ψ', times a constant
    return float(np.sum(np.abs(values[0]) + np.abs(time * values[1])))


def deformation_bound(
    slope: float,
    displacement: float,
    sigma: float,
    scales: int,
    lengths: Sequence[float],
) -> float:
    """The most that the scattering transform moves under a deformation t ↦ t - τ(t) of a circle.

    With κ = `slope` = sup|τ'|, D = `displacement` = sup|τ|, the width σ = `sigma` of the last
    average, J = `scales` and ℓ_k = `lengths` = ‖U_k x‖ by layer it is

        (κ (4 + J C²)^{1/2}/(1 - κ)^{3/2} + (2/π)^{1/2} D/(σ (1 - κ)^{1/2})) Σ_k ℓ_k

    with C = `wavelet_constant()`.

    Raises ValueError unless 0 <= κ < 1 and σ > 0.

    Source: derived on the page on scattering.

    >>> round(deformation_bound(0.0, 1.0, 1.0, 8, [1.0]) ** 2 * math.pi, 12)
    2.0
    """
    if not 0 <= slope < 1:
        raise ValueError(f"slope={slope} folds the circle; use 0 <= slope < 1.")
    if not sigma > 0:
        raise ValueError(f"sigma={sigma} does not average; use a width > 0.")
    bank = math.sqrt(4 + scales * wavelet_constant() ** 2)
    stretched = slope * bank / (1 - slope) ** 1.5
    moved = math.sqrt(2 / math.pi) * displacement / (sigma * math.sqrt(1 - slope))
    return (stretched + moved) * sum(lengths)


def stretching_speed(frequency: np.ndarray, scales: int) -> np.ndarray:
    """How fast the Gaussian bank moves when a wave of that frequency is stretched, γ_J(ω).

    With widths 2^j, j = 0, ..., J = `scales`, and a_j = (2^j ω)² it is the root of

        a_J² exp(-a_J) + Σ_{j<J} a_j² exp(-a_j) (4 exp(-3 a_j) - 1)²/(1 - exp(-3 a_j)).

    Raises ValueError unless the frequency is positive and scales >= 1.

    Source: derived on the page on scattering.

    >>> round(float(stretching_speed(1.0, 1)) ** 2 * math.e, 3)  # = (4/e³ - 1)²/(1 - 1/e³) + 16/e³
    1.472
    """
    omega = np.asarray(frequency, dtype=float)
    if not (omega > 0).all():
        raise ValueError("frequency has values <= 0; use positive ones.")
    if scales < 1:
        raise ValueError(f"scales={scales} gives no wavelets; use scales >= 1.")
    a = omega[..., None] ** 2 * 4.0 ** np.arange(scales)
    waves = a**2 * np.exp(-a) * (4 * np.exp(-3 * a) - 1) ** 2 / -np.expm1(-3 * a)
    low = omega**2 * 4.0**scales
    return np.sqrt(low**2 * np.exp(-low) + waves.sum(-1))


def fourier_modulus_change(frequency: float, width: float, dilation: float) -> float:
    """‖|x̂_s| - |x̂|‖/‖x̂‖ of the packet x = exp(-t²/2w² + iξt) and the dilated x_s(t) = x(st).

    ξ = `frequency`, w = `width`, s = `dilation`: the square is
    1 + 1/s - 2 (2/(s² + 1))^{1/2} exp(-(wξ(1-s))²/(2(1 + s²))).

    Raises ValueError unless s > 0.

    Source: derived on the page on scattering.

    >>> fourier_modulus_change(3.0, 10.0, 1.0)
    0.0
    """
    if not dilation > 0:
        raise ValueError(f"dilation={dilation} is no dilation; use a number > 0.")
    sum_of_squares = 1 + dilation**2
    apart = (width * frequency * (1 - dilation)) ** 2 / (2 * sum_of_squares)
    common = math.sqrt(2 / sum_of_squares) * math.exp(-apart)
    return math.sqrt(1 + 1 / dilation - 2 * common)


def nyquist_distance(sigma: float) -> float:
    """‖Sx - S(-x)‖/‖2x‖ for x = (-1)^t: only the average of x itself differs, by e^{-2σ²}.

    Source: derived on the page on scattering.

    >>> nyquist_distance(0.0)
    1.0
    """
    return math.exp(-2 * sigma**2)


TAIL = 12  # widths from the center, beyond which the heat kernel is 0
GRID, SPACING = 2**20, 2.5e-4  # frequencies of the integrals


def _check(sigma: float, size: int) -> None:
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma} is no width; use a number >= 0.")
    if size < 1:
        raise ValueError(f"size={size} is no torus; use a size >= 1.")
