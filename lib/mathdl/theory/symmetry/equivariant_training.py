"""What training that respects a symmetry cannot learn, and what pooling does to a class.

The share that is not learned is E‖f̂ - f*‖² / ‖f*‖², noiseless labels, n independent inputs.
"""

from math import comb, cos, exp, lgamma, pi, sin, sqrt

POOLING = {"average": 0.0, "unit": 0.5, "sum": 1.0}  # powers of the number of patches


def harmonic_dimension(d: int, degree: int = 2) -> int:
    """The number of spherical harmonics of a degree ℓ in d variables that are independent.

    It is C(d + ℓ - 1, ℓ) - C(d + ℓ - 3, ℓ - 2), the homogeneous polynomials less those that the
    Laplace operator maps them onto: d for linear functions and d (d + 1)/2 - 1 for quadratic ones.

    Raises ValueError unless d >= 2 and degree >= 1.

    Source: Stein and Weiss 1971, chapter IV.

    >>> harmonic_dimension(10), harmonic_dimension(10, degree=1)
    (54, 10)
    """
    if d < 2 or degree < 1:
        raise ValueError(f"d={d}, degree={degree}: use d >= 2 and degree >= 1.")
    image = comb(d + degree - 3, degree - 2) if degree >= 2 else 0
    return comb(d + degree - 1, degree) - image


def unlearned_share(n: int, dimension: int) -> float:
    """What n samples leave unlearned in an irreducible space of p functions: max(0, 1 - n/p).

    Exactly, in the mean, for regression of least norm in the space; at least, for every rule that
    is equivariant and linear in the labels. p = `dimension`.

    Raises ValueError for n < 0 and dimension < 1.

    Source: derived on the page on what equivariant training cannot learn.

    >>> unlearned_share(27, dimension=54), unlearned_share(60, dimension=54)
    (0.5, 0.0)
    """
    if n < 0 or dimension < 1:
        raise ValueError(f"n={n}, dimension={dimension}: use n >= 0 and dimension >= 1.")
    return max(0.0, 1 - n / dimension)


def sign_step_gap(angle: float) -> float:
    """How far a step of size sign(g) is from being the same in a plane rotated by φ = `angle`.

    E|s(g) - U⁻¹ s(Ug)|² / |s(g)|² for a gradient g of uniform direction in R²; s takes the sign of
    each entry. It is 2 - 2 (1 - 2φ/π) cos φ - 2 (2φ/π) sin φ for 0 <= φ <= π/2.

    Raises ValueError for other angles.

    Source: derived on the page on what equivariant training cannot learn.

    >>> sign_step_gap(0.0), round(sign_step_gap(pi / 4), 4), round(sign_step_gap(pi / 2), 12)
    (0.0, 0.5858, 0.0)
    """
    if not 0 <= angle <= pi / 2:
        raise ValueError(f"angle={angle}: use an angle from 0 to π/2.")
    next_quadrant = 2 * angle / pi
    return 2 - 2 * (1 - next_quadrant) * cos(angle) - 2 * next_quadrant * sin(angle)


def random_sign_step_gap(d: int) -> float:
    """The same in R^d for a rotation drawn at random: 2 - 2d (E|v₁|)², v uniform on the sphere.

    It tends to 2 - 4/π as d grows. Raises ValueError for d < 2.

    Source: derived on the page on what equivariant training cannot learn.

    >>> round(random_sign_step_gap(2), 4), round(random_sign_step_gap(10**6), 4)
    (0.3789, 0.7268)
    """
    if d < 2:
        raise ValueError(f"d={d} has no rotations; use d >= 2.")
    mean_entry = sqrt(2 / pi) / mean_gaussian_length(d)
    return 2 - 2 * d * mean_entry**2


def mean_gaussian_length(k: int) -> float:
    """E|g| for g ~ N(0, I_k), √2 Γ((k + 1)/2) / Γ(k/2); raises ValueError for k < 1.

    >>> round(mean_gaussian_length(3) ** 2 * pi, 12)
    8.0
    """
    if k < 1:
        raise ValueError(f"k={k} is no dimension; use k >= 1.")
    return sqrt(2) * exp(lgamma((k + 1) / 2) - lgamma(k / 2))


def patch_complexity(k: int, patches: int, n: int, pooling: str) -> float:
    """Rademacher complexity of one linear filter, |w| <= 1, over disjoint patches, Gaussian data.

    n inputs N(0, I_{kP}) are cut into P = `patches` patches of k entries; the class holds
    c Σ_j w·x_(j) with c = 1/P (pooling "average"), 1/√P ("unit": the length |w| is that of the
    fully connected weights) or 1 ("sum"). The mean complexity is c √P E|g_k| / √n. With one patch
    it is that of all linear functions of length 1.

    Raises ValueError for another pooling, and for sizes that are not positive.

    Source: derived on the page on what equivariant training cannot learn.

    >>> round(patch_complexity(1, 4, 1, "average") / patch_complexity(1, 1, 1, "average"), 12)
    0.5
    """
    if min(patches, n) < 1:
        raise ValueError(f"patches={patches}, n={n}: use numbers >= 1.")
    return _factor(patches, pooling) * sqrt(patches / n) * mean_gaussian_length(k)


def patch_ratio_bound(patches: int, pooling: str) -> float:
    """The most that the filters of `patch_complexity` can have, over all linear functions: c √P.

    For all data. Raises ValueError as `patch_complexity` does.

    Source: derived on the page on what equivariant training cannot learn.

    >>> [patch_ratio_bound(4, pooling) for pooling in POOLING]
    [0.5, 1.0, 2.0]
    """
    if patches < 1:
        raise ValueError(f"patches={patches}: use a number >= 1.")
    return _factor(patches, pooling) * sqrt(patches)


def _factor(patches: int, pooling: str) -> float:
    if pooling not in POOLING:
        raise ValueError(f"pooling={pooling!r} is unknown; use average, unit or sum.")
    return patches ** (POOLING[pooling] - 1)
