"""Convolutional networks on images, E of them side by side in one grouped convolution."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from mathdl import device
from mathdl.models.shallow import Activation
from mathdl.models.shapes import check, check_sizes


class Convolutional(NamedTuple):
    """The parameters of E networks with L convolutions, c_0, …, c_L channels, and k outputs.

    filters[l] is (E, c_{l+1}, c_l, q, q), square and small. After the last, the pooled images are
    read by out (E, k, p), where p is the number of their entries. biases[l] is (E, c_{l+1}) for
    the convolutions and biases[L] is (E, k); networks without biases have biases = ().
    """

    filters: tuple[torch.Tensor, ...]
    out: torch.Tensor
    biases: tuple[torch.Tensor, ...]


def convolutional(
    networks: Convolutional,
    x: torch.Tensor,
    padding: str,
    pooling: str,
    patch: int | None = None,
    activation: Activation = torch.relu,
) -> torch.Tensor:
    """Values of E networks at n images: (E, n) for one output, (E, n, k) for k > 1.

    Layer l is h_{l+1} = σ(W_l ∗ h_l + b_l), as large as the image. The sum at a pixel runs over
    the q × q pixels around it (for even q one more to the right and below); beyond the border
    these are the pixels of the opposite side (`padding` = "circular") or 0 ("zeros"). Then each
    patch × patch square is replaced by its average or its sum (`pooling` = "average" or "sum"), or
    the whole image if `patch` is None, and `out` reads the numbers that are left. x is
    (n, c, h, w), the same for all, or (E, n, c, h, w), one batch for each member.

    With circular padding a shifted image gives shifted layers, and with pooling over the whole
    image the same values.

    Raises ValueError for shapes that do not fit and an unknown padding or pooling.

    >>> ones = Convolutional((torch.ones(1, 2, 1, 3, 3),), out=torch.ones(1, 1, 2), biases=())
    >>> convolutional(ones, torch.ones(1, 1, 4, 4), "circular", "average")
    tensor([[18.]])
    """
    filters, out, biases = networks
    E, channels = check_convolutional(networks)
    if x.ndim not in (4, 5) or x.shape[-3] != channels[0] or (x.ndim == 5 and len(x) != E):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; use (n, c, h, w) or (E, n, c, h, w) "
            f"with E = {E}, c = {channels[0]}."
        )
    if padding not in ("circular", "zeros"):
        raise ValueError(f"padding={padding!r} is unknown; use circular or zeros.")
    if pooling not in ("average", "sum"):
        raise ValueError(f"pooling={pooling!r} is unknown; use average or sum.")
    shared = x.ndim == 4  # in the first layer all members may read the same channels
    h = x if shared else x.transpose(0, 1).flatten(1, 2)  # (n, E c, height, width)
    for layer, w in enumerate(filters):
        groups = 1 if shared and layer == 0 else E
        bias = biases[layer].flatten() if biases else None
        h = activation(
            F.conv2d(_pad(h, w.shape[-1], padding), w.flatten(0, 1), bias, groups=groups)
        )
    pooled = _pool(h, pooling, patch)  # (n, E c, height / patch, width / patch)
    features = pooled.unflatten(1, (E, channels[-1])).flatten(2).transpose(0, 1)  # (E, n, p)
    check("out", out, E=E, k=out.shape[1], p=features.shape[2])
    values = features @ out.mT
    if biases:
        values = values + biases[-1][:, None, :]
    return values.squeeze(2)


def _pad(h: torch.Tensor, q: int, padding: str) -> torch.Tensor:
    """The images with enough border for a filter of size q to leave their size as it is."""
    before, after = (q - 1) // 2, q // 2
    border = (before, after, before, after)
    if padding == "zeros":
        return F.pad(h, border)
    if q > min(h.shape[-2:]):  # two weights would meet in one pixel
        raise ValueError(f"filters of size {q} reach around the image; use smaller ones.")
    return F.pad(h, border, mode="circular")


def _pool(h: torch.Tensor, pooling: str, patch: int | None) -> torch.Tensor:
    """Each square of patch × patch pixels, or the whole image, replaced by its average or sum."""
    height, width = h.shape[-2:]
    square = (height, width) if patch is None else (patch, patch)
    if square[0] < 1 or height % square[0] or width % square[1]:
        raise ValueError(f"patch={patch} does not divide the images into squares; use a divisor.")
    average = F.avg_pool2d(h, square)
    return average if pooling == "average" else square[0] * square[1] * average


def check_convolutional(networks: Convolutional) -> tuple[int, list[int]]:
    """The number E of networks and their channels c_0, …, c_L.

    Raises ValueError if there is no filter, or if the shapes of two layers do not fit.

    >>> filters = (torch.ones(1, 8, 1, 3, 3), torch.ones(1, 4, 8, 3, 3))
    >>> check_convolutional(Convolutional(filters, out=torch.ones(1, 10, 4), biases=()))
    (1, [1, 8, 4])
    """
    filters, out, biases = networks
    if not filters or filters[0].ndim != 5:
        raise ValueError("filters[0] is missing or not (E, c_1, c_0, q, q); give such a tensor.")
    if biases and len(biases) != len(filters) + 1:
        raise ValueError(
            f"biases has {len(biases)} layers; use {len(filters) + 1}, the last one for out, "
            "or () for none."
        )
    E = len(filters[0])
    channels = [filters[0].shape[2], *(w.shape[1] for w in filters)]
    for layer, w in enumerate(filters):
        q = w.shape[-1]
        sizes = {"outputs": channels[layer + 1], "inputs": channels[layer], "height": q, "width": q}
        check(f"filters[{layer}]", w, E=E, **sizes)
    if out.ndim != 3:
        raise ValueError(f"out has shape {tuple(out.shape)}; use (E, k, p).")
    for layer, b in enumerate(biases):
        check(f"biases[{layer}]", b, E=E, outputs=[*channels[1:], out.shape[1]][layer])
    return E, channels


def random_convolutional(
    E: int,
    channels: tuple[int, ...],
    filter_size: int,
    outputs: int,
    rng: np.random.Generator,
    pooled: int = 1,
    gain: float = 2**0.5,
    bias: float | None = 0.0,
) -> Convolutional:
    """E networks with independent Gaussian weights, for the channels (c_0, …, c_L).

    The filters are filter_size × filter_size with variance gain²/(filter_size² c_l), and `out` has
    variance 1/p, where p = c_L · pooled and `pooled` is the number of squares left by the pooling:
    1 where the whole image is pooled. Biases have standard deviation `bias`; None is for networks
    without.

    Raises ValueError for fewer than two channel numbers and sizes that are not positive.

    Source: the gain is that of He et al. 2015.

    >>> networks = random_convolutional(2, (1, 8), 3, 10, np.random.default_rng(0), pooled=4)
    >>> tuple(networks.filters[0].shape), tuple(networks.out.shape)
    ((2, 8, 1, 3, 3), (2, 10, 32))
    """
    if len(channels) < 2:
        raise ValueError(f"channels={tuple(channels)} is no network; use (c_0, c_1, ...).")
    check_sizes(E=E, filter_size=filter_size, outputs=outputs, pooled=pooled)
    check_sizes(**{f"channels[{i}]": c for i, c in enumerate(channels)})
    q, p = filter_size, channels[-1] * pooled
    filters, biases = [], []
    for c_in, c_out in pairwise(channels):
        std = gain / (q * c_in**0.5)
        filters.append(device.tensor(std * rng.standard_normal((E, c_out, c_in, q, q))))
    out = device.tensor(rng.standard_normal((E, outputs, p)) / p**0.5)
    if bias is not None:
        sizes = [*channels[1:], outputs]
        biases = [device.tensor(bias * rng.standard_normal((E, size))) for size in sizes]
    return Convolutional(tuple(filters), out, tuple(biases))
