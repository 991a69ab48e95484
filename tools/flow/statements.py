"""Statements: in order, branches joined, loops repeated until nothing new is learned."""

from __future__ import annotations

import ast
from collections.abc import Callable

from tools.flow.calls import Calls
from tools.flow.values import NOTHING, Value, imported, made_from, merge


class Flow(Calls):
    """Runs statements over the variables of a page."""

    def run(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            method = getattr(self, f"_{type(statement).__name__.lower()}", self._blocks)
            method(statement)

    def _blocks(self, node: ast.AST) -> None:
        """Statements that only hold expressions and blocks: with, match, assert, ..."""
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.value(part)
            elif isinstance(part, ast.stmt):
                self.run([part])
            elif isinstance(part, ast.withitem) and part.optional_vars:
                self.bind(part.optional_vars, part.context_expr)
            else:
                self._blocks(part)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            path = alias.name if alias.asname else alias.name.split(".")[0]
            self.names[alias.asname or path] = imported(path)

    def _importfrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name] = imported(f"{node.module}.{alias.name}")

    def _functiondef(self, node: ast.FunctionDef) -> None:
        self.names[node.name] = Value(functions=(node,))

    def _classdef(self, node: ast.ClassDef) -> None:
        """An instance may hold whatever the class mentions."""
        mentioned = [
            self.value(part)
            for part in ast.walk(node)
            if isinstance(part, ast.Name | ast.Attribute) and not isinstance(part.ctx, ast.Store)
        ]
        self.names[node.name] = made_from(*mentioned, *self.called_back(mentioned))

    def _return(self, node: ast.Return) -> None:
        value = self.value(node.value) if node.value else NOTHING
        self.returned.append(self.conditioned(value))

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.bind(target, node.value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.bind(node.target, node.value)

    def _augassign(self, node: ast.AugAssign) -> None:
        self.assign(node.target, made_from(self.value(node.target), self.value(node.value)))

    def _expr(self, node: ast.Expr) -> None:
        value = self.value(node.value)
        if isinstance(node.value, ast.Yield | ast.YieldFrom):
            self.returned.append(self.conditioned(value))

    def _if(self, node: ast.If) -> None:
        self.under(node.test, lambda: self.branches(node.body, node.orelse))

    def _while(self, node: ast.While) -> None:
        def once() -> None:
            self.under(node.test, lambda: self.run(node.body))

        self.repeat(once)
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

    def under(self, test: ast.expr, run: Callable[[], None]) -> None:
        """Run what a test decides about: what it assigns depends on the test."""
        self.conditions.append(self.value(test).sources)
        run()
        self.conditions.pop()

    def branches(self, *blocks: list[ast.stmt]) -> None:
        before, after = self.names, []
        for block in blocks:
            self.names = dict(before)
            self.run(block)
            after.append(self.names)
        self.names = merge(after)

    def repeat(self, once: Callable[[], None]) -> None:
        """Run a loop's body until no run of it changes what is known."""
        while True:
            before = dict(self.names)
            once()
            self.names = merge([before, self.names])
            if self.names == before:
                return
