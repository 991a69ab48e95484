"""Deep networks: multilayer perceptrons and residual networks."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from mathdl import device
from mathdl.models.shallow import Activation, scale
from mathdl.models.shapes import check, check_points, check_sizes


class MLP(NamedTuple):
    """The parameters of E networks with L layers of widths m_0 = d, m_1, …, m_L.

    weights[l] is (E, m_{l+1}, m_l) and biases[l] is (E, m_{l+1}), for l = 0, …, L - 1; networks
    without biases have biases = ().
    """

    weights: tuple[torch.Tensor, ...]
    biases: tuple[torch.Tensor, ...]


def mlp(
    networks: MLP, x: torch.Tensor, scaling: str, activation: Activation = torch.relu
) -> torch.Tensor:
    """Values of E networks at n points: (E, n) for one output, (E, n, k) for k = m_L > 1.

    The first layer is h_1 = W_0 x + b_0, the next are h_{l+1} = s W_l σ(h_l) + b_l with the factor
    s of `scale` at width m_l, and f(x) = h_L. With two layers this is `two_layer`, plus an outer
    bias. x is (n, d), the same for all, or (E, n, d), one batch for each member.

    Raises ValueError for shapes that do not fit and an unknown scaling.

    >>> ones = MLP(weights=(torch.ones(1, 4, 2), torch.ones(1, 3, 4)), biases=())
    >>> mlp(ones, torch.ones(1, 2), "mean-field")
    tensor([[[2., 2., 2.]]])
    """
    weights, biases = networks
    widths = check_mlp(networks)
    check_points("x", x, len(weights[0]), d=widths[0])
    h = x
    for layer, w in enumerate(weights):
        if layer > 0:
            h = scale(scaling, widths[layer]) * activation(h)
        h = h @ w.mT  # (E, n, m_{l+1})
        if biases:
            h = h + biases[layer][:, None, :]
    return h.squeeze(2)  # one output: (E, n, 1) to (E, n)


def check_mlp(networks: MLP) -> list[int]:
    """The widths m_0, …, m_L of the networks.

    Raises ValueError if there is no layer, or if the shapes of two layers do not fit.

    >>> check_mlp(MLP(weights=(torch.ones(1, 4, 2), torch.ones(1, 3, 4)), biases=()))
    [2, 4, 3]
    """
    weights, biases = networks
    if not weights or weights[0].ndim != 3:
        raise ValueError("weights[0] is missing or not a matrix for each member; use (E, m, d).")
    if biases and len(biases) != len(weights):
        raise ValueError(
            f"biases has {len(biases)} layers and weights {len(weights)}; "
            "use one bias a layer, or () for none."
        )
    E = len(weights[0])
    widths = [weights[0].shape[2], *(w.shape[1] for w in weights)]
    for layer, w in enumerate(weights):
        check(f"weights[{layer}]", w, E=E, outputs=widths[layer + 1], inputs=widths[layer])
    for layer, b in enumerate(biases):
        check(f"biases[{layer}]", b, E=E, outputs=widths[layer + 1])
    return widths


def random_mlp(
    E: int,
    widths: tuple[int, ...],
    rng: np.random.Generator,
    scaling: str,
    gain: float = 2**0.5,
    bias: float | None = 0.0,
) -> MLP:
    """E networks with independent Gaussian weights, for the widths (d, m_1, …, m_L).

    The weights of layer l have variance gain²/m_l if they are unscaled. In the scalings "ntk" and
    "mean-field" this holds for the first layer, and the others, which carry a factor, have
    variance gain². So unscaled and "ntk" networks start as the same random function. The gain √2
    keeps the size of ReLU layers, 1 that of linear ones. Biases have standard deviation `bias`;
    None is for networks without.

    Raises ValueError for fewer than two widths, sizes that are not positive, and an unknown
    scaling.

    Source: the gain is that of He et al. 2015.

    >>> networks = random_mlp(3, (64, 32, 10), np.random.default_rng(0), "unscaled")
    >>> [tuple(w.shape) for w in networks.weights]
    [(3, 32, 64), (3, 10, 32)]
    """
    if len(widths) < 2:
        raise ValueError(f"widths={tuple(widths)} is no network; use (d, m, ..., k).")
    check_sizes(E=E, **{f"widths[{i}]": m for i, m in enumerate(widths)})
    weights, biases = [], []
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        has_factor = layer > 0 and scale(scaling, inputs) < 1
        std = gain if has_factor else gain / inputs**0.5
        weights.append(device.tensor(std * rng.standard_normal((E, outputs, inputs))))
        if bias is not None:
            biases.append(device.tensor(bias * rng.standard_normal((E, outputs))))
    return MLP(tuple(weights), tuple(biases))


class ResNet(NamedTuple):
    """The parameters of E residual networks with L blocks on a state of dimension D.

    V (E, D, d) takes a point to the first state, U (E, L, D, m) and W (E, L, m, D) make the
    blocks, and α (E, D) reads the last state. Each of V, U and α may be (), the identity: then
    d = D, m = D, and the value of the network is its last state.
    """

    V: torch.Tensor | tuple[()]
    U: torch.Tensor | tuple[()]
    W: torch.Tensor
    alpha: torch.Tensor | tuple[()]


def resnet_scale(scaling: str, L: int) -> float:
    """The factor in front of each of L residual blocks: 1/L, 1/√L or 1.

    Raises ValueError if `scaling` is none of "1/L", "1/sqrt(L)" and "unscaled".

    >>> resnet_scale("1/L", 4), resnet_scale("1/sqrt(L)", 4), resnet_scale("unscaled", 4)
    (0.25, 0.5, 1.0)
    """
    powers = {"1/L": -1.0, "1/sqrt(L)": -0.5, "unscaled": 0.0}
    if scaling not in powers:
        raise ValueError(f"scaling={scaling!r} is unknown; use 1/L, 1/sqrt(L) or unscaled.")
    return L ** powers[scaling]


def resnet(
    networks: ResNet, x: torch.Tensor, scaling: str, activation: Activation = torch.relu
) -> torch.Tensor:
    """Values (E, n) of E residual networks at n points: f(x) = α · z_L.

    The states are z_0 = V x and z_{l+1} = z_l + s U_l σ(W_l z_l). The factor s is that of
    `resnet_scale`. With α = () the values are z_L, (E, n, D). With U = ()
    the blocks are s σ(W_l z_l): for W_l = W(l/L) they are Euler steps for ẋ = σ(W(t) x). x is
    (n, d), the same for all, or (E, n, d), one batch for each member.

    Raises ValueError for shapes that do not fit and an unknown scaling.

    Source: E, Ma and Wu 2019 (the form with U, V and α).

    >>> identity = ResNet(V=(), U=(), W=torch.ones(1, 4, 1, 1), alpha=())
    >>> resnet(identity, torch.ones(1, 1), "1/L") == (1 + 1 / 4) ** 4
    tensor([[[True]]])
    """
    for z in _states(networks, x, scaling, activation):
        last = z
    alpha = networks.alpha
    return (last @ alpha[:, :, None]).squeeze(2) if isinstance(alpha, torch.Tensor) else last


def resnet_states(
    networks: ResNet, x: torch.Tensor, scaling: str, activation: Activation = torch.relu
) -> torch.Tensor:
    """The states z_0, …, z_L of `resnet`, as (E, L + 1, n, D).

    Raises ValueError for shapes that do not fit and an unknown scaling.

    >>> networks = ResNet(V=(), U=(), W=torch.ones(1, 2, 1, 1), alpha=())
    >>> resnet_states(networks, torch.ones(1, 1), "1/L").flatten()
    tensor([1.0000, 1.5000, 2.2500])
    """
    return torch.stack(list(_states(networks, x, scaling, activation)), dim=1)


def _states(
    networks: ResNet, x: torch.Tensor, scaling: str, activation: Activation
) -> Iterator[torch.Tensor]:
    V, U, W, _ = networks
    E, L, D, d = check_resnet(networks)
    check_points("x", x, E, d=d)
    s = resnet_scale(scaling, L)
    z = x @ V.mT if isinstance(V, torch.Tensor) else x.expand(E, *x.shape[-2:])
    yield z
    outer = U.unbind(1) if isinstance(U, torch.Tensor) else [None] * L
    for W_l, U_l in zip(W.unbind(1), outer, strict=True):
        block = activation(z @ W_l.mT)
        z = z + s * (block if U_l is None else block @ U_l.mT)
        yield z


def check_resnet(networks: ResNet) -> tuple[int, int, int, int]:
    """The sizes E, L, D and d of residual networks.

    Raises ValueError if the shapes of V, U, W and α do not fit.

    >>> check_resnet(ResNet(V=torch.ones(1, 3, 2), U=(), W=torch.ones(1, 4, 3, 3), alpha=()))
    (1, 4, 3, 2)
    """
    V, U, W, alpha = networks
    if W.ndim != 4:
        raise ValueError(f"W has shape {tuple(W.shape)}; use (E, L, m, D).")
    E, L, m, D = W.shape
    d = D
    if isinstance(V, torch.Tensor):
        d = V.shape[-1]
        check("V", V, E=E, D=D, d=d)
    if isinstance(U, torch.Tensor):
        check("U", U, E=E, L=L, D=D, m=m)
    elif m != D:
        raise ValueError(f"W has shape {tuple(W.shape)}; without U use (E, L, D, D).")
    if isinstance(alpha, torch.Tensor):
        check("alpha", alpha, E=E, D=D)
    return E, L, D, d


def random_resnet(
    E: int, L: int, d: int, D: int, m: int, rng: np.random.Generator, gain: float = 1.0
) -> ResNet:
    """E networks with independent Gaussian parameters: V ~ N(0, 1/d), W, α ~ N(0, 1/D) and
    U ~ N(0, gain²/m).

    Raises ValueError if a size is not positive.

    >>> networks = random_resnet(E=2, L=7, d=3, D=4, m=5, rng=np.random.default_rng(0))
    >>> [tuple(part.shape) for part in networks]
    [(2, 4, 3), (2, 7, 4, 5), (2, 7, 5, 4), (2, 4)]
    """
    check_sizes(E=E, L=L, d=d, D=D, m=m)
    return ResNet(
        V=device.tensor(rng.standard_normal((E, D, d)) / d**0.5),
        U=device.tensor(gain * rng.standard_normal((E, L, D, m)) / m**0.5),
        W=device.tensor(rng.standard_normal((E, L, m, D)) / D**0.5),
        alpha=device.tensor(rng.standard_normal((E, D)) / D**0.5),
    )
