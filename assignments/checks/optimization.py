"""Hidden checks of the assignment on optimization."""

from __future__ import annotations

import torch

from assignments.checks import Wrong, plain, prop, same
from assignments.checks.optimization_inputs import DEPTHS, deep, normal
from assignments.checks.optimization_truth import (
    balances,
    circle,
    jacobians,
    kernel,
    slopes,
    step,
    values,
)


def each(found: object, count: int, what: str) -> list:
    """The entries of a list or tuple of that length."""
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"{what} is of type {type(found).__name__}, not a list.")
    if len(found) != count:
        raise Wrong(f"{what} has {len(found)} entries instead of {count}.")
    return list(found)


# Question 1


@prop("gradient", points=2)
def differentiation(student, rng, numbers):
    """the gradient is that of automatic differentiation, at every depth"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        what = f"The gradient of a network with {depth} matrices"
        found = each(student.gradient(weights, X, y), depth, what)
        for at, (G, wanted) in enumerate(zip(found, slopes(weights, X, y), strict=True), 1):
            same(G, wanted, f"{what} in W_{at}")


@prop("gradient", points=1)
def euler(student, rng, numbers):
    """the product of W_l with the gradient in it is the mean of (f - y) f, for each layer"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        f = values(weights, X)
        network = f"a network with {depth} matrices"
        what = f"The gradient of {network}"
        found = each(student.gradient(weights, X, y), depth, what)
        for at, (G, W) in enumerate(zip(found, weights, strict=True), 1):
            G = plain(G, what)
            if G.shape != W.shape:
                raise Wrong(f"{what} in W_{at} has the shape {tuple(G.shape)}.")
            same(
                (G * W).sum(),
                ((f - y) * f).mean(),
                f"⟨W_{at}, gradient in W_{at}⟩ for {network}",
            )


@prop("gradient", points=1)
def samples_and_labels(student, rng, numbers):
    """repeating all samples leaves the gradient, and doubling the residuals doubles it"""
    weights, X, y = deep(rng, 3)
    once = each(student.gradient(weights, X, y), 3, "The gradient")
    twice = student.gradient(weights, torch.cat([X, X]), torch.cat([y, y]))
    far = student.gradient(weights, X, 2 * y - values(weights, X))
    for G, again, doubled in zip(once, each(twice, 3, "The gradient"), far, strict=True):
        G = plain(G, "The gradient")
        if not bool(G.abs().max() > 0):
            raise Wrong("One of the gradients is 0, although no sample is fitted.")
        same(again, G, "The gradient with every sample twice")
        same(doubled, 2 * G, "The gradient at residuals twice as large")


# Question 2


@prop("drift", points=1)
def visible_step(student, rng, numbers):
    """the drift is the difference of the balances after and before a visible step"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        gradients, eta = slopes(weights, X, y), float(rng.uniform(0.1, 0.5))
        what = f"The drift for {depth} matrices, η = {eta:.3f}, λ = 0"
        compare_drift(student, weights, gradients, eta, 0.0, what)


@prop("drift", points=2)
def tiny_step(student, rng, numbers):
    """the drift of a step of 1e-9, divided by the square of the step, is right to six digits"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        gradients = slopes(weights, X, y)
        what = f"The drift / η² for {depth} matrices, η = 1e-9, λ = 0"
        found = each(student.drift(weights, gradients, 1e-9, 0.0), depth - 1, what)
        for D, wanted in zip(found, balances(gradients), strict=True):
            same(plain(D, what) / 1e-18, wanted, what, atol=1e-6 * float(wanted.abs().max()))


@prop("drift", points=1)
def step_with_decay(student, rng, numbers):
    """the drift is right with weight decay, in visible steps"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        eta, decay = float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.5, 1))
        what = f"The drift for {depth} matrices, η = {eta:.3f}, λ = {decay:.3f}"
        compare_drift(student, weights, slopes(weights, X, y), eta, decay, what)


@prop("drift", points=1)
def decay_alone(student, rng, numbers):
    """without a gradient all balances are multiplied by (1 - ηλ)²"""
    weights, _, _ = deep(rng, 4)
    flat = [torch.zeros_like(W) for W in weights]
    eta, decay = float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.5, 1))
    what = f"The drift with the gradient 0, η = {eta:.3f}, λ = {decay:.3f}"
    compare_drift(student, weights, flat, eta, decay, what)


def compare_drift(student, weights, gradients, eta, decay, what) -> None:
    found = each(student.drift(weights, gradients, eta, decay), len(weights) - 1, what)
    moved = balances(step(weights, gradients, eta, decay))
    for at, (D, after, before) in enumerate(zip(found, moved, balances(weights), strict=True), 1):
        scale = float(after.abs().max() + before.abs().max())
        same(D, after - before, f"{what}, hidden layer {at},", atol=1e-9 * scale)


# Question 3


@prop("tangent-kernel", points=2)
def jacobian(student, rng, numbers):
    """the kernel is the Jacobian times its transpose, at every depth"""
    for depth in DEPTHS:
        weights, X, _ = deep(rng, depth)
        what = f"The kernel of a network with {depth} matrices"
        same(student.tangent_kernel(weights, X), kernel(weights, X), what)


@prop("tangent-kernel", points=1)
def energy(student, rng, numbers):
    """r · K r / n² is the squared length of the gradient"""
    for depth in DEPTHS:
        weights, X, y = deep(rng, depth)
        network = f"a network with {depth} matrices"
        what = f"The kernel of {network}"
        K, r = plain(student.tangent_kernel(weights, X), what), values(weights, X) - y
        if K.shape != (len(r), len(r)):
            raise Wrong(f"{what} has the shape {tuple(K.shape)} instead of (7, 7).")
        length = sum(G.square().sum() for G in slopes(weights, X, y))
        same(r @ K @ r / len(r) ** 2, length, f"r · K r / n², with the kernel of {network},")


@prop("tangent-kernel", points=1)
def rescaling(student, rng, numbers):
    """the function written with (tw, a/t) has another kernel, each of its parts times a factor"""
    (W, a), X, _ = deep(rng, 2)
    t = float(rng.uniform(1.5, 2.5))
    inner, outer = jacobians([W, a], X)
    for factor in (t, 1 / t):
        wanted = inner @ inner.T / factor**2 + outer @ outer.T * factor**2
        found = student.tangent_kernel([factor * W, a / factor], X)
        same(found, wanted, f"The kernel after (w, a) → (tw, a/t) with t = {factor:.3f}")


# Question 4


@prop("prediction", points=1)
def steps(student, rng, numbers):
    """one step subtracts η K r / n, and s + t steps are t steps after s steps"""
    B, r = normal(rng, 5, 5), normal(rng, 5)
    K, eta = B @ B.T, float(rng.uniform(0.01, 0.1))
    what = f"The residual of 5 samples after one step, η = {eta:.3f}"
    same(student.linear_residual(K, r, eta, 1), r - eta * K @ r / 5, what)
    first = student.linear_residual(K, r, eta, 7)
    second = student.linear_residual(K, plain(first, "The residual"), eta, 4)
    slow = r
    for _ in range(11):
        slow = slow - eta * K @ slow / 5
    same(second, slow, "The residual after 4 steps that follow 7 steps")


@prop("prediction", points=1)
def forever(student, rng, numbers):
    """after 1e8 stable steps only the part of the residual in the kernel of K is left"""
    modes, _ = torch.linalg.qr(normal(rng, 6, 6))
    rates = torch.cat([torch.zeros(2), torch.from_numpy(rng.uniform(0.5, 2, 4))])
    r = normal(rng, 6)
    K = (modes * rates) @ modes.T
    found = student.linear_residual((K + K.T) / 2, r, 2.0, 10**8)
    what = "The residual of 6 samples after 1e8 steps, with a kernel of rank 4,"
    same(found, modes[:, :2] @ (modes[:, :2].T @ r), what, atol=1e-5)


@prop("prediction", points=1)
def largest_step(student, rng, numbers):
    """eta_max is the largest step for which your linearized model stays bounded"""
    weights, X, _ = circle(numbers)
    wanted = 2 * len(X) / torch.linalg.eigvalsh(kernel(weights, X))[-1]
    same(student.eta_max, wanted, "eta_max", rtol=1e-5)


@prop("prediction", points=1)
def never_learned(student, rng, numbers):
    """left is the loss that your linearized model keeps for ever"""
    same(student.left, (numbers.odd / 10) ** 2 / 4, "left", rtol=1e-4)
