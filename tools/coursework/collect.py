"""Who handed in what: which notebook is graded for whom, and what is kept and reported instead.

**Whose is it?** The path tells who uploaded a file, and a learning platform has checked that; what
stands in the notebook, its maker may have changed. Hence:

- The path names a student: it is hers, with her numbers. Where the notebook was made for somebody
  else, copied numbers fail, and the report says so.
- The path names nobody: it is the student's for whom the notebook was made, and the report says
  that only the notebook tells. If that student also has a file whose path names her, this one
  counts and the other is not graded.
- Neither names anybody of `students.csv`, or the path fits two people: it is not graded.

**Which assignment?** That of the metadata. Without metadata, that of the questions in its cells,
and else that of the file's name, both only where they fit a single one. Metadata and cells that
contradict each other are not graded. Neither is a notebook of another assignment than the one to
be graded: its deadline may be another one, and `ASSIGNMENT=` grades it.

**Two by one student?** The later one is graded. Canvas numbers files in the order of their arrival,
and appends -1, -2 to the name of a file that is handed in again; else the times of the files tell,
if they are two seconds apart, for zips count in twos. Where nothing tells, none is graded, for
either choice may cost the student points: remove one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from tools.coursework.course import Student
from tools.coursework.files import Found, Unreadable, found_in
from tools.coursework.identity import Named, named_by
from tools.coursework.reading import NotANotebook, read_notebook
from tools.coursework.source import Assignment

# What students are told of a file that is not graded.
NO_NOTEBOOK = (
    "The file that you handed in cannot be read as a notebook. Open yours in Jupyter, save it, and "
    "hand in the file that was saved."
)
NOT_READ = (
    "The file that you handed in cannot be opened, or is too large. Hand in the notebook itself, "
    "not packed, without its outputs, and with small pictures."
)
NO_ASSIGNMENT = (
    "Nothing in your notebook says for sure which assignment it answers. Write your answers into "
    "the notebook that you got from your lecturer, and hand in that one."
)
SEVERAL = (
    "You handed in several notebooks, and nothing says which one is the last. Tell your lecturer "
    "which one counts."
)
TICK = 2  # seconds by which times of files differ if they differ in a zip


@dataclass(frozen=True)
class HandedIn:
    """One file that was handed in, and what is known of it."""

    found: Found
    named: Named
    student: str = ""  # id
    assignment: str = ""
    sha256: str = ""
    events: tuple[str, ...] = ()
    refused: str = ""  # why it is not graded, for the lecturer
    told: str = ""  # the same for the student: what to do, in plain words
    replaced: bool = False  # because a later one is

    @property
    def path(self) -> str:
        return self.found.name

    def notebook(self) -> NotebookNode:
        """Its notebook; NotANotebook if the file was changed since it was collected."""
        data = self.found.read()
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise NotANotebook("the file was changed while the batch ran")
        return read_notebook(data)


@dataclass(frozen=True)
class Collected:
    """What a folder holds."""

    chosen: list[HandedIn]  # one for each student and assignment
    refused: list[HandedIn]  # each with the reason
    others: list[HandedIn]  # files that are no notebooks by their names, such as scans of proofs


def collect(
    folder: Path, listed: list[Student], assignments: list[Assignment], wanted: str | None
) -> Collected:
    """Sort everything in a folder; `wanted` is the assignment to be graded, None for all."""
    every = [_look(found, listed, assignments, wanted) for found in found_in(folder)]
    others = [one for one in every if _is_other(one)]
    notebooks = [one for one in every if not _is_other(one)]
    by_path = {(one.student, one.assignment) for one in notebooks if one.named.students}
    notebooks = [_outranked(one, by_path) for one in notebooks]
    chosen: list[HandedIn] = []
    refused = [one for one in notebooks if one.refused]
    groups: dict[tuple[str, str], list[HandedIn]] = {}
    for one in notebooks:
        if not one.refused:
            groups.setdefault((one.student, one.assignment), []).append(one)
    for group in groups.values():
        newest, older = _newest(group)
        chosen += newest
        refused += older
    return Collected(chosen, refused, others)


def _is_other(one: HandedIn) -> bool:
    return not one.found.problem and not re.search(r"(?i)\.(ipynb|zip)$", one.path)


def _look(
    found: Found, listed: list[Student], assignments: list[Assignment], wanted: str | None
) -> HandedIn:
    """What a file says of itself."""
    named = named_by(found.name, listed)
    one = HandedIn(found, named, student=_only(named.students))
    if _is_other(one):
        return one
    try:
        data = found.read()
        notebook = read_notebook(data)
    except (Unreadable, NotANotebook) as error:
        about = wanted or _in_name(found.name, assignments) or ""
        told = NO_NOTEBOOK if isinstance(error, NotANotebook) else NOT_READ
        return replace(one, refused=f"{error}.", told=told, assignment=about)
    one = replace(one, sha256=hashlib.sha256(data).hexdigest())
    return _assigned(_identified(one, notebook, listed), notebook, assignments, wanted)


def _identified(one: HandedIn, notebook: NotebookNode, listed: list[Student]) -> HandedIn:
    """With the student, or refused."""
    made_for = notebook.metadata["coursework"].get("student", "")
    known = {s.id.casefold(): s.id for s in listed}
    owner = known.get(made_for.casefold(), "")
    if one.named.late:
        one = _with(one, "Canvas marks it as late.")
    if len(one.named.students) > 1 and owner not in one.named.students:
        both = " and ".join(sorted(one.named.students))
        return _refuse(one, f"its path fits {both}: put it into a folder named by the id.")
    if one.student:
        if made_for and owner != one.student:
            text = f"The notebook was made for {made_for!r}, and {one.student} handed it in: "
            one = _with(one, text + f"graded with the numbers of {one.student}.")
        return one
    uploader = f" (uploaded as {one.named.uploader!r})" if one.named.uploader else ""
    if not owner:
        whose = f" and the notebook was made for {made_for!r}" if made_for else ""
        why = f"its path names nobody of students.csv{uploader}{whose}"
        return _refuse(one, f"{why}: put it into a folder named by the id.")
    text = f"That it is {owner}'s, only the notebook says, not its path{uploader}."
    return _with(replace(one, student=owner), text)


def _assigned(
    one: HandedIn, notebook: NotebookNode, assignments: list[Assignment], wanted: str | None
) -> HandedIn:
    """With the assignment, or refused."""
    names = {a.name for a in assignments}
    said = notebook.metadata["coursework"].get("assignment", "")
    by_cells = _by_cells(notebook, assignments)
    if said in names and by_cells and said not in by_cells:
        why = (
            f"its metadata say {said!r}, and its questions are those of {' or '.join(by_cells)}: "
            "ask for the notebook that was released."
        )
        return _refuse(replace(one, assignment=wanted or said), why, NO_ASSIGNMENT)
    about = said if said in names else _only(by_cells) or _in_name(one.path, assignments)
    if not about:
        what = f"is of {said!r}, which is no assignment" if said else "names no assignment"
        why = (
            f"the notebook {what}, and its cells do not tell: if it is one, put the name of the "
            "assignment into the name of the file."
        )
        return _refuse(replace(one, assignment=wanted or ""), why, NO_ASSIGNMENT)
    if about != said:
        one = _with(one, f"That it is of {about!r} is told by its cells or its name only.")
    if wanted and about != wanted:  # reported where the lecturer looks for it
        why = f"it is of the assignment {about!r}: grade with ASSIGNMENT={about}."
        told = (
            f"You handed in a notebook of the assignment {about!r}, and not of {wanted!r}. Hand in "
            "the right one."
        )
        return _refuse(replace(one, assignment=wanted), why, told)
    return replace(one, assignment=about)


def _by_cells(notebook: NotebookNode, assignments: list[Assignment]) -> list[str]:
    """The assignments with the most questions in the cells of a notebook."""
    ids = {cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells if cell.metadata}
    asked = {
        a.name: len(ids & {*a.questions(), *(p.question for p in a.proofs())}) for a in assignments
    }
    most = max(asked.values(), default=0)
    return [name for name, count in asked.items() if count == most > 0]


def _in_name(path: str, assignments: list[Assignment]) -> str:
    stem = path.rpartition("/")[2].casefold()
    return _only([a.name for a in assignments if a.name.casefold() in stem])


def _outranked(one: HandedIn, by_path: set[tuple[str, str]]) -> HandedIn:
    """Refused, if only the notebook says whose it is while that student's own file is there."""
    if one.refused or one.named.students or (one.student, one.assignment) not in by_path:
        return one
    return _refuse(one, f"another file's path names {one.student}, this one's path nobody.")


def _newest(group: list[HandedIn]) -> tuple[list[HandedIn], list[HandedIn]]:
    """The one to grade, if it can be told, and the others, each with the reason."""
    distinct = list({one.sha256: one for one in reversed(group)}.values())[::-1]
    copies = [one for one in group if one not in distinct]
    told = "the same file"
    if len(distinct) > 1:
        told, key = _order(distinct)
        if key is None:
            why = f"{len(group)} notebooks of {group[0].student}, and nothing tells the later one: "
            return [], [_refuse(one, why + "leave one of them.", SEVERAL) for one in group]
        distinct.sort(key=key)
    newest = distinct[-1]
    if len(group) > 1:
        text = f"Handed in {len(group)} times; graded is {newest.path} ({told})."
        newest = _with(newest, text)
    older = [_refuse(one, f"{newest.path} came later ({told}).") for one in distinct[:-1]]
    older += [_refuse(one, "another file is the same.") for one in copies]
    return [newest], [replace(one, replaced=True) for one in older]


def _order(group: list[HandedIn]) -> tuple[str, Callable | None]:
    """By what the files can be sorted, the latest last, if anything tells which is the latest."""
    arrived = [one.named.order for one in group]
    if None not in arrived and len(set(arrived)) == len(group):
        return "Canvas numbers the files in order", lambda one: one.named.order
    numbered = [re.fullmatch(r"(.*?)(?:-(\d{1,4}))?\.ipynb", one.path) for one in group]
    if all(numbered) and len({match[1] for match in numbered if match}) == 1:
        count = {one.path: int(m[2] or 0) for one, m in zip(group, numbered, strict=True) if m}
        return "the number at the end of the name", lambda one: count[one.path]
    times = sorted(one.found.modified for one in group)
    if times[0] > 0 and times[-1] - times[-2] >= TICK:
        return "the times of the files", lambda one: one.found.modified
    return "", None


def _only(names: frozenset[str] | list[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _with(one: HandedIn, event: str) -> HandedIn:
    return replace(one, events=(*one.events, event))


def _refuse(one: HandedIn, why: str, told: str = "") -> HandedIn:
    return replace(one, refused=why, told=told)
