"""Finite groups that act on R^N: elements, products, inverses, matrices.

An element is a signed permutation g: it carries the coordinate i to π(i), with a sign s(i) = ±1,

    (g x)_π(i) = s(i) x_i.

So shifts, rotations and reflections of images, permutations of coordinates and flips of signs are
all written in one way, and every g is orthogonal. An N × N image is the vector of its N² pixels,
row by row: `x.flatten(-2)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from typing import NamedTuple

import torch
from torch import Tensor


class Element(NamedTuple):
    """A signed permutation, or a batch of them: permutation π and sign s, both (..., N)."""

    permutation: Tensor
    sign: Tensor


def compose(g: Element, h: Element) -> Element:
    """The product gh, which is first h and then g: π_g(π_h(i)) with the sign s_g(π_h(i)) s_h(i).

    Batches of g and h are broadcast against each other.

    >>> shift, flip = element([1, 2, 0]), element([0, 2, 1])
    >>> compose(shift, flip).permutation, compose(flip, shift).permutation
    (tensor([1, 0, 2]), tensor([2, 1, 0]))
    """
    π, s, i = torch.broadcast_tensors(*g, h.permutation)
    return Element(π.gather(-1, i), s.gather(-1, i) * h.sign)


def inverse(g: Element) -> Element:
    """The inverse of g: π(i) goes back to i, with the sign s(i).

    >>> inverse(element([1, 2, 0], [1, 1, -1]))
    Element(permutation=tensor([2, 0, 1]), sign=tensor([-1,  1,  1]))
    """
    back = g.permutation.argsort(dim=-1)
    return Element(back, g.sign.gather(-1, back))


def element(permutation: list, sign: list | None = None) -> Element:
    """The signed permutation with these π(0), ..., π(N - 1); all signs are 1 unless given.

    Lists of lists give a batch.

    >>> act(element([1, 2, 0], [1, 1, -1]), torch.tensor([5.0, 6.0, 7.0]))
    tensor([-7.,  5.,  6.])
    """
    π = torch.tensor(permutation)
    return Element(π, torch.ones_like(π) if sign is None else torch.tensor(sign))


def act(g: Element, x: Tensor) -> Tensor:
    """(g x)_π(i) = s(i) x_i for vectors x (..., N).

    One element gives (..., N), a batch of k elements gives (k, ..., N).

    Raises ValueError if x has another number of coordinates.

    >>> act(cyclic(3).elements, torch.tensor([5.0, 6.0, 7.0]))
    tensor([[5., 6., 7.],
            [7., 5., 6.],
            [6., 7., 5.]])
    """
    N = g.permutation.shape[-1]
    if x.shape[-1:] != (N,):
        raise ValueError(f"x has shape {tuple(x.shape)}; use vectors (..., {N}), images flattened.")
    back = inverse(g)
    source, sign = back.permutation.to(x.device), back.sign.to(x)
    batch = source.shape[:-1]
    source, sign = (part.reshape(*batch, *[1] * (x.ndim - 1), -1) for part in (source, sign))
    return torch.take_along_dim(x.expand(*batch, *x.shape), source, dim=-1) * sign


@dataclass(frozen=True, eq=False)
class Group:
    """A finite group G of signed permutations of N coordinates: its elements, each (|G|, N).

    Raises ValueError unless the elements are signed permutations, all different, and one of them
    is the identity. That they are closed under products is checked by `multiplication_table`.

    >>> G = cyclic(8)
    >>> G.order, G.N
    (8, 8)
    """

    elements: Element

    def __post_init__(self) -> None:
        permutation, sign = self.elements
        if permutation.ndim != 2 or permutation.shape != sign.shape:
            raise ValueError("elements have the wrong shape; give permutations and signs (|G|, N).")
        if not bool((permutation.sort().values == torch.arange(self.N)).all()):
            raise ValueError("elements hold no permutation; use each of 0, ..., N - 1 once a row.")
        if not bool((sign.abs() == 1).all()):
            raise ValueError("elements hold a sign other than 1 and -1; use these two.")
        if len(self._number) < self.order:
            raise ValueError("elements are not all different; give each of them once.")
        locate(self, element(list(range(self.N))))

    @property
    def order(self) -> int:
        """The number |G| of elements."""
        return len(self.elements.permutation)

    @property
    def N(self) -> int:
        """The number of coordinates."""
        return self.elements.permutation.shape[1]

    @cached_property
    def _number(self) -> dict[bytes, int]:
        return {name: k for k, name in enumerate(_names(self.elements))}


def _names(g: Element) -> list[bytes]:
    """What tells elements apart."""
    rows = torch.cat(g, dim=-1).long()
    return [row.tobytes() for row in rows.reshape(-1, rows.shape[-1]).numpy()]


def locate(G: Group, g: Element) -> Tensor:
    """Which numbers the elements g have in G: a batch (..., N) gives (...).

    Raises ValueError if one of them is not in G.

    >>> locate(cyclic(5), element([3, 4, 0, 1, 2]))
    tensor(3)
    """
    found = [G._number.get(name) for name in _names(g)]
    if None in found:
        lost = found.index(None)
        permutation, sign = (part.reshape(-1, G.N)[lost].tolist() for part in g)
        raise ValueError(f"G lacks the element {permutation}, {sign}; it is no group without it.")
    return torch.tensor(found).reshape(g.permutation.shape[:-1])


def multiplication_table(G: Group) -> Tensor:
    """The number of g_j g_k in row j and column k, (|G|, |G|).

    Raises ValueError if G is not closed under products, and so is no group. (A finite set of
    invertible maps that is closed contains the inverses: they are powers.)

    >>> multiplication_table(cyclic(3))
    tensor([[0, 1, 2],
            [1, 2, 0],
            [2, 0, 1]])
    """
    return torch.stack([locate(G, compose(g, G.elements)) for g in each(G)])


def each(G: Group) -> Iterator[Element]:
    """The elements of G one by one, in their order.

    >>> [g.permutation.tolist() for g in each(cyclic(2))]
    [[0, 1], [1, 0]]
    """
    return (Element(*parts) for parts in zip(*G.elements, strict=True))


def generate(*generators: Element) -> Group:
    """The group that some elements generate: all their products, the identity first.

    Raises ValueError if it has more than 100 000 elements.

    >>> generate(element([1, 2, 3, 0]), element([0, 3, 2, 1])).order  # the symmetries of a square
    8
    """
    batch = Element(*(torch.stack(parts)[:, None] for parts in zip(*generators, strict=True)))
    N = batch.permutation.shape[-1]
    new = element([list(range(N))])
    found, layers = set(_names(new)), [new]
    while len(new.permutation):
        products = Element(*(part.flatten(0, 1) for part in compose(batch, new)))
        names = _names(products)
        first = {name: row for row, name in reversed(list(enumerate(names))) if name not in found}
        new = Element(*(part[sorted(first.values())] for part in products))
        found.update(first)
        layers.append(new)
        if len(found) > 100_000:
            raise ValueError("The generators give more than 100000 elements; use a smaller group.")
    return Group(Element(*(torch.cat(parts) for parts in zip(*layers, strict=True))))


def _unsigned(permutations: Tensor) -> Group:
    return Group(Element(permutations, torch.ones_like(permutations)))


def _positive(n: int) -> None:
    if n < 1:
        raise ValueError(f"n={n} is not a size; use n >= 1.")


def cyclic(n: int) -> Group:
    """Z_n, the n shifts of n points on a circle: g_k carries i to i + k.

    Raises ValueError unless n >= 1.

    >>> cyclic(3).elements.permutation
    tensor([[0, 1, 2],
            [1, 2, 0],
            [2, 0, 1]])
    """
    _positive(n)
    i = torch.arange(n)
    return _unsigned((i + i[:, None]) % n)


def shifts(n: int) -> Group:
    """The n² shifts of n × n images on the torus: what leaves on one side enters on the other.

    Element number n k + l carries the pixel (i, j) to (i + k, j + l).

    Raises ValueError unless n >= 1.

    >>> act(shifts(2).elements, torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([[1., 2., 3., 4.],
            [2., 1., 4., 3.],
            [3., 4., 1., 2.],
            [4., 3., 2., 1.]])
    """
    line = cyclic(n).elements.permutation
    rows, columns = line[:, None, :, None], line[None, :, None, :]  # over k, l, i, j
    return _unsigned((n * rows + columns).reshape(n * n, n * n))


def rotations(n: int) -> Group:
    """The rotations of n × n images by 0°, 90°, 180° and 270°, counterclockwise.

    Raises ValueError unless n >= 1.

    >>> act(rotations(2).elements, torch.tensor([1.0, 2.0, 3.0, 4.0]))[1].reshape(2, 2)
    tensor([[2., 4.],
            [1., 3.]])
    """
    _positive(n)
    i, j = torch.arange(n)[:, None], torch.arange(n)
    quarter = n * (n - 1 - j) + i  # the pixel (i, j) goes to (n - 1 - j, i)
    return generate(element(quarter.flatten().tolist()))


def dihedral(n: int) -> Group:
    """The 2n symmetries of n points on a circle: the rotations i + k, then the reflections k - i.

    Raises ValueError for n < 3, where rotations and reflections coincide.

    >>> dihedral(3).elements.permutation[3:]
    tensor([[0, 2, 1],
            [1, 0, 2],
            [2, 1, 0]])
    """
    if n < 3:
        raise ValueError(f"n={n} points have no 2n symmetries; use n >= 3.")
    i = torch.arange(n)
    return _unsigned(torch.cat([(i[:, None] + i) % n, (i[:, None] - i) % n]))


def symmetric(n: int) -> Group:
    """The n! permutations of n coordinates, S_n.

    Raises ValueError unless 1 <= n <= 8.

    >>> symmetric(4).order
    24
    """
    if not 1 <= n <= 8:
        raise ValueError(f"n={n} points cannot have their permutations listed; use 1 <= n <= 8.")
    return _unsigned(torch.tensor(list(permutations(range(n)))))


def sign_flips(n: int) -> Group:
    """The 2^n flips of signs of n coordinates.

    Raises ValueError unless 1 <= n <= 16.

    >>> act(sign_flips(2).elements, torch.tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [3.0, -4.0], [-3.0, 4.0], [-3.0, -4.0]]
    """
    if not 1 <= n <= 16:
        raise ValueError(f"n={n} coordinates cannot have their flips listed; use 1 <= n <= 16.")
    sign = torch.tensor(list(product([1, -1], repeat=n)))
    return Group(Element(torch.arange(n).expand_as(sign), sign))


def regular(G: Group) -> Group:
    """The regular representation: G acts on functions x on G by (g x)(h) = x(g⁻¹ h).

    A function on G is a vector (|G|,) in the order of the elements; g carries the coordinate of h
    to that of gh.

    >>> regular(dihedral(4)).N
    8
    """
    return _unsigned(multiplication_table(G))


def matrices(G: Group) -> Tensor:
    """The orthogonal matrices ρ(g) with ρ(g) x = g x, (|G|, N, N) in float64: ρ(gh) = ρ(g) ρ(h).

    >>> matrices(cyclic(2))[1]
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    return act(inverse(G.elements), torch.eye(G.N, dtype=torch.float64))  # rows, hence the inverse
