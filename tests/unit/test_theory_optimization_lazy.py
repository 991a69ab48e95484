"""The bounds of lazy training against quadrature, brute force and a model that attains them."""

import numpy as np
import pytest
from mathdl.theory.optimization import lazy, tangent_drift
from scipy.integrate import quad
from scipy.stats import norm


@pytest.mark.parametrize(("m", "d", "impulse"), [(400, 1, 2.0), (10_000, 5, 7.0), (10**6, 30, 1.0)])
def test_kernel_change_bound_adds_movement_and_switches(m, d, impulse):
    z = impulse / m**0.5
    eta, w = np.exp(z) - 1, d**0.5
    move = eta * (1 + w)  # of a neuron of length √d: σσ and a² change by so much
    moved = move * (2 * w + move) + move * (2 + move)
    # |u| <= η (1 + |u| + √(d-1)) for a standard normal u, with the density at its peak
    reach = eta * (1 + np.sqrt(d - 1)) / (1 - eta)
    expected = moved + 2 * (2 * reach * norm.pdf(0))
    assert lazy.kernel_change_bound(m, d, impulse) == pytest.approx(expected, rel=1e-9)


def test_kernel_change_bound_is_infinite_where_everything_may_switch():
    assert lazy.kernel_change_bound(100, 2, 10 * np.log(2) + 1e-9) == np.inf
    assert lazy.kernel_change_bound(100, 2, 10 * np.log(2) - 1e-2) < np.inf


@pytest.mark.parametrize("arguments", [(0, 1, 1.0), (1, 0, 1.0), (1, 1, -1.0)])
def test_kernel_change_bound_refuses(arguments):
    with pytest.raises(ValueError, match="m="):
        lazy.kernel_change_bound(*arguments)


def test_one_weight_attains_the_path_length():
    least, start, time = 0.3, 2.0, 1.7  # f = √λ θ, θ' = -√λ r
    length, _ = quad(lambda s: np.sqrt(least) * start * np.exp(-least * s), 0, time)
    end = start * np.exp(-least * time)
    assert lazy.path_length_bound(start, end, least) == pytest.approx(length)
    with pytest.raises(ValueError, match="least="):
        lazy.path_length_bound(1.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="end="):
        lazy.path_length_bound(1.0, 2.0, 1.0)


def test_lazy_movement_is_the_length_of_a_combination_of_gradients():
    rng = np.random.default_rng(1)
    slopes, rho = rng.normal(size=(4, 9)), rng.normal(size=4)
    moved = np.linalg.norm(slopes.T @ rho / 4)
    assert lazy.lazy_movement(slopes @ slopes.T, rho) == pytest.approx(moved)


def test_lazy_bounds_integrate_the_speeds():
    B, bend, y, time, alpha = 1.3, 0.7, 2.0, 1.9, 5.0
    moved, apart, values = lazy.lazy_bounds(B, bend, y, time, alpha)
    speed = B * y / alpha
    gap, _ = quad(lambda s: 2 * B * bend * speed * s * y, 0, time)

    def drifting(s):
        return (bend * speed * s * y + B * values * s**2 / time**2) / alpha

    assert moved == pytest.approx(speed * time)
    assert values == pytest.approx(gap)
    assert apart == pytest.approx(quad(drifting, 0, time)[0])


def test_doubled_bound_integrates_the_change_of_the_kernel():
    B, bend, twist, y, time, alpha = 1.3, 0.7, 0.4, 2.0, 1.9, 5.0
    speed = B * y / alpha

    def kernel(s):
        middle = quad(lambda q: bend * 2 * speed * q * y / alpha, 0, s)[0]
        second = 2 * (bend**2 + B * twist)
        return 2 * B * bend * middle + 2 * second / 2 * (speed * s) ** 2

    expected = quad(lambda s: kernel(s) * y, 0, time)[0]
    assert lazy.doubled_bound(B, bend, twist, y, time, alpha) == pytest.approx(expected)


@pytest.mark.parametrize("bad", [{"slope": -1.0}, {"alpha": 0.0}, {"time": -1.0}])
def test_bounds_refuse(bad):
    good = {"slope": 1.0, "bend": 1.0, "y": 1.0, "time": 1.0, "alpha": 1.0} | bad
    with pytest.raises(ValueError, match="slope="):
        lazy.lazy_bounds(**good)
    with pytest.raises(ValueError, match="slope="):
        lazy.doubled_bound(twist=1.0, **good)


def test_exponents_are_those_of_the_bounds():
    names = ["weights", "weights apart", "values apart"]
    low, high = (lazy.lazy_bounds(1.0, 1.0, 1.0, 1.0, alpha) for alpha in (10.0, 100.0))
    for name, small, large in zip(names, high, low, strict=True):
        assert lazy.lazy_exponent(name) == pytest.approx(np.log10(small / large))
    low, high = (lazy.doubled_bound(1.0, 1.0, 1.0, 1.0, 1.0, alpha) for alpha in (10.0, 100.0))
    assert lazy.lazy_exponent("values apart, doubled") == pytest.approx(np.log10(high / low))
    with pytest.raises(ValueError, match="quantity="):
        lazy.lazy_exponent("kernel")


def test_the_kernel_moves_slowly_where_the_first_order_has_mean_zero():
    angle = np.array([0.0, 1.0, 2.2])
    x, y = np.stack([np.cos(angle), np.sin(angle)], axis=1), np.array([1.0, -1.0, 1.0])
    w, p = tangent_drift.gaussian_plane()
    for name, shift in (("tanh", 0.0), ("shifted tanh", 1.0)):
        cancels = np.abs(tangent_drift.third_order(w, x, p, "tanh", shift)).max() < 1e-12
        assert lazy.width_exponent(name, signs=False) == (-1 if cancels else -1 / 2)
        assert lazy.width_exponent(name, signs=True) == -1
    for signs in (True, False):
        remains = np.abs(tangent_drift.switching_drift(x, y, 0.25, 4, signs)).max() > 0.01
        assert remains
        assert lazy.width_exponent("relu", signs) == -1 / 2
    with pytest.raises(ValueError, match="activation="):
        lazy.width_exponent("sine", signs=True)
