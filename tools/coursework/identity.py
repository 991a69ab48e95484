"""Tells from the name of a file who handed it in.

| who named the file | the name |
|---|---|
| a lecturer | `<id>/<assignment>.ipynb`, `<id>/<assignment>/<file>`, `<id>_<assignment>.ipynb` |
| Canvas | `<lastnamefirstname>[_LATE]_<number of the user>_<number of the file>_<file>` |
| Moodle | `<First Last>_<number>_assignsubmission_file_/<file>`, or without the folder |

Canvas writes the sortable name in small letters and without spaces; its number of the user is
compared with a column of `students.csv` whose name begins with `canvas`. Moodle's number belongs to
the hand-in, not to the person. Both name a person as they know her, so the name in `students.csv`
is tried from each of its words on: "Emmy Noether" is also "noetheremmy".

The outermost folder or zip that names anybody counts: a platform or the lecturer named it, whereas
what lies inside is named by the student.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tools.coursework.course import Student

CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_file_?(?P<rest>.*)")


@dataclass(frozen=True)
class Named:
    """Whom a path names."""

    students: frozenset[str]  # ids; two for two people of one name
    uploader: str = ""  # the name that a platform gives
    order: int | None = None  # Canvas counts the files: the higher number came later
    late: bool = False


def named_by(path: str, listed: list[Student]) -> Named:
    """The student whom a path names, by the rule above; nobody where it says nothing."""
    for part in path.split("/"):
        if moodle := MOODLE.fullmatch(part):
            return Named(_of_name(moodle["name"], listed), uploader=moodle["name"])
        canvas, by_id = CANVAS.fullmatch(part), _of_id(part, listed)
        if canvas:
            found = _of_number(canvas["user"], listed) or _of_name(canvas["name"], listed)
            if found or not by_id:
                late, order = bool(canvas["late"]), int(canvas["file"])
                return Named(found, canvas["name"], order, late)
        if by_id:
            return Named(frozenset({by_id}))
    return Named(frozenset())


def _of_id(part: str, listed: list[Student]) -> str | None:
    """The longest id that is this part, or begins it before an underscore."""
    stem = re.sub(r"\.(ipynb|zip)$", "", part, flags=re.IGNORECASE).casefold()
    found = [s.id for s in listed if f"{stem}_".startswith(f"{s.id.casefold()}_")]
    return max(found, key=len, default=None)


def _of_number(number: str, listed: list[Student]) -> frozenset[str]:
    columns = {name for s in listed for name in s.other if name.startswith("canvas")}
    return frozenset(s.id for s in listed for c in columns if s.other.get(c) == number)


def _of_name(name: str, listed: list[Student]) -> frozenset[str]:
    wanted = "".join(_words(name))
    return frozenset(s.id for s in listed if wanted and wanted in _spellings(s.name))


def _spellings(name: str) -> set[str]:
    words = _words(name)
    return {"".join(words[i:] + words[:i]) for i in range(len(words))}


def _words(name: str) -> list[str]:
    """The words of a name in small letters without accents."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return ["".join(filter(str.isalnum, word)) for word in re.split(r"[\s_,]+", plain) if word]
