"""The notebooks that graders read: a student's answers, the checks' words, rubric beside proof.

They name nobody. nbgrader's pages hide names as well, and show one where a grader asks for it.
"""

from __future__ import annotations

import copy

from nbformat import NotebookNode, v4

from tools.coursework.notebook import HOW_TO_ID, with_links
from tools.coursework.source import Assignment, Proof

OPENING = "mathdl"  # the cell that finds the library


def proof_copy(assignment: Assignment, result: dict, notebook: NotebookNode) -> NotebookNode:
    """A copy of the graded notebook for graders: never to be shown to students."""
    proofs = {proof.question: proof for proof in assignment.proofs()}
    made = copy.deepcopy(notebook)
    made.metadata = {k: v for k, v in made.metadata.items() if k != "coursework"}
    made.cells = [_about(result)]
    for cell in copy.deepcopy(notebook.cells):
        name = grade_id(cell)
        if name == OPENING or cell.id == HOW_TO_ID:  # the latter says whose it is
            continue
        if cell.cell_type == "code":
            cell.outputs = _said(name, result)
        made.cells.append(cell)
        if name in proofs:
            made.cells.append(_rubric(proofs[name]))
    return made


def grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def answer(notebook: NotebookNode, question: str) -> NotebookNode | None:
    """The cell with the student's answer."""
    return next((cell for cell in notebook.cells if grade_id(cell) == question), None)


def same_answer(one: NotebookNode, other: NotebookNode, question: str) -> bool:
    """Whether a question is answered alike in both notebooks, pictures included."""
    cells = answer(one, question), answer(other, question)
    texts = [cell and (cell.source, cell.get("attachments", {})) for cell in cells]
    return texts[0] == texts[1]


def _about(result: dict) -> NotebookNode:
    """What a person should know; how it was handed in stands in the report, with names."""
    said = list(result["events"])
    said += [f"{f['cell']}, line {f['line']}: {f['what']}: {f['code']}" for f in result["flags"]]
    listed = "\n".join(f"- {_escaped(' '.join(text.split()))}" for text in said)
    return v4.new_markdown_cell(f"**To know**\n\n{listed or '- nothing'}", id="about")


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|$~&" else c for c in str(text))


def _said(cell: str, result: dict) -> list[NotebookNode]:
    """What the hidden checks said, as the output of the cell of public checks."""
    found = result["questions"].get(cell.removeprefix("check-"))
    if found is None or not cell.startswith("check-"):
        return []
    lines = [
        f"{m['earned']}/{m['points']} {m['message'] or m['text']}\n" for m in found["properties"]
    ]
    return [v4.new_output("stream", name="stdout", text="".join(lines))]


def _rubric(proof: Proof) -> NotebookNode:
    text = (
        f"**Rubric, {proof.points} points**\n\n{proof.rubric}\n\n"
        f"**Frequent false proofs**\n\n{proof.false_proofs}\n\n"
        f"**A proof**\n\n{proof.solution}"
    )
    text = with_links(text, lambda page, label: None)
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return v4.new_markdown_cell(quoted, id=f"rubric-{proof.question}"[:64])
