"""Networks on a torus of pixels: layers that are dense or local, with weights free or shared.

All of them are fully connected networks with the same neurons, one for each channel and each place
of a grid. What the shapes of the weights say is a linear subspace: a window of q × q pixels around
the place sets the other weights to 0, and an axis of length 1 makes them equal at all places.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from mathdl import device
from mathdl.models.shallow import Activation
from mathdl.models.shapes import check, check_sizes


class Torus(NamedTuple):
    """The parameters of E networks with L layers of c_0, …, c_L channels, and k outputs.

    Layer l has P places. weights[l] is (E, P, c_{l+1}, c_l, q, q) and biases[l] (E, P, c_{l+1}), or
    with 1 in the place of P where all places share them; a q as large as the layer's input reaches
    every pixel. out is (E, P, k, c_L) or (E, 1, k, c_L). Without biases, biases = ().
    """

    weights: tuple[torch.Tensor, ...]
    out: torch.Tensor
    biases: tuple[torch.Tensor, ...]


def torus(
    networks: Torus,
    x: torch.Tensor,
    strides: tuple[int, ...],
    activation: Activation = torch.relu,
) -> torch.Tensor:
    """Values of E networks at n images: (E, n) for one output, (E, n, k) for k > 1.

    The places of a layer with stride s are every s-th row and column of its input. The neurons at
    a place read the q × q pixels around it (for even q one more to the right and below), where the
    image goes on at the opposite side: h_p = σ(b_p + Σ_o W_p,o h_(sp+o)). The output is read at all
    P places of the last layer, f = P^(-1/2) Σ_p out_p h_p. If all weights are shared, a shift of
    the image by the product of the strides leaves f as it is.

    x is (n, c, N, N), the same for all members, or (E, n, c, N, N).

    Raises ValueError for shapes that do not fit, strides that do not divide and windows larger
    than the image.

    >>> ones = Torus((torch.ones(1, 1, 2, 1, 3, 3),), torch.ones(1, 1, 1, 2), biases=())
    >>> torus(ones, torch.ones(1, 1, 4, 4), strides=(2,))
    tensor([[36.]])
    """
    weights, out, biases = networks
    E, grids = check_torus(networks, x, strides)
    h = x.flatten(-2).mT.expand(E, -1, -1, -1)  # (E, n, pixels, c)
    for layer, w in enumerate(weights):
        z = _layer(w, h, grids[layer], strides[layer])  # (E, P, n, c)
        if biases:
            z = z + biases[layer][:, :, None]
        h = activation(z).transpose(1, 2)
    places = h.shape[2]
    read = out.expand(-1, places, -1, -1).transpose(2, 3).flatten(1, 2) / places**0.5
    return (h.flatten(2) @ read).squeeze(2)


def _layer(w: torch.Tensor, h: torch.Tensor, size: int, stride: int) -> torch.Tensor:
    """Σ_o W_p,o h_(sp+o) at every place p: from (E, n, size², c_in) to (E, P, n, c_out)."""
    q, pixels = w.shape[-1], _pixels(size, w.shape[-1], stride, w.device)
    E, n, _, c = h.shape
    if q < size:  # gather what each place sees
        seen = h.index_select(2, pixels.flatten()).reshape(E, n, len(pixels), q * q * c)
        return seen.transpose(1, 2) @ w.permute(0, 1, 4, 5, 3, 2).flatten(2, 4)
    # every place sees all: gather the weights instead, one matrix product
    entry = pixels.argsort(dim=1)  # which entry of its window is the pixel, (P, size²)
    w = w.flatten(4).expand(-1, len(entry), -1, -1, -1)
    full = w.take_along_dim(entry[None, :, None, None], 4)  # (E, P, c_out, c_in, size²)
    full = full.transpose(3, 4).reshape(E, -1, size**2 * c)
    return (h.flatten(2) @ full.mT).unflatten(2, (len(entry), -1)).transpose(1, 2)


@lru_cache(maxsize=32)
def _pixels(size: int, q: int, stride: int, where: torch.device) -> torch.Tensor:
    """The numbers of the pixels in the window of every place, (P, q²)."""
    place = torch.arange(0, size, stride, device=where)
    line = (place[:, None] + torch.arange(q, device=where) - (q - 1) // 2) % size  # (places, q)
    rows, columns = line[:, None, :, None], line[None, :, None, :]
    return (size * rows + columns).reshape(len(place) ** 2, q * q)


def check_torus(
    networks: Torus, x: torch.Tensor, strides: tuple[int, ...]
) -> tuple[int, list[int]]:
    """The number E of networks and the side lengths of the grids, from the image to the last.

    Raises ValueError if there is no layer, and for shapes and strides that do not fit.

    >>> ones = Torus((torch.ones(1, 1, 2, 1, 3, 3),), torch.ones(1, 1, 1, 2), biases=())
    >>> check_torus(ones, torch.ones(1, 1, 4, 4), strides=(2,))
    (1, [4, 2])
    """
    weights, out, biases = networks
    if not weights or weights[0].ndim != 6:
        raise ValueError("weights[0] is missing or not (E, P, c_1, c_0, q, q); give such a tensor.")
    E, channels = len(weights[0]), weights[0].shape[3]
    if len(strides) != len(weights) or (biases and len(biases) != len(weights)):
        raise ValueError(f"strides and biases need one entry for each of {len(weights)} layers.")
    square = x.ndim in (4, 5) and x.shape[-1] == x.shape[-2] and x.shape[-3] == channels
    if not square or (x.ndim == 5 and len(x) != E):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; use (n, c, N, N) or (E, n, c, N, N) "
            f"with E = {E}, c = {channels}."
        )
    grids = [x.shape[-1]]
    for layer, (w, s) in enumerate(zip(weights, strides, strict=True)):
        if s < 1 or grids[-1] % s:
            raise ValueError(f"strides[{layer}]={s} does not divide {grids[-1]}; use a divisor.")
        q = w.shape[-1]
        if q > grids[-1]:
            raise ValueError(f"weights[{layer}] reaches around the image; use a smaller window.")
        grids.append(grids[-1] // s)
        P = 1 if w.shape[1] == 1 else grids[-1] ** 2
        sizes = {"outputs": w.shape[2], "inputs": channels, "height": q, "width": q}
        check(f"weights[{layer}]", w, E=E, P=P, **sizes)
        channels = w.shape[2]
        if biases:
            b = biases[layer]
            check(f"biases[{layer}]", b, E=E, P=1 if b.shape[1:2] == (1,) else P, outputs=channels)
    if out.ndim != 4:
        raise ValueError(f"out has shape {tuple(out.shape)}; use (E, P, k, c).")
    P = 1 if out.shape[1] == 1 else grids[-1] ** 2
    check("out", out, E=E, P=P, k=out.shape[2], c=channels)
    return E, grids


def random_torus(
    E: int,
    channels: tuple[int, ...],
    windows: tuple[int, ...],
    strides: tuple[int, ...],
    size: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    shared: bool,
    gain: float = 2**0.5,
) -> Torus:
    """E networks for images of size × size pixels, with Gaussian weights, biases 0 and out = 0.

    The weights of layer l have variance gain²/(q² c_l). Because out = 0, every network is the
    function 0. With `shared` all places of a layer have the same weights, and so has `out`.

    Raises ValueError unless there is one window and one stride for each layer, and for sizes that
    are not positive.

    Source: the gain is that of He et al. 2015.

    >>> rng = np.random.default_rng(0)
    >>> networks = random_torus(2, (1, 8), (3,), (2,), 16, 10, rng, shared=False)
    >>> tuple(networks.weights[0].shape), tuple(networks.out.shape)
    ((2, 64, 8, 1, 3, 3), (2, 64, 10, 8))
    """
    L = len(channels) - 1
    if L < 1 or len(windows) != L or len(strides) != L:
        raise ValueError(f"windows and strides need one entry for each of {L} layers, L >= 1.")
    check_sizes(E=E, outputs=outputs, size=size)
    weights, biases, P = [], [], 1
    for l in range(L):  # noqa: E741
        check_sizes(
            **{f"channels[{l}]": channels[l], f"channels[{l + 1}]": channels[l + 1]},
            **{f"windows[{l}]": windows[l], f"strides[{l}]": strides[l]},
        )
        size, q = size // strides[l], windows[l]
        P = 1 if shared else size**2
        shape = (E, P, channels[l + 1], channels[l], q, q)
        std = gain / (q * channels[l] ** 0.5)
        weights.append(device.tensor(std * rng.standard_normal(shape)))
        biases.append(device.tensor(np.zeros((E, P, channels[l + 1]))))
    out = device.tensor(np.zeros((E, P, outputs, channels[-1])))
    return Torus(tuple(weights), out, tuple(biases))
