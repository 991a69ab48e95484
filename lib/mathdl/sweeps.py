"""A grid of runs on any `concurrent.futures.Executor`; what has finished survives `kill -9`.

Each finished run is one JSON file. It is written completely before the run is counted, and named
by a hash of the job, the label and the settings, so that a folder can hold many sweeps and mixes
none. Floats come back bit by bit, arrays as NumPy arrays.
"""

import base64
import functools
import hashlib
import inspect
import itertools
import json
import math
import multiprocessing
import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

Row = dict[str, Any]


def grid(**axes: Any) -> list[Row]:
    """Every combination of the values on the axes, the last axis running fastest.

    A number or a string stands for an axis of one value.

    >>> grid(m=[64, 128], seed=range(2), scaling="ntk")[1]
    {'m': 64, 'seed': 1, 'scaling': 'ntk'}
    """
    values = [
        axis if np.iterable(axis) and not isinstance(axis, str) else [axis]
        for axis in axes.values()
    ]
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*values)]


def sweep(
    job: Callable[..., Row],
    settings: Iterable[Row],
    folder: str | os.PathLike,
    *,
    label: str,
    executor: Executor | None = None,
) -> list[Row]:
    """Run `job(**s)` for each s of `settings`; one row a run: settings, results, `error`.

    Settings are numbers, strings, booleans and None, the seed among them. The job returns a dict of
    such values and of arrays or tensors (which come back as NumPy arrays). Rows stand in the order
    of `settings`; `pandas.DataFrame(rows)` makes a table of them. `error` is None, or one sentence
    for a run that failed: it costs no other run, and the next call tries it again.

    A run is looked up in `folder` by its settings, the label and the job's name and source; if it
    is there it is not run again. Change the label when something that the job calls has changed.

    Without an executor, runs are made one after the other in this process. A process pool (with
    the start method "spawn") or a cluster must be able to import the job. Each run computes on one
    thread of PyTorch, so that every executor finds the same bits; runs below 50 ms gain nothing
    from being sent elsewhere.

    Raises TypeError for a job that has no name of its own (a lambda, a closure), ValueError for
    settings that are no scalars or stand there twice, OSError for a folder that cannot be written,
    and RuntimeError if the workers die.

    >>> import tempfile
    >>> from mathdl import device
    >>> def mean(n, seed):
    ...     return {"mean": device.generator(f"mean-{seed}").normal(size=n).mean()}
    >>> rows = sweep(mean, grid(n=[10, 1000], seed=range(3)), tempfile.mkdtemp(), label="means")
    >>> len(rows), list(rows[0])
    (6, ['n', 'seed', 'mean', 'error'])
    """
    identity: Row = {"job": _name(job, executor), "source": _source(job), "label": label}
    runs: list[Row] = [{**identity, "settings": _checked(row)} for row in settings]
    folder = _writable(Path(folder))
    paths = [folder / f"{_digest(run)}.json" for run in runs]
    if len(set(paths)) < len(paths):
        twice = next(run for i, run in enumerate(runs) if paths[i] in paths[:i])
        raise ValueError(
            f"settings={twice['settings']} stands there twice; give each its own seed."
        )
    found = [_load(path, run) for path, run in zip(paths, runs, strict=True)]
    errors: dict[int, str] = {}
    missing = {i: run["settings"] for i, run in enumerate(runs) if found[i] is None}
    silent = bool(os.environ.get("MATHDL_STATIC"))
    threads = torch.get_num_threads()
    try:
        with tqdm(total=len(runs), initial=len(runs) - len(missing), disable=silent) as bar:
            for i, results, error in _outcomes(job, missing, executor):
                if error:
                    errors[i] = error
                else:
                    _save(paths[i], runs[i], results)
                    found[i] = results
                bar.update()
    finally:
        torch.set_num_threads(threads)
    if errors:
        i, error = next(iter(errors.items()))
        message = (
            f"{len(errors)} of {len(runs)} runs failed and will be tried again by the next call"
        )
        warnings.warn(f"{message}; {runs[i]['settings']}: {error}", RuntimeWarning, stacklevel=2)
    decoded = [{name: _decode(value) for name, value in (row or {}).items()} for row in found]
    return [
        {**run["settings"], **row, "error": errors.get(i)}
        for i, (run, row) in enumerate(zip(runs, decoded, strict=True))
    ]


def _outcomes(
    job: Callable[..., Row], settings: dict[int, Row], executor: Executor | None
) -> Iterator[tuple[int, Row, str]]:
    """The number, the results and the error of each run, in the order in which they finish."""
    if executor is None:
        for i, row in settings.items():
            yield i, *_attempt(job, row, os.getpid())
        return
    futures = {}
    try:
        for i, row in settings.items():
            futures[executor.submit(_attempt, job, row, os.getpid())] = i
        for future in as_completed(futures):
            try:
                yield futures[future], *future.result()
            except BrokenExecutor:
                raise
            except Exception as error:  # one worker was lost, with the run that it had
                yield futures[future], {}, _sentence(error)
    except BrokenExecutor as error:
        raise RuntimeError(
            "The workers died: too little memory, or a job that they cannot import (write it into "
            "a file); what had finished is on disk, and the next call goes on from there."
        ) from error
    finally:
        for future in futures:
            future.cancel()


def _attempt(job: Callable[..., Row], settings: Row, home: int) -> tuple[Row, str]:
    """In the worker: the encoded results of one run, or its error in one sentence."""
    if os.getpid() != home:
        _serve()
    torch.set_num_threads(1)
    try:
        results = job(**settings)
        if not isinstance(results, dict):
            raise TypeError(f"The job returned {type(results).__name__}; return a dict of results.")
        taken = {"error", *settings} & set(results)
        if taken:
            raise ValueError(f"The results use the name {min(taken)!r} of a setting; rename it.")
        return {name: _encode(name, value) for name, value in results.items()}, ""
    except Exception as error:
        return {}, _sentence(error)


@functools.cache
def _serve() -> None:
    """Once in each worker process: show no bars, and end when the process that asked is killed."""
    os.environ["MATHDL_STATIC"] = "1"
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def _name(job: Callable[..., Row], executor: Executor | None) -> str:
    if not inspect.isfunction(job) or job.__name__ == "<lambda>" or job.__closure__:
        raise TypeError(
            f"job={job} has no name of its own, or holds values that are no settings; "
            "define it with def and hand everything that varies over in the settings."
        )
    if isinstance(executor, ProcessPoolExecutor):
        try:
            pickle.dumps(job)
        except (pickle.PicklingError, AttributeError):
            raise TypeError(
                f"job={job.__qualname__} cannot be sent to another process; define it at the top "
                "level of a file."
            ) from None
    return f"{job.__module__}.{job.__qualname__}"


def _source(job: Callable[..., Row]) -> str:
    try:
        return inspect.getsource(job)
    except OSError:  # typed at a prompt
        return ""


def _checked(settings: Row) -> Row:
    """The settings as Python scalars: the same ones here, in every worker and on disk."""
    checked = {name: _encode(name, value) for name, value in settings.items()}
    for name, value in checked.items():
        if isinstance(value, dict) or name == "error":
            raise ValueError(
                f"{name}={settings[name]!r} is no setting; use finite numbers, strings, booleans "
                "or None, and any name but 'error'."
            )
    return checked


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"folder={str(folder)!r} cannot be written ({error.strerror}); name another."
        ) from None
    return folder


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _save(path: Path, run: Row, results: Row) -> None:
    """Write the file of a run: whole or not at all, and on disk before this returns."""
    part = path.with_suffix(f".{os.getpid()}.part")
    stored = {**run, "results": results, "sha256": _digest([run, results])}
    with open(part, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _load(path: Path, run: Row) -> Row | None:
    """The encoded results in the file of a run; None if it is missing, damaged or another run's."""
    try:
        stored = json.loads(path.read_bytes())
        return stored["results"] if stored["sha256"] == _digest([run, stored["results"]]) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _encode(name: str, value: Any) -> Any:
    """JSON that keeps every bit: arrays, and floats that are not finite, as bytes in base 64."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic) or isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if not isinstance(value, float | np.ndarray) or np.asarray(value).dtype.kind not in "biuf":
        raise ValueError(
            f"{name} is of type {type(value).__name__}; use numbers, strings, booleans, None, and "
            "for results arrays of numbers."
        )
    array = np.asarray(value)
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    array = np.frombuffer(base64.b64decode(value["data"]), value["dtype"]).reshape(value["shape"])
    return array.copy() if value["shape"] else array.item()
