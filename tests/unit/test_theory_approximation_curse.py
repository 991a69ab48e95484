"""Closed forms on the curse of dimensionality against quadrature, brute force and optimization."""

from itertools import product
from math import gamma, inf, log, pi, sqrt

import numpy as np
import pytest
from mathdl.theory import approximation as theory
from scipy.integrate import quad
from scipy.optimize import minimize_scalar


@pytest.mark.parametrize("d, n", [(1, 7), (2, 15), (2, 16), (3, 26), (3, 27)])
def test_covering_error_is_that_of_the_best_of_the_grids(d, n):
    radii = []
    for k in range(1, 9):
        if k**d > n:
            break
        centers = np.array(list(product((np.arange(k) + 0.5) / k, repeat=d)))
        corners = np.array(list(product(np.arange(k + 1) / k, repeat=d)))
        distances = np.abs(corners[:, None] - centers).max(axis=2)
        radii.append(distances.min(axis=1).max())
    assert theory.covering_error(d, n) == pytest.approx(min(radii))


@pytest.mark.parametrize("d", (1, 2, 5))
@pytest.mark.parametrize("error", (0.5, 0.1, 0.09, 1 / 6, 0.7, 0.0245))
def test_points_needed_is_the_inverse_of_the_covering_error(d, error):
    n = theory.points_needed(d, error)
    assert theory.covering_error(d, n) <= error * (1 + 1e-12)
    assert n == 1 or theory.covering_error(d, n - 1) > error * (1 + 1e-12)


@pytest.mark.parametrize("d", (1, 2, 3, 4, 8))
def test_ball_volume_slice_by_slice(d):
    def volume(d):
        if d == 0:
            return 1.0
        return volume(d - 1) * quad(lambda z: (1 - z**2) ** ((d - 1) / 2), -1, 1)[0]

    assert theory.ball_volume(d) == pytest.approx(volume(d))
    assert theory.ball_volume(d, "maximum") == 2**d
    area = theory.sphere_area(d) * quad(lambda r: r**d, 0, 1)[0]
    assert area == pytest.approx(volume(d + 1))


@pytest.mark.parametrize("metric", ("euclidean", "maximum"))
@pytest.mark.parametrize("k", (1, 2, 4))
def test_nearest_distances_by_quadrature(metric, k):
    volume, n = 2.5, 6
    v = theory.ball_volume(k, metric) / volume
    top = v ** (-1 / k)
    exact = quad(lambda r: (1 - v * r**k) ** n, 0, top)[0]
    assert theory.nearest_distance(k, n, volume, metric) == pytest.approx(exact)
    limit = quad(lambda r: np.exp(-v * r**k), 0, inf)[0]
    assert theory.nearest_constant(k, volume, metric) == pytest.approx(limit)
    far = quad(lambda r: max(0.0, 1 - n * v * r**k), 0, (n * v) ** (-1 / k))[0]
    assert theory.least_mean_distance(k, n, volume, metric) == pytest.approx(far)


def test_sphere_and_circle():
    for n in (1, 5, 100):
        sphere = theory.nearest_distance(2, n, theory.sphere_area(2))
        assert sphere == pytest.approx(sqrt(pi) * gamma(n + 1) / gamma(n + 1.5))
        assert theory.nearest_distance(1, n) == pytest.approx(1 / (2 * n + 2))


def test_separation_is_half_the_spacing():
    for k in (2, 3, 7):
        assert 2 * theory.separation(k) == pytest.approx(np.diff(np.linspace(-1, 1, k))[0])


def test_linear_square_by_projection_of_all_signs():
    rng = np.random.default_rng(0)
    V, s, n = rng.normal(size=(6, 2)), 1.5, 6
    signs = s * np.array(list(product((-1, 1), repeat=n)))
    residual = signs - signs @ V @ np.linalg.pinv(V)
    exact = (residual**2).mean()
    assert theory.linear_square(s, 2, n) == pytest.approx(exact)


@pytest.mark.parametrize("d, k", [(1, 3), (2, 2), (3, 4)])
def test_pyramid_mean_by_layers(d, k):
    # the points at a depth of more than h are a cube of side 2(1/k - h)
    layers = quad(lambda h: (1 - h * k) ** d, 0, 1 / k)[0]
    assert theory.pyramid_mean(d, k) == pytest.approx(layers)


def test_barron_complexity_from_its_parts():
    for d, n in [(1, 4), (7, 30)]:
        linear = sqrt(2 * n * log(2 * (d + 1))) / n  # 2(d+1) sums of n signs
        relu_half, modulus_half = linear / 2, 2 * linear / 2
        assert theory.barron_complexity(d, n) == pytest.approx(relu_half + modulus_half)


@pytest.mark.parametrize("d, t", [(3, 0.5), (4, 1.0), (5, 10.0), (20, 1e4)])
def test_barron_gap_is_the_best_choice_of_n(d, t):
    C = 1.5 * sqrt(2 * log(2 * d + 2))

    def bound(log_n):
        return -np.exp(-log_n / d) + C * t * np.exp(-log_n / 2)

    best = minimize_scalar(bound, bounds=(-5, 80), method="bounded", options={"xatol": 1e-10})
    assert theory.barron_gap(d, t) == pytest.approx(-best.fun, rel=1e-6)
    assert theory.barron_gap(d, theory.norm_needed(d, 0.02)) == pytest.approx(0.02)


@pytest.mark.parametrize("d, t", [(3, 0.5), (4, 1.0), (10, 1000.0)])
def test_barron_mean_gap_holds_for_its_grid(d, t):
    C, gap = 1.5 * sqrt(2 * log(2 * d + 2)), theory.barron_mean_gap(d, t)
    k = round(1 / (2 * (d + 1) * gap))
    assert 1 / ((d + 1) * k) - C * t * k ** (-d / 2) >= gap
    assert gap == 1 / (2 * (d + 1) * k)
    fewer = k - 1  # the least such k: half of the pyramids would be used up
    assert fewer == 0 or C * t * fewer ** (-d / 2) > 1 / (2 * (d + 1) * fewer)


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: theory.covering_error(2, 0), "n=0"),
        (lambda: theory.points_needed(2, 0.0), "error=0"),
        (lambda: theory.ball_volume(2, "city"), "metric"),
        (lambda: theory.separation(1), "k=1"),
        (lambda: theory.barron_gap(2, 1.0), "d=2"),
        (lambda: theory.barron_gap(3, 0.1), "t=0.1"),
        (lambda: theory.barron_mean_gap(2, 1.0), "d=2"),
        (lambda: theory.barron_mean_gap(3, 0.0), "t=0"),
        (lambda: theory.norm_needed(2, 0.1), "d=2"),
        (lambda: theory.norm_needed(3, 0.5), "error=0.5"),
    ],
)
def test_arguments_outside_of_the_formulas_are_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
