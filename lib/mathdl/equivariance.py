"""Averages over a finite group, and the linear maps that commute with it.

A group G of `mathdl.groups` acts on R^N by orthogonal matrices ρ(g). A function is invariant if
f(g x) = f(x), and a map is equivariant if f(g x) = g f(x), for all g.
"""

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

from mathdl import groups
from mathdl.groups import Group


def average(G: Group, x: Tensor) -> Tensor:
    """The Reynolds operator (1/|G|) Σ_g g x, the orthogonal projection of R^N on the invariants.

    x and the result have shape (..., N).

    >>> average(groups.cyclic(3), torch.tensor([1.0, 2.0, 6.0]))
    tensor([3., 3., 3.])
    """
    return groups.act(G.elements, x).mean(dim=0)


def symmetrize(G: Group, f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The Reynolds operator on functions: x ↦ (1/|G|) Σ_g f(g x), which is invariant under G.

    It calls f once, on all the images of x: f takes (n, N) to (n, ...), or (..., N) to (...).

    >>> first = symmetrize(groups.cyclic(3), lambda x: x[:, 0])
    >>> first(torch.tensor([[1.0, 2.0, 6.0]]))
    tensor([3.])
    """

    def average_of_f(x: Tensor) -> Tensor:
        values = f(orbit(G, x))
        return values.unflatten(0, (G.order, -1)).mean(dim=0)

    return average_of_f


def orbit(G: Group, x: Tensor) -> Tensor:
    """All images of a data set: x (n, N) gives (|G| n, N), first those under g_0, then under g_1.

    The labels that go with them, if they are invariant, are `y.repeat(G.order)`.

    >>> orbit(groups.cyclic(2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 2.],
            [3., 4.],
            [2., 1.],
            [4., 3.]])
    """
    return groups.act(G.elements, x).flatten(0, 1)


def twirl(G: Group, A: Tensor) -> Tensor:
    """The Reynolds operator on matrices, (1/|G|) Σ_g ρ(g) A ρ(g)⁻¹, which commutes with G.

    A and the result have shape (..., N, N). It is the orthogonal projection on the matrices that
    commute with every ρ(g); for `cyclic` these are the circulant ones.

    >>> twirl(groups.cyclic(2), torch.tensor([[1.0, 2.0], [4.0, 3.0]]))
    tensor([[2., 3.],
            [3., 2.]])
    """
    total = torch.zeros_like(A)
    for g in groups.each(G):
        total += groups.act(g, groups.act(g, A).mT).mT
    return total / G.order


def characters(G: Group) -> Tensor:
    """χ(g) = tr ρ(g), (|G|,): the coordinates that g fixes, less those whose sign it flips.

    >>> characters(groups.symmetric(3))
    tensor([3, 1, 1, 0, 0, 1])
    """
    permutation, sign = G.elements
    return (sign * (permutation == torch.arange(G.N))).sum(dim=1)


def dimension_of_invariants(G: Group) -> int:
    """The dimension of {x : g x = x for all g}, the trace of the Reynolds operator: (1/|G|) Σ χ(g).

    >>> dimension_of_invariants(groups.rotations(4))
    4
    """
    return _mean(characters(G))


def dimension_of_commutant(G: Group) -> int:
    """The dimension of the linear maps that commute with G, (1/|G|) Σ_g χ(g)².

    Linear maps are transformed by ρ ⊗ ρ, whose character is χ² because χ is real.

    >>> [dimension_of_commutant(G(8)) for G in (groups.cyclic, groups.dihedral, groups.symmetric)]
    [8, 5, 2]
    """
    return _mean(characters(G) ** 2)


def _mean(counts: Tensor) -> int:
    return int(counts.sum()) // len(counts)


def equivariant_maps(G: Group) -> Tensor:
    """A basis of the linear maps that commute with G, (k, N, N) in float64, of entries 0, 1 and -1.

    A commutes with G if A_π(i)π(j) = s(i) s(j) A_ij for all g: it is given by one number for each
    orbit of G on the pairs (i, j), and this number is 0 where some g carries a pair to itself with
    the sign -1. The basis is orthogonal: each pair lies in one orbit.

    >>> equivariant_maps(groups.cyclic(3))[1]  # the circulant matrix of one shift
    tensor([[0., 1., 0.],
            [0., 0., 1.],
            [1., 0., 0.]], dtype=torch.float64)
    """
    permutation, sign = G.elements
    seen = torch.zeros(G.N, G.N, dtype=torch.bool)
    basis = []
    for i, j in product(range(G.N), repeat=2):
        if seen[i, j]:
            continue
        images = permutation[:, i], permutation[:, j]
        signs = sign[:, i] * sign[:, j]
        seen[images] = True
        to_itself = (images[0] == i) & (images[1] == j)
        if bool((signs[to_itself] == 1).all()):
            A = torch.zeros(G.N, G.N, dtype=torch.float64)
            A[images] = signs.double()
            basis.append(A)
    return torch.stack(basis)


def convolve(G: Group, x: Tensor, a: Tensor) -> Tensor:
    """The convolution (x * a)(g) = Σ_h x(h) a(h⁻¹ g) of functions on G, vectors (..., |G|).

    It commutes with the action of G on x (`regular`), and every linear map that does so is the
    convolution with an a: its value at the function that is 1 at the identity and 0 elsewhere.

    >>> convolve(groups.cyclic(3), torch.tensor([0.0, 1.0, 0.0]), torch.tensor([5.0, 6.0, 7.0]))
    tensor([7., 5., 6.])
    """
    back = groups.locate(G, groups.inverse(G.elements))
    quotient = groups.multiplication_table(G)[back]  # h⁻¹ g in row h and column g
    return (x.unsqueeze(-2) @ a[..., quotient.to(a.device)]).squeeze(-2)
