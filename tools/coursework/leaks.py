"""Looks for what must not be published: solutions, hidden checks, rubrics, wrong answers.

Secrets are read from the sources line by line, not through tools/coursework/source.py: an error in
there would otherwise hide its own leak. A line is no secret when it also stands in what everybody
may read: the library, the pages that people write, the public part of an assignment.
"""

from __future__ import annotations

import ast
import hashlib
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

SHORTEST = 20  # characters; shorter lines stand anywhere
GRAM = 12  # characters by which a line is looked up before it is searched for
SECRET_FENCE = re.compile(r"(`{3,}|:{3,})\{(proof-answer|rubric|false-proofs)\}")
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")
LIST_MARK = re.compile(r"^(?:[-*+]|\d+\.)\s+(?:\(\d+\)\s*)?")
LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[\w+/=]+")


def split(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The secret lines of an assignment's source, each with its kind, and the public ones."""
    secret: list[tuple[str, str]] = []
    public: list[str] = []
    within, fence = "", ""
    for line in text.splitlines():
        stripped = line.strip()
        if not within and (opened := SECRET_FENCE.match(stripped)):
            within, fence = opened[2], opened[1]
        elif not within and stripped.startswith(MARKS[0]):
            within, fence = "solution", MARKS[1]
        elif within and (stripped == fence or stripped.startswith(MARKS[1])):
            within = ""
        elif within:
            secret.append((stripped, within))
        else:
            public.append(line)
    return secret, public


def _lines_of_code(path: Path) -> Iterator[str]:
    """The lines of a module, and those of its strings, which may be written in pieces."""
    text = path.read_text(encoding="utf-8")
    yield from text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from node.value.splitlines()


def secrets(root: Path) -> dict[str, str]:
    """All lines that must not be published, each with where it stands."""
    found = dict.fromkeys(MARKS, "a mark of the sources")
    everyone = [*_public_files(root)]
    for source in sorted((root / "assignments").glob("*.md")):
        secret, public = split(source.read_text(encoding="utf-8"))
        found |= {line: f"{kind} of assignments/{source.name}" for line, kind in secret}
        everyone.append("\n".join(public))
    for folder in ("checks", "answers"):
        modules = sorted((root / "assignments" / folder).glob("*.py"))
        for path in (module for module in modules if module.stem != "__init__"):
            where = path.relative_to(root).as_posix()
            found |= {line.strip(): where for line in _lines_of_code(path)}
    kept = {line: where for line, where in found.items() if len(line) >= SHORTEST or line in MARKS}
    known = [Haystack(text) for text in everyone]
    return {
        line: where for line, where in kept.items() if not any(text.has(line) for text in known)
    }


def _public_files(root: Path) -> Iterator[str]:
    """The library, and the pages that people write: not those made from assignments."""
    for path in sorted((root / "lib" / "mathdl").rglob("*.py")):
        yield path.read_text(encoding="utf-8")
    for path in sorted((root / "chapters").rglob("*.md")):
        if path.parent.name != "assignments" or path.name == "index.md":
            yield path.read_text(encoding="utf-8")


def _words(text: str) -> str:
    """Letters and digits only: prose stays the same when it is wrapped, marked up or typeset."""
    return re.sub(r"[\W_]+", "", text)


class Haystack:
    """A text that is searched for many lines."""

    def __init__(self, text: str) -> None:
        self.forms = "".join(text.split()), _words(text)
        self.grams = [
            {form[i : i + GRAM] for i in range(len(form) - GRAM + 1)} for form in self.forms
        ]

    def has(self, line: str) -> bool:
        """Whether the line stands there, however it is spaced, or, as prose, marked up."""
        prose = _words(LINK_TARGET.sub("", LIST_MARK.sub("", line)))
        needles = "".join(line.split()), prose if len(prose) >= SHORTEST - 4 else ""
        return any(
            len(needle) >= GRAM and needle[:GRAM] in grams and needle in form
            for needle, grams, form in zip(needles, self.grams, self.forms, strict=True)
        )


def _strings(value: object) -> Iterator[str]:
    """Every string of a JSON document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        # a notebook may hold a cell as a list of lines
        yield "".join(item for item in value if isinstance(item, str))
        for item in value:
            if not isinstance(item, str):
                yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)


def readable(name: str, content: bytes) -> str:
    """What a person or a program can read in a file of this name; nothing in pictures and fonts."""
    try:
        text = EMBEDDED.sub("", content.decode())
    except UnicodeDecodeError:
        return ""
    if name.endswith((".json", ".ipynb")):
        return "\n".join(_strings(json.loads(text)))
    if name.endswith((".html", ".xml", ".svg")):  # colored code is cut into tags
        return html.unescape(re.sub(r"<[^>]*>", "", text)) + "\n" + html.unescape(text)
    return text


def files(path: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder, those in its archives included."""
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        yield from _opened(file.relative_to(path).as_posix(), file.read_bytes())


def _opened(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        yield name, content
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for inner in archive.namelist():
            yield from _opened(f"{name}/{inner}", archive.read(inner))


def leaks(hidden: dict[str, str], folder: Path) -> list[str]:
    """Which of the secrets stand in the files of a folder, one sentence a find."""
    seen: set[bytes] = set()
    found = []
    for name, content in files(folder):
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            continue
        seen.add(digest)
        text = Haystack(readable(name, content))
        found += [f"{name} shows a line of {hidden[x]}: {x}" for x in hidden if text.has(x)]
    return found
