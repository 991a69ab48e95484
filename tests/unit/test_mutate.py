"""The mutator: which mutants it makes, and that it tells a tested formula from an untested one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tools import mutants, mutate
from tools.mutants import mutants_of, scaled

ROOT = Path(__file__).resolve().parents[2]

FORMULAS = '''\
"""Formulas."""

SCALE = 3.0


def area(r: float = 2.0) -> float:
    """Area of a square of diameter 2r.

    >>> area(1.0)
    2.0
    """
    if r < 1e-9:
        raise ValueError("r must be at least 1e-9")
    sides = [r for _ in range(2)]
    return 2 * sides[0] * sides[1]


def pair(x):
    return x, x.sum(axis=1) + 0


def unused(x):
    return -0.5 * x


def name():
    return str("square")
'''

TESTS = """\
from tiny.shapes import SCALE, area, name


def test_area():
    assert area() == 8.0
    assert name() == "square"
"""

TABLE = f"""\
| function | mutant | reason |
|---|---|---|
{mutate.BEGIN}
| `shapes` | `SCALE = ⟦3.0⟧` | nothing depends on it |
| `shapes.pair` | `return ⟦x⟧, x.sum(axis=1) + 0` | a reason |
| `shapes.pair` | `return x, ⟦x.sum(axis=1) + 0⟧` | a reason |
| `shapes.unused` | `return -⟦0.5⟧ * x` | a reason |
| `shapes.unused` | `return ⟦-0.5 * x⟧` | a reason |
{mutate.END}
"""


@pytest.fixture
def shapes(tmp_path):
    package = tmp_path / "lib" / "tiny"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "shapes.py").write_text(FORMULAS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_shapes.py").write_text(TESTS)
    (tmp_path / "table.md").write_text(TABLE)
    return package / "shapes.py"


def run(shapes):
    folder = shapes.parents[2]
    options = ["--package", shapes.parent, "--tests", folder / "tests"]
    return subprocess.run(
        [sys.executable, "-m", "tools.mutate", *options, "--table", folder / "table.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_mutants_are_the_constants_and_the_returned_values(shapes):
    found = [(m.line, m.function, m.shown) for m in mutants_of(shapes, "shapes")]
    assert found == [
        (3, "shapes", "SCALE = ⟦3.0⟧"),
        (6, "shapes.area", "def area(r: float = ⟦2.0⟧) -> float:"),
        (15, "shapes.area", "return ⟦2 * sides[0] * sides[1]⟧"),
        (15, "shapes.area", "return ⟦2⟧ * sides[0] * sides[1]"),
        (19, "shapes.pair", "return ⟦x⟧, x.sum(axis=1) + 0"),
        (19, "shapes.pair", "return x, ⟦x.sum(axis=1) + 0⟧"),
        (23, "shapes.unused", "return ⟦-0.5 * x⟧"),
        (23, "shapes.unused", "return -⟦0.5⟧ * x"),
        (27, "shapes.name", 'return ⟦str("square")⟧'),
    ]


def test_each_mutant_changes_what_it_says(shapes):
    results = []
    for mutant in mutants_of(shapes, "shapes")[:4]:
        namespace = {mutants.SCALED: scaled}
        exec(mutants.compiled(mutant), namespace)
        results.append((namespace["SCALE"], namespace["area"]()))
    expected = [(3.15, 8.0), (3.0, 2 * 2.1**2), (3.0, 8.4), (3.0, 8.4)]
    np.testing.assert_allclose(results, expected)


def test_scaled_reaches_the_numbers_in_containers():
    assert scaled((2.0, [4, "x"], {"k": None}, True)) == (2.1, [4.2, "x"], {"k": None}, True)
    np.testing.assert_allclose(scaled(np.array([1.0, 2.0])), [1.05, 2.1])
    assert scaled(lambda x: 2 * x)(1) == 2.1
    assert scaled(np.array([True]))[0] is np.True_


def test_table_that_matches_the_survivors_passes(shapes):
    done = run(shapes)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 killed, 5 survived, 1 returned no number" in done.stdout
    assert shapes.read_text() == FORMULAS


def test_unlisted_survivor_and_stale_row_fail(shapes):
    row = "| `shapes` | `SCALE = ⟦3.0⟧` | nothing depends on it |"
    stale = "| `shapes.area` | `return ⟦2⟧ * sides[0] * sides[1]` | wrong |"
    (shapes.parents[2] / "table.md").write_text(TABLE.replace(row, stale))
    done = run(shapes)
    assert done.returncode == 1
    assert "shapes.py:3: a mutant survives" in done.stderr
    assert "| `shapes` | `SCALE = ⟦3.0⟧` | |" in done.stderr
    assert "survivor that is none any more" in done.stderr and "⟦2⟧ * sides" in done.stderr


def test_red_tests_are_refused(shapes):
    test = shapes.parents[2] / "tests" / "test_shapes.py"
    test.write_text(TESTS.replace("8.0", "9.0"))
    done = run(shapes)
    assert done.returncode == 1 and "fail without a mutant" in done.stderr


def test_row_without_a_reason_is_no_excuse(shapes):
    survivor = mutants_of(shapes, "shapes")[0]
    table = mutate.read_table(TABLE.replace("nothing depends on it", ""))
    assert any("list it" in problem for problem in mutate.compare([survivor], table))


def test_module_without_tests_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match="has no test file"):
        mutate.tests_of("theory.nothing", tmp_path)


def test_pipes_survive_the_table(shapes):
    shapes.write_text("def f(x):\n    return x | 6\n")
    mutant = mutants_of(shapes, "shapes")[1]
    text = f"{mutate.BEGIN}\n{mutate.row(mutant)[:-1]}why |\n{mutate.END}"
    assert mutate.compare([mutant], mutate.read_table(text)) == []
