"""Makes the notebook of an assignment: for a student, and with the model answers.

Both have the same cells with the same nbgrader metadata; they differ in what the answer cells hold.
Hidden checks are in neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nbformat import NotebookNode, v4

from tools.coursework.source import Assignment, Cell, Proof, Prose, stub, with_numbers
from tools.notebooks import first_cell

BOOK_LINK = re.compile(r"\[([^\]]*)\]\(book:([\w/-]+)(?:#([\w-]+))?\)")
MARKS = re.compile(r"(?m)^ *### (?:BEGIN|END) SOLUTION *\n?")
PAGE_LABEL = re.compile(r"(?m)^\([\w-]+\)=\n+")
BLANK_PROOF = "*YOUR ANSWER HERE*"
HOW_TO_ID = "text-1"  # of the cell with it, the second one
HOW_TO = """\
This copy is made for **{student}**. Write where it says `YOUR CODE HERE` or *YOUR ANSWER HERE*, and
run the checks below your code: they are easy examples, and more checks run when you hand in. Keep
the name of the file, and leave the other cells as they are; cells of your own are welcome.
"""


def default_numbers(assignment: Assignment) -> dict[str, int]:
    """The numbers that stand in the source; each reader of the book has these."""
    if not assignment.header.get("numbers"):
        return {}
    body = next(b.body for b in assignment.blocks if isinstance(b, Cell) and b.role == "numbers")
    lines = dict(re.findall(r"(?m)^(\w+) = (\d+)", body))
    return {name: int(lines[name]) for name in assignment.header["numbers"]}


def with_links(text: str, address: Callable[[str, str], str | None]) -> str:
    """Prose whose links into the book lead to `address(page, label)`, or are text where it is None.

    The label is empty in a link to a page as a whole.
    """

    def lead(match: re.Match) -> str:
        where = address(match[2], match[3] or "")
        return f"[{match[1]}]({where})" if where else match[1]

    text = BOOK_LINK.sub(lead, text)
    if "(book:" in text:
        broken = text[text.index("(book:") :].split(")")[0] + ")"
        raise ValueError(f"{broken} is no link: write [text](book:chapter/page#label).")
    return text


def blank(cell: Cell) -> str:
    """An answer cell without its answer; ValueError when nothing in it is marked as the answer."""
    if stub(cell.body) == cell.body:
        raise ValueError(
            f"the answer cell of `{cell.question}` shows its answer: put it between "
            "`### BEGIN SOLUTION` and `### END SOLUTION`."
        )
    return stub(cell.body)


def points(assignment: Assignment, question: str) -> int:
    """What the hidden properties of a question are worth together."""
    from assignments.checks import properties  # imports torch, which a lint need not wait for

    return sum(p.points for p in properties(assignment.checks, question))


def student_notebook(
    assignment: Assignment, student: str, drawn: dict[str, int], site: str | None
) -> NotebookNode:
    """What a student fills in.

    drawn: the student's numbers
    site: the address of the published book with a slash at its end, or None where it has none
    """
    return _notebook(assignment, student, drawn, site, blank, lambda proof: BLANK_PROOF)


def with_solutions(assignment: Assignment, drawn: dict[str, int]) -> NotebookNode:
    """The same notebook as a perfect student hands it in: never to be published."""
    return _notebook(
        assignment,
        "reference",
        drawn,
        None,
        lambda cell: MARKS.sub("", cell.body),
        lambda proof: proof.solution,
    )


def _notebook(
    assignment: Assignment,
    student: str,
    drawn: dict[str, int],
    site: str | None,
    answer: Callable[[Cell], str],
    proof_answer: Callable[[Proof], str],
) -> NotebookNode:
    def address(page: str, label: str) -> str | None:
        return f"{site}chapters/{page}.html" + (f"#{label}" if label else "") if site else None

    def markdown(text: str) -> NotebookNode:
        return v4.new_markdown_cell(with_links(PAGE_LABEL.sub("", text), address))

    codes: list[NotebookNode] = []
    cells: list[NotebookNode] = []
    for block in assignment.blocks:
        if isinstance(block, Prose):
            cells.append(markdown(block.text))
        elif isinstance(block, Proof):
            made = markdown(proof_answer(block))
            cells.append(_graded(made, block.question, block.points, locked=False))
        else:
            cells.append(_code_cell(assignment, block, drawn, answer, len(codes)))
            codes.append(cells[-1])
    cells.insert(1, markdown(HOW_TO.format(student=student)))
    code = "\n\n".join(cell.source for cell in codes)
    opening = _locked(first_cell(assignment.path.parents[1], code, site), "mathdl")
    opening.metadata["jupyter"] = {"source_hidden": True}
    cells.insert(2, opening)
    for number, cell in enumerate(cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"text-{number}")
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {
            "name": "python",
            "file_extension": ".py",
            "mimetype": "text/x-python",
        },
        "coursework": {"assignment": assignment.name, "student": student},
    }
    return v4.new_notebook(cells=cells, metadata=metadata)


def _code_cell(
    assignment: Assignment,
    block: Cell,
    drawn: dict[str, int],
    answer: Callable[[Cell], str],
    before: int,
) -> NotebookNode:
    """A code cell; `before` code cells stand before it."""
    if block.role == "numbers":
        return _locked(with_numbers(block.body, drawn), "numbers")
    if block.role == "given":
        return _locked(block.body, f"given-{before + 1}")
    assert block.question is not None
    if block.role == "answer":
        made = v4.new_code_cell(answer(block).strip("\n"))
        made.metadata.update(deletable=False, nbgrader=_marks(block.question, solution=True))
        return made
    made = v4.new_code_cell(block.body.strip("\n"))
    worth = points(assignment, block.question)
    return _graded(made, f"check-{block.question}", worth, locked=True)


def _marks(name: str, grade: bool = False, solution: bool = False, locked: bool = False) -> dict:
    """What nbgrader must know of a cell."""
    return {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }


def _locked(body: str, name: str) -> NotebookNode:
    """A code cell that is run as it is."""
    made = v4.new_code_cell(body.strip("\n"))
    made.metadata.update(deletable=False, editable=False, nbgrader=_marks(name, locked=True))
    return made


def _graded(cell: NotebookNode, name: str, worth: int, locked: bool) -> NotebookNode:
    """A cell that carries points: locked checks, or an answer that a person reads."""
    marks = _marks(name, grade=True, solution=not locked, locked=locked) | {"points": worth}
    cell.metadata.update(deletable=False, nbgrader=marks)
    if locked:
        cell.metadata["editable"] = False
    return cell
