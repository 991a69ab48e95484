"""The benchmarks run, and their table says of every goal whether it holds."""

import re
from pathlib import Path

from benchmarks import results
from benchmarks.harness import Row

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "RESULTS.md"
ROWS = [
    Row("training", "(1, 2)", "times JAX", 1.234, (1.0, 1.5), "≥ 1.5", False, "a | b"),
    Row("training", "(1, 2)", "GFLOP/s", 98765.0),
    Row("norms", "path norm", "times copying", 3.0, (3.0, 3.0), "≥ 2", True),
]
WHERE = {"date": "today", "processor": "a | b"}


def test_the_page_has_a_verdict_and_a_table_a_section():
    page = results.page(ROWS, WHERE)
    assert "1 of 2 goals hold." in page
    assert "- training · (1, 2) · times JAX: 1.23, the goal is ≥ 1.5" in page
    assert "| (1, 2) | times JAX | 1.23 | 1–1.5 | ≥ 1.5 | **no** | a \\| b |" in page
    assert "| (1, 2) | GFLOP/s | 98800 |  |  |  |  |" in page
    assert "| path norm | times copying | 3 | 3–3 | ≥ 2 | yes |  |" in page
    assert re.findall("^## (.*)", page, re.MULTILINE) == ["training", "norms"]
    assert "| processor | a \\| b |" in page
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in page.splitlines() if "|" in line}
    assert widths == {3, 8}  # two columns and seven


def test_all_goals_held_are_said_without_a_list():
    assert results.verdict(ROWS[1:]) == "1 of 1 goals hold."


def test_provenance_names_commit_versions_and_threads():
    found = results.provenance("cpu")
    assert re.fullmatch(r"[0-9a-f]{12}( with changes)?|unknown", found["commit"])
    assert "torch 2" in found["versions"] and "core" in found["threads"]
    assert found["date"].endswith("UTC") and all(found.values())
