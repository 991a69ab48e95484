"""Holds predictions and measurements apart: the first come from `mathdl.theory`, the second never.

The cells of a page, those of its solutions included, are run abstractly in their order
(`tools.flow`). Calling `mathdl.theory` gives theory whatever it is called with, so a bound may be
evaluated at a measured norm; arithmetic with a measured number outside such a call is refused.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tools.flow import NOTHING, Flow, Value, join
from tools.flow.values import MEASURED, THEORY

PREDICT = ("mathdl.book.predict", "mathdl.book.claims.predict")


@dataclass
class Prediction:
    """A `predict` call, in the cell it stands in."""

    cell: int
    value: Value
    checked: bool = False


class PageFlow(Flow):
    """The run of one page; `problems` are lines and what is wrong there."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: set[tuple[int, str]] = set()
        self.predictions: dict[int, Prediction] = {}
        self.cell = 0

    def _importfrom(self, node: ast.ImportFrom) -> None:
        super()._importfrom(node)
        if any(alias.name == "*" for alias in node.names):
            text = f"`from {node.module} import *` hides where names come from: name them."
            self.problems.add((node.lineno, text))

    def special(self, node: ast.Call, function: Value, arguments: dict) -> Value | None:
        if function.origin in PREDICT:
            return self.predict(node, arguments.get(2, arguments.get("predicted", NOTHING)))
        is_check = isinstance(node.func, ast.Attribute) and node.func.attr == "check"
        if is_check and len(arguments) == 2:
            return self.check(node, function, arguments.get(0, arguments.get("measured", NOTHING)))
        return None

    def predict(self, node: ast.Call, value: Value) -> Value:
        if MEASURED in value.sources:
            text = "the prediction depends on measuring code: compute it in `mathdl.theory` alone."
            self.problems.add((node.lineno, text))
        elif THEORY not in value.sources and not value.literal:
            text = "the prediction does not come from `mathdl.theory`: put its formula there."
            self.problems.add((node.lineno, text))
        known = self.predictions.setdefault(node.lineno, Prediction(self.cell, value))
        known.value = join(known.value, value)
        return Value(sources=frozenset({THEORY}), predictions=frozenset({node.lineno}))

    def check(self, node: ast.Call, prediction: Value, measured: Value) -> Value:
        if THEORY in measured.sources:
            text = "the measured value depends on `mathdl.theory`: measure without the prediction."
            self.problems.add((node.lineno, text))
        bands = [k.value for k in node.keywords if k.arg == "band"] or node.args[1:]
        empirical = any("Empirical" in ast.unparse(band) for band in bands)
        for line in prediction.predictions:
            known = self.predictions[line]
            known.checked = True
            if known.cell == self.cell:
                text = "predict(...) has to stand in an earlier cell than its .check(...)."
                self.problems.add((line, text))
            if known.value.literal == "number" and not empirical:
                text = "a typed number is no prediction (but 0, 1, and what is Empirical)."
                self.problems.add((line, f"{text[:-1]}: take it from `mathdl.theory`."))
        return NOTHING


def analyze(cells: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The problems of a page's cells, each given by the line it starts at and its code.

    >>> first = "from mathdl import theory\\nfrom mathdl.book import predict, Exact\\n"
    >>> good = first + "p = predict('thm', 'x', theory.f(3))"
    >>> analyze([(1, good), (9, "p.check(2.0, Exact(0.01))")])
    []
    >>> analyze([(1, good), (9, "p.check(theory.f(3), Exact(0.01))")])  # doctest: +ELLIPSIS
    [(9, 'the measured value depends on `mathdl.theory`: ...')]
    """
    page = PageFlow()
    for page.cell, (line, code) in enumerate(cells):
        try:
            tree = ast.parse(without_magics(code))
        except SyntaxError as error:
            page.problems.add((line + (error.lineno or 1) - 1, f"not Python: {error.msg}."))
            continue
        ast.increment_lineno(tree, line - 1)
        page.run(tree.body)
    for line, prediction in page.predictions.items():
        if not prediction.checked:
            page.problems.add((line, "no .check(...) of this prediction was found."))
    return sorted(page.problems)


def without_magics(code: str) -> str:
    """Code with the lines that only IPython understands taken out, line numbers kept."""
    return "\n".join("pass" if line[:1] in ("%", "!") else line for line in code.splitlines())
