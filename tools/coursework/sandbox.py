"""Runs a student's notebook shut in, and lets hidden checks call its functions.

    with Sandbox().open_notebook(cells) as session:
        session.ran  # how each cell ended
        session.student.path_norm(a, W, b)  # the student's function, in the worker

The checks run here, in the grader's process, and the student's code runs there: see `worker.py`.
A cell that kills or hangs the interpreter is put aside, and the other cells run again without it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tools.coursework import levels, wire
from tools.coursework.levels import available
from tools.coursework.process import Gone, Late, Process, killed_by

GRACE = 5  # seconds that the worker has beyond a limit that it keeps itself
PATIENCE = 2  # times that a function may take the whole worker down


class Unanswered(Exception):
    """A call of the student's function gave no answer; the message says why in one sentence."""


class Missing(Unanswered, AttributeError):
    """The notebook has no such function or value."""


class StudentError(Unanswered):
    """The student's code raised an exception."""


class TimedOut(Unanswered):
    """The call took too long."""


class Crashed(Unanswered):
    """The call ended its process, or the worker."""


class NotPlain(Unanswered):
    """The call returned something else than numbers, strings, lists, tensors or arrays."""


@dataclass(frozen=True)
class CellRun:
    """How a cell ended."""

    ok: bool
    message: str = ""  # what went wrong
    output: str = ""  # the beginning of what it printed
    aside: bool = False  # it took the interpreter down and does not run again


def isolation() -> str:
    """The strongest level that works here: bubblewrap, nobody or limits only."""
    if not available():
        raise RuntimeError("No worker can be started here: install the book with `make setup`.")
    return available()[0]


def limits_of(level: str) -> str:
    """One sentence on what a level does not defend against."""
    return levels.LEVELS[level]


@dataclass(frozen=True)
class Sandbox:
    """The limits that a student's code runs under.

    seconds_per_cell, seconds_per_call: of a clock on the wall
    memory_bytes: address space of one process, beyond what torch takes
    seconds: for a whole submission; after them nothing of it runs
    level: one of `levels.available()`; the strongest if None
    """

    seconds_per_cell: float = 60
    seconds_per_call: float = 5
    memory_bytes: int = 4 << 30
    seconds: float = 600
    level: str | None = None

    def open_notebook(self, cells: list[str]) -> Session:
        """Run the cells one by one; the session then answers calls until it is closed."""
        return Session(self, cells)


class Session:
    """A student's notebook that has run, and its functions."""

    def __init__(self, sandbox: Sandbox, cells: list[str]) -> None:
        self.sandbox, self.cells = sandbox, cells
        self.level = sandbox.level or isolation()
        self.ran: list[CellRun] = []
        self.student = Student(self)
        self._spent = 0.0
        self._blame: Counter[str] = Counter()
        self._worker: Process | None = None
        self._trouble: RuntimeError | None = None  # of ours: a worker that did not start
        try:
            for cell in cells:
                self.ran.append(self._run(cell))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
        if self._trouble is not None:  # properties lost to it are no mistakes of the student
            raise self._trouble

    def close(self) -> None:
        """End the worker and whatever student code has started."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def ask(self, name: str, request: dict) -> dict:
        """The worker's reply on a function or value of that name; Unanswered if it has none."""
        if self._blame[name] >= PATIENCE:
            raise Crashed(f"{name} is not called again: it ended the worker {PATIENCE} times.")
        limit = self.sandbox.seconds_per_call
        try:
            worker = self._ready()
            reply = self._timed(worker, request | {"name": name, "seconds": limit}, limit + GRACE)
        except Late:
            self._blame[name] += 1
            raise TimedOut(f"{name} ran past {limit:g} s.") from None
        except Gone as gone:
            self._blame[name] += 1
            raise Crashed(f"{name}: the worker {gone}.") from None
        if reply.get("left") is not False:
            self._blame[name] += 1
            self.close()
        return _answered(name, reply, limit)

    def _ready(self) -> Process:
        """A worker in which all cells so far have run, but those put aside."""
        while self._worker is None:
            if self._spent >= self.sandbox.seconds:
                raise Crashed(f"Not graded further after {self.sandbox.seconds:g} s.")
            began = time.monotonic()
            self._worker = self._start()
            self._spent += time.monotonic() - began
            for i, done in enumerate(self.ran):
                if not done.aside:
                    again = self._execute(self._worker, self.cells[i])
                    if again.aside:
                        self.ran[i] = again
                        break
        return self._worker

    def _start(self) -> Process:
        try:
            return Process(self.level, self.sandbox.memory_bytes, self.sandbox.seconds)
        except RuntimeError as error:
            self._trouble = error
            raise

    def _run(self, cell: str) -> CellRun:
        """A cell that has not run yet."""
        try:
            worker = self._ready()
        except Crashed as crashed:
            return CellRun(False, str(crashed))
        return self._execute(worker, cell)

    def _execute(self, worker: Process, cell: str) -> CellRun:
        limit = self.sandbox.seconds_per_cell
        try:
            reply = self._timed(worker, {"do": "run", "code": cell}, limit)
        except Late:
            how = f"ran past {limit:g} s"
        except Gone as gone:
            how = f"killed the interpreter, which {gone}"
        else:
            if reply.get("kind") != "crowded":
                error, printed = reply.get("error"), worker.output.decode(errors="replace")
                return CellRun(error is None, _line(error), printed)
            how = "left too many processes"
            worker.kill()
        self._worker = None
        return CellRun(False, how, worker.output.decode(errors="replace"), aside=True)

    def _timed(self, worker: Process, request: dict, seconds: float) -> dict:
        """Ask, and count the seconds; a worker that is gone is forgotten."""
        began = time.monotonic()
        try:
            return worker.ask(request, seconds)
        except Gone:
            self._worker = None
            raise
        finally:
            self._spent += time.monotonic() - began


def _answered(name: str, reply: dict, limit: float) -> dict:
    """The reply, which student code may have forged, if it holds a value or names a function."""
    kind, error = reply.get("kind"), _line(reply.get("error"))
    if kind in ("value", "function"):
        return reply
    if kind == "missing":
        raise Missing(f"there is no function or value named {name}.")
    if kind == "raised":
        raise StudentError(error)
    if kind == "unplain":
        raise NotPlain(f"{name}: {error}")
    if kind == "late":
        raise TimedOut(f"{name} ran past {limit:g} s.")
    if kind == "crowded":
        raise Crashed(f"{name} was not called: the notebook left too many processes.")
    status = reply.get("status")
    by = killed_by(status & 127) if type(status) is int else None
    how = f"was killed by {by}" if by else "ended its process without an answer"
    raise Crashed(f"The call of {name} {how}.")


def _line(text: object) -> str:
    """Text of the student's process, in one line that can be printed."""
    if not isinstance(text, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in text[:500])


class Student:
    """The student's functions and values, as attributes; what hidden checks are given."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._functions: set[str] = set()  # names known to be functions

    def ref(self, name: str) -> wire.Ref:
        """The notebook's own function or value of that name, as an argument of a call."""
        return wire.Ref(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by copy, pickle and the like
            raise AttributeError(name)
        if name not in self._functions:
            reply = self._session.ask(name, {"do": "look"})
            if reply["kind"] == "value":
                return reply.get("value")
            self._functions.add(name)

        def call(*args: object, **named: object) -> Any:
            return self._session.ask(name, {"do": "call", "args": args, "named": named}).get(
                "value"
            )

        return call
