"""Exact traces of the Hessian and of the noise of stochastic gradients, from layers.

Let L = (1/n) Σ_i ℓ(f(x_i), y_i), with J_i the (K, p) Jacobian of f(x_i). Then

    Hess L = (1/n) Σ_i J_iᵀ ℓ''_i J_i + (1/n) Σ_i Σ_c (∂ℓ_i/∂f_c) Hess f_c(x_i).

The first sum is the Gauss–Newton matrix. If f is made of affine layers and of piecewise affine
activations (ReLU, leaky ReLU, the identity; max pooling and skip connections do no harm), and every
weight or bias belongs to one layer only, then f is piecewise affine in each *single* parameter, the
others being fixed: the diagonal of Hess f_c is 0 wherever no neuron sits on a kink, and tr Hess L
is the trace of the first sum, for every twice differentiable loss. Weights that two layers share,
and layers that divide by a length or deviation of their inputs, break this.
The Hessian itself is not the Gauss–Newton matrix: off the diagonal it has the second sum too, and
with a smooth activation, such as tanh, also on it.
"""

from collections.abc import Callable
from typing import Any

import torch

from mathdl import losses
from mathdl.layers import (
    Layered,
    Seed,
    any_model,
    gram,
    outputs,
    squared_norm_of_mean,
    squared_norms,
)

Model = Callable[[Any, torch.Tensor], torch.Tensor]


def gauss_newton_trace(
    layered: Layered, parameters: Any, x: torch.Tensor, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """The trace of the Gauss–Newton matrix (1/n) Σ_i J_iᵀ ℓ''_i J_i of E networks, exactly: (E,).

    For affine layers with piecewise affine activations and parameters that belong to one layer
    each, this is the trace of the Hessian of the mean loss off the kinks. For squared loss it is
    (1/n) Σ_i |∇f(x_i)|², summed over the outputs, and does not depend on y.

    layered: `layers.two_layer`, `layers.mlp` or `layers.any_model`, its options bound
    parameters: E networks
    x: (n, d) or (E, n, d)
    y: labels, as in `losses`
    loss: its name

    Raises ValueError for an unknown loss.

    >>> from functools import partial
    >>> from mathdl import layers
    >>> from mathdl.models import TwoLayer
    >>> one = torch.ones(1, 1)
    >>> network = TwoLayer(a=5 * one, w=2 * one[None], b=0 * one)
    >>> unscaled = partial(layers.two_layer, scaling="unscaled")
    >>> gauss_newton_trace(unscaled, network, 3 * one, one[0], "squared")  # 15² + 5² + 6²
    tensor([286.])
    """
    roots = layered(parameters, x, lambda f: loss_root(f, y, loss))
    return squared_norms(roots).sum(2).mean(1)


def gauss_newton(
    f: Model, parameters: Any, x: torch.Tensor, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """The Gauss–Newton matrix (1/n) Σ_i J_iᵀ ℓ''_i J_i of E networks, written down: (E, p, p).

    It is the Hessian of the mean loss of the linearized network, positive semidefinite and of rank
    at most n times the number of outputs; the Hessian of the network itself where the loss has
    slope 0 at all samples. Takes E p² numbers; entries are in the order of `parameters.flatten`.

    f: a model, the other arguments as for `gauss_newton_trace`. Raises ValueError for an unknown
    loss.

    >>> line = lambda parameters, x: parameters[0] @ x.mT
    >>> x = torch.tensor([[1.0, 2.0], [0.0, 2.0]])
    >>> gauss_newton(line, (torch.zeros(1, 2),), x, torch.zeros(2), "squared")  # xᵀx/2
    tensor([[[0.5000, 1.0000],
             [1.0000, 4.0000]]])
    """
    (roots,) = any_model(f, parameters, x, lambda values: loss_root(values, y, loss))
    rows = roots.delta.flatten(1, 2)  # ℓ''_i^{1/2} J_i for all i
    return rows.mT @ rows / roots.delta.shape[1]


def sample_gradients(
    f: Model, parameters: Any, x: torch.Tensor, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """The gradients g_i of the losses ℓ(f(x_i), y_i) of the n samples, written down: (E, n, p).

    Entries are in the order of `parameters.flatten`.

    f: a model, the other arguments as for `gauss_newton_trace`. Raises ValueError for an unknown
    loss.

    >>> line = lambda parameters, x: parameters[0] @ x.mT
    >>> x = torch.tensor([[1.0, 2.0], [0.0, 2.0]])
    >>> sample_gradients(line, (torch.zeros(1, 2),), x, torch.tensor([3.0, 1.0]), "squared")
    tensor([[[-3., -6.],
             [ 0., -2.]]])
    """
    (gradients,) = any_model(f, parameters, x, _slope(y, loss))
    return gradients.delta[:, :, 0]


def noise_trace(
    layered: Layered, parameters: Any, x: torch.Tensor, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """tr Σ for the covariance Σ of the gradient of a sample drawn at random, (E,).

    With the gradients g_i of the losses of the n samples and their mean ḡ,
    tr Σ = (1/n) Σ_i |g_i|² - |ḡ|². A minibatch of size B has the covariance
    `batch_factor(n, B, replace)` Σ.

    The arguments are those of `gauss_newton_trace`. Raises ValueError for an unknown loss.

    >>> from functools import partial
    >>> from mathdl import layers
    >>> line = partial(layers.any_model, lambda parameters, x: parameters[0] * x[:, 0])
    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.zeros(2)  # the gradients at 1 are 1 and 4
    >>> noise_trace(line, (torch.ones(1, 1),), x, y, "squared")
    tensor([2.2500])
    """
    g = layered(parameters, x, _slope(y, loss))
    return (squared_norms(g).mean(1) - squared_norm_of_mean(g))[:, 0]


def noise_spectrum(
    layered: Layered, parameters: Any, x: torch.Tensor, y: torch.Tensor, loss: str
) -> torch.Tensor:
    """The n largest eigenvalues of Σ in increasing order, (E, n); if p < n, the last p count.

    Σ = CᵀC/n, where the rows of C are g_i - ḡ, has the same eigenvalues as CCᵀ/n but for zeros.
    The rows of C sum to 0, so that at most n - 1 eigenvalues are positive; the rank of Σ is the
    number of those that stand out from rounding. A member that diverged has NaN.

    The arguments are those of `gauss_newton_trace`. Raises ValueError for an unknown loss.

    >>> from functools import partial
    >>> from mathdl import layers
    >>> line = partial(layers.any_model, lambda parameters, x: parameters[0] * x[:, 0])
    >>> x, y = torch.tensor([[1.0], [2.0]]), torch.zeros(2)
    >>> noise_spectrum(line, (torch.ones(1, 1),), x, y, "squared")
    tensor([[0.0000, 2.2500]])
    """
    products = gram(layered(parameters, x, _slope(y, loss)))  # g_i · g_j
    centered = products - products.mean(1, keepdim=True)
    centered = centered - centered.mean(2, keepdim=True)  # (g_i - ḡ) · (g_j - ḡ)
    fine = centered.isfinite().all(2, keepdim=True).all(1, keepdim=True)
    values = torch.linalg.eigvalsh(torch.where(fine, centered, 0.0))
    return torch.where(fine[:, :, 0], values, torch.nan) / centered.shape[2]


def batch_factor(n: int, B: int, replace: bool) -> float:
    """The covariance of a minibatch gradient is this times Σ: 1/B, or (n - B)/(B (n - 1)).

    The first holds for B samples drawn with replacement, the second for B different ones: pairs of
    those are correlated with -1/(n - 1).

    Raises ValueError unless 1 <= B, and B <= n without replacement.

    >>> batch_factor(10, 2, replace=True), batch_factor(10, 10, replace=False)
    (0.5, 0.0)
    """
    if B < 1 or n < 1 or (n < B and not replace):
        raise ValueError(f"B={B} is no batch of n={n} samples; use 1 <= B, and B <= n.")
    return 1 / B if replace else (n - B) / (B * max(n - 1, 1))


def alignment(gradients: torch.Tensor, hessian: torch.Tensor) -> torch.Tensor:
    """The cosine ⟨Σ, H⟩ / (|Σ| |H|) between noise covariance and Hessian, (E,), as matrices.

    It is 1 if the two are proportional. Products and lengths are those of Frobenius; Σ, of size
    p × p, is not formed: ⟨Σ, H⟩ = (1/n) Σ_i c_i·Hc_i and |Σ| = |CCᵀ|/n, with rows c_i = g_i - ḡ.

    gradients: g_i for n samples, (E, n, p), from `sample_gradients`
    hessian: (E, p, p), from `sharpness.hessian`, or another symmetric matrix

    >>> alignment(torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]]), torch.eye(2)[None])
    tensor([0.7071])
    """
    c = gradients - gradients.mean(1, keepdim=True)
    inner = ((c @ hessian) * c).sum((1, 2))
    return inner / (torch.linalg.matrix_norm(c @ c.mT) * torch.linalg.matrix_norm(hessian))


def _slope(y: torch.Tensor, loss: str) -> Seed:
    """The seed ∂ℓ/∂f of the gradients of the losses."""
    slope = losses.loss(loss).slope

    def seed(f: torch.Tensor) -> torch.Tensor:
        c = slope(f, y)
        return c[:, :, None, None] if f.ndim == 2 else c[:, :, None, :]

    return seed


def loss_root(f: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    """S with SᵀS = ℓ'', the second derivative of the loss by the outputs: (E, n, k, K), a seed.

    With one output: 1 for "squared", √ℓ'' for "logistic" and "exponential". With K outputs: the
    identity for "squared"; for "cross-entropy" ℓ'' = diag(p) - ppᵀ with the probabilities p, and
    S = diag(√p) - √p pᵀ, since Σ p_c = 1.

    f: (E, n) or (E, n, K)
    y: labels, as in `losses`

    Raises ValueError for an unknown loss.

    >>> loss_root(torch.zeros(1, 1, 2), torch.tensor([0]), "cross-entropy")[0, 0]
    tensor([[ 0.3536, -0.3536],
            [-0.3536,  0.3536]])
    """
    if loss == "squared":
        return outputs(f)
    if loss == "logistic":
        return torch.sqrt(torch.sigmoid(f) * torch.sigmoid(-f))[:, :, None, None]
    if loss == "exponential":
        return torch.exp(-y * f / 2)[:, :, None, None]
    if loss == "cross-entropy":
        p = f.softmax(-1)
        return p.sqrt().diag_embed() - p.sqrt()[..., :, None] * p[..., None, :]
    raise ValueError(
        f"loss={loss!r} is unknown; use squared, logistic, exponential or cross-entropy."
    )
