"""The greedy algorithm against least squares from scratch, step by step."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, greedy, knots, sampling


def from_scratch(atoms, f, weights, m):
    """The same algorithm, fitting everything anew in each step."""
    atoms, f, half = atoms.cpu().numpy(), f.cpu().numpy(), np.sqrt(weights.cpu().numpy())
    atoms, rest, chosen = half * atoms, half * f, []
    errors = [np.linalg.norm(rest)]
    for _ in range(m):
        chosen.append(int(np.argmax(np.abs(atoms @ rest))))
        best = np.linalg.lstsq(atoms[chosen].T, half * f, rcond=None)[0]
        rest = half * f - best @ atoms[chosen]
        errors.append(np.linalg.norm(rest))
    return chosen, best, errors


@given(st.integers(0, 2**32 - 1))
def test_each_step_is_the_least_squares_fit(seed):
    rng = np.random.default_rng(seed)
    atoms, f = device.tensor(rng.normal(size=(30, 12))), device.tensor(rng.normal(size=12))
    atoms = atoms * device.tensor(rng.uniform(0.5, 2, size=(30, 1)))
    weights = device.tensor(rng.uniform(0.1, 2, size=12))
    fit = greedy.orthogonal_greedy(atoms, f, weights, 6)
    chosen, best, errors = from_scratch(atoms, f, weights, 6)
    assert fit.chosen.tolist() == chosen
    assert fit.coefficients.tolist() == pytest.approx(best, rel=1e-6)
    assert fit.errors.tolist() == pytest.approx(errors, rel=1e-8)
    rest = f - fit.coefficients @ atoms[fit.chosen]
    assert (rest**2 @ weights).sqrt().item() == pytest.approx(fit.errors[-1].item(), rel=1e-8)
    assert torch.allclose(atoms[fit.chosen] @ (weights * rest), 0 * fit.coefficients, atol=1e-8)


def neurons_on_the_line(cells):
    """All neurons with kinks on a grid of [0, 1], at Gauss points between them: exact integrals."""
    grid = np.linspace(0, 1, cells + 1)
    t, weights = (device.tensor(part.ravel()) for part in knots.gauss(grid, 3))
    kinks = device.tensor(grid)[:, None]
    atoms = torch.cat([torch.relu(t - kinks[:-1]), torch.relu(kinks[1:] - t)])
    return t, torch.cat([atoms, torch.ones_like(t)[None]]), weights


def exponential(t):
    return np.exp(3 * t)


def test_the_rate_for_an_exponential_is_that_of_the_best_splines():
    t, atoms, weights = neurons_on_the_line(500)
    errors = greedy.orthogonal_greedy(atoms, torch.exp(3 * t), weights, 65).errors.cpu().numpy()
    m = np.array([9, 17, 33, 65])
    assert np.polyfit(np.log(m), np.log(errors[m]), 1)[0] < -1.9
    # the second derivative may carry any factor
    splines = [knots.free_knots(exponential, 0.0, 1.0, N) for N in m]
    best = np.array([knots.best_spline(exponential, spline)[1] for spline in splines])
    assert (errors[m] > best).all() and (errors[m] < 2.5 * best).all()


def test_the_plane_with_a_large_dictionary():
    rng = np.random.default_rng(0)
    x = device.tensor(rng.uniform(-1, 1, size=(1500, 2)))
    w, b = sampling.sphere(rng, 3000, 2), device.tensor(rng.uniform(-1.5, 1.5, size=(3000, 1)))
    atoms, weights = torch.relu(w @ x.mT + b), torch.full_like(x[:, 0], 1 / 1500)
    f = torch.exp(-4 * (x**2).sum(dim=1))
    fit = greedy.orthogonal_greedy(atoms, f, weights, 64)
    m = np.array([8, 16, 32, 64])
    errors = fit.errors[m].cpu().numpy()
    assert np.polyfit(np.log(m), np.log(errors), 1)[0] < -1.25
    rest = f - fit.coefficients @ atoms[fit.chosen]
    assert (rest**2).mean().sqrt().item() == pytest.approx(errors[-1], rel=1e-6)


def test_dead_atoms_are_never_chosen_and_the_end_is_noticed():
    atoms = device.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    one = torch.ones_like(atoms[0])
    fit = greedy.orthogonal_greedy(atoms, device.tensor([3.0, 4.0, 1.0]), one, 4)
    assert fit.chosen.tolist() == [2, 3]
    assert fit.coefficients.tolist() == pytest.approx([1.5, 1])
    assert fit.errors.tolist() == pytest.approx([26**0.5, 17**0.5, 4])
    whole = greedy.orthogonal_greedy(atoms, atoms[2] + atoms[3], one, 4)
    assert whole.chosen.tolist() == [2, 3]
    zero = greedy.orthogonal_greedy(atoms, 0 * one, one, 2)
    assert zero.errors.tolist() == [0.0] and len(zero.chosen) == len(zero.coefficients) == 0


def test_an_atom_that_lessens_nothing_is_not_chosen():
    """What is left, e_2, is orthogonal to all atoms, and so it is to an unused one."""
    atoms = device.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    fit = greedy.orthogonal_greedy(
        atoms, device.tensor([1.0, 0.0, 1.0]), torch.ones_like(atoms[0]), 2
    )
    assert fit.chosen.tolist() == [1] and fit.errors.tolist() == pytest.approx([2**0.5, 1])


def test_an_atom_nearly_in_the_span_is_still_used():
    atoms = device.tensor([[1.0, 0.0], [1.0, 1e-6]])
    fit = greedy.orthogonal_greedy(atoms, device.tensor([1.0, 0.5]), torch.ones(2).to(atoms), 2)
    assert fit.errors[2].item() < 1e-9
    assert (fit.coefficients @ atoms[fit.chosen]).tolist() == pytest.approx([1, 0.5])


@pytest.mark.parametrize(("units", "used"), ((103, 2), (97, 1)))
def test_where_an_atom_counts_as_in_the_span(units, used):
    delta = units * torch.finfo(torch.float64).eps
    atoms = torch.tensor([[1.5, 0.0], [1.0, delta]], dtype=torch.float64)
    f = torch.tensor([1.0, 0.5], dtype=torch.float64)
    assert len(greedy.orthogonal_greedy(atoms, f, torch.ones_like(f), 2).chosen) == used


def test_bad_arguments_are_refused():
    one = torch.ones(2, dtype=torch.float64)
    with pytest.raises(ValueError, match="m=0 is no number of neurons"):
        greedy.orthogonal_greedy(one[None], one, one, 0)
    for shapes in (
        (one, one, one),
        (one[None], one[:1], one),
        (one[None], one, one[:1]),
    ):
        with pytest.raises(ValueError, match="do not fit; use \\(k, q\\), \\(q,\\) and"):
            greedy.orthogonal_greedy(*shapes, 1)
    with pytest.raises(ValueError, match="weights holds a number that is not positive"):
        greedy.orthogonal_greedy(one[None], one, one * torch.tensor([1.0, 0.0]), 1)
