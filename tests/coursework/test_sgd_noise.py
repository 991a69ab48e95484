"""The exact moments that the hidden checks of the assignment on SGD noise compare with."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assignments.checks import Wrong, sgd_noise
from tools.coursework.source import Cell, numbers, read, with_numbers

SOURCE = Path(__file__).parents[2] / "assignments" / "sgd-noise.md"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_batches_have_all_chances_and_the_right_mean(rng):
    g, p = rng.standard_normal((4, 2)), sgd_noise.chances(rng, 4)
    listed = list(sgd_noise.batches(g / (4 * p)[:, None], p, 3))
    assert len(listed) == 4**3
    assert np.isclose(sum(q for q, _ in listed), 1)
    assert np.allclose(sum(q * mean for q, mean in listed), g.mean(0))


def test_the_map_of_moments_is_the_mean_over_all_batches(rng):
    phi, p, M = sgd_noise.regression(rng, 4, 2), sgd_noise.chances(rng, 4), np.diag([1.0, 3.0])
    factors = np.eye(2) - 0.2 * sgd_noise.curvatures(phi, p)
    listed = sum(q * K @ M @ K for q, K in sgd_noise.batches(factors, p, 2))
    found = sgd_noise.moment_map(phi, p, 0.2, 2) @ M.ravel()
    assert np.allclose(found.reshape(2, 2), listed)


def test_the_radius_of_two_numbers():
    two, half = np.array([[1.0], [2.0]]), np.array([0.5, 0.5])
    assert np.isclose(sgd_noise.radius(two, half, 0.2, 1), (0.8**2 + 0.2**2) / 2)
    assert np.isclose(sgd_noise.radius(two, half, 2 * 2.5 / 8.5, 1), 1)
    with pytest.raises(Wrong, match="does not fall"):
        sgd_noise.fall_to(two, half, 0.6, 1, "two rows")
    with pytest.raises(Wrong, match="still falls"):
        sgd_noise.fall_to(two, half, 0.58, 1, "two rows")


def test_late_moments_are_those_of_a_recursion_step_by_step(rng):
    """The mean of e eᵀ over all sequences of examples, by listing what one step makes of it."""
    phi, p, y = sgd_noise.regression(rng, 5, 2), sgd_noise.chances(rng, 5), rng.standard_normal(5)
    eta = 0.5 / float(((phi**2).sum(1) / (5 * p)).max())
    best = np.linalg.lstsq(phi, y, rcond=None)[0]
    mean, M = -best, np.outer(best, best)
    for _ in range(2000):
        new = []
        for q, row, label in zip(p, phi, y, strict=True):
            keep = np.eye(2) - eta * np.outer(row, row) / (5 * q)
            kick = -eta * (row @ best - label) * row / (5 * q)
            cross = keep @ np.outer(mean, kick)
            both = keep @ M @ keep + cross + cross.T + np.outer(kick, kick)
            new.append((q, keep @ mean + kick, both))
        mean, M = sum(q * m for q, m, _ in new), sum(q * s for q, _, s in new)
    assert np.allclose(sgd_noise.late_moment(phi, y, p, eta), M, rtol=1e-8, atol=1e-12)


def test_late_moments_of_labels_that_fit_are_zero(rng):
    phi, p = sgd_noise.regression(rng, 5, 2), sgd_noise.chances(rng, 5)
    assert np.allclose(sgd_noise.late_moment(phi, phi @ np.ones(2), p, 0.01), 0)


@pytest.mark.parametrize("student", ["anna", "bob"])
def test_checks_and_notebook_make_the_same_rows(student):
    assignment = read(SOURCE)
    drawn, found = numbers(assignment, student, salt="test"), {}
    for block in assignment.blocks[:9]:
        if isinstance(block, Cell):
            exec(with_numbers(block.body, drawn) if block.role == "numbers" else block.body, found)
    assert np.allclose(found["rows"], sgd_noise.own_rows(SimpleNamespace(**drawn)))


def test_two_numbers_are_wanted():
    sgd_noise.same_pair((1.0, 2.0), [1.0, 2.0], "floors")
    with pytest.raises(Wrong, match="3 numbers"):
        sgd_noise.same_pair([1.0, 2.0, 3.0], [1.0, 2.0], "floors")
    with pytest.raises(Wrong, match="equal chances"):
        sgd_noise.same_pair(np.array([2.0, 1.0]), [1.0, 2.0], "floors")
