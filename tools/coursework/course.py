"""The folder of a course: who takes part, its secrets, and files that only the lecturer reads."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import secrets as random_source
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tools.coursework.source import Assignment, sources

ROOT = Path(__file__).parents[2]
COLUMNS = ("id", "name", "email")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}(?<!\.)")
NOT_ON_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class CourseError(ValueError):
    """Something that the lecturer has to put right; the message says what and how."""


@dataclass(frozen=True)
class Student:
    """One line of the list of students."""

    id: str
    name: str
    email: str
    other: dict[str, str] = field(default_factory=dict)  # further columns


@dataclass(frozen=True)
class Secrets:
    """What the numbers of the students and the inputs of the hidden checks are drawn from."""

    salt: str
    grade_seed: int


def write_private(path: Path, content: bytes) -> None:
    """Write a file in one step that nobody but its owner may read (mode 0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as unfinished:
        try:
            unfinished.write(content)
            unfinished.flush()
        except OSError:
            os.unlink(unfinished.name)
            raise
    os.replace(unfinished.name, path)


def close(course: Path) -> None:
    """Make the folder of the course if need be, and shut it to other users and to git."""
    if (course / ".git").exists():
        raise CourseError(f"COURSE={course} is a repository: name a folder of its own.")
    course.mkdir(parents=True, exist_ok=True)
    course.chmod(0o700)
    write_private(course / ".gitignore", b"*\n")


def assignment(name: str, root: Path = ROOT) -> Assignment:
    """The assignment of that name."""
    known = {a.name: a for a in sources(root)}
    if name not in known:
        wrong = f"There is no assignment {name!r}: give" if name else "Give"
        choice = ", ".join(known) or "none so far"
        raise CourseError(f"{wrong} ASSIGNMENT=, one of {choice}.")
    return known[name]


def secrets(course: Path) -> Secrets:
    """Salt and grade seed of the course: the environment's, else those of `secrets.json`.

    Raises CourseError where there are none yet; the first release makes them.
    """
    kept = _kept_secrets(course)
    salt = os.environ.get("COURSE_SALT") or kept.get("salt")
    seed = os.environ.get("GRADE_SEED") or kept.get("grade_seed")
    if salt is None or seed is None:
        raise CourseError(
            f"{course / 'secrets.json'} is missing: run `make release` first, or set COURSE_SALT "
            "and GRADE_SEED."
        )
    if not re.fullmatch(r"\d{1,18}", str(seed)):
        raise CourseError(f"GRADE_SEED is {seed!r}: give a whole number from 0 to 10**18 - 1.")
    return Secrets(str(salt), int(seed))


def make_secrets(course: Path) -> Secrets:
    """The secrets of the course, drawn at random where it has none; never drawn twice."""
    close(course)
    path = course / "secrets.json"
    if not path.exists():
        salt, seed = os.environ.get("COURSE_SALT"), os.environ.get("GRADE_SEED")
        if not (salt and seed) and any((course / "released").glob("*/*.zip")):
            raise CourseError(
                f"{path} is missing, but bundles have been released with the numbers it gave: "
                "restore the file, or set COURSE_SALT and GRADE_SEED to what it held."
            )
        drawn = {
            "salt": salt or random_source.token_hex(16),
            "grade_seed": seed or random_source.randbelow(2**31),
        }
        with tempfile.NamedTemporaryFile(dir=course, prefix=".", mode="w") as unfinished:
            json.dump(drawn, unfinished)
            unfinished.flush()
            with contextlib.suppress(FileExistsError):  # another release was faster
                os.link(unfinished.name, path)
    return secrets(course)


def _kept_secrets(course: Path) -> dict:
    path = course / "secrets.json"
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not {"salt", "grade_seed"} <= kept.keys():
        raise CourseError(f"{path} has no salt and grade_seed: restore it from a copy.")
    return kept


def rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and (line, fields) of a CSV file with commas, semicolons or tabs, with or without BOM.

    Raises CourseError for a file that is missing, empty or not in Unicode.
    """
    if not path.is_file():
        raise CourseError(f"{path} is missing: give the address of a CSV file.")
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not in UTF-8: save it as `CSV UTF-8`.") from None
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if not found:
        raise CourseError(f"{path} is empty: give a header and a line for each student.")
    return found[0][1], found[1:]


def students(path: Path) -> list[Student]:
    """The students of a list with the columns id, name and email, in its order.

    Raises CourseError with all problems of the list, each with its line.
    """
    header, lines = rows(path)
    names = [name.strip().lower() for name in header]
    if lost := [column for column in COLUMNS if column not in names]:
        raise CourseError(
            f"{path} has no column {', '.join(lost)}: its first line must name id, name and email."
        )
    found: list[Student] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for line, cells in lines:
        if len(cells) > len(names) and any(cells[len(names) :]):
            problems.append(f"line {line} has more fields than the header: quote its commas.")
            continue
        values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        if problem := _problem(values.get("id", ""), seen):
            problems.append(f"line {line}: {problem}")
            continue
        seen[values["id"].casefold()] = line
        other = {name: value for name, value in values.items() if name not in COLUMNS}
        found.append(Student(values["id"], values.get("name", ""), values.get("email", ""), other))
    if problems:
        raise CourseError(f"{path} cannot be used:\n" + "\n".join(f"  {p}" for p in problems))
    if not found:
        raise CourseError(f"{path} names no student: give a line for each.")
    return found


def _problem(id: str, seen: dict[str, int]) -> str | None:
    """What is wrong with an id, also as the name of a file on any system."""
    if not id:
        return "no id: give each student one."
    if not ID.fullmatch(id) or NOT_ON_WINDOWS.fullmatch(id):
        return (
            f"the id {id!r} cannot name a file: use 1 to 64 of A-Z a-z 0-9 . _ @ + - and begin "
            "with a letter or digit."
        )
    if id.casefold() in seen:
        return f"the id {id!r} stands in line {seen[id.casefold()]} already: ids must differ."
    return None


def given_out(course: Path, name: str) -> frozenset[str]:
    """Digests of all cells that students ever got with an assignment, whose source may change."""
    path = _given_out(course, name)
    if not path.exists():  # released before these were kept
        return frozenset()
    try:
        return frozenset(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise CourseError(
            f"{path} cannot be read: delete it and run `make release` again."
        ) from None


def add_given_out(course: Path, name: str, digests: set[str]) -> None:
    """Keep these digests beside those of earlier releases."""
    every = sorted(given_out(course, name) | digests)
    write_private(_given_out(course, name), json.dumps(every, indent=0).encode())


def _given_out(course: Path, name: str) -> Path:
    return course / "released" / name / "cells.json"


def class_list(course: Path) -> list[Student]:
    """The students of the course, as of the last release."""
    if not (course / "students.csv").exists():
        raise CourseError(
            f"{course} is no course yet: run `make release` first, or name its folder by COURSE=."
        )
    return students(course / "students.csv")


def write_class_list(course: Path, listed: list[Student]) -> None:
    """Keep the list in the course, in one form whatever the lecturer's file looked like."""
    further = list(dict.fromkeys(name for student in listed for name in student.other))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *further])
    for s in listed:
        writer.writerow([s.id, s.name, s.email, *(s.other.get(name, "") for name in further)])
    write_private(course / "students.csv", text.getvalue().encode())
