"""Lanczos, spectral norms of matrices, maps and convolutions."""

import numpy as np
import pytest
import torch
from mathdl import device, spectral


def symmetric(rng, p, *batch):
    A = rng.normal(size=(*batch, p, p))
    return device.tensor(A + np.swapaxes(A, -1, -2))


def times(A):
    return lambda v: (A @ v[..., None])[..., 0]


def run(A, start, steps):
    """Lanczos for a matrix, with the tridiagonal matrix in full."""
    T = spectral.lanczos(times(A), start, steps)
    inner = T.beta[..., :-1]
    return T, T.alpha.diag_embed() + inner.diag_embed(1) + inner.diag_embed(-1)


def test_lanczos_is_a_tridiagonal_restriction():
    rng = np.random.default_rng(0)
    A, start = symmetric(rng, 12, 3), device.tensor(rng.normal(size=(3, 12)))
    T, matrix = run(A, start, 5)
    eye = device.tensor(np.eye(5))
    assert torch.allclose(T.Q @ T.Q.mT, eye.expand(3, 5, 5), atol=1e-13)
    assert torch.allclose(T.Q @ A @ T.Q.mT, matrix, atol=1e-12)
    assert torch.allclose(T.Q[:, 0] * start.norm(dim=-1, keepdim=True), start)
    last = times(A)(T.Q[:, 4]) - times(T.Q.mT)(matrix[:, 4])
    assert torch.allclose(last.norm(dim=-1), T.beta[:, 4])
    for e in range(3):  # a batch is its members
        alone, _ = run(A[e], start[e], 5)
        assert torch.allclose(alone.beta, T.beta[e])


def test_all_steps_give_all_eigenvalues_and_the_spectral_measure():
    rng = np.random.default_rng(1)
    A, start = symmetric(rng, 9), device.tensor(rng.normal(size=9))
    found = spectral.ritz(spectral.lanczos(times(A), start, 100))
    values, vectors = torch.linalg.eigh(A)
    assert torch.allclose(found.values, values)
    assert torch.allclose(found.weights, (vectors.mT @ start / start.norm()) ** 2)
    assert torch.allclose(times(A)(found.vectors), found.values[:, None] * found.vectors)
    assert found.residuals.max() < 1e-10


def test_ritz_values_are_as_close_as_they_say_and_integrate_polynomials():
    rng = np.random.default_rng(2)
    A, start = symmetric(rng, 30), device.tensor(rng.normal(size=30))
    found = spectral.ritz(spectral.lanczos(times(A), start, 4))
    values = torch.linalg.eigvalsh(A)
    distance = (found.values[:, None] - values).abs().amin(dim=1)
    assert (distance <= found.residuals).all() and (found.residuals < 10).all()
    true = (times(A)(found.vectors) - found.values[:, None] * found.vectors).norm(dim=1)
    assert torch.allclose(true, found.residuals)
    q, power = start / start.norm(), start / start.norm()
    for k in range(8):
        assert found.weights @ found.values**k == pytest.approx(float(q @ power), rel=1e-10)
        power = A @ power


def test_an_invariant_space_is_left():
    A = torch.diag(device.tensor(np.array([3.0, -5.0, 2.0, 2.0, -7.0, 0.0])))
    start = A.new_zeros(2, 6)
    start[0, 0], start[1] = 2.0, 1.0  # the first is an eigenvector, the second is not
    found = spectral.ritz(spectral.lanczos(times(A), start, 6))
    expected = torch.linalg.eigvalsh(A).expand(2, 6)
    assert torch.allclose(found.values, expected, atol=1e-12)
    assert torch.allclose(found.weights.sum(dim=1), A.new_ones(2))
    assert found.weights[0, -1].item() == pytest.approx(1)


@pytest.mark.parametrize("matrix", (torch.eye(8), torch.zeros(8, 8), -3 * torch.eye(8)))
def test_multiples_of_the_identity_end_after_one_step(matrix):
    found = spectral.ritz(spectral.lanczos(times(matrix), torch.arange(8.0), 5))
    assert torch.allclose(found.values, matrix[0, 0].expand(5))
    T = spectral.lanczos(times(matrix), torch.arange(8.0), 5)
    assert torch.allclose(T.Q @ T.Q.mT, torch.eye(5), atol=1e-6) and (T.beta == 0).all()


@pytest.mark.parametrize(
    "start, steps, message",
    [
        (torch.ones(3), 0, "steps=0 is not a number of steps"),
        (torch.zeros(3), 2, "start has a member that is 0"),
        (torch.tensor([1.0, torch.inf]), 2, "or not finite"),
    ],
)
def test_useless_starts_are_refused(start, steps, message):
    with pytest.raises(ValueError, match=message):
        spectral.lanczos(lambda q: q, start, steps)


def tall():
    """A matrix on which one pass of Gram–Schmidt fails, in float32."""
    return torch.tensor(np.random.default_rng(3).normal(size=(1024, 100)), dtype=torch.float32)


def greatest_ritz_value(A):
    T = spectral.lanczos(lambda v: A.mT @ (A @ v), torch.ones(A.shape[1]), 40)
    return spectral.ritz(T).values[-1].sqrt().item()


def test_one_pass_of_gram_schmidt_is_not_enough(monkeypatch):
    A = tall()
    exact = torch.linalg.matrix_norm(A.double(), 2).item()
    assert greatest_ritz_value(A) == pytest.approx(exact, rel=1e-6)
    monkeypatch.setattr(spectral, "PASSES", 1)
    assert greatest_ritz_value(A) > 2.8 * exact
    wrong = spectral.spectral_norm(A, np.random.default_rng(0))
    assert wrong.residual > 0.01 * exact  # the residual does not rely on the basis


@pytest.mark.parametrize("dtype, rtol", [(torch.float32, 3e-7), (torch.float64, 1e-12)])
@pytest.mark.parametrize("kind", ("tall", "wide", "rank 3", "decaying", "small"))
def test_spectral_norm_against_the_singular_values(kind, dtype, rtol):
    rng = np.random.default_rng(4)
    A = {
        "tall": rng.normal(size=(1024, 60)),
        "wide": rng.normal(size=(60, 300)),
        "rank 3": rng.normal(size=(50, 3)) @ rng.normal(size=(3, 70)),
        "decaying": rng.normal(size=(80, 60)) * 2.0 ** -np.arange(60),
        "small": rng.normal(size=(2, 3)),
    }[kind]
    A = torch.tensor(A, dtype=dtype)
    found = spectral.spectral_norm(A, rng, steps=50)
    exact = torch.linalg.svdvals(A.double())[0].item()
    assert found.value.item() == pytest.approx(exact, rel=rtol)
    assert found.value.dtype == dtype and found.residual <= 1e-4 * exact


def test_a_batch_of_matrices_and_a_certificate_after_few_steps():
    rng = np.random.default_rng(5)
    A = device.tensor(rng.normal(size=(2, 3, 20, 15)))
    found, exact = spectral.spectral_norm(A, rng), torch.linalg.svdvals(A)
    assert torch.allclose(found.value, exact[..., 0])
    early = spectral.spectral_norm(A, rng, steps=3)
    assert (early.value < exact[..., 0]).all() and (early.residual > 1e-3).all()
    distance = (exact - early.value[..., None]).abs().amin(dim=-1)
    assert (distance <= early.residual).all()


def test_the_zero_matrix_has_norm_zero():
    found = spectral.spectral_norm(torch.zeros(4, 3), np.random.default_rng(0))
    assert found.value == 0 and found.residual == 0


def test_the_residual_is_that_of_the_vector():
    A, start = torch.diag(torch.tensor([2.0, 1.0])), torch.ones(2)
    found = spectral.spectral_norm_of_map(times(A), times(A), start, steps=1)
    value = (5 / 2) ** 0.5  # v = (1, 1)/√2, Av = (2, 1)/√2, AᵀAv = (4, 1)/√2
    assert found.value.item() == pytest.approx(value)
    residual = np.array([4, 1]) / 2**0.5 / value - value / 2**0.5
    assert found.residual.item() == pytest.approx(np.linalg.norm(residual))


def test_forty_steps_of_a_map_are_enough():
    A = device.tensor(np.random.default_rng(8).normal(size=(120, 90)))
    start = device.tensor(np.random.default_rng(9).normal(size=90))
    found = spectral.spectral_norm_of_map(times(A), times(A.mT), start)
    assert found.value.item() == pytest.approx(torch.linalg.svdvals(A)[0].item(), rel=1e-8)


def test_convolution_against_the_explicit_matrix():
    rng = np.random.default_rng(6)
    filters = device.tensor(rng.normal(size=(2, 3, 2, 3, 2)))  # 2 members, 2 -> 3 channels, 3 x 2
    norms = spectral.convolution_spectral_norm(filters, (5, 4))
    for e in range(2):
        columns = []
        for index in range(2 * 5 * 4):
            image = filters.new_zeros(2 * 5 * 4)
            image[index] = 1
            padded = torch.nn.functional.pad(image.view(1, 2, 5, 4), (0, 1, 1, 1), mode="circular")
            columns.append(torch.nn.functional.conv2d(padded, filters[e]).flatten())
        assert torch.allclose(norms[e], torch.linalg.svdvals(torch.stack(columns, dim=1))[0])


def test_filters_greater_than_the_image_are_refused():
    with pytest.raises(ValueError, match=r"size=\(2, 5\) is smaller than the filters"):
        spectral.convolution_spectral_norm(torch.ones(1, 1, 3, 3), (2, 5))


def test_forty_steps_are_the_default():
    A = device.tensor(np.random.default_rng(8).normal(size=(70, 60)))
    default, forty = (
        spectral.spectral_norm(A, np.random.default_rng(9), **steps)
        for steps in ({}, {"steps": 40})
    )
    assert torch.equal(default.value, forty.value)


def test_another_direction_is_a_basis_vector_without_its_components():
    Q = device.tensor(np.array([[-2.0, 2.0, 1.0]]) / 3)
    assert torch.allclose(spectral._another(Q), device.tensor(np.array([2.0, -2.0, 8.0]) / 9))


@pytest.mark.parametrize("multiple, kept", [(15.6, False), (16.4, True)])
def test_what_is_shorter_than_sixteen_rounding_errors_is_one(multiple, kept):
    left = multiple * torch.finfo(torch.float64).eps
    A = device.tensor(np.array([[1.0, left], [left, 1.0]]))
    T = spectral.lanczos(times(A), device.tensor(np.array([1.0, 0.0])), 2)
    assert T.beta[0].item() == kept * left
