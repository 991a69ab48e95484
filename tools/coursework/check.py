"""Runs the public checks on a notebook: python -m tools.coursework.check approximation [FILE]

For students with the repository. The checks are those of the source, whatever became of them in the
notebook. An error in one question does not hide the others, not even if it ends the interpreter.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode, v4

from tools.coursework.source import Assignment, sources
from tools.kernels import kernel

SECONDS = 120  # a cell; the whole model solution takes less than half of it
UNANSWERED = "NotImplementedError"  # what a stub raises
CRASHED = "ends the interpreter"


class Unreadable(Exception):
    """There is nothing to check; the message says what to do."""


def load(path: Path, assignment: Assignment) -> NotebookNode:
    """The notebook, if it is one of this assignment."""
    if not path.exists():
        raise Unreadable(f"{path} does not exist: name the notebook with FILE=….")
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat and json raise many kinds
        raise Unreadable(
            f"{path} is no notebook ({type(error).__name__}): open yours in Jupyter and save it."
        ) from error
    made_for = notebook.metadata.get("coursework", {}).get("assignment", assignment.name)
    if made_for != assignment.name:
        raise Unreadable(f"{path} is a notebook for {made_for}: use ASSIGNMENT={made_for}.")
    return notebook


def grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def with_checks(notebook: NotebookNode, assignment: Assignment) -> list[NotebookNode]:
    """The code cells, with the checks of the source in their places, or else at the end."""
    checks = {f"check-{q}": assignment.cell(q, "checks").body for q in assignment.questions()}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.source = checks.pop(grade_id(cell), cell.source)
    for name, body in checks.items():
        cells.append(v4.new_code_cell(body, metadata={"nbgrader": {"grade_id": name}}))
    return cells


def run(cells: list[NotebookNode], folder: Path) -> list[str]:
    """How each cell ended: an empty string, or what went wrong.

    A cell that ends the interpreter is left out, and the others run again without it.
    """
    found = [""] * len(cells)
    while True:
        waiting = [i for i, message in enumerate(found) if message != CRASHED]
        notebook = v4.new_notebook(cells=[cells[i] for i in waiting])
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            interrupt_on_timeout=True,
            allow_errors=True,
            resources={"metadata": {"path": str(folder)}},
        )
        with kernel() as client.km, client.setup_kernel():
            for place, i in enumerate(waiting):
                try:
                    client.execute_cell(notebook.cells[place], place)
                except DeadKernelError:
                    found[i] = CRASHED
                    break
                found[i] = error_of(notebook.cells[place])
            else:
                return found


def error_of(cell: NotebookNode) -> str:
    """The error that a cell ended with, in one line."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "KeyboardInterrupt":
                return f"does not end within {SECONDS} s"
            first = (output.evalue.strip() or "no message").splitlines()[0]
            return first if output.ename == "AssertionError" else f"{output.ename}: {first}"
    return ""


def verdicts(assignment: Assignment, cells: list[NotebookNode], ended: list[str]) -> dict[str, str]:
    """What to tell of each question; an empty string where its checks hold."""
    by_name = {grade_id(cell): message for cell, message in zip(cells, ended, strict=True)}
    found = {}
    for question in assignment.questions():
        answer, check = by_name.get(question, ""), by_name[f"check-{question}"]
        if UNANSWERED in answer + check:
            found[question] = "not answered yet"
        elif answer:
            found[question] = f"your cell stops: {answer}"
        else:
            found[question] = check
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.coursework.check", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the book's folder")
    parser.add_argument("assignment")
    parser.add_argument("file", nargs="?", help="the notebook; <assignment>.ipynb if left out")
    options = parser.parse_args(arguments)
    known = {assignment.name: assignment for assignment in sources(options.root)}
    if options.assignment not in known:
        names = ", ".join(known)
        print(f"There is no ASSIGNMENT={options.assignment}: take one of {names}.", file=sys.stderr)
        return 2
    assignment = known[options.assignment]
    path = Path(options.file or f"{assignment.name}.ipynb")
    try:
        cells = with_checks(load(path, assignment), assignment)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    ended = run(cells, path.resolve().parent)
    found = verdicts(assignment, cells, ended)
    width = max(map(len, found))
    for question, message in found.items():
        print(f"{question:{width}}  {'no: ' + message if message else 'yes'}")
    print("These are the public checks; more properties are tested when you hand in.")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
