"""What the hidden checks on estimation compare with is right, by other means."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from assignments.checks import estimation as checks
from tools.coursework.source import Cell, read

SOURCE = Path(__file__).parents[2] / "assignments" / "estimation.md"


def test_all_choices_contain_the_best_and_nothing_better():
    rng = np.random.default_rng(1)
    signs, x = rng.choice([-1.0, 1.0], size=(30, 6)), rng.standard_normal((6, 5))
    found = checks.over_choices(signs, x, 2, 3.0)
    w = rng.standard_normal((4000, 5)) * rng.permuted(np.tile([1, 1, 0, 0, 0], (4000, 1)), axis=1)
    w *= 3.0 / np.linalg.norm(w, axis=1, keepdims=True)
    tried = (signs @ x @ w.T).max(axis=1) / 6
    assert (tried <= found + 1e-12).all()
    assert (tried >= 0.98 * found).all()


def test_a_deleted_mean_is_the_mean_of_the_others():
    y = np.array([1.0, 2.0, 6.0])
    np.testing.assert_allclose(checks.deleted(np.ones((3, 1)), y, 0), [-3, -1.5, 4.5])
    np.testing.assert_allclose(checks.deleted(np.ones((3, 1)), y, 2.0), [-1, 0.25, 5.25])


def test_without_a_choice_nothing_is_chosen():
    rng = np.random.default_rng(2)
    features, y = rng.standard_normal((8, 3)), rng.standard_normal(8)
    found = checks.deleted_before_choice(features, y, 3)
    np.testing.assert_allclose(found, checks.deleted(features, y, 0))


def test_a_choice_finds_the_features_that_made_the_labels():
    features = np.random.default_rng(3).standard_normal((50, 9))
    y = features[:, 2] - 2 * features[:, 7]
    assert set(checks.chosen(features * np.arange(9, 0, -1), y, 2)) == {2, 7}


def test_the_data_are_those_of_the_notebook():
    given = [b.body for b in read(SOURCE).blocks if isinstance(b, Cell) and b.role == "given"]
    (drawing,) = [body for body in given if "x_mine =" in body]
    numbers = {"n": 5, "D": 7, "k": 2, "seed": 11}
    notebook: dict = {"np": np} | numbers
    exec(drawing, notebook)
    x, y = checks.own_data(SimpleNamespace(**numbers))
    np.testing.assert_array_equal(x, notebook["x_mine"])
    np.testing.assert_array_equal(y, notebook["y_mine"])
