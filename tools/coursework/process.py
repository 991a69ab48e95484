"""One worker process, seen from the grader: it is asked, given a deadline, and killed.

Nothing that comes from it is taken for more than bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from tools.coursework import levels, wire

STARTING = 120  # seconds to import torch and IPython, on a slow machine
LOOKING = 0.5  # seconds between two looks whether it still lives
ENDING = 10  # seconds in which the kernel clears away what was killed
KEPT_OUTPUT = 20_000  # bytes of what student code prints
CHUNK = 1 << 20  # bytes that a pipe holds, where the system allows


class Gone(Exception):
    """The worker is no longer there; the message says how it went."""


class Late(Gone):
    """It did not answer in time, and was killed."""


def killed_by(number: int) -> str | None:
    """The name of a signal; None if there is none of this number."""
    return next((s.name for s in signal.Signals if s.value == number), None)


class Process:
    """A worker that has started and waits for requests.

    level: one of `levels.available()`
    memory: bytes of address space
    seconds: of processor time, in all
    """

    def __init__(self, level: str, memory: int, seconds: float) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="coursework-"))
        self.launch = levels.launch(level, self.folder)
        self.output, self.asked, self._incoming = b"", 0, bytearray()
        options = {"memory": memory, "seconds": seconds, "processes": self.launch.processes}
        script = str(self.launch.scripts / "worker.py")
        self.popen = subprocess.Popen(
            [*self.launch.command, script, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.launch.environment,
            cwd=self.launch.folder,
            start_new_session=True,
            bufsize=0,
            pipesize=CHUNK,
        )
        assert self.popen.stdin and self.popen.stdout and self.popen.stderr
        self._pipes = self.popen.stdin, self.popen.stdout, self.popen.stderr
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        try:
            self._message(b"", time.monotonic() + STARTING)
        except Gone as gone:
            said = " ".join(self.output.decode(errors="replace").split())[-500:]
            raise RuntimeError(
                f"The worker does not start at level {level}: {gone}. {said}"
            ) from None

    def ask(self, request: dict, seconds: float) -> dict:
        """Send a request and wait for its answer; Gone where none comes that we can read."""
        self.asked += 1
        self.output = b""
        deadline = time.monotonic() + seconds
        reply = self._message(wire.pack(request | {"id": self.asked}), deadline)
        self._read_what_was_printed()
        if type(reply.get("id")) is not int or reply["id"] != self.asked:
            self._fail("answered what it was not asked")
        if reply.get("kind") == "answered":
            reply = self._message(b"", deadline) | {"left": reply.get("left")}
        return reply

    def kill(self) -> None:
        """End the worker and all that it has started; what it wrote is deleted."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.kill()
        self.popen.wait()
        levels.end(self.launch)
        self._wait_until_all_have_ended()
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_all_have_ended(self) -> None:
        """Whoever still runs holds one of the pipes, unless it closed them."""
        deadline = time.monotonic() + ENDING
        for pipe in self._pipes[1:]:
            while time.monotonic() < deadline:
                try:
                    if not os.read(pipe.fileno(), CHUNK):
                        break
                except BlockingIOError:
                    time.sleep(0.01)

    def _message(self, outgoing: bytes, deadline: float) -> dict:
        """Write all of `outgoing`, then read one frame; what is printed meanwhile is kept."""
        try:
            size = self._exchange(outgoing, deadline)
            value = wire.unpack(bytes(self._incoming[:size]))
        except wire.Malformed as error:
            self._fail(f"wrote to the grader's pipe: {error}")
        del self._incoming[:size]
        if not isinstance(value, dict) or type(value.get("kind")) is not str:
            self._fail("wrote to the grader's pipe")
        return value

    def _read_what_was_printed(self) -> None:
        """Before the answer came; a flood from a thread that goes on ends somewhere."""
        with contextlib.suppress(BlockingIOError):
            while len(self.output) < KEPT_OUTPUT:
                if not (more := os.read(self._pipes[2].fileno(), CHUNK)):
                    return
                self._take(self._pipes[2].fileno(), more)

    def _exchange(self, outgoing: bytes, deadline: float) -> int:
        """Until a whole frame has come in; gives its size."""
        requests, left = self._pipes[0].fileno(), memoryview(outgoing)
        with selectors.DefaultSelector() as ready:
            for pipe in self._pipes[1:]:
                ready.register(pipe.fileno(), selectors.EVENT_READ)
            if left:
                ready.register(requests, selectors.EVENT_WRITE)
            while (size := wire.size(self._incoming)) is None or len(self._incoming) < size:
                ended = self.popen.poll() is not None
                events = ready.select(max(0, min(LOOKING, deadline - time.monotonic())))
                if time.monotonic() >= deadline:
                    self._fail("did not answer in time", Late)
                if ended and not events:  # forks of it may hold the pipe open
                    self._fail(self._how_it_ended())
                for key, _ in events:
                    if key.fd == requests:
                        left = self._write(left)
                    if key.fd == requests and left:
                        continue
                    more = b"" if key.fd == requests else os.read(key.fd, CHUNK)
                    if not more:
                        ready.unregister(key.fd)
                    self._take(key.fd, more)
        return size

    def _take(self, pipe: int, more: bytes) -> None:
        """What came through one of the pipes; nothing if it is closed."""
        if pipe == self._pipes[2].fileno():
            self.output += more[: KEPT_OUTPUT - len(self.output)]
        elif pipe == self._pipes[1].fileno():
            self._incoming += more
            if not more:
                self._fail(self._how_it_ended())

    def _write(self, left: memoryview) -> memoryview:
        """What is still to be written after as much as the pipe takes."""
        try:
            return left[os.write(self._pipes[0].fileno(), left) :]
        except BrokenPipeError:  # its last words, if any, are in the other pipes
            return left[:0]

    def _how_it_ended(self) -> str:
        try:
            code = self.popen.wait(ENDING)
        except subprocess.TimeoutExpired:
            return "closed the grader's pipe"
        killer = killed_by(-code if code < 0 else code - 128)  # bubblewrap gives 128 + the signal
        return f"was killed by {killer}" if killer else f"ended with exit code {code}"

    def _fail(self, how: str, error: type[Gone] = Gone) -> NoReturn:
        self.kill()
        raise error(how)
