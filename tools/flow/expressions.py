"""Expressions and assignments."""

from __future__ import annotations

import ast
from dataclasses import replace

from tools.flow.values import MEASURED, NOTHING, Value, imported, join, made_from, merge

UNITS = (0, 1)
SIZES = ("dtype", "ndim", "shape", "size")  # chosen by the page, whatever the numbers are


class Expressions:
    """The variables of a page, and what its expressions make of them."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.conditions: list[frozenset[str]] = []  # sources of the tests that a line stands under
        self.changed: set[str] = set()  # variables whose objects were written into

    def value(self, node: ast.expr) -> Value:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method:
            return method(node)
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return made_from(*map(self.value, parts))

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, int | float):
            return Value(literal="unit" if node.value in UNITS else "number")
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        return self.names.get(node.id, NOTHING)

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        if base.origin:
            return imported(f"{base.origin}.{node.attr}")
        if node.attr in SIZES:
            return without_measurement(base)
        return replace(base, functions=(), literal="")

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        return join(*map(self.value, node.elts))

    _tuple = _set = _list

    def _dict(self, node: ast.Dict) -> Value:
        return join(*(self.value(part) for part in (*node.keys, *node.values) if part))

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        operand = self.value(node.operand)
        return made_from(operand, literal="number" if operand.literal else "")

    def _binop(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        return made_from(left, right, literal="number" if left.literal and right.literal else "")

    def _ifexp(self, node: ast.IfExp) -> Value:
        chosen = join(self.value(node.body), self.value(node.orelse))
        return replace(chosen, sources=chosen.sources | self.value(node.test).sources)

    def _subscript(self, node: ast.Subscript) -> Value:
        base, index = self.value(node.value), self.value(node.slice)
        return replace(base, sources=base.sources | index.sources)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def _lambda(self, node: ast.Lambda) -> Value:
        return Value(functions=(node,))

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        before = dict(self.names)
        tests: list[Value] = []
        for generator in node.generators:
            self.iterate(generator.target, generator.iter)
            tests += map(self.value, generator.ifs)
        made = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        value = join(*map(self.value, made))
        targets = (part for g in node.generators for part in ast.walk(g.target))
        for name in {part.id for part in targets if isinstance(part, ast.Name)}:
            self.names.pop(name, None)
            if name in before:
                self.names[name] = before[name]
        return replace(value, sources=value.sources.union(*(test.sources for test in tests)))

    _setcomp = _generatorexp = _dictcomp = _listcomp

    def conditioned(self, value: Value) -> Value:
        """A value given to a variable under a test depends on what the test depends on."""
        return replace(value, sources=value.sources.union(*self.conditions))

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        """Assign an expression, tuples element by element."""
        targets, parts = elements(target), elements(value)
        if targets and len(targets) == len(parts):
            values = [self.value(part) for part in parts]
            for part, known in zip(targets, values, strict=True):
                self.assign(part, known)
        else:
            self.assign(target, self.value(value))

    def assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = self.conditioned(value)
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.assign(part, value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value)
        else:  # x[i] = value, x.a = value
            index = self.value(target.slice) if isinstance(target, ast.Subscript) else NOTHING
            self.taint(target, made_from(value, index))

    def taint(self, target: ast.expr, value: Value) -> None:
        """Let the variable at the root of an expression like x.a[i] hold this value as well."""
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            known = self.names.get(target.id, NOTHING)
            if not known.origin:
                self.changed.add(target.id)
                both = join(known, self.conditioned(value))
                self.names[target.id] = replace(both, literal="")

    def iterate(self, target: ast.expr, iterable: ast.expr) -> None:
        """Bind a loop's target; zip, enumerate, items and typed lists element by element."""
        parts = elements(target)
        called = iterable if parts and isinstance(iterable, ast.Call) else None
        name = ast.unparse(called.func).split(".")[-1] if called else ""
        if called and name == "zip" and len(parts) == len(called.args):
            for part, argument in zip(parts, called.args, strict=True):
                self.iterate(part, argument)
        elif called and name == "enumerate" and len(parts) == 2 and called.args:
            self.assign(parts[0], NOTHING)
            self.iterate(parts[1], called.args[0])
        elif called and name == "items" and len(parts) == 2:
            self.assign(parts[0], NOTHING)
            self.assign(parts[1], self.value(called.func))
        elif elements(iterable):
            choices = []
            for element in elements(iterable):
                self.bind(target, element)
                choices.append(dict(self.names))
            self.names = merge(choices)
        else:
            self.assign(target, self.value(iterable))


def elements(node: ast.expr) -> list[ast.expr]:
    """The parts of a tuple or list as it is written."""
    return node.elts if isinstance(node, ast.Tuple | ast.List) else []


def without_measurement(value: Value) -> Value:
    """A size: a page chooses it, so that a formula may use it beside theory."""
    return replace(made_from(value), sources=value.sources - {MEASURED})
