"""Path norms, and minimum-norm interpolation against values that are known."""

from math import pi, sin, sqrt, tan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl import device, norms


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


@pytest.mark.parametrize("convention, expected", [("path1", 9), ("path2", 7), ("bias-free", 5)])
def test_norms_of_one_neuron(convention, expected):
    a, w, b = device.tensor([-2.0]), device.tensor([[3.0, -4.0]]), device.tensor([-2.0])
    assert norms.parameter_norm(w, b, convention).item() == expected
    assert norms.path_norm(a, w, b, convention).item() == 2 * expected


@pytest.mark.parametrize("function", (norms.path_norm, norms.parameter_norm))
def test_unknown_convention_is_refused(function):
    arguments = [torch.ones(1), torch.ones(1, 1), torch.ones(1)][
        -2 if "par" in str(function) else 0 :
    ]
    with pytest.raises(ValueError, match="convention='R' is not one of path1, path2, bias-free"):
        function(*arguments, "R")


@given(st.floats(0.01, 100), st.integers(0, 2**32 - 1), st.sampled_from(norms.CONVENTIONS))
def test_path_norm_does_not_see_how_a_neuron_is_scaled(factor, seed, convention):
    rng = np.random.default_rng(seed)
    a, w, b = (device.tensor(rng.normal(size=s)) for s in ((2, 3), (2, 3, 4), (2, 3)))
    norm = norms.path_norm(a, w, b, convention)
    assert norm.shape == (2,)
    assert torch.allclose(norms.path_norm(factor * a, w / factor, b / factor, convention), norm)
    assert torch.allclose(norms.path_norm(factor * a, w, b, convention), factor * norm)


@given(st.integers(0, 2**32 - 1))
def test_the_conventions_are_ordered(seed):
    rng = np.random.default_rng(seed)
    w, b = device.tensor(rng.normal(size=(5, 3))), device.tensor(rng.normal(size=5))
    path1, path2, bias_free = (norms.parameter_norm(w, b, c) for c in norms.CONVENTIONS)
    assert (bias_free <= path2).all() and (path2 <= path1).all()
    assert (path1 <= sqrt(3) * path2).all()


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_aligned_neurons_cost_the_polygon_around_the_circle(convention):
    solved = norms.minimum_norm(*disc(16), *neurons(16), convention, rounds=0)
    assert solved.primal == pytest.approx(16 * tan(pi / 16))


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_all_neurons_cost_the_polygon_inside_the_circle(convention):
    solved = norms.minimum_norm(*disc(16), *neurons(16), convention)
    assert solved.primal == pytest.approx(16 * sin(pi / 16))
    assert 0.995 * solved.primal <= solved.dual <= solved.primal
    assert solved.gap == pytest.approx(solved.primal / solved.dual - 1)


def test_the_euclidean_norm_under_path1():
    solved = norms.minimum_norm(*disc(16), *neurons(16), "path1")
    assert solved.primal == pytest.approx(4)
    assert 0.995 * 4 <= solved.dual <= 4


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_the_network_interpolates_and_costs_what_is_said(convention):
    x, f = disc(8)
    solved = norms.minimum_norm(x, f + x[:, 0] - 1, *neurons(8), convention)
    outputs = np.maximum(x @ solved.w.T + solved.b, 0) @ solved.a + solved.constant
    assert outputs == pytest.approx(f + x[:, 0] - 1)
    cost = norms.path_norm(*(torch.tensor(v) for v in (solved.a, solved.w, solved.b)), convention)
    assert float(cost) == pytest.approx(solved.primal)
    assert (solved.constant == 0) == (convention != "bias-free")


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (1, 2))
def test_the_certificate_bounds_random_neurons(convention, d):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(6, d))
    y = rng.normal(size=6)
    y -= y.mean()
    bound = norms.greatest_ratio(x, y, convention, directions=512)
    w, b = rng.normal(size=(20_000, d)), rng.normal(size=20_000)
    values = np.abs(np.maximum(w @ x.T + b[:, None], 0) @ y)
    ratio = values / norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    assert 0.9 * bound < ratio.max() <= bound


@pytest.mark.parametrize("convention", ("path1", "path2"))
def test_large_biases_count(convention):
    # far to the right the neuron is affine: |Σ y_i| is the limit of the ratio
    x, y = np.array([[0.1], [-0.1]]), np.array([1.0, 1.0])
    assert norms.greatest_ratio(x, y, convention, directions=2) == pytest.approx(2)


@pytest.mark.parametrize(
    "convention, slope", [("bias-free", 0.0), ("path2", 0.0), ("path1", 2**0.5)]
)
def test_the_bound_between_directions(convention, slope):
    # at b = 0 the ratio is ||cos| - |sin|| / N <= 1, attained at the directions of the data, which
    # are the third, the thirteenth, ... of 40; Σ|y_i||x_i| = 4
    x, y, axes = circle(4, shift=0.3), np.array([1.0, -1.0, 1.0, -1.0]), circle(4)
    half = np.pi / 40
    x = x if convention != "path1" else axes
    expected = 1 + slope * half + 4 * half
    assert norms.greatest_ratio(x, y, convention, directions=40) == pytest.approx(expected)


def test_the_certificate_that_is_returned_proves_the_dual_value():
    x, f = disc(8)
    solved = norms.minimum_norm(x, f, *neurons(8), "path2")
    assert solved.y @ f == pytest.approx(solved.dual)
    assert norms.greatest_ratio(x, solved.y, "path2", directions=2**13) == pytest.approx(1)
    finest = norms.minimum_norm(x, f, *neurons(8), "path2", directions=2**13)
    assert finest.dual == solved.dual


@pytest.mark.parametrize("d", (1, 2))
def test_neurons_that_join_are_normalized_and_have_their_kink_in_the_data(d):
    rng = np.random.default_rng(5)
    x, f = rng.uniform(-1, 1, size=(6, d)), rng.normal(size=6)
    w, b = rng.normal(size=(80, d)), rng.normal(size=80)
    solved = norms.minimum_norm(x, f, w, b, "bias-free")
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
@settings(max_examples=30, deadline=None)
def test_one_dimension_against_the_formula_of_slopes(gaps, values):
    # Savarese et al. 2019 for interpolation: with slopes s_i, T = Σ|s_(i+1) - s_i| and
    # S = |s_1 + s_last|, the least bias-free norm is T + max(0, (S - T)/2)
    x = np.concatenate([[0], np.cumsum(gaps)])
    f = np.array(values[: len(x)])
    s = np.diff(f) / np.diff(x)
    T, S = np.abs(np.diff(s)).sum(), abs(s[0] + s[-1])
    least = T + max(0, (S - T) / 2)
    w = np.repeat([[1.0], [-1.0]], len(x), axis=0)
    solved = norms.minimum_norm(x[:, None], f, w, np.concatenate([-x, x]), "bias-free")
    assert solved.primal == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert solved.dual == pytest.approx(least, rel=0.006, abs=1e-9)


def test_points_in_space_are_refused():
    with pytest.raises(ValueError, match=r"x has shape \(3, 3\); give points"):
        norms.minimum_norm(np.eye(3), np.ones(3), np.eye(3), np.zeros(3), "path2")


def test_neurons_that_cannot_interpolate_are_refused():
    x = np.array([[-1.0], [1.0]])
    with pytest.raises(ValueError, match="offer more neurons"):
        norms.minimum_norm(x, np.ones(2), np.array([[1.0]]), np.zeros(1), "path2")
