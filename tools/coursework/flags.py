"""Finds what a person should read in the code of a submission; it never changes points.

Most of what is found is harmless, and what is meant to hide can hide: a name put together at run
time is not seen here. The sandbox protects the course, not this list.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from unicodedata import category

from tools.coursework.submission import IPYTHON, dumped, parsed
from tools.lint_code import dotted, imported_paths

MODULES = {
    "assignments", "atexit", "builtins", "cffi", "ctypes", "gc", "http", "importlib", "inspect",
    "marshal", "multiprocessing", "nbgrader", "os", "pickle", "pty", "requests", "resource",
    "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "tools", "urllib",
}  # fmt: skip
CALLS = {"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "get_ipython",
         "globals", "input", "setattr", "vars"}  # fmt: skip
ATTRIBUTES = {
    "__array_function__", "__array_ufunc__", "__bases__", "__builtins__", "__class__",
    "__closure__", "__code__", "__dict__", "__globals__", "__subclasses__", "__torch_dispatch__",
    "__torch_function__", "_exit", "_getframe", "ast_transformers", "environ", "f_back",
    "f_globals", "f_locals", "getenv", "settrace", "setprofile", "tb_frame",
}  # fmt: skip
DEFINITIONS = {
    "__array__", "__array_function__", "__array_ufunc__", "__bool__", "__eq__", "__float__",
    "__ge__", "__getattr__", "__getattribute__", "__gt__", "__index__", "__instancecheck__",
    "__le__", "__lt__", "__ne__", "__torch_dispatch__", "__torch_function__",
}  # fmt: skip
LIBRARIES = ("torch", "numpy", "builtins", "math", "scipy", "sklearn", "mathdl", "sys")
TWIN_NODES = 60  # of a syntax tree; smaller answers agree by themselves
SHOWN = 120  # characters of a line
OF_A_KIND, IN_ALL = 10, 300  # places that are listed


@dataclass(frozen=True)
class Flag:
    """A place that a person should read."""

    cell: str
    line: int
    what: str
    code: str


def flags(written: dict[str, str]) -> list[dict]:
    """The places in the student's cells, by cell and line, each kind once a line."""
    found = [flag for cell, code in written.items() for flag in _of_cell(cell, code)]
    seen: Counter[str] = Counter()
    kept: list[Flag] = []
    for flag in found:
        seen[flag.what] += 1
        if seen[flag.what] <= OF_A_KIND and len(kept) < IN_ALL:
            kept.append(flag)
    if left := len(found) - len(kept):
        kept.append(Flag(kept[-1].cell, kept[-1].line, f"and {left} more places", ""))
    return [asdict(flag) for flag in kept]


def fingerprints(written: dict[str, str]) -> dict[str, str]:
    """For each cell large enough, a digest that names, comments and spaces do not change."""
    found = {}
    for cell, code in written.items():
        tree = parsed(code)
        if tree and sum(1 for _ in ast.walk(tree)) >= TWIN_NODES:
            found[cell] = hashlib.sha256(_normal_form(tree).encode()).hexdigest()
    return found


def _of_cell(cell: str, code: str) -> Iterator[Flag]:
    lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as Python counts them
    tree = parsed(code)
    if tree is None:
        yield Flag(cell, 1, "is no Python that can be read", "")
        found = {(at, word) for at, line in enumerate(lines, 1) for word in _words(line)}
    else:
        found = set(_of_tree(tree))
    found |= {(at, "a line for IPython") for at, x in enumerate(lines, 1) if IPYTHON.fullmatch(x)}
    found |= {(at, "invisible characters") for at, x in enumerate(lines, 1) if not _visible(x)}
    for at, what in sorted(found):
        yield Flag(cell, at, shown(what), shown(lines[at - 1]) if at <= len(lines) else "")


def shown(text: str) -> str:
    """The beginning of a line, without characters that turn text around or hide it."""
    return "".join(c if c.isprintable() else "�" for c in text.strip()[:SHOWN])


def _visible(line: str) -> bool:
    return not any(category(c) in ("Cc", "Cf") for c in line if c != "\t")


def _words(line: str) -> list[str]:
    return [w for w in re.findall(r"\w+", line) if w in MODULES | CALLS | ATTRIBUTES | DEFINITIONS]


def _of_tree(tree: ast.Module) -> Iterator[tuple[int, str]]:
    paths = imported_paths(tree) | {"__builtins__": "builtins"}
    for name in LIBRARIES:
        paths.setdefault(name, name)  # imported by another cell
    paths |= {"np": "numpy"}
    for node in ast.walk(tree):
        for what in _of_node(node, paths):
            yield getattr(node, "lineno", 1), what


def _of_node(node: ast.AST, paths: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"import {a.name}" for a in node.names if a.name.split(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom):
        if (node.module or "").split(".")[0] in MODULES:
            yield f"import from {node.module}"
        yield from (a.name for a in node.names if a.name in ATTRIBUTES)
    elif isinstance(node, ast.Name) and node.id in CALLS | {"__builtins__"}:
        yield node.id
    elif isinstance(node, ast.Attribute):
        if node.attr in ATTRIBUTES | {"get_ipython"}:
            yield f".{node.attr}"
        if isinstance(node.ctx, ast.Store | ast.Del):
            where = dotted(node.value, paths)
            if where.split(".")[0] in LIBRARIES:
                yield f"changes {where}.{node.attr}"
    elif isinstance(node, ast.FunctionDef) and node.name in DEFINITIONS:
        yield f"defines {node.name}"
    elif isinstance(node, ast.Call) and _opens(node, paths):
        yield "opens a file whose name is no plain name"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (f"the text {node.value!r}" for word in [node.value] if word in ATTRIBUTES)


def _opens(node: ast.Call, paths: dict[str, str]) -> bool:
    """Whether a call opens anything but a file beside the notebook."""
    called = node.func
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    if name in ("read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rmtree"):
        return True
    if name != "open":
        return False
    first = node.args[0] if node.args else None
    plain = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return not plain or bool(re.search(r"^[/\\~]|\.\.|:", first.value))  # type: ignore[union-attr]


def _normal_form(tree: ast.Module) -> str:
    """A syntax tree as text, with names in the order of their first use, without docstrings."""
    order: dict[str, str] = {}

    def renamed(name: str) -> str:
        return order.setdefault(name, f"n{len(order)}")

    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = renamed(node.id)
        elif isinstance(node, ast.arg):
            node.arg, node.annotation = renamed(node.arg), None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.name = renamed(node.name)
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [  # type: ignore[attr-defined]
                line
                for line in body
                if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            ]
    return dumped(tree)
