"""Averaging over a group: formulas against quadrature, brute force and simulation."""

import numpy as np
import pytest
from mathdl.theory import symmetry as theory
from scipy import integrate, stats

TURN = np.eye(16).reshape(4, 4, 16)  # coordinates of 4 × 4 images, to be turned


def quarter_turns():
    """The four permutation matrices of quarter turns of 4 × 4 images."""
    return [np.rot90(TURN, r, axes=(0, 1)).reshape(16, 16) for r in range(4)]


def test_averaging_gain_is_the_difference_of_two_risks():
    rng = np.random.default_rng(0)
    f, target = rng.standard_normal((2, 5, 7))
    mean = f.mean(0)
    gain = np.mean((f - target) ** 2) - np.mean((mean - target) ** 2)
    assert theory.averaging_gain(f, target) == pytest.approx(gain)
    assert theory.averaging_gain(f) == pytest.approx(np.mean(f**2) - np.mean(mean**2))


def inverse_of_chi_square(k):
    return integrate.quad(lambda z: stats.chi2.pdf(z, k) / z, 0, np.inf)[0]


@pytest.mark.parametrize(("n", "d", "k"), [(30, 16, 4), (9, 5, 1), (18, 16, 16)])
def test_risks_with_many_samples_are_means_of_one_over_chi_square(n, d, k):
    risks = theory.three_risks(n, d, k, signal=5.0, variance=0.7)
    each = inverse_of_chi_square(n - d + 1)
    assert risks.plain == pytest.approx(0.7 * d * each)
    assert risks.projected == pytest.approx(0.7 * k * each)
    assert risks.invariant == pytest.approx(0.7 * k * inverse_of_chi_square(n - k + 1))
    gap = theory.averaging_gap(n, d, k, 5.0, 0.7)
    assert gap == pytest.approx(risks.plain - risks.projected)


@pytest.mark.parametrize(("n", "d", "k"), [(3, 9, 2), (10, 16, 4), (2, 7, 7), (4, 30, 12)])
def test_risks_with_few_samples_add_up(n, d, k):
    """The seen share B of the signal by quadrature; the noise by 1/χ² of the n × n matrix."""
    share = stats.beta(n / 2, (d - n) / 2)
    lost = integrate.quad(lambda b: (1 - b) * share.pdf(b), 0, 1)[0]
    turned = integrate.quad(lambda b: b * (1 - b) * share.pdf(b), 0, 1)[0] * (d - k) / (d - 1)
    noise = n * inverse_of_chi_square(d - n + 1)
    risks = theory.three_risks(n, d, k, signal=2.0, variance=0.3)
    assert risks.plain == pytest.approx(2 * lost + 0.3 * noise)
    gap = theory.averaging_gap(n, d, k, signal=2.0, variance=0.3)
    assert gap == pytest.approx(2 * turned + 0.3 * noise * (d - k) / d)
    assert risks.projected == pytest.approx(risks.plain - gap)


def test_risks_with_few_samples_by_simulation():
    n, d, k, s = 6, 12, 3, 0.5
    rng = np.random.default_rng(1)
    X = rng.standard_normal((20000, n, d))
    u = np.zeros(d)
    u[0] = 1.0  # the first k coordinates are the invariant ones
    y = X[:, :, 0] + s * rng.standard_normal((20000, n))
    fit = (np.linalg.pinv(X) @ y[:, :, None])[:, :, 0] - u
    risks = theory.three_risks(n, d, k, signal=1.0, variance=s**2)
    assert (fit**2).sum(1).mean() == pytest.approx(risks.plain, rel=0.015)
    assert (fit[:, :k] ** 2).sum(1).mean() == pytest.approx(risks.projected, rel=0.015)
    assert (fit[:, k:] ** 2).sum(1).mean() == pytest.approx(
        theory.averaging_gap(n, d, k, 1.0, s**2), rel=0.03
    )


def test_invariant_architecture_is_least_squares_in_fewer_dimensions():
    for n in (2, 5, 9, 10, 11, 14, 30):
        small = theory.three_risks(n, 10, 10, 1.5, 0.4).plain
        assert theory.three_risks(n, 20, 10, 1.5, 0.4).invariant == small


@pytest.mark.parametrize("n", [15, 16, 17])
def test_the_pole(n):
    risks = theory.three_risks(n, 16, 4, 1.0, 0.1)
    assert np.isinf(risks.plain) and np.isinf(risks.projected) and np.isfinite(risks.invariant)
    assert np.isinf(theory.averaging_gap(n, 16, 4, 1.0, 0.1))
    assert theory.averaging_gap(n, 16, 16, 1.0, 0.1) == 0
    assert np.isfinite(theory.three_risks(n, 16, 4, 1.0, 0.0).plain)


def test_no_pole_without_noise():
    assert theory.three_risks(16, 16, 4, 1.0, 0.0) == (0, 0, 0)
    assert theory.averaging_gap(16, 16, 4, 1.0, 0.0) == 0
    assert theory.three_risks(15, 16, 4, 1.0, 0.0).plain == pytest.approx(1 / 16)


def test_projected_risk_is_the_quadratic_form_of_wishart_inverses():
    rng = np.random.default_rng(2)
    d, n = 3, 14
    P = np.full((d, d), 1 / d)
    A = rng.standard_normal((d, d))
    covariance = A @ A.T + np.eye(d)
    X = rng.multivariate_normal(np.zeros(d), covariance, (40000, n))
    inverse = np.linalg.inv(np.swapaxes(X, 1, 2) @ X).mean(0)
    measured = 0.6 * np.trace(covariance @ P @ inverse @ P)
    assert theory.projected_risk(n, covariance, P, 0.6) == pytest.approx(measured, rel=0.015)


def test_projected_risk_with_a_law_that_is_invariant():
    P = sum(quarter_turns()) / 4
    covariance = np.eye(16) + P
    expected = theory.three_risks(30, 16, 4, 0.0, 1.5).projected
    assert theory.projected_risk(30, covariance, P, 1.5) == pytest.approx(expected)
    with pytest.raises(ValueError, match="n=17"):
        theory.projected_risk(17, covariance, P, 1.5)
    assert theory.projected_risk(18, covariance, P, 1.5) > 0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_partial_augmentation_is_the_mean_over_all_subsets(m):
    """E |mean of g x over a subset|² = mean of ‖mean of g‖²_F, by listing all of them."""
    from itertools import combinations, product

    g = np.array(quarter_turns())

    def size(choices):
        return np.mean([np.square(g[list(c)].mean(0)).sum() for c in choices])

    different = size(combinations(range(4), m))
    repeated = size(product(range(4), repeat=m))
    assert theory.partial_augmentation(16, 4, m, order=4) == pytest.approx(different)
    assert theory.partial_augmentation(16, 4, m) == pytest.approx(repeated)


def test_partial_augmentation_for_several_counts_and_the_trivial_group():
    several = theory.partial_augmentation(16, 4, np.array([1, 3]))
    assert several == pytest.approx([16, 8])
    assert theory.partial_augmentation(5, 5, 1, order=1) == 5


def test_shift_penalty_is_the_spectrum_of_all_shifted_images():
    rng = np.random.default_rng(3)
    images = rng.standard_normal((2, 3, 4))
    rows = [
        np.roll(x, (k, j), axis=(0, 1)).ravel() for x in images for k in range(3) for j in range(4)
    ]
    S = np.mean([np.outer(r, r) for r in rows], axis=0)
    penalty = theory.shift_penalty(images)
    assert np.sort(penalty.ravel()) == pytest.approx(np.linalg.eigvalsh(S), abs=1e-12)
    wave = np.exp(2j * np.pi * (np.arange(3)[:, None] / 3 + 2 * np.arange(4) / 4)).ravel()
    assert S @ wave == pytest.approx(penalty[1, 2] * wave)


def test_shift_memory_is_gradient_descent_on_all_shifted_images():
    rng = np.random.default_rng(4)
    images, u = rng.standard_normal((2, 3, 4)), rng.standard_normal(12)
    rows = [
        np.roll(x, (k, j), axis=(0, 1)).ravel() for x in images for k in range(3) for j in range(4)
    ]
    X, y = np.array(rows), np.repeat(rng.standard_normal(2), 12)
    start = np.abs(np.fft.fft2(u.reshape(3, 4)))
    for _ in range(7):
        u = u - 0.2 * X.T @ (X @ u - y) / len(X)
    left = theory.shift_memory(images, step=0.2, steps=7)
    measured = np.abs(np.fft.fft2(u.reshape(3, 4))) / start
    assert left.ravel()[1:] == pytest.approx(measured.ravel()[1:])
    assert np.isnan(left[0, 0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, 4, 2, 1, 1), "n=0"), ((3, 4, 0, 1, 1), "k=0"), ((3, 4, 5, 1, 1), "k=5")]
    + [((3, 4, 2, -1, 1), "signal"), ((3, 4, 2, 1, -1), "variance")],
)
def test_wrong_sizes_are_refused(arguments, words):
    for function in (theory.three_risks, theory.averaging_gap):
        with pytest.raises(ValueError, match=words):
            function(*arguments)


def test_wrong_counts_are_refused():
    for m, order in ((0, 4), (5, 4)):
        with pytest.raises(ValueError, match=f"m={m}"):
            theory.partial_augmentation(16, 4, m, order)
    with pytest.raises(ValueError, match="k=17"):
        theory.partial_augmentation(16, 17, 2)
    for size in ((1, 1, 1, 0, 0),):
        assert theory.three_risks(*size) == (0, 0, 0)
