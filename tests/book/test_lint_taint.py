"""Where predictions and measurements may come from, followed through the code of a page."""

import pytest

from tools.taint import analyze

IMPORTS = """\
import numpy as np
import torch
from mathdl import datasets, device, kernels, theory
from mathdl.book import Bound, Empirical, Exact, MonteCarlo, predict
from mathdl.theory.approximation import rate as speed
import mathdl.theory as t
rng = device.generator("page")
"""
TAINTED = "measured value depends"
FOREIGN = "prediction does not come from"
MEASURES = "prediction depends on measuring code"
TYPED = "a typed number is no prediction"
SAME_CELL = "in an earlier cell"


def found(prediction: str, check: str) -> list[str]:
    cells = [(1, IMPORTS), (101, prediction), (201, check)]
    return [text for _, text in analyze(cells)]


def measured(code: str) -> list[str]:
    """The problems of a page that measures with this code, which sets `x`."""
    check = f"{code}\np.check(x, Exact(0.01))"
    return found("p = predict('thm', 'x', theory.approximation.f(3))", check)


def predicted(code: str, band: str = "Exact(0.01)") -> list[str]:
    """The problems of a page that predicts with this code, which sets `y`."""
    return found(f"{code}\np = predict('thm', 'x', y)", f"p.check(2.5, {band})")


@pytest.mark.parametrize(
    "code",
    [
        "x = theory.approximation.f(3)",
        "x = speed(3)",
        "x = t.approximation.f(3)",
        "x = p.values",
        "import mathdl\nx = mathdl.theory.approximation.f(3)",
        "from mathdl import theory as h\nx = h.f(3)",
        "from mathdl.theory import approximation as a\nx = np.mean(a.f(3))",
        "f = theory.approximation.f\nx = f(3)",
        "y = theory.f(3)\nz = y + 1\nx = 2 * z",
        "x = 1.0\nx += theory.f(3)",
        "x, y = theory.f(3), 1.0",
        "x = [theory.f(d) for d in range(3)]",
        "x = [d for d in theory.f(3)]",
        "x = [d for d in range(9) if d < theory.f(3)]",
        "x = {d: theory.f(d) for d in range(3)}",
        "x = []\nfor d in range(3):\n    x.append(theory.f(d))",
        "x = np.zeros(3)\nx[1] = theory.f(3)",
        "x = np.zeros(3)\nx[:] = theory.f(3)",
        "x = torch.zeros(3)\nx.mul_(theory.f(3))",
        "x = np.zeros(3)\nnp.copyto(x, theory.f(3))",
        "x = np.zeros(3)\nnp.add(x, theory.f(3), out=x)",
        "def g(d):\n    return theory.f(d)\nx = g(3)",
        "def g(d):\n    return d + 1\nx = g(theory.f(3))",
        "def g(d, c=theory.f(3)):\n    return d * c\nx = g(3)",
        "def g(*, c):\n    return c\nx = g(c=theory.f(3))",
        "def g(*a, **k):\n    return k\nx = g(c=theory.f(3))",
        "def fill(a):\n    a[0] = theory.f(3)\nx = np.zeros(3)\nfill(x)",
        "x = []\ndef keep():\n    x.append(theory.f(3))\nkeep()",
        "x = 0\ndef keep():\n    global x\n    x = theory.f(3)\nkeep()",
        "def make(d):\n    def g(s):\n        return s * theory.f(d)\n    return g\nx = make(3)(2)",
        "def make(d):\n    c = theory.f(d)\n    return lambda s: s * c\nx = make(3)(2)",
        "g = lambda d: theory.f(d)\nx = g(3)",
        "x = list(map(lambda d: theory.f(d), range(3)))",
        "x = min(range(9), key=lambda d: abs(d - theory.f(3)))",
        "x = np.array([1.0, 2.0])\nx = x[x < theory.f(3)]",
        "x = 1.0 if theory.f(3) > 2 else 2.0",
        "x = 0\nif theory.f(3) > 2:\n    x = 1",
        "x = []\nfor d in range(3):\n    if d < theory.f(3):\n        x.append(d)",
        "x = 0\nwhile x < theory.f(3):\n    x += 1",
        "x = y = 0\nfor d in range(3):\n    x = y\n    y = theory.f(d)",
        "if (x := theory.f(3)):\n    pass",
        "with open(theory.f(3)) as x:\n    pass",
        "try:\n    x = 1\nexcept ValueError:\n    x = theory.f(3)",
        "class Model:\n    def __call__(self, d):\n        return theory.f(d)\nx = Model()(3)",
        "class Box:\n    pass\nx = Box()\nx.value = theory.f(3)",
        "x = Exception()\nx.a.b[0] = theory.f(3)",
        "tests = {'a': lambda: theory.f(3)}\nx = tests['a']()",
        "def g(n):\n    return 1 if n == 0 else g(n - 1) * theory.f(n)\nx = g(3)",
        "def g():\n    yield theory.f(3)\nx = list(g())",
        "from functools import partial\nx = partial(theory.f, 3)()",
        "for d, x in zip(range(3), theory.f(3)):\n    pass",
        "for i, x in enumerate(theory.f(3)):\n    pass",
        "x = f'{theory.f(3)}'",
    ],
)
def test_a_measurement_from_theory_is_caught(code):
    assert any(TAINTED in problem for problem in measured(code)), code


@pytest.mark.parametrize(
    "code",
    [
        "x = 2.5",
        "x = rng.normal(size=400).mean()",
        "x = kernels.arc_cosine(1.0)",
        "x = theory.f(3)\nx = 2.5",
        "y = theory.f(3)\nx = 2.5",
        "x = []\nfor d, y in zip(range(3), theory.f(3)):\n    x.append(kernels.k(d))",
        "x = []\nfor d, y in [(2, theory.f(2)), (3, theory.f(3))]:\n    x.append(kernels.k(d))",
        "x = []\nfor i, y in enumerate(theory.f(3)):\n    x.append(i)",
        "x = 0\nfor d, y in {2: theory.f(2)}.items():\n    x += d",
        "x = 2.5\ndef draw(d):\n    return x + theory.f(d)\ndraw(3)",
        "x = np.linspace(0, 1)\nprint(x, theory.f(x))",
        "x = np.zeros(3)\ny = np.add(x, theory.f(3))",
        "import matplotlib.pyplot as plt\nplt.gca().plot(theory.f(3))\nx = plt.gca()",
        "def g(d):\n    y = theory.f(d)\n    return d + 1\nx = g(3)",
        "def g(d):\n    d = theory.f(d)\n    return 1\nx = 3\ng(x)",
        "y = [theory.f(x) for x in range(3)]\nx = 1",
        "x, y = 1.0, theory.f(3)",
        "def g(a):\n    return [h(b) for b in a]\ndef h(b):\n    return b\nx = g([1, 2])",
        "if theory.f(3) > 2:\n    y = 1\nx = 2",
    ],
)
def test_a_measurement_beside_theory_is_allowed(code):
    assert measured(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "y = theory.approximation.f(3)",
        "y = speed(np.linspace(0, 1)) / 2",
        "y = 1.05 * theory.f(3)",
        "y = [theory.f(d) for d in (2, 3)]",
        "y = np.array([theory.f(d) for d in (2, 3)])",
        "y = theory.bound(kernels.norm(3), n=len(rng.normal(size=3)))",
        "data = datasets.digits()\ny = theory.f(3) / len(data)",
        "data = datasets.digits()\ny = theory.f(3) / data.shape[0]",
        "def formula(d):\n    return theory.f(d) / 2\ny = formula(3)",
        "y = 0",
        "y = 1.0",
        "y = [1, 1, 0]",
        "y = np.ones(3)",
        "y = np.full(3, 1.0)",
        "y = torch.zeros(3)",
        "one = 1\ny = one",
    ],
)
def test_a_prediction_from_theory_is_allowed(code):
    assert predicted(code) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("y = kernels.k(3)", MEASURES),
        ("y = rng.normal(size=9).mean()", MEASURES),
        ("y = theory.f(3) * kernels.k(3)", MEASURES),
        ("y = theory.f(3) + 0 * np.mean(rng.normal(size=9))", MEASURES),
        ("from mathdl.kernels import k as theory_k\ny = theory_k(3)", MEASURES),
        ("def g(d):\n    return kernels.k(d)\ny = g(3)", MEASURES),
        ("y = np.sqrt(2)", FOREIGN),
        ("y = sum(1 / k for k in range(1, 9))", FOREIGN),
        ("y = undefined", FOREIGN),
        ("y = 2.5", TYPED),
        ("y = -1", TYPED),
        ("y = 1 / 2", TYPED),
        ("y = np.array([1, 2.5])", FOREIGN),
        ("y = np.full(3, 2.5)", TYPED),
    ],
)
def test_a_prediction_from_elsewhere_is_caught(code, message):
    (problem,) = predicted(code)
    assert message in problem


def test_an_observation_may_be_typed():
    assert predicted("y = 2.5", "Empirical(0.1)") == []
    assert predicted("y = -1 / 2", "band=Empirical(0.1)") == []
    (problem,) = predicted("y = kernels.k(3)", "Empirical(0.1)")
    assert MEASURES in problem


def test_a_prediction_stands_in_an_earlier_cell():
    code = "p = predict('thm', 'x', theory.f(3))\np.check(1.0, Exact(0.01))"
    (problem,) = found(code, "pass")
    assert SAME_CELL in problem


def test_a_prediction_has_a_check():
    (problem,) = found("p = predict('thm', 'x', theory.f(3))", "pass")
    assert "no .check(...) of this prediction" in problem


@pytest.mark.parametrize(
    "check",
    [
        "for p, x in zip(ps, [1, 2]):\n    p.check(x, Exact(0.01))",
        "[p.check(1.0, Exact(0.01)) for p in ps]",
        "ps[0].check(1.0, band=Exact(0.01))",
        "ps[0].check(measured=1.0, band=Exact(0.01))",
        "def judge(q, x):\n    q.check(x, Exact(0.01))\njudge(ps[0], 1.0)",
    ],
)
@pytest.mark.parametrize(
    "prediction",
    [
        "ps = [predict('thm', 'x', theory.f(d)) for d in (2, 3)]",
        "ps = []\nfor d in (2, 3):\n    ps.append(predict('thm', 'x', predicted=theory.f(d)))",
        "def make(d):\n    return predict('thm', 'x', theory.f(d))\nps = [make(2), make(3)]",
    ],
)
def test_predictions_are_found_in_lists_and_functions(prediction, check):
    assert found(prediction, check) == []
    (problem, *_) = found(prediction, check.replace("1.0", "theory.f(3)").replace("[1, 2]", "ps"))
    assert TAINTED in problem


def test_the_line_of_the_page_is_named():
    cells = [(10, IMPORTS), (40, "a = 1\np = predict('thm', 'x', theory.f(3))")]
    cells += [(60, "%time\n\np.check(p.values, Exact(0.01))")]
    ((line, _),) = analyze(cells)
    assert line == 62


def test_star_imports_hide_names():
    ((line, problem),) = analyze([(5, "from mathdl.theory import *")])
    assert line == 5
    assert "hides where names come from" in problem
