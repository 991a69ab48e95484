"""Products with the Hessian, its greatest eigenvalue and its spectrum: against dense Hessians."""

from functools import partial

import numpy as np
import pytest
import torch
from mathdl import device, losses, models, sharpness
from mathdl.parameters import apply, flatten, member, unflatten

RNG = np.random.default_rng(5)
E, n, d = 2, 12, 3
X, Y = device.tensor(RNG.normal(size=(n, d))), device.tensor(RNG.normal(size=(n, 2)))
NETWORKS = models.random_mlp(E, (d, 5, 2), RNG, "unscaled", bias=0.2)
F = partial(models.mlp, scaling="unscaled", activation=torch.tanh)


def risk(parameters):
    return losses.loss("squared").value(F(parameters, X), Y).mean(1)


def dense():
    """One Hessian a member, by forward mode over reverse mode."""
    found = []
    for e in range(E):
        one = member(NETWORKS, e)
        of_vector = torch.func.hessian(lambda v, one=one: risk(unflatten(v[None], one))[0])
        found.append(of_vector(flatten(one)[0]))
    return torch.stack(found)


def start(seed=0):
    return device.tensor(np.random.default_rng(seed).normal(size=flatten(NETWORKS).shape))


def quadratic(*eigenvalues):
    """A risk of E = 1 member with these eigenvalues, and parameters for it."""
    values = torch.tensor(eigenvalues, dtype=torch.float64)
    return lambda parameters: parameters[0] ** 2 @ values / 2, (torch.zeros(1, len(values)),)


def test_products_and_the_dense_hessian():
    H, v = dense(), start()
    torch.testing.assert_close(sharpness.hessian(risk, NETWORKS), H)
    torch.testing.assert_close(sharpness.hessian(risk, NETWORKS, chunk=7), H)
    hessian_product = sharpness.hessian_product(risk, NETWORKS)
    torch.testing.assert_close(hessian_product(v), (H @ v[:, :, None])[:, :, 0])
    many = torch.stack([v, 2 * v, start(1)]).reshape(3, 1, *v.shape)
    assert hessian_product(many).shape == many.shape
    torch.testing.assert_close(hessian_product(many)[2, 0], hessian_product(start(1)))


def test_convolutional_networks_have_hessians_too():
    images = device.tensor(RNG.normal(size=(n, 1, 4, 4)))
    networks = models.random_convolutional(1, (1, 2), 3, 2, RNG, bias=0.1)

    def risk(parameters):
        f = models.convolutional(parameters, images, padding="circular", pooling="average")
        return losses.loss("squared").value(f, Y).mean(1)

    of_vector = torch.func.hessian(lambda v: risk(unflatten(v[None], networks))[0])
    H = of_vector(flatten(networks)[0])
    torch.testing.assert_close(sharpness.hessian(risk, networks)[0], H)


def test_a_weight_decay_moves_every_eigenvalue():
    def decayed(parameters):
        return risk(parameters) + 0.3 * flatten(parameters).square().sum(1) / 2

    eye = torch.eye(flatten(NETWORKS).shape[1], dtype=torch.float64)
    torch.testing.assert_close(sharpness.hessian(decayed, NETWORKS), dense() + 0.3 * eye)


def test_sharpness_is_the_greatest_eigenvalue_and_not_the_greatest_in_size():
    found = sharpness.sharpness(risk, NETWORKS, start())
    values, vectors = torch.linalg.eigh(dense())
    torch.testing.assert_close(found.value, values[:, -1])
    cosines = (found.vector * vectors[:, :, -1]).sum(1).abs()
    torch.testing.assert_close(cosines, torch.ones_like(cosines))
    L, parameters = quadratic(-5.0, 1.0, 2.0)
    top = sharpness.sharpness(L, apply(torch.Tensor.double, parameters), torch.ones(1, 3).double())
    torch.testing.assert_close(top.value, torch.tensor([2.0], dtype=torch.float64))


def test_residuals_bound_the_distance_to_an_eigenvalue():
    H = dense()
    values = torch.linalg.eigvalsh(H)
    found = sharpness.sharpness(risk, NETWORKS, start(), steps=4)
    left = (H @ found.vector[:, :, None])[:, :, 0] - found.value[:, None] * found.vector
    torch.testing.assert_close(found.residual, left.norm(dim=1))
    distance = (values - found.value[:, None]).abs().amin(1)
    assert (found.value <= values[:, -1]).all()
    assert (distance <= found.residual).all() and (found.residual > 1e-6).all()


def test_along_training_a_few_steps_are_enough():
    record = sharpness.sharpness_along_training(risk, np.random.default_rng(0), steps=4)
    torch.testing.assert_close(record(NETWORKS), torch.linalg.eigvalsh(dense())[:, -1])
    cold = sharpness.sharpness(risk, NETWORKS, start(), steps=4).value
    true = torch.linalg.eigvalsh(dense())[:, -1]
    warm = record(NETWORKS)
    assert ((true - warm) < 0.05 * (true - cold)).all()


def test_along_training_ten_products_suffice_where_thirty_did():
    record = sharpness.sharpness_along_training(risk, np.random.default_rng(0))
    first, second = record(NETWORKS), record(NETWORKS)
    torch.testing.assert_close(first, torch.linalg.eigvalsh(dense())[:, -1])
    torch.testing.assert_close(second, first, rtol=1e-5, atol=0)


def test_along_training_another_eigenvalue_may_overtake():
    record = sharpness.sharpness_along_training(
        lambda parameters: (
            parameters[0][:, 0] ** 2 * parameters[0][:, 2] / 2
            + parameters[0][:, 1] ** 2 * (4 - parameters[0][:, 2]) / 2
        ),
        np.random.default_rng(0),
        steps=3,
    )
    values = [record((torch.tensor([[0.0, 0.0, t]], dtype=torch.float64),)) for t in (1.0, 3.5)]
    assert [float(value) for value in values] == pytest.approx([3.0, 3.5])


@pytest.mark.parametrize("broken", (torch.nan, torch.inf, 1e300))
def test_a_member_that_diverged_disturbs_no_other(broken):
    def ruin(t):
        return torch.cat([t[:1], torch.full_like(t[1:], broken)])

    record = sharpness.sharpness_along_training(quartic, np.random.default_rng(0))
    before = record(NETWORKS)
    after = record(apply(ruin, NETWORKS))
    torch.testing.assert_close(after[0], before[0])
    assert after[1].isnan()
    torch.testing.assert_close(record(NETWORKS), before, rtol=1e-5, atol=0)


def quartic(parameters):
    return flatten(parameters).pow(4).sum(1)


def test_density_has_the_moments_of_the_spectrum():
    H = dense()
    values, weights = sharpness.spectral_density(
        risk, NETWORKS, np.random.default_rng(0), probes=400, steps=12
    )
    assert values.shape == weights.shape == (E, 400 * 12)
    torch.testing.assert_close(weights.sum(1), torch.ones(E, dtype=torch.float64))
    p = H.shape[1]
    for power, moment in ((1, H), (2, H @ H)):
        expected = moment.diagonal(dim1=1, dim2=2).sum(1) / p
        estimate = (weights * values**power).unflatten(1, (400, 12)).sum(2) * 400
        error = estimate.std(1) / 400**0.5
        assert ((estimate.mean(1) - expected).abs() < 5 * error).all()


def test_density_of_two_eigenvalues_counts_them():
    L, _ = quadratic(1.0, 1.0, 1.0, 3.0)
    values, weights = sharpness.spectral_density(
        L, (torch.zeros(1, 4, dtype=torch.float64),), np.random.default_rng(0), probes=2000, steps=2
    )
    near = {round(v, 6) for v in values.flatten().tolist()}
    assert near == {1.0, 3.0}
    assert float(weights[values > 2].sum()) == pytest.approx(1 / 4, rel=0.05)


def test_density_of_many_eigenvalues():
    L, _ = quadratic(*np.linspace(1, 2, 100))
    values, weights = sharpness.spectral_density(
        L, (torch.zeros(1, 100, dtype=torch.float64),), np.random.default_rng(0)
    )
    assert values.shape == (1, 600)
    assert float(weights[values < 1.25].sum()) == pytest.approx(1 / 4, abs=0.08)


def test_parameters_and_risk_are_left_alone():
    before = flatten(NETWORKS).clone()
    v = start()
    with torch.no_grad():
        Hv = sharpness.hessian_product(risk, NETWORKS)(v)
    assert not Hv.requires_grad and torch.equal(flatten(NETWORKS), before)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"L gives \(\); use \(2,\)"):
        sharpness.hessian_product(lambda parameters: risk(parameters).sum(), NETWORKS)
    with pytest.raises(ValueError, match="steps=0"):
        sharpness.sharpness(risk, NETWORKS, start(), steps=0)
    with pytest.raises(ValueError, match="probes=0"):
        sharpness.spectral_density(risk, NETWORKS, np.random.default_rng(0), probes=0)
