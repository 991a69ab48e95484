"""Minimum-norm problems against values that are known, and every certificate on its own."""

from math import pi, sin, tan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mathdl import dual_norm, minimum_norm, norms


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


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_aligned_neurons_cost_the_polygon_around_the_circle(convention):
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), convention, rounds=0)
    assert solved.primal == pytest.approx(16 * tan(pi / 16))


@pytest.mark.parametrize("convention", ("path2", "bias-free"))
def test_all_neurons_cost_the_polygon_inside_the_circle(convention):
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), convention)
    assert solved.primal == pytest.approx(16 * sin(pi / 16))
    assert 0.995 * solved.primal <= solved.dual <= solved.primal
    assert solved.gap == pytest.approx(solved.primal / solved.dual - 1)


def test_the_euclidean_norm_under_path1():
    solved = minimum_norm.minimum_norm(*disc(16), *neurons(16), "path1")
    assert solved.primal == pytest.approx(4)
    assert 0.995 * 4 <= solved.dual <= 4


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
    solved = minimum_norm.minimum_norm(x, f, *neurons(8), "path2")
    assert solved.y @ f == pytest.approx(solved.dual)
    assert dual_norm.greatest_ratio(x, solved.y, "path2", directions=2**13).bound == pytest.approx(
        1
    )
    finest = minimum_norm.minimum_norm(x, f, *neurons(8), "path2", directions=2**13)
    assert finest.dual == solved.dual


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
    solved = minimum_norm.minimum_norm(x[:, None], f, w, np.concatenate([-x, x]), "bias-free")
    assert solved.primal == pytest.approx(least, rel=1e-6, abs=1e-9)
    assert solved.dual == pytest.approx(least, rel=0.006, abs=1e-9)


def test_neurons_that_cannot_interpolate_are_refused():
    x = np.array([[-1.0], [1.0]])
    with pytest.raises(ValueError, match="offer more neurons"):
        minimum_norm.minimum_norm(x, np.ones(2), np.array([[1.0]]), np.zeros(1), "path2")
