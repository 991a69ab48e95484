"""Two noises in one model: formulas against quadrature, recursions and simulation."""

import numpy as np
import pytest
from mathdl.theory import noise as theory
from scipy.integrate import quad, solve_bvp

CASES = [(1.0, 1.0, 5), (0.7, 1.0, 3), (1.6, 0.5, 5), (2.0, 1.3, 2)]  # start, level, codimension


@pytest.mark.parametrize("start, level, k", CASES)
def test_the_density_has_mass_one_and_the_stated_tails(start, level, k):
    def density(x):
        return theory.displacement_density(x, start, level, k)

    assert 2 * quad(density, 0, np.inf)[0] == pytest.approx(1)
    for x in (0.3, 2.0):
        assert theory.share_beyond(x, start, level, k) == pytest.approx(
            2 * quad(density, x, np.inf)[0]
        )


@pytest.mark.parametrize("start, level, k", CASES[1:])  # κ > 2: two derivatives at 0
def test_what_is_remembered_solves_the_boundary_value_problem(start, level, k):
    """(ε/4) r² (f'' + (k-1)/r f' - q² f) - r f' = 0, f(0) = 1, f bounded."""
    q, far = 1.4, 12.0
    drag = k - 1 - 4 / level
    r = np.linspace(1e-3, far, 4000)
    near = 1 - q**2 * 1e-6 / (2 * (-drag - 1))
    found = solve_bvp(
        lambda r, f: np.vstack([f[1], q**2 * f[0] - drag / r * f[1]]),
        lambda a, b: np.array([a[0] - near, b[0]]),
        r,
        np.vstack([np.exp(-q * r), -q * np.exp(-q * r)]),
        tol=1e-8,
        max_nodes=200000,
    )
    value = theory.remembered(start, level, k, frequency=q)
    assert value == pytest.approx(found.sol(start)[0], rel=1e-4)


@pytest.mark.parametrize("start, level, k", CASES)
def test_what_is_remembered_is_the_integral_of_the_cosine(start, level, k):
    q = 1.4

    def density(x):
        return theory.displacement_density(x, start, level, k)

    value = 2 * quad(density, 0, np.inf, weight="cos", wvar=q)[0]
    assert theory.remembered(start, level, k, frequency=q) == pytest.approx(value, rel=1e-5)


def test_above_the_critical_level_nothing_is_remembered():
    assert theory.remembered(1.0, 2.0, 5) == 0.0
    assert theory.remembered(1.0, 4 / 3, 5) == 0.0


def test_the_limit_has_the_law_of_simulated_paths():
    rng = np.random.default_rng(0)
    start, level, k, R, h = 1.2, 0.8, 4, 20000, 0.02
    log_r, clock = np.full(R, np.log(start)), np.zeros(R)
    for _ in range(900):
        old = np.exp(2 * log_r)
        log_r += (-1 + level * (k - 2) / 4) * h
        log_r += np.sqrt(level / 2 * h) * rng.standard_normal(R)
        clock += h * (old + np.exp(2 * log_r)) / 2
    phi = np.sqrt(level / 2 * clock) * rng.standard_normal(R)
    assert np.cos(phi).mean() == pytest.approx(theory.remembered(start, level, k), abs=0.02)
    share = theory.share_beyond(0.8, start, level, k)
    assert (np.abs(phi) > 0.8).mean() == pytest.approx(share, abs=0.02)


def test_the_variance_is_that_of_the_density():
    start, level, k = 1.3, 0.5, 3
    found = 2 * quad(lambda x: x**2 * theory.displacement_density(x, start, level, k), 0, np.inf)[0]
    assert theory.displacement_variance(start, level, k) == pytest.approx(found)
    assert theory.displacement_variance(1.0, 4 / 3.05, 3) == pytest.approx(20)  # κ = 2.05
    assert theory.displacement_variance(1.0, 1.0, 4) == np.inf
    assert theory.displacement_variance(1.0, 1.0, 5) == np.inf


def test_homogeneous_noise_by_its_moment_equations():
    T, q, steps = 0.7, 2, 200000
    h = 1.5 / steps
    cosine = 1.0
    for _ in range(steps):
        cosine += h * (-(q**2) * T * cosine)
    assert theory.diffused(1.5, T, frequency=q) == pytest.approx(cosine, rel=1e-4)
    assert theory.diffused(1.5, T) == pytest.approx(cosine ** (1 / q**2), rel=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.remembered(0.0, 1.0, 3),
        lambda: theory.remembered(1.0, 0.0, 3),
        lambda: theory.remembered(1.0, 1.0, 3, frequency=0.0),
        lambda: theory.share_beyond(1.0, 0.0, 1.0, 3),
        lambda: theory.displacement_density(1.0, 1.0, -1.0, 3),
        lambda: theory.displacement_variance(1.0, 5.0, 3),
        lambda: theory.displacement_variance(1.0, 4.0, 3),
        lambda: theory.diffused(1.0, 0.0),
    ],
)
def test_arguments_that_make_no_sense(call):
    with pytest.raises(ValueError, match="use a number|no limit"):
        call()
