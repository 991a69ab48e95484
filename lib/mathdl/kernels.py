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


def error_against_neurons(
    a: torch.Tensor, w: torch.Tensor, c: torch.Tensor, v: torch.Tensor
) -> torch.Tensor:
    """E(Σ_j a_j σ(w_j·x) - Σ_k c_k σ(v_k·x))² for x ~ N(0, I_d), exactly, for a batch of networks.

    A linear target is two neurons: β·x = σ(β·x) - σ(-β·x). The functions are homogeneous, so that
    on the sphere |x| = √d, uniformly, the error is the same. The best outer weights for given w
    are `regression.kernel_ridge(relu_gram(w, w), relu_gram(w, v) @ c, ridge=0.0).coefficients`.

    a: (..., m), w: (..., m, d), c: (k,), v: (k, d), the target of all; the result is (...,).

    >>> line, x = torch.tensor([[3.0], [-3.0]]), torch.ones(1, 1)  # 3x against σ(x): E(3x - σ(x))²
    >>> error_against_neurons(torch.tensor([1.0, -1.0]), line, torch.ones(1), x)  # 9 - 3 + 1/2
    tensor(6.5000)
    """
    both = torch.cat([w, v.expand(*w.shape[:-2], *v.shape)], dim=-2)
    outer = torch.cat([a, -c.expand(*a.shape[:-1], *c.shape)], dim=-1).unsqueeze(-1)
    return (outer.mT @ relu_gram(both, both) @ outer).squeeze(-1).squeeze(-1)


def random_feature_gram(w: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The kernel of m neurons, (1/m) Σ_j σ(w_j·x) σ(w_j·y), at all pairs of points.

    For w_j ~ N(0, I_d) its mean, and its limit as m grows, is `relu_gram(x, y)`.

    w: (..., m, d), x: (n, d), y: (k, d); the result is (..., n, k).

    >>> random_feature_gram(torch.eye(2), torch.ones(1, 2), torch.tensor([[4.0, -4.0]]))
    tensor([[2.]])
    """
    return torch.relu(x @ w.mT) @ torch.relu(y @ w.mT).mT / w.shape[-2]


def infinite_tangent_kernel(x: torch.Tensor, y: torch.Tensor, bias: bool) -> torch.Tensor:
    """The tangent kernel of infinitely wide two-layer ReLU networks, at all pairs of points.

    For f(x) = m^(-1/2) Σ_j a_j σ(w_j·x + b_j) with a, w ~ N(0, 1), b = 0 and m to infinity,

        K(x, y) = |x||y| κ₁ / 2 + (x·y + 1) κ₀ / 2,
        κ₀ = (π - θ)/π,  κ₁ = (sin θ + (π - θ) cos θ)/π,  θ the angle between x and y,

    where the first term belongs to a, the second to w, and the 1 to b: it is there if the biases
    are trained, `bias=True`. Biases that start as N(0, 1) too are the weights of a coordinate 1
    that is appended to x and y, with `bias=False`.

    Without bias, K on the circle has no odd frequencies k >= 3: its Gram matrix at n equispaced
    points, n >= 6 even, is singular.

    x: (n, d), y: (k, d), without the point 0; the result is (n, k).

    Source: Jacot, Gabriel and Hongler 2018; κ₀ and κ₁ from Cho and Saul 2009.

    >>> x = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> infinite_tangent_kernel(x, x, bias=True).diagonal()  # |x|² + 1/2
    tensor([4.5000, 9.5000])
    """
    lengths = x.norm(dim=1)[:, None] * y.norm(dim=1)
    u, v = x / x.norm(dim=1, keepdim=True), y / y.norm(dim=1, keepdim=True)
    # not the arc cosine, which turns a rounding error ε of a cosine near 1 into one of √ε
    exact = "donot_use_mm_for_euclid_dist"
    theta = 2 * torch.atan2(
        torch.cdist(u, v, compute_mode=exact),
        torch.cdist(u, -v, compute_mode=exact),
    )
    k0 = (pi - theta) / pi
    k1 = (theta.sin() + (pi - theta) * theta.cos()) / pi
    return (lengths * k1 + (lengths * theta.cos() + bias) * k0) / 2


def tangent_kernel(
    layered: Layered, parameters: Any, x: torch.Tensor, others: torch.Tensor | None = None
) -> torch.Tensor:
    """The tangent kernel of E networks, K(x, x') = ⟨∇f(x), ∇f(x')⟩ over all parameters: (E, n, n').

    With k outputs it is (E, n k, n' k), the outputs of a point next to each other.

    layered: `layers.two_layer`, `layers.mlp` or `layers.any_model`, its options bound
    parameters: E networks
    x: (n, d)
    others: the points x', (n', d); x itself if they are left out

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
