"""A call of a student's function, in a process that the worker has forked for it.

Beside `worker.py` and `wire.py`, this is all that there is of us in the sandbox.
"""

from __future__ import annotations

import os
import select
import signal
import time

import wire


class Fork:
    """A call under way: its process, and the pipe that its answer comes through."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid, self.pipe, self.frame = pid, pipe, bytearray()
        self.status: int | None = None  # as of os.waitpid, once it has ended

    def finish(self, seconds: float) -> None:
        """Wait for the answer, at most so long; the process is dead afterwards."""
        deadline = time.monotonic() + seconds
        while not self.complete() and time.monotonic() < deadline:
            if self.readable(0.05):
                if not (more := os.read(self.pipe, 1 << 20)):
                    break
                self.frame += more
            elif self.ended():
                break
        self.frame = self.frame[: self.size()] if self.complete() else bytearray()
        if not self.ended(patience=0.5 if self.frame or time.monotonic() < deadline else 0):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def size(self) -> int | None:
        """Of the frame under way; 0 if it is none, so that nothing of it counts."""
        try:
            return wire.size(self.frame)
        except wire.Malformed:
            return 0

    def complete(self) -> bool:
        size = self.size()
        return size is not None and len(self.frame) >= size

    def readable(self, seconds: float) -> bool:
        return bool(select.select([self.pipe], [], [], seconds)[0])

    def ended(self, patience: float = 0) -> bool:
        """Whether the process has ended, or does so soon."""
        until = time.monotonic() + patience
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
            elif time.monotonic() >= until:
                return False
            else:
                time.sleep(0.001)
        return True

    def left_something(self) -> bool:
        """Whether processes that it started still hold the pipe."""
        while self.readable(0.1):
            if not os.read(self.pipe, 1 << 20):
                return False
        return True
