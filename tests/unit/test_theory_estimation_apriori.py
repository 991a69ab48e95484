"""A priori and a posteriori estimates against simulation, enumeration and other formulas."""

from math import exp, sqrt

import numpy as np
import pytest
from mathdl import rademacher
from mathdl.device import tensor
from mathdl.theory import estimation as theory
from scipy.integrate import dblquad


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("convention", ["path1", "path2"])
def test_factor_is_three_halves_of_the_bound_for_linear_functions(convention, bias):
    """Massart's lemma with the moment generating function, or Jensen's inequality, for the rest."""
    d, n = 4, 36
    if convention == "path1":
        candidates = 2 * (d + bias)
        rates = np.linspace(0.01, 3, 3000)
        linear = np.min((np.log(candidates) + n * rates**2 / 2) / rates) / sqrt(n)
    else:
        linear = sqrt(n * (1 + bias)) / sqrt(n)
    factor = theory.complexity_factor(convention, d, bias=bias)
    assert factor == pytest.approx(1.5 * linear, rel=1e-4)
    assert theory.complexity_factor("path1") == theory.complexity_factor("path1", 1)


def test_factor_bounds_exact_complexities():
    rng = np.random.default_rng(4)
    angle = rng.uniform(0, 2 * np.pi, 7)
    x = tensor(np.stack([np.cos(angle), np.sin(angle)], axis=1))
    signs = rademacher.all_signs(7)
    for convention in ("path1", "path2"):
        for bias in (True, False):
            exact = rademacher.neurons(signs, x, convention, bias).mean().item()
            bound = theory.complexity_factor(convention, 2, bias=bias) / sqrt(7)
            assert 0.2 * bound < exact <= bound


def test_a_priori_bound_is_a_sum_of_a_width_term_and_a_sample_term():
    bound = theory.a_priori_bound(1.5, 400, 2.0, m=10, norm=1.5, square=0.25)
    assert bound == pytest.approx(0.2 + 8 * 2 * 1.5 / 20)
    assert theory.a_priori_bound(1.5, 400, 2.0) == pytest.approx(1.2)
    assert theory.a_priori_bound(1.5, 100, 2.0) == pytest.approx(2.4)


@pytest.mark.parametrize("norm", [0.3, 1.0, 1.7, 2.0, 5.5, 40.2])
@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_penalty_covers_the_a_posteriori_bound_of_every_network(norm, delta):
    """The step of the proof: λ(norm + 1) + 4√(log(1/δ)/2n) is at least what is to be paid."""
    n, factor = 50, 2.1
    paid = theory.a_posteriori_bound(0.0, norm, n, factor, delta, lipschitz=4, largest=4)
    penalty = theory.least_penalty(n, factor)
    assert paid <= penalty * (norm + 1) + 4 * sqrt(np.log(1 / delta) / (2 * n))


def test_least_penalty_is_not_more_than_five_percent_above_what_the_proof_needs():
    needed = 8 * 2.0 + 4 * sqrt(np.log(2) / 2)
    assert needed <= theory.least_penalty(1, 2.0) <= 1.01 * needed
    assert theory.least_penalty(1, 0.0) == 2.5


def test_penalized_bound_by_hand():
    bound = theory.penalized_bound(2.0, 50, penalty=0.25, delta=exp(-1), m=5, square=1.0)
    assert bound == pytest.approx(3 / 5 + 0.75 + 0.8)
    bound = theory.penalized_bound(2.0, 50, penalty=0.25, delta=exp(-1), cut=False)
    assert bound == pytest.approx(0.75 + (4 + 9) / 10)


def test_a_posteriori_bound_by_hand():
    bound = theory.a_posteriori_bound(0.1, 2.5, 50, 2.0, 12 * exp(-1), lipschitz=4, largest=3)
    assert bound == pytest.approx(0.1 + 2 * 4 * 2 * 3 / sqrt(50) + 0.3)
    small = theory.a_posteriori_bound(0.1, 0.0, 50, 2.0, 2 * exp(-1))
    assert small == pytest.approx(0.1 + 4 / sqrt(50) + 0.1)


def test_union_over_all_radii_spends_the_whole_probability():
    k = np.arange(1, 100_000)
    assert np.sum(1 / (k * (k + 1.0))) == pytest.approx(1, rel=1e-4)


def test_classification_bound_is_the_a_priori_bound_with_the_ramp():
    ramp = theory.a_priori_bound(3.0, 200, 1.5) / 4  # a loss that is 1- instead of 4-Lipschitz
    assert theory.classification_bound(3.0, 200, 1.5) == pytest.approx(ramp)


@pytest.mark.parametrize(("k", "n"), [(2, 3), (3, 4), (4, 2)])
def test_unseen_error_by_enumeration(k, n):
    draws = np.stack(np.meshgrid(*[np.arange(k)] * n), axis=-1).reshape(-1, n)
    unseen = [k - len(set(draw)) for draw in draws.tolist()]
    assert theory.unseen_error(k, n) == pytest.approx(np.mean(unseen) / k / 2)


def test_interpolated_noise_on_an_irregular_grid():
    knots = np.array([0.0, 0.1, 0.35, 0.4, 1.0])
    x = np.linspace(0, 1, 20_001)
    hats = np.stack([np.interp(x, knots, row) for row in np.eye(5)])
    variance = np.trapezoid((hats**2).sum(axis=0), x)
    assert theory.interpolated_noise(0.7) == pytest.approx(0.7 * variance, rel=1e-6)


def test_sign_part_maximum_in_two_dimensions():
    def density(a, b):
        return exp(-(a * a + b * b) / 2) / (2 * np.pi)

    same = np.sqrt(np.pi / 2)  # both entries of one sign: E|g|
    apart, _ = dblquad(lambda a, b: 4 * max(a, b) * density(a, b), 0, 10, 0, 10)
    assert theory.sign_part_maximum(2) == pytest.approx((same + apart) / 2, rel=1e-5)


@pytest.mark.parametrize("k", [5, 40])
def test_sign_part_maximum_against_draws(k):
    g = np.random.default_rng(0).normal(size=(100_000, k))
    parts = [np.linalg.norm(np.maximum(s * g, 0), axis=1) for s in (1, -1)]
    greatest = np.maximum(*parts)
    error = greatest.std() / sqrt(len(g))
    assert error < 0.002 * greatest.mean()
    assert theory.sign_part_maximum(k) == pytest.approx(greatest.mean(), abs=5 * error)
    assert theory.sign_part_maximum(k) <= sqrt(k / 2 * (1 + sqrt(3 / k)))


@pytest.mark.parametrize("ratio", [0.2, 1.0, 2.5])
def test_binary_mmse_is_the_mean_posterior_variance(ratio):
    """1 - E tanh(u(us + G))²: another formula of the same mean, on a Gauss-Hermite grid."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    variance = 1 - np.tanh(ratio * (ratio + nodes)) ** 2
    assert theory.binary_mmse(ratio) == pytest.approx(weights @ variance / weights.sum(), rel=1e-4)


def test_rate_lower_against_the_best_estimate_of_signs():
    norm, noise, n, k = 1.3, 0.7, 60, 12
    rng = np.random.default_rng(2)
    size = norm / sqrt(2 * k)
    sign = rng.choice([-1.0, 1.0], size=400_000)
    spread = noise * sqrt(k / n)
    seen = size * sign + spread * rng.normal(size=len(sign))
    squares = (size * np.tanh(size * seen / spread**2) - size * sign) ** 2
    error = squares.std() / sqrt(len(squares))
    assert error < 0.01 * squares.mean()
    assert theory.rate_lower(norm, noise, n, k) == pytest.approx(squares.mean(), abs=5 * error)


def test_rate_upper_by_hand_and_above_the_lower_bound():
    upper = theory.rate_upper(1.0, 0.5, 100, 10)
    assert upper == pytest.approx(0.1 * theory.sign_part_maximum(10) / sqrt(10))
    assert theory.rate_lower(1.0, 0.5, 100, 10) < upper


@pytest.mark.parametrize("d", [1, 2, 5])
def test_fixed_features_error_against_eigenvalues_by_quadrature(d):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half, weight = (nodes + 1) / 2, weights / 4  # of [0, 1] under the uniform law on [-1, 1]
    first, second = weight @ half, weight @ half**2
    gram = np.full((2 * d, 2 * d), first**2)
    for j in range(d):
        gram[2 * j : 2 * j + 2, 2 * j : 2 * j + 2] = second * np.eye(2)
    eigenvalues = np.sort(np.linalg.eigvalsh(gram / (2 * d)))
    for n in range(2 * d + 2):
        left = eigenvalues[: max(0, 2 * d - n)].sum()
        assert theory.fixed_features_error(d, n) == pytest.approx(left, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.complexity_factor("bias-free"), "convention='bias-free'"),
        (lambda: theory.fixed_features_error(0, 1), "d=0"),
        (lambda: theory.fixed_features_error(1, -1), "n=-1"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
