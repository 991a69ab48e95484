"""Measuring side by side: rivals take turns at the same work, and their results must agree.

What is reported is a ratio of times of the same round: a machine that slows down slows down both.
"""

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Row:
    """One line of the table of results.

    `value` is the median over the rounds and `spread` the lowest and the highest of them; `goal`
    is the goal in words ("≥ 1.5") and `holds` says whether `value` reaches it. Both are None where
    a number is only reported.
    """

    section: str
    work: str
    quantity: str
    value: float
    spread: tuple[float, float] | None = None
    goal: str | None = None
    holds: bool | None = None
    note: str = ""


def row(
    section: str,
    work: str,
    quantity: str,
    values: Sequence[float],
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """A row from the values of the rounds, compared with its goal, if it has one.

    >>> row("training", "tiny", "times JAX", [1.0, 3.0, 2.0], at_least=1.5)
    ... # doctest: +NORMALIZE_WHITESPACE
    Row(section='training', work='tiny', quantity='times JAX', value=2.0, spread=(1.0, 3.0),
        goal='≥ 1.5', holds=True, note='')
    """
    value = statistics.median(values)
    goal, holds = None, None
    if at_least is not None:
        goal, holds = f"≥ {at_least:g}", value >= at_least
    if at_most is not None:
        goal, holds = f"≤ {at_most:g}", value <= at_most
    spread = (min(values), max(values)) if len(values) > 1 else None
    return Row(section, work, quantity, value, spread, goal, holds, note)


def seconds(work: Callable[[], object]) -> float:
    """The time that one call takes, with the garbage collector out of the way."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    finally:
        gc.enable()


def alternate(
    rivals: Mapping[str, Callable[[], object]], rounds: int = 5
) -> dict[str, list[float]]:
    """Seconds of each rival in each round; in a round every rival works once, in turn.

    Every second round runs in the opposite order. Rivals must have been warmed up, compiled ones
    in particular: what compiling costs is measured by `seconds` around their first call.

    >>> times = alternate({"sum": lambda: sum(range(99)), "max": lambda: max(range(99))}, rounds=3)
    >>> {name: len(values) for name, values in times.items()}
    {'sum': 3, 'max': 3}
    """
    times: dict[str, list[float]] = {name: [] for name in rivals}
    names = list(rivals)
    for count in range(rounds):
        for name in names if count % 2 == 0 else reversed(names):
            times[name].append(seconds(rivals[name]))
    return times


def speedup(times: Mapping[str, Sequence[float]], ours: str, theirs: str) -> list[float]:
    """How many times as fast `ours` is as `theirs`, in each round.

    >>> speedup({"ours": [1.0, 2.0], "theirs": [3.0, 3.0]}, "ours", "theirs")
    [3.0, 1.5]
    """
    return [b / a for a, b in zip(times[ours], times[theirs], strict=True)]


def must_agree(work: str, results: Mapping[str, Sequence[float]], rtol: float) -> None:
    """Raise AssertionError unless all rivals arrived at the same numbers, all of them finite.

    >>> must_agree("tiny", {"ours": [1.0, 2.0], "theirs": [1.0, 2.0001]}, rtol=1e-3)
    >>> must_agree("tiny", {"ours": [1.0], "theirs": [1.1]}, rtol=1e-3)
    Traceback (most recent call last):
        ...
    AssertionError: tiny: theirs ends at 1.1 where ours ends at 1.0: they did not do the same work.
    """
    first, *others = results
    for name in (first, *others):
        pairs = zip(results[first], results[name], strict=True)
        for expected, found in pairs:
            if not (math.isfinite(found) and math.isclose(found, expected, rel_tol=rtol)):
                raise AssertionError(
                    f"{work}: {name} ends at {found} where {first} ends at {expected}: "
                    "they did not do the same work."
                )


def peak_extra_bytes(work: Callable[[], object]) -> int | None:
    """By how much the memory of this process rises above its present size while `work` runs.

    Linux only, from the kernel's high-water mark; None where it cannot be read or reset. Memory
    that the allocator kept from earlier work is not seen: measure in a fresh process.
    """
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        gc.collect()
        reset.write_text("5")
        before = _status_bytes(status, "VmRSS")
        work()
        return _status_bytes(status, "VmHWM") - before
    except OSError:
        return None


def _status_bytes(status: Path, field: str) -> int:
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def matrix_product_rate(dtype: torch.dtype, side: int = 1024, rounds: int = 7) -> float:
    """The machine's own rate, in floating-point operations a second: its best square product."""
    a = torch.randn(side, side, dtype=dtype)
    a @ a
    return 2 * side**3 / min(seconds(lambda: a @ a) for _ in range(rounds))
