"""Exact traces against dense Hessians, noise covariances against a loop over samples."""

from functools import partial
from itertools import combinations, product

import numpy as np
import pytest
import torch
from mathdl import curvature, device, layers, losses, models
from mathdl.parameters import flatten, member, unflatten

RNG = np.random.default_rng(3)
E, n, d = 2, 7, 3
X = device.tensor(RNG.normal(size=(n, d)))
NUMBERS, SIGNS = device.tensor(RNG.normal(size=n)), device.tensor(RNG.choice([-1.0, 1.0], size=n))
VECTORS, CLASSES = device.tensor(RNG.normal(size=(n, 3))), device.tensor(RNG.integers(3, size=n))
SHALLOW = models.random_two_layer(E, 5, d, RNG)
DEEP = models.random_mlp(E, (d, 5, 4, 1), RNG, "ntk", bias=0.3)
VECTOR = models.random_mlp(E, (d, 5, 4, 3), RNG, "unscaled", bias=0.3)
CASES = [
    ("two_layer", SHALLOW, "mean-field", NUMBERS, "squared"),
    ("two_layer", SHALLOW, "unscaled", SIGNS, "logistic"),
    ("mlp", DEEP, "ntk", NUMBERS, "squared"),
    ("mlp", DEEP, "ntk", SIGNS, "exponential"),
    ("mlp", VECTOR, "unscaled", VECTORS, "squared"),
    ("mlp", VECTOR, "unscaled", CLASSES, "cross-entropy"),
]
NAMES = [f"{name}-{loss}" for name, _, _, _, loss in CASES]


def bound(name, scaling, activation=torch.relu):
    options = {"scaling": scaling, "activation": activation}
    return partial(getattr(layers, name), **options), partial(getattr(models, name), **options)


def sample_losses(f, one, y, loss, x=X):
    """A function of the vector of parameters of one network: the loss of every sample, (n,)."""
    return lambda v: losses.loss(loss).value(f(unflatten(v[None], one), x), y)[0]


def dense_hessians(f, parameters, y, loss):
    found = []
    for e in range(E):
        one = member(parameters, e)
        risk = sample_losses(f, one, y, loss)
        found.append(torch.func.hessian(lambda v, risk=risk: risk(v).mean())(flatten(one)[0]))
    return torch.stack(found)


def gradients_one_by_one(f, parameters, y, loss):
    found = []
    for e in range(E):
        one = member(parameters, e)
        found.append(torch.func.jacrev(sample_losses(f, one, y, loss))(flatten(one)[0]))
    return torch.stack(found)


def dense_noise(g):
    """The covariance of the rows of g, summed up sample by sample."""
    total = 0
    for i in range(n):
        c = g[:, i] - g.mean(1)
        total = total + c[:, :, None] * c[:, None, :] / n
    return total


@pytest.mark.parametrize(("name", "parameters", "scaling", "y", "loss"), CASES, ids=NAMES)
def test_relu_networks_have_the_trace_of_gauss_newton(name, parameters, scaling, y, loss):
    layered, f = bound(name, scaling)
    H = dense_hessians(f, parameters, y, loss)
    trace = curvature.gauss_newton_trace(layered, parameters, X, y, loss)
    torch.testing.assert_close(trace, H.diagonal(dim1=1, dim2=2).sum(1), rtol=1e-10, atol=0)
    G = curvature.gauss_newton(f, parameters, X, y, loss)
    torch.testing.assert_close(trace, G.diagonal(dim1=1, dim2=2).sum(1), rtol=1e-10, atol=0)
    assert (torch.linalg.matrix_norm(H - G) > 0.01 * torch.linalg.matrix_norm(H)).all()


@pytest.mark.parametrize("name", ("two_layer", "mlp"))
def test_smooth_activations_do_not(name):
    parameters, scaling = (SHALLOW, "unscaled") if name == "two_layer" else (DEEP, "ntk")
    layered, f = bound(name, scaling, torch.tanh)
    H = dense_hessians(f, parameters, NUMBERS, "squared")
    trace = curvature.gauss_newton_trace(layered, parameters, X, NUMBERS, "squared")
    true = H.diagonal(dim1=1, dim2=2).sum(1)
    assert ((trace - true).abs() > 0.003 * true.abs()).all()


def test_a_weight_in_two_layers_breaks_the_identity():
    def shared(parameters, x):  # f = σ(w σ(w x))
        (w,) = parameters
        return torch.relu(w * torch.relu(w * x[:, 0]))

    x, y = torch.tensor([[2.0]], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    one = (torch.tensor([[3.0]], dtype=torch.float64),)
    trace = curvature.gauss_newton_trace(partial(layers.any_model, shared), one, x, y, "squared")
    # L = ½ (w² x)² has L'' = 6 w² x², Gauss–Newton (2 w x)²
    assert float(trace) == pytest.approx(4 * 9 * 4)


def test_gauss_newton_is_the_hessian_where_the_residuals_vanish():
    _, f = bound("mlp", "unscaled", torch.tanh)
    one = member(VECTOR, 0)
    y = f(one, X)[0]
    risk = sample_losses(f, one, y, "squared")
    H = torch.func.hessian(lambda v: risk(v).mean())(flatten(one)[0])
    torch.testing.assert_close(curvature.gauss_newton(f, one, X, y, "squared")[0], H)
    assert torch.linalg.matrix_rank(H) == 3 * n


def test_convolutional_networks_have_the_trace_of_gauss_newton():
    x = device.tensor(RNG.normal(size=(n, 1, 4, 4)))
    networks = models.random_convolutional(1, (1, 2, 2), 3, 1, RNG, bias=0.1)
    f = partial(models.convolutional, padding="circular", pooling="average")
    risk = sample_losses(f, networks, NUMBERS, "squared", x)
    H = torch.func.hessian(lambda v: risk(v).mean())(flatten(networks)[0])
    layered = partial(layers.any_model, f)
    trace = curvature.gauss_newton_trace(layered, networks, x, NUMBERS, "squared")
    assert float(trace) == pytest.approx(float(H.trace()), rel=1e-10)


@pytest.mark.parametrize(("name", "parameters", "scaling", "y", "loss"), CASES, ids=NAMES)
def test_noise_against_a_loop_over_samples(name, parameters, scaling, y, loss):
    layered, f = bound(name, scaling)
    g = gradients_one_by_one(f, parameters, y, loss)
    covariance = dense_noise(g)
    torch.testing.assert_close(curvature.sample_gradients(f, parameters, X, y, loss), g)
    for way in (layered, partial(layers.any_model, f)):
        trace = curvature.noise_trace(way, parameters, X, y, loss)
        torch.testing.assert_close(trace, covariance.diagonal(dim1=1, dim2=2).sum(1))
        spectrum = curvature.noise_spectrum(way, parameters, X, y, loss)
        expected = torch.linalg.eigvalsh(covariance)[:, -n:]
        torch.testing.assert_close(spectrum, expected, rtol=1e-8, atol=1e-12)
    H = dense_hessians(f, parameters, y, loss)
    cosine = (covariance * H).sum((1, 2)) / (covariance.norm(dim=(1, 2)) * H.norm(dim=(1, 2)))
    torch.testing.assert_close(curvature.alignment(g, H), cosine)


def test_each_member_may_have_its_own_data():
    layered, f = bound("two_layer", "ntk")
    x, y = device.tensor(RNG.normal(size=(E, n, d))), device.tensor(RNG.normal(size=(E, n)))
    for function in (curvature.gauss_newton_trace, curvature.noise_trace, curvature.noise_spectrum):
        together = function(layered, SHALLOW, x, y, "squared")
        for e in range(E):
            alone = function(layered, member(SHALLOW, e), x[e], y[e], "squared")
            torch.testing.assert_close(together[e : e + 1], alone)


def test_a_member_that_diverged_disturbs_no_other():
    layered, _ = bound("two_layer", "ntk")
    broken = SHALLOW._replace(a=torch.cat([SHALLOW.a[:1], SHALLOW.a[1:] * torch.inf]))
    for function in (curvature.gauss_newton_trace, curvature.noise_trace, curvature.noise_spectrum):
        values = function(layered, broken, X, NUMBERS, "squared")
        torch.testing.assert_close(values[0], function(layered, SHALLOW, X, NUMBERS, "squared")[0])
        assert not values[1].isfinite().any()


def test_the_noise_bound_and_where_noise_vanishes():
    layered, f = bound("mlp", "ntk")
    trace = curvature.noise_trace(layered, DEEP, X, NUMBERS, "squared")
    L = losses.loss("squared").value(f(DEEP, X), NUMBERS).mean(1)
    steepest = layers.squared_norms(layered(DEEP, X, layers.outputs)).amax((1, 2))
    assert (trace <= 2 * steepest * L).all()
    assert (curvature.noise_trace(layered, DEEP, X, f(DEEP, X), "squared") < 1e-25).all()


@pytest.mark.parametrize("B", (1, 2, 3))
def test_batch_factor_by_enumeration(B):
    g = RNG.normal(size=5)
    with_replacement = [np.mean(batch) for batch in product(g, repeat=B)]
    without = [np.mean(batch) for batch in combinations(g, B)]
    factor = partial(curvature.batch_factor, 5, B)
    assert factor(replace=True) * g.var() == pytest.approx(np.var(with_replacement))
    assert factor(replace=False) * g.var() == pytest.approx(np.var(without))


def test_batch_factor_at_the_ends():
    assert curvature.batch_factor(5, 5, replace=False) == 0
    assert curvature.batch_factor(5, 10, replace=True) == 0.1
    assert curvature.batch_factor(2, 1, replace=False) == 1
    assert curvature.batch_factor(1, 1, replace=False) == 0


@pytest.mark.parametrize("loss", ("squared", "logistic", "exponential", "cross-entropy"))
def test_roots_are_roots_of_the_second_derivative(loss):
    y = {"squared": VECTORS, "cross-entropy": CLASSES}.get(loss, SIGNS)
    several = loss in ("squared", "cross-entropy")
    f = device.tensor(RNG.normal(size=(1, n, 3) if several else (1, n)))
    S = curvature.loss_root(f, y, loss)
    for i in range(n):
        one = partial(losses.loss(loss).value, y=y[i : i + 1])
        second = torch.func.hessian(lambda v, one=one, i=i: one(v[None, None]).sum())(f[0, i])
        torch.testing.assert_close(S[0, i].mT @ S[0, i], second.reshape(S.shape[2:]))


def test_errors_name_the_argument():
    layered, f = bound("mlp", "ntk")
    for function in (curvature.gauss_newton_trace, curvature.noise_trace, curvature.noise_spectrum):
        with pytest.raises(ValueError, match="loss='hinge'"):
            function(layered, DEEP, X, NUMBERS, "hinge")
    for B, replace in ((0, True), (6, False)):
        with pytest.raises(ValueError, match=f"B={B}"):
            curvature.batch_factor(5, B, replace)
