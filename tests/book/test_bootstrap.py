"""Setting up says in one sentence what is wrong, and leaves nothing that looks finished."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("version", "answer"),
    [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False), ((2, 7), False)],
)
def test_supported_versions(version, answer):
    assert bootstrap.supported(version) is answer


def test_the_wrong_python_gets_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "is_ready", lambda: False)
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert bootstrap.main() == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "needs Python 3.11 to 3.13" in message and "3.9" in message


def test_another_python_on_the_path_is_found(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: sys.executable if name == "python3.12" else None
    )
    assert bootstrap.find_python() == sys.executable


def set_up(root: Path, **environment: str) -> subprocess.CompletedProcess:
    (root / "tools").mkdir()
    for name in ("tools/bootstrap.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    return subprocess.run(
        [sys.executable, "tools/bootstrap.py"],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_no_network_gets_one_sentence_and_leaves_no_stamp(tmp_path):
    nowhere = "http://127.0.0.1:9/simple"
    run = set_up(
        tmp_path,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=nowhere,
        PIP_EXTRA_INDEX_URL="",
        PIP_RETRIES="1",
        PIP_FIND_LINKS="",
    )
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1 and "connect to the network" in run.stderr
    assert not (tmp_path / ".venv" / "pins.sha256").exists()
