"""Writes the table of results: every goal, whether it holds, and where that was measured."""

import datetime
import importlib.metadata
import itertools
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import torch

from benchmarks.harness import Row
from tools.commit import checked_out

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "scipy", "jax", "jaxlib", "curvlinops-for-pytorch")


def provenance(device: str) -> dict[str, str]:
    """When, from which commit, on what and with which versions the numbers were measured."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pinned = f"pinned to core {cores[0]}" if len(cores) == 1 else "not pinned to one core"
    found = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": checked_out(ROOT, untracked=False) or "unknown",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "threads": f"{torch.get_num_threads()}, {pinned}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        found["graphics card"] = f"{card.name}, {card.total_memory / 2**30:.0f} GiB"
        found["CUDA"] = f"{torch.version.cuda}, TF32 off"
    versions = {name: _version(name) for name in PACKAGES}
    found["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    return found


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def page(rows: Iterable[Row], measured: dict[str, str]) -> str:
    """The whole page in Markdown: a verdict, where it was measured, one table a section."""
    rows = list(rows)
    parts = [
        "# Results",
        "Written by `make bench`, from one run; not edited by hand.",
        verdict(rows),
    ]
    parts.append(_table(("measured", ""), measured.items()))
    for section, members in itertools.groupby(rows, key=lambda row: row.section):
        header = ("work", "quantity", "value", "range", "goal", "holds", "")
        parts += [f"## {section}", _table(header, map(_cells, members))]
    return "\n\n".join(parts) + "\n"


def verdict(rows: Iterable[Row]) -> str:
    """How many goals hold, and which do not."""
    goals = [row for row in rows if row.goal is not None]
    missed = [row for row in goals if not row.holds]
    lines = [f"{len(goals) - len(missed)} of {len(goals)} goals hold."]
    if missed:
        lines += ["Missed:", ""]
    for row in missed:
        name = f"{row.section} · {row.work} · {row.quantity}"
        lines.append(f"- {name}: {number(row.value)}, the goal is {row.goal}")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    spread = "" if row.spread is None else "–".join(number(end) for end in row.spread)
    holds = {None: "", True: "yes", False: "**no**"}[row.holds]
    return row.work, row.quantity, number(row.value), spread, row.goal or "", holds, row.note


def number(value: float) -> str:
    """Three significant digits, without an exponent where that reads well.

    >>> [number(x) for x in (12.345, 0.01234, 1234.0, 98765.0, 1.2e-7, float("nan"))]
    ['12.3', '0.0123', '1230', '98800', '1.2e-07', 'nan']
    """
    if value != value or value in (float("inf"), -float("inf")):
        return str(value)
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if 100 <= abs(rounded) < 1e6 else f"{rounded:.3g}"


def _table(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    written = [" | ".join(line) for line in (header, ["---"] * len(header), *escaped)]
    return "\n".join(f"| {line} |" for line in written)
