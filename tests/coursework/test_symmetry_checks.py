"""What the hidden checks on symmetry compare with is right, by other means."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mathdl import theory

from assignments.checks import Wrong, actions
from assignments.checks import symmetry as checks
from tools.coursework.source import Cell, read

SOURCE = read(Path(__file__).parents[2] / "assignments" / "symmetry.md")
RNG = np.random.default_rng(0)


def fixed_pairs(out, inn):
    """The mean number of pairs that an element fixes: how many orbits of pairs there are."""
    counts = [
        (g == np.arange(len(g))).sum() * (h == np.arange(len(h))).sum()
        for g, h in zip(*actions.elements(out, inn), strict=True)
    ]
    return np.mean(counts)


@pytest.mark.parametrize("m", [3, 5])
def test_orbits_are_as_many_as_characters_and_fixed_pairs_say(m):
    points = actions.renamed(actions.all_permutations(m), RNG)
    number = len(np.unique(actions.orbits(points, points)))
    assert number == theory.symmetry.banded.commutant_dimension("symmetric", m)
    assert number == fixed_pairs(points, points)


def test_graphs_have_15_weights_and_an_affine_layer_two():
    graphs = actions.on_pairs(actions.all_permutations(4))
    assert len(np.unique(actions.orbits(graphs, graphs))) == 15
    assert len(actions.elements(actions.affine(), actions.affine())[0]) == 20
    assert len(np.unique(actions.orbits(actions.affine(), actions.affine()))) == 2


def test_an_average_is_equivariant_under_generators():
    points = actions.affine()
    pairs = actions.renamed(actions.on_pairs(points), RNG)
    kept = actions.average(RNG.standard_normal((5, 25)), points, pairs)
    for g, h in zip(points, pairs, strict=True):
        np.testing.assert_allclose(kept[np.ix_(g, h)], kept)


def test_patterns_are_compared_whatever_their_numbers():
    wanted = np.array([[0, 1], [1, 0]])
    checks.compare_patterns(np.array([[7, 3], [3, 7]]), wanted, "found")
    with pytest.raises(Wrong, match="lets some differ"):
        checks.compare_patterns(np.array([[7, 3], [4, 7]]), wanted, "found")
    with pytest.raises(Wrong, match="the group lets differ"):
        checks.compare_patterns(np.array([[7, 7], [7, 7]]), wanted, "found")
    with pytest.raises(Wrong, match="the group lets differ"):
        checks.compare_patterns(np.array([[7, 7], [3, 3]]), wanted, "found")


def test_three_risks_agree_at_the_break_even():
    d, k, b, noise = 9, 4, 0.5, 2.0
    n = checks.equal_risks(d, k, b, noise)
    plain, projected = noise * d / (n - d - 1), noise * k / (n - d - 1) + b
    assert n > d + 1
    np.testing.assert_allclose([plain, projected], (noise + b) * k / (n - k - 1) + b)


def test_the_risks_of_a_false_symmetry_are_those_of_least_squares():
    (answer,) = [c for c in SOURCE.blocks if isinstance(c, Cell) and c.question == "price"][:1]
    found: dict = {"np": np}
    exec(answer.body.split("# my_break_even")[0], found)
    d, k, n, noise, runs = 6, 2, 14, 0.7, 20_000
    u = np.array([1.0, -1.0, 0.5, 0.5, 0.0, 0.0])
    X = RNG.standard_normal((runs, n, d))
    y = X @ u + noise**0.5 * RNG.standard_normal((runs, n))
    W, moments = X.mT @ X, (X.mT @ y[..., None])[..., 0]
    plain = np.linalg.solve(W, moments[..., None])[..., 0]
    small = np.linalg.solve(W[:, :k, :k], moments[:, :k, None])[..., 0]
    zeros = np.zeros((runs, d - k))
    ways = [plain, np.hstack([plain[:, :k], zeros]), np.hstack([small, zeros])]
    errors = np.array([((way - u) ** 2).sum(axis=1) for way in ways])
    gap = errors.mean(axis=1) - found["risks"](d, k, n, 0.5, noise)
    assert (abs(gap) < 5 * errors.std(axis=1) / runs**0.5).all()


def test_the_data_are_those_of_the_notebook():
    numbers = SimpleNamespace(seed=4321)
    found: dict = {"np": np, "seed": numbers.seed}
    for cell in SOURCE.blocks:
        if isinstance(cell, Cell) and cell.role == "given" and "PROJECTIONS" in cell.body:
            exec(cell.body, found)
            if "Y_mine" in found:
                break
    u, X, Y, projections = checks.own_data(numbers)
    np.testing.assert_array_equal(found["PROJECTIONS"], projections)
    for mine, name in ((u, "u_mine"), (X, "X_mine"), (Y, "Y_mine")):
        np.testing.assert_allclose(found[name], mine)


def test_estimates_are_right_in_the_mean_and_promise_too_much():
    estimates, costs = checks.own_estimates(SimpleNamespace(seed=1234))
    gap = estimates - costs
    assert (abs(gap.mean(axis=1)) < 5 * gap.std(axis=1) / 400**0.5).all()
    assert estimates.min(axis=0).mean() < costs.mean(axis=1).min()
