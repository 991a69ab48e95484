"""What hostile and unlucky notebooks do, at each level that this machine has.

One notebook holds all functions that go wrong, another all cells that do; `honest` stands in both
and must answer rightly whatever happened before.
"""

import itertools
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import mathdl
import numpy as np
import pytest
import torch

from assignments.checks import Property, Wrong, grade, same
from tools.coursework import grading, levels
from tools.coursework.sandbox import (
    Crashed,
    Missing,
    NotPlain,
    Sandbox,
    StudentError,
    TimedOut,
    available,
    isolation,
    limits_of,
)

ROOT = Path(__file__).resolve().parents[2]
X = torch.tensor([1.0, -2.0, 4.0], dtype=torch.float64)
MARKS = itertools.count(500 + os.getpid() / 1e7)  # seconds of a submission, which its worker shows
HONEST = """
import os, sys, time, signal, threading, builtins
import numpy as np
import torch
(torch.ones(2, requires_grad=True) ** 2).sum().backward()  # as cells that train a network do

def honest(x):
    return x.abs().sum()
"""


def here(level: str) -> str:
    """The level, if this machine has it."""
    if level not in available():
        reason = f"no isolation of level {level} on this machine"
        if level == "bubblewrap" and os.environ.get("MATHDL_REQUIRE_SANDBOX") == "1":
            pytest.fail(f"{reason}, and MATHDL_REQUIRE_SANDBOX=1 requires it.", pytrace=False)
        pytest.skip(reason)
    return level


@pytest.fixture(scope="module", params=levels.LEVELS)
def level(request):
    return here(request.param)


def opened(level, *cells, **limits):
    limits = {"seconds_per_cell": 10, "memory_bytes": 2 << 30, "seconds": next(MARKS)} | limits
    return Sandbox(level=level, **limits).open_notebook([HONEST, *cells])


def left_running(session) -> list[str]:
    """Processes that this session has started."""
    if not Path("/proc/self").exists():
        pytest.skip("no /proc: processes cannot be listed")
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if "worker.py" in command and str(session.sandbox.seconds) in command:
            found.append(f"{entry.name} {command}")
    return found


def answers_rightly(session) -> bool:
    answer = session.student.honest(X)
    return type(answer) is torch.Tensor and answer.item() == 7


FUNCTIONS = """
def raises():
    raise ValueError("two\\nlines")

def unprintable():
    class Strange(Exception):
        def __str__(self): raise self
    raise Strange

def exits(): sys.exit(3)
def exits_at_once(): os._exit(0)

def segfaults():
    import ctypes
    ctypes.string_at(0)

def loops():
    while True: pass

def loops_blocking_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True: pass

def loops_ignoring_signals():
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass

def spin():
    while True: pass

def leaves_threads():
    for _ in range(3): threading.Thread(target=spin).start()
    return 1

def eats_memory():
    kept = []
    while True: kept.append(np.empty(1 << 25))

def eats_memory_at_once(): return torch.ones(1 << 34)

def recurses(n=0): return recurses(n + 1)

def forks():
    for _ in range(135):
        if os.fork() == 0:
            time.sleep(10_000)
    return 1

def forks_and_returns():
    os.fork()
    return 5

def leaves_a_process():
    import subprocess
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10_000)",
                             "worker.py", sys.argv[1]]).pid

def kills_its_parent():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(10_000)

def closes_everything(): os.closerange(0, 4096)

def scribbles():
    for fd in range(3, 2048):
        try: os.write(fd, b"\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x00{}garbage")
        except OSError: pass
    return 1

def prints():
    for _ in range(100): print("a" * (1 << 20))
    return 1

class Everything:
    def __eq__(self, other): return True
    def __abs__(self): return self
    __lt__ = __gt__ = __sub__ = __eq__
    def __float__(self): return 7.0

def everything(): return Everything()

class Overriding(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *args, **kwargs): return True

def overriding(): return Overriding()

def patched():
    tensor = torch.ones(2)
    tensor.detach = tensor.numel = lambda *_: 1 / 0
    return tensor

def huge(): return torch.empty(1 << 27, dtype=torch.float64)

def nested():
    found = []
    for _ in range(100_000): found = [found]
    return found

def not_a_number(): return float("nan")
def not_numbers(): return torch.tensor([float("nan"), float("inf")])
def closure(): return lambda: 1
def environment(): return dict(os.environ)
def changes_globals():
    global honest
    honest = None
    torch.Tensor.abs = None
    return 1
def apply(f, x): return f(x)
def slope(x):
    x = x.clone().requires_grad_()
    honest(x).backward()
    return x.grad
def many(x, y=1, *, z): return {"x": x, "y": (y, [z, None, True, 2**70]), 3: np.float32(0.5)}
def magic(): return get_ipython() is not None
answer = 42
weights = np.arange(3)
"""
WRONG = [
    ("raises", StudentError, "ValueError: two lines"),
    ("unprintable", StudentError, "cannot be printed"),
    ("exits", StudentError, "SystemExit: 3"),
    ("exits_at_once", Crashed, "ended its process without an answer"),
    ("segfaults", Crashed, "SIGSEGV"),
    ("loops", TimedOut, "ran past 5 s"),
    ("loops_blocking_signals", TimedOut, "ran past 5 s"),
    ("loops_ignoring_signals", TimedOut, "ran past 5 s"),
    ("eats_memory", StudentError, "MemoryError"),
    ("eats_memory_at_once", StudentError, "memory"),
    ("recurses", StudentError, "RecursionError"),
    ("kills_its_parent", Crashed, "SIGKILL"),
    ("closes_everything", Crashed, "without an answer"),
    ("scribbles", Crashed, "pipe"),
    ("everything", NotPlain, "Everything"),
    ("overriding", NotPlain, "Overriding"),
    ("huge", NotPlain, "64 MB"),
    ("nested", NotPlain, "nested"),
    ("closure", NotPlain, "function"),
    ("missing", Missing, "no function or value named missing"),
]
RIGHT = [
    ("leaves_threads", 1),
    ("prints", 1),
    ("forks_and_returns", 5),
    ("patched", torch.ones(2)),
    ("changes_globals", 1),
    ("magic", True),
]


@pytest.fixture(scope="module")
def functions(level):
    with opened(level, FUNCTIONS, seconds_per_call=5) as session:
        assert all(cell.ok for cell in session.ran), session.ran
        yield session
    assert not left_running(session)


@pytest.mark.parametrize(("name", "error", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_function_that_goes_wrong_costs_itself_alone(functions, name, error, message):
    with pytest.raises(error, match=message) as caught:
        getattr(functions.student, name)()
    assert "\n" not in str(caught.value)
    assert answers_rightly(functions)


@pytest.mark.parametrize(("name", "value"), RIGHT, ids=[row[0] for row in RIGHT])
def test_a_function_that_is_strange_answers_and_leaves_no_trace(functions, name, value):
    assert np.array_equal(getattr(functions.student, name)(), value)
    assert answers_rightly(functions)


def test_what_is_not_a_number_arrives_as_such(functions):
    assert np.isnan(functions.student.not_a_number())
    assert functions.student.not_numbers().isfinite().tolist() == [False, False]


def test_many_processes_are_bounded_and_gone(functions):
    try:
        functions.student.forks()
        assert functions.level == "limits only" and os.geteuid() == 0  # who is not bounded
    except StudentError as error:
        assert "BlockingIOError" in str(error)
    assert answers_rightly(functions)
    assert len(left_running(functions)) <= 3  # the worker, and what started it


def test_arguments_and_results_of_all_kinds(functions):
    student = functions.student
    assert student.answer == 42
    assert student.weights.tolist() == [0, 1, 2]
    found = student.many(X, [1.5, ("a", None)], z={"k": False})
    assert torch.equal(found["x"], X)
    assert found["y"] == ([1.5, ("a", None)], [{"k": False}, None, True, 2**70])
    assert type(found[3]) is np.float32
    assert student.apply(student.ref("honest"), X) == 7
    assert student.slope(X).tolist() == [1, -1, 1]
    assert not hasattr(student, "missing")


def test_the_environment_holds_nothing_of_the_course(level, monkeypatch):
    for name in ("COURSE_SALT", "GRADE_SEED", "SOME_TOKEN"):
        monkeypatch.setenv(name, "secret")
    with opened(level, "import os\ndef environment(): return dict(os.environ)") as session:
        found = session.student.environment()
    assert "secret" not in found.values()
    assert found["MATHDL_SEED"] == "0" and found["OMP_NUM_THREADS"] == "1"
    assert found["HOME"] != os.environ.get("HOME")


def test_a_property_is_judged_by_the_grader_alone(functions):
    def test(student, rng, numbers):
        same(student.everything(), 7, "everything()")

    one = Property("q", 2, "test", "it is 7", test)
    mark = grade(one, functions.student, 0, SimpleNamespace())
    assert mark.earned == 0 and "Everything" in mark.message


KILLED = "aside: killed the interpreter, which "
CELLS = {  # how each ends
    "os._exit(0)": KILLED + "ended with exit code 0",
    "import ctypes; ctypes.string_at(0)": KILLED + "was killed by SIGSEGV",
    "while True: pass": "aside: ran past 10 s",
    """
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for _ in range(3): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()
while True: pass
""": "aside: ran past 10 s",
    "os.closerange(0, 4096)": KILLED + "ended",
    """
for fd in range(3, 2048):
    try: os.write(fd, b"garbage" * 99)
    except OSError: pass
""": KILLED + "wrote to the grader's pipe",
    """
for _ in range(135):
    if os.fork() == 0: time.sleep(10_000)
""": "aside: left too many processes",
    "os.fork()": "",
    "def broken(:\n    pass": "SyntaxError",
    "honest(undefined)": "NameError: name 'undefined' is not defined",
    "sys.exit(1)": "SystemExit: 1",
    "exit": "SystemExit",
    "kept = []\nwhile True: kept.append(np.empty(1 << 25))": "MemoryError",
    "del kept\ntorch.empty(1 << 20)": "",
    "for _ in range(100): print('a' * (1 << 20))": "",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()": "",
    """
import subprocess
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", "worker.py", sys.argv[1]])
""": "",
    """
torch.allclose = np.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = torch.Tensor.__sub__ = lambda *a: torch.zeros(3)
sys.modules["json"] = sys.modules["torch"] = sys.modules["tools"] = None
""": "",
    "builtins.abs = builtins.len = builtins.isinstance = lambda *a: True": "?",
    "get_ipython().ast_transformers.append(None)": "?",
    "sys.stdout.close()\nsys.stdout = sys.stderr = None": "?",
    "def wrong(x):\n    return x.sum()": "",
}


@pytest.fixture(scope="module")
def cells(level):
    with opened(level, *CELLS) as session:
        yield session
    assert not left_running(session)


def bounded(level: str) -> bool:
    """Whether the number of processes is; for root, only another user's is."""
    return level != "limits only" or os.geteuid() != 0


def test_a_cell_that_goes_wrong_costs_itself_alone(cells):
    for cell, ended in zip(cells.cells[1:], cells.ran[1:], strict=True):
        wanted = CELLS[cell]
        if "os.fork() == 0" in cell and not bounded(cells.level):
            wanted = ""
        found = ("aside: " if ended.aside else "") + ended.message
        assert wanted == "?" or (found.startswith(wanted) and bool(wanted) == bool(found)), cell
        assert ended.ok == (not found)
        assert len(ended.output) <= 20_000
    assert answers_rightly(cells)
    with pytest.raises(Wrong):
        same(cells.student.wrong(X), 7, "wrong(x)")


FORBIDDEN = """
import socket
from pathlib import Path

def reads(path): return os.access(path, os.R_OK)
def lists(path): return sorted(os.listdir(path))
def writes(path):
    Path(path).write_text("was here")
    return Path(path).read_text()
def connects(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5): return True
def ends(number): os.kill(number, 0)
def fills():
    for i in range(20): Path(f"file{i}").write_bytes(bytes(60 << 20))
def one_big_file(): Path("big").write_bytes(bytes(100 << 20))
"""


@pytest.fixture(scope="module")
def curious(level):
    with opened(level, FORBIDDEN) as session:
        yield session


@pytest.fixture
def secret(tmp_path):
    """A folder as `course/`: only its owner can enter."""
    folder = tmp_path / "course"
    folder.mkdir(mode=0o700)
    (folder / "secrets.json").write_text("{}")
    return folder


def test_its_own_folder_can_be_written(curious):
    assert curious.student.writes("note.txt") == "was here"
    with pytest.raises(StudentError, match="File too large"):
        curious.student.one_big_file()


def test_files_outside_can_be_changed_only_at_the_weakest_level(curious, secret):
    file = secret / "gradebook.db"
    if curious.level == "limits only":
        assert curious.student.writes(str(file)) == "was here"
        assert "writes" in limits_of(curious.level)
        return
    for path in (file, ROOT / "assignments" / "new.txt", Path("/etc/new"), Path("/usr/new")):
        with pytest.raises(StudentError, match="PermissionError|OSError|FileNotFoundError"):
            curious.student.writes(str(path))
        assert not path.exists()
    assert not curious.student.reads(str(secret / "secrets.json"))


def test_bubblewrap_shows_python_and_the_library_and_nothing_else(curious, secret):
    places = [ROOT / name for name in ("assignments", "tools", "tests", "course", ".git")]
    places += [secret, Path.home() / ".bashrc", Path("/etc/passwd"), Path("/var"), Path("/home")]
    if curious.level != "bubblewrap":
        assert "reads" in limits_of(curious.level) or "reading" in limits_of(curious.level)
        return
    for path in places:
        assert not curious.student.reads(str(path)), path
    assert curious.student.lists(str(Path(mathdl.__file__).parents[1])) == ["mathdl"]
    assert len([p for p in curious.student.lists("/proc") if p.isdigit()]) <= 4
    with pytest.raises(StudentError, match="No space left"):
        curious.student.fills()


def test_bubblewrap_has_no_network(curious):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if curious.level != "bubblewrap":
            assert curious.student.connects(port)
            assert "network" in limits_of(curious.level) or "sends" in limits_of(curious.level)
            return
        with pytest.raises(StudentError, match="refused|unreachable"):
            curious.student.connects(port)


def test_the_grader_cannot_be_killed_above_the_weakest_level(curious):
    if curious.level == "limits only":
        assert "the grader included" in limits_of(curious.level)
        return
    with pytest.raises(StudentError, match="ProcessLookupError|PermissionError"):
        curious.student.ends(os.getpid())


def test_a_submission_has_its_seconds_and_no_more(level):
    cells = ["import time\ntime.sleep(10_000)", "x = 1"]
    with opened(level, *cells, seconds_per_cell=4, seconds=4) as session:
        assert [cell.ok for cell in session.ran] == [True, False, False]
        assert session.ran[2].message == "Not graded further after 4 s."
        with pytest.raises(Crashed, match="Not graded further"):
            session.student.honest(X)


def test_a_function_that_ends_the_worker_twice_is_not_called_again(level):
    code = "def kills(): os.kill(os.getppid(), signal.SIGKILL)"
    with opened(level, code) as session:
        for message in ("SIGKILL", "SIGKILL", "not called again", "not called again"):
            with pytest.raises(Crashed, match=message):
                session.student.kills()
        assert answers_rightly(session)


def test_the_strongest_level_is_taken():
    assert isolation() == available()[0] == Sandbox().open_notebook([]).level
    assert set(available()) <= set(levels.LEVELS)
    with pytest.raises(ValueError, match="level must be one of bubblewrap, nobody, limits only"):
        Sandbox(level="trust").open_notebook(["1"])


def test_a_worker_that_does_not_start_again_is_no_mistake_of_the_student(monkeypatch):
    """The property that was lost to it must not count: the submission is not graded."""
    level = available()[-1]
    with (
        pytest.raises(RuntimeError, match=f"does not start at level {level}"),
        opened(level) as session,
    ):
        session.close()
        monkeypatch.setattr(levels, "_environment", lambda home: {"PYTHONHOME": "/nowhere"})
        with pytest.raises(RuntimeError):
            session.student.honest(X)


def test_output_belongs_to_the_cell_that_printed_it(level):
    cells = ["print('a' * 5000)", "import os\nos.system('echo b')", "1 + 1", "print('c'); 1 / 0"]
    with opened(level, *cells) as session:
        outputs = [cell.output for cell in session.ran[1:]]
    assert outputs[0] == "a" * 5000 + "\n"
    assert outputs[1].startswith("b") and "Out" in outputs[2] and "2" in outputs[2]
    assert outputs[3].startswith("c\n") and "ZeroDivisionError" in outputs[3]


FORGER = """
import numpy
inside = get_ipython().ask_exit.__func__.__globals__
def forged(self, request):
    many = numpy.arange(3)
    return inside["wire"].pack({"id": request["id"], "kind": many, "left": many, "status": 1})
inside["Worker"].run = inside["Worker"].call = forged
"""


def test_replies_of_another_form_are_none(level):
    with opened(level, FORGER, "x = 1") as session:
        assert [run.aside for run in session.ran] == [False, False, True]
        with pytest.raises(Crashed, match="pipe"):
            session.student.honest(torch.tensor(-3))


def test_a_worker_starts_while_a_check_is_bounded(level):
    with grading.bounded(1 << 30), Sandbox(level=level).open_notebook([HONEST]) as session:
        assert session.ran[0].ok and session.student.honest(torch.tensor(-3)) == 3
