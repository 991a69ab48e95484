"""What one neuron can gain: bounds against random neurons and against values that are known."""

import numpy as np
import pytest
import torch
from mathdl import dual_norm, norms


def circle(n, shift=0.0):
    angle = 2 * np.pi * (np.arange(n) + shift) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (1, 2))
def test_the_certificate_bounds_random_neurons(convention, d):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(6, d))
    y = rng.normal(size=6)
    y -= y.mean()
    found = dual_norm.greatest_ratio(x, y, convention, directions=2**6)
    bound, length = found.bound, np.linalg.norm(found.w, axis=1)
    assert length[length > 0] == pytest.approx(1)
    assert found.ratio[0] <= bound <= 1.003 * found.ratio[0]
    assert d == 2 or bound == found.ratio[0]
    w, b = rng.normal(size=(20_000, d)), rng.normal(size=20_000)
    values = np.abs(np.maximum(w @ x.T + b[:, None], 0) @ y)
    ratio = values / norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    assert 0.9 * bound < ratio.max() <= bound


@pytest.mark.parametrize("convention", ("path1", "path2"))
def test_large_biases_count(convention):
    # far to the right the neuron is affine: |Σ y_i| is the limit of the ratio
    x, y = np.array([[0.1], [-0.1]]), np.array([1.0, 1.0])
    found = dual_norm.greatest_ratio(x, y, convention, directions=2)
    assert found.bound == pytest.approx(2)
    assert found.w[0] == 0 and found.b[0] == 1


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
    loose = dual_norm.greatest_ratio(x, y, convention, directions=40, tolerance=1)
    assert loose.bound == pytest.approx(expected)
    tight = dual_norm.greatest_ratio(x, y, convention, directions=40, tolerance=1e-4)
    assert 1 <= tight.bound <= 1.0001


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_arcs_find_what_the_circle_missed(convention):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    y -= y.mean()
    found = dual_norm.greatest_ratio(x, y, convention, directions=8)
    before = dual_norm.search(x, y, convention, directions=8).ratio[0]
    assert found.ratio[0] > before or convention == "path1"
    finest = dual_norm.search(x, y, convention, directions=2**14).ratio[0]
    assert found.ratio[0] <= finest * (1 + 1e-6) <= found.bound * (1 + 1e-6)
    cost = norms.parameter_norm(torch.tensor(found.w), torch.tensor(found.b), convention).numpy()
    assert gain(x, y, found) == pytest.approx(found.ratio * cost)


def cross(d):
    """The center and the points ±e_i, with weights that sum to 0."""
    x = np.vstack([np.zeros((1, d)), np.eye(d), -np.eye(d)])
    return x, np.concatenate([[-2.0 * d], np.ones(2 * d)])


def gain(x, y, neurons):
    return np.abs(np.maximum(neurons.w @ x.T + neurons.b[:, None], 0) @ y)


def test_search_climbs_where_the_cloud_is_thin():
    # one point: the best neuron is its direction, and far from all of four directions in R^6
    x = np.array([[1.0, -2.0, 3.0, 0.5, 0.0, 1.0]])
    found = dual_norm.search(x, np.array([2.0]), "path2", directions=4, biases=False)
    assert found.ratio[0] == pytest.approx(2 * np.linalg.norm(x))
    assert found.w[0] == pytest.approx(x[0] / np.linalg.norm(x), abs=1e-7)
    assert found.bound == np.inf


def test_equal_neurons_are_found_once():
    found = dual_norm.search(np.eye(4), np.ones(4), "path2", directions=2**6, biases=False)
    assert found.ratio[0] == pytest.approx(2) and (found.ratio > 2 - 1e-8).sum() == 1


@pytest.mark.parametrize("y", (np.zeros(4), np.array([1.0, 0.0, 0.0, 0.0])))
def test_weights_that_are_zero(y):
    found = dual_norm.greatest_ratio(np.eye(4)[:, :3], y, "path1", directions=2**4)
    assert found.bound == pytest.approx(y.sum())  # attained by w = e_1, b = 0


def test_peaks_on_the_circle():
    x, y = circle(6), np.ones(6)
    found = dual_norm.search(x, y, "bias-free", directions=12, biases=False)
    assert len(found.ratio) == 6 and found.ratio == pytest.approx(2 * np.ones(6))
    assert np.linalg.norm(found.w, axis=1) == pytest.approx(np.ones(6))


def test_a_flat_circle_has_a_best_neuron():
    found = dual_norm.search(np.zeros((2, 2)), np.ones(2), "path2", directions=8, biases=False)
    assert len(found.ratio) >= 1 and found.ratio[0] == 0


@pytest.mark.parametrize("biases", (True, False))
@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_the_bound_in_space(convention, biases):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, size=(7, 3))
    y = rng.normal(size=7)
    y -= y.mean()
    found = dual_norm.greatest_ratio(x, y, convention, directions=2**8, biases=biases)
    cost = norms.parameter_norm(torch.tensor(found.w), torch.tensor(found.b), convention).numpy()
    assert gain(x, y, found) == pytest.approx(found.ratio * cost)
    assert (np.diff(found.ratio) <= 0).all() and (cost <= 2.8).all()
    assert found.ratio[0] - 1e-6 <= found.bound <= 1.001 * found.ratio[0]
    w, b = rng.normal(size=(40_000, 3)), biases * rng.normal(size=40_000)
    values = np.abs(np.maximum(w @ x.T + b[:, None], 0) @ y)
    ratio = values / norms.parameter_norm(torch.tensor(w), torch.tensor(b), convention).numpy()
    assert 0.95 * found.bound < ratio.max() <= found.bound + 1e-6


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (3, 4))
def test_the_cross_polytope_is_seen_by_its_diagonals(convention, d):
    # Σ_k σ(w·x_k + b) - 2d σ(b) = Σ_i σ(|w_i| - |b|), at most ‖w‖₁
    x, y = cross(d)
    found = dual_norm.greatest_ratio(x, y, convention, directions=2**8)
    expected = 1 if convention == "path1" else d**0.5
    assert found.bound == pytest.approx(expected, rel=1.5e-3)
    assert found.ratio[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("signs", ([1, 1, 1, -1, -1], [-1, -1, -1, -1, 1]))
def test_orthonormal_points_without_biases(signs):
    # Σ_i s_i σ(w_i) on ‖w‖₂ <= 1: the root of the number of equal signs, the greater one
    found = dual_norm.greatest_ratio(np.eye(5), np.array(signs), "path2", 2**8, biases=False)
    expected = max(signs.count(1), signs.count(-1)) ** 0.5
    assert found.bound == pytest.approx(expected, rel=1.5e-3)
    assert found.ratio[0] == pytest.approx(expected, rel=1e-5)


def proven(x, y, convention, biases=True):
    """What the programs prove by themselves: `greatest_ratio` never says less than was found."""
    found = dual_norm.search(x, y, convention, 2**8, biases)
    return max(dual_norm._program(x, s * y, convention, biases, found, 1e-3).bound for s in (1, -1))


# u with |w·u| <= ‖w‖₁ or ‖w‖₂, attained
ALONG = {"path1": np.array([1.0, -1, 1]), "path2": np.array([1, -2, 2]) / 3}


@pytest.mark.parametrize("convention", ALONG)
def test_a_best_neuron_with_a_negative_bias_in_space(convention):
    # (σ(3s + b) - 5/2 σ(s + b) + 6/5 σ(b)) / (|s| + |b|) for s = w·u is 1 at b = -s, and at most
    # 3/5 in modulus elsewhere
    x, y = np.outer([3, 1, 0], ALONG[convention]), np.array([1, -2.5, 1.2])
    found = dual_norm.greatest_ratio(x, y, convention, directions=2**8)
    assert found.ratio[0] == pytest.approx(1, rel=1e-6)
    assert 1 - 1e-6 <= proven(x, y, convention) <= 1.001
    order = 1 if convention == "path1" else 2
    assert found.b[0] == pytest.approx(-np.linalg.norm(found.w[0], order))


@pytest.mark.parametrize("scale", (0.5, 2.0))
@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("biases", (True, False))
def test_the_bound_reaches_as_far_as_neurons_do(convention, scale, biases):
    # two opposite points with equal coordinates: σ(w·x + b), or its difference where b is free
    x, y = scale * np.array([[1.0, 1, 1], [-1, -1, -1]]), np.array([1.0, 0])
    length = scale if convention == "path1" else scale * 3**0.5
    if biases and convention == "bias-free":
        y, expected = np.array([1.0, -1]), 2 * length
    else:
        expected = max(length, float(biases))
    assert 1 - 1e-6 <= proven(x, y, convention, biases) / expected <= 1.001


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("d", (2, 3, 4))
@pytest.mark.parametrize("seed", range(6))
def test_a_poor_search_is_made_good(convention, d, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(4 + d, d)), rng.normal(size=4 + d)
    y -= y.mean()
    found = dual_norm.greatest_ratio(x, y, convention, directions=2)
    assert found.ratio[0] - 1e-6 <= found.bound <= 1.001 * found.ratio[0]
    cost = norms.parameter_norm(torch.tensor(found.w), torch.tensor(found.b), convention).numpy()
    assert gain(x, y, found) == pytest.approx(found.ratio * cost)


def test_a_line_has_two_directions():
    x, y = np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, -2.0, 1.0])
    assert len(dual_norm.search(x, y, "bias-free", directions=8).ratio) == 2


def test_a_cloud_consists_of_unit_vectors():
    for d in (1, 2, 3, 7):
        assert np.linalg.norm(dual_norm._directions(d, 8), axis=1) == pytest.approx(1)


@pytest.mark.parametrize("kink", (None, 0, 3))
def test_uphill_is_the_gradient_with_the_kink_held(kink):
    rng = np.random.default_rng(2)
    x, y, w = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=(5, 3))
    o = np.zeros(3) if kink is None else x[kink]

    def height(w):
        return np.abs(np.maximum(w @ (x - o).T, 0) @ y)

    h = 1e-6 * np.eye(3)
    differences = [(height(w + e) - height(w - e)) / 2e-6 for e in h]
    uphill = dual_norm._gradient(x, y, w, -(w @ o))
    assert uphill == pytest.approx(np.stack(differences, axis=1), rel=1e-6, abs=1e-8)


def test_on_a_line_the_bound_is_exact_whatever_is_tolerated():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 1)), rng.normal(size=12)
    found = dual_norm.greatest_ratio(x, y, "path2", directions=2, tolerance=1)
    assert found.bound == found.ratio[0]


@pytest.mark.parametrize("convention", norms.CONVENTIONS)
def test_weights_that_cancel_end_the_search(convention, monkeypatch):
    monkeypatch.setattr(dual_norm, "VALUES_AT_ONCE", 2**14)
    x, y = np.array([[0.3, 0.7], [0.3, 0.7]]), np.array([1.0, -1.0])
    found = dual_norm.greatest_ratio(x, y, convention, directions=2**6)
    assert found.ratio[0] == pytest.approx(0, abs=1e-15)
    assert 0 <= found.bound < 2e-3


@pytest.mark.parametrize("d", (2, 3))
def test_a_free_bias_makes_up_for_the_place_of_the_data(d):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-1, 1, size=(6, d)), rng.normal(size=6)
    y -= y.mean()
    here = dual_norm.greatest_ratio(x, y, "bias-free", directions=2**8)
    there = dual_norm.greatest_ratio(x + 1e4, y, "bias-free", directions=2**8)
    assert there.bound == pytest.approx(here.bound, rel=1e-8)
    assert gain(x + 1e4, y, there)[0] == pytest.approx(there.ratio[0])


@pytest.mark.parametrize("biases", (True, False))
@pytest.mark.parametrize("convention", norms.CONVENTIONS)
@pytest.mark.parametrize("unit", (1e-6, 1e6))
def test_the_bound_in_space_in_other_units(convention, biases, unit):
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-1, 1, size=(6, 3)), rng.normal(size=6)
    y -= y.mean()
    found = dual_norm.greatest_ratio(unit * x, y / unit, convention, 2**8, biases=biases)
    cost = norms.parameter_norm(torch.tensor(found.w), torch.tensor(found.b), convention).numpy()
    assert gain(unit * x, y / unit, found) == pytest.approx(found.ratio * cost, abs=1e-8)
    assert found.ratio[0] <= found.bound <= 1.001 * found.ratio[0]
    if convention == "bias-free" or not biases:
        plain = dual_norm.greatest_ratio(x, y, convention, 2**8, biases=biases)
        assert found.bound == pytest.approx(plain.bound, rel=1e-3)
        assert found.bound >= plain.ratio[0] * (1 - 1e-6)


def test_two_million_values_are_the_most(monkeypatch):
    sizes, best_bias = [], dual_norm._best_bias

    def counted(x, y, w, *others):
        sizes.append(len(x) * len(w))
        return best_bias(x, y, w, *others)

    monkeypatch.setattr(dual_norm, "_best_bias", counted)
    x, y = np.array([[0.3, 0.7], [0.3, 0.7]]), np.array([1.0, -1.0])
    dual_norm.greatest_ratio(x, y, "path2", directions=2**10, biases=False)
    assert sizes[1:] == [2**k for k in range(11, 22)]
