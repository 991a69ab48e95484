"""What the hidden checks of the assignment on approximation compare with."""

import numpy as np
import pytest
import torch

from assignments.checks import approximation as checks
from assignments.checks.draws import enumerated_error, outputs, probabilities, seen_by
from assignments.checks.paths import deep, forward, paths, rescaled


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def t(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_paths_are_listed_with_their_neurons():
    # -3 σ(2 x + 5) + 4: the paths 2·3, 5·3 and 4
    found = paths([t([2]), t([-3])], [t(5), t(4)])
    assert found == [((0, 0, 0), 6.0), ((None, 0, 0), 15.0), ((None, None, 0), 4.0)]


def test_there_are_as_many_paths_as_the_widths_say(rng):
    Ws, bs = deep(rng, 2, 3, 4)
    assert len(paths(Ws, bs)) == 2 * 3 * 4 + 3 * 4 + 4 + 1


def test_rescaled_networks_are_the_same_function_with_other_weights(rng):
    Ws, bs = deep(rng, 4, 6, 5)
    x = torch.from_numpy(rng.standard_normal((9, 4)))
    before = forward(Ws, bs, x)
    new_Ws, new_bs = rescaled(rng, Ws, bs)
    torch.testing.assert_close(forward(new_Ws, new_bs, x), before)
    torch.testing.assert_close(forward(Ws, bs, x), before)  # the argument is left alone
    assert not torch.allclose(new_Ws[0], Ws[0])


def test_the_error_of_all_draws_is_that_of_simulated_draws(rng):
    a, W, b, X = seen_by(rng, 4, d=2, n=3)
    p = probabilities(rng, 4)
    neurons = outputs(a, W, b, X)
    drawn = rng.choice(4, size=(40_000, 3), p=p.numpy())
    thin = (neurons / p)[:, drawn].mean(dim=2)
    errors = ((thin - neurons.sum(dim=1, keepdim=True)) ** 2).mean(dim=0)
    standard_error = float(errors.std()) / 200
    exact = enumerated_error(a, W, b, X, p, 3)
    assert abs(float(errors.mean()) - exact) < 6 * standard_error


@pytest.mark.parametrize("found", [None, t(1, 2), [t(1, 2)], [t(1, 2), t(1), t(1)]])
def test_lists_of_other_lengths_or_shapes_are_refused(found, rng):
    Ws, _ = deep(rng, 2, 2, 3)
    with pytest.raises(checks.Wrong, match="layer"):
        checks.layers(found, Ws, "What was found")


def test_a_tensor_with_one_entry_is_a_number():
    assert checks.number(t(3), "x").shape == ()
    with pytest.raises(checks.Wrong, match="one number"):
        checks.number(t(3, 4), "x")
