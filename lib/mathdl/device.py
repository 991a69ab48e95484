"""Where and in what precision computation runs, and where random numbers come from.

Two environment variables decide: `MATHDL_DEVICE` (for example cpu, cuda, cuda:1, mps) and
`MATHDL_SEED` (default 0). Random numbers are always drawn on the CPU, by NumPy, and moved: the
same seed gives the same numbers on every machine. Float32 means float32 on CUDA too: TF32, which
PyTorch by default uses in convolutions, has three digits only, and is switched off.
"""

import os
import zlib

import numpy as np
import torch

torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_tf32 = False


def device() -> torch.device:
    """The device that computation runs on: CUDA where it is present, the CPU otherwise.

    The environment variable `MATHDL_DEVICE` overrides the choice. MPS is used only when it is
    asked for, because it has no float64.

    Raises ValueError if `MATHDL_DEVICE` names no device and RuntimeError if it names one that
    this machine does not have.

    >>> device().type in {"cpu", "cuda", "mps"}
    True
    """
    name = os.environ.get("MATHDL_DEVICE", "").strip()
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(name)
    except RuntimeError:
        chosen = None
    if chosen is None or chosen.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"MATHDL_DEVICE={name!r} names no device; use cpu, cuda, cuda:1 or mps.")
    if not _is_present(chosen):
        raise RuntimeError(
            f"MATHDL_DEVICE={name!r} asks for a device that this machine does not have; "
            "unset it or set it to cpu."
        )
    return chosen


def _is_present(chosen: torch.device) -> bool:
    if chosen.type == "cuda":
        return torch.cuda.is_available() and (chosen.index or 0) < torch.cuda.device_count()
    if chosen.type == "mps":
        return torch.backends.mps.is_available()
    return True


def dtype() -> torch.dtype:
    """The precision of floating-point tensors: float64, or float32 on MPS, which has no float64.

    >>> dtype() is (torch.float32 if device().type == "mps" else torch.float64)
    True
    """
    return torch.float32 if device().type == "mps" else torch.float64


def seed() -> int:
    """The seed of the run, `MATHDL_SEED`; 0 where it is not set.

    Raises ValueError if it is set to anything but a non-negative integer.

    >>> seed() >= 0
    True
    """
    text = os.environ.get("MATHDL_SEED", "").strip() or "0"
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"MATHDL_SEED={text!r} is not a seed; set it to an integer 0, 1, 2, ...")
    return int(text)


def generator(label: str) -> np.random.Generator:
    """A stream of random numbers of its own for each label, fixed by the label and the seed.

    The stream is `SeedSequence([seed(), crc32(label)])`: two labels give independent streams, and
    a page can add an experiment without changing the random numbers of the others.

    >>> a, b = generator("barron-space"), generator("barron-space")
    >>> bool((a.normal(size=3) == b.normal(size=3)).all())
    True
    """
    return np.random.default_rng(np.random.SeedSequence([seed(), zlib.crc32(label.encode())]))


def tensor(array) -> torch.Tensor:
    """Move a NumPy array to the device; floating-point numbers take the precision of `dtype()`.

    Integers and booleans keep their type. The result never shares memory with `array`.

    >>> tensor(np.ones((2, 3))).shape
    torch.Size([2, 3])
    >>> tensor(np.arange(3)).dtype
    torch.int64
    """
    array = np.asarray(array)
    kind = dtype() if np.issubdtype(array.dtype, np.floating) else None
    return torch.tensor(array, dtype=kind, device=device())


def full_size() -> bool:
    """Whether experiments run at full size (`MATHDL_FULL=1`), which is meant for a GPU.

    >>> full_size() in (True, False)
    True
    """
    return os.environ.get("MATHDL_FULL", "").strip() not in ("", "0")
