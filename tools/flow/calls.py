"""Calls: functions of the page are followed into their bodies."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from tools.flow.expressions import Expressions, without_measurement
from tools.flow.values import NOTHING, THEORY, Value, imported, join, made_from

Function = ast.FunctionDef | ast.Lambda
# Methods that change the object they are called on; those of torch end in an underscore.
MUTATORS = {
    "add",
    "append",
    "appendleft",
    "extend",
    "fill",
    "insert",
    "put",
    "setdefault",
    "update",
}
UNIT_ARRAYS = ("ones", "ones_like", "zeros", "zeros_like")
SAME_NUMBERS = ("array", "asarray", "tensor", "float64")


class Calls(Expressions):
    """Expressions with calls; `special` may decide a call before it is followed."""

    def __init__(self) -> None:
        super().__init__()
        self.returned: list[Value] = []
        self.active: list[Function] = []

    def special(self, node: ast.Call, function: Value, arguments: dict) -> Value | None:
        """What a call means to a subclass, or None."""
        return None

    def run(self, statements: list[ast.stmt]) -> None:
        raise NotImplementedError

    def _call(self, node: ast.Call) -> Value:
        function = self.value(node.func)
        arguments: dict[int | str, Value] = {i: self.value(a) for i, a in enumerate(node.args)}
        for i, keyword in enumerate(node.keywords):
            arguments[keyword.arg or f"**{i}"] = self.value(keyword.value)
        decided = self.special(node, function, arguments)
        if decided is not None:
            return decided
        if THEORY in imported(function.origin).sources:
            return Value(sources=frozenset({THEORY}))  # whatever it is called with
        if function.functions:
            return join(*(self.follow(one, arguments, node) for one in function.functions))
        if isinstance(node.func, ast.Name) and node.func.id == "len":
            return without_measurement(made_from(*arguments.values()))
        handed = list(arguments.values())
        result = made_from(function, *handed, *self.called_back(handed))
        self.change(node, result)
        return replace(result, literal=literal_of(function.origin, arguments))

    def change(self, node: ast.Call, result: Value) -> None:
        """Foreign code that writes into what it is handed: x.append(y), copyto(x, y), out=x."""
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name == "copyto" and node.args:
                self.taint(node.args[0], result)
            elif name in MUTATORS or name.endswith("_"):
                self.taint(node.func.value, result)
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.taint(keyword.value, result)

    def called_back(self, values: Sequence[Value]) -> list[Value]:
        """What functions of the page give when foreign code, handed them, calls them."""
        known = made_from(*(value for value in values if not value.functions))
        return [
            self.follow(one, dict.fromkeys(range(len(parameters(one))), known))
            for value in values
            for one in value.functions
        ]

    def follow(self, function: Function, arguments: dict, node: ast.Call | None = None) -> Value:
        """Run a function of the page on these arguments."""
        if function in self.active:  # recursion gives nothing new
            return made_from(*arguments.values())
        given = self.bound(function, arguments)
        outer = {name: self.names.pop(name) for name in locals_of(function) if name in self.names}
        self.names |= given
        returned, self.returned = self.returned, []
        changed, self.changed = self.changed, set()
        self.active.append(function)
        if isinstance(function, ast.Lambda):
            self.returned.append(self.value(function.body))
        else:
            self.run(function.body)
        result = join(*self.returned)
        # A function made here is judged here, where its surroundings are known.
        result = replace(made_from(result, *self.called_back([result])), literal=result.literal)
        self.active.pop()
        self.returned = returned
        names = parameters(function)
        written = {name: self.names[name] for name in self.changed & set(names)}
        self.changed = changed | (self.changed - locals_of(function))
        for name in locals_of(function):
            self.names.pop(name, None)
        self.names |= outer
        for argument, name in zip(node.args if node else [], names, strict=False):
            if name in written:
                self.taint(argument, made_from(written[name]))
        return result

    def bound(self, function: Function, arguments: dict) -> dict[str, Value]:
        """The parameters of a function, each with what it is given."""
        signature = function.args
        names = parameters(function)
        found = {argument.arg: NOTHING for argument in (*signature.kwonlyargs,)}
        found |= dict.fromkeys(names, NOTHING)
        defaults = dict(
            zip(names[len(names) - len(signature.defaults) :], signature.defaults, strict=True)
        )
        keyword_only = [argument.arg for argument in signature.kwonlyargs]
        defaults |= {
            name: node
            for name, node in zip(keyword_only, signature.kw_defaults, strict=True)
            if node
        }
        found |= {name: self.value(node) for name, node in defaults.items()}
        rest = []
        for key, value in arguments.items():
            name = names[key] if isinstance(key, int) and key < len(names) else key
            if name in found:
                found[name] = value
            else:
                rest.append(value)
        for extra in (signature.vararg, signature.kwarg):
            if extra:
                found[extra.arg] = join(*rest)
        return found


def parameters(function: Function) -> list[str]:
    """The positional parameters."""
    return [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]


def locals_of(function: Function) -> set[str]:
    """The local variables of a function, without those of functions inside it."""
    found = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    outside: set[str] = set()
    waiting: list[ast.AST] = [] if isinstance(function, ast.Lambda) else list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            outside |= set(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            found.add(getattr(node, "name", ""))
            continue
        waiting += ast.iter_child_nodes(node)
    return found - outside


def literal_of(origin: str, arguments: dict) -> str:
    """Whether a call of NumPy or torch gives an array of typed numbers."""
    package, _, name = origin.partition(".")
    if package in ("numpy", "torch"):
        if name in UNIT_ARRAYS:
            return "unit"
        chosen = {"full": 1, "full_like": 1, **dict.fromkeys(SAME_NUMBERS, 0)}.get(name)
        if chosen in arguments:
            return arguments[chosen].literal
    return ""
