"""Sweeps: what is on disk comes back bit by bit, is never computed again and never mixed."""

import json
import struct
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mathdl.sweeps import grid, sweep

CALLS = []


@pytest.fixture(autouse=True)
def _nothing_called_yet(monkeypatch):
    CALLS.clear()
    monkeypatch.setenv("MATHDL_STATIC", "1")


def square(m, seed=0):
    CALLS.append((m, seed))
    return {"squared": m**2}


def half(m):
    CALLS.append(m)
    if m == 2:
        raise ArithmeticError("m is two\nand this is a second line")
    return {"half": m / 2}


def count_files(folder, seed):
    return {"files": len(list(Path(folder).iterdir()))}


def give(name):
    return {"value": VALUES[name]}


def constant():
    return {"one": 1.0}


def test_grid_is_the_product_of_its_axes():
    rows = grid(m=[1, 2], lr=np.array([0.5, 1.0]), scaling="ntk", d=3)
    assert [(row["m"], row["lr"]) for row in rows] == [(1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]
    assert all((row["scaling"], row["d"]) == ("ntk", 3) for row in rows)
    assert grid() == [{}]


def test_a_row_is_settings_then_results_then_error_in_the_order_of_the_settings(tmp_path):
    rows = sweep(square, grid(m=[3, 1, 2], seed=[0, 1]), tmp_path, label="a")
    assert [list(row) for row in rows] == [["m", "seed", "squared", "error"]] * 6
    assert [(row["m"], row["squared"]) for row in rows[::2]] == [(3, 9), (1, 1), (2, 4)]
    assert all(row["error"] is None for row in rows)
    assert sweep(square, [], tmp_path, label="a") == []
    assert sweep(constant, [{}], tmp_path, label="a") == [{"one": 1.0, "error": None}]


def test_a_run_on_disk_is_not_run_again(tmp_path):
    folder = tmp_path / "new" / "folder"
    one, two = sweep(square, grid(m=[1, 2]), folder, label="a")
    assert sweep(square, grid(m=[2, 1, 3]), folder, label="a")[:2] == [two, one]
    assert CALLS == [(1, 0), (2, 0), (3, 0)]


def test_the_order_of_the_names_and_numpy_scalars_make_no_other_run(tmp_path):
    sweep(square, [{"m": 1, "seed": 2}], tmp_path, label="a")
    rows = sweep(square, [{"seed": np.int64(2), "m": np.int32(1)}], tmp_path, label="a")
    assert len(CALLS) == 1 and list(rows[0]) == ["seed", "m", "squared", "error"]
    assert type(rows[0]["m"]) is int
    sweep(square, [{"m": 1.0, "seed": 2}, {"m": True, "seed": 2}], tmp_path, label="a")
    assert len(CALLS) == 3  # 1, 1.0 and True are three settings


def test_a_run_is_on_disk_before_the_next_begins(tmp_path):
    rows = sweep(count_files, grid(folder=str(tmp_path), seed=range(4)), tmp_path, label="a")
    assert [row["files"] for row in rows] == [0, 1, 2, 3]


VALUES = {
    "third": 1 / 3,
    "tiny": 5e-324,
    "minus zero": -0.0,
    "infinity": -float("inf"),
    "NaN": float("nan"),
    "another NaN": struct.unpack("<d", bytes.fromhex("efbeadde0000f8ff"))[0],
    "big": 3**200,
    "true": True,
    "none": None,
    "text": 'ε "quoted"\n',
    "float32": np.float32(0.1),
    "0-d tensor": torch.tensor(0.1),
    "0-d NaN": np.array(np.nan),
    "array": np.array([[1 / 3, np.nan, -np.inf], [-0.0, 5e-324, 2.0]]),
    "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "tensor": torch.tensor([0.1, float("nan")], requires_grad=True),
    "integers": np.array([[-(2**62), 3]]),
    "booleans": torch.tensor([True, False]),
    "empty": np.zeros((0, 3), dtype=np.float32),
}


def bits(value):
    """Type, shape and bytes of a value."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    return type(value), struct.pack("<d", value) if type(value) is float else value


@pytest.mark.parametrize("name", VALUES)
def test_results_come_back_bit_by_bit(tmp_path, name):
    given = VALUES[name]
    if isinstance(given, torch.Tensor):
        given = given.detach().numpy()
    if getattr(given, "ndim", None) == 0:
        given = given.item()
    for _ in "fresh", "from disk":
        (row,) = sweep(give, [{"name": name}], tmp_path, label="a")
        assert row["error"] is None and bits(row["value"]) == bits(given)
    if isinstance(given, np.ndarray):
        row["value"][...] = 0  # its own memory, not the file's
    for file in tmp_path.iterdir():
        json.loads(file.read_text(), parse_constant=pytest.fail)  # JSON that every reader reads


def test_a_failing_run_reports_itself_costs_no_other_and_is_tried_again(tmp_path):
    with pytest.warns(RuntimeWarning, match=r"1 of 3 runs failed.*'m': 2.*m is two") as caught:
        rows = sweep(half, grid(m=[1, 2, 3]), tmp_path, label="a")
    assert caught[0].filename == __file__
    assert rows == [
        {"m": 1, "half": 0.5, "error": None},
        {"m": 2, "error": "ArithmeticError: m is two"},
        {"m": 3, "half": 1.5, "error": None},
    ]
    with pytest.warns(RuntimeWarning, match="1 of 3 runs failed"):
        assert sweep(half, grid(m=[1, 2, 3]), tmp_path, label="a") == rows
    assert CALLS == [1, 2, 3, 2]


UNUSABLE = {
    "no dict": (lambda m: m, "returned int; return a dict"),
    "a setting's name": (lambda m: {"m": m}, "the name 'm' of a setting"),
    "the error column": (lambda m: {"error": m}, "the name 'error'"),
    "a list": (lambda m: {"losses": [1.0]}, "losses is of type list"),
    "texts": (lambda m: {"names": np.array(["a"])}, "names is of type ndarray"),
    "objects": (lambda m: {"names": np.array([{}])}, "names is of type ndarray"),
    "complex": (lambda m: {"root": 1j}, "root is of type complex"),
}


def unusable(m, kind):
    return UNUSABLE[kind][0](m)


@pytest.mark.parametrize("kind", UNUSABLE)
def test_results_that_do_not_fit_a_table_fail_their_run(tmp_path, kind):
    with pytest.warns(RuntimeWarning, match="1 of 1"):
        (row,) = sweep(unusable, grid(m=1, kind=kind), tmp_path, label="a")
    assert UNUSABLE[kind][1] in row["error"] and not list(tmp_path.iterdir())


def test_other_labels_jobs_and_versions_of_a_job_are_not_mixed(tmp_path):
    def version(body):
        path = tmp_path / "job.py"
        path.write_text(f"def job(m):\n    return {{'value': {body}}}\n")
        names = {"__name__": "job"}
        exec(compile(path.read_text(), str(path), "exec"), names)
        return names["job"]

    folder = tmp_path / "runs"
    assert sweep(square, grid(m=3), folder, label="a")[0]["squared"] == 9
    assert sweep(square, grid(m=3), folder, label="b")[0]["squared"] == 9
    assert CALLS == [(3, 0), (3, 0)]
    assert "half" in sweep(half, grid(m=3), folder, label="a")[0]
    assert sweep(version("m"), grid(m=3), folder, label="a")[0]["value"] == 3
    assert sweep(version("m + 1"), grid(m=3), folder, label="a")[0]["value"] == 4
    assert sweep(version("m"), grid(m=3), folder, label="a")[0]["value"] == 3
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + b"\xff",
        lambda content: content.replace(b'"squared": 9', b'"squared": 8'),
        lambda content: content.replace(b'"squared": 9', b'"squared": 9.0'),
        lambda content: b"[1]",
        lambda content: b'{"results": {}}',
        lambda content: b"\x00" * len(content),
    ],
)
def test_a_damaged_file_is_computed_again(tmp_path, damage):
    rows = sweep(square, grid(m=3), tmp_path, label="a")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    assert damage(whole) != whole
    file.write_bytes(damage(whole))
    assert sweep(square, grid(m=3), tmp_path, label="a") == rows
    assert len(CALLS) == 2 and file.read_bytes() == whole


def test_the_file_of_another_run_is_not_trusted_either(tmp_path):
    sweep(square, grid(m=[1, 2]), tmp_path, label="a")
    one, two = tmp_path.iterdir()
    content = one.read_bytes(), two.read_bytes()
    one.write_bytes(content[1])
    two.write_bytes(content[0])
    rows = sweep(square, grid(m=[1, 2]), tmp_path, label="a")
    assert [row["squared"] for row in rows] == [1, 4] and len(CALLS) == 4


def test_a_disk_that_is_full_leaves_no_half_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        sweep(square, grid(m=[1, 2]), tmp_path, label="a")
    assert not list(tmp_path.glob("*.json"))
    monkeypatch.undo()
    assert len(sweep(square, grid(m=[1, 2]), tmp_path, label="a")) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1], (1,), {}, np.ones(2), 1j, b"1"])
def test_settings_that_are_no_scalars(tmp_path, value):
    with pytest.raises(ValueError, match=r"^m(=| is of type).*\.$"):
        sweep(square, [{"m": value}], tmp_path, label="a")


def test_settings_that_stand_there_twice_or_use_the_error_column(tmp_path):
    with pytest.raises(ValueError, match=r"'m': 2.*twice"):
        sweep(square, grid(m=[1, 2, 2]), tmp_path, label="a")
    with pytest.raises(ValueError, match="error=1 is no setting"):
        sweep(square, [{"error": 1}], tmp_path, label="a")
    assert not CALLS


def test_jobs_without_a_name_or_with_hidden_settings(tmp_path):
    hidden = 3

    def closure(m):
        return {"sum": m + hidden}

    for job in lambda m: {"m2": m}, closure, partial(square, seed=1), np.square, CALLS.append:
        with pytest.raises(TypeError, match="define it with def"):
            sweep(job, grid(m=1), tmp_path, label="a")


def test_a_job_that_no_process_could_import_is_refused_at_once(tmp_path):
    def local(m):
        return {"m2": m}

    assert sweep(local, grid(m=1), tmp_path, label="a")[0]["m2"] == 1
    with ProcessPoolExecutor(1) as pool, pytest.raises(TypeError, match="top level of a file"):
        sweep(local, grid(m=1), tmp_path, label="a", executor=pool)


class Cluster(Executor):
    """Loses the worker of one run, or all workers."""

    def __init__(self, error):
        self.error = error
        self.futures = []

    def submit(self, function, job, settings, home):
        self.futures.append(Future())
        if settings["m"] == 2:
            self.futures[-1].set_exception(self.error)
        elif settings["m"] < 4:
            self.futures[-1].set_result(function(job, settings, home))
        return self.futures[-1]


def test_a_run_that_takes_its_worker_along_costs_no_other(tmp_path):
    cluster = Cluster(MemoryError("the worker is gone"))
    with pytest.warns(RuntimeWarning, match="1 of 3"):
        rows = sweep(square, grid(m=[1, 2, 3]), tmp_path, label="a", executor=cluster)
    assert [row["error"] for row in rows] == [None, "MemoryError: the worker is gone", None]


def test_when_all_workers_die_the_sweep_ends_and_asks_for_no_more(tmp_path):
    cluster = Cluster(BrokenExecutor("all are gone"))
    with pytest.raises(RuntimeError, match=r"^The workers died: .* is on disk.*\.$"):
        sweep(square, grid(m=[1, 2, 4]), tmp_path, label="a", executor=cluster)
    assert cluster.futures[2].cancelled()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"^folder='.*file/below' cannot be written \(.+\); name"):
        sweep(square, grid(m=1), tmp_path / "file" / "below", label="a")
    assert not CALLS


def test_runs_compute_on_one_thread_and_the_number_is_restored(tmp_path):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with ThreadPoolExecutor(1) as pool:
            for label, executor in ("serial", None), ("threads", pool):
                (row,) = sweep(threads, [{}], tmp_path, label=label, executor=executor)
                assert row["threads"] == 1 and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def threads():
    return {"threads": torch.get_num_threads()}


def test_the_bar_starts_at_what_is_done_and_the_book_shows_none(tmp_path, monkeypatch, capsys):
    sweep(square, grid(m=[1, 2]), tmp_path, label="a")
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("MATHDL_STATIC")
    sweep(square, grid(m=[1, 2, 3, 4]), tmp_path, label="a")
    shown = capsys.readouterr().err
    assert "2/4" in shown and "4/4" in shown and "1/4" not in shown
