"""IDX files, the format of MNIST and Fashion-MNIST: arrays of numbers behind a short header.

A file is two zero bytes, one byte for the type of the numbers, one for how many dimensions there
are, each dimension as four bytes, and then the numbers; all of it big-endian, and possibly packed
with gzip. A file is read completely or not at all: whatever disagrees with its header is an error
that names the file and says what to do.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHECKSUMS = "SHA256SUMS"
GZIP = b"\x1f\x8b"
MOST_DIMENSIONS = 32  # that every version of NumPy can hold
DENSEST = 1032  # a byte of gzip unpacks to at most so many
CHUNK = 1 << 20


class Pair(NamedTuple):
    """Images (n, h, w) and their labels (n,), as the files hold them."""

    images: np.ndarray
    labels: np.ndarray


def read(path: str | Path, sha256: str | None = None) -> np.ndarray:
    """The array in an IDX file, plain or packed with gzip, in the machine's own byte order.

    `sha256` is the checksum of the file as it lies on the disk, in hexadecimal; where it is given,
    nothing is read out of a file that has another one.

    Raises FileNotFoundError if there is no such file, and ValueError if it is no IDX file, is
    empty or damaged, is shorter or longer than its header says, or has another checksum. A header
    that declares more than the file can hold is refused before any memory is asked for.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "two-by-three"
    >>> _ = file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    >>> read(file).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: give the path of an IDX file.")
    packed = path.read_bytes()
    if sha256 is not None:
        _compare(path, hashlib.sha256(packed).hexdigest(), sha256)
    is_gzip = packed[:2] == GZIP
    room = DENSEST * len(packed) if is_gzip else len(packed)
    try:
        with gzip.open(io.BytesIO(packed)) if is_gzip else io.BytesIO(packed) as stream:
            return _array(path, stream, room)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is a damaged gzip file ({error}): fetch it again from where it came from."
        ) from error


def _compare(path: Path, found: str, sha256: str) -> None:
    """Raise ValueError unless the two checksums are equal."""
    asked = sha256.strip().lower()
    if len(asked) != 64 or not set(asked) <= set("0123456789abcdef"):
        raise ValueError(f"`sha256` is {sha256!r} for {path}: give 64 hexadecimal digits.")
    if found != asked:
        raise ValueError(
            f"{path} has the SHA-256 checksum {found} where {asked} is asked for: "
            "fetch the file again, or correct the checksum."
        )


def _exactly(path: Path, stream: io.IOBase, count: int) -> bytes:
    """The next `count` bytes, or ValueError; memory grows with what arrives, not with `count`."""
    parts, missing = [], count
    while missing and (part := stream.read(min(missing, CHUNK))):
        parts.append(part)
        missing -= len(part)
    if missing:
        raise ValueError(
            f"{path} is truncated, {missing} of {count} bytes are missing: fetch the file again."
        )
    return b"".join(parts)


def _array(path: Path, stream: io.IOBase, room: int) -> np.ndarray:
    """What the header announces, if that is exactly what follows and fits into `room` bytes."""
    zero, other, code, dimensions = _exactly(path, stream, 4)
    if (zero, other) != (0, 0) or code not in TYPES:
        raise ValueError(
            f"{path} starts with {bytes([zero, other, code, dimensions]).hex(' ')}, which no IDX "
            "file does: give a file in the format of MNIST, plain or packed with gzip."
        )
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise ValueError(
            f"{path} declares {dimensions} dimensions: give an IDX file with 1 to "
            f"{MOST_DIMENSIONS}."
        )
    header = _exactly(path, stream, 4 * dimensions)
    shape = tuple(int(size) for size in np.frombuffer(header, ">u4"))
    kind = np.dtype(TYPES[code])
    size = math.prod(shape) * kind.itemsize
    if not size:
        raise ValueError(
            f"{path} declares shape {shape}, which holds no numbers: give a file that does."
        )
    if size > room:
        raise ValueError(
            f"{path} declares {size} bytes of numbers, shape {shape}, which a file of its size "
            "cannot hold: it is truncated or its header is wrong, so fetch it again."
        )
    numbers = _exactly(path, stream, size)
    if stream.read(1):
        raise ValueError(
            f"{path} goes on after the {size} bytes of numbers that its header declares, shape "
            f"{shape}: its header is wrong or something was appended, so fetch it again."
        )
    return np.frombuffer(numbers, kind).reshape(shape).astype(kind.newbyteorder("="))


def read_pair(folder: str | Path) -> Pair:
    """The images and labels of a folder of IDX files, with the names that MNIST gave them.

    The file of images has `images` and `idx3` in its name, that of the labels has `labels` and
    `idx1` in the same places; both may end in .gz. Of several pairs the one that starts with
    `train` is read. A file named SHA256SUMS in the folder, as `sha256sum * > SHA256SUMS` writes
    it, is held against the files that it lists.

    Raises FileNotFoundError if there is no such folder, or no pair in it, and ValueError if there
    are several pairs and none of them is for training, if a file is damaged, or if the two files
    do not fit together.

    >>> read_pair("no such folder")
    Traceback (most recent call last):
    FileNotFoundError: no such folder is not a folder: give a folder with IDX files, as of MNIST.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a folder: give a folder with IDX files, as of MNIST."
        )
    sources = _find(folder)
    sums = _checksums(folder / CHECKSUMS)
    images, labels = (read(path, sums.get(path.name)) for path in sources)
    names = f"{sources[0]} and {sources[1].name}"
    if images.ndim != 3 or labels.ndim != 1:
        raise ValueError(
            f"{names} have {images.ndim} and {labels.ndim} dimensions: give images with 3, "
            "(n, h, w), and labels with 1."
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{names} hold {len(images)} images and {len(labels)} labels: give two files that "
            "belong together."
        )
    return Pair(images, labels)


def _find(folder: Path) -> tuple[Path, Path]:
    """The file of images and that of labels; a plain file goes before a packed one."""
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    plain = {name.removesuffix(".gz"): path for name, path in files.items()}
    plain |= {name: path for name, path in files.items() if not name.endswith(".gz")}
    images = {name: path for name, path in plain.items() if "images" in name and "idx3" in name}
    if not images:
        raise FileNotFoundError(
            f"{folder} holds no images: put IDX files into it that are named as those of MNIST, "
            "train-images-idx3-ubyte and train-labels-idx1-ubyte, with or without .gz."
        )
    chosen = sorted(name for name in images if len(images) == 1 or name.startswith("train"))
    if len(chosen) != 1:
        raise ValueError(
            f"{folder} holds {len(images)} files of images: let the name of one of them start "
            "with train, or leave only one."
        )
    partner = chosen[0].replace("images", "labels").replace("idx3", "idx1")
    if partner not in plain:
        raise FileNotFoundError(
            f"{folder / partner} is missing, the labels of {chosen[0]}: put it beside them, with "
            "or without .gz."
        )
    return images[chosen[0]], plain[partner]


def _checksums(path: Path) -> dict[str, str]:
    """Checksums by the name of the file, as the command sha256sum writes them; {} without file."""
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        entry = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line.strip())
        if line.strip() and not entry:
            raise ValueError(
                f"{path} has no checksum and file name in line {number + 1}: write it with "
                f"`sha256sum * > {CHECKSUMS}`."
            )
        if entry:
            found[Path(entry[2]).name] = entry[1]
    return found
