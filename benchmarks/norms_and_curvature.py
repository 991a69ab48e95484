"""Norms and curvature against the usual ways of computing them.

The goals are ratios to the usual way. Where the usual way is an estimate, its error is a row too.
"""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from mathdl import curvature, kernels, layers, models, modules, norms, spectral
from mathdl.parameters import apply, count, tensors
from torch import Tensor, nn

from benchmarks.harness import Row, alternate, must_agree, row, seconds, speedup

SECTION = "norms and curvature"
MLP = partial(models.mlp, scaling="unscaled")
MLP_LAYERS = partial(layers.mlp, scaling="unscaled")


def rows(quick: bool) -> list[Row]:
    """All rows of this table."""
    found: list[Row] = []
    for depth in (2, 6):
        found += path_norm(depth, 64 if quick else 1024, rounds=3 if quick else 15)
    found += spectral_norm(64 if quick else 1024, rounds=3 if quick else 7)
    for width in (8,) if quick else (100, 300):
        found += traces(width, n=50 if quick else 1000, rounds=3 if quick else 7)
    sizes = {"n": 16, "m": 32} if quick else {"n": 512, "m": 1024}
    return found + tangent_kernel(**sizes, rounds=3 if quick else 5)


def path_norm(depth: int, width: int, rounds: int) -> list[Row]:
    """The ℓ1 path norm with biases: one pass, or the values of a copy with positive weights."""
    widths = (20, *[width] * (depth - 1), 1)
    networks = single(models.random_mlp(1, widths, rng(), "unscaled", bias=1.0))
    module = modules.to_module(MLP, networks, 0)
    ones = torch.ones(1, 20)

    @torch.no_grad()
    def copied():
        positive = copy.deepcopy(module)
        for parameter in positive.parameters():
            parameter.abs_()
        return positive(ones)

    @torch.no_grad()
    def called():
        positive = {name: parameter.abs() for name, parameter in module.named_parameters()}
        return torch.func.functional_call(module, positive, ones)

    return compare(
        f"path norm, width {width}, depth {depth}",
        lambda: norms.mlp_path_norm(networks, "unscaled", order=1, biases=True),
        {"copy, abs, forward": (copied, 2.4), "functional_call of abs": (called, None)},
        rounds,
        rtol=1e-4,
    )


def spectral_norm(side: int, rounds: int) -> list[Row]:
    """The norm of a Gaussian matrix; its error, and that of 30 steps of the power method."""
    A = torch.tensor(rng().standard_normal((side, side)), dtype=torch.float32)
    work = f"spectral norm, {side} × {side}"
    found = compare(
        work,
        lambda: spectral.spectral_norm(A, rng(), steps=40).value,
        {"svdvals": (lambda: torch.linalg.svdvals(A)[0], 26)},
        rounds,
        rtol=1e-5,
    )
    true = float(torch.linalg.svdvals(A.double())[0])
    ours, theirs = [], []
    for seed in range(rounds):
        ours.append(1 - float(spectral.spectral_norm(A, rng(seed), steps=40).value) / true)
        theirs.append(1 - power_method(A, rng(seed), steps=30) / true)
    sizes = [abs(error) for error in ours]
    return [
        *found,
        row(SECTION, work, "relative error of 40 Lanczos steps", sizes, at_most=1e-6),
        row(SECTION, work, "relative error of 30 power steps", theirs),
    ]


def power_method(A: Tensor, rng: np.random.Generator, steps: int) -> float:
    """|Av| after so many steps v ← AᵀAv/|AᵀAv|."""
    v = torch.tensor(rng.standard_normal(A.shape[1]), dtype=A.dtype)
    for _ in range(steps):
        v = A.mT @ (A @ v)
        v = v / v.norm()
    return float((A @ v).norm())


def traces(width: int, n: int, rounds: int) -> list[Row]:
    """tr Hessian and tr Σ of a ReLU network of widths (20, width, width, 1), squared loss."""
    import curvlinops  # needed by no other row

    networks = single(models.random_mlp(1, (20, width, width, 1), rng(), "unscaled", bias=0.1))
    x, y = (torch.tensor(rng(1).standard_normal(s), dtype=torch.float32) for s in ((n, 20), n))
    module, p = modules.to_module(MLP, networks, 0), count(networks)
    hessian = curvlinops.HessianLinearOperator(
        module,
        nn.MSELoss(),
        list(module.parameters()),
        [(x, y)],
        check_deterministic=False,
    )

    def ours():
        return curvature.gauss_newton_trace(MLP_LAYERS, networks, x, y, "squared")

    def probes():
        return curvlinops.hutchinson_trace(hessian, num_matvecs=30) / 2  # MSELoss has no ½

    work = f"tr Hessian, n = {n}, p = {p}"
    goals = (119, 17) if p < 50_000 else (171, 15)
    torch.manual_seed(0)
    error = float(np.std([float(probes()) for _ in range(10)], ddof=1)) / float(ours())
    found = compare(work, ours, {"30 Hutchinson probes": (probes, goals[0])}, rounds, 5 * error)
    found.append(row(SECTION, work, "standard error of 30 probes, relative", [error]))
    return found + compare(
        f"tr noise covariance, n = {n}, p = {p}",
        lambda: curvature.noise_trace(MLP_LAYERS, networks, x, y, "squared"),
        {"vmap of grad, in chunks": (lambda: chunked_noise(networks, x, y), goals[1])},
        rounds,
        rtol=1e-3,
    )


def chunked_noise(networks: models.MLP, x: Tensor, y: Tensor) -> Tensor:
    """tr Σ from gradients that are written down, 12 MB at a time, which is fastest."""
    chunk = max(1, 3_000_000 // count(networks))

    def loss(networks, xi, yi):
        return 0.5 * (MLP(networks, xi[None]) - yi).square().sum()

    gradient = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    squares, total = torch.zeros(()), apply(torch.zeros_like, networks)
    for xs, ys in zip(x.split(chunk), y.split(chunk), strict=True):
        g = gradient(networks, xs, ys)
        squares = squares + sum(part.square().sum() for part in tensors(g))
        total = apply(lambda t, part: t + part.sum(0), total, g)
    return squares / len(x) - sum((t / len(x)).square().sum() for t in tensors(total))


def tangent_kernel(n: int, m: int, rounds: int) -> list[Row]:
    """The tangent kernel of a two-layer network, from layers and from gradients written down."""
    networks = single(models.random_two_layer(1, m, 10, rng()))
    x = torch.tensor(rng(1).standard_normal((n, 10)), dtype=torch.float32)
    f = partial(models.two_layer, scaling="ntk")

    def one_by_one():
        gradient = torch.func.grad(lambda networks, xi: f(networks, xi[None]).sum())
        J = flat(torch.func.vmap(gradient, in_dims=(None, 0))(networks, x))
        return J @ J.mT

    def jacobian():
        J = flat(torch.func.jacrev(lambda networks: f(networks, x)[0])(networks))
        return J @ J.mT

    def flat(gradients):  # (n, 1, ...) for every parameter to (n, p)
        return torch.cat([part.flatten(1) for part in tensors(gradients)], dim=1)

    return compare(
        f"tangent kernel, n = {n}, m = {m}",
        lambda: kernels.tangent_kernel(partial(layers.two_layer, scaling="ntk"), networks, x),
        {"vmap of grad": (one_by_one, 7), "jacrev": (jacobian, 190)},
        rounds,
        rtol=1e-3,
    )


def compare(
    work: str,
    ours: Callable[[], Tensor],
    rivals: dict[str, tuple[Callable[[], Tensor], float | None]],
    rounds: int,
    rtol: float,
) -> list[Row]:
    """Our time, and how many times as long each rival takes, with the goal for that, if any.

    The sums of the results must agree to `rtol`. In a measurement everyone works as often as fits
    into 50 milliseconds, at least once: what is timed is repeated work, with warm caches.
    """
    everyone = {"ours": ours} | {name: rival for name, (rival, _) in rivals.items()}
    results = {name: [float(one().sum())] for name, one in everyone.items()}
    must_agree(work, results, rtol)
    calls = {name: max(1, round(0.05 / seconds(one))) for name, one in everyone.items()}
    repeated = {name: partial(repeat, one, calls[name]) for name, one in everyone.items()}
    times = {
        name: [total / calls[name] for total in totals]
        for name, totals in alternate(repeated, rounds).items()
    }
    found = [row(SECTION, work, "milliseconds", [1e3 * time for time in times["ours"]])]
    for name, (_, goal) in rivals.items():
        ratios = speedup(times, "ours", name)
        found.append(row(SECTION, work, f"times {name}", ratios, at_least=goal))
    return found


def repeat(work: Callable[[], object], calls: int) -> None:
    """Do it so many times."""
    for _ in range(calls):
        work()


def rng(seed: int = 0) -> np.random.Generator:
    """The same random numbers in every run."""
    return np.random.default_rng(seed)


def single(parameters):
    """The same parameters in float32."""
    return apply(lambda t: t.float(), parameters)
