"""The loop with steppers that are simple enough to follow by hand."""

import numpy as np
import pytest
import torch
from mathdl import loop
from mathdl.loop import Eager, Fused, Plan, descend, minibatches
from mathdl.members import History, Members
from mathdl.sampling import Minibatches
from mathdl.updates import GradientDescent


def halve(steps, every, tolerance=None, at_once=None, rows=99):
    """θ²/2 with lr = ½: θ halves in every step, from 4 and 64."""
    theta = torch.tensor([4.0, 64.0], dtype=torch.float64)

    def gradient(theta, x, y):
        return theta**2 / 2, theta

    def advance(theta, state, x, y, lr):
        powers = 2.0 ** -torch.arange(len(lr))[:, None]
        return theta * 2.0 ** -len(lr), (powers * theta) ** 2 / 2

    def rate(start, stop):
        return torch.full((stop - start, 2), 0.5, dtype=torch.float64)

    eager = Eager(gradient, theta, [{}], GradientDescent(), [0.0])
    fused = Fused(advance, theta, {}, at_once) if at_once else None
    members = Members([theta], torch.ones_like(theta), steps)
    history = History({"theta": lambda theta: theta}, rows)
    descend(Plan(steps, every, tolerance, rate), eager, fused, (None, None), None, members, history)
    return theta, members, history.tables()


@pytest.mark.parametrize("at_once", [None, 3, 4])
def test_steps_and_rows(at_once):
    theta, members, history = halve(steps=14, every=12, at_once=at_once)
    assert theta.tolist() == [4 / 2**14, 64 / 2**14]
    assert history["step"].tolist() == [0, 12, 14]
    assert history["theta"].tolist() == [[4 / 2**t, 64 / 2**t] for t in (0, 12, 14)]
    torch.testing.assert_close(history["loss"], history["theta"] ** 2 / 2, rtol=0, atol=0)
    assert members.steps.tolist() == [14, 14] and not members.all_stopped


def test_the_rows_that_are_needed():
    halve(steps=14, every=12, rows=3)
    with pytest.raises(IndexError):
        halve(steps=14, every=12, rows=2)


@pytest.mark.parametrize("at_once", [None, 4])
def test_the_loop_ends_where_nobody_trains(at_once):
    theta, members, history = halve(steps=1000, every=500, tolerance=1e-3, at_once=at_once)
    # θ²/2 <= 0.001 for θ <= 0.0447: 4/2^7 = 0.031 and 64/2^11
    first, second = (7, 11) if at_once is None else (8, 12)
    assert theta.tolist() == [4 / 2**first, 64 / 2**second]
    assert members.steps.tolist() == [first, second] and members.converged.all()
    assert history["step"].tolist() == [0, 64]


def gathered(**options):
    x, y = torch.arange(5.0)[:, None], torch.arange(5.0)
    own = {"own_x": False, "own_y": False} | options
    if own["own_x"]:
        x = x + torch.tensor([0.0, 100.0, 200.0])[:, None, None]
    if own["own_y"]:
        y = y + torch.tensor([0.0, 100.0, 200.0])[:, None]
    batches = Minibatches(2, np.random.default_rng(0), replace=False)
    return list(minibatches(batches, x, y, E=3, steps=7, **own))


@pytest.mark.parametrize("own_x", [False, True])
@pytest.mark.parametrize("own_y", [False, True])
def test_points_and_labels_of_the_same_samples(own_x, own_y):
    expected = Minibatches(2, np.random.default_rng(0), replace=False).draw(5, 3, 7)
    data = gathered(own_x=own_x, own_y=own_y)
    members = 100.0 * torch.arange(3)[:, None]
    for t, (x, y) in enumerate(data):
        assert torch.equal(x.squeeze(2), torch.from_numpy(expected[t]) + own_x * members)
        assert torch.equal(y, torch.from_numpy(expected[t]) + own_y * members)
    assert len(data) == 7


def test_batches_of_several_steps_together():
    single, together = gathered(), gathered(at_once=3)
    assert [x.shape for x, _ in together] == [(3, 3, 2, 1), (3, 3, 2, 1), (3, 2, 1)]
    joined = torch.cat([together[0][1], together[1][1], together[2][1][None]])
    assert torch.equal(joined, torch.stack([y for _, y in single]))
    assert [y.shape for _, y in gathered(at_once=1)] == [(1, 3, 2)] * 7


@pytest.mark.parametrize(("room", "lengths"), [(1, [1] * 7), (48, [2, 2, 2, 1]), (10**9, [4, 3])])
def test_how_many_are_gathered_at_once(room, lengths, monkeypatch):
    # A step takes 3 members times 2 samples times 4 bytes = 24 bytes.
    monkeypatch.setattr("mathdl.loop.LOOK", 4)
    monkeypatch.setattr("mathdl.loop.BATCH_BYTES", room)
    seen = []
    gathered(prepare=lambda x: seen.append(len(x)) or x)
    assert seen == lengths


def test_as_many_batches_of_own_points_are_gathered_at_once(monkeypatch):
    monkeypatch.setattr("mathdl.loop.BATCH_BYTES", 48)
    seen = []
    gathered(own_x=True, prepare=lambda x: seen.append(len(x)) or x)
    assert seen == [2, 2, 2, 1]


def test_eight_mebibytes_are_gathered_at_once():
    x, seen = torch.zeros(2, int(1.02 * 2**18)), []  # 1.02 MiB a sample
    batches = Minibatches(1, np.random.default_rng(0), replace=True)
    list(
        minibatches(
            batches, x, x[:, 0], False, False, 1, 9, prepare=lambda x: seen.append(len(x)) or x
        )
    )
    assert seen == [7, 2]


def test_the_bar_waits_three_seconds():
    assert loop.PATIENCE == 3


def test_each_member_has_its_rate_in_every_parameter():
    theta = (torch.ones(2), torch.ones(2, 3), torch.ones(2, 3, 2))
    eager = Eager(
        lambda theta, x, y: (theta[0], theta), theta, [{}] * 3, GradientDescent(), [0, 0.5, 0]
    )
    eager.losses(None, None, torch.tensor([[0.5, 0.25]]))
    eager.move(Members(list(theta), torch.ones(2), steps=1))
    assert theta[0].tolist() == [0.5, 0.75]
    assert theta[1].tolist() == [[0.25] * 3, [0.625] * 3]
    assert theta[2].tolist() == [[[0.5] * 2] * 3, [[0.75] * 2] * 3]


def test_noise_is_on_the_labels_only():
    batches = Minibatches(2, np.random.default_rng(0), replace=True, label_noise=3.0)
    x = torch.zeros(500, 1)
    data = list(minibatches(batches, x, x[:, 0], False, False, E=100, steps=50))
    y = torch.stack([y for _, y in data])
    assert y.dtype == torch.float32 and not any(x.any() for x, _ in data)
    assert y.std().item() == pytest.approx(3, rel=0.04)
