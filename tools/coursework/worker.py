"""Runs a student's cells and functions, inside the sandbox, and answers with plain data.

A script of its own: it knows nothing of the grader, of marks or of hidden checks. Whatever student
code does to this process, or makes it say, changes nothing but the student's own answers; deadlines
and the decision who is right are with the grader, on the other end of the pipe.

Each function is called in a fork, so that a crash, or what a call changes, does not reach the next.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import gc
import io
import json
import math
import os
import random
import resource
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parent)
import torch  # noqa: E402
import wire  # noqa: E402
from fork import Fork  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from traitlets.config import Config  # noqa: E402

LONGEST_MESSAGE = 500
BUILTINS = dict(vars(builtins))
FILE_BYTES = 64 << 20  # of one file
OPEN_FILES = 512


class Shell(InteractiveShell):
    """IPython without a terminal: magics work, and nothing is shown."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window that could be opened."""

    def ask_exit(self) -> None:
        raise SystemExit


def limit(options: dict) -> None:
    """Bound what this process and its children may use; only the kernel can lift it again."""
    wanted = {
        "RLIMIT_AS": address_space() + options["memory"],
        "RLIMIT_CPU": math.ceil(time.process_time() + options["seconds"]),
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": options["processes"],
    }
    for name, value in wanted.items():
        if value is not None and hasattr(resource, name):
            lower(getattr(resource, name), value)


def address_space() -> int:
    """Bytes that this process has reserved by now, most of them for torch; Linux only."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def lower(which: int, value: int) -> None:
    """Set a limit, unless a stricter one holds or this system has none of the kind."""
    hard = resource.getrlimit(which)[1]
    if hard == resource.RLIM_INFINITY or value < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, (value, value))


def told(error: BaseException) -> str:
    """An exception in one line."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:
        text = "an exception that cannot be printed"
    return " ".join(text.split())[:LONGEST_MESSAGE]


def send(pipe: int, frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[os.write(pipe, left) :]


class Worker:
    """Reads one request after the other and answers each with one frame."""

    def __init__(self, requests: int, replies: int) -> None:
        self.requests, self.replies = requests, replies
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        self.shell = Shell.instance(config=config)
        self.pid = os.getpid()

    def serve(self) -> None:
        """Until the grader closes its end."""
        while (request := self.receive()) is not None:
            answer = self.run(request) if request["do"] == "run" else self.call(request)
            if os.getpid() != self.pid:  # a fork that a cell made and did not end
                os._exit(0)
            send(self.replies, answer)

    def receive(self) -> dict | None:
        frame = bytearray()
        while (size := wire.size(frame)) is None or len(frame) < size:
            wanted = (size or wire.LENGTHS.size) - len(frame)
            if not (more := os.read(self.requests, wanted)):
                return None
            frame += more
        return wire.unpack(bytes(frame), refs=True)

    def run(self, request: dict) -> bytes:
        """Execute a cell as Jupyter would."""
        # New ones for each cell: the last one may have closed or replaced them.
        streams = [io.TextIOWrapper(io.FileIO(n, "w", closefd=False)) for n in (1, 2)]
        sys.stdout, sys.stderr = streams
        try:
            result = self.shell.run_cell(request["code"], store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as outside:  # of a shell that student code has changed
            error = outside
        vars(builtins).update(BUILTINS)  # this program needs them too
        for stream in streams:
            with contextlib.suppress(BaseException):
                stream.flush()
        if not self.can_fork():
            return wire.pack({"id": request["id"], "kind": "crowded"})
        answer = {"id": request["id"], "kind": "ran"}
        return wire.pack(answer if error is None else answer | {"error": told(error)})

    def can_fork(self) -> bool:
        """Whether what runs already leaves room for a call."""
        try:
            pid = os.fork()
        except OSError:
            return False
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return True

    def call(self, request: dict) -> bytes:
        """Call a function, or look a value up, in a fork that ends afterwards."""
        try:
            incoming, outgoing = os.pipe()
            pid = os.fork()
        except OSError as error:
            return wire.pack({"id": request["id"], "kind": "crowded", "error": told(error)})
        if pid == 0:
            os.close(incoming)
            self.answer(request, outgoing)
        os.close(outgoing)
        fork = Fork(pid, incoming)
        fork.finish(request["seconds"])
        answer = {"id": request["id"], "left": fork.left_something(), "status": fork.status}
        os.close(incoming)
        if fork.frame:  # goes on as it came; the grader reads it
            return wire.pack(answer | {"kind": "answered"}) + fork.frame
        return wire.pack(answer | {"kind": "late" if fork.status is None else "crashed"})

    def answer(self, request: dict, outgoing: int) -> None:
        """In the fork: send what the function returns, and end."""
        child = os.getpid()
        try:
            os.close(self.requests)  # a function has no business with the grader's pipes
            os.close(self.replies)
            frame = self.framed(request)
            if os.getpid() == child:  # and not a fork of the function's own
                send(outgoing, frame)
        finally:
            os._exit(0)

    def framed(self, request: dict) -> bytes:
        """What came of the request, whatever that is."""
        try:
            value = self.evaluate(request)
            vars(builtins).update(BUILTINS)
            return wire.pack(value)
        except wire.NotPlain as error:
            return wire.pack({"kind": "unplain", "error": str(error)})
        except BaseException as error:
            vars(builtins).update(BUILTINS)
            return wire.pack({"kind": "raised", "error": told(error)})

    def evaluate(self, request: dict) -> dict:
        """What the requested function returns, or what is the matter with it."""
        silence()
        torch.set_num_threads(1)  # threads that a cell started do not live in a fork
        seconds = math.ceil(request["seconds"]) + 2
        lower(resource.RLIMIT_CPU, seconds)
        names = self.shell.user_ns
        if request["name"] not in names:
            return {"kind": "missing"}
        found = names[request["name"]]
        if request["do"] == "look":
            return {"kind": "function"} if callable(found) else {"kind": "value", "value": found}
        if not callable(found):
            return {"kind": "raised", "error": "TypeError: it is a value, not a function"}
        with self.shell.builtin_trap:
            args = [self.referred(a) for a in request["args"]]
            named = {name: self.referred(a) for name, a in request["named"].items()}
            return {"kind": "value", "value": found(*args, **named)}

    def referred(self, argument: object) -> object:
        if isinstance(argument, wire.Ref):
            return self.shell.user_ns[argument.name]
        return argument


def silence() -> None:
    """What a call prints is not looked at, so it may print as much as it likes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def main(options: dict) -> None:
    """Take the pipes away from where student code prints, then serve."""
    place = random.SystemRandom().randrange(100, OPEN_FILES - 100)
    requests = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, place)
    replies = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, place)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    with contextlib.suppress(OSError):  # if memory ends, this goes first; Linux only
        Path("/proc/self/oom_score_adj").write_text("1000")
    sys.path[0] = ""  # as in Jupyter: the folder of the notebook
    worker = Worker(requests, replies)
    torch.ones(2).abs().sum()  # what torch does at its first sum, forks need not repeat
    gc.freeze()  # forks then share these pages
    limit(options)
    send(replies, wire.pack({"kind": "ready"}))
    worker.serve()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
