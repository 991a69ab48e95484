"""Sweeps on real executors: the same bits everywhere, and `kill -9` costs nothing that was done."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mathdl.sweeps import grid, sweep

from tests.unit.sweep_jobs import kills_its_worker, logged, statistics

SETTINGS = grid(n=[3, 60], seed=range(4))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setenv("MATHDL_STATIC", "1")


@contextlib.contextmanager
def spawn_pool(workers=2):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield pool


@contextlib.contextmanager
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextlib.contextmanager
def dask():
    """Two worker processes of Dask, as on a cluster, on ports that are free."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


@contextlib.contextmanager
def loky():
    module = pytest.importorskip("joblib.externals.loky")
    pool = module.ProcessPoolExecutor(2)
    yield pool
    pool.shutdown()


def bits(rows):
    """The table with arrays as bytes, so that == compares every bit, NaN included."""
    return [
        {k: v.tobytes() if isinstance(v, np.ndarray) else repr(v) for k, v in row.items()}
        for row in rows
    ]


@pytest.mark.parametrize("executor", [threads, spawn_pool, loky, dask])
def test_every_executor_finds_the_same_bits(tmp_path, monkeypatch, executor):
    # Dask's LocalCluster sets OMP_NUM_THREADS in this process; monkeypatch puts it back
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    serial = sweep(statistics, SETTINGS, tmp_path / "serial", label="a")
    with executor() as pool:
        elsewhere = sweep(statistics, SETTINGS, tmp_path / "pool", label="a", executor=pool)
    assert bits(elsewhere) == bits(serial)
    assert all(row["threads"] == 1 and row["bars"] == "1" for row in elsewhere)
    files = [sorted((tmp_path / name).iterdir()) for name in ("serial", "pool")]
    for one, other in zip(*files, strict=True):
        assert one.name == other.name and one.read_bytes() == other.read_bytes()


def test_a_worker_that_dies_is_said_and_what_was_done_stays(tmp_path):
    with spawn_pool(1) as pool, pytest.raises(RuntimeError, match="The workers died.*on disk"):
        sweep(kills_its_worker, grid(seed=range(3)), tmp_path, label="a", executor=pool)
    with spawn_pool(1) as pool:
        rows = sweep(kills_its_worker, grid(seed=[0, 2]), tmp_path, label="a", executor=pool)
    assert [row["seed squared"] for row in rows] == [0, 4]


def lines(log: Path) -> list[tuple[int, int]]:
    """The seed and the process of every execution."""
    written = log.read_text().splitlines() if log.exists() else []
    return [tuple(map(int, line.split())) for line in written]


def executions(log: Path) -> Counter:
    """How often each seed was run."""
    return Counter(seed for seed, _ in lines(log))


def seeds_on_disk(folder: Path) -> set[int]:
    return {json.loads(path.read_text())["settings"]["seed"] for path in folder.glob("*.json")}


def kill_again_and_again(start, folder, log, kills, workers):
    """Start a sweep and kill it at a random moment, several times; each time it gets further."""
    rng = np.random.default_rng(0)
    for _ in range(kills):
        done, before, old = seeds_on_disk(folder), executions(log), lines(log)
        process = start()
        try:
            while (
                len(list(folder.glob("*.json"))) <= len(done)
                or len({worker for _, worker in lines(log)[len(old) :]}) < workers
            ):  # when all are at work, any moment will do
                assert process.poll() is None
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.06))
            os.kill(process.pid, signal.SIGKILL)
            process.ended()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        after = executions(log)
        assert {seed: before[seed] for seed in done} == {seed: after[seed] for seed in done}
        assert done < seeds_on_disk(folder)


def finish_and_compare(folder, log, settings):
    done, before = seeds_on_disk(folder), executions(log)
    assert 0 < len(done) < len(settings)
    rows = sweep(logged, settings, folder, label="a")
    executed = executions(log) - before
    assert executed == Counter({row["seed"] for row in settings} - done)
    undisturbed = sweep(logged, settings, folder.with_name("undisturbed"), label="a")
    assert bits(rows) == bits(undisturbed)


class Fork:
    """A child that runs a function; like a `Popen`, with nothing to import first."""

    def __init__(self, function):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setpgid(0, 0)
                function()
            finally:
                os._exit(1)

    def poll(self):
        ended, status = os.waitpid(self.pid, os.WNOHANG)
        return status if ended else None

    def ended(self):
        os.waitpid(self.pid, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_kill_9_costs_nothing_that_was_on_disk(tmp_path, monkeypatch):
    folder, log = tmp_path / "runs", tmp_path / "log"
    settings = grid(log=str(log), seed=range(300))
    monkeypatch.setenv("PAUSE", "0.01")
    start = partial(Fork, partial(sweep, logged, settings, folder, label="a"))
    kill_again_and_again(start, folder, log, kills=8, workers=1)
    lost = executions(log).total() - len(seeds_on_disk(folder))
    assert lost <= 8  # at most the one run that was under way at each kill
    monkeypatch.delenv("PAUSE")
    finish_and_compare(folder, log, settings)


SCRIPT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from mathdl.sweeps import grid, sweep
from tests.unit.sweep_jobs import logged

if __name__ == "__main__":
    folder, log = sys.argv[1:]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        settings = grid(log=log, seed=range(300))
        sweep(logged, settings, folder, label="a", executor=pool)
"""


class WithWorkers(subprocess.Popen):
    """A script with worker processes; all of them hold its standard error."""

    def ended(self):
        self.communicate(timeout=60)  # fails if a worker outlives the script that was killed


def test_kill_9_of_a_sweep_on_a_process_pool(tmp_path):
    folder, log, script = tmp_path / "runs", tmp_path / "log", tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = Path(__file__).resolve().parents[2]
    start = partial(
        WithWorkers,
        [sys.executable, str(script), str(folder), str(log)],
        env={**os.environ, "PYTHONPATH": str(root), "PAUSE": "0.05"},
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    kill_again_and_again(start, folder, log, kills=2, workers=2)
    finish_and_compare(folder, log, grid(log=str(log), seed=range(300)))
