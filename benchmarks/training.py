"""Training ensembles of two-layer networks: our two paths, PyTorch's usual ones, and JAX."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from mathdl import fused, models
from torch._inductor.utils import fresh_cache

from benchmarks import harness, rivals_torch
from benchmarks.harness import Row, row
from benchmarks.rivals_work import Work

try:
    from benchmarks import rivals_jax
except ImportError:
    rivals_jax = None  # its rows are left out

Run = Callable[[], models.TwoLayer]
# between losses, relative; in float32 rounding can send a sample to the other side of a kink
TOLERANCE = {"float32": 1e-3, "float64": 1e-8}


@dataclass(frozen=True)
class Goal:
    """What is to be reached on one piece of work; `short` steps for rivals that are slow."""

    work: Work
    short: int
    loop: float | None = None
    jax: float | None = None
    blocked: float | None = None  # below this, fusion was lost


GOALS = [
    Goal(Work(64, 64, 256, 2, steps=1024), short=64, loop=40, jax=1.5, blocked=1.5),
    Goal(Work(64, 256, 1024, 10, steps=32), short=16, loop=5, jax=1.1, blocked=1.2),
    Goal(Work(256, 32, 128, 1, steps=1024), short=128, loop=150, jax=1.35, blocked=1.5),
    Goal(Work(16, 1024, 2000, 20, steps=32), short=8, loop=2.5, jax=0.7),
    Goal(Work(1, 64, 256, 2, steps=4096), short=512, loop=15, jax=0.55, blocked=1.5),
    Goal(Work(64, 64, 256, 2, "adam", steps=1024), short=64, jax=1.3),
    Goal(Work(64, 256, 1024, 10, "adam", steps=32), short=16, jax=1.1),
    Goal(Work(256, 32, 128, 1, "adam", steps=1024), short=128, jax=1.3),
    Goal(Work(64, 64, 256, 2, "sgd", steps=1024), short=64, jax=1.1),
    Goal(Work(64, 256, 1024, 10, "sgd", steps=1024), short=16, jax=0.95),
    Goal(Work(256, 32, 128, 1, "sgd", steps=1024), short=128, jax=0.95),
    Goal(Work(64, 64, 256, 2, steps=256, precision="float64"), short=64, jax=0.5),
    Goal(Work(64, 256, 1024, 10, steps=16, precision="float64"), short=8, jax=0.5),
    Goal(Work(256, 32, 128, 1, steps=256, precision="float64"), short=128, jax=0.5),
    Goal(Work(16, 1024, 2000, 20, steps=16, precision="float64"), short=8, jax=0.7),
    Goal(Work(1, 64, 256, 2, steps=4096, precision="float64"), short=512, jax=0.5),
]
QUICK = [
    Goal(Work(2, 16, 32, 2, rule, steps=8, batch=8), short=8, loop=1, jax=1, blocked=1)
    for rule in ("gd", "sgd")
]
RULES = {"gd": "gradient descent", "adam": "Adam", "sgd": "SGD, B = 32"}


def rows(quick: bool = False) -> list[Row]:
    """All rows on training; `quick` does tiny work, only to see that everything runs."""
    with fresh_cache():  # compiling is counted in full
        return _rows(quick)


def _rows(quick: bool) -> list[Row]:
    side = 128 if quick else 1024
    rates = {dtype: harness.matrix_product_rate(getattr(torch, dtype), side) for dtype in TOLERANCE}
    found = [
        row("Machine", f"product of {side} × {side}, {dtype}", "GFLOP/s", [rate / 1e9])
        for dtype, rate in rates.items()
    ]
    for goal in QUICK if quick else GOALS:
        print(f"{RULES[goal.work.rule]}, {goal.work.precision}, {goal.work.name}", file=sys.stderr)
        found += compare(goal, rates[goal.work.precision], rounds=1 if quick else 5)
    return found if quick else found + memory()


def compare(goal: Goal, rate: float, rounds: int) -> list[Row]:
    """All rivals on one piece of work: the fast ones for many steps, all of them for a few."""
    work, found = goal.work, []
    section = f"Training, {RULES[work.rule]}, {work.precision}"

    def add(quantity: str, values: list[float], note: str = "", at_least: float | None = None):
        found.append(row(section, work.name, quantity, values, at_least=at_least, note=note))

    best = _fastest(rivals_jax.by_hand_rivals(work.with_steps(goal.short))) if rivals_jax else ""

    def rivals(work: Work) -> dict[str, Run]:
        fast: dict[str, Run] = {"blocked": rivals_torch.ours(work, compiled=False)}
        if work.d <= fused.LARGEST_DIMENSION:
            fast["fused"] = rivals_torch.ours(work, compiled=True)
        if best:
            fast["JAX by hand"] = rivals_jax.by_hand_rivals(work)[best]
        return fast

    compiling = _agree(work, rivals(work.with_steps(goal.short)))
    fast = rivals(work)
    for run in fast.values():
        run()
    times = harness.alternate(fast, rounds)
    ours = min(fast.keys() & {"blocked", "fused"}, key=lambda name: statistics.median(times[name]))

    speeds = [work.flops * work.steps / seconds / 1e9 for seconds in times[ours]]
    add("GFLOP/s, ours", speeds, note=ours)
    add("of the product's rate", [1e9 * speed / rate for speed in speeds], note=ours)
    if best:
        ratio = harness.speedup(times, ours, "JAX by hand")
        add("ours vs JAX by hand", ratio, f"{ours}; JAX: {best}", at_least=goal.jax)
    if "fused" in fast:
        ratio = harness.speedup(times, "fused", "blocked")
        lost = "" if min(ratio) >= (goal.blocked or 0) else "fusion may be lost"
        add("fused vs blocked", ratio, note=lost, at_least=goal.blocked)
        add("compiling fused, s", [compiling["fused"]])
    return found + _slow(goal, section, ours, min(rounds, 3))


def _slow(goal: Goal, section: str, ours: str, rounds: int) -> list[Row]:
    """The plain loop and its usual improvements."""
    work = goal.work.with_steps(goal.short)
    rivals: dict[str, Run] = {
        "plain loop": rivals_torch.plain_loop(work),
        ours: rivals_torch.ours(work, compiled=ours == "fused"),
    }
    if work.rule == "gd" and work.precision == "float32":
        rivals |= {
            "vmap of grad": rivals_torch.vmap_of_grad(work),
            "batched autograd": rivals_torch.batched_autograd(work),
            "torch.compile of that": rivals_torch.batched_autograd(work, compiled=True),
        }
        if rivals_jax:
            ways = rivals_jax.autodiff_rivals(work)
            rivals["JAX autodiff"] = ways[_fastest(ways)]
    _agree(work, rivals)
    times = harness.alternate(rivals, rounds)
    found = []
    for name in rivals:
        if name != "plain loop":
            ratio = harness.speedup(times, name, "plain loop")
            label, bound = (f"ours ({name})", goal.loop) if name == ours else (name, None)
            found.append(row(section, work.name, f"{label} vs plain loop", ratio, at_least=bound))
    return found


def _agree(work: Work, rivals: Mapping[str, Run]) -> dict[str, float]:
    """Check that all reach the same losses; how long their first runs take, compiling included.

    A few steps are compared: over thousands of steps rounding grows to any size.
    """
    taken, losses = {}, {}
    for name, run in rivals.items():
        began = time.perf_counter()
        networks = run()
        taken[name] = time.perf_counter() - began
        losses[name] = work.losses(networks)
    harness.must_agree(work.name, losses, TOLERANCE[work.precision])
    return taken


def _fastest(rivals: Mapping[str, Run]) -> str:
    """The best of many ways to write the same rival: the fastest of three runs, after a first."""
    times = {}
    for name, run in rivals.items():
        run()
        times[name] = min(harness.seconds(run) for _ in range(3))
    return min(times, key=lambda name: times[name])


LARGE = Work(16, 1024, 10000, 20, steps=2)  # 4 E m n = 655 MB of activations


def memory() -> list[Row]:
    """Memory beyond what the data take, each in a process of its own."""
    work, found = f"{LARGE.name}, activations 655 MB", []
    for name, bound in {"blocked": 32.0, "vmap of grad": None}.items():
        command = [sys.executable, "-m", "benchmarks.training", name]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append(row("Memory", work, f"extra MB, {name}", [float(printed)], at_most=bound))
    return found


def _extra_megabytes(name: str) -> float:
    ways = {
        "blocked": lambda work: rivals_torch.ours(work, compiled=False),
        "vmap of grad": rivals_torch.vmap_of_grad,
    }
    ways[name](Work(2, 16, 32, 2, steps=2))()  # what is loaded once is not counted
    extra = harness.peak_extra_bytes(ways[name](LARGE))
    return float("nan") if extra is None else extra / 1e6


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(_extra_megabytes(sys.argv[1]))
