"""IDX files for the tests, put together once more, by struct."""

import gzip
import struct

import numpy as np

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(array, shape=None):
    """The bytes of an IDX file; `shape` is what its header says, if it is to lie."""
    kind = array.dtype.str[1:]
    shape = array.shape if shape is None else shape
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, CODES[kind], len(shape), *shape)
    return header + array.astype(f">{kind}").tobytes()


def write(path, content, compressed=False):
    path.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    return path


def pair(folder, n=7, compressed=False, name="train-{}-idx{}-ubyte", labels=None):
    """Images (n, 4, 5) and labels in the files of a folder."""
    images = np.random.default_rng(0).integers(0, 256, (n, 4, 5), dtype="u1")
    labels = np.arange(n, dtype="u1") % 3 if labels is None else labels
    suffix = ".gz" if compressed else ""
    write(folder / (name.format("images", 3) + suffix), packed(images), compressed)
    write(folder / (name.format("labels", 1) + suffix), packed(labels), compressed)
    return images, labels
