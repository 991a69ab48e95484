"""Invariant laws of noise that vanishes with the loss: formulas against quadrature and matrices."""

import numpy as np
import pytest
from mathdl.theory import noise as theory
from scipy.integrate import quad, tplquad
from scipy.special import ive


def circle(n=4000):
    return np.arange(n) * 2 * np.pi / n


@pytest.mark.parametrize("level", [0.3, 1.0, 5.0])
def test_the_invariant_density_solves_the_fokker_planck_equation(level):
    """No flux, by differences: -u L' - (ε/2)(L u)' for a loss on the line."""

    def loss(x):
        return 1.3 + np.sin(x) + x**2 / 5

    def weighted(x):
        return loss(x) ** (1 - theory.invariant_exponent(level))

    x, h = 0.7, 1e-5
    u = weighted(x) / loss(x)
    drift = u * (loss(x + h) - loss(x - h)) / (2 * h)
    spread = level / 2 * (weighted(x + h) - weighted(x - h)) / (2 * h)
    assert drift + spread == pytest.approx(0, abs=1e-8 * abs(drift) + 1e-9)
    assert abs(drift) > 1e-3


@pytest.mark.parametrize("k", [3, 5, 10])
def test_the_critical_level_is_where_mass_near_the_minimizers_becomes_infinite(k):
    def mass(level, inner):
        power = k - 1 - 2 * theory.invariant_exponent(level)
        return quad(lambda y: np.exp((power + 1) * y), np.log(inner), 0, limit=400)[0]

    level = theory.critical_level(k)
    for share, grows in ((1.03, False), (0.97, True)):
        rate = mass(share * level, 1e-300) / mass(share * level, 1e-150)
        assert (rate > 2.05) == grows
    at = mass(level, 1e-300) / mass(level, 1e-150)
    assert at == pytest.approx(2, rel=1e-6)


def test_there_is_no_critical_level_in_codimension_one_and_two():
    assert theory.critical_level(1) == theory.critical_level(2) == np.inf


def generator(q, level, k, flat, steep, n=48):
    """The operator A_q on functions of x = cos ψ, for L = flat ρ²/2 + steep z²/2: collocation."""
    j = np.arange(n + 1)
    x = np.cos(np.pi * j / n)
    c = np.where((j == 0) | (j == n), 2.0, 1.0) * (-1.0) ** j
    D = np.outer(c, 1 / c) / (np.subtract.outer(x, x) + np.eye(n + 1))
    D -= np.diag(D.sum(1))
    size = flat + (steep - flat) * x**2
    sphere = (1 - x**2)[:, None] * (D @ D) - ((k - 1) * x)[:, None] * D
    spread = level / 4 * size[:, None] * (sphere + q * (q + k - 2) * np.eye(n + 1))
    turn = ((flat - steep) * (1 - x**2) * x)[:, None] * D
    return spread + turn - q * np.diag(size)


def growth(*args):
    return np.linalg.eigvals(generator(*args)).real.max()


@pytest.mark.parametrize("level, k", [(1.0, 5), (3.0, 5), (0.7, 3), (4.5, 4)])
@pytest.mark.parametrize("steep", [1.0, 0.2, 7.0])
def test_the_tail_exponent_is_the_second_zero_of_the_moment_growth_for_any_hessian(level, k, steep):
    kappa = theory.tail_exponent(level, k)
    assert growth(kappa, level, k, 1.0, steep) == pytest.approx(0, abs=1e-7)
    assert growth(1.1 * kappa + 0.01, level, k, 1.0, steep) != pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("level, k, curvature", [(1.0, 5, 1.0), (0.4, 3, 2.5), (3.0, 4, 0.3)])
def test_moment_growth_and_drift_are_those_of_the_generator(level, k, curvature):
    for q in (-1.5, 0.7, 2.0):
        found = growth(q, level, k, curvature, curvature)
        assert theory.moment_growth(q, level, k, curvature) == pytest.approx(found, abs=1e-7)
    h = 1e-4
    assert theory.radial_drift(level, k) == theory.radial_drift(level, k, 1.0) != 0
    slope = growth(h, level, k, curvature, curvature) - growth(-h, level, k, curvature, curvature)
    assert theory.radial_drift(level, k, curvature) == pytest.approx(slope / (2 * h), rel=1e-5)


def test_the_mean_square_grows_exactly_if_the_level_times_k_exceeds_four():
    assert theory.moment_growth(2.0, 0.8, 5) == pytest.approx(0)
    assert theory.moment_growth(2.0, 0.81, 5) > 0 > theory.moment_growth(2.0, 0.79, 5)


def test_ever_farther_is_the_chance_of_a_random_walk_with_the_same_drift():
    """P(max of a ±s walk >= b): ((1-p)/p)^(b/s), in the limit of small s."""
    level, k, ratio = 1.0, 4, 3.0
    drift, variance, s = -1 + level * (k - 2) / 4, level / 2, 1e-4
    up = 0.5 + drift * s / (2 * variance)
    chance = (up / (1 - up)) ** (np.log(ratio) / s)
    assert theory.ever_farther(ratio, level, k) == pytest.approx(chance, rel=1e-6)
    assert theory.ever_farther(ratio, 3.0, 5) == 1.0
    assert theory.ever_farther(1.0, 0.3, 5) == 1.0


def test_root_slope_is_reached_by_a_parabola_and_by_the_cosine():
    x = np.linspace(-3, 3, 20001)
    for smoothness, loss in ((3.0, 3 * x**2 / 2), (1.0, 1 - np.cos(x))):
        slopes = np.abs(np.diff(np.sqrt(loss)) / np.diff(x))
        assert theory.root_slope(smoothness) == pytest.approx(slopes.max(), rel=1e-4)


@pytest.mark.parametrize("height", [1.1, 2.0])
@pytest.mark.parametrize("level", [0.5, 2.0, 7.0])
def test_circle_cosine_by_summation(height, level):
    phi = circle()
    density = (height - np.cos(phi)) ** (-1 - 2 / level)
    expected = (density * np.cos(phi)).sum() / density.sum()
    assert theory.circle_cosine(height, level) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_gibbs_cosine_by_summation(temperature):
    phi = circle()
    density = np.exp((np.cos(phi) - 1) / temperature)
    expected = (density * np.cos(phi)).sum() / density.sum()
    assert theory.gibbs_cosine(temperature) == pytest.approx(expected, rel=1e-9)


def torus_mass(alpha, curvatures):
    """∫ (Σ λ_j (1 - cos x_j))^(-α) over the torus, by L^(-α) Γ(α) = ∫ s^(α-1) exp(-sL) ds."""
    k, top = len(curvatures), 14.0
    y = np.linspace(-60, top, 30001)
    bessel = np.prod([ive(0, c * np.exp(y)) for c in curvatures], axis=0)
    inside = np.trapezoid(np.exp(alpha * y) * bessel, y)
    tail = np.exp((alpha - k / 2) * top) / (k / 2 - alpha)
    tail /= np.sqrt(np.prod(2 * np.pi * np.array(curvatures)))
    gamma = quad(lambda s: s ** (alpha - 1) * np.exp(-s), 0, np.inf)[0]
    return (2 * np.pi) ** k * (inside + tail) / gamma


def test_the_mass_on_the_torus_by_direct_summation():
    curvatures = (1.0, 4.0, 2.0)
    direct = tplquad(
        lambda x, y, z: (
            sum(c * (1 - np.cos(u)) for c, u in zip(curvatures, (x, y, z), strict=True)) ** -0.5
        ),
        *(0, np.pi) * 3,
        epsabs=1e-3,
        epsrel=1e-3,
    )[0]
    assert torus_mass(0.5, curvatures) == pytest.approx(8 * direct, rel=1e-3)


@pytest.mark.parametrize("curvatures", [(1.0, 1.0, 1.0), (9.0, 2.0, 0.5), (1.0, 2.0, 3.0, 4.0)])
def test_divergence_and_selected_weights_are_limits_of_integrals(curvatures):
    k = len(curvatures)
    alpha = k / 2 - 1e-4
    mass, other = torus_mass(alpha, curvatures), torus_mass(alpha, (1.0,) * k)
    determinant = np.prod(curvatures)
    limit = theory.divergence(determinant, k)
    assert (k - 2 * alpha) * mass == pytest.approx(limit, rel=2e-3)
    weights = theory.selected_weights(np.array([determinant, 1.0]))
    assert weights[0] / weights[1] == pytest.approx(mass / other, rel=2e-3)
    assert weights.sum() == pytest.approx(1)


def test_divergence_takes_several_determinants():
    both = theory.divergence(np.array([1.0, 4.0]), 3)
    assert both[0] == pytest.approx(2 * both[1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.invariant_exponent(0.0),
        lambda: theory.critical_level(0),
        lambda: theory.tail_exponent(-1.0, 3),
        lambda: theory.tail_exponent(1.0, 0),
        lambda: theory.radial_drift(1.0, 3, curvature=0.0),
        lambda: theory.radial_drift(1.0, 0),
        lambda: theory.moment_growth(1.0, 1.0, 3, curvature=0.0),
        lambda: theory.ever_farther(0.9, 1.0, 3),
        lambda: theory.root_slope(0.0),
        lambda: theory.circle_cosine(1.0, 1.0),
        lambda: theory.gibbs_cosine(0.0),
        lambda: theory.selected_weights(np.array([1.0, 0.0])),
        lambda: theory.divergence(0.0, 3),
        lambda: theory.divergence(1.0, 0),
    ],
)
def test_arguments_that_make_no_sense(call):
    with pytest.raises(ValueError, match="use a number"):
        call()
