"""Kernels that execute notebooks, over sockets that cannot collide and nobody else can read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_client.manager import AsyncKernelManager


@contextmanager
def kernel() -> Iterator[AsyncKernelManager]:
    """The manager of a kernel that has not started yet."""
    manager = AsyncKernelManager(kernel_name="python3")
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        if os.name != "nt":  # kernels started side by side may pick the same port, but not one file
            manager.transport, manager.ip = "ipc", os.path.join(folder, "socket")
        yield manager
