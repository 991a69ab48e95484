"""What stands in the folder `graded`: one result a student, each written in one step.

A result is the only journal there is. It says of which bytes, checks, numbers and seed it is made,
so a batch that was killed goes on where it stopped, and a change of any of them grades anew.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shutil
from pathlib import Path

from tools.coursework.collect import HandedIn
from tools.coursework.course import write_private
from tools.coursework.source import Assignment

HERE = Path(__file__).parent
CHECKS = HERE.parents[1] / "assignments" / "checks"
# A change of how we grade grades anew as well.
GRADERS = (
    "flags",
    "fork",
    "grading",
    "levels",
    "notebook",
    "process",
    "reading",
    "sandbox",
    "submission",
    "wire",
    "worker",
)


def result_path(course: Path, assignment: str, student: str) -> Path:
    return course / "graded" / assignment / f"{student}.json"


def read_result(path: Path) -> dict | None:
    """The result in a file; None where there is none, or only a part of one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_result(path: Path, result: dict) -> None:
    write_private(path, json.dumps(result, indent=1, ensure_ascii=False).encode())


def graded_result(path: Path) -> dict | None:
    """The result in a file, if it has points."""
    found = read_result(path)
    return found if found and found["status"] == "graded" else None


def digest(assignment: Assignment, drawn: dict[str, int], seed: int) -> str:
    """Of everything but the submission that the points depend on."""
    parts = [repr((assignment.header, assignment.blocks)), _text(assignment.checks)]
    parts += [repr(sorted(drawn.items())), str(seed)]
    parts += [path.read_text() for path in sorted(CHECKS.glob("*.py"))]  # some import others
    parts += [(HERE / f"{name}.py").read_text() for name in GRADERS]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def keep(course: Path, one: HandedIn, together: int) -> str:
    """Copy a file that is not graded, untouched, into `kept`; its place there, or why not.

    together: bytes of all such files in its zip; of many, the zip is kept, once
    """
    if one.found.outer.is_symlink() or not one.found.outer.is_file():
        return ""  # a link, a pipe, a folder: there is nothing to copy
    found = one.found
    inside = found.outer.name != found.name.rpartition("/")[2]
    whole = inside and (found.problem != "" or found.size > LARGEST_COPY or together > LARGEST_ZIP)
    shown = found.outer.name if whole else found.name
    mark = f"{found.name}\0{found.size}\0{found.modified}"  # what came earlier stays there
    if whole:
        state = found.outer.stat()
        mark = f"{found.outer}\0{state.st_size}\0{state.st_mtime}"
    mark = hashlib.sha256(mark.encode()).hexdigest()[:8]
    safe = re.sub(r"[^\w.-]+", "_", shown.replace("/", "__"), flags=re.ASCII)[-100:]
    place = course / "kept" / (one.assignment or "unknown") / f"{mark}-{safe}"
    place.parent.mkdir(parents=True, exist_ok=True)
    if whole and place.exists():
        return str(place.relative_to(course))
    try:
        if inside and not whole:
            write_private(place, found.load())
        else:
            _copy(found.outer, place)
    except (OSError, ValueError, RuntimeError) as error:
        return f"not kept: {type(error).__name__}: {error}"
    return str(place.relative_to(course))


LARGEST_COPY = 20 * 2**20  # bytes; of a larger member, the zip is kept that holds it
LARGEST_ZIP = 100 * 2**20  # bytes of members that are kept one by one; packed, they may be few


def _copy(source: Path, place: Path) -> None:
    unfinished = place.with_name(f".{place.name}")
    shutil.copyfile(source, unfinished, follow_symlinks=False)
    unfinished.chmod(0o600)
    unfinished.replace(place)


def _text(module: object) -> str:
    try:
        return inspect.getsource(module)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return ""
