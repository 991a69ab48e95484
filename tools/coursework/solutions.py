"""Builds the solutions manual for lecturers: python -m tools.coursework.solutions

It goes to `_build/solutions`, beside the site and never into it. The model answers are executed
with the numbers of the source, and the wrong answers are graded with them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
import warnings
from pathlib import Path

import nbformat
import yaml
from jupyter_book.sphinx import build_sphinx
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4

from assignments.answers import WrongAnswer
from assignments.checks import Mark, properties
from tools.coursework.notebook import default_numbers, points, with_links, with_solutions
from tools.coursework.source import Assignment, Proof, sources
from tools.coursework.trial import wrong_marks
from tools.kernels import kernel

PRIVATE = "Not for publication: this manual holds all solutions and all hidden checks."
FRONT = f"""\
# Solutions of the assignments

**{PRIVATE}**

Each page is an assignment as a perfect student hands it in, executed. Below each answer in code
stand the properties that are tested, and the wrong answers that were foreseen, each with the
points that it keeps and the properties that it loses. Below each proof stand the rubric and the
false proofs that are frequent.

Students have numbers of their own; here are those of the source.

"""


def manual(assignment: Assignment, execute: bool = True) -> NotebookNode:
    """The notebook with the answers, and below each of them how it is graded."""
    notebook = with_solutions(assignment, default_numbers(assignment))
    if execute:
        client = NotebookClient(notebook, timeout=600, record_timing=False)
        try:
            with kernel() as client.km:
                client.execute()
        except CellExecutionError as error:
            raise RuntimeError(f"The model answers of {assignment.name} fail: {error}") from error
    graded = graded_wrong_answers(assignment)
    first, _, *others = notebook.cells  # the second tells students what to do
    title, _, rest = first.source.partition("\n")
    cells = [v4.new_markdown_cell(f"{title}\n\n**{PRIVATE}**\n{rest}")]
    proofs = {proof.question: proof for proof in assignment.proofs()}
    for cell in others:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name == "mathdl":  # it finds the library, and teaches nobody anything
            continue
        if name in proofs:
            cells.append(v4.new_markdown_cell("**Proof.**"))
        cells.append(cell)
        if name in proofs:
            cells += map(v4.new_markdown_cell, about_proof(proofs[name]))
        if name.startswith("check-"):
            question = name.removeprefix("check-")
            cells += map(v4.new_markdown_cell, about_question(assignment, question, graded))
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    notebook.cells = cells
    return notebook


def _text(text: str) -> str:
    return with_links(text, lambda page, label: None)


def about_proof(proof: Proof) -> list[str]:
    return [
        f"**Rubric, {proof.points} points.**\n\n{_text(proof.rubric)}",
        f"**Frequent, and false.**\n\n{_text(proof.false_proofs)}",
    ]


def graded_wrong_answers(assignment: Assignment) -> list[tuple[WrongAnswer, list[Mark]]]:
    """Each wrong answer with its marks; RuntimeError unless they are the points it should keep."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of wrong answers
        found = list(wrong_marks(assignment, default_numbers(assignment), seed=0))
    for wrong, marks in found:
        if (kept := sum(mark.earned for mark in marks)) != wrong.points:
            raise RuntimeError(
                f"assignments/answers: a wrong answer to {wrong.question} of {assignment.name} "
                f"keeps {kept} points instead of {wrong.points}: mend it or its checks. "
                f"{wrong.because}"
            )
    return found


def about_question(
    assignment: Assignment, question: str, graded: list[tuple[WrongAnswer, list[Mark]]]
) -> list[str]:
    """What is tested, and which wrong answers keep how much and lose what."""
    total = points(assignment, question)
    tested = [f"- ({p.points}) {p.text}" for p in properties(assignment.checks, question)]
    parts = [f"**Properties that are tested, {total} points.**\n\n" + "\n".join(tested)]
    mine = [(wrong, marks) for wrong, marks in graded if wrong.question == question]
    return parts + [_wrong_answer(wrong, marks, total) for wrong, marks in mine]


def _wrong_answer(wrong: WrongAnswer, marks: list[Mark], total: int) -> str:
    body = wrong.code.strip("\n")
    lost = [mark.property for mark in marks if mark.earned < mark.property.points]
    kept = f"**Wrong, keeps {wrong.points} of {total} points.** {wrong.because}"
    said = "It loses:\n\n" + "\n".join(f"- ({p.points}) {p.text}" for p in lost)
    return f"{kept}\n\n```python\n{body}\n```\n\n{said if lost else 'It loses nothing.'}"


def config(root: Path) -> dict:
    """The book's own settings of mathematics and colors, without what belongs to a site."""
    book = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    kept = ("mathjax_path", "mathjax3_config", "language")
    return {
        "title": "Solutions: not for publication",
        "author": book["author"],
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "off"},
        "parse": {"myst_enable_extensions": ["amsmath", "dollarmath"]},
        "sphinx": {
            "local_extensions": {"offline_mathjax": str(root / "_ext")},
            "config": {key: book["sphinx"]["config"][key] for key in kept}
            | {
                "html_theme_options": {"announcement": PRIVATE},
                "html_show_copyright": False,
                "myst_heading_anchors": 0,
            },
        },
    }


def build(root: Path) -> Path:
    """Execute all model answers and build the manual; gives its first page."""
    folder, out = root / "_build" / "solutions-source", root / "_build" / "solutions"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = []
    for assignment in sources(root):
        print(f"running the model answers of {assignment.name}", flush=True)
        nbformat.write(manual(assignment), folder / f"{assignment.name}.ipynb")
        names.append(assignment.name)
    rows = "".join(f"- [](./{name}.ipynb)\n" for name in names)
    (folder / "index.md").write_text(FRONT + rows, encoding="utf-8")
    contents = {
        "format": "jb-book",
        "root": "index",
        "chapters": [{"file": name} for name in names],
    }
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    (folder / "_config.yml").write_text(yaml.safe_dump(config(root)), encoding="utf-8")
    unfinished = out.with_name("solutions-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with contextlib.chdir(folder):
        status = build_sphinx(
            folder,
            unfinished,
            path_config=folder / "_config.yml",
            noconfig=True,
            confoverrides={"latex_individualpages": False},  # jupyter-book insists on this one
            freshenv=True,
            quiet=True,
            warningiserror=True,
            keep_going=True,
        )
    if status != 0:
        raise RuntimeError("Sphinx found the problems above in the solutions manual.")
    shutil.rmtree(out, ignore_errors=True)
    unfinished.rename(out)
    return out / "index.html"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.coursework.solutions")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the book's folder")
    os.environ.setdefault("MPLBACKEND", "agg")  # figures of assignments open no windows
    try:
        index = build(parser.parse_args().root.resolve())
    except RuntimeError as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"{PRIVATE}\nOpen {index}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
