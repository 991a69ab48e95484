"""The same numbers on every device and in both precisions; nothing is made on the wrong device.

Each case is a function of `put`, which moves tensors to the device and the precision in question,
and returns what is compared. The cases run everywhere in both precisions on the CPU; the comparison
with CUDA or MPS runs where there is such a device.
"""

from functools import partial

import numpy as np
import pytest
import torch
from mathdl import (
    curvature,
    equivariance,
    flow,
    gradients,
    greedy,
    groups,
    kernels,
    layers,
    losses,
    models,
    norms,
    rademacher,
    regression,
    sampling,
    sde,
    sharpness,
    spectral,
    training,
    updates,
)
from mathdl.parameters import apply, flatten
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

E, n, d, m = 3, 12, 4, 8
TOLERANCE = {torch.float64: 1e-10, torch.float32: 2e-4}
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def rng():
    return np.random.default_rng(0)


def data(put):
    x, y = rng().normal(size=(n, d)), np.random.default_rng(1).normal(size=n)
    return put(torch.from_numpy(x)), put(torch.from_numpy(y))


def two_layer(put):
    return put(models.random_two_layer(E, m, d, rng()))


def mlp(put, outputs=1):
    return put(models.random_mlp(E, (d, m, m, outputs), rng(), "unscaled", bias=0.5))


def resnet(put):
    return put(models.random_resnet(E, L=3, d=d, D=5, m=6, rng=rng()))


def images(put):
    networks = models.random_convolutional(E, (1, 3, 2), 3, 2, rng(), pooled=1, bias=0.5)
    return put(networks), put(torch.from_numpy(rng().normal(size=(n, 1, 6, 6))))


MLP = partial(models.mlp, scaling="unscaled")
MLP_LAYERS = partial(layers.mlp, scaling="unscaled")
RESNET = partial(models.resnet, scaling="1/L")
CONVOLUTIONAL = partial(models.convolutional, padding="circular", pooling="average")


def trained(run):
    return run.parameters, run.history["loss"]


@case
def two_layer_gradient_descent(put):
    lr = put(torch.from_numpy(np.array([0.1, 0.2, 0.3])))
    norm = {"norm": lambda p: norms.path_norm(*p, "path2")}
    run = training.train_two_layer(
        two_layer(put), *data(put), scaling="ntk", lr=lr, steps=20, record=norm
    )
    return trained(run), run.history["norm"]


@case
def two_layer_momentum_with_weight_decay(put):
    rule, decay = updates.Momentum(0.8), (0.0, 0.1, 0.2)
    x, y = data(put)
    start = two_layer(put)
    run = training.train_two_layer(
        start, x, y.sign(), scaling="ntk", loss="logistic", lr=0.1, steps=20, rule=rule,
        weight_decay=decay,
    )  # fmt: skip
    return trained(run)


@case
def two_layer_minibatches(put):
    batches = sampling.Minibatches(5, rng(), replace=False, label_noise=0.1)
    run = training.train_two_layer(
        two_layer(put), *data(put), scaling="mean-field", lr=0.5, steps=30, batches=batches
    )
    return trained(run)


@case
def adam_on_an_mlp_with_labels(put):
    x, _ = data(put)
    y = torch.arange(n, device=x.device) % 3
    options = {"loss": "cross-entropy", "rule": updates.Adam(), "lr": 1e-2, "steps": 10}
    return trained(training.train(MLP, mlp(put, outputs=3), x, y, **options))


@case
def residual_networks_trained(put):
    return trained(training.train(RESNET, resnet(put), *data(put), lr=0.05, steps=10))


@case
def convolutional_networks_trained(put):
    networks, x = images(put)
    y = torch.arange(n, device=x.device) % 2
    run = training.train(CONVOLUTIONAL, networks, x, y, loss="cross-entropy", lr=0.1, steps=10)
    return trained(run)


@case
def networks_on_a_torus_trained(put):
    start = models.random_torus(E, (1, 3, 2), (3, 3), (2, 1), 6, 2, rng(), shared=False)
    x, y = (put(torch.from_numpy(rng().normal(size=s))) for s in ((n, 1, 6, 6), (n, 2)))
    model = partial(models.torus, strides=(2, 1))
    run = training.train(model, put(start), x, y, lr=0.05, steps=10)
    return [trained(run), norms.torus_path_norm(run.parameters, 6, (2, 1))]


@case
def diagonal_networks_trained(put):
    networks = put(models.random_diagonal(E, d, 0.5, rng()))
    batches = sampling.Minibatches(3, rng(), replace=True)
    return trained(
        training.train(models.diagonal, networks, *data(put), lr=0.05, steps=20, batches=batches)
    )


@case
def linear_models_trained_until_tolerance(put):
    x, y = data(put)
    start = torch.zeros(E, d, dtype=x.dtype, device=x.device)
    run = training.train_linear(start, x, x @ x.new_ones(d), lr=0.3, steps=200, tolerance=1e-3)
    return trained(run), run.steps, run.converged


@case
def gradient_flows(put):
    gradient = gradients.autograd_gradient(partial(models.two_layer, scaling="ntk"))
    found = [
        flow.gradient_flow(
            gradient, two_layer(put), *data(put), [0.0, 0.2, 0.5], method=method, step=0.1
        )
        for method in ("Euler", "RK4")
    ]
    return [(path.parameters, path.losses) for path in found]


@case
def stochastic_differential_equations(put):
    x, _ = data(put)
    one = {"times": [0.0, 0.2, 0.5], "step": 0.1, "rng": rng()}
    return [
        sde.euler_maruyama(torch.sin, S, x, **one).states
        for S in (torch.cos, lambda x: x[:, :, None] * x[:, None, :2])
    ]


@case
def outputs_of_models(put):
    x, _ = data(put)
    networks, pictures = images(put)
    shallow = models.two_layer(two_layer(put), x, "mean-field", activation=torch.tanh)
    return shallow, MLP(mlp(put), x), RESNET(resnet(put), x), CONVOLUTIONAL(networks, pictures)


@case
def losses_and_slopes(put):
    f, y = put(torch.from_numpy(rng().normal(size=(E, n)))), data(put)[1]
    found = []
    for name in ("squared", "logistic", "exponential"):
        target = y if name == "squared" else y.sign()
        found += [losses.loss(name).value(f, target), losses.loss(name).slope(f, target)]
    return found


@case
def path_norms(put):
    networks, _ = images(put)
    return (
        [norms.path_norm(*two_layer(put), convention) for convention in norms.CONVENTIONS],
        [norms.mlp_path_norm(mlp(put), "unscaled", order, True) for order in (1, 2)],
        norms.resnet_path_norm(resnet(put), "1/L", 1),
        norms.convolutional_path_norm(networks, (6, 6), "circular", "average", 1, biases=True),
        [norms.norm_product(mlp(put), "unscaled", which) for which in ("rows", "columns")],
    )


@case
def spectral_norms(put):
    A = put(torch.from_numpy(rng().normal(size=(20, 6))))
    filters = put(torch.from_numpy(rng().normal(size=(2, 3, 3, 3))))
    return (
        spectral.spectral_norm(A, rng(), steps=6).value,
        spectral.convolution_spectral_norm(filters, (5, 5)),
    )


@case
def curvatures(put):
    x, y = data(put)
    networks = mlp(put)
    return (
        curvature.gauss_newton_trace(MLP_LAYERS, networks, x, y, "logistic"),
        curvature.gauss_newton(MLP, networks, x, y, "squared"),
        curvature.noise_trace(MLP_LAYERS, networks, x, y, "squared"),
        curvature.noise_spectrum(MLP_LAYERS, networks, x, y, "squared")[..., -4:],
    )


@case
def hessians(put):
    x, y = data(put)
    networks = two_layer(put)

    def L(parameters):
        f = models.two_layer(parameters, x, "ntk", activation=torch.tanh)
        return 0.5 * (f - y).square().mean(dim=1)

    start = torch.ones_like(flatten(networks))
    return sharpness.hessian(L, networks), sharpness.sharpness(L, networks, start).value


@case
def tangent_kernels(put):
    x, _ = data(put)
    K = kernels.tangent_kernel(MLP_LAYERS, mlp(put), x)
    return K, kernels.kernel_change(K, K + 1), kernels.kappa0(x / 9), kernels.kappa1(x / 9)


@case
def random_features(put):
    a, w, b = (part[0] for part in two_layer(put))
    return (
        kernels.relu_gram(w, w[:3]),
        kernels.error_against_radius(a, w),
        sampling.maurey(rng(), a, w, b, 5, 7, "path2"),
    )


@case
def rademacher_complexities(put):
    x, _ = data(put)
    x, signs = x[:8, :2], put(rademacher.random_signs(rng(), 30, 8))
    return (
        [rademacher.linear_class(signs, x, norm) for norm in ("l1", "l2")],
        rademacher.finite_class(signs, x.mT),
        [rademacher.neurons(signs, x, name, bias=True) for name in ("path1", "path2")],
    )


@case
def regressions(put):
    x, y = data(put)
    atoms = (x @ x[:6].mT).relu().mT.contiguous()
    fit = greedy.orthogonal_greedy(atoms, y, torch.ones_like(y), m=3)
    ridge = regression.kernel_ridge(x @ x.mT + torch.diag(torch.ones_like(y)), y, 0.1)
    return regression.least_squares(x, y), ridge.coefficients, fit.coefficients, fit.errors


DIHEDRAL = groups.dihedral(d)


@case
def symmetries(put):
    x, _ = data(put)
    return (
        equivariance.average(DIHEDRAL, x),
        equivariance.twirl(DIHEDRAL, x[:d]),
        equivariance.orbit(DIHEDRAL, x),
    )


def put_on(where, dtype):
    """Moves tensors to a device, floating-point ones to a precision."""

    def move(tensor):
        return tensor.to(where, dtype if tensor.is_floating_point() else None)

    return partial(apply, move)


def compared(result):
    """All tensors of a result, whatever holds them."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [tensor for part in result for tensor in compared(part)]


def assert_same(found, expected, tolerance):
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        one, other = one.detach().cpu().double(), other.detach().cpu().double()
        assert torch.isfinite(other).all()
        error = (one - other).abs().max() / other.abs().max().clamp_min(1e-300)
        assert error <= tolerance, f"they differ by {error:.1e}"


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    """Where `device.tensor` puts things, before a case moves them."""
    monkeypatch.setenv("MATHDL_DEVICE", "cpu")
    monkeypatch.setenv("MATHDL_STATIC", "1")


@pytest.mark.parametrize("name", CASES)
def test_both_precisions_agree(name):
    single = compared(CASES[name](put_on("cpu", torch.float32)))
    double = compared(CASES[name](put_on("cpu", torch.float64)))
    for one, other in zip(single, double, strict=True):
        if other.is_floating_point():
            assert (one.dtype, other.dtype) == (torch.float32, torch.float64)
    assert_same(single, double, TOLERANCE[torch.float32])


class Careless(TorchFunctionMode):
    """Arrays for which nobody names a device are made without data: whoever uses one will fail.

    A single number may be made anywhere, since every device takes it from the CPU.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        careless = function in _device_constructors() and not (kwargs or {}).get("device")
        if careless and made.ndim and not any(isinstance(arg, torch.Tensor) for arg in args):
            return made.to("meta")
        return made


@pytest.mark.parametrize("name", CASES)
def test_new_tensors_are_made_where_the_arguments_are(name):
    """What a machine without a second device can see of it."""
    put = put_on("cpu", torch.float64)
    expected = compared(CASES[name](put))
    with Careless():
        found = compared(CASES[name](put))
    assert all(tensor.device.type == "cpu" for tensor in found)
    assert_same(found, expected, 0.0)


def test_a_careless_function_would_be_noticed():
    x = torch.ones(3, dtype=torch.float64)
    with Careless():
        assert torch.equal(x + torch.zeros(3, device=x.device) + torch.tensor(1.0), 2 * x)
        with pytest.raises(RuntimeError, match="meta"):
            x + torch.zeros(3)


ELSEWHERE = [
    pytest.param("cuda", torch.float64, marks=pytest.mark.needs_cuda, id="cuda-float64"),
    pytest.param("cuda", torch.float32, marks=pytest.mark.needs_cuda, id="cuda-float32"),
    pytest.param("mps", torch.float32, marks=pytest.mark.needs_mps, id="mps-float32"),
]


@pytest.mark.parametrize(("where", "dtype"), ELSEWHERE)
@pytest.mark.parametrize("name", CASES)
def test_devices_agree(name, where, dtype):
    found = compared(CASES[name](put_on(where, dtype)))
    assert all(tensor.device.type == where for tensor in found)
    assert_same(found, compared(CASES[name](put_on("cpu", dtype))), TOLERANCE[dtype])


@pytest.mark.needs_cuda
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("rule", [updates.GradientDescent(), updates.Adam()])
def test_a_cuda_graph_takes_the_steps_that_the_cpu_takes(rule, batched):
    runs = []
    for where in ("cpu", "cuda"):
        put = put_on(where, torch.float32)
        batches = sampling.Minibatches(5, rng(), replace=False) if batched else None
        runs.append(
            training.train_two_layer(
                two_layer(put),
                *data(put),
                scaling="ntk",
                lr=0.05,
                steps=40,
                every=10,
                rule=rule,
                batches=batches,
                compiled=where == "cuda",
            )
        )
    assert_same(compared(trained(runs[1])), compared(trained(runs[0])), TOLERANCE[torch.float32])
