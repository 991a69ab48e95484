"""What is known about a value of a page without running it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

THEORY, MEASURED = "theory", "measured"


@dataclass(frozen=True)
class Value:
    """Where a value comes from, and what a call or an attribute of it would be."""

    sources: frozenset[str] = frozenset()
    origin: str = ""  # dotted path, if it was imported
    functions: tuple = ()  # functions of the page that it may be
    literal: str = ""  # "unit" for typed numbers 0 and 1, "number" for other typed numbers
    predictions: frozenset[int] = frozenset()  # lines of the predict calls it may come from


NOTHING = Value()


def join(*values: Value) -> Value:
    """A value that may be any of these."""
    if not values:
        return NOTHING
    literals = {value.literal for value in values}
    return Value(
        sources=frozenset().union(*(value.sources for value in values)),
        origin=values[0].origin if len({value.origin for value in values}) == 1 else "",
        functions=tuple(dict.fromkeys(f for value in values for f in value.functions)),
        literal=literals.pop() if len(literals) == 1 else "",
        predictions=frozenset().union(*(value.predictions for value in values)),
    )


def made_from(*values: Value, literal: str = "") -> Value:
    """A value computed from these: it is none of them, and comes from wherever they come from."""
    return replace(join(*values), origin="", functions=(), literal=literal)


def imported(origin: str) -> Value:
    """What an imported name is: theory, measuring code, or neither.

    >>> imported("mathdl.theory.approximation.rate").sources
    frozenset({'theory'})
    >>> imported("mathdl.kernels.arc_cosine").sources, imported("numpy.mean").sources
    (frozenset({'measured'}), frozenset())
    """
    parts = origin.split(".")
    if parts[:2] == ["mathdl", "theory"]:
        return Value(frozenset({THEORY}), origin)
    measures = parts[0] == "mathdl" and len(parts) > 2 and parts[1] != "book"
    if measures and (parts[1] != "device" or parts[2] == "generator"):
        return Value(frozenset({MEASURED}), origin)
    return Value(origin=origin)


def merge(branches: Iterable[dict[str, Value]]) -> dict[str, Value]:
    """The variables after several branches, each of which may have run."""
    branches = list(branches)
    names = dict.fromkeys(name for branch in branches for name in branch)
    return {name: join(*(b[name] for b in branches if name in b)) for name in names}
