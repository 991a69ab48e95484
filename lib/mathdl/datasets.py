"""Where inputs and labels come from: the bundled digits, images of your own, equispaced angles."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits

from mathdl import device, idx


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


def images(limit: int | None = 2000) -> Images:
    """The images on which the pages run: the bundled digits as squares, or images of your own.

    Those of your own are in the folder that the environment variable `MATHDL_IMAGES` names, as IDX
    files with the names that MNIST gave them; see `idx.read_pair`. Unsigned bytes 0, ..., 255 are
    scaled to [0, 1].

    Args:
        limit: how many images at most; of more, so many are taken at equal distances, so that files
            sorted by label still give all labels. None takes all.

    Raises ValueError if limit is not positive, if the images are neither unsigned bytes nor floats
    in [0, 1], or if the labels are not integers 0, 1, 2, ..., each less than the number of images;
    and what `idx.read_pair` raises.

    >>> import os
    >>> "MATHDL_IMAGES" in os.environ or images().images.shape == (1797, 8, 8)
    True
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit} leaves no images: use a positive number, or None.")
    folder = os.environ.get("MATHDL_IMAGES", "").strip()
    if folder:
        pixels, labels = _own_images(folder)
    else:
        bundled = load_digits()
        pixels, labels = bundled.images / 16, bundled.target
    count = len(labels)
    if limit is not None and limit < count:
        taken = np.arange(limit) * count // limit
        pixels, labels = pixels[taken], labels[taken]
    scaled = pixels / 255 if pixels.dtype == np.uint8 else pixels
    return Images(device.tensor(scaled), device.tensor(labels.astype(np.int64)))


def _own_images(folder: str) -> idx.Pair:
    """The images of IDX files, if the pages can use them."""
    pixels, labels = found = idx.read_pair(folder)
    where = f"MATHDL_IMAGES={folder}"
    inside = pixels.dtype.kind == "f" and ((pixels >= 0) & (pixels <= 1)).all()
    if pixels.dtype != np.uint8 and not inside:
        raise ValueError(
            f"{where} has pixels of type {pixels.dtype} from {pixels.min()} to {pixels.max()}: "
            "give unsigned bytes, or floats in [0, 1]."
        )
    if labels.dtype.kind not in "iu" or not 0 <= labels.min() <= labels.max() < len(labels):
        raise ValueError(
            f"{where} has labels of type {labels.dtype} from {labels.min()} to {labels.max()}: "
            "give integers 0, 1, 2, ..., each less than the number of images."
        )
    return found


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
