"""Writes the library reference, one page of the book, from the docstrings of `mathdl`.

The sources are parsed, never imported: the page depends on their text alone, and is the same on
every machine. A public function or class without a docstring, or whose docstring shows no
example, has no place in a reference: it is a problem, and the page is not written.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.docstrings import Links, to_myst

NARROW = 44  # characters of code that fit on a telephone

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
        return _label(f"{self.module.name}.{self.name}")

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.node) or ""

    @property
    def methods(self) -> list[Entry]:
        if not isinstance(self.node, ast.ClassDef):
            return []
        return [Entry(self.module, node, self.node.name) for node in _public(self.node)]


@dataclass(frozen=True)
class Module:
    """One source file of the package; `name` is its dotted path below the package."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def entries(self) -> list[Entry]:
        return [Entry(self, node) for node in _public(self.tree)]


def modules(package_root: Path) -> list[Module]:
    """The public modules of the package, the package itself first, single files before folders."""
    found = []
    for path in sorted(Path(package_root).rglob("*.py")):
        parts = path.relative_to(package_root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if any(part.startswith("_") for part in parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found.append(Module(path, ".".join(parts), tree))
    folders = {module.name for module in found if module.path.name == "__init__.py"}

    def order(module: Module) -> tuple[bool, str]:
        inside = module.name.split(".")[0] in folders
        return bool(module.name) and inside, module.name

    return sorted(found, key=order)


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
            elif ">>>" not in entry.docstring:
                found.append(f"{place} shows no example; add one that starts with >>>.")
            found += [
                f"{module.path}:{method.node.lineno}: {method.name} has no docstring; "
                "say what it does or rename it _…."
                for method in entry.methods
                if not method.docstring
            ]
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
    yield f"```python\n{_signature(entry.node, bool(entry.owner))}\n```"
    yield to_myst(entry.docstring, links, entry.module.name)


def _public(tree: ast.Module | ast.ClassDef) -> list[ast.FunctionDef | ast.ClassDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


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


def _decorators(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    return {ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}


def _signature(node: ast.FunctionDef | ast.ClassDef, method: bool) -> str:
    if isinstance(node, ast.ClassDef):
        return _class_signature(node)
    decorators = _decorators(node)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    if "property" in decorators or "cached_property" in decorators:
        return f"{node.name}{returns}"
    bound = method and "staticmethod" not in decorators
    return _call(node.name, _arguments(node.args, skip_first=bound), returns)


def _class_signature(node: ast.ClassDef) -> str:
    init = next(
        (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
    )
    if init is not None:
        return _call(f"class {node.name}", _arguments(init.args, skip_first=True), "")
    bases = [ast.unparse(base) for base in node.bases]
    if "NamedTuple" in bases or any("dataclass" in name for name in _decorators(node)):
        fields = [
            ast.unparse(item)
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and not ast.unparse(item.target).startswith("_")
            and "ClassVar" not in ast.unparse(item.annotation)
            and "init=False" not in ast.unparse(item)
        ]
        return _call(f"class {node.name}", fields, "")
    return _call(f"class {node.name}", bases, "") if bases else f"class {node.name}"


def _arguments(arguments: ast.arguments, skip_first: bool) -> list[str]:
    """Each argument with annotation and default, as it stands in the source."""
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    listed = [_argument(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        listed.insert(len(arguments.posonlyargs), "/")
    if skip_first:
        listed = listed[1:]
    if arguments.vararg:
        listed.append("*" + _argument(arguments.vararg, None))
    elif arguments.kwonlyargs:
        listed.append("*")
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    listed += [_argument(*pair) for pair in keywords]
    if arguments.kwarg:
        listed.append("**" + _argument(arguments.kwarg, None))
    return listed


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    equals = " = " if argument.annotation else "="
    return f"{text}{equals}{ast.unparse(default)}"


def _call(name: str, arguments: list[str], returns: str) -> str:
    line = f"{name}({', '.join(arguments)}){returns}"
    if len(line) <= NARROW or not arguments:
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){returns}"])


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
