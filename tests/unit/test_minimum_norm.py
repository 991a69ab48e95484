"""Minimum-norm problems against values that are known, and every certificate on its own."""

from math import pi, sin, sqrt, tan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl import dual_norm, minimum_norm, norms
from sklearn.linear_model import Lasso


def circle(n, shift=0.0):
    angle = 2 * np.pi * (np.arange(n) + shift) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def disc(n):
    """The center and two circles of n points, with the values of |x|."""
    x = np.vstack([[0, 0], circle(n) / 2, circle(n)])
    return x, np.linalg.norm(x, axis=1)


def neurons(n, shift=0.0):
    """n directions with five biases each."""
    return np.repeat(circle(n, shift), 5, axis=0), np.tile(np.linspace(-1, 1, 5), n)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_the_network_interpolates_and_costs_what_is_said(convention):
    x, f = disc(8)
    solved = minimum_norm.minimum_norm(x, f + x[:, 0] - 1, *neurons(8), convention)
    outputs = np.maximum(x @ solved.w.T + solved.b, 0) @ solved.a + solved.constant
    assert outputs == pytest.approx(f + x[:, 0] - 1)
    cost = norms.path_norm(*(torch.tensor(v) for v in (solved.a, solved.w, solved.b)), convention)
    assert float(cost) == pytest.approx(solved.primal)
    assert (solved.constant == 0) == (convention != "bias-free")


def test_the_certificate_that_is_returned_proves_the_dual_value():
    x, f = disc(8)
    solved = minimum_norm.minimum_norm(x, f, *neurons(8), "path2", directions=2**9)
    assert solved.y @ f == pytest.approx(solved.dual)
    proof = dual_norm.greatest_ratio(x, solved.y, "path2", directions=2**9, tolerance=1e-5)
    assert 0.998 < proof.ratio[0] <= proof.bound <= 1


@pytest.mark.parametrize("d", (1, 2))
def test_neurons_that_join_are_normalized_and_have_their_kink_in_the_data(d):
    rng = np.random.default_rng(5)
    x, f = rng.uniform(-1, 1, size=(6, d)), rng.normal(size=6)
    w, b = rng.normal(size=(80, d)), rng.normal(size=80)
    solved = minimum_norm.minimum_norm(x, f, w, b, "bias-free")
    new, bias = solved.w[80:], solved.b[80:]
    lengths = np.linalg.norm(new, axis=1)
    joined = lengths > 0
    assert joined.sum() >= 2 and (d == 2 or len(np.unique(new[joined])) == 2)
    assert lengths[joined] == pytest.approx(1)
    kinks = np.abs(new[joined] @ x.T + bias[joined, None]).min(axis=1)
    assert np.minimum(kinks, np.abs(bias[joined])) == pytest.approx(0)
    assert (bias[~joined] == 1).all()


@given(
    st.lists(st.floats(0.1, 1), min_size=2, max_size=5),
    st.lists(st.floats(-2, 2), min_size=6, max_size=6),
)
@settings(max_examples=30)
def test_one_dimension_against_the_formula_of_slopes(gaps, values):
    # Savarese et al. 2019 for interpolation: with slopes s_i, T = Σ|s_(i+1) - s_i| and
    # S = |s_1 + s_last|, the least bias-free norm is T + max(0, (S - T)/2)
    x = np.concatenate([[0], np.cumsum(gaps)])
    f = np.array(values[: len(x)])
    s = np.diff(f) / np.diff(x)
    T, S = np.abs(np.diff(s)).sum(), abs(s[0] + s[-1])
    least = T + max(0, (S - T) / 2)
    w = np.repeat([[1.0], [-1.0]], len(x), axis=0)
    solved = minimum_norm.minimum_norm(x[:, None], f, w, np.concatenate([-x, x]), "bias-free")
    assert solved.primal == pytest.approx(least, rel=1e-6, abs=1e-12)
    assert solved.dual == pytest.approx(least, rel=0.006, abs=1e-12)


def test_neurons_that_cannot_interpolate_are_refused():
    x = np.array([[-1.0], [1.0]])
    with pytest.raises(ValueError, match="offer more neurons"):
        minimum_norm.minimum_norm(x, np.ones(2), np.array([[1.0]]), np.zeros(1), "path2")


def network(solved, x):
    return np.maximum(x @ solved.w.T + solved.b, 0) @ solved.a + solved.constant


def cost(solved, convention):
    parts = (torch.tensor(part) for part in (solved.a, solved.w, solved.b))
    return float(norms.path_norm(*parts, convention))


def gains(solved, x, convention, biases=True):
    """|Σ_i y_i σ(w·x_i + b)| / N(w, b) for very many neurons, also with kinks in the data."""
    rng = np.random.default_rng(7)
    w = rng.normal(size=(500, x.shape[1]))
    w = np.vstack([w, np.eye(x.shape[1]), -np.eye(x.shape[1]), x, -x])
    w = w[np.linalg.norm(w, axis=1) > 0]
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    grid, zero = np.linspace(-4, 4, 81), np.zeros((len(w), 1))
    b = np.hstack([zero + grid, -(w @ x.T), zero]) if biases else zero
    values = np.maximum((w @ x.T)[:, None, :] + b[:, :, None], 0) @ solved.y
    costs = norms.parameter_norm(torch.tensor(w)[:, None, :], torch.tensor(b), convention).numpy()
    return np.abs(values) / costs


def hat():
    x = np.array([-3, -2, -1.5, -1, 0, 1, 1.5, 2, 3])[:, None]
    return x, (x[:, 0] == 0) * 1.0, *minimum_norm.kinks(x, np.array([[1.0], [-1.0]]))


@pytest.mark.parametrize("convention, least", [("bias-free", 4), ("path1", 6), ("path2", 6)])
def test_the_hat(convention, least):
    # slopes 0, 1, -1, 0: total variation 4. With paid biases σ(x+1) - 2σ(x) + σ(x-1) costs 2+2+2
    solved = minimum_norm.minimum_norm(*hat(), convention)
    assert solved.primal == pytest.approx(least) and solved.dual == pytest.approx(least)
    assert gains(solved, hat()[0], convention).max() <= 1 + 1e-9


def cross(d):
    """The center and the points ±e_i, the values of |x|, and neurons along the axes."""
    x = np.vstack([np.zeros((1, d)), np.eye(d), -np.eye(d)])
    return x, np.linalg.norm(x, axis=1), *minimum_norm.kinks(x, x[1:])


@pytest.mark.parametrize("solve", (minimum_norm.minimum_norm, minimum_norm.minimum_norm_margin))
def test_labels_on_orthonormal_points_without_biases(solve):
    labels = np.array([1.0, 1, 1, -1])
    offered = np.eye(4), np.zeros(4), "path2"
    solved = solve(np.eye(4), labels, *offered, directions=2**8, biases=False)
    expected = sqrt(3) + 1
    assert solved.primal == pytest.approx(expected, rel=1e-5)
    assert 0.995 * expected <= solved.dual <= expected * (1 + 1e-5)
    assert (labels * network(solved, np.eye(4)) >= 1 - 1e-9).all() and not solved.b.any()
    assert (labels * solved.y >= 0).all()
    assert gains(solved, np.eye(4), "path2", biases=False).max() <= 1 + 1e-5


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_margins_in_the_plane(convention):
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, size=(12, 2))
    labels = np.where(np.linalg.norm(x, axis=1) < 0.7, 1, -1)
    offered = minimum_norm.kinks(x, circle(8))
    solved = minimum_norm.minimum_norm_margin(x, labels, *offered, convention)
    assert 0 < solved.gap <= 5e-3
    assert (labels * network(solved, x)).min() == pytest.approx(1)
    assert cost(solved, convention) == pytest.approx(solved.primal)
    assert np.abs(solved.y).sum() == pytest.approx(solved.dual)
    assert (labels * solved.y >= -1e-12).all()
    assert gains(solved, x, convention).max() <= 1 + 1e-9
    through = minimum_norm.minimum_norm(x, labels, *offered, convention)
    assert solved.primal < 0.99 * through.primal


def test_the_margin_of_two_points():
    # the cheapest neuron through a gap of 2 from -1 to 1 has slope 1; paid biases: σ(x+1) - 1
    x, labels, w = np.array([[-1.0], [1.0]]), np.array([-1, 1]), np.array([[1.0], [-1.0]])
    for convention, expected in (("bias-free", 1), ("path2", 2)):
        solved = minimum_norm.minimum_norm_margin(x, labels, w, np.zeros(2), convention)
        assert solved.primal == pytest.approx(expected)
        assert solved.dual == pytest.approx(expected, rel=0.006)


def noisy(n, d):
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, size=(n, d))
    return x, np.abs(x[:, 0]) + 0.3 * rng.normal(size=n), rng.normal(size=(40, d))


@pytest.mark.parametrize("penalty", (1e-3, 0.03))
@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_given_neurons_against_the_lasso(convention, penalty):
    x, f, w = noisy(15, 2)
    b = np.linspace(-1, 1, 40)
    solved = minimum_norm.penalized_norm(x, f, w, b, convention, penalty, rounds=0)
    costs = norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    lasso = Lasso(penalty, fit_intercept=convention == "bias-free", tol=1e-10, max_iter=10**6)
    lasso.fit(np.maximum(x @ w.T + b, 0) / costs, f)
    assert network(solved, x) == pytest.approx(
        lasso.predict(np.maximum(x @ w.T + b, 0) / costs), abs=1e-4
    )
    assert cost(solved, convention) == pytest.approx(np.abs(lasso.coef_).sum(), rel=1e-4)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (1, 2))
def test_penalized_from_both_sides(convention, d):
    x, f, w = noisy(12, d)
    offered = minimum_norm.kinks(x, w[:4])
    solved = minimum_norm.penalized_norm(x, f, *offered, convention, penalty=0.01)
    assert 0 <= solved.gap <= 5e-3
    error = np.mean((network(solved, x) - f) ** 2) / 2
    assert error + 0.01 * cost(solved, convention) == pytest.approx(solved.primal)
    assert error > 1e-3
    assert gains(solved, x, convention).max() <= 1 + 1e-9
    dual = 0.01 * solved.y @ f - len(f) * 0.01**2 / 2 * solved.y @ solved.y
    assert dual == pytest.approx(solved.dual)
    if convention == "bias-free":
        assert solved.y.sum() == pytest.approx(0, abs=1e-9)


def test_penalized_hat():
    # it is 4λ - (810/7) λ², whose slope is the norm: the hat becomes flatter at once
    for penalty in (2e-3, 1e-4):
        solved = minimum_norm.penalized_norm(*hat(), "bias-free", penalty)
        expected = 4 * penalty - 810 / 7 * penalty**2
        assert solved.primal == pytest.approx(expected, rel=1e-9)
        assert solved.dual == pytest.approx(expected, rel=1e-9)
        assert np.abs(solved.a).sum() == pytest.approx(4 - 1620 / 7 * penalty)


def test_a_large_penalty_leaves_the_constant():
    x, f, w = noisy(6, 1)
    solved = minimum_norm.penalized_norm(x, f, w[:3], np.zeros(3), "bias-free", penalty=10)
    assert solved.constant == pytest.approx(f.mean()) and not solved.a.any()
    assert solved.primal == pytest.approx(f.var() / 2) and solved.gap < 1e-9


def test_the_scale_of_the_data_does_not_matter():
    x, f, w = noisy(8, 1)
    offered = minimum_norm.kinks(x, np.array([[1.0], [-1.0]]))
    small = minimum_norm.penalized_norm(x, f, *offered, "path1", penalty=1e-2)
    large = minimum_norm.penalized_norm(x, 1e6 * f, *offered, "path1", penalty=1e4)
    assert large.primal == pytest.approx(1e12 * small.primal, rel=1e-9)


@pytest.mark.parametrize("factor", (1e-9, 1e9))
def test_small_and_large_values_are_scaled(factor):
    x, f, w, b = hat()
    solved = minimum_norm.minimum_norm(x, factor * f, w, b, "bias-free")
    assert solved.primal == pytest.approx(4 * factor, rel=1e-9, abs=0)
    assert solved.dual == pytest.approx(4 * factor, rel=1e-9, abs=0)
    assert network(solved, x) == pytest.approx(factor * f, abs=1e-9 * factor)


def test_zero_data_have_norm_zero_and_no_gap():
    x, w = np.array([[-1.0], [1.0]]), np.array([[1.0], [-1.0]])
    solved = minimum_norm.minimum_norm(x, np.ones(2), w, np.zeros(2), "bias-free")
    assert solved.primal == 0 and solved.dual == 0 and solved.gap == 0


def test_what_does_not_fit_is_refused():
    x, one = np.array([[-1.0], [1.0]]), np.ones((1, 1))
    with pytest.raises(ValueError, match=r"x has shape \(2, 1\) and its values \(3,\)"):
        minimum_norm.minimum_norm(x, np.ones(3), one, np.zeros(1), "path2")
    with pytest.raises(ValueError, match=r"w has shape \(1, 2\) and b \(1,\); use \(k, 1\)"):
        minimum_norm.minimum_norm(x, np.ones(2), np.ones((1, 2)), np.zeros(1), "path2")
    with pytest.raises(ValueError, match="b = 0 where there are no biases"):
        minimum_norm.minimum_norm(x, np.ones(2), one, np.ones(1), "path2", biases=False)
    with pytest.raises(ValueError, match="labels has entries other than 1 and -1"):
        minimum_norm.minimum_norm_margin(x, np.arange(2), one, np.ones(1), "path2")
    with pytest.raises(ValueError, match="penalty=0 is not a penalty"):
        minimum_norm.penalized_norm(x, np.ones(2), one, np.ones(1), "path2", penalty=0)


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_aligned_neurons_cost_the_polygon_around_the_circle(convention):
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), convention, rounds=0)
    assert solved.primal == pytest.approx(16 * tan(pi / 16))


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_all_neurons_cost_the_polygon_inside_the_circle(convention):
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), convention, directions=2**11)
    assert solved.primal == pytest.approx(16 * sin(pi / 16))
    assert 0.995 * solved.primal <= solved.dual <= solved.primal
    assert solved.gap == pytest.approx(solved.primal / solved.dual - 1)


def test_the_euclidean_norm_under_path1():
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), "path1", directions=2**11)
    assert solved.primal == pytest.approx(4)
    assert 0.995 * 4 <= solved.dual <= 4


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_space_against_the_cross_polytope(convention):
    # the certificate is 1/√d at the points ±e_i; 2^d diagonal neurons attain 2√d, axes 2d
    x, f, w, b = cross(3)
    solved = minimum_norm.minimum_norm(x, f, w, b, convention, directions=2**8)
    expected = 6 if convention == "path1" else 2 * sqrt(3)
    assert solved.primal == pytest.approx(expected, rel=1e-6)
    assert 0.997 * expected <= solved.dual <= expected * (1 + 1e-5)
    assert network(solved, x) == pytest.approx(f)
    assert cost(solved, convention) == pytest.approx(solved.primal)
    assert gains(solved, x, convention).max() <= 1 + 1e-5
    only_axes = minimum_norm.minimum_norm(x, f, w, b, convention, rounds=0)
    assert only_axes.primal == pytest.approx(6)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("unit", (1e-6, 1e6))
def test_points_in_other_units(convention, unit):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, f = unit * rng.uniform(-1, 1, size=(6, 1)), rng.normal(size=6)
        w, b = minimum_norm.kinks(x, np.array([[0.01], [-0.01]]))
        w, b = np.vstack([w, [[0.0]]]), np.append(b, 1.0)
        solved = minimum_norm.minimum_norm(x, f, w, b, convention)
        assert network(solved, x) == pytest.approx(f, abs=1e-6)
        assert cost(solved, convention) == pytest.approx(solved.primal, rel=1e-9)
        assert solved.gap <= 5e-3
        assert gains(solved, x, convention).max() <= 1 + 1e-6
        if convention == "bias-free":
            plain = minimum_norm.minimum_norm(x / unit, f, w, b / unit, convention)
            assert solved.primal == pytest.approx(plain.primal / unit, rel=1e-6)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_margins_and_their_certificates_are_exact(convention):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x, labels = 1e-6 * rng.uniform(-1, 1, size=(9, 1)), np.sign(rng.normal(size=9))
        offered = minimum_norm.kinks(x, np.array([[0.01], [-0.01]]))
        solved = minimum_norm.minimum_norm_margin(x, labels, *offered, convention)
        assert (labels * network(solved, x)).min() == pytest.approx(1, abs=1e-9)
        assert (labels * solved.y >= 0).all()
        assert np.abs(solved.y).sum() == pytest.approx(solved.dual) and solved.gap <= 5e-3
        if convention == "bias-free":
            assert abs(solved.y.sum()) <= 1e-14 * solved.dual


def test_equal_points_with_different_values_are_refused():
    x, w = np.ones((2, 1)), np.array([[1.0], [-1.0]])
    with pytest.raises(ValueError, match="the same value at equal points"):
        minimum_norm.minimum_norm(x, np.arange(2), w, np.zeros(2), "path2")


def test_the_gap_of_a_dual_that_proves_nothing_is_infinite():
    nothing = np.zeros(1)
    solved = minimum_norm.MinimumNorm(1.0, 0.0, nothing, nothing[None], nothing, 0.0, nothing)
    assert solved.gap == np.inf


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_programs_over_given_neurons_have_two_equal_sides(convention):
    rng = np.random.default_rng(6)
    x, w, b = rng.normal(size=(8, 2)), rng.normal(size=(30, 2)), rng.normal(size=30)
    columns = np.maximum(x @ w.T + b, 0)
    costs = norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    f, labels = rng.normal(size=8), np.where(x[:, 0] > 0, 1, -1)

    data = minimum_norm._Data(x, f, convention, True)
    primal, _, _, y = minimum_norm._linear_program(data, columns, costs, margin=False)
    assert y @ f == pytest.approx(primal)
    primal, _, _, y = minimum_norm._least_squares(data, columns, costs, penalty=0.01)
    assert 0.01 * y @ f - 8 * 0.01**2 / 2 * y @ y == pytest.approx(primal)
    data = minimum_norm._Data(x, labels, convention, True)
    primal, _, _, y = minimum_norm._linear_program(data, columns, costs, margin=True)
    assert y @ labels == pytest.approx(primal)


def scattered(seed):
    rng = np.random.default_rng(seed)
    x, f = rng.normal(size=(6, 2)), rng.normal(size=6)
    return x, f, *minimum_norm.kinks(x, np.vstack([x, -x]))


@pytest.mark.parametrize("seed", (1, 3))
def test_a_proof_is_asked_for_when_it_will_succeed(monkeypatch, seed):
    proofs, prove = [], dual_norm.greatest_ratio

    def counted(*arguments, **options):
        proofs.append(prove(*arguments, **options))
        return proofs[-1]

    monkeypatch.setattr(dual_norm, "greatest_ratio", counted)
    minimum_norm.minimum_norm(*scattered(seed), "bias-free", directions=64)
    assert len(proofs) == 1 and proofs[0].bound < 1.005


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_a_proof_that_finds_better_neurons_is_not_the_last(convention, seed):
    # among 8 directions nothing better is seen, at a gap of up to 5 %
    solved = minimum_norm.minimum_norm(*scattered(seed), convention, directions=8)
    assert 0 <= solved.gap <= 5e-3


def test_the_usual_search_in_space():
    x = np.vstack([np.eye(3), np.zeros((1, 3))])
    offered = minimum_norm.kinks(x, np.vstack([x[:3], -x[:3]]))
    solved = minimum_norm.minimum_norm(x, np.array([1.0, 1, 1, 0]), *offered, "path2")
    assert solved.primal == pytest.approx(sqrt(3)) and 0 <= solved.gap <= 5e-3
