"""Writes the library reference, one page of the book, from the docstrings of `mathdl`.

The sources are parsed, never imported: the page depends on their text alone, and is the same on
every machine. A public function or class without a docstring, or whose docstring shows no
example, has no place in a reference: it is a problem, and the page is not written. Exceptions and
plain records need no example of their own: those of the functions that give them show them.

Methods are shown if they have a docstring. A folder whose `__init__` lists functions or classes in
`__all__` has those public and no others.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

from tools.docstrings import Links, to_myst
from tools.signatures import decorators, signature

HEADER = """\
---
description: Every public function and class of {package}, the library that the pages share.
---

(library)=
# The library

{introduction}

Every example below is executed by the tests.

"""


@dataclass(frozen=True)
class Entry:
    """A public function, class or method, and the module it stands in."""

    module: Module
    node: ast.FunctionDef | ast.ClassDef
    owner: str = ""  # the class of a method

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.node.name}" if self.owner else self.node.name

    @property
    def label(self) -> str:
        kind = ".class" if isinstance(self.node, ast.ClassDef) else ""  # Digits is not digits()
        return _label(f"{self.module.name}.{self.name}{kind}")

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.node) or ""

    @property
    def methods(self) -> list[Entry]:
        if not isinstance(self.node, ast.ClassDef):
            return []
        methods = [Entry(self.module, node, self.node.name) for node in _public(self.node)]
        return [method for method in methods if method.docstring]


@dataclass(frozen=True)
class Module:
    """One source file of the package; `name` is its dotted path below the package."""

    path: Path
    name: str
    tree: ast.Module
    exported: frozenset[str] | None  # what its folder lists as public; None: everything

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def entries(self) -> list[Entry]:
        return [
            Entry(self, node)
            for node in _public(self.tree)
            if self.exported is None or node.name in self.exported
        ]


def modules(package_root: Path) -> list[Module]:
    """The public modules of the package: itself first, then those that its docstring names, in its
    order, then single files, then folders.
    """
    found = []
    for path in sorted(Path(package_root).rglob("*.py")):
        parts = path.relative_to(package_root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if any(part.startswith("_") for part in parts):
            continue
        found.append(Module(path, ".".join(parts), _parse(path), _exported(path.parent)))
    folders = {module.name for module in found if module.path.name == "__init__.py"}
    guide = next((module.docstring for module in found if not module.name), "")

    def order(module: Module) -> tuple[bool, float, bool, str]:
        top = module.name.split(".")[0]
        place = guide.find(f"`{top}`")
        return bool(module.name), place if place >= 0 else inf, top in folders, module.name

    return sorted(found, key=order)


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _exported(folder: Path) -> frozenset[str] | None:
    """What `__all__` of a folder names of its files' content, or None if it names only files."""
    body = _parse(folder / "__init__.py").body
    listed: set[str] = set()
    imported: set[str] = set()
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = set(ast.literal_eval(node.value))
        elif isinstance(node, ast.ImportFrom):
            source = (node.module or "").rpartition(".")[2]
            if (folder / f"{source}.py").exists():
                imported |= {alias.name for alias in node.names}
    return frozenset(listed & imported) or None


def problems(package_root: Path) -> list[str]:
    """What keeps the reference from being complete, one sentence each."""
    found = []
    for module in modules(package_root):
        if not module.docstring:
            found.append(f"{module.path}:1: the module has no docstring; say in it what it is for.")
        for entry in module.entries:
            place = f"{module.path}:{entry.node.lineno}: {entry.name}"
            if not entry.docstring:
                found.append(f"{place} has no docstring; say what it computes or rename it _….")
            elif ">>>" not in entry.docstring and not _is_record(entry.node):
                found.append(f"{place} shows no example; add one that starts with >>>.")
    return found


def render(package_root: Path) -> str:
    """The MyST source of the reference page."""
    package = Path(package_root).name
    listed = modules(package_root)
    links = _links(package, listed)
    introduction = ""
    sections = []
    for module in listed:
        if not module.name:
            introduction = to_myst(module.docstring, links)
            continue
        if module.exported is not None and module.path.name != "__init__.py" and not module.entries:
            continue
        sections.append(f"({_label(module.name)})=\n## {package}.{module.name}")
        sections.append(to_myst(module.docstring, links, module.name))
        for entry in module.entries:
            sections += _entry(entry, links, "###")
            for method in entry.methods:
                sections += _entry(method, links, "####")
    header = HEADER.format(package=package, introduction=introduction)
    return header + "\n\n".join(sections) + "\n"


def write_page(path: Path, package_root: Path) -> None:
    """Write the reference of the package at `package_root` to `path`.

    Raises SystemExit, with one sentence for each, where a public function or class has no
    docstring or no example.
    """
    missing = problems(package_root)
    if missing:
        raise SystemExit("\n".join(missing))
    Path(path).write_text(render(package_root), encoding="utf-8")


def _entry(entry: Entry, links: Links, heading: str) -> Iterator[str]:
    yield f"({entry.label})=\n{heading} `{entry.name}`"
    yield f"```python\n{signature(entry.node, bool(entry.owner))}\n```"
    yield to_myst(entry.docstring, links, entry.module.name)


def _public(tree: ast.Module | ast.ClassDef) -> list[ast.FunctionDef | ast.ClassDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


def _is_record(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether it is an exception, or a class that holds fields and properties and does nothing."""
    if not isinstance(node, ast.ClassDef):
        return False
    bases = [ast.unparse(base) for base in node.bases]
    if any(base.endswith(("Error", "Exception")) for base in bases):
        return True
    holds = "NamedTuple" in bases or "dataclass" in decorators(node)
    return holds and all("property" in decorators(method) for method in _public(node))


def _links(package: str, listed: list[Module]) -> Links:
    """Where a name in a docstring leads: dotted name below the package -> label."""
    targets = {}
    for module in listed:
        if module.name:
            targets[module.name] = _label(module.name)
        for entry in module.entries:
            for item in (entry, *entry.methods):
                targets[f"{module.name}.{item.name}"] = item.label
    return Links(package, targets)


def _label(dotted: str) -> str:
    return "lib-" + dotted.replace(".", "-").replace("_", "-").lower()


def main() -> None:
    """Check the docstrings, and print the page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("package", nargs="?", type=Path, default=Path("lib/mathdl"))
    root = parser.parse_args().package
    missing = problems(root)
    if missing:
        sys.exit("\n".join(missing))
    print(render(root))


if __name__ == "__main__":
    main()
