"""The files from which Canvas and Moodle import grades, filled in for the students they name.

Canvas reads Student, ID, SIS User ID, SIS Login ID, Section and a column for each assignment, whose
header ends with the assignment's number; a line "Points Possible" comes before the students. It
finds a student by ID, else by the SIS columns, else by name. Moodle's grading worksheet wants
Identifier, Grade and Last modified (grade) as it exported them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.coursework.course import CourseError, Student, rows

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_IDENTITY = (*CANVAS, "LastName", "FirstName", "Integration ID", "Root Account")
MOODLE = ("ID number", "Full name", "Email address", "Grade", "Maximum grade", "Feedback comments")
# Columns that hold an id, login or address as our list may have it. Canvas's own ID and Moodle's
# Identifier number people in their own way, and may equal the id of somebody else.
KEYS = ("SIS User ID", "SIS Login ID", "Integration ID", "ID number", "Username", "Email address")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)%?|-")


@dataclass(frozen=True)
class Entry:
    """What one student gets."""

    student: Student
    grade: str  # empty: none
    comment: str
    status: str


def canvas(
    entries: list[Entry], names: tuple[str, ...], maximum: str, template: Path | None
) -> tuple[list[list[str]], list[str]]:
    """Lines for Canvas, and what a person should know. names: the assignment's, the first is used
    where the template has none of them."""
    if template is None:
        lines = [[*CANVAS, names[0]], ["    Points Possible", "", "", "", "", maximum]]
        for e in entries:
            lines.append([e.student.name, "", "", e.student.id, "", e.grade])
        return lines, []
    header, content = _template(template, "Student", "ID")
    kept = [at for at, name in enumerate(header) if name in CANVAS_IDENTITY]
    column = _assignment_column(header, names)
    notes = (
        [] if column is not None else [f"{template} has no column {names[0]}: Canvas makes one."]
    )
    possible = next((row for row in content if _is_possible(row)), None)
    people = [row for row in content if not _is_possible(row) and any(row[at] for at in kept)]
    found, said = _matched(header, people, entries)
    lines = [[*(header[at] for at in kept), names[0] if column is None else header[column]]]
    worth = possible[column] if possible and column is not None else ""
    notes += _other_maximum("Canvas", worth, maximum)
    lines.append(["    Points Possible", *[""] * (len(kept) - 1), worth or maximum])
    for row, entry in zip(people, found, strict=True):
        excused = column is not None and row[column].strip().upper() == "EX"
        grade = "EX" if excused else entry.grade if entry else ""
        if column is not None:
            notes += _emptied("Canvas", row[0], row[column], grade)
        lines.append([*(row[at] for at in kept), grade])
    return lines, notes + said


def moodle(
    entries: list[Entry], names: tuple[str, ...], maximum: str, template: Path | None
) -> tuple[list[list[str]], list[str]]:
    """Lines for Moodle, and what a person should know."""
    if template is None:
        people = [[e.student.id, e.student.name, e.student.email] for e in entries]
        rest = [[e.grade, maximum, e.comment] for e in entries]
        return [list(MOODLE), *([*a, *b] for a, b in zip(people, rest, strict=True))], []
    header, content = _template(template, "Identifier", "Grade")
    found, notes = _matched(header, content, entries)
    grade = header.index("Grade")
    words = header.index("Feedback comments") if "Feedback comments" in header else None
    most = next((at for at, name in enumerate(header) if name.lower() == "maximum grade"), None)
    if most is not None and content:
        notes += _other_maximum("Moodle", content[0][most], maximum)
    lines = [header]
    for row, entry in zip(content, found, strict=True):
        line = list(row)
        line[grade] = entry.grade if entry else ""
        notes += _emptied("Moodle", row[0], row[grade], line[grade])
        if words is not None and entry:
            line[words] = entry.comment
        lines.append(line)
    return lines, notes


def _is_possible(row: list[str]) -> bool:
    return row[0].strip().startswith("Points Possible")


def _other_maximum(platform: str, theirs: str, ours: str) -> list[str]:
    if not re.fullmatch(r"\d+([.,]\d+)?", theirs.strip()):
        return []
    if float(theirs.replace(",", ".")) == float(ours):
        return []
    return [
        f"{platform} gives {theirs.strip()} points, the assignment {ours}: make them equal there, "
        "before you import."
    ]


def _emptied(platform: str, name: str, old: str, new: str) -> list[str]:
    if not old.strip(" -") or new:
        return []
    return [f"{name} has {old.strip()} in {platform} and no grade here: importing may delete it."]


def _template(path: Path, *needed: str) -> tuple[list[str], list[list[str]]]:
    """Header and lines of what a platform exported, all of one length."""
    header, content = rows(path)
    header = [name.strip() for name in header]
    lost = [name for name in needed if name not in header]
    if lost and not (needed[0] == "Student" and "LastName" in header and lost == ["Student"]):
        raise CourseError(
            f"TEMPLATE={path} has no column {', '.join(lost)}: export it again, with the platform "
            "set to English."
        )
    return header, [[*row, *[""] * (len(header) - len(row))][: len(header)] for _, row in content]


def _assignment_column(header: list[str], names: tuple[str, ...]) -> int | None:
    """Where Canvas has the assignment, as `name (number)`."""
    wanted = {name.casefold() for name in names}
    found = [
        at
        for at, name in enumerate(header)
        if re.sub(r" \(\d+\)$", "", name).strip().casefold() in wanted
    ]
    if len(found) > 1:
        raise CourseError(f"TEMPLATE has {len(found)} columns for {names[0]}: leave one of them.")
    return found[0] if found else None


def _matched(
    header: list[str], people: list[list[str]], entries: list[Entry]
) -> tuple[list[Entry | None], list[str]]:
    """For each line of a template the student it means, and a note on each who has no partner."""
    owners: dict[tuple[str, str], set[int]] = {}
    for at, entry in enumerate(entries):
        for key in _keys(entry.student, header):
            owners.setdefault(key, set()).add(at)
    columns = [at for at, name in enumerate(header) if name]
    meant: list[set[int]] = []
    for row in people:
        keys = {
            key
            for at in columns
            for key in ((header[at].casefold(), row[at].strip().casefold()),)
            if key[1]
        }
        meant.append(set().union(*(owners.get(key, set()) for key in keys)))
    claimed = [at for one in meant if len(one) == 1 for at in one]
    found: list[Entry | None] = []
    notes = []
    for row, one in zip(people, meant, strict=True):
        mine = [entries[at] for at in one if len(one) == 1 and claimed.count(at) == 1]
        found.append(mine[0] if mine else None)
        if not mine:
            why = "could be several students" if one else "is nobody of our list"
            notes.append(f"In TEMPLATE, {' '.join(filter(None, row[:4]))!r} {why}: no grade.")
    given = {entry.student.id for entry in found if entry}
    notes += [
        f"{e.student.id} ({e.student.name}) is not in TEMPLATE: no grade."
        for e in entries
        if e.student.id not in given
    ]
    return found, notes


def _keys(student: Student, header: list[str]) -> Iterator[tuple[str, str]]:
    """The (column, value) by which a template may name a student."""
    for value in filter(None, (student.id, student.email)):
        for column in KEYS:
            yield column.casefold(), value.casefold()
    columns = {name.casefold() for name in header}
    for column, value in student.other.items():
        column = "id" if column.startswith("canvas") else column.casefold()
        if value and column in columns:
            yield column, value.casefold()


def as_csv(lines: list[list[str]]) -> bytes:
    """The lines as a CSV file that no spreadsheet takes for formulas."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[harmless(c) for c in row] for row in lines])
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows as it is: one that begins like a formula gets a quote."""
    starts = cell.lstrip(" \t\r\n")[:1] in tuple("=+-@") or cell[:1] in tuple("\t\r\n")
    return f"'{cell}" if cell and starts and not NUMBER.fullmatch(cell) else cell
