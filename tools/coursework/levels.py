"""How well a student's code is shut in on this machine: three levels, found by trying them."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [Path(__file__).with_name(name) for name in ("worker.py", "fork.py", "wire.py")]
LEVELS = {
    "bubblewrap": "It does not defend against errors of the Linux kernel, nor against the memory "
    "that many processes of one submission take together.",
    "nobody": "It does not defend against reading and writing what every user may, hidden checks "
    "among it if their files are such, nor against the network or a full disk.",
    "limits only": "It does not defend against code that reads, writes, sends or ends what you "
    "yourself may, the grader included: use it only for students whom you trust.",
}
USERS = range(60706, 61184)  # numbers that Linux gives to nobody
PROCESSES = 128  # of one submission, threads included
SPACE = 256 << 20  # bytes of its temporary folder, where the level can bound it
READABLE = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
TRIAL = """
import sys, numpy
from importlib.util import find_spec
found = all(map(find_spec, ("torch", "IPython", "mathdl")))
print("found" if found and sys.version == sys.argv[1] else "another Python")
"""


@dataclass(frozen=True)
class Launch:
    """How a worker is started."""

    command: list[str]  # that a Python command line is appended to
    scripts: Path  # where it finds worker.py and what that imports
    folder: Path  # it starts in, as seen from outside
    processes: int | None  # it may have at most
    user: int | None = None  # that it runs as, and nobody else does
    environment: dict[str, str] = field(default_factory=dict)


@cache
def available() -> tuple[str, ...]:
    """The levels that work on this machine, the strongest first."""
    return tuple(level for level in LEVELS if _works(level))


def launch(level: str, folder: Path) -> Launch:
    """How to start a worker whose temporary folder is `folder`, which exists and is empty."""
    if level == "bubblewrap":
        return _bubblewrap(folder, _as_root())
    for script in SCRIPTS:
        shutil.copy(script, folder)
    work = folder / "work"
    work.mkdir()
    if level == "nobody":
        user = _free_user()
        for path in (folder, work):
            os.chown(path, user, user)
        return Launch(_become(user), folder, work, PROCESSES, user, _environment(work))
    if level == "limits only":
        return Launch([sys.executable], folder, work, _own_processes(), None, _environment(work))
    raise ValueError(f"level must be one of {', '.join(LEVELS)}, not {level!r}.")


def end(launched: Launch) -> None:
    """Kill whatever runs as the user of this worker alone."""
    if launched.user is not None:
        subprocess.run([*_become(launched.user)[:-1], "sh", "-c", "kill -KILL -1"], check=False)


def _works(level: str) -> bool:
    """Whether Python and what students need can be started so."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="coursework-") as folder:
        try:
            trial = launch(level, Path(folder))
            done = subprocess.run(
                [*trial.command, "-c", TRIAL, sys.version],
                env=trial.environment,
                cwd=trial.folder,
                capture_output=True,
                text=True,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0 and done.stdout == "found\n"


def _environment(home: Path) -> dict[str, str]:
    """All that student code sees of the environment; in particular no salt and no seed."""
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(_library().parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",  # forks cannot use a GPU
        "MATHDL_SEED": "0",
        **dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), str(home)),
    }


def _library() -> Path:
    """The folder of `mathdl`."""
    found = find_spec("mathdl")
    if found is None or found.origin is None:
        raise RuntimeError("mathdl is not installed: run `make setup`.")
    return Path(found.origin).resolve().parent


def _as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _become(user: int) -> list[str]:
    """A command that runs Python as a user who owns nothing and can become nobody else."""
    who = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    never = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return ["setpriv", *who, *never, sys.executable]


def _processes_by_user() -> dict[int, int]:
    """How many threads each user runs; empty where there is no /proc."""
    counts: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            user, threads = entry.stat().st_uid, len(os.listdir(entry / "task"))
        except OSError:  # it has just ended
            continue
        counts[user] = counts.get(user, 0) + threads
    return counts


def _free_user() -> int:
    busy = _processes_by_user()
    return random.SystemRandom().choice([user for user in USERS if user not in busy])


def _own_processes() -> int | None:
    """The limit counts all processes of a user, and root has none."""
    mine = _processes_by_user().get(os.getuid())
    return None if _as_root() or mine is None else mine + PROCESSES


def _bubblewrap(folder: Path, root: bool) -> Launch:
    """In a file system of its own that shows Python, packages and the library, read-only."""
    user = _free_user() if root else USERS[0]
    scripts = Path("/grader")
    places: dict[Path, list[str]] = {
        Path("/tmp"): ["--perms", "1777", "--size", str(SPACE), "--tmpfs"],
        Path("/dev/shm"): ["--perms", "1777", "--size", str(SPACE), "--tmpfs"],
    }
    shown = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]]
    shown += [Path("/usr"), *map(Path, READABLE), _library(), _library().parents[1] / "data"]
    shown += [Path("/" + name) for name in ("bin", "sbin", "lib", "lib32", "lib64")]
    for path in shown:
        if path.is_symlink() and path.parent == Path("/"):
            places[path] = ["--symlink", os.readlink(path)]
        elif path.exists():
            places[path] = ["--ro-bind", str(path)]
    if any(path in ROOT.parents for path in shown):  # Python lies above the book: cover the book
        places[ROOT] = ["--perms", "0755", "--size", "4096", "--tmpfs"]
    for script in SCRIPTS:
        places[scripts / script.name] = ["--ro-bind", str(script)]
    command = ["bwrap", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev"]
    command += [f"--unshare-{what}" for what in ("ipc", "pid", "net", "uts", "cgroup-try")]
    command += _mounts(places) + ["--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/tmp"]
    if root:
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", *_become(user)]
        processes: int | None = PROCESSES
    else:
        command += ["--unshare-user", "--uid", str(user), "--gid", str(user), sys.executable]
        processes = _own_processes()
    return Launch(command, scripts, folder, processes, None, _environment(Path("/tmp")))


def _mounts(places: dict[Path, list[str]]) -> list[str]:
    """The arguments that put them in their places, the outer ones first."""
    arguments: list[str] = []
    made = {Path("/"), Path("/dev")}
    solid: set[Path] = set()  # where bubblewrap cannot make folders, and need not
    for path in sorted(places, key=lambda path: len(path.parts)):
        for parent in reversed(path.parents):
            if parent not in made and not solid & {parent, *parent.parents}:
                arguments += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        arguments += [*places[path], str(path)]
        made.add(path)
        if places[path][0] == "--ro-bind":
            solid.add(path)
    return arguments
