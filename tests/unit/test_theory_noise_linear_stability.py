"""Linear stability: formulas against lists of batches, power iteration and random walks."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl.theory import noise as theory

CURVATURES = np.array([0.2, 0.7, 1.1, 1.9, 3.0])


def batches(n, size, replace):
    return list(product(range(n), repeat=size) if replace else combinations(range(n), size))


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_variance_of_a_batch(size, replace):
    means = [CURVATURES[list(S)].mean() for S in batches(5, size, replace)]
    share = theory.batch_covariance(5, size, replace)
    assert np.var(means) == pytest.approx(share * CURVATURES.var(), abs=1e-14)


def test_the_batch_of_one_sample_of_one():
    assert theory.almost_sure_exponent([1.0], 0.5) == pytest.approx(np.log(0.5))
    for size, replace in ((0, True), (6, False)):
        with pytest.raises(ValueError, match="is no batch"):
            theory.almost_sure_exponent(CURVATURES, 0.5, size, replace)


@settings(max_examples=25)
@given(st.floats(0.01, 3), st.integers(1, 5), st.booleans())
def test_mean_square_factor_lists_all_batches(step, size, replace):
    squares = [(1 - step * CURVATURES[list(S)].mean()) ** 2 for S in batches(5, size, replace)]
    share = theory.batch_covariance(5, size, replace)
    factor = theory.mean_square_factor(step, CURVATURES.mean(), CURVATURES.std(), share)
    assert factor == pytest.approx(np.mean(squares), rel=1e-9, abs=1e-12)


@settings(max_examples=25)
@given(st.floats(0.1, 5), st.floats(0, 5), st.floats(0, 1))
def test_mean_square_step_has_the_factor_one(mean, deviation, share):
    step = theory.mean_square_step(mean, deviation, share)
    assert theory.mean_square_factor(step, mean, deviation, share) == pytest.approx(1)
    assert theory.mean_square_factor(step * 0.99, mean, deviation, share) < 1


def test_defaults_are_one_sample_a_step():
    assert theory.mean_square_factor(1.0, 1.0, 0.5) == 0.25
    assert theory.mean_square_step(1.0, 0.5) == pytest.approx(1.6)
    H = CURVATURES[:, None, None]
    one = theory.mean_square_step(CURVATURES.mean(), CURVATURES.std())
    assert theory.moment_step(H) == pytest.approx(one)
    assert theory.trace_step(H) == pytest.approx(one)
    assert theory.moment_radius(H, one) == pytest.approx(1)
    logs = np.log(np.abs(1 - 0.3 * CURVATURES)).mean()
    assert theory.almost_sure_exponent(CURVATURES, 0.3) == pytest.approx(logs)
    assert theory.almost_sure_steps(CURVATURES)[0] > one


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_exponent_is_the_logarithm_of_a_product(size, replace):
    lists = batches(5, size, replace)
    exact = Fraction(1)
    for S in lists:
        exact *= abs(1 - Fraction(3, 5) * sum(Fraction(str(CURVATURES[i])) for i in S) / size)
    rate = theory.almost_sure_exponent(CURVATURES, 0.6, size, replace)
    assert np.exp(len(lists) * rate) == pytest.approx(float(exact))


def test_exponent_where_a_sample_leads_to_the_minimum():
    assert theory.almost_sure_exponent([0.5, 1.0], 2.0) == -np.inf
    assert theory.two_point_exponent(2.0, 0.75, 0.25) == -np.inf


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_almost_sure_steps_are_the_changes_of_sign(size):
    means = np.array([CURVATURES[list(S)].mean() for S in batches(5, size, False)])
    zeros = theory.almost_sure_steps(CURVATURES, size)
    grid = np.linspace(0.01, 12, 100_003)
    rate = sum(np.log(np.abs(1 - grid * mean)) for mean in means)
    seen = grid[1:][np.diff(np.sign(rate)) != 0]
    wide = np.array([z for z in zeros if np.abs(seen - z).min() < 2e-4])
    assert len(wide) == len(seen)
    assert np.allclose(wide, seen, atol=2e-4)
    for z in zeros:
        assert np.log(np.abs(1 - z * means)).mean() == pytest.approx(0, abs=1e-4)


def test_almost_sure_steps_with_replacement_and_without_curvature():
    one, two = theory.almost_sure_steps([0.4, 1.6]), theory.almost_sure_steps([0.4, 1.6], 2, True)
    assert len(one) == 1
    assert not np.isclose(one[0], two[0])
    rate = theory.almost_sure_exponent([0.4, 1.6], two[0], 2, replace=True)
    assert rate == pytest.approx(0, abs=1e-9)
    assert theory.almost_sure_steps([0.0, 2.0]) == pytest.approx([1.0])
    for wrong in ([-1.0, 2.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="must not be negative"):
            theory.almost_sure_steps(wrong)


def test_islands_around_poles_however_thin():
    ten = np.array([0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 1.8, 2.2, 2.6, 3.2])
    zeros = theory.almost_sure_steps(ten)
    assert len(zeros) == 5
    assert zeros[1] < 2 < zeros[2]
    assert zeros[3:] == pytest.approx([5, 5], rel=2e-7)
    others = np.abs(1 - 5 * ten[1:])  # at η = 5 + x the first factor is |x|/5
    assert 5 - zeros[3] == pytest.approx(5 / others.prod(), rel=1e-4)
    assert zeros[4] - 5 == pytest.approx(5 / others.prod(), rel=1e-4)


def test_a_last_pole_too_thin_to_see_is_left_out():
    many = np.linspace(0.9, 1.1, 20)
    zeros = theory.almost_sure_steps(many, 2)
    assert len(zeros) == 1
    assert zeros[0] == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("s", [0.0, 0.3, 0.7, 0.7075, 0.9, 0.999, 1.0])
def test_two_points(s):
    a = 1.3
    zeros = theory.two_point_steps(a, s * a)
    pair = [a - s * a, a + s * a]
    expected = theory.almost_sure_steps(pair)
    assert zeros == pytest.approx(expected, rel=1e-9)
    for step in (0.3, 1.0, 2.9):
        rate = theory.two_point_exponent(step, a, s * a)
        assert rate == pytest.approx(theory.almost_sure_exponent(pair, step))


def test_two_points_reflect_the_threshold_in_mean_square():
    a, s = 2.0, 0.5
    outer, inner = theory.two_point_steps(a, s)[-1], theory.mean_square_step(a, s)
    assert 1 / outer + 1 / inner == pytest.approx(a)
    for wrong in ((1.0, 1.5), (1.0, -0.1), (0.0, 0.0)):
        with pytest.raises(ValueError, match="deviation"):
            theory.two_point_steps(*wrong)


def random_hessians(seed, n=4, p=3, rank=1):
    g = np.random.default_rng(seed).standard_normal((n, p, rank))
    return g @ g.swapaxes(1, 2)


def growth(H, step, size, replace, rounds=300):
    """Power iteration of the second moments, batch by batch."""
    M, rate = np.eye(H.shape[1]), 0.0
    lists = batches(len(H), size, replace)
    K = np.array([np.eye(H.shape[1]) - step * H[list(S)].mean(0) for S in lists])
    for _ in range(rounds):
        M = (K @ M @ K).mean(0)
        rate = np.linalg.norm(M)
        M = M / rate
    return rate


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("replace", [True, False])
def test_moments_against_power_iteration(seed, size, replace):
    H = random_hessians(seed)
    share = theory.batch_covariance(4, size, replace)
    threshold = theory.moment_step(H, share)
    assert growth(H, threshold, size, replace) == pytest.approx(1, abs=1e-6)
    for step in (0.5 * threshold, 1.3 * threshold):
        radius = theory.moment_radius(H, step, share)
        assert radius == pytest.approx(growth(H, step, size, replace), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_variational_form_and_the_trace(seed):
    H, share = random_hessians(seed, rank=2), 0.4
    threshold, mean = theory.moment_step(H, share), H.mean(0)

    def quotient(M):
        spread = np.mean([np.trace(h @ M @ h @ M) for h in H])
        square = (1 - share) * np.trace(mean @ M @ mean @ M) + share * spread
        return 2 * np.trace(mean @ M @ M) / square

    rng = np.random.default_rng(seed + 10)
    tests = [rng.standard_normal((3, k)) for k in (1, 2, 3) for _ in range(50)]
    assert min(quotient(B @ B.T) for B in tests) >= threshold * (1 - 1e-9)
    assert theory.trace_step(H, share) == pytest.approx(quotient(np.eye(3)))


def test_one_sample_of_equal_length_sees_the_trace():
    g = np.random.default_rng(5).standard_normal((6, 3))
    g *= 1.7 / np.linalg.norm(g, axis=1, keepdims=True)
    H = g[:, :, None] * g[:, None, :]
    assert theory.moment_step(H) == pytest.approx(2 / 1.7**2)
    assert theory.trace_step(H) == pytest.approx(2 / 1.7**2)


def test_wrong_hessians():
    for function in (theory.moment_step, theory.trace_step):
        with pytest.raises(ValueError, match="not symmetric"):
            function([[[0.0, 1.0], [0.0, 0.0]]])
    with pytest.raises(ValueError, match="not symmetric"):
        theory.moment_radius([1.0], 0.1)
    with pytest.raises(ValueError, match="positive definite"):
        theory.moment_step([[[1.0, 0.0], [0.0, 0.0]]])


def tail_exponent(curvatures, step):
    factors = np.abs(1 - step * np.asarray(curvatures))
    return theory.product_tail_exponent(factors, np.full(len(factors), 1 / len(factors)))


def test_the_tail_of_leaving_at_both_thresholds():
    curvatures = np.array([0.2, 1.0, 2.4])
    step = theory.mean_square_step(curvatures.mean(), curvatures.std())
    powers = [tail_exponent(curvatures, where * step) for where in (0.9, 1.0, 1.2)]
    assert powers[0] > 2.0001
    assert powers[1] == pytest.approx(2)
    assert 0 < powers[2] < 1.9999
    end = theory.two_point_steps(2.0, 1.8)[0]
    close, closer = (tail_exponent([0.2, 3.8], end - gap) for gap in (1e-3, 1e-5))
    assert 0 < closer < 0.01 < close < 1


@pytest.mark.parametrize("down", [2, 3, 5])
def test_leaving_probability_solves_the_walk(down):
    height, floor = 6, 400
    size = height + floor  # states -floor < W < height, absorbed at both ends
    walk, reach = np.zeros((size - 1, size - 1)), np.zeros(size - 1)
    for k in range(size - 1):
        if k + 1 < size - 1:
            walk[k, k + 1] = 0.5
        else:
            reach[k] = 0.5
        if k - down >= 0:
            walk[k, k - down] = 0.5
    hit = np.linalg.solve(np.eye(size - 1) - walk, reach)
    for levels in (1, 2, 4):
        expected = hit[size - 1 - levels]
        assert theory.leaving_probability(levels, down) == pytest.approx(expected, rel=1e-9)
    assert theory.leaving_probability(0, down) == 1.0


def test_golden_ratio_and_wrong_walks():
    golden = (1 + np.sqrt(5)) / 2
    assert theory.leaving_probability(3, 2) == pytest.approx(golden**-3)
    for levels, down in ((-1, 2), (1, 1)):
        with pytest.raises(ValueError, match="levels >= 0 and down >= 2"):
            theory.leaving_probability(levels, down)


@pytest.mark.parametrize("down", [1, 2, 3, 4])
def test_skip_free_step_makes_a_lattice(down):
    step = theory.skip_free_step(0.2, 3.8, down)
    up, fall = np.log(3.8 * step - 1), -np.log(1 - 0.2 * step)
    assert fall / up == pytest.approx(down)
    assert 2 / 3.8 < step <= theory.two_point_steps(2.0, 1.8)[0] + 1e-12
    if down > 1:
        power = tail_exponent([0.2, 3.8], step)
        ratio = np.exp(-power * up)
        assert ratio == pytest.approx(theory.leaving_probability(1, down))


def test_skip_free_step_needs_a_large_ratio():
    with pytest.raises(ValueError, match="too small"):
        theory.skip_free_step(1.0, 4.0, 1)
    assert theory.skip_free_step(1.0, 5.83, 1) < 1
    for wrong in ((0.0, 1.0, 2), (1.0, 2.0, 2), (1.0, 9.0, 0)):
        with pytest.raises(ValueError, match="use 0 < 2 flat < sharp"):
            theory.skip_free_step(*wrong)


def test_signs_that_make_no_sense():
    with pytest.raises(ValueError, match="must not be negative"):
        theory.mean_square_factor(1.0, 1.0, -0.5)
    for share in (-0.1, 0.5):
        with pytest.raises(ValueError, match="must not be negative"):
            theory.mean_square_step(1.0, -0.5 if share > 0 else 0.5, share)
    with pytest.raises(ValueError, match="not positive"):
        theory.mean_square_step(0.0, 1.0)
