"""What a hidden check is: a property of a student's functions, on inputs that a seed draws.

One module an assignment, with one function a property:

    @prop("path-norm", points=1)
    def rescaling(student, rng, numbers):
        \"\"\"rescaling a neuron leaves the path norm\"\"\"
        a, W, b = network(rng, m=5, d=3)
        same(student.path_norm(a / 2, 2 * W, 2 * b), student.path_norm(a, W, b), "…")

`student.path_norm` is the student's function or value of that name, `rng` a NumPy generator that
belongs to this property, and `numbers.d` the number d of this student.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np
import torch
from torch import Tensor

NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)


class Wrong(Exception):
    """A property that does not hold; the message tells the student which, and on what input."""


@dataclass(frozen=True)
class Property:
    """One property of one question, with what it is worth."""

    question: str
    points: int
    name: str  # of its function
    text: str  # the property in words
    test: Callable[[object, np.random.Generator, SimpleNamespace], None]


@dataclass(frozen=True)
class Mark:
    """What a property earned, and if nothing, why."""

    property: Property
    earned: int
    message: str = ""


def prop(question: str, points: int) -> Callable:
    """Make a function the check of a property; the first line of its docstring is the property."""

    def mark(test: Callable) -> Callable:
        text = (inspect.getdoc(test) or "").partition("\n")[0]
        test.property = Property(question, points, test.__name__, text, test)  # type: ignore[attr-defined]
        return test

    return mark


def properties(module: ModuleType, question: str | None = None) -> list[Property]:
    """The properties of an assignment, or of one question of it, in the order of the file."""
    found = [f.property for f in vars(module).values() if hasattr(f, "property")]
    return [p for p in found if question in (None, p.question)]


def grade(one: Property, student: object, seed: int, numbers: SimpleNamespace) -> Mark:
    """Look whether a property holds; whatever the student's code raises costs this property only.

    student: has the student's functions and values as attributes
    seed: of the inputs (GRADE_SEED); each property draws from a stream of its own
    """
    rng = np.random.default_rng([seed, zlib.crc32(f"{one.question}/{one.name}".encode())])
    try:
        one.test(student, rng, numbers)
    except Wrong as wrong:
        return Mark(one, 0, f"Not so: {one.text}. {wrong}")
    except Exception as error:
        return Mark(one, 0, f"Not tested: {one.text}. {type(error).__name__}: {error}")
    return Mark(one, one.points)


def plain(found: object, what: str) -> Tensor:
    """A number, an array or a tensor, exactly of these types, as a tensor of float64."""
    if type(found) is Tensor and not found.is_complex():
        return found.detach().to(torch.float64)
    if type(found) is np.ndarray and found.dtype.kind in "biuf":
        return torch.from_numpy(found.astype(np.float64))
    if isinstance(found, NUMBERS):
        return torch.tensor(float(found), dtype=torch.float64)
    kind = type(found).__name__
    raise Wrong(f"{what} is an object of type {kind}, not a real number or a tensor of them.")


def same(found: object, wanted: object, what: str, rtol: float = 1e-6, atol: float = 1e-9) -> None:
    """Raise Wrong unless both are the same number or tensor; `what` names `found` and its input."""
    seen, goal = plain(found, what), plain(wanted, f"what {what} is compared with")
    if seen.shape != goal.shape:
        raise Wrong(f"{what} has the shape {tuple(seen.shape)} instead of {tuple(goal.shape)}.")
    if not bool(seen.isfinite().all()):
        raise Wrong(f"{what} is not finite.")
    gap = (seen - goal).abs() - atol - rtol * goal.abs()
    if not bool((gap <= 0).all()):  # also where the student's code gave the goal, and it is NaN
        at = int(gap.argmax())
        raise Wrong(
            f"{what} is {float(seen.flatten()[at]):.8g} instead of {float(goal.flatten()[at]):.8g}"
            + ("." if seen.dim() == 0 else f" at flat index {at}.")
        )


def network(rng: np.random.Generator, m: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weights a (m,), W (m, d), b (m,) of a two-layer network, all standard normal, float64."""
    draws = rng.standard_normal(m), rng.standard_normal((m, d)), rng.standard_normal(m)
    a, W, b = (torch.from_numpy(x) for x in draws)
    return a, W, b
