"""Training on a GPU: kernels launched one by one, or all of a few steps as one CUDA graph.

Two limits are measured beside the work. A step of one neuron on one point costs only its launches:
the *launch limit*. Moving the 4 E m n bytes of the activations once, to memory and back, is the
*bandwidth limit* of code that stores them; fused code may be faster.

No GPU was at hand when this was written: it has been run on a CPU only.
"""

from collections.abc import Callable

import torch
from mathdl import training
from torch import Tensor

from benchmarks import harness
from benchmarks.harness import Row, row
from benchmarks.rivals_work import Work

WORKS = [
    Work(64, 64, 256, 2, steps=1024),
    Work(64, 256, 1024, 10, steps=256),
    Work(256, 32, 128, 1, steps=1024),
    Work(16, 1024, 2000, 20, steps=256),
    Work(1, 64, 256, 2, steps=1024),
    Work(4096, 64, 256, 2, steps=256),
]
QUICK = [Work(2, 8, 16, 2, steps=4)]
NEURON = Work(1, 1, 1, 1, steps=256)


def rows(quick: bool, device: str = "cuda", graphs: bool = True) -> list[Row]:
    """A table for each piece of work; `device` and `graphs` let a machine without a GPU try it."""
    torch.backends.cuda.matmul.allow_tf32 = False
    rounds, side = (2, 64) if quick else (5, 4096)
    bandwidth = copied_bytes(side, rounds, device)
    found = [row("Machine", device, "GB/s, read and written", [rate / 1e9 for rate in bandwidth])]
    ways = {"launched": False, "graph": True} if graphs else {"launched": False}
    launches = {
        way: min(measured({way: trainer(NEURON, device, flag)}, 2, device)[way]) / NEURON.steps
        for way, flag in ways.items()
    }
    for work in QUICK if quick else WORKS:
        runs = {way: trainer(work, device, flag) for way, flag in ways.items()}
        times = measured(runs, rounds, device)
        moving = 8 * work.E * work.m * work.n / max(bandwidth)
        for way in ways:
            steps = [seconds / work.steps for seconds in times[way]]
            for quantity, values in {
                "microseconds a step": [1e6 * step for step in steps],
                "times its launches": [step / launches[way] for step in steps],
                "times moving the activations": [step / moving for step in steps],
                "GFLOP/s": [work.flops / step / 1e9 for step in steps],
            }.items():
                found.append(
                    row(f"Gradient descent on {device}, {way}", work.name, quantity, values)
                )
        if graphs:
            ratio = harness.speedup(times, "graph", "launched")
            found.append(row("CUDA graphs", work.name, "times as fast as launches", ratio))
    return sorted(found, key=lambda row: row.section)


def trainer(work: Work, device: str, compiled: bool) -> Callable[[], Tensor]:
    """Trains on the device and returns the losses at the end."""
    networks = type(work.networks())(*(part.to(device) for part in work.networks()))
    x, y = (part.to(device) for part in work.data())

    def run() -> Tensor:
        trained = training.train_two_layer(
            networks,
            x,
            y,
            scaling="mean-field",
            lr=work.lr,
            steps=work.steps,
            every=work.steps,
            compiled=compiled,
        )
        return trained.history["loss"][-1]

    return run


def measured(
    runs: dict[str, Callable[[], Tensor]], rounds: int, device: str
) -> dict[str, list[float]]:
    """Seconds of each in each round, the device's work included; the losses must agree."""
    losses = {way: run().tolist() for way, run in runs.items()}  # compiles, and warms up
    harness.must_agree("training", losses, rtol=2e-3)
    return harness.alternate({way: finished(run, device) for way, run in runs.items()}, rounds)


def finished(run: Callable[[], object], device: str) -> Callable[[], None]:
    """The same, and then waits until the device has done it."""

    def wait() -> None:
        run()
        if device == "cuda":
            torch.cuda.synchronize()

    return wait


def copied_bytes(side: int, rounds: int, device: str) -> list[float]:
    """Bytes a second, read and written, of copying a large matrix."""
    a = torch.ones(side, side, device=device)
    b = torch.empty_like(a)
    times = harness.alternate({"copy": finished(lambda: b.copy_(a), device)}, rounds + 1)["copy"]
    return [2 * a.nbytes / seconds for seconds in times[1:]]
