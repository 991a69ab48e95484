"""The maximum principle and sweeps: formulas against brute force."""

import numpy as np
import pytest
from mathdl.theory import optimization as theory

RNG = np.random.default_rng(22)


def test_gap_is_attained_by_one_layer_with_two_controls():
    """f = θ = ±1, cost M z²/2, start 0: from θ = -1 the costate is M h, and H may gain 2 M h."""
    M, h = 1.7, 0.4
    costate = -M * (0 - h)
    assert theory.maximum_gap(M, h, 2.0) == pytest.approx(costate * (1 - -1))


@pytest.mark.parametrize(("q", "start", "T"), [(3.0, 1.0, 1.0), (0.4, -2.0, 2.5)])
def test_optimal_control_is_the_best_of_a_grid(q, start, T):
    grid = np.linspace(-4, 4, 800_001)
    cost = q / 2 * (start + T * grid) ** 2 + T / 2 * grid**2
    assert theory.optimal_control(q, start, T) == pytest.approx(grid[np.argmin(cost)], abs=1e-4)


def sweep(controls, q, T, rho):
    """Maximize H_ρ in each layer, by brute force."""
    p = -q * (1 + T * controls.mean())
    grid = np.linspace(-40, 40, 800_001)
    return np.array(
        [grid[np.argmax(p * grid - grid**2 / 2 - rho / 2 * (grid - c) ** 2)] for c in controls]
    )


@pytest.mark.parametrize("rho", [0.0, 0.7, 1.5, 4.0])
def test_sweep_factors_are_those_of_brute_force(rho):
    q, T = 1.5, 2.0
    optimum = -q / (1 + q * T)
    controls = RNG.normal(size=5)
    error, after = controls - optimum, sweep(controls, q, T, rho) - optimum
    mean, rest = theory.sweep_factors(q * T, rho)
    assert after.mean() == pytest.approx(mean * error.mean(), abs=2e-4)
    assert after - after.mean() == pytest.approx(rest * (error - error.mean()), abs=4e-4)


def test_without_penalty_successive_approximations_multiply_the_mean_by_the_stiffness():
    assert theory.sweep_factors(3.0) == (-3.0, 0.0)


@pytest.mark.parametrize("stiffness", [0.3, 1.0, 3.0, 20.0])
def test_best_penalty_is_the_best_of_a_grid(stiffness):
    grid = np.linspace(0, 2 * stiffness, 4001)
    rates = [max(map(abs, theory.sweep_factors(stiffness, rho))) for rho in grid]
    rho, rate = theory.best_penalty(stiffness)
    assert rho == pytest.approx(grid[np.argmin(rates)], rel=1e-3)
    assert rate == pytest.approx(min(rates), rel=1e-3)


def test_cost_counts_forward_backward_and_inner_steps():
    assert [theory.sweep_cost(7, k) for k in (1, 4)] == [7 + 7 + 7, 7 + 7 + 4 * 7]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.maximum_gap(1.0, -1.0, 1.0), "step=-1.0"),
        (lambda: theory.optimal_control(-1.0, 1.0, 1.0), "weight=-1.0"),
        (lambda: theory.optimal_control(1.0, 1.0, -1.0), "time=-1.0"),
        (lambda: theory.sweep_factors(-1.0), "stiffness=-1.0"),
        (lambda: theory.sweep_factors(1.0, -2.0), "penalty=-2.0"),
        (lambda: theory.best_penalty(-1.0), "stiffness=-1.0"),
        (lambda: theory.sweep_cost(0, 1), "L=0"),
        (lambda: theory.sweep_cost(3, 0), "inner=0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
