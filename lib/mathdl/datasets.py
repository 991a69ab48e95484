"""Where inputs and labels come from: the bundled digits, equispaced angles."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits

from mathdl import device


class Digits(NamedTuple):
    """1797 handwritten digits of 8 × 8 pixels.

    images: (1797, 64), gray values scaled from 0, ..., 16 to [0, 1].
    labels: (1797,), the digit 0, ..., 9 as an integer.
    parity: (1797,), +1 for an even digit and -1 for an odd one.
    """

    images: torch.Tensor
    labels: torch.Tensor
    parity: torch.Tensor


def digits() -> Digits:
    """The handwritten digits that come with scikit-learn; nothing is downloaded.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository (1998); the test part of it, as `sklearn.datasets.load_digits`.

    >>> images, labels, parity = digits()
    >>> images.shape, labels[:3], parity[:3].tolist()
    (torch.Size([1797, 64]), tensor([0, 1, 2]), [1.0, -1.0, 1.0])
    """
    bundled = load_digits()
    return Digits(
        images=device.tensor(bundled.data / 16),
        labels=device.tensor(bundled.target),
        parity=device.tensor(np.where(bundled.target % 2 == 0, 1.0, -1.0)),
    )


class Images(NamedTuple):
    """Gray images with labels: images (n, h, w) with values in [0, 1], labels (n,), integers."""

    images: torch.Tensor
    labels: torch.Tensor


def images() -> Images:
    """The images on which the pages run: the bundled digits, as squares.

    >>> images().images.shape
    torch.Size([1797, 8, 8])
    """
    bundled = digits()
    return Images(bundled.images.reshape(-1, 8, 8), bundled.labels)


def equispaced_angles(n: int) -> torch.Tensor:
    """The n angles 2πi/n, i = 0, ..., n - 1; shape (n,).

    Raises ValueError if n is not positive.

    >>> equispaced_angles(4) / torch.pi
    tensor([0.0000, 0.5000, 1.0000, 1.5000], dtype=torch.float64)
    """
    if n < 1:
        raise ValueError(f"n={n} points cannot be placed on a circle; use n >= 1.")
    return device.tensor(2 * np.pi * np.arange(n) / n)


def data_folder() -> Path:
    """The folder `data/` of the book's repository; each file in it has a row in its README.

    Raises FileNotFoundError if `mathdl` was installed without the repository.

    >>> data_folder().name
    'data'
    """
    folder = Path(__file__).parents[2] / "data"
    if not (folder / "README.md").exists():
        raise FileNotFoundError(
            f"{folder} does not exist: install mathdl from a clone of the book, pip install -e ."
        )
    return folder
