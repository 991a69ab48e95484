"""The group axioms, and each group against what it does to points and images."""

from itertools import product
from math import factorial

import numpy as np
import pytest
import torch
from mathdl import groups
from mathdl.groups import Element, Group, act, compose, element, inverse

IDENTITY = {n: element(list(range(n))) for n in range(1, 20)}
GROUPS = {
    "cyclic": groups.cyclic(6),
    "shifts": groups.shifts(3),
    "rotations": groups.rotations(3),
    "dihedral": groups.dihedral(5),
    "symmetric": groups.symmetric(4),
    "sign_flips": groups.sign_flips(3),
    "regular": groups.regular(groups.dihedral(3)),
    "signed": groups.generate(element([1, 2, 0], [1, 1, -1]), element([1, 0, 2])),
}
every_group = pytest.mark.parametrize("G", GROUPS.values(), ids=GROUPS)


def same(g, h):
    return all(torch.equal(*parts) for parts in zip(g, h, strict=True))


@every_group
def test_axioms(G):
    table = groups.multiplication_table(G)  # closed
    assert table.shape == (G.order, G.order)
    one = int(groups.locate(G, IDENTITY[G.N]))
    assert table[one].tolist() == table[:, one].tolist() == list(range(G.order))
    back = groups.locate(G, inverse(G.elements))
    everyone = torch.arange(G.order)
    assert (table[everyone, back] == one).all() and (table[back, everyone] == one).all()
    assert torch.equal(table[table], table[:, table])  # (gh)k = g(hk)


@every_group
def test_the_representation_is_a_homomorphism(G):
    rho = groups.matrices(G)
    table = groups.multiplication_table(G)
    assert torch.equal(rho[:, None] @ rho[None, :], rho[table])
    assert torch.equal(rho @ rho.mT, torch.eye(G.N, dtype=torch.float64).expand_as(rho))
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 5, G.N)))
    images = act(G.elements, x)
    assert images.shape == (G.order, 2, 5, G.N)
    torch.testing.assert_close(images, (x[None, ..., None, :] * rho[:, None, None]).sum(-1))
    for k, g in enumerate(groups.each(G)):
        assert torch.equal(act(g, x), images[k])
        assert groups.locate(G, g) == k


def test_an_element_by_its_definition():
    g = element([2, 0, 1, 3], [1, -1, 1, -1])
    x = torch.tensor([10.0, 20.0, 30.0, 40.0])
    y = torch.zeros(4)
    for i in range(4):
        y[g.permutation[i]] = g.sign[i] * x[i]
    assert torch.equal(act(g, x), y)
    assert torch.equal(act(inverse(g), y), x)
    h = element([1, 0, 3, 2], [-1, 1, 1, 1])
    assert torch.equal(act(compose(g, h), x), act(g, act(h, x)))
    assert not same(compose(g, h), compose(h, g))


def test_composition_broadcasts():
    G = GROUPS["signed"].elements
    left = Element(G.permutation[:, None], G.sign[:, None])
    products = compose(left, G)
    assert products.permutation.shape == (48, 48, 3)
    for j, k in product((0, 5, 17), repeat=2):
        g, h = (Element(G.permutation[n], G.sign[n]) for n in (j, k))
        assert same(compose(g, h), Element(products.permutation[j, k], products.sign[j, k]))


def test_orders():
    orders = {name: G.order for name, G in GROUPS.items()}
    assert orders == {
        "cyclic": 6,
        "shifts": 9,
        "rotations": 4,
        "dihedral": 10,
        "symmetric": 24,
        "sign_flips": 8,
        "regular": 6,
        "signed": 48,  # 2³ · 3!, all of the cube's symmetries
    }
    assert groups.symmetric(8).order == factorial(8)
    assert groups.sign_flips(10).order == 2**10


def test_shifts_are_numpys():
    x = np.random.default_rng(0).normal(size=7)
    images = act(groups.cyclic(7).elements, torch.tensor(x)).numpy()
    assert all(np.array_equal(images[k], np.roll(x, k)) for k in range(7))
    x = np.random.default_rng(0).normal(size=(4, 4))
    images = act(groups.shifts(4).elements, torch.tensor(x).flatten()).reshape(4, 4, 4, 4).numpy()
    for shift in product(range(4), repeat=2):
        assert np.array_equal(images[shift], np.roll(x, shift, axis=(0, 1)))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_rotations_are_numpys(n):
    x = np.random.default_rng(0).normal(size=(n, n))
    images = act(groups.rotations(n).elements, torch.tensor(x).flatten()).reshape(-1, n, n).numpy()
    assert len(images) == (1 if n == 1 else 4)
    assert all(np.array_equal(image, np.rot90(x, k)) for k, image in enumerate(images))


def test_dihedral_keeps_neighbors():
    permutation = groups.dihedral(6).elements.permutation
    distance = (permutation - permutation.roll(1, dims=1)).abs() % 4
    assert (distance == 1).all()  # 1 or 5
    assert len(permutation.unique(dim=0)) == 12


def test_the_regular_representation_moves_functions():
    G = groups.dihedral(3)
    R = groups.regular(G)
    x = torch.tensor(np.random.default_rng(0).normal(size=6))
    images = act(R.elements, x)
    table, back = groups.multiplication_table(G), groups.locate(G, inverse(G.elements))
    for g, h in product(range(6), repeat=2):
        assert images[g, h] == x[table[back[g], h]]
    assert torch.equal(groups.multiplication_table(R), table)


def test_generated_groups():
    assert groups.generate(IDENTITY[3]).order == 1
    antipode = groups.generate(element([0, 1], [-1, -1]))
    assert act(antipode.elements, torch.tensor([1.0, 2.0])).tolist() == [[1, 2], [-1, -2]]
    three = groups.generate(element([4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3]))
    assert three.order == 3 and three.N == 12
    with pytest.raises(ValueError, match="more than 100000 elements; use a smaller group"):
        cycle = [*range(1, 9), 0]
        groups.generate(element(cycle), element([1, 0, *range(2, 9)]))


def test_precision_follows_the_vector():
    assert act(groups.cyclic(3).elements, torch.ones(3)).dtype == torch.float32
    assert act(groups.cyclic(3).elements, torch.ones(2, 3, dtype=torch.int64)).dtype == torch.int64


@pytest.mark.parametrize(
    ("permutation", "sign", "message"),
    [
        ([[0, 1], [0, 0]], [[1, 1], [1, 1]], "no permutation; use each of"),
        ([[0, 1], [1, 2]], [[1, 1], [1, 1]], "no permutation; use each of"),
        ([[0, 1], [1, 0]], [[1, 1], [1, 0]], "sign other than 1 and -1"),
        ([[0, 1], [0, 1]], [[1, 1], [1, 1]], "not all different"),
        ([[1, 0]], [[1, 1]], r"lacks the element \[0, 1\], \[1, 1\]"),
        ([[0, 1], [1, 0]], [[1, 1]], "wrong shape"),
        ([0, 1], [1, 1], "wrong shape"),
    ],
)
def test_sets_that_are_no_groups(permutation, sign, message):
    with pytest.raises(ValueError, match=message):
        Group(element(permutation, sign))


@pytest.mark.parametrize("shape", [(5,), (3, 2), (3, 1), ()])
def test_vectors_of_another_dimension(shape):
    for g in (groups.cyclic(3).elements, element([1, 2, 0])):
        with pytest.raises(ValueError, match=r"use vectors \(\.\.\., 3\)"):
            act(g, torch.zeros(shape))


def test_signs_of_any_type():
    G = groups.dihedral(3)
    floats = Group(Element(G.elements.permutation, G.elements.sign.float()))
    assert torch.equal(groups.multiplication_table(floats), groups.multiplication_table(G))


def test_a_set_that_is_not_closed():
    G = Group(element([[0, 1, 2], [1, 2, 0]], [[1, 1, 1], [1, 1, 1]]))
    with pytest.raises(ValueError, match=r"lacks the element \[2, 0, 1\], \[1, 1, 1\]; it is no"):
        groups.multiplication_table(G)


def test_sizes_that_make_no_sense():
    for make, n in (
        (groups.dihedral, 2),
        (groups.symmetric, 9),
        (groups.sign_flips, 17),
        (groups.cyclic, 0),
        (groups.shifts, 0),
        (groups.rotations, 0),
        (groups.symmetric, 0),
        (groups.sign_flips, 0),
    ):
        with pytest.raises(ValueError, match=f"n={n} "):
            make(n)
    assert groups.dihedral(3).order == 6
