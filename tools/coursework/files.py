"""Finds the files that were handed in, in a folder or in zips, and reads none that is too large.

Nothing is ever unpacked to disk: a member of a zip is read into memory, and its name is only a
label. So no name in a zip can lead out of the folder, and no link is followed.
"""

from __future__ import annotations

import io
import itertools
import lzma
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.coursework.course import CourseError

LIMIT = 20 * 2**20  # bytes of one file
MEMBERS = 20_000  # of one zip on disk, with those of the zips in it
NESTED = 500  # of a zip in a zip: what one student packed
FOLDERS = 40  # in each other
DEPTH = 2  # zips in zips: what a learning platform packs, and what a student packed
JUNK = {"__MACOSX", ".DS_Store", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini"}


class Unreadable(Exception):
    """A file that cannot be read; the message says why."""


@dataclass(frozen=True)
class Found:
    """One file that was handed in."""

    name: str  # its path below the folder; a zip counts as a folder
    size: int
    modified: float  # seconds since 1970, or 0 where the zip does not say
    outer: Path  # the file on disk that it is, or that holds it
    load: Callable[[], bytes]
    problem: str = ""  # why nobody should read it

    def read(self) -> bytes:
        """Its bytes; Unreadable for links, for what is too large, and for broken zips."""
        if self.problem:
            raise Unreadable(self.problem)
        if self.size > LIMIT:
            raise Unreadable(
                f"it has {self.size / 2**20:.0f} MB, more than {LIMIT // 2**20} MB: "
                "ask for a copy without outputs and large pictures"
            )
        try:
            data = self.load()
        except Unreadable:
            raise
        except ZIP_ERRORS as error:
            raise Unreadable(f"it cannot be read: {type(error).__name__}: {error}") from None
        if len(data) > LIMIT:
            raise Unreadable("it grew while it was read")
        return data


# What zipfile raises on hostile archives, and the file system on what it does not show.
ZIP_ERRORS: tuple[type[Exception], ...] = (
    OSError, RuntimeError, MemoryError, NotImplementedError, ValueError, EOFError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, Unreadable,
)  # fmt: skip


def found_in(folder: Path) -> Iterator[Found]:
    """Every file of a folder or of a zip, in the order of their names."""
    if folder.is_dir():
        yield from _folder(folder, "")
    elif folder.suffix.lower() == ".zip" and folder.is_file():
        yield from _file(folder, "", folder.stat())
    else:
        raise CourseError(
            f"SUBMISSIONS is {folder}, no folder and no zip: give the one with what was handed in."
        )


def _folder(folder: Path, above: str) -> Iterator[Found]:
    if above.count("/") > FOLDERS:
        why = f"more than {FOLDERS} folders in each other"
        yield Found(above, 0, 0.0, folder, _nothing, why)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(above, 0, 0.0, folder, _nothing, f"the folder cannot be read: {error.strerror}")
        return
    for entry in entries:
        label = above + _printable(entry.name)
        path, state = Path(entry.path), entry.stat(follow_symlinks=False)
        if entry.name in JUNK:
            continue
        if entry.is_symlink():
            yield Found(label, 0, state.st_mtime, path, _nothing, "a symbolic link, not followed")
        elif entry.is_dir():
            yield from _folder(path, label + "/")
        else:
            yield from _file(path, label, state)


def _file(path: Path, label: str, state: os.stat_result) -> Iterator[Found]:
    if not stat.S_ISREG(state.st_mode):
        yield Found(label, 0, state.st_mtime, path, _nothing, "not a file but a pipe or a device")
    elif path.suffix.lower() == ".zip":
        members = _zip(lambda: zipfile.ZipFile(path), label, path, state.st_size, 1)
        yield from itertools.islice(members, MEMBERS)
        if next(members, None):
            why = f"a zip of more than {MEMBERS} files, with those in its zips"
            yield Found(label, state.st_size, state.st_mtime, path, _nothing, why)
    else:
        yield Found(label, state.st_size, state.st_mtime, path, lambda: _load(path))


def _load(path: Path) -> bytes:
    """The bytes of a file that may have become a link, or grown, since we looked."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(LIMIT + 1)


def _zip(
    unzip: Callable[[], zipfile.ZipFile], label: str, outer: Path, size: int, depth: int
) -> Iterator[Found]:
    try:
        with unzip() as archive:
            members = archive.infolist()
    except ZIP_ERRORS as error:
        why = f"not a zip that can be opened: {type(error).__name__}"
        yield Found(label, size, 0.0, outer, _nothing, why)
        return
    if len(members) > (MEMBERS if depth == 1 else NESTED):
        yield Found(label, size, 0.0, outer, _nothing, f"a zip of {len(members)} files")
        return
    for member in sorted(members, key=lambda member: member.filename):
        parts = member.filename.split("/")
        if member.is_dir() or JUNK & set(parts):
            continue
        yield from _member(unzip, member, f"{label}/{_printable(member.filename)}", outer, depth)


def _member(
    unzip: Callable[[], zipfile.ZipFile],
    member: zipfile.ZipInfo,
    label: str,
    outer: Path,
    depth: int,
) -> Iterator[Found]:
    def load() -> bytes:
        with unzip() as archive, archive.open(member) as file:
            return file.read(LIMIT + 1)

    problem = ""
    if stat.S_ISLNK(member.external_attr >> 16):
        problem = "a symbolic link, not followed"
    elif member.flag_bits & 1:
        problem = "encrypted: ask for a zip without a password"
    found = Found(label.lstrip("/"), member.file_size, _time(member), outer, load, problem)
    if not label.lower().endswith(".zip") or problem:
        yield found
    elif depth == DEPTH:
        yield Found(found.name, found.size, 0.0, outer, load, "a zip in a zip in a zip")
    else:
        yield from _zip(
            lambda: zipfile.ZipFile(io.BytesIO(found.read())), label, outer, found.size, depth + 1
        )


def _time(member: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*member.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _printable(name: str) -> str:
    """A file name as text that can be written anywhere."""
    text = os.fsencode(name).decode("utf-8", "replace") if name.isprintable() else repr(name)[1:-1]
    return text.encode("utf-8", "replace").decode()


def _nothing() -> bytes:
    return b""
