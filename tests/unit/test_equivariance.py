"""Averages are projections; equivariant maps against characters, null spaces and convolutions."""

from itertools import product

import numpy as np
import pytest
import torch
from mathdl import equivariance, groups
from torch.nn import functional

GROUPS = {
    "cyclic": groups.cyclic(6),
    "shifts": groups.shifts(3),
    "rotations": groups.rotations(4),
    "dihedral": groups.dihedral(5),
    "symmetric": groups.symmetric(4),
    "sign_flips": groups.sign_flips(3),
    "regular": groups.regular(groups.dihedral(3)),
    "signed": groups.generate(groups.element([1, 0, 2], [1, -1, 1])),
    "antipode": groups.generate(groups.element([0, 1], [-1, -1])),
}
every_group = pytest.mark.parametrize("G", GROUPS.values(), ids=GROUPS)


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


@every_group
def test_the_average_is_an_orthogonal_projection_on_the_invariants(G):
    P = equivariance.average(G, torch.eye(G.N, dtype=torch.float64))
    torch.testing.assert_close(P @ P, P)
    torch.testing.assert_close(P, P.mT)
    assert float(P.trace()) == pytest.approx(equivariance.dimension_of_invariants(G))
    x = normal(5, 2, G.N)
    mean = equivariance.average(G, x)
    torch.testing.assert_close(mean, x @ P)
    torch.testing.assert_close(groups.act(G.elements, mean), mean.expand(G.order, 5, 2, G.N))


@every_group
def test_a_symmetrized_function_is_invariant(G):
    w, x = normal(G.N, 4), normal(5, G.N, seed=1)

    def f(x):
        return torch.tanh(x @ w)

    mean = equivariance.symmetrize(G, f)
    images = groups.act(G.elements, x)
    torch.testing.assert_close(mean(x), f(images).mean(dim=0))
    for image in images:
        torch.testing.assert_close(mean(image), mean(x))
    torch.testing.assert_close(equivariance.symmetrize(G, mean)(x), mean(x))
    scalar = equivariance.symmetrize(G, lambda x: x[:, 0] ** 2)
    torch.testing.assert_close(scalar(x), images[:, :, 0].square().mean(dim=0))


@every_group
def test_orbits_of_data(G):
    x = normal(5, G.N)
    everyone = equivariance.orbit(G, x)
    assert everyone.shape == (G.order * 5, G.N)
    for k, g in enumerate(groups.each(G)):
        assert torch.equal(everyone[5 * k : 5 * k + 5], groups.act(g, x))


@every_group
def test_the_twirl_is_an_orthogonal_projection_on_what_commutes(G):
    A, B, rho = normal(2, G.N, G.N), normal(2, G.N, G.N, seed=1), groups.matrices(G)
    mean = equivariance.twirl(G, A)
    torch.testing.assert_close(mean, (rho[:, None] @ A @ rho[:, None].mT).mean(dim=0))
    torch.testing.assert_close(rho[:, None] @ mean, mean @ rho[:, None], atol=1e-14, rtol=0)
    torch.testing.assert_close(equivariance.twirl(G, mean), mean)
    twice = equivariance.twirl(G, B)
    torch.testing.assert_close((twice * A).sum(), (B * mean).sum())
    # the same projection through the explicit basis
    basis = equivariance.equivariant_maps(G).flatten(1)
    again = (A.flatten(1) @ basis.mT / (basis**2).sum(dim=1)) @ basis
    torch.testing.assert_close(again.reshape(2, G.N, G.N), mean)


@every_group
def test_the_commutant_by_brute_force(G):
    # ρ A - A ρ = 0 for all g, a linear system for the entries of A
    one = torch.eye(G.N, dtype=torch.float64)
    system = torch.cat(
        [torch.kron(one, rho) - torch.kron(rho.mT.contiguous(), one) for rho in groups.matrices(G)]
    )
    nullity = G.N**2 - int(torch.linalg.matrix_rank(system))
    basis = equivariance.equivariant_maps(G)
    assert nullity == equivariance.dimension_of_commutant(G) == len(basis)
    rho = groups.matrices(G)[:, None]
    assert torch.equal(rho @ basis, basis @ rho)
    assert set(basis.unique().tolist()) <= {-1.0, 0.0, 1.0}
    gram = basis.flatten(1) @ basis.flatten(1).mT
    assert torch.equal(gram, gram.diag().diag()) and (gram.diag() > 0).all()


@every_group
def test_characters_are_traces(G):
    chi = equivariance.characters(G)
    assert chi.tolist() == groups.matrices(G).diagonal(dim1=1, dim2=2).sum(dim=1).tolist()


def test_dimensions():
    dimensions = [
        equivariance.dimension_of_commutant(G)
        for G in (groups.cyclic(8), groups.dihedral(8), groups.symmetric(8), groups.rotations(4))
    ]
    assert dimensions == [8, 5, 2, 64]
    assert equivariance.dimension_of_commutant(groups.sign_flips(5)) == 5
    assert equivariance.dimension_of_invariants(groups.sign_flips(5)) == 0
    assert equivariance.dimension_of_invariants(groups.symmetric(5)) == 1
    assert equivariance.dimension_of_invariants(groups.rotations(8)) == 16
    S = groups.symmetric(8)  # the identity and the mean
    torch.testing.assert_close(
        equivariance.equivariant_maps(S),
        torch.stack([torch.eye(8), 1 - torch.eye(8)]).double(),
    )


def test_the_basis_follows_the_signs():
    basis = equivariance.equivariant_maps(GROUPS["signed"])  # a quarter turn of the plane, and 1
    turn = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    assert len(basis) == 3
    assert any(torch.equal(A, turn) or torch.equal(A, -turn) for A in basis)


def test_only_zero_is_invariant_and_only_zero_commutes_with_an_opposite():
    G = groups.generate(groups.element([0], [-1]))
    assert float(equivariance.average(G, torch.ones(1))) == 0
    assert equivariance.equivariant_maps(G).tolist() == [[[1.0]]]


def test_the_twirl_of_any_matrix_is_circulant_and_keeps_one_part_in_n():
    n = 8
    A = normal(400, n, n)
    mean = equivariance.twirl(groups.cyclic(n), A)
    for i, j in product(range(n), repeat=2):
        torch.testing.assert_close(mean[:, i, j], mean[:, (i + 1) % n, (j + 1) % n])
    kept = (mean**2).sum(dim=(1, 2)).mean() / (A**2).sum(dim=(1, 2)).mean()
    assert float(kept) == pytest.approx(1 / n, rel=0.05)


@pytest.mark.parametrize("name", ["cyclic", "dihedral", "signed"])
def test_convolution_by_its_sum(name):
    G = GROUPS[name]
    x, a = normal(3, G.order), normal(3, G.order, seed=1)
    table = groups.multiplication_table(G)
    expected = torch.zeros_like(x)
    for h, k in product(range(G.order), repeat=2):  # g = hk
        expected[:, table[h, k]] += x[:, h] * a[:, k]
    torch.testing.assert_close(equivariance.convolve(G, x, a), expected)
    torch.testing.assert_close(
        equivariance.convolve(G, x[0], a), equivariance.convolve(G, x[:1], a)
    )


@pytest.mark.parametrize("name", ["cyclic", "dihedral", "symmetric"])
def test_equivariant_maps_of_the_regular_representation_are_convolutions(name):
    G = GROUPS[name]
    R = groups.regular(G)
    x, a = normal(G.order), normal(G.order, seed=1)
    moved = equivariance.convolve(G, groups.act(R.elements, x), a)
    torch.testing.assert_close(moved, groups.act(R.elements, equivariance.convolve(G, x, a)))
    A = equivariance.twirl(R, normal(G.order, G.order))
    one = groups.locate(G, groups.element(list(range(G.N))))
    torch.testing.assert_close(A @ x, equivariance.convolve(G, x, A[:, one]))
    assert equivariance.dimension_of_commutant(R) == G.order


def test_convolution_over_shifts_is_that_of_the_fast_fourier_transform():
    G = groups.shifts(5)
    x, a = normal(5, 5), normal(5, 5, seed=1)
    fft = torch.fft.ifft2(torch.fft.fft2(x) * torch.fft.fft2(a)).real
    torch.testing.assert_close(equivariance.convolve(G, x.flatten(), a.flatten()), fft.flatten())


@pytest.mark.parametrize(("padding", "equivariant"), [("circular", True), ("zeros", False)])
def test_zero_padding_breaks_equivariance(padding, equivariant):
    n, G, kernel = 6, groups.shifts(6), normal(1, 1, 3, 3)

    def layer(x):
        mode = "circular" if padding == "circular" else "constant"
        padded = functional.pad(x.reshape(-1, 1, n, n), (1, 1, 1, 1), mode=mode)
        return functional.conv2d(padded, kernel).reshape(x.shape)

    x = normal(n * n, seed=1)
    images = groups.act(G.elements, x)
    gap = layer(images) - groups.act(G.elements, layer(x[None])[0])
    assert (float(gap.abs().max()) < 1e-12) == equivariant
    A = layer(torch.eye(n * n, dtype=torch.float64)).mT
    assert torch.allclose(equivariance.twirl(G, A), A) == equivariant


def test_precision_follows_the_input():
    G, x = groups.cyclic(3), torch.ones(2, 3)
    for value in (
        equivariance.average(G, x),
        equivariance.orbit(G, x),
        equivariance.twirl(G, torch.ones(3, 3)),
        equivariance.convolve(G, x, x),
        equivariance.symmetrize(G, lambda x: x)(x),
    ):
        assert value.dtype == torch.float32
