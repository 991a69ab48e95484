"""Kernels of ReLU neurons under Gaussian inputs, and population errors without a test set.

For x ~ N(0, I_d) the inner products of ReLU neurons are known (Cho and Saul 2009), so that the
mean squared error of a two-layer network is a finite sum: nothing is sampled or tested.
"""

from math import pi, sqrt
from typing import Any

import torch

from mathdl.layers import Layered, gram, outputs


def kappa0(u: torch.Tensor) -> torch.Tensor:
    """The arc-cosine kernel of order 0, (π - arccos u)/π, of a cosine u in [-1, 1], elementwise.

    It is 2 P(w·x > 0, v·x > 0) for unit vectors w, v with w·v = u and x ~ N(0, I_d). Values of u
    that rounding pushed out of [-1, 1] are moved back.

    Source: Cho and Saul 2009, section 2.1.

    >>> kappa0(torch.tensor([-1.0, 0.0, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return 1 - torch.arccos(u.clamp(-1, 1)) / pi


def kappa1(u: torch.Tensor) -> torch.Tensor:
    """The arc-cosine kernel of order 1, (√(1 - u²) + u(π - arccos u))/π, elementwise.

    It is 2 E σ(w·x)σ(v·x) for unit vectors w, v with w·v = u, x ~ N(0, I_d) and the ReLU σ. Values
    of u that rounding pushed out of [-1, 1] are moved back.

    Source: Cho and Saul 2009, section 2.1.

    >>> kappa1(torch.tensor([-1.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    u = u.clamp(-1, 1)
    return torch.sqrt(1 - u**2) / pi + u * kappa0(u)


def relu_gram(w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """E σ(w_i·x)σ(v_j·x) for x ~ N(0, I_d), the ReLU σ and any nonzero w_i, v_j.

    w: (..., m, d), v: (..., k, d) with the same leading dimensions; the result is (..., m, k).

    >>> relu_gram(torch.tensor([[2.0, 0.0]]), torch.tensor([[2.0, 0.0], [-3.0, 0.0]]))
    tensor([[2., 0.]])
    """
    lengths = w.norm(dim=-1).unsqueeze(-1) * v.norm(dim=-1).unsqueeze(-2)
    return lengths * kappa1(w @ v.mT / lengths) / 2


def mean_length(d: int) -> float:
    """E|x| for x ~ N(0, I_d), from E|x| = √(2/π) for d = 1 and E|x_d| E|x_(d+1)| = d.

    >>> round(mean_length(3) ** 2 * pi, 12)
    8.0
    """
    length = sqrt(2 / pi)
    for k in range(1, d):
        length = k / length
    return length


def relu_average(d: int) -> float:
    """The average of σ(w·x) over unit vectors w in R^d, at |x| = 1.

    A Gaussian vector g is a uniform direction times an independent length, so the average is
    E σ(g_1) / E|g| with E σ(g_1) = 1/√(2π).

    >>> round(relu_average(2) * pi, 12)
    1.0
    """
    return 1 / (sqrt(2 * pi) * mean_length(d))


def error_against_radius(a: torch.Tensor, w: torch.Tensor, slope: float = 1.0) -> torch.Tensor:
    """E(Σ_j a_j σ(w_j·x) - slope |x|)² for x ~ N(0, I_d), exactly, for a batch of networks.

    The square expands into the Gram matrix of the neurons, E σ(w_j·x)|x| = |w_j| d c_d with the
    average c_d of σ over unit vectors, and E|x|² = d.

    a: (..., m) outer weights, w: (..., m, d) inner weights; the result is (...,).

    >>> error_against_radius(torch.ones(2), torch.tensor([[1.0], [-1.0]]))  # |x| = σ(x) + σ(-x)
    tensor(0.)
    """
    d = w.shape[-1]
    cross = slope * d * relu_average(d) * (a * w.norm(dim=-1)).sum(-1)
    square = (a.unsqueeze(-2) @ relu_gram(w, w) @ a.unsqueeze(-1)).squeeze(-1).squeeze(-1)
    return square - 2 * cross + slope**2 * d


def tangent_kernel(
    layered: Layered, parameters: Any, x: torch.Tensor, others: torch.Tensor | None = None
) -> torch.Tensor:
    """The tangent kernel of E networks, K(x, x') = ⟨∇f(x), ∇f(x')⟩ over all parameters: (E, n, n').

    With k outputs it is (E, n k, n' k), the outputs of a point next to each other.

    layered: `layers.two_layer`, `layers.mlp` or another with its options bound, parameters: E
    networks, x: (n, d), others: the points x' (n', d), the same as x if they are left out.

    Source: Jacot, Gabriel and Hongler 2018.

    >>> from functools import partial
    >>> from mathdl.layers import two_layer
    >>> from mathdl.models import TwoLayer
    >>> one, x = torch.ones(1, 1), torch.tensor([[2.0], [3.0]])  # f(x) = 5σ(x + 0)
    >>> network = TwoLayer(a=5 * one, w=one[None], b=0 * one)
    >>> tangent_kernel(partial(two_layer, scaling="unscaled"), network, x)  # 25(xx' + 1) + xx'
    tensor([[[129., 181.],
             [181., 259.]]])
    """
    at_x = layered(parameters, x, outputs)
    return gram(at_x, at_x if others is None else layered(parameters, others, outputs))


def kernel_change(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """|K_after - K_before| / |K_before| in the Frobenius norm: (..., n, n') gives (...,).

    >>> kernel_change(torch.eye(2), 3 * torch.eye(2))
    tensor(2.)
    """
    return torch.linalg.matrix_norm(after - before) / torch.linalg.matrix_norm(before)
