"""Makes mutants of a module: one number, or one returned value, times 1.05."""

from __future__ import annotations

import ast
import dataclasses
import importlib.abc
import importlib.util
import numbers
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeGuard

FACTOR = 1.05
# arguments that say where, not how much
STRUCTURE = {"dim", "dims", "axis", "axes", "shape", "size", "diagonal", "ndmin", "stacklevel"}
SCALED = "__scaled__"
_values_seen = {"any": 0, "number": 0}


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: Path
    index: int  # in the order of `_targets`
    line: int
    function: str  # dotted, below the package
    shown: str  # the source line, the mutated part in ⟦⟧
    is_return: bool

    @property
    def place(self) -> str:
        return f"{self.path.name}:{self.line}"


def mutants_of(path: Path, module: str) -> list[Mutant]:
    """All mutants of the file, in the order of its text.

    Left alone, because they are no part of a formula: zeros, annotations, integers in
    subscripts, in `range` and in arguments such as `dim=1`, and the checks of arguments
    (`if ...: raise`).
    """
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    return [
        Mutant(
            path,
            index,
            node.lineno,
            ".".join(filter(None, [module, function])),
            _shown(node, lines),
            not _is_number(node),
        )
        for index, (node, function) in enumerate(_targets(ast.parse(source)))
    ]


def compiled(mutant: Mutant) -> Any:
    """The code object of the mutated module."""
    tree = ast.parse(mutant.path.read_text(encoding="utf-8"))
    target = [node for node, _ in _targets(tree)][mutant.index]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is not target:
                return self.generic_visit(node)
            if _is_number(node):
                return ast.copy_location(ast.Constant(FACTOR * ast.literal_eval(node)), node)
            name = ast.copy_location(ast.Name(SCALED, ast.Load()), node)
            return ast.copy_location(ast.Call(name, [node], []), node)

    Replace().visit(tree)
    return compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")


def install(mutant: Mutant, name: str) -> None:
    """Let the next import of the module `name` give the mutant."""

    class Loader(importlib.abc.Loader):
        def exec_module(self, module: ModuleType) -> None:
            setattr(module, SCALED, scaled)
            exec(compiled(mutant), module.__dict__)

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, fullname, path, target=None):
            if fullname != name:
                return None
            return importlib.util.spec_from_file_location(name, mutant.path, loader=Loader())

    sys.meta_path.insert(0, Finder())


def scaled(value: Any) -> Any:
    """The value times 1.05: numbers, arrays, tensors, and containers and functions of those."""
    _values_seen["any"] += 1
    if isinstance(value, bool | str | bytes) or value is None:
        return value
    if isinstance(value, numbers.Number) or hasattr(value, "dtype") and hasattr(value, "shape"):
        if "bool" in str(getattr(value, "dtype", "")):
            return value
        _values_seen["number"] += 1
        return FACTOR * value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(scaled, value))
    if isinstance(value, tuple | list):
        return type(value)(map(scaled, value))
    if isinstance(value, dict):
        return {key: scaled(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: scaled(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init
        }
        return dataclasses.replace(value, **fields)
    if isinstance(value, FunctionType):
        return lambda *args, **kwargs: scaled(value(*args, **kwargs))
    return value


def only_other_values_seen() -> bool:
    """Whether `scaled` was called in this process, and never with a number."""
    return _values_seen["any"] > 0 and _values_seen["number"] == 0


def _targets(tree: ast.Module) -> list[tuple[ast.expr, str]]:
    """The expressions to mutate, each with the dotted name of the function around it."""
    return sorted(_walk(tree, ""), key=lambda pair: (pair[0].lineno, pair[0].col_offset))


def _walk(node: ast.AST, function: str) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.Raise) or _is_check(node):
        return
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    if isinstance(node, ast.expr) and _is_number(node) and node.value != 0:
        yield node, function
    if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
        yield from ((value, function) for value in _values(node.value))
    for child in _mutable_children(node):
        yield from _walk(child, function)


def _values(expression: ast.expr) -> list[ast.expr]:
    """The values that a `return` hands back: the elements of a tuple, the fields of an object."""
    if isinstance(expression, ast.Tuple):
        found = expression.elts
    elif isinstance(expression, ast.Dict):
        found = expression.values
    elif isinstance(expression, ast.Call) and _builds_object(expression.func):
        found = [*expression.args, *(keyword.value for keyword in expression.keywords)]
    else:
        found = [expression]
    return [value for value in found if not isinstance(value, ast.Constant | ast.Starred)]


def _builds_object(function: ast.expr) -> bool:
    name = ast.unparse(function).rpartition(".")[2]
    return name[:1].isupper()


def _mutable_children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        if isinstance(node, ast.Subscript) and name == "slice" and _only_integers(node.slice):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg in STRUCTURE:
                continue
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
                continue
            if isinstance(child, ast.AST):
                yield child


def _only_integers(index: ast.expr) -> bool:
    return not any(isinstance(n, ast.Constant) and type(n.value) is float for n in ast.walk(index))


def _is_number(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_check(node: ast.AST) -> bool:
    """An `if` that only raises: it guards the arguments and computes nothing."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and all(isinstance(statement, ast.Raise) for statement in node.body)
    )


def _shown(node: ast.expr, lines: list[str]) -> str:
    line = lines[node.lineno - 1].encode()
    end = node.end_col_offset if node.end_lineno == node.lineno else len(line)
    parts = line[: node.col_offset], line[node.col_offset : end], line[end:]
    return "{}⟦{}⟧{}".format(*(part.decode() for part in parts)).strip()
