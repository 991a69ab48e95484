"""Follows, through the code of a page, which values come from `mathdl.theory`.

A prediction has to come from there and from nothing that measures; a measurement never does. The
cells of a page, those of its solutions included, are run abstractly in order: a value is the set
of places it comes from, assignments replace it, branches and loops join it, functions of the page
are run at each call, and calling `mathdl.theory` yields theory whatever it is called with.

It follows honest code. It does not follow names made at run time (`getattr`, `exec`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

THEORY, MEASURED = "theory", "measured"
ALLOWED_LITERALS = (0, 1)
FILLED = ("ones", "zeros", "ones_like", "zeros_like")
DEPTH = 12  # of calls followed into each other
# Methods that change the object they are called on.
MUTATORS = {
    "add", "append", "appendleft", "copyto", "extend", "fill", "insert", "itemset", "put",
    "setdefault", "setflat", "update", "__setitem__",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """What is known about a value: where it comes from, and what a call or attribute of it is."""

    sources: frozenset[str] = frozenset()
    origin: str = ""  # dotted path, if it was imported
    functions: tuple = ()  # functions of the page that it may be
    literal: str = ""  # "unit" for numbers 0 and 1, "number" for other typed numbers
    predictions: frozenset[int] = frozenset()  # lines of the predict calls that it may come from


NOTHING = Value()


@dataclass
class Prediction:
    """A `predict` call, in the cell it stands in."""

    line: int
    cell: int
    value: Value
    checked: bool = False


def join(*values: Value) -> Value:
    """A value that may be any of these."""
    literals = {value.literal for value in values}
    return Value(
        sources=frozenset().union(*(value.sources for value in values)),
        origin=values[0].origin if len({value.origin for value in values}) == 1 else "",
        functions=tuple(dict.fromkeys(f for value in values for f in value.functions)),
        literal=literals.pop() if len(literals) == 1 else "",
        predictions=frozenset().union(*(value.predictions for value in values)),
    )


def made_from(*values: Value, literal: str = "") -> Value:
    """A value computed from these: it is neither of them, and remembers where they come from."""
    return replace(join(*values), origin="", functions=(), literal=literal) if values else NOTHING


class Page:
    """The abstract run of one page; `problems` maps lines to what is wrong there."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.problems: set[tuple[int, str]] = set()
        self.predictions: dict[int, Prediction] = {}
        self.cell = 0
        self.conditions: list[frozenset[str]] = []  # sources of the tests that a line stands under
        self.depth = 0
        self.returned: list[Value] = []

    # -- statements ------------------------------------------------------------------------

    def run(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method:
                method(statement)
            else:
                self._any(statement)

    def _any(self, node: ast.AST) -> None:
        """Statements that only hold expressions and blocks: with, try, match, assert, ..."""
        for _, content in ast.iter_fields(node):
            for part in content if isinstance(content, list) else [content]:
                if isinstance(part, ast.expr):
                    self.value(part)
                elif isinstance(part, ast.stmt):
                    self.run([part])
                elif isinstance(part, ast.withitem):
                    value = self.value(part.context_expr)
                    if part.optional_vars:
                        self.assign(part.optional_vars, value)
                elif isinstance(part, ast.AST):
                    self._any(part)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            path = alias.name if alias.asname else alias.name.split(".")[0]
            self.names[alias.asname or path] = imported(path)

    def _importfrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                text = f"`from {node.module} import *` hides where names come from: import them."
                self.problems.add((node.lineno, text))
            else:
                self.names[alias.asname or alias.name] = imported(f"{node.module}.{alias.name}")

    def _functiondef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.value(default)
        self.names[node.name] = Value(functions=(node,))

    def _classdef(self, node: ast.ClassDef) -> None:
        """An instance may hold whatever the class mentions."""
        mentioned = [
            self.names[part.id]
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and part.id in self.names
        ]
        mentioned += [
            self.value(part)
            for part in ast.walk(node)
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name | ast.Attribute)
        ]
        called = [self.call(function, []) for value in mentioned for function in value.functions]
        self.names[node.name] = made_from(*mentioned, *called)

    def _return(self, node: ast.Return) -> None:
        value = self.value(node.value) if node.value else NOTHING
        self.returned.append(self.conditioned(value))

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.match(target, node.value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.assign(node.target, self.value(node.value))

    def _augassign(self, node: ast.AugAssign) -> None:
        self.assign(node.target, made_from(self.value(node.target), self.value(node.value)))

    def _expr(self, node: ast.Expr) -> None:
        value = self.value(node.value)
        call = node.value
        if isinstance(call, ast.Call) and self.value(call.func).functions:
            # A function of the page called for its effect may have filled what it was handed.
            for argument in call.args:
                if isinstance(argument, ast.Name) and not self.value(argument).origin:
                    self.taint(argument, value)

    def _if(self, node: ast.If) -> None:
        self.under(self.value(node.test), lambda: self.branches(node.body, node.orelse))

    def _while(self, node: ast.While) -> None:
        def once() -> None:
            self.value(node.test)
            self.run(node.body)

        self.under(self.value(node.test), lambda: self.repeat(once))
        self.run(node.orelse)

    def _for(self, node: ast.For) -> None:
        def once() -> None:
            self.iterate(node.target, node.iter)
            self.run(node.body)

        self.repeat(once)
        self.run(node.orelse)

    def _try(self, node: ast.Try) -> None:
        self.run(node.body)
        for handler in node.handlers:
            self.branches(handler.body, [])
        self.run(node.orelse)
        self.run(node.finalbody)

    def branches(self, *blocks: list[ast.stmt]) -> None:
        before, after = self.names, []
        for block in blocks:
            self.names = dict(before)
            self.run(block)
            after.append(self.names)
        self.names = merge(after)

    def repeat(self, once) -> None:
        """Run a loop's body until no run of it changes what is known."""
        while True:
            before = dict(self.names)
            once()
            self.names = merge([before, self.names])
            if self.names == before:
                return

    def under(self, test: Value, run) -> None:
        """Run what a test decides about: its results depend on what the test depends on."""
        self.conditions.append(test.sources)
        run()
        self.conditions.pop()

    def conditioned(self, value: Value) -> Value:
        return replace(value, sources=value.sources.union(*self.conditions))

    # -- assignments -----------------------------------------------------------------------

    def match(self, target: ast.expr, value: ast.expr) -> None:
        """Assign an expression, tuples element by element."""
        pair = isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)
        if pair and len(target.elts) == len(value.elts):
            for one, part in [(t, self.value(v)) for t, v in zip(target.elts, value.elts)]:  # noqa: B905
                self.assign(one, part)
        else:
            self.assign(target, self.value(value))

    def assign(self, target: ast.expr, value: Value) -> None:
        value = self.conditioned(value)
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.assign(part, value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value)
        else:  # x[i] = value, x.a = value
            index = self.value(target.slice) if isinstance(target, ast.Subscript) else NOTHING
            self.taint(target.value, made_from(value, index))

    def taint(self, target: ast.expr, value: Value) -> None:
        """Let the variable that an expression such as x.a[i] starts from hold a value as well."""
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            known = self.names.get(target.id, NOTHING)
            self.names[target.id] = replace(
                join(known, self.conditioned(value)), origin=known.origin, functions=known.functions
            )

    def iterate(self, target: ast.expr, iterable: ast.expr) -> None:
        """Bind a loop's target; zip, enumerate and items element by element."""
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else None
        if isinstance(iterable, ast.Call) and parts:
            name = ast.unparse(iterable.func)
            if name == "zip" and len(parts) == len(iterable.args):
                for part, argument in zip(parts, iterable.args, strict=True):
                    self.iterate(part, argument)
                return
            if name == "enumerate" and len(parts) == 2 and iterable.args:
                self.assign(parts[0], NOTHING)
                self.iterate(parts[1], iterable.args[0])
                return
            if isinstance(iterable.func, ast.Attribute) and iterable.func.attr == "items":
                self.assign(parts[0], NOTHING)
                self.assign(parts[1], self.value(iterable.func.value))
                return
        if isinstance(iterable, ast.Tuple | ast.List) and iterable.elts:
            before = [dict(self.names)]
            for element in iterable.elts:
                self.match(target, element)
                before.append(dict(self.names))
            self.names = merge(before[1:])
            return
        self.assign(target, self.value(iterable))

    # -- expressions -----------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        method = getattr(self, f"_{type(node).__name__.lower()}_value", None)
        if method:
            return method(node)
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return made_from(*map(self.value, parts))

    def _constant_value(self, node: ast.Constant) -> Value:
        if isinstance(node.value, int | float):
            return Value(literal="unit" if node.value in ALLOWED_LITERALS else "number")
        return NOTHING

    def _name_value(self, node: ast.Name) -> Value:
        return self.names.get(node.id, NOTHING)

    def _attribute_value(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        if base.origin:
            return imported(f"{base.origin}.{node.attr}")
        return replace(base, functions=(), literal="")

    def _list_value(self, node: ast.List | ast.Tuple) -> Value:
        return join(*map(self.value, node.elts)) if node.elts else NOTHING

    _tuple_value = _list_value

    def _unaryop_value(self, node: ast.UnaryOp) -> Value:
        operand = self.value(node.operand)
        return made_from(operand, literal="number" if operand.literal else "")

    def _binop_value(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        return made_from(left, right, literal="number" if left.literal and right.literal else "")

    def _ifexp_value(self, node: ast.IfExp) -> Value:
        chosen = join(self.value(node.body), self.value(node.orelse))
        return replace(chosen, sources=chosen.sources | self.value(node.test).sources)

    def _subscript_value(self, node: ast.Subscript) -> Value:
        base, index = self.value(node.value), self.value(node.slice)
        return replace(base, sources=base.sources | index.sources)

    def _namedexpr_value(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def _lambda_value(self, node: ast.Lambda) -> Value:
        return Value(functions=(node,))

    def _comprehension_value(self, node) -> Value:
        before = dict(self.names)
        tests = []
        for generator in node.generators:
            self.iterate(generator.target, generator.iter)
            tests += map(self.value, generator.ifs)
        results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        value = join(*map(self.value, results))
        targets = {
            name.id
            for generator in node.generators
            for name in ast.walk(generator.target)
            if isinstance(name, ast.Name)
        }
        for name in targets:
            self.names.pop(name, None)
            if name in before:
                self.names[name] = before[name]
        return replace(value, sources=value.sources.union(*(test.sources for test in tests)))

    _listcomp_value = _setcomp_value = _generatorexp_value = _comprehension_value
    _dictcomp_value = _comprehension_value

    # -- calls -----------------------------------------------------------------------------

    def _call_value(self, node: ast.Call) -> Value:
        function = self.value(node.func)
        arguments = [self.value(argument) for argument in node.args]
        keywords = {keyword.arg: self.value(keyword.value) for keyword in node.keywords}
        everything = [*arguments, *keywords.values()]
        if function.origin in ("mathdl.book.predict", "mathdl.book.claims.predict"):
            return self.predict(node, arguments, keywords)
        if isinstance(node.func, ast.Attribute):
            base = node.func.value
            if node.func.attr == "check" and len(everything) == 2:
                self.check(node, function, arguments, keywords)
                return NOTHING
            mutates = node.func.attr in MUTATORS or node.func.attr.endswith("_")
            if mutates and not self.value(base).origin:
                self.taint(base, made_from(*everything, *self.calls(everything)))
            elif node.func.attr == "copyto" and node.args:
                self.taint(node.args[0], made_from(*arguments))
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.taint(keyword.value, made_from(*everything))
        if THEORY in imported(function.origin).sources:
            return Value(sources=frozenset({THEORY}))
        if function.functions:
            results = [self.call(one, arguments, keywords, node.args) for one in function.functions]
            return join(*results)
        called = self.calls(everything)
        literal = ""
        if function.origin.startswith(("numpy.", "torch.")):
            name = function.origin.split(".")[-1]
            if name in FILLED:
                literal = "unit"
            elif name in ("array", "full", "tensor", "asarray") and arguments:
                literal = arguments[-1 if name == "full" else 0].literal
        return made_from(function, *everything, *called, literal=literal)

    def calls(self, values: list[Value]) -> list[Value]:
        """What functions of the page give that are handed to somebody else's code to call."""
        handed = made_from(*(value for value in values if not value.functions))
        return [
            self.call(one, [handed] * count_parameters(one))
            for value in values
            for one in value.functions
        ]

    def call(self, function, arguments, keywords=None, nodes=()) -> Value:
        """Run a function of the page; `nodes` are the expressions it is handed, if known."""
        if self.depth >= DEPTH:
            return made_from(*arguments, *(keywords or {}).values())
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        bound = dict(zip(names, arguments, strict=False))
        bound |= {name: value for name, value in (keywords or {}).items() if name}
        rest = made_from(*arguments[len(names) :])
        local = {n.arg for n in ast.walk(function.args) if isinstance(n, ast.arg)}
        local |= assigned_names(function)
        outer = {name: self.names[name] for name in local if name in self.names}
        defaults = self.defaults(function)
        for name in local:
            self.names.pop(name, None)
        self.names |= defaults | bound
        for extra in (function.args.vararg, function.args.kwarg):
            if extra:
                self.names[extra.arg] = made_from(rest, *(keywords or {}).values())
        returned, self.returned, self.depth = self.returned, [], self.depth + 1
        if isinstance(function, ast.Lambda):
            self.returned.append(self.value(function.body))
        else:
            self.run(function.body)
        results, self.returned, self.depth = self.returned, returned, self.depth - 1
        changed = [
            (node, self.names[name])
            for node, name in zip(nodes, names, strict=False)
            if name in self.names and self.names[name].sources - bound[name].sources
        ]
        closures = {name: self.names[name] for name in local if name in self.names}
        for name in local:
            self.names.pop(name, None)
        self.names |= outer
        for node, value in changed:
            self.taint(node, made_from(value))
        result = join(*results) if results else NOTHING
        if result.functions:  # a returned function remembers what it closes over
            remembered = made_from(*closures.values())
            result = replace(result, sources=result.sources | remembered.sources, functions=())
        return result

    def defaults(self, function) -> dict[str, Value]:
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        given = function.args.defaults
        pairs = list(zip(names[len(names) - len(given) :], given, strict=True))
        keyword_only = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        pairs += [(argument.arg, default) for argument, default in keyword_only if default]
        return {name: self.value(default) for name, default in pairs}

    # -- the two rules ---------------------------------------------------------------------

    def predict(self, node: ast.Call, arguments: list[Value], keywords: dict) -> Value:
        value = arguments[2] if len(arguments) > 2 else keywords.get("predicted", NOTHING)
        if MEASURED in value.sources:
            text = "the prediction depends on what the computing code gives: compute it in `mathdl.theory`."
            self.problems.add((node.lineno, text))
        elif THEORY not in value.sources and not value.literal:
            text = "the prediction does not come from `mathdl.theory`: put its formula there."
            self.problems.add((node.lineno, text))
        self.predictions.setdefault(node.lineno, Prediction(node.lineno, self.cell, value))
        return Value(sources=frozenset({THEORY}), predictions=frozenset({node.lineno}))

    def check(self, node: ast.Call, function: Value, arguments, keywords) -> None:
        measured = arguments[0] if arguments else keywords.get("measured", NOTHING)
        if THEORY in measured.sources:
            text = (
                "the measured value depends on `mathdl.theory`: measure it without the prediction."
            )
            self.problems.add((node.lineno, text))
        bands = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "band")]
        empirical = any("Empirical" in ast.unparse(band) for band in bands)
        for line in function.predictions:
            prediction = self.predictions[line]
            prediction.checked = True
            if prediction.cell == self.cell:
                text = "predict(...) has to stand in an earlier cell than its .check(...)."
                self.problems.add((line, text))
            if prediction.value.literal == "number" and not empirical:
                text = (
                    "the prediction is a typed number: take it from `mathdl.theory` "
                    "(0, 1, and Empirical may be typed)."
                )
                self.problems.add((line, text))


def imported(origin: str) -> Value:
    """What an imported name is: theory, measuring code, or neither."""
    parts = origin.split(".")
    if parts[:2] == ["mathdl", "theory"]:
        return Value(frozenset({THEORY}), origin)
    measures = parts[0] == "mathdl" and len(parts) > 2 and parts[1] != "book"
    if measures and (parts[1] != "device" or parts[2] == "generator"):
        return Value(frozenset({MEASURED}), origin)
    return Value(origin=origin)


def merge(branches: list[dict[str, Value]]) -> dict[str, Value]:
    """What is known after several branches, each of which may have run."""
    names = dict.fromkeys(name for branch in branches for name in branch)
    return {name: join(*(b[name] for b in branches if name in b)) for name in names}


def assigned_names(function) -> set[str]:
    """The local variables of a function, without those of functions inside it."""
    if isinstance(function, ast.Lambda):
        return set()
    found: set[str] = set()
    outside: set[str] = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            outside |= set(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        waiting += ast.iter_child_nodes(node)
    return found - outside


def count_parameters(function) -> int:
    return len(function.args.posonlyargs) + len(function.args.args)


def analyze(cells: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The problems of a page's cells, each given by the line of the page it starts at and its code.

    >>> good = "from mathdl import theory\\nfrom mathdl.book import predict, Exact\\n"
    >>> analyze([(1, good + "p = predict('thm', 'x', theory.f(3))"), (9, "p.check(2.0, Exact(0.01))")])
    []
    >>> analyze([(1, good + "p = predict('thm', 'x', 2.5)"), (9, "p.check(theory.f(3), Exact(0.01))")])
    ... # doctest: +ELLIPSIS
    [(3, 'the prediction is a typed number...), (9, 'the measured value depends on ...)]
    """
    page = Page()
    for number, (line, code) in enumerate(cells):
        page.cell = number
        try:
            tree = ast.parse(without_magics(code))
        except SyntaxError as error:
            page.problems.add((line + (error.lineno or 1) - 1, f"not Python: {error.msg}."))
            continue
        ast.increment_lineno(tree, line - 1)
        page.run(tree.body)
    for prediction in page.predictions.values():
        if not prediction.checked and prediction.value.literal == "number":
            text = "the prediction is a typed number, and no .check(...) of it was recognized."
            page.problems.add((prediction.line, text))
    return sorted(page.problems)


def without_magics(code: str) -> str:
    """Code with the lines that only IPython understands taken out, line numbers kept."""
    lines = (
        "pass" if line.lstrip()[:1] in ("%", "!") and line[:1] in ("%", "!") else line
        for line in code.splitlines()
    )
    return "\n".join(lines)
