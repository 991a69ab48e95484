"""The gradients of all samples at once, layer by layer, without writing any of them down.

A fully connected layer is z = s W h + b with a factor s. For a function F of the output let
δ = ∂F/∂z. Then ∂F/∂W = s δ hᵀ and ∂F/∂b = δ, so that the pair (h, δ) is the gradient, and inner
products of gradients are products of inner products:

    ⟨∇F, ∇F'⟩ = Σ over the layers of ⟨δ, δ'⟩ (s² ⟨h, h'⟩ + 1).

Backpropagation gives the pairs of all samples with two matrix products a layer; the gradients
themselves would be n vectors of length p.

Which functions F of the output they are says the `seed`: it maps the values f, (E, n) or (E, n, K)
for K outputs, to the derivatives of k functions by the outputs, (E, n, k, K). The seed `outputs`
asks for the gradients of the outputs themselves.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from mathdl.models import MLP, TwoLayer, scale
from mathdl.models.deep import check_mlp
from mathdl.models.shapes import check_points
from mathdl.parameters import tensors

Activation = Callable[[torch.Tensor], torch.Tensor]
Seed = Callable[[torch.Tensor], torch.Tensor]


class Layer(NamedTuple):
    """What a layer z = s W h + b knows of the gradients of k functions at each of n samples.

    h:     its inputs, (n, m_in) or (E, n, m_in)
    delta: the derivatives δ of the functions by z, (E, n, k, m_out)
    s:     the factor
    bias:  whether b is a parameter
    """

    h: torch.Tensor
    delta: torch.Tensor
    s: float = 1.0
    bias: bool = True


# gives the layers' part of all gradients, from parameters, points and a seed
Layered = Callable[[Any, torch.Tensor, Seed], list[Layer]]


def outputs(f: torch.Tensor) -> torch.Tensor:
    """The seed of the gradients of the outputs themselves: the identity at every sample.

    f: (E, n) for one output, which gives (E, n, 1, 1), or (E, n, K), which gives (E, n, K, K).

    >>> outputs(torch.zeros(1, 2)).shape, outputs(torch.zeros(1, 2, 3)).shape
    (torch.Size([1, 2, 1, 1]), torch.Size([1, 2, 3, 3]))
    """
    f = f if f.ndim == 3 else f[:, :, None]
    return torch.ones_like(f).diag_embed()


def two_layer(
    networks: TwoLayer,
    x: torch.Tensor,
    seed: Seed,
    scaling: str,
    activation: Activation = torch.relu,
) -> list[Layer]:
    """The inner and the outer layer of f(x) = s Σ_j a_j σ(w_j·x + b_j), which has no outer bias.

    x: (n, d) or (E, n, d)
    seed: of which functions of the outputs, see above
    scaling, activation: as in `models.two_layer`

    Raises ValueError if x does not fit the weights or the scaling is unknown.

    >>> networks = TwoLayer(torch.tensor([[5.0]]), torch.tensor([[[2.0]]]), torch.tensor([[1.0]]))
    >>> inner, outer = two_layer(networks, torch.tensor([[3.0]]), outputs, "unscaled")
    >>> inner.delta.item(), outer.h.item()  # ∂f/∂b = 5, ∂f/∂a = 7
    (5.0, 7.0)
    """
    a, w, b = networks
    return _backpropagate([w, a[:, None, :]], [b, None], x, seed, scaling, activation)


def mlp(
    networks: MLP,
    x: torch.Tensor,
    seed: Seed,
    scaling: str,
    activation: Activation = torch.relu,
) -> list[Layer]:
    """The L layers of a multilayer perceptron, from the first to the last.

    x: (n, d) or (E, n, d)
    seed: of which functions of the outputs, see above
    scaling, activation: as in `models.mlp`

    Raises ValueError for shapes that do not fit and an unknown scaling.

    >>> one = torch.ones(1, 1, 1)
    >>> networks = MLP(weights=(2 * one, 5 * one), biases=())
    >>> [layer.h.item() for layer in mlp(networks, torch.tensor([[3.0]]), outputs, "unscaled")]
    [3.0, 6.0]
    """
    check_mlp(networks)
    weights, biases = networks
    return _backpropagate(weights, biases or [None] * len(weights), x, seed, scaling, activation)


def _backpropagate(
    weights: Sequence[torch.Tensor],
    biases: Sequence[torch.Tensor | None],
    x: torch.Tensor,
    seed: Seed,
    scaling: str,
    activation: Activation,
) -> list[Layer]:
    """Forward z = s W h + b and h = σ(z), then backward δ ← (s δ W) σ'(z), down to the first."""
    check_points("x", x, len(weights[0]), d=weights[0].shape[2])
    factors = [1.0, *(scale(scaling, W.shape[2]) for W in weights[1:])]
    weights = [s * W for s, W in zip(factors, weights, strict=True)]
    inputs, slopes = [x], []
    z = _affine(x, weights[0], biases[0])
    for W, b in zip(weights[1:], biases[1:], strict=True):
        h, slope = _with_slope(activation, z)
        inputs.append(h)
        slopes.append(slope)
        z = _affine(h, W, b)
    delta = seed(z.squeeze(2))  # the last z is the output
    signals = [delta]
    for W, slope in zip(weights[:0:-1], slopes[::-1], strict=True):
        back = (delta.flatten(1, 2) @ W).unflatten(1, delta.shape[1:3])  # (E, n, k, m_in)
        delta = back * slope[:, :, None, :]
        signals.append(delta)
    return [
        Layer(h, delta, s, b is not None)
        for h, delta, s, b in zip(inputs, signals[::-1], factors, biases, strict=True)
    ]


def _affine(h: torch.Tensor, W: torch.Tensor, b: torch.Tensor | None) -> torch.Tensor:
    return h @ W.mT if b is None else h @ W.mT + b[:, None, :]  # (E, n, m_out)


def _with_slope(activation: Activation, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """σ(z) and σ'(z), for a σ that acts on each entry by itself."""
    if activation is torch.relu:
        value = torch.relu(z)
        return value, value.sign()
    value, pull_back = torch.func.vjp(activation, z)  # type: ignore[misc]
    return value, pull_back(torch.ones_like(z))[0]


def any_model(
    f: Callable[[Any, torch.Tensor], torch.Tensor], parameters: Any, x: torch.Tensor, seed: Seed
) -> list[Layer]:
    """The gradients of any model, written down: one layer with a bias of length p and no inputs.

    Slower than the layers of a network that has them, and it stores E n k p numbers, each δ in the
    order of `parameters.flatten`. Bind the model with `functools.partial(any_model, model)`.

    f: a model, f(parameters, x) of shape (E, n) or (E, n, K)
    x: (n, ...), shared by the members
    seed: of which functions of the outputs, see above

    Raises ValueError if each member has points of its own.

    >>> square = lambda parameters, x: (parameters[0] * x[:, 0]) ** 2
    >>> (layer,) = any_model(square, (torch.tensor([[3.0]]),), torch.tensor([[2.0]]), outputs)
    >>> layer.delta
    tensor([[[[24.]]]])
    """

    def value(parameters, xi, ci):  # Σ_e c_ei · f_e(x_i): members are independent
        return (f(parameters, xi[None]).reshape(ci.shape) * ci).sum()

    c = seed(f(parameters, x))  # (E, n, k, K)
    if c.shape[1] != len(x):
        raise ValueError(f"x has shape {tuple(x.shape)}; use (n, ...), the same for all.")
    of_functions = torch.func.vmap(torch.func.grad(value), in_dims=(None, None, 1), out_dims=1)
    of_samples = torch.func.vmap(of_functions, in_dims=(None, 0, 1), out_dims=1)
    gradients = tensors(of_samples(parameters, x, c))  # (E, n, k, ...) for every parameter
    delta = torch.cat([g.reshape(*c.shape[:3], -1) for g in gradients], dim=3)
    return [Layer(delta.new_zeros(len(x), 0), delta)]


def squared_norms(layers: Sequence[Layer]) -> torch.Tensor:
    """|∇F|² of every function at every sample, (E, n, k): Σ |δ|² (s² |h|² + 1).

    >>> squared_norms([Layer(torch.tensor([[2.0]]), torch.tensor([[[[3.0]]]]))])  # |(6, 3)|²
    tensor([[[45.]]])
    """
    total = layers[0].delta.new_zeros(())
    for h, delta, s, bias in layers:
        inputs = s**2 * h.norm(dim=-1) ** 2 + bias
        total = total + delta.norm(dim=-1) ** 2 * inputs[..., None]
    return total


def gram(layers: Sequence[Layer], others: Sequence[Layer] | None = None) -> torch.Tensor:
    """⟨∇F, ∇F'⟩ of all pairs, (E, n k, n' k): Σ ⟨δ, δ'⟩ (s² ⟨h, h'⟩ + 1); F' runs over `others`.

    The k functions of a sample stand next to each other. Without `others`, F' runs over the same.

    >>> gram([Layer(torch.tensor([[1.0], [2.0]]), torch.ones(1, 2, 1, 1))])
    tensor([[[2., 3.],
             [3., 5.]]])
    """
    total = layers[0].delta.new_zeros(())
    for (h, delta, s, bias), (g, epsilon, _, _) in zip(layers, others or layers, strict=True):
        signals = torch.einsum("eikm,ejlm->eikjl", delta, epsilon)
        inputs = s**2 * (h @ g.mT) + bias
        total = total + signals * inputs[..., :, None, :, None]
    return total.flatten(3, 4).flatten(1, 2)


def sample_gram(layers: Sequence[Layer]) -> torch.Tensor:
    """J_i J_iᵀ of every sample: ⟨∇F, ∇F'⟩ of the k functions at the same sample, (E, n, k, k).

    With the seed `outputs` its greatest eigenvalue is the greatest |Jᵀr|²/|r|², the square of how
    much a unit slope in the outputs moves the parameters at most.

    >>> layers = [Layer(torch.tensor([[1.0], [2.0]]), torch.ones(1, 2, 1, 1))]
    >>> sample_gram(layers).flatten()  # the diagonal of `gram`
    tensor([2., 5.])
    """
    total = layers[0].delta.new_zeros(())
    for h, delta, s, bias in layers:
        inputs = s**2 * h.norm(dim=-1) ** 2 + bias
        total = total + delta @ delta.mT * inputs[..., None, None]
    return total


def squared_norm_of_mean(layers: Sequence[Layer]) -> torch.Tensor:
    """|(1/n) Σ_i ∇F_i|² of every function, (E, k), through the matrices Σ_i δ_i h_iᵀ.

    >>> layers = [Layer(torch.tensor([[1.0], [3.0]]), torch.ones(1, 2, 1, 1))]
    >>> squared_norm_of_mean(layers)  # the mean of (1, 1) and (3, 1) is (2, 1)
    tensor([[5.]])
    """
    total = layers[0].delta.new_zeros(())
    for h, delta, s, bias in layers:
        delta = delta.transpose(1, 2) / delta.shape[1]  # (E, k, n, m_out)
        by_weights = s * (delta.mT @ (h if h.ndim == 2 else h[:, None]))  # (E, k, m_out, m_in)
        by_bias = delta.sum(2) * bias
        total = total + by_weights.square().sum((2, 3)) + by_bias.square().sum(2)
    return total
