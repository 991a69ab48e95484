"""Scales: what a deep convolution sees, and what normalization does to the size of weights."""

from collections.abc import Sequence

import numpy as np


def receptive_field(
    sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
) -> int:
    """From the first to the last input that an output sees: 1 + Σ_i δ_i (k_i - 1) Π_{j<i} s_j.

    sizes k_i of the filters, from the input to the output; strides s_i and dilations δ_i, 1 unless
    given.

    Raises ValueError for numbers below 1 and lists of different lengths.

    Source: derived on the page on restricted landscapes.

    >>> receptive_field([3, 3, 3]), receptive_field([3, 3, 3], strides=[2, 2, 2])
    (7, 15)
    """
    jumps, sizes = _jumps(sizes, strides, dilations)
    return 1 + sum(jump * (k - 1) for jump, k in zip(jumps, sizes, strict=True))


def field_variance(
    sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
) -> float:
    """The variance of the place of a random path: Σ_i (δ_i Π_{j<i} s_j)² (k_i² - 1)/12.

    Arguments and errors are those of `receptive_field`.

    Source: derived on the page on restricted landscapes, after Luo et al. 2016.

    >>> field_variance([3, 3, 3]), field_variance([2, 2], strides=[2, 1])
    (2.0, 1.25)
    """
    jumps, sizes = _jumps(sizes, strides, dilations)
    return sum(jump**2 * (k**2 - 1) for jump, k in zip(jumps, sizes, strict=True)) / 12


def field_excess(size: int, depth: int) -> float:
    """Fourth moment over squared variance, less 3, of a path of equal layers: -6(k²+1)/(5ℓ(k²-1)).

    It is 0 for a Gaussian. k = `size`, ℓ = `depth`, strides and dilations 1.

    Raises ValueError unless size >= 2 and depth >= 1.

    Source: derived on the page on restricted landscapes.

    >>> field_excess(3, 1), field_excess(3, 10)
    (-1.5, -0.15)
    """
    if size < 2 or depth < 1:
        raise ValueError(f"size={size}, depth={depth}: use size >= 2 and depth >= 1.")
    return -6 * (size**2 + 1) / (5 * depth * (size**2 - 1))


def field_profile(size: int, depth: int) -> np.ndarray:
    """The law of the sum of ℓ = `depth` uniform steps on 0, ..., k - 1: (ℓ(k - 1) + 1,).

    Raises ValueError unless size >= 1 and depth >= 1.

    Source: derived on the page on restricted landscapes.

    >>> field_profile(2, 2)
    array([0.25, 0.5 , 0.25])
    """
    if size < 1 or depth < 1:
        raise ValueError(f"size={size}, depth={depth}: use numbers that are at least 1.")
    profile = np.ones(1)
    for _ in range(depth):
        profile = np.convolve(profile, np.ones(size) / size)
    return profile


def _jumps(
    sizes: Sequence[int], strides: Sequence[int] | None, dilations: Sequence[int] | None
) -> tuple[list[int], Sequence[int]]:
    """How far apart, in inputs, two neighboring weights of each layer look."""
    strides = [1] * len(sizes) if strides is None else strides
    dilations = [1] * len(sizes) if dilations is None else dilations
    if not len(sizes) == len(strides) == len(dilations):
        raise ValueError("sizes, strides and dilations differ in length; give one for each layer.")
    if min([*sizes, *strides, *dilations, 1]) < 1:
        raise ValueError("sizes, strides and dilations must be at least 1; use positive integers.")
    jumps, spacing = [], 1
    for s, dilation in zip(strides, dilations, strict=True):
        jumps.append(spacing * dilation)
        spacing *= s
    return jumps, sizes


def normalized_growth(
    start: float, step: float, slope: float, steps: int, decay: float = 0.0
) -> float:
    """|w|² after steps on a scale-invariant loss with |∇L(w)| = `slope`/|w|, from |w|² = `start`.

    With η = `step`, γ = `slope` and weight decay λ: r ← (1 - ηλ)² r + η²γ²/r. Without decay
    r²/(2η²γ²t) → 1.

    Raises ValueError unless start, step and slope are positive.

    Source: derived on the page on restricted landscapes.

    >>> normalized_growth(start=1.0, step=1.0, slope=1.0, steps=2)
    2.5
    """
    _check(start=start, step=step, slope=slope)
    r = start
    for _ in range(steps):
        r = (1 - step * decay) ** 2 * r + (step * slope) ** 2 / r
    return r


def decay_equilibrium(step: float, slope: float, decay: float) -> float:
    """The |w|² at which weight decay and growth balance: ηγ/√(ηλ(2 - ηλ)).

    Raises ValueError unless step, slope and decay are positive and step · decay < 1.

    Source: derived on the page on restricted landscapes.

    >>> round(decay_equilibrium(step=1.0, slope=0.6, decay=0.2), 12)
    1.0
    """
    _check(step=step, slope=slope, decay=decay)
    if step * decay >= 1:
        raise ValueError(f"step * decay = {step * decay} leaves nothing; use less than 1.")
    return float(step * slope / np.sqrt(step * decay * (2 - step * decay)))


def normalized_size_bound(
    start: float, step: float, smoothness: float, slope: float, height: float
) -> float:
    """What |w|² never exceeds in gradient descent with any step η on a scale-invariant loss.

    It is max(r, ηΛ + η²G²/r) + 2ηΔ from |w|² = r = `start`: on the unit sphere the Hessian has the
    norm Λ = `smoothness` at most, the gradient G = `slope`, and the loss spans Δ = `height`.

    Raises ValueError unless all are positive.

    Source: derived on the page on restricted landscapes, after Arora, Li and Lyu 2019.

    >>> normalized_size_bound(start=1.0, step=1.0, smoothness=2.0, slope=1.0, height=0.5)
    4.0
    """
    _check(start=start, step=step, smoothness=smoothness, slope=slope, height=height)
    return max(start, step * smoothness + step**2 * slope**2 / start) + 2 * step * height


def normalization_leak(variance: float, covariance: float, epsilon: float) -> float:
    """⟨w, ∇L⟩ for L = ½ mean (ẑ - y)², ẑ = (w·x - mean)/√(s² + ε): it is 0 only for ε = 0.

    s² = `variance` of w·x and c = `covariance` of w·x and y: ε s²/(s² + ε)² - ε c/(s² + ε)^{3/2}.

    Raises ValueError unless variance is positive and epsilon >= 0.

    Source: derived on the page on restricted landscapes.

    >>> normalization_leak(variance=1.0, covariance=0.0, epsilon=1.0)
    0.25
    """
    _check(variance=variance)
    if epsilon < 0:
        raise ValueError(f"epsilon={epsilon} is negative; use a number >= 0.")
    total = variance + epsilon
    return epsilon * variance / total**2 - epsilon * covariance / total**1.5


def _check(**positive: float) -> None:
    for name, value in positive.items():
        if not value > 0:
            raise ValueError(f"{name}={value} is not positive; use a number > 0.")
