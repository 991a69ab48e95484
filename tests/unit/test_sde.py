from math import exp, sqrt

import numpy as np
import pytest
import torch
from mathdl import sde


def rng(seed=0):
    return np.random.default_rng(seed)


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def run(drift, diffusion, x, times, step, seed=0):
    return sde.euler_maruyama(drift, diffusion, x, times, step=step, rng=rng(seed))


def test_one_step_by_hand():
    x = number([[1.0, 2.0], [3.0, 4.0], [0.0, -1.0]])
    z = torch.from_numpy(rng().standard_normal((3, 2)))
    path = run(lambda x: -3 * x, lambda x: 2 + x**2, x, [1, 1.25], 0.25)
    torch.testing.assert_close(path.states[1], x - 0.75 * x + 0.5 * (2 + x**2) * z)
    assert path.times.tolist() == [1, 1.25] and path.steps == 1
    assert torch.equal(path.states[0], x)


def test_numbers_factors_and_matrices_are_the_same_thing():
    x = number(rng(1).standard_normal((4, 3)))
    scalar = run(lambda x: 0.5, lambda x: 2.0, x, [0, 1], 0.5).states
    rows = run(lambda x: 0 * x + 0.5, lambda x: 0 * x[:, :1] + 2, x, [0, 1], 0.5).states
    entries = run(lambda x: 0 * x[:, :1] + 0.5, lambda x: 0 * x + 2, x, [0, 1], 0.5).states
    torch.testing.assert_close(scalar, rows)
    torch.testing.assert_close(scalar, entries)
    matrix = 2 * torch.eye(3, dtype=torch.float64).expand(4, 3, 3)
    torch.testing.assert_close(scalar, run(lambda x: 0.5, lambda x: matrix, x, [0, 1], 0.5).states)
    tensor = run(lambda x: number(0.5), lambda x: number(2.0), x, [0, 1], 0.5).states
    assert torch.equal(scalar, tensor)


def test_a_matrix_acts_on_its_own_brownian_motions():
    A = number([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]])
    z = torch.from_numpy(rng().standard_normal((2, 5, 1, 3)))[:, :, 0]
    path = run(lambda x: 0.0, lambda x: A.expand(5, 2, 3), number(np.zeros((5, 2))), [0, 2], 1)
    torch.testing.assert_close(path.states[-1], (z[0] + z[1]) @ A.mT)
    scalar = run(lambda x: 0.0, lambda x: A[:1].expand(5, 3), number(np.zeros(5)), [0, 2], 1)
    torch.testing.assert_close(scalar.states[-1], (z[0] + z[1]) @ A[0])


def test_moments_of_the_scheme():
    # X ← (1 - ah) X + c √h Z X: E X_k² = ((1 - ah)² + c²h)^k exactly, tested with room
    a, c, h, k, E = 1.0, 0.4, 0.125, 8, 40000
    x = run(lambda x: -a * x, lambda x: c * x, torch.ones(E, dtype=torch.float64), [0, 1], h)
    square = x.states[-1].square()
    exact = ((1 - a * h) ** 2 + c**2 * h) ** k
    error = float(square.std()) / sqrt(E)
    assert error < 0.01 * exact
    assert float(square.mean()) == pytest.approx(exact, abs=5 * error)
    assert exact != pytest.approx(exp(-2 * a + c**2), rel=0.05)  # that of the equation


def test_weak_order_is_seen_without_noise_in_the_moments():
    # one Brownian motion for two coordinates, antithetic by hand: X + Y is deterministic
    def S(x):
        return torch.stack([x.new_ones(len(x)), -x.new_ones(len(x))], 1)[:, :, None]

    errors = []
    for h in (0.02, 0.01):
        path = run(lambda x: -x, S, number([[1.0, 1.0]]), [0, 1], h)
        errors.append(float(path.states[-1].sum()) - 2 * exp(-1))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.02)


def test_a_run_that_is_continued_is_the_same_run():
    x, one = number(rng(1).standard_normal((6, 2))), rng(3)

    def go(x, times, rng):
        return sde.euler_maruyama(torch.sin, torch.cos, x, times, step=0.1, rng=rng)

    whole = go(x, [0, 1, 3], rng(3))
    first = go(x, [0, 1], one)
    second = go(first.states[-1], [1, 2, 3], one)
    torch.testing.assert_close(second.states[-1], whole.states[-1])
    assert whole.steps == 30 and first.steps + second.steps == 30
    assert not torch.equal(go(x, [0, 1], rng(4)).states[-1], first.states[-1])


def test_recording_changes_nothing():
    x = number([1.0, 2.0])
    few = run(torch.sin, torch.cos, x, [0, 1], 0.25)
    many = run(torch.sin, torch.cos, x, [0, 0.25, 0.5, 0.75, 1], 0.25)
    torch.testing.assert_close(few.states[-1], many.states[-1])
    assert many.states.shape == (5, 2) and few.states.shape == (2, 2)


def test_paths_do_not_depend_on_each_other():
    def drift(x):
        return -x.square()

    x = number([[1.0], [0.5], [2.0]])
    z = torch.from_numpy(rng().standard_normal((3, 1)))
    path = run(drift, lambda x: x, x, [0, 0.01], 0.01)
    for e in range(3):
        alone = x[e] - 0.01 * x[e] ** 2 + 0.1 * x[e] * z[e]
        torch.testing.assert_close(path.states[1, e], alone)


def test_steps_are_no_longer_than_asked():
    x = number([1.0])
    assert run(torch.sin, torch.cos, x, [0, 1], 0.3).steps == 4
    assert run(torch.sin, torch.cos, x, [0, 1, 3], 0.7).steps == 2 + 3
    assert run(torch.sin, torch.cos, x, [0, 1], 1e9).steps == 1
    assert run(torch.sin, torch.cos, x, [0, 147], 147 / 49).steps == 49  # not one more by rounding
    assert run(torch.sin, torch.cos, x, [2], 1).states.tolist() == [[1.0]]


def test_the_precision_is_that_of_the_start():
    path = run(lambda x: -x, lambda x: x, torch.ones(3), [0, 1], 0.5)
    assert path.states.dtype == path.times.dtype == torch.float32


def test_an_explosion_stays_in_its_path():
    path = run(lambda x: x**3, lambda x: 0.0, number([0.1, 30.0]), [0, 1], 0.01)
    assert torch.isfinite(path.states[-1]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [0, 0]}, "times do not rise"),
        ({"times": [1, 0]}, "times do not rise"),
        ({"times": []}, "times do not rise"),
        ({"times": [0, float("inf")]}, "times do not rise"),
        ({"step": 0.0}, "step=0.0 is not a step size"),
        ({"step": float("nan")}, "step=nan is not"),
        ({"step": float("inf")}, "step=inf is not"),
        ({"x": torch.ones((2, 2), dtype=torch.int64)}, r"x is \(2, 2\) of torch.int64"),
        ({"x": torch.ones(())}, r"x is \(\) of"),
        ({"x": torch.ones(2, 2, 2)}, r"x is \(2, 2, 2\) of"),
        ({"x": torch.tensor([1.0, float("nan")])}, "x starts at a NaN"),
        ({"drift": lambda x: x[:, 0]}, r"drift gives the shape \(2,\) for \(2, 3\)"),
        ({"drift": lambda x: x[:1]}, r"drift gives the shape \(1, 3\) for \(2, 3\)"),
        ({"drift": lambda x: x[:, :2]}, r"drift gives the shape \(2, 2\)"),
        ({"diffusion": lambda x: x[:, 0]}, r"diffusion gives the shape \(2,\)"),
        ({"diffusion": lambda x: x[:, None]}, r"diffusion gives matrices \(2, 1, 3\) for \(2, 3\)"),
    ],
)
def test_arguments_that_make_no_sense(arguments, message):
    given = {"drift": torch.sin, "diffusion": torch.cos, "times": [0, 1], "step": 0.1}
    given["x"] = torch.ones(2, 3)
    with pytest.raises(ValueError, match=message):
        sde.euler_maruyama(**given | arguments, rng=rng())
