"""What was not tested for want of hardware is said, with the commit of its last pass."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = ROOT / "tests" / "conftest.py"
TESTS = """
import pytest

@pytest.mark.needs_cuda
@pytest.mark.parametrize("n", [1, 2])
def test_on_cuda(n):
    assert n < LIMIT

@pytest.mark.needs_mps
def test_on_mps():
    pass

def test_anywhere():
    pass
"""
TORCH = """
from types import SimpleNamespace
cuda = SimpleNamespace(is_available=lambda: {cuda})
backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False))
"""


@pytest.fixture
def machine(tmp_path):
    """Runs the tests above, in a repository of their own, on a machine with or without CUDA."""
    repository = tmp_path / "repository"
    repository.mkdir()
    shutil.copy(CONFTEST, repository)
    (repository / "hardware.json").write_text("{}")
    (repository / "test_it.py").write_text(TESTS.replace("LIMIT", "3"))

    def run(cuda: bool, limit: int = 3, *options: str) -> str:
        (tmp_path / "torch.py").write_text(TORCH.format(cuda=cuda))
        (repository / "test_it.py").write_text(TESTS.replace("LIMIT", str(limit)))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "."]
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == (limit < 3), ran.stdout + ran.stderr
        return ran.stdout

    def git(*arguments: str) -> str:
        names = ["-c", "user.name=t", "-c", "user.email=t@t"]
        command = ["git", *names, *arguments]
        return subprocess.run(
            command, cwd=repository, capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "-q")
    run.record = lambda: json.loads((repository / "hardware.json").read_text())
    run.git = git
    return run


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_skipped_tests_are_listed_with_their_last_pass(machine, workers):
    shown = machine(False, 3, *workers)
    assert "not tested: no CUDA device on this machine" in shown
    assert "test_it.py::test_on_cuda (2 cases): has never been run" in shown
    assert "test_it.py::test_on_mps: has never been run" in shown
    assert "1 passed, 3 skipped" in shown and machine.record() == {}

    machine.git("add", ".")
    machine.git("commit", "-q", "-m", "first")
    commit = machine.git("rev-parse", "HEAD")
    shown = machine(True, 3, *workers)
    assert "3 passed, 1 skipped" in shown and "no CUDA" not in shown
    ids = [f"test_it.py::test_on_cuda[{n}]" for n in (1, 2)]
    assert machine.record() == {"CUDA": dict.fromkeys(ids, commit)}

    shown = machine(False, 3, *workers)
    assert f"test_it.py::test_on_cuda (2 cases): last passed on {commit}\n" in shown
    assert "test_it.py::test_on_mps: has never been run" in shown


def test_a_failure_keeps_the_commit_of_the_last_pass(machine):
    machine.git("add", ".")
    machine.git("commit", "-q", "-m", "first")
    first = machine.git("rev-parse", "HEAD")
    machine(True)
    machine.git("commit", "-q", "-a", "-m", "second")
    machine(True, 2)  # test_on_cuda[2] fails, on a tree with an edit
    assert machine.record()["CUDA"] == {
        "test_it.py::test_on_cuda[1]": machine.git("rev-parse", "HEAD") + "+",
        "test_it.py::test_on_cuda[2]": first,
    }
