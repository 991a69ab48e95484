"""Path norms of networks, and products of the norms of their layers.

All of these are norms of a network as it is written. A function can be written in many ways; its
norm in a space of functions is at most that of every network for it, and can be much smaller.

Three conventions are in use for what a neuron aσ(w·x + b) costs, and numbers for one are wrong for
the others. The caller names the convention; there is no default.

    "path1"      |a| (‖w‖₁ + |b|)
    "path2"      |a| (‖w‖₂ + |b|)
    "bias-free"  |a| ‖w‖₂, biases and a constant added to the output cost nothing

In deep networks the caller states two things. The `order` p of (Σ |path|^p)^(1/p), where a path
goes from an input to the output and |path| is the product of the weights on it: 1 is "path1" with
more layers, 2 is smaller. And whether `biases` count, as paths that begin at a bias.
"""

import torch

from mathdl.models import (
    MLP,
    Convolutional,
    ResNet,
    Torus,
    convolutional,
    resnet_scale,
    scale,
    torus,
)
from mathdl.models.deep import check_mlp, check_resnet
from mathdl.parameters import apply

CONVENTIONS = ("path1", "path2", "bias-free")


def parameter_norm(w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """N(w, b), what a neuron with |a| = 1 costs: ‖w‖₁ + |b|, ‖w‖₂ + |b| or ‖w‖₂.

    w: (..., d), b: (...,); the result is (...,). Raises ValueError for an unknown convention.

    >>> w, b = torch.tensor([3.0, -4.0]), torch.tensor(-2.0)
    >>> [parameter_norm(w, b, c).item() for c in CONVENTIONS]
    [9.0, 7.0, 5.0]
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention={convention!r} is not one of {', '.join(CONVENTIONS)}.")
    length = w.norm(p=1 if convention == "path1" else 2, dim=-1)
    return length if convention == "bias-free" else length + b.abs()


def path_norm(a: torch.Tensor, w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """Σ_j |a_j| N(w_j, b_j): the cost of the network Σ_j a_j σ(w_j·x + b_j) as it is written.

    A function can be written in many ways; its Barron norm is the least cost of all of them.

    a: (..., m), w: (..., m, d), b: (..., m); the result is (...,).
    Raises ValueError for an unknown convention.

    >>> a, w, b = torch.tensor([2.0]), torch.tensor([[3.0, -4.0]]), torch.tensor([-2.0])
    >>> path_norm(a, w, b, "path2").item()
    14.0
    """
    return (a.abs() * parameter_norm(w, b, convention)).sum(-1)


def mlp_path_norm(networks: MLP, scaling: str, order: int, biases: bool) -> torch.Tensor:
    """(Σ |path|^p)^(1/p) over all paths of E multilayer perceptrons, in one pass v ← |W|v + |b|.

    For p = 1 and an activation with slope at most 1 and σ(0) = 0, such as ReLU: without biases this
    is a Lipschitz constant with respect to ‖x‖_∞, and with biases a bound for |f| on [-1, 1]^d. For
    ReLU, with biases, it bounds the norm of the function in the tree-like space of E and
    Wojtowytsch (over affine functions that cost ‖w‖₁ + |b|). This norm may be much smaller.

    networks: `models.MLP`, scaling: as for `models.mlp`, order: p = 1 or 2. A two-layer network is
    the MLP of the weights (w, a[:, None]). The result is (E,), or (E, k) for k outputs.
    Raises ValueError for another order, shapes that do not fit and an unknown scaling.

    Source: Neyshabur, Tomioka and Srebro 2015; E and Wojtowytsch 2020 (tree-like spaces).

    >>> networks = MLP((torch.tensor([[[1.0], [-2.0]]]), torch.tensor([[[3.0, 4.0]]])), ())
    >>> mlp_path_norm(networks, "unscaled", order=1, biases=False)  # 1·3 + 2·4
    tensor([11.])
    """
    weights, b = networks
    widths = check_mlp(networks)
    v = weights[0].new_ones(len(weights[0]), widths[0])
    for layer, W in enumerate(weights):
        s = scale(scaling, widths[layer]) if layer > 0 else 1.0
        v = s**order * _times(_power(W, order), v)
        if biases and b:
            v = v + _power(b[layer], order)
    return (v ** (1 / order)).squeeze(1)


def resnet_path_norm(
    networks: ResNet, scaling: str, order: int, weight: float = 1.0
) -> torch.Tensor:
    """(Σ |path|^p)^(1/p) over all paths of E residual networks, a block counting `weight` times.

    For p = 1 this is |α|ᵀ Π_l (I + weight·s |U_l||W_l|) |V| 1. With weight 1 it is a Lipschitz
    constant with respect to ‖x‖_∞ for activations of slope at most 1. With weight 3 it is the
    weighted path norm of E, Ma and Wang (who count s as part of U_l), which controls the Rademacher
    complexity of ReLU networks. Either may be far above the norm of the function in a flow-induced
    space: for L blocks of z' = σ(z) in one dimension and weight 3 it is (1 + 3/L)^L, which tends to
    e³, while the limit of the functions has the norm 1 + 3(e - 1).

    networks: `models.ResNet`, scaling: as for `models.resnet`, order: p = 1 or 2. The result is
    (E,), or (E, D) where α is the identity.
    Raises ValueError for another order, shapes that do not fit and an unknown scaling.

    Source: E, Ma and Wang 2019.

    >>> euler = ResNet(V=(), U=(), W=torch.ones(1, 3, 1, 1), alpha=torch.ones(1, 1))
    >>> resnet_path_norm(euler, "1/L", order=1), resnet_path_norm(euler, "1/L", order=1, weight=3)
    (tensor([2.3704]), tensor([8.]))
    """
    V, U, W, alpha = networks
    E, L, _, d = check_resnet(networks)
    v = W.new_ones(E, d)
    if isinstance(V, torch.Tensor):
        v = _times(_power(V, order), v)
    for layer in range(L):
        block = _times(_power(W[:, layer], order), v)
        if isinstance(U, torch.Tensor):
            block = _times(_power(U[:, layer], order), block)
        v = v + (weight * resnet_scale(scaling, L)) ** order * block
    if isinstance(alpha, torch.Tensor):
        v = (_power(alpha, order) * v).sum(1)
    return v ** (1 / order)


def convolutional_path_norm(
    networks: Convolutional,
    size: tuple[int, int],
    padding: str,
    pooling: str,
    order: int,
    biases: bool,
    patch: int | None = None,
) -> torch.Tensor:
    """(Σ |path|^p)^(1/p) over all paths of E convolutional networks on images of the given size.

    A convolution is a fully connected layer with many weights equal and most of them 0, and this is
    the path norm of that layer. Paths through an average of P numbers carry the weight 1/P, those
    through a sum the weight 1. One image of ones goes through the network of the |weights|^p.

    networks: `models.Convolutional`, size: height and width, order: p = 1 or 2; padding, pooling
    and patch as for `models.convolutional`. The result is (E,), or (E, k) for k outputs.
    Raises ValueError for another order, shapes that do not fit, an unknown padding or pooling.

    >>> ones = Convolutional((torch.ones(1, 2, 1, 3, 3),), out=torch.ones(1, 1, 2), biases=())
    >>> convolutional_path_norm(ones, (4, 4), "circular", "average", order=1, biases=False)
    tensor([18.])
    """
    powers = apply(lambda t: _power(t, order), networks if biases else networks._replace(biases=()))
    if pooling == "average":
        pooled = size[0] * size[1] if patch is None else patch**2
        powers = powers._replace(out=powers.out / pooled ** (order - 1))
    image = powers.out.new_ones(1, powers.filters[0].shape[2], *size)
    v = convolutional(powers, image, padding, pooling, patch, activation=lambda h: h)
    return v[:, 0] ** (1 / order)


def torus_path_norm(networks: Torus, size: int, strides: tuple[int, ...]) -> torch.Tensor:
    """Σ |path| over all paths of E networks on a torus, biases included, (E,) or (E, k).

    The weights count as often as they are used: it is the path norm, in the convention "path1", of
    the fully connected network with the same neurons, and bounds |f| on images in [-1, 1]. The
    factor P^(-1/2) of the output is part of a path.

    networks: `models.Torus`, size: side of the images, strides: as for `models.torus`.
    Raises ValueError for shapes that do not fit.

    >>> ones = Torus((torch.ones(1, 1, 2, 1, 3, 3),), -torch.ones(1, 1, 1, 2), biases=())
    >>> torus_path_norm(ones, 4, strides=(2,))  # 2 channels · 9 pixels · 4 places / 2
    tensor([36.])
    """
    absolute = apply(torch.abs, networks)
    image = networks.out.new_ones(1, networks.weights[0].shape[3], size, size)
    return torus(absolute, image, strides, activation=lambda h: h)[:, 0]


def norm_product(networks: MLP, scaling: str, which: str) -> torch.Tensor:
    """The product of the norms of the L layers, with the factors of the scaling, for E networks.

    For activations of slope at most 1, "spectral" and "frobenius" are Lipschitz constants with
    respect to ‖x‖₂, "rows" (the greatest ‖row‖₁ of each matrix) with respect to ‖x‖_∞, and
    "columns" with respect to ‖x‖₁. "rows" is never less than the path norm of order 1 without
    biases.

    networks: `models.MLP`, scaling: as for `models.mlp`; the result is (E,). "spectral" computes
    all singular values; see `spectral.spectral_norm` for large matrices.
    Raises ValueError for an unknown norm or scaling and shapes that do not fit.

    >>> networks = MLP((torch.tensor([[[3.0], [-4.0]]]), torch.tensor([[[1.0, 1.0]]])), ())
    >>> [norm_product(networks, "unscaled", which).item() for which in ("rows", "columns")]
    [8.0, 7.0]
    """
    kinds = {"spectral": 2, "frobenius": "fro", "rows": torch.inf, "columns": 1}  # codespell:ignore
    if which not in kinds:
        raise ValueError(f"which={which!r} is unknown; use {', '.join(kinds)}.")
    widths = check_mlp(networks)
    product = networks.weights[0].new_ones(len(networks.weights[0]))
    for layer, W in enumerate(networks.weights):
        s = scale(scaling, widths[layer]) if layer > 0 else 1.0
        product = product * s * torch.linalg.matrix_norm(W, kinds[which])
    return product


def _times(W: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """W v for E matrices and vectors."""
    return (W @ v[:, :, None]).squeeze(2)


def _power(t: torch.Tensor, order: int) -> torch.Tensor:
    """|t|^p, entry by entry."""
    if order not in (1, 2):
        raise ValueError(f"order={order} is not 1 or 2; use one of the two.")
    return t.abs() if order == 1 else t**2
