"""Suprema over classes against brute force: a grid of parameters, and all signs."""

from math import comb, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, norms, rademacher

SIGNS = rademacher.all_signs(6)


def points(seed, n, d, scale=1.0):
    return device.tensor(scale * np.random.default_rng(seed).normal(size=(n, d)))


def on_a_grid(signs, x, w, b, convention):
    """The best of many neurons, at every sign vector."""
    values = torch.relu(x @ w.mT + b) / norms.parameter_norm(w, b, convention)
    return (signs @ values).abs().amax(dim=1) / len(x)


def grid(d, bias, fine=1.0):
    """Parameters (w, b) all around, about 1/40 apart."""
    D = d + bias
    if D == 1:
        directions = np.array([[1.0], [-1.0]])
    elif D == 2:
        angle = np.linspace(0, 2 * np.pi, int(20000 * fine), endpoint=False)
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        directions = np.random.default_rng(0).normal(size=(int(60000 * fine), 3))
    parameters = device.tensor(directions)
    return (parameters[:, :d], parameters[:, d] if bias else 0 * parameters[:, 0])


def test_all_signs_are_all_of_them_once():
    signs = rademacher.all_signs(10)
    assert signs.shape == (1024, 10)
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert len({tuple(row) for row in signs.tolist()}) == 1024


def test_the_limit_of_all_signs():
    with pytest.raises(ValueError, match="n=21 has 2\\^21 sign vectors; draw some"):
        rademacher.all_signs(21)
    assert rademacher.all_signs(16).shape == (2**16, 16)


def test_random_signs_are_fair_and_independent():
    signs = rademacher.random_signs(np.random.default_rng(0), 40_000, 3)
    assert signs.shape == (40_000, 3)
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert torch.allclose(signs.mean(dim=0), 0 * signs[0], atol=5 / 200)
    assert torch.allclose(signs.mT @ signs / 40_000, torch.eye(3).to(signs), atol=5 / 200)


def test_a_finite_class_function_by_function():
    values = points(0, 4, 6)
    expected = [max(float(row @ f) / 6 for f in values) for row in SIGNS]
    assert rademacher.finite_class(SIGNS, values).tolist() == pytest.approx(expected)
    # no absolute value: one function has complexity 0
    assert rademacher.finite_class(SIGNS, values[:1]).mean().item() == pytest.approx(0, abs=1e-12)


def test_linear_classes_attain_their_supremum():
    x = points(1, 6, 3)
    total = SIGNS @ x
    j = total.abs().argmax(dim=1)
    best = torch.zeros_like(total)
    best[torch.arange(len(j)), j] = total[torch.arange(len(j)), j].sign()
    attained = ((best @ x.mT) * SIGNS).mean(dim=1)
    assert torch.allclose(rademacher.linear_class(SIGNS, x, "l1"), attained)
    best = total / total.norm(dim=1, keepdim=True)
    attained = ((best @ x.mT) * SIGNS).mean(dim=1)
    assert torch.allclose(rademacher.linear_class(SIGNS, x, "l2"), attained)
    others = device.tensor(np.random.default_rng(2).normal(size=(500, 3)))
    for norm, p in (("l1", 1), ("l2", 2)):
        inside = others / others.norm(p=p, dim=1, keepdim=True)
        grid_values = rademacher.finite_class(SIGNS, inside @ x.mT)
        assert (grid_values <= rademacher.linear_class(SIGNS, x, norm) + 1e-12).all()


@pytest.mark.parametrize("convention", ("path1", "l3", 1))
def test_an_unknown_linear_class_is_refused(convention):
    with pytest.raises(ValueError, match="is not one of l1, l2"):
        rademacher.linear_class(SIGNS, points(0, 6, 2), convention)


def test_a_pooled_convolution_is_the_linear_class_of_the_averages():
    x = points(3, 6, 12)
    w = points(4, 1, 4)[0]
    w = w / w.norm()
    patches = x.unflatten(1, (-1, 4))
    pooled = torch.stack([patches[:, p] @ w for p in range(3)]).mean(dim=0)
    assert torch.allclose(patches.mean(dim=1) @ w, pooled)
    suprema = rademacher.linear_class(SIGNS, patches.mean(dim=1), "l2")
    assert (suprema >= SIGNS @ pooled / 6 - 1e-12).all()


@pytest.mark.parametrize(("n", "value"), ((4, 0.411589), (16, 0.192967)))
def test_orthonormal_data_by_enumeration(n, value):
    suprema = rademacher.orthogonal_neurons(rademacher.all_signs(n), torch.eye(n).to(SIGNS))
    assert suprema.mean().item() == pytest.approx(value, abs=1e-6)


def test_orthonormal_data_by_monte_carlo():
    x = device.tensor(np.linalg.qr(np.random.default_rng(0).normal(size=(80, 64)))[0].T)
    signs = rademacher.random_signs(np.random.default_rng(1), 20_000, 64)
    suprema = rademacher.orthogonal_neurons(signs, x)
    error = suprema.std().item() / sqrt(len(suprema))
    assert suprema.mean().item() == pytest.approx(0.092621, abs=5 * error)
    assert 5 * error < 0.01 * 0.092621


def test_orthogonal_data_of_different_lengths_in_the_plane():
    x = device.tensor([[1.5, 2.0], [-0.8, 0.6]])
    expected = on_a_grid(rademacher.all_signs(2), x, *grid(2, False), "path2")
    suprema = rademacher.orthogonal_neurons(rademacher.all_signs(2), x)
    assert torch.allclose(suprema, expected, rtol=1e-6)
    assert torch.allclose(
        suprema, rademacher.neurons(rademacher.all_signs(2), x, "path2", bias=False)
    )


def test_data_that_are_not_orthogonal_are_refused():
    with pytest.raises(ValueError, match="x has rows that are not orthogonal"):
        rademacher.orthogonal_neurons(SIGNS, points(0, 6, 8))
    nearly = torch.eye(2).to(SIGNS)
    nearly[0, 1] = 1e-5
    with pytest.raises(ValueError, match="orthogonal"):
        rademacher.orthogonal_neurons(rademacher.all_signs(2), nearly)


@pytest.mark.parametrize("convention", ("path1", "path2"))
@pytest.mark.parametrize(("n", "value"), ((4, 0.463542), (10, 0.288636), (14, 0.241771)))
def test_one_dimension_with_bias_on_equispaced_data(convention, n, value):
    x = torch.linspace(-1, 1, n).double()[:, None]
    suprema = rademacher.neurons(rademacher.all_signs(n), x.to(SIGNS), convention, bias=True)
    assert suprema.mean().item() == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("scale", (0.3, 1.0, 3.0))
@pytest.mark.parametrize("bias", (True, False))
@pytest.mark.parametrize("d", (1, 2))
@pytest.mark.parametrize("convention", ("path1", "path2"))
def test_suprema_against_a_grid_of_parameters(convention, d, bias, scale):
    x = points(5, 6, d, scale)
    suprema = rademacher.neurons(SIGNS, x, convention, bias)
    expected = on_a_grid(SIGNS, x, *grid(d, bias), convention)
    assert suprema.shape == (64,)
    assert (expected <= suprema + 1e-12).all()
    tolerance = 1e-3 if d + bias < 3 else 0.02
    assert torch.allclose(expected, suprema, rtol=tolerance)


@pytest.mark.parametrize("seed", range(8))
def test_suprema_in_the_plane_to_eight_digits(seed):
    """Over a fine grid of directions and their corners, with the biases that can be best."""
    x = points(seed, 5, 2, scale=(0.3, 0.8, 1.0, 2.0)[seed % 4])
    signs = rademacher.all_signs(5)[:16]  # the others are their negatives
    walls = torch.cat([x, *(x - point for point in x)])
    walls = walls[walls.norm(dim=1) > 0]
    corners = torch.stack([-walls[:, 1], walls[:, 0]], dim=1) / walls.norm(dim=1, keepdim=True)
    u = torch.cat([grid(2, False)[0], corners, -corners])
    expected = signs.sum(dim=1).abs() / 5
    for b in (0 * u[:, 0], *(-(u @ point) for point in x)):
        expected = torch.maximum(expected, on_a_grid(signs, x, u, b, "path2"))
    suprema = rademacher.neurons(signs, x, "path2", bias=True)
    assert (expected <= suprema + 1e-12).all()
    assert torch.allclose(expected, suprema, rtol=1e-7, atol=0)


def test_the_best_direction_in_a_narrow_sector_across_the_angle_zero():
    # two short points cut out the directions within 4 degrees of the long one; there σ sees one
    # of them, and the best w is along the sum of that one and the long point
    angle, length = np.radians([0, 86, 94]), np.array([1, 0.02, 0.02])
    x = device.tensor(length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    supremum = rademacher.neurons(torch.ones(1, 3).to(x), x, "path2", bias=False)
    assert torch.allclose(supremum, (x[0] + x[1]).norm() / 3, rtol=1e-12)


def test_three_dimensions_without_bias_under_path1():
    x = points(6, 6, 3)
    suprema = rademacher.neurons(SIGNS, x, "path1", bias=False)
    w = grid(2, True)
    expected = on_a_grid(SIGNS, x, torch.cat([w[0], w[1][:, None]], dim=1), 0 * w[1], "path1")
    assert (expected <= suprema + 1e-12).all()
    assert torch.allclose(expected, suprema, rtol=0.02)


def test_without_bias_the_convention_bias_free_is_path2():
    x = points(7, 6, 2)
    free, path2 = (rademacher.neurons(SIGNS, x, c, bias=False) for c in ("bias-free", "path2"))
    assert torch.equal(free, path2)


@given(st.integers(0, 2**32 - 1), st.sampled_from(("path1", "path2")), st.booleans())
def test_invariances(seed, convention, bias):
    x = points(seed, 5, 2)
    signs = rademacher.random_signs(np.random.default_rng(seed), 8, 5)
    suprema = rademacher.neurons(signs, x, convention, bias)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(5))
    moved = rademacher.neurons(signs[:, order], x[order], convention, bias)
    assert torch.allclose(moved, suprema)
    assert torch.allclose(rademacher.neurons(-signs, x, convention, bias), suprema)
    flipped = x * device.tensor([1.0, -1.0])
    assert torch.allclose(rademacher.neurons(signs, flipped, convention, bias), suprema)
    if convention == "path2":
        rotation = device.tensor(np.linalg.qr(np.random.default_rng(seed).normal(size=(2, 2)))[0])
        assert torch.allclose(rademacher.neurons(signs, x @ rotation, convention, bias), suprema)
    if not bias:
        assert torch.allclose(rademacher.neurons(signs, 3 * x, convention, bias), 3 * suprema)


@given(st.integers(0, 2**32 - 1))
def test_the_conventions_are_in_order(seed):
    x = points(seed, 5, 2)
    signs = rademacher.random_signs(np.random.default_rng(seed), 8, 5)
    path1, path2 = (rademacher.neurons(signs, x, c, bias=True) for c in ("path1", "path2"))
    without = rademacher.neurons(signs, x, "path2", bias=False)
    assert (path1 <= path2 + 1e-12).all()
    assert (path2 <= sqrt(2) * path1 + 1e-12).all()
    assert (without <= path2 + 1e-12).all()
    assert (path2 >= signs.mean(dim=1).abs() - 1e-12).all()


@pytest.mark.parametrize("convention", ("path1", "path2"))
def test_data_in_special_position(convention):
    # repeated points, the origin, points on a line through it and on the unit circle
    x = device.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    suprema = rademacher.neurons(SIGNS, x, convention, bias=True)
    expected = on_a_grid(SIGNS, x, *grid(2, True), convention)
    assert (expected <= suprema + 1e-12).all()
    assert torch.allclose(expected, suprema, rtol=0.02)
    for bias in (True, False):
        zero = rademacher.neurons(rademacher.all_signs(2), 0 * x[:2], convention, bias)
        assert zero.tolist() == ([1, 0, 0, 1] if bias else [0, 0, 0, 0])


def test_many_sign_vectors_are_treated_in_parts(monkeypatch):
    x = points(8, 6, 2)
    whole = [rademacher.neurons(SIGNS, x, c, bias=True) for c in ("path1", "path2")]
    for at_once in (1000, 10):
        monkeypatch.setattr(rademacher, "VALUES_AT_ONCE", at_once)
        parts = [rademacher.neurons(SIGNS, x, c, bias=True) for c in ("path1", "path2")]
        assert torch.allclose(torch.stack(parts), torch.stack(whole), rtol=1e-12)


def test_a_free_bias_has_infinite_complexity():
    with pytest.raises(ValueError, match="a large bias costs nothing and makes the supremum inf"):
        rademacher.neurons(SIGNS, points(0, 6, 1), "bias-free", bias=True)


def test_what_is_not_computed_is_refused():
    with pytest.raises(ValueError, match="convention='l2' is not one of path1, path2, bias-free"):
        rademacher.neurons(SIGNS, points(0, 6, 1), "l2", bias=True)
    with pytest.raises(ValueError, match="x has d=3; the supremum under path2 is computed for"):
        rademacher.neurons(SIGNS, points(0, 6, 3), "path2", bias=True)


def test_orthonormal_rows_are_chosen_by_the_larger_group():
    n = 7
    signs = rademacher.all_signs(n)
    plus = (signs > 0).sum(dim=1)
    suprema = rademacher.orthogonal_neurons(signs, torch.eye(n).to(signs))
    for k in range(n + 1):
        assert int((plus == k).sum()) == comb(n, k)
        expected = sqrt(max(k, n - k)) / n
        assert suprema[plus == k].tolist() == pytest.approx([expected] * comb(n, k))
