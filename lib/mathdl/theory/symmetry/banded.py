"""Convolution as a linear map: entries, singular values, what a dense layer needs instead, and
how much of its symmetry padding and strides destroy.

A filter a of q₁ × q₂ weights acts on images with size = (h, w) by (a x)_i = Σ_u a_u x_{i+u}; the
offsets u run from -⌊(q-1)/2⌋ to ⌊q/2⌋ along each axis.
"""

from collections.abc import Sequence

import numpy as np


def filter_entries(filter_size: int, size: tuple[int, int], padding: str) -> int:
    """How many entries of the matrix of a q × q filter on h × w images are not 0, if no weight is.

    With circular padding q² hw, and with zeros (q h - z)(q w - z), z = ⌊q²/4⌋: the offset u
    leaves h - |u| rows.

    Raises ValueError for another padding and unless 1 <= q <= h, w.

    Source: derived on the page on convolution.

    >>> filter_entries(3, (8, 8), "circular"), filter_entries(3, (8, 8), "zeros")
    (576, 484)
    """
    q, (h, w) = filter_size, size
    if not 1 <= q <= min(h, w):
        raise ValueError(f"filter_size={q} does not fit {size}; use 1 to {min(h, w)}.")
    if padding not in ("circular", "zeros"):
        raise ValueError(f"padding={padding!r} is unknown; use circular or zeros.")
    lost = q**2 // 4 if padding == "zeros" else 0
    return (q * h - lost) * (q * w - lost)


def filter_singular_values(filter: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The hw singular values of a filter with circular padding, from the largest.

    They are |Σ_u a_u e^{ik·u}|; k runs over the frequencies (2π i/h, 2π j/w).

    Raises ValueError for a filter larger than the image.

    Source: circulant matrices are diagonal in the Fourier basis (Davis 1979); proved on the page
    on convolution.

    >>> filter_singular_values(np.array([[1.0, -1.0]]), (1, 4)).round(6).tolist()
    [2.0, 1.414214, 1.414214, 0.0]
    """
    a = _filter(filter)
    if a.shape[0] > size[0] or a.shape[1] > size[1]:
        raise ValueError(f"filter of shape {a.shape} does not fit {size}; use a smaller one.")
    return np.sort(np.abs(np.fft.fft2(a, size)).ravel())[::-1]


def dense_error_bound(singular_values: np.ndarray, m: int, second: float) -> float:
    """What every function of m directions misses of Σ_i φ(w_i·x), in mean square: C Σ_{j>m} s_j⁴.

    x ~ N(0, I), w_i unit vectors, s_1 >= s_2 >= ... the singular values of the matrix of the w_i,
    and C = `second` the square of the second Hermite coefficient of φ: 1/π for φ(z) = |z|, and 2
    for φ(z) = z². For quadratic φ the bound is attained.

    Raises ValueError for m < 0.

    Source: derived on the page on convolution.

    >>> dense_error_bound(np.ones(4), 1, second=2.0)  # three squares of variance 2 lack
    6.0
    """
    if m < 0:
        raise ValueError(f"m={m} is no number of directions; use m >= 0.")
    s = np.sort(np.asarray(singular_values, dtype=float))[::-1]
    return float(second * (s[m:] ** 4).sum())


def absolute_energy(correlations: np.ndarray) -> float:
    """The variance of Σ_i |z_i| for standard normal z_i with these correlations ρ (M, M).

    It is Σ_ij (κ(ρ_ij) - 2/π) with κ(ρ) = (2/π)(√(1-ρ²) + ρ arcsin ρ) = E|z_i z_j|. If Q = W P Wᵀ
    for the projection P on some directions takes the place of ρ = W Wᵀ, it is the variance of the
    best function of these directions.

    Raises ValueError for an entry outside [-1, 1].

    Source: E|z_i z_j| as in Nabeya 1951; the rest is derived on the page on convolution.

    >>> round(absolute_energy(np.eye(2)), 6)  # 2 (1 - 2/π)
    0.72676
    """
    rho = np.asarray(correlations, dtype=float)
    if not (np.abs(rho) <= 1 + 1e-9).all():
        raise ValueError("correlations has an entry outside [-1, 1]; use unit vectors.")
    rho = np.clip(rho, -1, 1)
    kappa = (2 / np.pi) * (np.sqrt(1 - rho**2) + rho * np.arcsin(rho))
    return float((kappa - 2 / np.pi).sum())


def commutant_dimension(action: str, n: int) -> int:
    """The dimension of the linear maps that commute with a group, by counting orbits of pairs.

    "cyclic": shifts of n points, n; "dihedral": with reflections, ⌊n/2⌋ + 1; "symmetric": all
    permutations, 2 (1 if n = 1); "shifts": of n × n images on the torus, n²; "rotations": of n × n
    images by right angles, ⌈n⁴/4⌉; "sign flips": of n coordinates, n.

    Raises ValueError for another action and for n < 1.

    Source: derived on the page on convolution.

    >>> [commutant_dimension(G, 8) for G in ("cyclic", "dihedral", "symmetric")]
    [8, 5, 2]
    """
    if n < 1:
        raise ValueError(f"n={n} is not a size; use n >= 1.")
    dimensions = {
        "cyclic": n,
        "dihedral": n // 2 + 1,
        "symmetric": min(n, 2),
        "shifts": n**2,
        "rotations": -(-(n**4) // 4),  # rounded up
        "sign flips": n,
    }
    if action not in dimensions:
        raise ValueError(f"action={action!r} is unknown; use one of {list(dimensions)}.")
    return dimensions[action]


def twirl_share(dimension: int, N: int) -> tuple[float, float]:
    """Mean and variance of |TA|²/|A|² for the twirl T of a Gaussian N × N matrix A.

    The share of its energy in a space of k = `dimension` has the law Beta(k/2, (N² - k)/2), with
    the mean k/N² and the variance 2k (N² - k)/(N⁴ (N² + 2)).

    Raises ValueError unless 1 <= k <= N².

    Source: derived on the page on convolution.

    >>> mean, variance = twirl_share(8, 8)
    >>> mean, round(variance, 6)
    (0.125, 0.003314)
    """
    k, p = dimension, N**2
    if not 1 <= k <= p:
        raise ValueError(f"dimension={k} does not fit N={N}; use 1 to {p}.")
    return k / p, 2 * k * (p - k) / (p**2 * (p + 2))


def padding_defect(filter: np.ndarray, size: tuple[int, int], shift: tuple[int, int]) -> float:
    """How far a filter with zero padding is from commuting with a shift T of the torus.

    E|Z T x - T Z x|²/E|C x|² for white noise x, where Z pads with zeros and C circularly. It is
    2 Σ_u a_u² (Π_k L_k - Π_k (L_k - e_k)) / (hw |a|²) over the two axes k: the offset u leaves
    L = N - |u| pixels along an axis of N pixels, and e = min(|u|, L, c, N - c) for the shift c.

    Raises ValueError for a filter larger than the image.

    Source: derived on the page on convolution.

    >>> padding_defect(np.array([[1.0, 1.0, 1.0]]), (1, 10), (0, 4))  # 4 of 30 entries
    0.13333333333333333
    """
    a = _filter(filter)
    if a.shape[0] > size[0] or a.shape[1] > size[1]:
        raise ValueError(f"filter of shape {a.shape} does not fit {size}; use a smaller one.")
    all_rows, common_rows = _overlap(a.shape[0], size[0], shift[0])
    all_columns, common_columns = _overlap(a.shape[1], size[1], shift[1])
    differ = np.outer(all_rows, all_columns) - np.outer(common_rows, common_columns)
    return float(2 * (a**2 * differ).sum() / (size[0] * size[1] * (a**2).sum()))


def subsampling_defect(filter: np.ndarray, offset: tuple[int, int]) -> float:
    """How far a filter followed by a stride is from commuting with a shift: 2 (1 - r(v)).

    r(v) = Σ_u a_u a_{u+v}/|a|² is the autocorrelation of the filter, v = `offset` what the shift
    leaves to the multiple of the stride that it is compared with. It is E|difference|² over the
    energy of the output, for white noise on a torus that is larger than filter and offset together.

    Source: derived on the page on convolution.

    >>> subsampling_defect(np.ones((1, 4)), (0, 1))  # a box of 4 pixels: 2 (1 - 3/4)
    0.5
    """
    a = _filter(filter)
    rows, columns = (abs(v) for v in offset)
    if offset[0] * offset[1] < 0:
        a = a[:, ::-1]
    overlap = (a[rows:, columns:] * a[: a.shape[0] - rows, : a.shape[1] - columns]).sum()
    return float(2 * (1 - overlap / (a**2).sum()))


def _filter(filter: np.ndarray) -> np.ndarray:
    a = np.asarray(filter, dtype=float)
    if a.ndim != 2 or not a.any():
        raise ValueError(f"filter has shape {a.shape} or is 0; use a matrix of weights.")
    return a


def _overlap(q: int, n: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    """For each offset: how many pixels it leaves, and how many of them the shift c leaves there."""
    u = np.abs(np.arange(q) - (q - 1) // 2)
    moved: Sequence[int] = (c % n, -c % n)
    return n - u, n - u - np.minimum(np.minimum(u, n - u), min(moved))
