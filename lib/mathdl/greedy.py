"""Orthogonal greedy approximation: one neuron after the other, all outer weights refitted."""

from typing import NamedTuple

import torch


class Greedy(NamedTuple):
    """A greedy approximation Σ_j coefficients[j] atoms[chosen[j]] of a function.

    chosen: (m,) indices into the dictionary, in the order of choice
    coefficients: (m,) outer weights of the chosen atoms
    errors: (m + 1,) best L² errors with the first 0, 1, ..., m of them
    """

    chosen: torch.Tensor
    coefficients: torch.Tensor
    errors: torch.Tensor


def orthogonal_greedy(
    atoms: torch.Tensor, f: torch.Tensor, weights: torch.Tensor, m: int
) -> Greedy:
    """The orthogonal greedy algorithm in L², with a dictionary of k atoms and m steps.

    Each step chooses the atom φ with the largest |⟨r, φ⟩|, where r = f - f_k is what is not yet
    approximated, and then projects f onto the span of all chosen atoms. The span has an
    orthonormal basis, to which each new atom is added after two rounds of Gram-Schmidt: nothing
    is fitted from scratch, and a step costs one product with the dictionary.

    The atoms compete as they are given. Scale them as the norm of the page does, for example to
    N(w, b) = 1: the rate m^(-1/2) holds in the variation space of any bounded dictionary, but the
    faster ones are proved for atoms that depend smoothly on their parameters, as they do not when
    each is divided by its own L² norm, which blows up neurons with small support.

    The inner product is ⟨f, g⟩ = Σ_i weights[i] f(x_i) g(x_i), a quadrature or an empirical mean.
    atoms: (k, q) values of the atoms at the q points, f: (q,), weights: (q,), positive. Stops
    early when the atom that is chosen lessens the error by nothing but rounding.
    Raises ValueError for m < 1, shapes that do not fit and weights that are not positive.

    Source: DeVore and Temlyakov 1996; rate for ReLU neurons: Siegel and Xu 2022.

    >>> x = torch.linspace(0, 1, 5, dtype=torch.float64)
    >>> hinges = torch.relu(x - x[:4, None])  # kinks at 0, 1/4, 1/2, 3/4
    >>> fit = orthogonal_greedy(hinges, 2 * hinges[1] - hinges[3], torch.full_like(x, 0.2), m=4)
    >>> bool(fit.errors[-1] < 1e-12)
    True
    """
    if m < 1:
        raise ValueError(f"m={m} is no number of neurons; use m >= 1.")
    if atoms.ndim != 2 or not f.shape == weights.shape == atoms.shape[1:]:
        raise ValueError(
            f"atoms {tuple(atoms.shape)}, f {tuple(f.shape)} and weights {tuple(weights.shape)} "
            "do not fit; use (k, q), (q,) and (q,)."
        )
    if not bool((weights > 0).all()):
        raise ValueError("weights holds a number that is not positive; drop those points.")
    half = weights.sqrt()
    rest = half * f
    errors, chosen = [rest.norm()], []
    basis = f.new_zeros(m, len(f))
    triangle = f.new_zeros(m, m)
    projections = f.new_zeros(m)
    rounding = 100 * torch.finfo(f.dtype).eps
    for k in range(m):
        j = int((atoms @ (half * rest)).abs().argmax())
        atom = new = half * atoms[j]
        for _ in range(2):
            onto = basis[:k] @ new
            new = new - onto @ basis[:k]
            triangle[:k, k] += onto
        if new.norm() <= rounding * atom.norm() or errors[k] <= rounding * errors[0]:
            m = k
            break
        triangle[k, k] = new.norm()
        basis[k] = new / new.norm()
        projections[k] = basis[k] @ rest
        if projections[k].abs() <= rounding * errors[k]:
            m = k
            break
        rest = rest - projections[k] * basis[k]
        errors.append(rest.norm())
        chosen.append(j)
    coefficients = torch.linalg.solve_triangular(
        triangle[:m, :m], projections[:m, None], upper=True
    )
    index = torch.tensor(chosen, dtype=torch.long, device=f.device)
    return Greedy(index, coefficients[:, 0], torch.stack(errors))
