"""Reads a notebook that anybody may have made: checks its form, and takes only what is needed."""

from __future__ import annotations

import codecs
import json
import re

import nbformat
from nbformat import NotebookNode

CELLS = 2000  # more are no homework
CODE = 2**19  # characters of all code cells: reading a program takes 1000 times its length
BYTE_ORDER = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SURROGATES = re.compile("[\ud800-\udfff]")


class NotANotebook(Exception):
    """Bytes that are no notebook; the message says why."""


def read_notebook(data: bytes) -> NotebookNode:
    """The notebook in these bytes, upgraded to format 4, without outputs.

    Of each cell only type, text, attachments, id and nbgrader's metadata remain, each of its type.
    """
    found = _upgraded(_text(data))
    cells = found.get("cells")
    if not isinstance(cells, list):
        raise NotANotebook("it has no cells")
    if len(cells) > CELLS:
        raise NotANotebook(f"it has {len(cells)} cells, more than {CELLS}")
    read = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    code = sum(len(cell["source"]) for cell in read if cell["cell_type"] == "code")
    if code > CODE:
        raise NotANotebook(f"it has {code // 1000} kB of code, more than {CODE // 1000} kB")
    own = found.get("metadata")
    own = own.get("coursework") if isinstance(own, dict) else None
    own = own if isinstance(own, dict) else {}
    kept = {key: own[key] for key in ("assignment", "student") if isinstance(own.get(key), str)}
    return nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"coursework": {key: clean(value) for key, value in kept.items()}},
            "cells": read,
        }
    )


def clean(text: str) -> str:
    """Text that can be written as UTF-8: JSON may hold halves of characters."""
    return SURROGATES.sub("�", text)


def _text(data: bytes) -> str:
    if not data.strip():
        raise NotANotebook("the file is empty")
    encoding = next((name for mark, name in BYTE_ORDER.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotANotebook(f"its text is not UTF-8 (byte {error.start})") from None


def _upgraded(text: str) -> dict:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"it is not JSON: {type(error).__name__}: {error}") from None
    if not isinstance(raw, dict) or not isinstance(version := raw.get("nbformat"), int):
        raise NotANotebook("it is JSON but not a notebook")
    if version == 4:
        return raw
    if version not in (1, 2, 3):
        raise NotANotebook(f"it has the notebook format {version}: ask for format 4")
    try:
        return nbformat.convert(nbformat.reader.reads(text), 4)
    except Exception as error:  # nbformat raises whatever the broken place raises
        raise NotANotebook(
            f"its old format {version} cannot be upgraded: {type(error).__name__}: {error}"
        ) from None


def _cell(raw: dict) -> dict:
    kind = raw.get("cell_type")
    cell: dict = {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        "id": identity if isinstance(identity := raw.get("id"), str) else "",
        "metadata": {},
        "source": _source(raw.get("source")),
    }
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if isinstance(marks, dict) and isinstance(name := marks.get("grade_id"), str):
        cell["metadata"] = {"nbgrader": {"grade_id": clean(name)}}
    if isinstance(attached := raw.get("attachments"), dict):
        cell["attachments"] = {clean(name): _attachment(kinds) for name, kinds in attached.items()}
    return cell


def _attachment(kinds: object) -> dict[str, str]:
    """One attached file by its types; what is nested in it is left out, however deep."""
    found = kinds.items() if isinstance(kinds, dict) else []
    return {clean(kind): clean(data) for kind, data in found if isinstance(data, str)}


def _source(found: object) -> str:
    if isinstance(found, list):
        found = "".join(part for part in found if isinstance(part, str))
    return clean(found) if isinstance(found, str) else ""
