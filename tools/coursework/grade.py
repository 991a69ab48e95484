"""Grades a folder of submissions: python -m tools.coursework.grade --submissions folder

Exit status: 0 when everything was graded, 3 when something could not be, 1 for a wrong call, 130
when it was interrupted. Run it again to go on: what is graded is not graded twice.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import nbformat
from filelock import AcquireReturnProxy, FileLock, Timeout
from tqdm import tqdm

from tools.coursework.collect import Collected, HandedIn, collect
from tools.coursework.course import (
    ROOT,
    CourseError,
    Secrets,
    assignment,
    class_list,
    close,
    given_out,
    secrets,
    write_private,
)
from tools.coursework.grading import grade_one
from tools.coursework.report import write_report
from tools.coursework.results import (
    digest,
    graded_result,
    keep,
    result_path,
    write_result,
)
from tools.coursework.sandbox import Sandbox, isolation
from tools.coursework.source import Assignment, numbers, sources

SOME_LEFT = 3
INTERRUPTED = 130


def grade_folder(
    folder: Path,
    course: Path,
    known: list[Assignment],
    wanted: str | None,
    sandbox: Sandbox,
) -> int:
    """Grade what a folder holds, for one assignment or for all; gives the exit status."""
    listed, drawn_from = class_list(course), secrets(course)
    released = {a.name: given_out(course, a.name) for a in known}
    level = sandbox.level or isolation()
    close(course)  # student code runs as another user, where it can
    with _alone(course):
        collected = collect(folder, listed, known, wanted)
        if not (collected.chosen or collected.refused or collected.others):
            raise CourseError(
                f"{folder} holds no file: name the folder or zip that was downloaded."
            )
        by_name = {a.name: a for a in known}
        failed: list[HandedIn] = []
        stopped = False
        try:
            for one in tqdm(collected.chosen, desc="Grading", unit="submission"):
                graded = by_name[one.assignment]
                cells = released[graded.name]
                if why := _grade(graded, one, course, drawn_from, sandbox, cells):
                    failed.append(replace(one, refused=why))
        except KeyboardInterrupt:
            stopped = True
        kept = _set_aside(collected, failed, course)
        for name in [wanted] if wanted else _touched(collected, course, by_name):
            print(write_report(by_name[name], course, listed, kept, level))
    left = [one for one in [*collected.refused, *failed] if not one.replaced]
    print(f"Graded: {len(collected.chosen) - len(failed)}. Not graded: {len(left)}.")
    for one in left:
        print(f"  {one.path} ({one.student or 'by nobody known'}): {one.refused}")
    if stopped:
        print("Interrupted: the same command goes on where it stopped.")
        return INTERRUPTED
    return SOME_LEFT if left else 0


def _grade(
    graded: Assignment,
    one: HandedIn,
    course: Path,
    drawn_from: Secrets,
    sandbox: Sandbox,
    released: frozenset[str],
) -> str:
    """Write the result of one submission, unless it is there; gives why it could not be graded."""
    path = result_path(course, graded.name, one.student)
    drawn = numbers(graded, one.student, drawn_from.salt)
    state = digest(graded, drawn, drawn_from.grade_seed)
    before = graded_result(path)
    if before and (before["sha256"], before["digest"]) == (one.sha256, state):
        if (before["file"], before["intake"]) != (one.path, list(one.events)):
            write_result(path, before | {"file": one.path, "intake": list(one.events)})
        return ""
    try:
        seed = drawn_from.grade_seed
        result, notebook = grade_one(graded, one, drawn, seed, sandbox, released)
    except Exception as error:  # whatever it is, the batch goes on, and nobody gets a zero for it
        why = f"{type(error).__name__}: {error}"
        if before is None:  # else what was graded earlier stands until this is
            write_result(path, _not_graded(one, why))
        return why
    write_private(path.with_suffix(".ipynb"), nbformat.writes(notebook).encode())
    write_result(path, result | {"digest": state})
    return ""


def _set_aside(collected: Collected, failed: list[HandedIn], course: Path) -> list[dict]:
    """Keep what was not graded, and say so in the student's result if there is no graded one."""
    rows = []
    aside = [*collected.refused, *failed, *collected.others]
    together: Counter[Path] = Counter()
    for one in aside:
        together[one.found.outer] += one.found.size
    for one in aside:
        rows.append(
            {
                "path": one.path,
                "student": one.student,
                "assignment": one.assignment,
                "why": one.refused or "no notebook by its name: for a person to look at",
                "kept": keep(course, one, together[one.found.outer]),
                "replaced": one.replaced,
            }
        )
    has_one = {(one.student, one.assignment) for one in collected.chosen}
    for one in collected.refused:
        if one.student and one.assignment and (one.student, one.assignment) not in has_one:
            path = result_path(course, one.assignment, one.student)
            if not graded_result(path):
                write_result(path, _not_graded(one, one.refused))
    return rows


def _not_graded(one: HandedIn, why: str) -> dict:
    """A result without points."""
    return {
        "assignment": one.assignment,
        "student": one.student,
        "status": f"not graded: {why}",
        "told": one.told,
        "file": one.path,
        "sha256": one.sha256,
        "intake": list(one.events),
    }


def _touched(collected: Collected, course: Path, known: Iterable[str]) -> list[str]:
    """The assignments that were handed in now or before."""
    now = {one.assignment for one in [*collected.chosen, *collected.refused]}
    return [name for name in known if name in now or (course / "graded" / name).is_dir()]


def _alone(course: Path) -> AcquireReturnProxy:
    """A lock on the course, which the system takes away from a process that is killed."""
    try:
        return FileLock(course / ".grading.lock").acquire(timeout=0)
    except Timeout:
        raise CourseError(f"Another `make grade` runs on {course}: wait until it ends.") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make grade", description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", default="")
    parser.add_argument("--assignment", default="")
    parser.add_argument("--course", type=Path, default=Path("course"))
    given = parser.parse_args(arguments)
    try:
        if not given.submissions:
            raise CourseError("Give SUBMISSIONS=, the folder or zip with what was handed in.")
        if given.assignment:
            assignment(given.assignment)
        wanted = given.assignment or None
        return grade_folder(Path(given.submissions), given.course, sources(ROOT), wanted, Sandbox())
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or given.course
        print(
            f"{where}: {error.strerror}; mend it and run the same command again.", file=sys.stderr
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
