"""Scattering: formulas against Fourier sums, random walks, quadrature and brute force."""

import numpy as np
import pytest
from mathdl.theory import symmetry as theory
from scipy.integrate import quad


def heat(sigma, size, dimension):
    """The heat kernel as the limit of a lazy random walk: matrix powers, no Fourier transform."""
    steps = 2**22
    ring = np.arange(size)
    step = np.zeros(size)
    for neighbor in (1, -1):
        step[neighbor % size] += sigma**2 / (2 * steps)
    step[0] += 1 - sigma**2 / steps
    walk = step[(ring[:, None] - ring) % size]
    line = np.linalg.matrix_power(walk, steps)[:, 0]
    return line if dimension == 1 else np.multiply.outer(line, line)


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4.0])
def test_heat_overlap_is_that_of_a_random_walk(sigma):
    for shift in ([0], [3], [-2]):
        line = heat(sigma, 7, 1)
        value = line @ np.roll(line, shift[0])
        assert theory.heat_overlap(shift, sigma, 7) == pytest.approx(value, rel=1e-5)
    square = heat(sigma, 6, 2)
    value = (square * np.roll(square, (1, 2), (0, 1))).sum()
    assert theory.heat_overlap([1, 2], sigma, 6) == pytest.approx(value, rel=1e-5)


def test_heat_overlap_of_a_wide_average_is_that_of_the_mean():
    for size in (1, 2, 5):  # many turns around a small torus count
        assert theory.heat_overlap([0], 1.5 * size, size) == pytest.approx(1 / size, rel=1e-9)


def test_heat_overlap_on_a_large_torus_is_that_of_a_gaussian():
    value = theory.heat_overlap([0, 0], 20.0, 400)
    assert value == pytest.approx(1 / (4 * np.pi * 400), rel=1e-3)


@pytest.mark.parametrize("dimension", [1, 2])
def test_band_share_is_the_energy_between_two_filters(dimension):
    narrow, wide = (np.sum(heat(s, 9, dimension) ** 2) for s in (0.7, 1.4))
    share = theory.band_share(0.7, 1.4, 9, dimension)
    assert share == pytest.approx(narrow - wide, rel=1e-5)
    assert theory.band_share(0.7, 1.4, 9) == theory.band_share(0.7, 1.4, 9, 1)
    assert theory.band_share(0.7, 0.7, 9) == 0


def test_impulse_shift_is_the_distance_of_two_filters():
    line = heat(1.2, 11, 1)
    distance = np.linalg.norm(np.roll(line, 3) - line)
    assert theory.impulse_shift([3], 1.2, 11) == pytest.approx(distance, rel=1e-5)
    square = heat(1.2, 8, 2)
    distance = np.linalg.norm(np.roll(square, (1, -2), (0, 1)) - square)
    assert theory.impulse_shift([1, -2], 1.2, 8) == pytest.approx(distance, rel=1e-5)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_shift_bound_is_the_largest_multiplier(sigma):
    angle = np.linspace(0, np.pi, 200001)
    multiplier = 2 * np.sin(angle / 2) * np.exp(-(sigma**2) * (1 - np.cos(angle)))
    bound = theory.shift_bound([1], sigma, [1.0])
    assert bound == pytest.approx(multiplier.max(), rel=1e-8)
    assert theory.shift_bound([3, -4], sigma, [1.0, 3.0]) == pytest.approx(10 * bound)


def test_residual_bound_is_repeated_loss():
    left = 1.0
    for layer in range(1, 5):
        assert theory.residual_bound(layer, 0.3) == pytest.approx(left)
        left -= 0.3 * left
    assert theory.residual_bound(2, 0) == 1
    assert theory.residual_bound(2, 1) == 0


@pytest.mark.parametrize("distance", [1, 3, -5])
def test_ideal_pair_by_filtering_two_impulses(distance):
    size, cutoff = 24, 2
    pair = np.zeros(size)
    pair[[0, distance]] = 1
    keep = np.abs(np.fft.fftfreq(size, 1 / size)) <= cutoff
    filtered = np.fft.ifft(keep * np.fft.fft(pair))
    energy = keep.sum() / size
    value = np.sum(np.abs(filtered) ** 2) / (energy * np.sum(pair**2))
    assert theory.ideal_pair(distance, cutoff, size) == pytest.approx(value)


def test_wavelet_constant_by_gauss_quadrature_of_each_value():
    node, weight = np.polynomial.legendre.leggauss(400)
    omega, weight = 3.5 * (node + 1), 3.5 * weight / (2 * np.pi)
    psi_hat = np.sqrt(2 * np.exp(-(omega**2)) - 2 * np.exp(-4 * omega**2))
    t = np.concatenate([np.linspace(0, 12, 2401), np.linspace(12, 40, 561)[1:]])
    waves = np.exp(1j * np.outer(t, omega))
    psi, derivative = waves @ (weight * psi_hat), waves @ (weight * 1j * omega * psi_hat)
    total = 2 * np.trapezoid(np.abs(psi) + np.abs(t * derivative), t)
    tail = 2 * 3 * np.sqrt(6) / (2 * np.pi) / t[-1]  # ψ ~ -√6/(2πt²), and tψ' twice that
    assert theory.wavelet_constant() == pytest.approx(total + tail, rel=2e-4)


def test_deformation_bound_by_its_two_integrals():
    kappa, moved, sigma = 0.2, 3.0, 5.0
    bank = np.sqrt(4 + 6 * theory.wavelet_constant() ** 2)  # 2 = ‖φ‖₁ + ‖tφ'‖₁
    kernel = quad(lambda s: 1 / (1 - s * kappa) ** 2, 0, 1)[0] * kappa
    stretched = bank * kernel / np.sqrt(1 - kappa)
    slope = quad(lambda t: t * np.exp(-(t**2) / 2), 0, np.inf)[0] * 2 / np.sqrt(2 * np.pi)
    value = stretched + slope * moved / sigma / np.sqrt(1 - kappa)
    bound = theory.deformation_bound(kappa, moved, sigma, 6, [1.0, 0.5])
    assert bound == pytest.approx(1.5 * value)
    assert theory.deformation_bound(0, 0, sigma, 6, [1.0]) == 0


@pytest.mark.parametrize("scales", [1, 2, 5])
def test_stretching_speed_by_differences_of_the_filters(scales):
    def filters(omega):
        low = [np.exp(-((2.0**j * omega) ** 2) / 2) for j in range(scales + 1)]
        waves = [np.sqrt(a**2 - b**2) for a, b in zip(low, low[1:], strict=False)]
        return np.array([*waves, low[-1]])

    omega = np.array([0.02, 0.2, 0.5, 1.0, 2.0])
    step = 1e-5
    slope = (filters(omega * np.exp(step)) - filters(omega * np.exp(-step))) / (2 * step)
    speed = theory.stretching_speed(omega, scales)
    np.testing.assert_allclose(speed, np.linalg.norm(slope, axis=0), rtol=1e-6)


@pytest.mark.parametrize("dilation", [0.9, 1.3])
def test_fourier_modulus_change_by_quadrature(dilation):
    frequency, width = 3.0, 2.0

    def modulus(omega, s):
        return np.exp(-((width * (omega - s * frequency) / s) ** 2) / 2) / s

    def integral(f):
        return quad(f, -10, 15, epsabs=1e-12, limit=200)[0]

    change = integral(lambda o: (modulus(o, dilation) - modulus(o, 1)) ** 2)
    value = np.sqrt(change / integral(lambda o: modulus(o, 1) ** 2))
    measured = theory.fourier_modulus_change(frequency, width, dilation)
    assert measured == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_nyquist_distance_by_filtering(sigma):
    x = np.tile([1.0, -1.0], 5)
    kernel = np.fft.fft(heat(sigma, 10, 1)).real
    averaged = np.fft.ifft(kernel * np.fft.fft(x))
    ratio = np.linalg.norm(averaged) / np.linalg.norm(x)
    assert theory.nyquist_distance(sigma) == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.heat_overlap([0], -1.0, 4), "sigma=-1.0"),
        (lambda: theory.heat_overlap([0], 1.0, 0), "size=0"),
        (lambda: theory.band_share(2.0, 1.0, 4), "before=2.0"),
        (lambda: theory.shift_bound([1], 0.0, [1.0]), "sigma=0.0"),
        (lambda: theory.residual_bound(0, 0.5), "layer=0"),
        (lambda: theory.residual_bound(1, 1.5), "energy=1.5"),
        (lambda: theory.residual_bound(1, -0.5), "energy=-0.5"),
        (lambda: theory.ideal_pair(8, 1, 4), "distance=8"),
        (lambda: theory.deformation_bound(1.0, 1.0, 1.0, 1, [1.0]), "slope=1.0"),
        (lambda: theory.deformation_bound(-0.1, 1.0, 1.0, 1, [1.0]), "slope=-0.1"),
        (lambda: theory.deformation_bound(0.1, 1.0, 0.0, 1, [1.0]), "sigma=0.0"),
        (lambda: theory.stretching_speed([1.0, 0.0], 2), "frequency has"),
        (lambda: theory.stretching_speed([1.0], 0), "scales=0"),
        (lambda: theory.fourier_modulus_change(1.0, 1.0, 0.0), "dilation=0.0"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
