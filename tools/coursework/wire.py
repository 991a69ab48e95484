"""Plain data as bytes and back: what the grader and a student's process say to each other.

A frame is two lengths, a JSON header and the raw bytes of its tensors and arrays. Reading a frame
runs nothing: numbers, strings, lists, tuples, dictionaries, tensors and arrays come out of it, or
`Malformed` does. What is written is looked at by its exact type, so an object that pretends to be
a number cannot pass.

The student's process uses this file too, on its own, without the folder that it lies in.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LENGTHS = struct.Struct(">II")  # bytes of the header, bytes of all tensors and arrays
LARGEST_HEADER = 8 << 20
LARGEST_FRAME = 64 << 20
DEEPEST = 50  # lists within lists
LARGEST_INTEGER = 1 << 4096  # JSON reads long integers slowly
DIMENSIONS = 32  # of an array, at most
TENSORS = {
    str(t).removeprefix("torch."): t
    for t in (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    + (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    + (torch.complex64, torch.complex128)
}
ARRAYS = {name: np.dtype(name) for name in TENSORS if name != "bfloat16"} | {
    name: np.dtype(name) for name in ("uint16", "uint32", "uint64")
}
SCALARS: dict[type, str] = {np.dtype(name).type: name for name in ARRAYS}


class NotPlain(Exception):
    """A value that cannot be sent; the message names its type."""


class Malformed(Exception):
    """Bytes that are no frame."""


@dataclass(frozen=True)
class Ref:
    """Stands for the value of that name in the student's notebook, as an argument of a call."""

    name: str


def pack(value: object) -> bytes:
    """A value as a frame; NotPlain if it is, or holds, anything but plain data."""
    blobs: list[bytes] = []
    header = json.dumps(_write(value, blobs, DEEPEST), separators=(",", ":")).encode()
    body = b"".join(blobs)
    if len(header) > LARGEST_HEADER or len(header) + len(body) > LARGEST_FRAME:
        raise NotPlain(f"The value takes more than {LARGEST_FRAME >> 20} MB: return less.")
    return LENGTHS.pack(len(header), len(body)) + header + body


def size(start: bytes | bytearray) -> int | None:
    """Of the frame that begins so, in bytes; None while its lengths have not arrived."""
    if len(start) < LENGTHS.size:
        return None
    header, body = LENGTHS.unpack_from(start)
    if header > LARGEST_HEADER or header + body > LARGEST_FRAME:
        raise Malformed("The frame is too large.")
    return LENGTHS.size + header + body


def unpack(frame: bytes, refs: bool = False) -> object:
    """The value in a frame; Malformed, and nothing else, for any other bytes.

    refs: whether `Ref` may occur in it; in answers it may not
    """
    if size(frame) != len(frame):
        raise Malformed("The frame is not as long as it says.")
    header, _ = LENGTHS.unpack_from(frame)
    start = LENGTHS.size + header
    try:
        tree = json.loads(frame[LENGTHS.size : start])
        blobs = _Blobs(frame, start, refs)
        value = _read(tree, blobs, DEEPEST)
    except (ValueError, RecursionError) as error:  # also of bytes that are no UTF-8
        raise Malformed(f"The header is not JSON that we write: {error}") from None
    if blobs.at != len(frame):
        raise Malformed("The frame has bytes that nothing uses.")
    return value


def _write(value: object, blobs: list[bytes], depth: int) -> object:
    """The part of the header for a value; its raw bytes are appended to `blobs`."""
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value
    if kind is int:
        if abs(value) >= LARGEST_INTEGER:  # type: ignore[arg-type]
            raise NotPlain("The value is an integer of more than 4096 bits.")
        return value
    if depth == 0:
        raise NotPlain(f"The value is nested more than {DEEPEST} deep.")
    if kind is list or kind is tuple:
        return {kind.__name__: [_write(v, blobs, depth - 1) for v in value]}  # type: ignore
    if kind is dict:
        pairs = [[_key(k), _write(v, blobs, depth - 1)] for k, v in value.items()]  # type: ignore
        return {"dict": pairs}
    if kind is Ref:
        return {"ref": value.name}  # type: ignore[attr-defined]
    return _write_numbers(value, blobs)


def _key(key: object) -> object:
    if type(key) not in (str, int, bool) or (type(key) is int and abs(key) >= LARGEST_INTEGER):
        raise NotPlain(f"The value has a key of type {_name(key)}: use strings or integers.")
    return key


def _write_numbers(value: object, blobs: list[bytes]) -> object:
    """The part of the header for a tensor, an array or a scalar of NumPy."""
    if type(value) is Tensor:
        value = Tensor.detach(value)  # a new object, without methods that the old one was given
        dtype = str(value.dtype).removeprefix("torch.")
        if dtype not in TENSORS or value.layout is not torch.strided:
            raise NotPlain(f"The value is a tensor of type {dtype} and layout {value.layout}.")
        _small_enough(value.shape, value.element_size(), blobs)
        flat = value.cpu().resolve_conj().resolve_neg().contiguous().view(-1)
        blobs.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
        return {"tensor": [dtype, *value.shape]}
    if type(value) is np.ndarray and value.dtype.name in ARRAYS:
        _small_enough(value.shape, value.itemsize, blobs)
        blobs.append(value.astype(ARRAYS[value.dtype.name], copy=False).tobytes())
        return {"array": [value.dtype.name, *value.shape]}
    if type(value) in SCALARS:
        name = SCALARS[type(value)]
        blobs.append(np.asarray(value, ARRAYS[name]).tobytes())
        return {"scalar": [name]}
    raise NotPlain(f"The value is an object of type {_name(value)}, not plain data.")


def _name(value: object) -> str:
    """Of its type, whatever the type says about itself."""
    name = type.__getattribute__(type(value), "__name__")
    return str.__str__(name)[:80]


def _small_enough(shape: Iterable[int], itemsize: int, blobs: list[bytes]) -> None:
    """Refuse it if it would not fit; for empty ones too, sizes are bounded."""
    if itemsize * math.prod(n or 1 for n in shape) + sum(map(len, blobs)) > LARGEST_FRAME:
        raise NotPlain(f"The value takes more than {LARGEST_FRAME >> 20} MB: return less.")


class _Blobs:
    """The raw bytes of a frame, taken from its front to its end."""

    def __init__(self, frame: bytes, at: int, refs: bool) -> None:
        self.frame, self.at, self.refs = frame, at, refs

    def take(self, count: int) -> bytearray:
        if count > len(self.frame) - self.at:
            raise Malformed("The frame has fewer bytes than its header says.")
        self.at += count
        return bytearray(self.frame[self.at - count : self.at])  # of its own, and writable


def _read(tree: object, blobs: _Blobs, depth: int) -> object:
    """The value that a part of the header describes."""
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if depth == 0 or not isinstance(tree, dict) or len(tree) != 1:
        raise Malformed("The header has a part that we do not write.")
    ((kind, inner),) = tree.items()
    if kind == "ref" and blobs.refs and isinstance(inner, str):
        return Ref(inner)
    if not isinstance(inner, list):
        raise Malformed(f"A {kind[:20]} is not written so.")
    if kind in ("list", "tuple"):
        values = [_read(v, blobs, depth - 1) for v in inner]
        return values if kind == "list" else tuple(values)
    if kind == "dict":
        return dict(_read_pair(pair, blobs, depth - 1) for pair in inner)
    return _read_numbers(kind, inner, blobs)


def _read_pair(pair: object, blobs: _Blobs, depth: int) -> tuple[object, object]:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str | int):
        raise Malformed("A dictionary has a pair that is none.")
    return pair[0], _read(pair[1], blobs, depth)


def _read_numbers(kind: str, inner: list, blobs: _Blobs) -> object:
    dtypes: dict = {"tensor": TENSORS, "array": ARRAYS, "scalar": ARRAYS}.get(kind, {})
    name, shape = (inner[0], inner[1:]) if inner else (None, [])
    if not isinstance(name, str) or name not in dtypes or len(shape) > DIMENSIONS:
        raise Malformed(f"A {kind[:20]} is not written so.")
    if not all(type(n) is int and n >= 0 for n in shape) or (kind == "scalar" and shape):
        raise Malformed("A size is not a whole number from 0.")
    if math.prod(n or 1 for n in shape) > LARGEST_FRAME:
        raise Malformed("A size is too large.")
    dtype = dtypes[name]
    raw = blobs.take(math.prod(shape) * dtype.itemsize)
    if name == "bool" and not set(raw) <= {0, 1}:
        raise Malformed("A truth value is neither 0 nor 1.")
    if kind == "tensor":
        empty = torch.empty(shape, dtype=dtype)
        return torch.frombuffer(raw, dtype=dtype).reshape(shape) if raw else empty
    array = np.frombuffer(raw, dtype=dtype).reshape(shape)
    return array if kind == "array" else array[()]
