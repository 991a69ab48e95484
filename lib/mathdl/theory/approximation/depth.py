"""Depth: squaring, sawtooths, pieces and regions, path norms of deep networks, flows.

Throughout, σ(t) = max(t, 0), L is a number of hidden layers or of residual blocks, m a width and p
a number of affine pieces. Where no other source is named, the formula is derived on the page on
depth.
"""

from math import atan, comb, e, exp, expm1, log1p, pi, prod, sqrt


def squaring_error(L: int) -> float:
    """The greatest distance on [0, 1] between x² and x - Σ_{s≤L} g^{∘s}(x)/4^s: 4^{-(L+1)}.

    g is the hat with g(0) = g(1) = 0 and g(1/2) = 1. The sum is the interpolant of x² on 2^L cells.

    Source: Yarotsky 2017 (the construction).

    >>> squaring_error(0), squaring_error(1)
    (0.25, 0.0625)
    """
    return 4.0 ** -(L + 1)


def squaring_mean_square(L: int) -> float:
    """The integral over [0, 1] of the squared error of `squaring_error`: 16^{-L}/30.

    >>> squaring_mean_square(0) == 1 / 30
    True
    """
    return 16.0**-L / 30


def squaring_by_pieces(p: int) -> float:
    """The least greatest distance on [0, 1] from x² of a function with p affine pieces: 1/(8p²).

    >>> squaring_by_pieces(2)
    0.03125
    """
    return 1 / (8 * p**2)


def piece_bound(widths: list[int]) -> int:
    """An upper bound for the number of affine pieces of a ReLU network R → R: Π (m_l + 1).

    widths are those of the hidden layers. It is attained if there is one, or if all are 3.

    >>> piece_bound([2, 2, 2])
    27
    """
    return prod(m + 1 for m in widths)


def sawtooth_pieces(L: int) -> int:
    """The number of affine pieces of the sawtooth g^{∘L} on [0, 1], and its slope: 2^L.

    Source: Telgarsky 2016.

    >>> sawtooth_pieces(6)
    64
    """
    return 2**L


def crossing_bound(L: int, p: int) -> float:
    """A lower bound for ∫|g^{∘L} - h| over [0, 1], h continuous with p affine pieces.

    It is 1/8 - (p + 1)/2^{L+2}, by counting how often h crosses 1/2.

    Source: the argument is that of Telgarsky 2016; the constant is derived on the page on depth.

    >>> crossing_bound(4, 1)
    0.09375
    """
    return 1 / 8 - (p + 1) / 2 ** (L + 2)


def moment_bound(L: int, p: int) -> float:
    """A lower bound for ∫|g^{∘L} - h| over [0, 1], h any function with p affine pieces.

    It is 1/4 - 3p/2^{L+2}; 1/4 is the distance of the constant 1/2.

    >>> moment_bound(4, 1)
    0.203125
    """
    return 1 / 4 - 3 * p / 2 ** (L + 2)


def follower_distance(L: int, p: int) -> float:
    """∫|g^{∘L} - h| for the h with p pieces that follows the sawtooth as long as it can.

    h equals g^{∘L} on its first p - 1 monotone branches, the last of them only up to the height
    1/2, where it stays. The value is 1/4 - (2p - 3)/2^{L+3}, for 2 <= p <= 2^L + 1.

    >>> follower_distance(3, 2)
    0.234375
    """
    return 1 / 4 - (2 * p - 3) / 2 ** (L + 3)


def blind_distance() -> float:
    """∫|g^{∘L} - h| at least, if the kinks of h are at multiples of 2/2^L: 1/4, for every L.

    >>> blind_distance()
    0.25
    """
    return 1 / 4


def cosine_distance() -> float:
    """∫|g^{∘L}(x) - (1 - cos(2^L πx))/2| over [0, 1]: 1/π - 1/4, for every L.

    >>> round(cosine_distance(), 4)
    0.0683
    """
    return 1 / pi - 1 / 4


def regions(m: int, d: int) -> int:
    """The number of regions that m hyperplanes in general position make in R^d: Σ_{i≤d} C(m, i).

    Source: Schläfli; Zaslavsky 1975 (arrangements in any position).

    >>> [regions(m, 2) for m in (5, 8, 12)]
    [16, 37, 79]
    """
    return sum(comb(m, i) for i in range(d + 1))


def central_regions(m: int, d: int) -> int:
    """The number of regions of m >= 1 hyperplanes through 0, otherwise in general position, in R^d.

    It is 2 Σ_{i<d} C(m-1, i).

    Source: Schläfli; Cover 1965.

    >>> [central_regions(m, 2) for m in (1, 5, 8)]
    [2, 10, 16]
    """
    return 2 * sum(comb(m - 1, i) for i in range(d))


def regions_in_disk(m: int) -> float:
    """The mean number of regions that m random lines make in the unit disk: 1 + m + m(m-1)/4.

    The lines are w·x = b with w uniform on the unit circle and b uniform on [-1, 1], independent.

    >>> regions_in_disk(12)
    46.0
    """
    return 1 + m + comb(m, 2) / 2


def kink_probability(tau: float) -> float:
    """The probability that σ(wx + b) has its kink in [-1, 1], w ~ N(0, 1), b ~ N(0, tau²).

    It is (2/π) arctan(1/tau).

    >>> round(kink_probability(1.0), 12)
    0.5
    """
    return 2 / pi * atan(1 / tau)


def sawtooth_path_norm(L: int, biases: bool) -> float:
    """The path norm of order 1 of L layers g(x) = 2σ(x) - 4σ(x - 1/2) on top of each other.

    It is 6^L if biases cost nothing and (7·6^L - 2)/5 if they count.

    >>> sawtooth_path_norm(1, biases=False), sawtooth_path_norm(1, biases=True)
    (6.0, 8.0)
    """
    return (7 * 6.0**L - 2) / 5 if biases else 6.0**L


def frobenius_growth(factor: float) -> float:
    """What scaling one of two equal neurons by `factor` does to the product of Frobenius norms.

    The network is σ(x) + σ(x); its first neuron becomes σ(factor x)/factor. The product grows by
    (factor + 1/factor)/2.

    >>> frobenius_growth(1.0)
    1.0
    """
    return (factor + 1 / factor) / 2


def tree_error_bound(L: int, m: int) -> float:
    """The L² error, relative to the norm, that a tree of L layers with m branches attains: L/√m.

    Source: E and Wojtowytsch 2020 (the rate); the constant is derived on the page on depth.

    >>> tree_error_bound(2, 16)
    0.5
    """
    return L / sqrt(m)


def coin_variance(m: int, shared: bool) -> float:
    """m times the variance of the two-level averages of coins.

    a_i and a_ij are fair coins with values 0 and 1. In a tree the average is Σ_ij a_i a_ij/m², in
    a network whose upper neurons share the lower ones it is Σ_ij a_i a_j'/m². The values are
    1/16 + 1/(8m) and 1/8 + 1/(16m).

    >>> coin_variance(2, shared=False), coin_variance(2, shared=True)
    (0.125, 0.15625)
    """
    return 1 / 8 + 1 / (16 * m) if shared else 1 / 16 + 1 / (8 * m)


def path_norm_growth(norms: list[float], d: int, loss: float, t: float) -> float:
    """A bound for the path norm of a deep network after time t of gradient flow.

    norms are the mean-square norms of the layers at time 0, d the input dimension and `loss` the
    loss at time 0, which is at least 0 later on. The value is √d Π (norm + √(t loss)).

    Source: E and Wojtowytsch 2020 (polynomial growth); derived on the page on depth.

    >>> path_norm_growth([1.0, 1.0], d=4, loss=1.0, t=4.0)
    18.0
    """
    return sqrt(d) * prod(norm + sqrt(t * loss) for norm in norms)


def euler_gap(L: int) -> float:
    """L (e - (1 + 1/L)^L): L times what L Euler steps of z' = z, z(0) = 1, miss of z(1) = e.

    >>> round(euler_gap(1), 12) == round(e - 2, 12)
    True
    """
    return -e * L * expm1(L * log1p(1 / L) - 1)


def euler_gap_limit() -> float:
    """The limit of `euler_gap(L)`: e/2.

    >>> round(euler_gap_limit(), 4)
    1.3591
    """
    return e / 2


def euler_gap_bounds(L: int) -> tuple[float, float]:
    """Numbers between which `euler_gap(L)` lies: eL/(2L + 2) and eL/(2L + 1).

    >>> low, high = euler_gap_bounds(1)
    >>> low < euler_gap(1) < high
    True
    """
    return e * L / (2 * L + 2), e * L / (2 * L + 1)


def flow_norm() -> float:
    """The flow-induced norm on [0, 1] of x ↦ ex, with every weight >= 1 of a block: e.

    >>> round(flow_norm(), 4)
    2.7183
    """
    return e


def weighted_path_norm(L: int) -> float:
    """The path norm of L Euler steps of z' = σ(z), a block counting three times: (1 + 3/L)^L.

    Source: the weight 3 is that of E, Ma and Wang 2019.

    >>> weighted_path_norm(3)
    8.0
    """
    return (1 + 3 / L) ** L


def weighted_path_norm_limit() -> float:
    """The limit of `weighted_path_norm(L)`: e³.

    >>> round(weighted_path_norm_limit(), 3)
    20.086
    """
    return exp(3)


def weighted_flow_norm(right: float, left: float, weight: float) -> float:
    """The flow-induced norm on [-1, 1] of x ↦ right·x for x > 0, left·x for x < 0.

    A block counts `weight` >= 1 times. The norm is weight·|right - left| + the distance of 0 from
    the interval between the two slopes. For z(1) of z' = σ(z) it is 1 + weight·(e - 1).

    >>> weighted_flow_norm(right=3.0, left=1.0, weight=3.0)
    7.0
    """
    low, high = min(right, left), max(right, left)
    return weight * (high - low) + max(low, -high, 0.0)
