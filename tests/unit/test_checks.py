import pytest
import torch
from mathdl import checks, losses


def test_what_fits_passes():
    zero = torch.zeros(2, 5)
    checks.check_finite(x=torch.zeros(3), parameters=(torch.ones(1), (torch.ones(2),)))
    checks.check_alike(torch.zeros(1), x=[torch.ones(2)], y=[])
    checks.check_members(zero, [torch.zeros(2, 4), torch.zeros(2)])
    checks.check_rate(torch.tensor([0.1, 0.2]), E=2)
    checks.check_history({"norm": len}, ({}, {}), count=2)
    checks.check_options(lambda step: 0.1, steps=0, every=1, tolerance=0.0, E=2)
    checks.check_labels(losses.loss("squared"), zero, torch.zeros(2, 5), noise=0.3)
    checks.check_labels(losses.loss("logistic"), zero, torch.ones(5), noise=0.0)


@pytest.mark.parametrize(
    ("shape", "own"),
    [((2, 5, 3), True), ((5, 3), False), ((2, 5), True), ((5, 2, 2), False), ((5,), False)],
)
def test_whose_points_they_are(shape, own):
    assert checks.is_own(torch.zeros(shape), torch.zeros(2, 5)) is own


@pytest.mark.parametrize(
    ("shape", "own"),
    [
        ((4, 4, 3), True),
        ((4, 4), False),
        ((4, 4, 1, 2, 2), True),
        ((4, 4, 2, 2), False),
    ],
)
def test_as_many_members_as_points(shape, own):
    assert checks.is_own(torch.zeros(shape), torch.zeros(4, 4)) is own


def test_points_of_nobody():
    with pytest.raises(ValueError, match=r"x has shape \(3, 2\); use \(n, ...\) or \(E, n, ...\)"):
        checks.is_own(torch.zeros(3, 2), torch.zeros(2, 5))


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), torch.tensor([0.1, 0.0])])
def test_rates_that_are_none(rate):
    with pytest.raises(ValueError, match="not a step size; use positive numbers"):
        checks.check_rate(rate, E=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 1.5}, "use integers"),
        ({"every": 0.5}, "use integers"),
        ({"every": 0}, "every=0 is no number of steps"),
        ({"tolerance": -1.0}, "tolerance=-1.0 is no loss"),
        ({"tolerance": float("nan")}, "tolerance=nan is no loss"),
        ({"lr": torch.ones(3)}, r"lr has shape \(3,\); use a number or \(2,\)"),
    ],
)
def test_options_that_are_none(options, message):
    fitting = {"lr": 0.1, "steps": 1, "every": None, "tolerance": None}
    with pytest.raises(ValueError, match=message):
        checks.check_options(**fitting | options, E=2)


@pytest.mark.parametrize("loss", ["logistic", "exponential", "cross-entropy"])
def test_noise_leaves_the_domain_of_these_labels(loss):
    zero = torch.zeros(2, 5, 3) if loss == "cross-entropy" else torch.zeros(2, 5)
    y = torch.ones(5, dtype=torch.int64) if loss == "cross-entropy" else -torch.ones(5)
    checks.check_labels(losses.loss(loss), zero, y, noise=0.0)
    with pytest.raises(ValueError, match=r"label_noise=2.0 moves labels out of the loss's domain"):
        checks.check_labels(losses.loss(loss), zero, y, noise=2.0)


def test_classes_beyond_the_outputs():
    y = torch.tensor([0, 3])
    with pytest.raises(ValueError, match="y holds the class 3; use 0 to k - 1, with k = 3"):
        checks.check_labels(losses.loss("cross-entropy"), torch.zeros(1, 2, 3), y, noise=0.0)
    checks.check_labels(losses.loss("cross-entropy"), torch.zeros(1, 2, 4), y, noise=0.0)


def test_a_state_of_other_parameters():
    with pytest.raises(ValueError, match="state is that of 1 tensors, not 2"):
        checks.check_history({}, ({},), count=2)
