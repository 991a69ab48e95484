"""Gradients of the mean loss: by hand for two-layer and linear networks, by autograd for others.

Each gradient is a function `gradient(parameters, x, y) -> (losses (E,), gradients)`, and the
gradients have the form of the parameters. The E members are independent: the gradient of the sum
of their losses holds the gradient of each.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from mathdl import losses, models, parameters

Model = Callable[[Any, Tensor], Tensor]
Gradient = Callable[[Any, Any, Tensor], tuple[Tensor, Any]]

BLOCK_BYTES = 4 * 2**20  # activations that stay in the cache
BLOCK_SAMPLES = 512  # longer matrix products are slower


def pack(networks: models.TwoLayer) -> Tensor:
    """One tensor P (E, d + 2, m) for E two-layer networks: the rows w_1, ..., w_d, b, a.

    Row by row, not neuron by neuron: the thin matrix products are several times faster so.

    >>> one = torch.ones(1, 1)
    >>> pack(models.TwoLayer(a=3 * one, w=one[None], b=2 * one)).tolist()
    [[[1.0], [2.0], [3.0]]]
    """
    a, w, b = networks
    return torch.cat([w.mT, b[:, None], a[:, None]], dim=1)


def unpack(P: Tensor) -> models.TwoLayer:
    """The inverse of `pack`, without a copy.

    >>> P = torch.zeros(4, 5, 7)
    >>> [tuple(part.shape) for part in unpack(P)]
    [(4, 7), (4, 7, 3), (4, 7)]
    """
    return models.TwoLayer(a=P[:, -1], w=P[:, :-2].mT, b=P[:, -2])


def with_one(x: Tensor) -> Tensor:
    """The points x̃ = (x, 1), on which weight and bias act together, as columns.

    (n, d) becomes (d + 1, n), and (E, n, d) becomes (E, d + 1, n).

    >>> with_one(torch.tensor([[2.0, 3.0], [4.0, 5.0]]))
    tensor([[2., 4.],
            [3., 5.],
            [1., 1.]])
    """
    return torch.cat([x.mT, torch.ones_like(x[..., :1]).mT], dim=-2)


def two_layer_gradient(scaling: str, loss: str | losses.Loss = "squared") -> Gradient:
    """The gradient of two-layer ReLU networks, derived by hand: a function of P, x̃ and y.

    P (E, d + 2, m) comes from `pack` and x̃ = `with_one`(x) is (d + 1, n), or (E, d + 1, n), one
    batch for each member; y is (n,) or (E, n). With v_j = (w_j, b_j), f = s Σ_j a_j max(v_j · x̃, 0)
    and L = (1/n) Σ_i ℓ(f(x_i), y_i), let

        g_j = Σ_i r_i 1[v_j · x̃_i > 0] x̃_i,     r_i = (s/n) ℓ'(f(x_i), y_i).

    Then ∂L/∂v_j = a_j g_j and, because max(z, 0) is z times its derivative, ∂L/∂a_j = v_j · g_j.
    The derivative of max(z, 0) at z = 0 is taken to be 0.

    The activations z are never all in memory: members and samples are worked through in blocks of
    at most 512 samples and 4 MiB (but no less than one member and 64 samples), in one buffer.

    >>> P = torch.tensor([[[1.0], [0.0], [2.0]]])  # f(x) = 2 max(x, 0)
    >>> x, y = torch.tensor([[3.0]]), torch.tensor([5.0])
    >>> two_layer_gradient("unscaled")(P, with_one(x), y)
    (tensor([0.5000]), tensor([[[6.],
             [2.],
             [3.]]]))
    """
    value, slope, _ = losses.loss(loss)
    buffers: dict[Any, Tensor] = {}

    def gradient(P: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        (E, _, m), n = P.shape, x.shape[-1]
        s = models.scale(scaling, m)
        x, y = x.expand(E, -1, n), y.expand(E, n)  # shared data: a view for each member
        buffer = buffers.setdefault((P.dtype, P.device), P.new_empty(0))
        fit = BLOCK_BYTES // (P.element_size() * m)  # rows of m activations
        samples = min(n, BLOCK_SAMPLES, max(64, fit))
        members = max(1, fit // samples)

        f, G = P.new_empty(E, n), torch.empty_like(P)
        for e in _blocks(E, members):
            v, a = P[e, :-1], P[e, -1:]  # (E, d + 1, m) and (E, 1, m)
            g = torch.zeros_like(v)
            for i in _blocks(n, samples):
                x_i, y_i = x[e, :, i], y[e, i]
                z = buffer.resize_(len(v), m, x_i.shape[2])
                torch.bmm(v.mT, x_i, out=z)  # z_ji = v_j · x̃_i
                f_i = s * torch.bmm(a, z.relu_()).squeeze(1)
                r = s / n * slope(f_i, y_i)
                g.baddbmm_(x_i, _where_positive(r[:, None], z).mT)
                f[e, i] = f_i
            G[e, :-1] = a * g
            G[e, -1] = (v * g).sum(1)
        return value(f, y).mean(1), G

    return gradient


def _blocks(length: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, length, size))


def _where_positive(r: Tensor, z: Tensor) -> Tensor:
    """r where z > 0, and 0 elsewhere, written over z: PyTorch's own derivative of ReLU."""
    return torch.ops.aten.threshold_backward.grad_input(r.expand_as(z), z, 0, grad_input=z)


def autograd_gradient(model: Model, loss: str | losses.Loss = "squared") -> Gradient:
    """The gradient of any model by the chain rule: (1/n) Σ_i ℓ'(f(x_i), y_i) ∂f(x_i)/∂θ.

    `model(parameters, x)` gives f, of shape (E, n) or (E, n, k); the derivative of f is PyTorch's.
    A parameter that f does not depend on has the gradient 0.

    >>> model = lambda parameters, x: parameters[0][:, None] * x
    >>> x, y = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0])
    >>> autograd_gradient(model)((torch.tensor([2.0]),), x, y)
    (tensor([5.]), (tensor([5.]),))
    """
    value, slope, _ = losses.loss(loss)

    def gradient(theta: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Any]:
        theta = parameters.apply(lambda t: t.detach().requires_grad_(), theta)
        with torch.enable_grad():
            f = model(theta, x)
        n = f.shape[1]
        L, r = value(f.detach(), y).mean(1), slope(f.detach(), y)
        slopes = iter(
            torch.autograd.grad(
                f, list(parameters.tensors(theta)), grad_outputs=r / n, materialize_grads=True
            )
        )
        return L, parameters.apply(lambda t: next(slopes), theta)

    return gradient


def linear_gradient(loss: str | losses.Loss = "squared") -> Gradient:
    """The gradient of E linear models f = Φ u: (1/n) Φᵀ ℓ'(Φ u, y), a function of u, Φ and y.

    The coefficients u are (E, p), the features Φ (n, p), or (E, n, p), one batch for each member.

    >>> features, y = torch.eye(2), torch.tensor([2.0, 4.0])
    >>> linear_gradient()(torch.zeros(1, 2), features, y)
    (tensor([5.]), tensor([[-1., -2.]]))
    """
    value, slope, _ = losses.loss(loss)

    def gradient(u: Tensor, features: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        f = models.linear(u, features)
        r = slope(f, y)
        g = (r[:, None] @ features).squeeze(1)
        return value(f, y).mean(1), g / f.shape[1]

    return gradient
