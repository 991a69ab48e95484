"""What the checks of the assignment on supervised learning compute, in another way."""

from pathlib import Path

import numpy as np
import pytest
import torch

from assignments.checks import supervised_learning as checks
from tools.coursework.notebook import default_numbers
from tools.coursework.source import read

SOURCE = Path(__file__).parents[2] / "assignments" / "supervised-learning.md"


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_descent_by_singular_values_is_descent_step_by_step(rng):
    phi, y = checks.normal(rng, 9, 4), checks.normal(rng, 9)
    u = torch.zeros(4, dtype=torch.float64)
    step = 9 / torch.linalg.matrix_norm(phi, 2) ** 2
    for _ in range(6):
        u = u - step * phi.T @ (phi @ u - y) / 9
    assert torch.allclose(checks.descended(phi, y, 6), u, rtol=1e-10)


def test_dependent_features_have_their_rank_and_no_small_singular_values(rng):
    values = torch.linalg.svdvals(checks.dependent(rng, 9, 6, 3))
    assert (values[:3] >= 1 - 1e-9).all() and (values[3:] < 1e-12).all()


def test_a_sample_repeats_two_inputs_and_has_both_labels(rng):
    rows, y = checks.sample(rng, 12, 10)
    assert len(rows) == len(y) == 10
    assert sorted(rows.bincount().tolist())[-3:] == [1, 3, 3]
    assert set(y.tolist()) == {-1.0, 1.0}


def test_population_of_a_student_is_that_of_the_notebook():
    """It is made twice, and must not differ by the dtype that torch takes for granted."""
    assignment = read(SOURCE)
    drawn = default_numbers(assignment)
    (made,) = [b for b in assignment.blocks if "f_star =" in getattr(b, "body", "")]
    found = {"torch": torch, "np": np, **drawn}
    table = checks.own_table(checks.SimpleNamespace(**drawn))
    torch.set_default_dtype(torch.float64)
    try:
        exec(made.body, found)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(table.p, found["chances"])
    assert torch.equal(table.f, found["f_star"])
    assert torch.equal(table.rows, found["all_rows"])
    assert torch.equal(table.y, found["all_labels"])
