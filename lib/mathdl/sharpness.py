"""The Hessian of the empirical risk: products with vectors, its greatest eigenvalue, its spectrum.

The Hessian of a network with p parameters has p² entries, but its product with a vector v costs no
more than a few gradients: Hess L v = ∇⟨∇L, v⟩ (Pearlmutter 1994). Everything here is made of such
products. Members of an ensemble do not see each other, so that one product serves all of them.

The risk L is handed over as a function of the parameters, which gives (E,): the mean loss on a
data set, with weight decay or without.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from mathdl.parameters import flatten, unflatten
from mathdl.spectral import Map, lanczos, ritz

Risk = Callable[[Any], torch.Tensor]


class Sharpness(NamedTuple):
    """The greatest eigenvalue of the Hessian that was found, with what it proves, for each member.

    value:    a lower bound for the greatest eigenvalue, up to rounding, (E,)
    residual: some eigenvalue, not always the greatest, is this close to it, up to rounding, (E,)
    vector:   an approximate eigenvector, (E, p), a good start after a few more steps of training
    """

    value: torch.Tensor
    residual: torch.Tensor
    vector: torch.Tensor


def hessian_product(L: Risk, parameters: Any) -> Map:
    """The map v -> Hess L(θ) v for each of E networks, (E, p) to (E, p).

    Many vectors at a time, (..., E, p), are mapped at once. The gradient is computed here, once;
    each product goes back through it. Vectors are in the order of `parameters.flatten`.

    L: a function of the parameters that gives (E,). Raises ValueError if it gives anything else.

    >>> product = hessian_product(lambda parameters: parameters[0].prod(1), (torch.ones(1, 2),))
    >>> product(torch.tensor([[2.0, 3.0]]))  # the Hessian of xy is ((0, 1), (1, 0))
    tensor([[3., 2.]])
    """
    theta = flatten(parameters).detach().requires_grad_()
    with torch.enable_grad():
        risks = L(unflatten(theta, parameters))
        if risks.shape != theta.shape[:1]:
            raise ValueError(
                f"L gives {tuple(risks.shape)}; use ({len(theta)},), one risk a member."
            )
        (gradient,) = torch.autograd.grad(risks.sum(), theta, create_graph=True)

    def product(v: torch.Tensor) -> torch.Tensor:
        many = v.ndim > theta.ndim
        vectors = v.reshape(-1, *theta.shape) if many else v
        (Hv,) = torch.autograd.grad(
            gradient, theta, vectors, retain_graph=True, is_grads_batched=many
        )
        return Hv.reshape(v.shape)

    return product


def hessian(L: Risk, parameters: Any, chunk: int = 256) -> torch.Tensor:
    """Hess L(θ) of each of E networks, (E, p, p): the products with all p unit vectors.

    It takes E p² numbers, and `chunk` vectors at a time: for p up to a few thousand.

    L: a function of the parameters that gives (E,). Raises ValueError if it gives anything else.

    >>> hessian(lambda parameters: parameters[0].prod(1), (torch.ones(1, 2),))
    tensor([[[0., 1.],
             [1., 0.]]])
    """
    product, theta = hessian_product(L, parameters), flatten(parameters)
    units = torch.eye(theta.shape[1], dtype=theta.dtype, device=theta.device)
    rows = [product(v[:, None, :].expand(-1, *theta.shape)) for v in units.split(chunk)]
    return torch.cat(rows).transpose(0, 1)


def sharpness(L: Risk, parameters: Any, start: torch.Tensor, steps: int = 30) -> Sharpness:
    """The greatest eigenvalue of the Hessian of each of E networks, by `steps` products.

    How many are enough depends on the gap below that eigenvalue. The eigenvector of a moment ago is
    a better start than a random one. The residual tells how far some eigenvalue is at most.
    A member that diverged, so that its Hessian is not finite, has the value NaN and its start.

    L: a function of the parameters that gives (E,)
    start: (E, p) and not 0

    Returns a `Sharpness`. Raises ValueError if steps is not positive, or if a start is 0 or not
    finite.

    >>> L = lambda parameters: (parameters[0] ** 2 @ torch.tensor([1.0, 3.0])) / 2
    >>> round(sharpness(L, (torch.ones(1, 2),), torch.ones(1, 2)).value.item(), 4)
    3.0
    """
    product = hessian_product(L, parameters)
    fine = product(start).square().sum(1).isfinite()
    found = ritz(lanczos(lambda v: torch.where(fine[:, None], product(v), 0.0), start, steps))
    value = torch.where(fine, found.values[:, -1], torch.nan)
    vector = torch.where(fine[:, None], found.vectors[:, -1], start)
    return Sharpness(value, found.residuals[:, -1], vector)


def sharpness_along_training(
    L: Risk, rng: np.random.Generator, steps: int = 10
) -> Callable[[Any], torch.Tensor]:
    """A function of the parameters that gives the sharpness (E,), to be recorded in training.

    It starts from the last eigenvector, mixed with a little noise, so that it also sees another
    eigenvalue overtake; the first call, which has none, makes four times as many steps.

    L: a function of the parameters that gives (E,).

    >>> L = lambda parameters: (parameters[0] ** 2 @ torch.tensor([1.0, 3.0])) / 2
    >>> record = sharpness_along_training(L, np.random.default_rng(0))
    >>> [round(record((torch.ones(1, 2) * t,)).item(), 4) for t in (1, 2)]
    [3.0, 3.0]
    """
    last: list[torch.Tensor] = []

    def record(parameters: Any) -> torch.Tensor:
        theta = flatten(parameters)
        noise = torch.tensor(rng.normal(size=theta.shape), dtype=theta.dtype, device=theta.device)
        if last:
            start, count = last.pop() + 0.1 * noise / noise.norm(dim=1, keepdim=True), steps
        else:
            start, count = noise, 4 * steps
        found = sharpness(L, parameters, start, count)
        last.append(found.vector)
        return found.value

    return record


def spectral_density(
    L: Risk, parameters: Any, rng: np.random.Generator, probes: int = 10, steps: int = 60
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the eigenvalues of the Hessian lie: values and weights.

    Both are (E, probes * k), with k the smaller of steps and p.

    For a function g, Σ_i weights_i g(values_i) approximates tr g(H)/p, the mean of g over the p
    eigenvalues, as Gauss quadrature for a random direction does. The weights sum to 1. With p or
    more steps the only error is that of the directions. A histogram with these weights is the
    density.

    L: a function of the parameters that gives (E,). Raises ValueError if probes or steps is not
    positive.

    Source: Golub and Welsch 1969 for the weights; Lin, Saad and Yang 2016 for the density.

    >>> L = lambda parameters: (parameters[0] ** 2).sum(1)
    >>> values, weights = spectral_density(L, (torch.ones(1, 5),), np.random.default_rng(0))
    >>> round((weights * values).sum().item(), 4)
    2.0
    """
    if probes < 1:
        raise ValueError(f"probes={probes} is not a number of directions; use probes >= 1.")
    theta = flatten(parameters)
    start = torch.tensor(
        rng.normal(size=(probes, *theta.shape)), dtype=theta.dtype, device=theta.device
    )
    found = ritz(lanczos(hessian_product(L, parameters), start, steps))
    values, weights = found.values.transpose(0, 1), found.weights.transpose(0, 1) / probes
    return values.flatten(1), weights.flatten(1)
