"""Who stops, when, and at what; what is written down."""

import pytest
import torch
from mathdl.members import History, Members

nan, inf = float("nan"), float("inf")


def members(*normal, theta=None):
    theta = torch.zeros(len(normal)) if theta is None else theta
    return Members([theta], torch.tensor(normal), steps=9), theta


def test_the_limit_is_a_million_times_the_larger_of_start_and_normal():
    watch, theta = members(1.0, 1.0, 0.0, 1.0, 1.0)
    watch.see(0, torch.tensor([[0.0, 3.0, 0.0, nan, inf]]))
    assert watch.limit.tolist() == [1e6, 3e6, inf, 1e6, 1e6]
    watch.see(0, torch.tensor([[9.0] * 5]))  # a minibatch
    assert watch.limit.tolist() == [1e6, 3e6, inf, 1e6, 1e6]
    assert watch.look([theta], 0)
    assert watch.diverged.tolist() == [False, False, False, True, True]
    assert watch.steps.tolist() == [9, 9, 9, 0, 0] and watch.first == 0


@pytest.mark.parametrize("loss", [1e6, 1.04e6, nan, inf])
def test_what_counts_as_diverged(loss):
    stops = loss != 1e6
    watch, theta = members(1.0, 1.0)
    watch.see(0, torch.tensor([[1.0, 1.0]]))
    assert not watch.look([theta], 0)
    theta += 5
    watch.see(1, torch.tensor([[1.0, 1.0], [1.0, loss], [1.0, 1.0]]))
    watch.see(4, torch.tensor([[1.0, 1.0]]))
    assert watch.look([theta], 4) is stops
    assert theta.tolist() == [5, 0 if stops else 5]
    assert watch.alive.tolist() == [True, not stops]
    assert watch.first == (2 if stops else None)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_parameters_that_are_not_finite_have_diverged(bad):
    watch, theta = members(1.0, 1.0, theta=torch.zeros(2, 3))
    watch.see(0, torch.ones(1, 2))
    assert not watch.look([theta], 0)
    theta[1, 2] = bad
    watch.see(1, torch.ones(1, 2))
    watch.see(2, torch.ones(3, 2))
    assert watch.look([theta], 2)
    assert watch.diverged.tolist() == [False, True] and watch.first == 2
    assert not theta.any() and watch.steps.tolist() == [9, 0]


def test_the_last_good_parameters_are_of_the_last_look():
    watch, theta = members(1.0, 1.0)
    for step, losses in enumerate([[1.0, 1.0], [1.0, 1.0], [nan, 1.0], [1.0, nan]]):
        theta[watch.alive] = step
        watch.see(step, torch.tensor([losses]))
        watch.look([theta], step)
        assert not watch.seen and watch.good_step == step
    assert theta.tolist() == [1, 2] and watch.steps.tolist() == [1, 2]
    assert watch.first == 2 and watch.all_stopped


def test_a_member_that_has_stopped_is_not_watched():
    watch, theta = members(1.0, 1.0)
    watch.see(0, torch.tensor([[1.0, 1.0]]))
    watch.converge(torch.tensor([True, False]), 0)
    watch.converge(torch.tensor([True, False]), 3)
    assert watch.steps.tolist() == [0, 9] and watch.converged.tolist() == [True, False]
    watch.see(1, torch.tensor([[nan, 1.0]]))
    assert not watch.look([theta], 1) and not watch.all_stopped
    watch.see(2, torch.tensor([[nan, nan]]))
    assert watch.look([theta], 2) and watch.all_stopped
    assert watch.diverged.tolist() == [False, True]


def test_only_moving_members_move():
    watch, _ = members(1.0, 1.0)
    moved = torch.tensor([[1.0, 2.0], [nan, inf]])
    assert watch.moving(moved, 0) is moved
    watch.converge(torch.tensor([False, True]), 0)
    assert watch.moving(moved, 0).tolist() == [[1, 2], [0, 0]]
    assert watch.moving(moved, torch.ones(2, 2)).tolist() == [[1, 2], [1, 1]]


def test_history_keeps_values_and_not_the_tensors():
    history = History({"w": lambda theta: theta[0][0]}, rows=4, form=lambda t: (t,))
    theta = torch.zeros(2, 3, requires_grad=True)
    for step in (0, 5):
        with torch.no_grad():
            theta.fill_(step)
        history.add(step, torch.tensor([1.0, 2.0]) * step, theta)
    tables = history.tables()
    assert tables["step"].tolist() == [0, 5]
    assert tables["loss"].tolist() == [[0, 0], [5, 10]]
    assert tables["w"].tolist() == [[0] * 3, [5] * 3] and not tables["w"].requires_grad
