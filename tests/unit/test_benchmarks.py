"""The benchmarks run, and their table says of every goal whether it holds."""

import re
from collections import Counter
from pathlib import Path

import pytest
from mathdl import fused

from benchmarks import gpu, norms_and_curvature, results, rivals_torch, training
from benchmarks.harness import Row
from benchmarks.rivals_work import Work

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
    assert re.fullmatch(r"[0-9a-f]{40}\+?|unknown", found["commit"])
    assert "torch 2" in found["versions"] and "core" in found["threads"]
    assert found["date"].endswith("UTC") and all(found.values())


D = fused.LARGEST_DIMENSION + 1  # nothing is compiled


@pytest.mark.parametrize("rule", ["gd", "adam", "sgd"])
def test_training_is_compared_with_the_rivals_that_need_no_compiler(rule):
    work = Work(2, 8, 16, D, rule, steps=8, precision="float64", batch=4)
    rows = training.compare(training.Goal(work, short=4, loop=1.5), rate=1e9, rounds=1)
    assert {"GFLOP/s, ours", "ours (blocked) vs plain loop"} <= {row.quantity for row in rows}
    (goal,) = [row for row in rows if row.goal]
    assert goal.goal == "≥ 1.5" and goal.holds is (goal.value >= 1.5)
    assert all(row.value > 0 and row.work == f"(2, 8, 16, {D})" for row in rows)


def test_rivals_that_do_other_work_are_refused(monkeypatch):
    work = Work(2, 8, 16, D, steps=8, precision="float64")
    other = rivals_torch.plain_loop(work.with_steps(7))
    monkeypatch.setattr(rivals_torch, "plain_loop", lambda work: other)
    with pytest.raises(AssertionError, match="did not do the same work"):
        training.compare(training.Goal(work, short=8), rate=1e9, rounds=1)


def test_norms_are_compared_with_the_usual_way():
    rows = norms_and_curvature.path_norm(2, 8, rounds=2) + norms_and_curvature.spectral_norm(16, 2)
    assert all(row.value == row.value and row.section for row in rows)
    assert any(row.goal for row in rows)


def test_the_table_of_a_gpu_is_made_on_the_cpu_as_well():
    rows = gpu.rows(quick=True, device="cpu", graphs=False)
    assert {"GB/s, read and written", "times its launches"} <= {row.quantity for row in rows}
    assert all(0 < row.value < float("inf") for row in rows)


@pytest.mark.needs_cuda
def test_the_table_of_a_gpu_with_graphs_on_and_off():
    rows = gpu.rows(quick=True)
    assert any(row.section == "CUDA graphs" for row in rows)


def test_the_table_has_every_goal():
    page = RESULTS.read_text(encoding="utf-8")
    for goal in training.GOALS:
        section = f"## Training, {training.RULES[goal.work.rule]}, {goal.work.precision}\n"
        table = page.split(section)[1].split("\n## ")[0].splitlines()
        wanted = Counter(f"≥ {bound:g}" for bound in (goal.loop, goal.jax, goal.blocked) if bound)
        written = Counter(line.split(" | ")[4] for line in table if goal.work.name in line)
        assert wanted <= written, goal
    assert re.search(r"^\| .*activations.*\| ≤ 32 \|", page, re.MULTILINE)
    works = "path norm", "spectral norm", "tr Hessian", "tr noise covariance", "tangent kernel"
    for work in works:
        assert re.search(rf"^\| {work}.*\| ≥ ", page, re.MULTILINE), work
    held, goals = map(int, re.search(r"^(\d+) of (\d+) goals hold", page, re.MULTILINE).groups())
    assert len(re.findall(r"\| yes \|", page)) == held
    assert len(re.findall(r"\| \*\*no\*\* \|", page)) == goals - held
