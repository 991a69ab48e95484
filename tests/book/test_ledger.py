"""The ledger says of every statement what proves, checks and trains it, and what is missing."""

import json

import pytest
from mathdl.book import Bound, Empirical, Exact, claims, predict
from mathdl.book.claims import MIME, ClaimFailed
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.book.fixtures import PAGE, PROOF, changed, write_book
from tools.ledger import collect
from tools.pages import Book


def shown(*made) -> list[list]:
    """The outputs of a prediction cell and of a check cell, for (label, values, band) each."""
    cells: list[list] = []

    def keep(bundle, text, html):
        data = {MIME: bundle, "text/html": html, "text/plain": text}
        cells.append([new_output("display_data", data=data)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "_display", keep)
        for label, predicted, measured, band in made:
            prediction = predict(label, "a | number_of_things", predicted)
            try:
                prediction.check(measured, band)
            except ClaimFailed as failure:
                error = new_output("error", ename="ClaimFailed", evalue=str(failure), traceback=[])
                cells[-1].append(error)
    predictions = [output for cell in cells[::2] for output in cell]
    return [predictions, [output for cell in cells[1::2] for output in cell]]


def executed(outputs: list[list]):
    return {"index": new_notebook(cells=[new_code_cell("…", outputs=part) for part in outputs])}


GOOD = ("thm-noise", 0.5, 0.5001, Exact(0.001))


@pytest.fixture
def ledger(tmp_path):
    def make(page=PAGE, outputs=None, **more):
        book = Book(write_book(tmp_path, page, **more))
        return collect(book, executed(shown(GOOD) if outputs is None else outputs))

    return make


def line_of(passage: str, page: str = PAGE) -> int:
    return page[: page.index(passage)].count("\n") + 1


def test_a_sound_page_has_no_problems(ledger):
    found = ledger()
    assert found.problems == []
    assert found.summary() == (
        "1 statements, 1 of 1 checks of theorems and 0 of 0 observations held"
    )
    assert found.summary("another") == (
        "0 statements, 0 of 0 checks of theorems and 0 of 0 observations held"
    )
    assert "holds  index  thm-noise: a | number_of_things: predicted 0.5" in found.table()


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        (":label: thm-noise\n", "", "```{prf:theorem}", "a theorem without `:label:`"),
        (PROOF, "", "```{prf:theorem}", "`thm-noise` has no proof before the next statement"),
        ("{prf:proof}\n", "{prf:proof}\n:class: cited\n", "```{prf:proof}", "no {cite} role"),
        (
            "the noise.\n",
            "the noise.\n\nNo claim: no.\n",
            "```{prf:theorem}",
            "keep one of the two",
        ),
        ("{prf:ref}`thm-noise`", "It", "```{prf:theorem}", "`thm-noise` has no exercise"),
        (":label: thm-noise", ":label: thm-n", "noise = ", "is no statement of this page"),
    ],
)
def test_what_is_missing_is_named_with_its_line(ledger, old, new, at, message):
    page = changed(old, new)
    problems = [problem for problem in ledger(page).problems if message in problem]
    line = line_of(at, page) - (1 if at == "noise = " else 0)
    assert problems
    assert problems[0].startswith(f"chapters/index.md:{line}: ")


def test_a_proof_behind_the_next_statement_is_not_mine(ledger):
    lemma = "```{prf:lemma}\n:label: lem\n\nL.\n\nNo claim: no.\n```\n\n"
    problems = ledger(changed("```{prf:proof}", f"{lemma}```{{prf:proof}}")).problems
    assert any("`thm-noise` has no proof" in problem for problem in problems)
    assert not any("`lem` has no proof" in problem for problem in problems)


def test_a_cited_proof_with_its_source_counts(ledger):
    page = changed("{prf:proof}\n", "{prf:proof}\n:class: cited\nTheorem 3 of {cite}`someone`.\n")
    found = ledger(page)
    assert found.problems == []
    assert (found.counts()["cited"], found.counts()["proved"]) == (1, 0)
    assert "Proof cited." in page_of(found)


def page_of(found) -> str:
    from tools.ledger_page import ledger_page

    pages = [("Least squares", "chapters/index", found.statements)]
    return ledger_page(found.counts(), found.seed, pages, found.rows)


def test_an_observation_is_no_check_of_a_theorem(ledger):
    found = ledger(outputs=shown(("thm-noise", 0.5, 0.5, Empirical(0.1))))
    assert any("`thm-noise` has no claim that checks it" in problem for problem in found.problems)
    assert found.counts()["observations_held"] == 1
    assert found.counts()["checks"] == 0
    assert "holds, observation" in page_of(found)


def test_an_observation_on_other_images_is_listed_and_not_counted(ledger, monkeypatch):
    monkeypatch.setenv("MATHDL_IMAGES", "somewhere")
    found = ledger(outputs=shown(GOOD, ("thm-noise", 0.5, 0.9, Empirical(0.1))))
    assert found.problems == []
    assert (found.counts()["observations"], found.counts()["checks_held"]) == (0, 1)
    assert "not judged, observation" in page_of(found)
    assert "not judged  index" in found.table()


OPEN = "(open-noise)=\n## What is the law of the *rest*?\n\nWe do not know.\n\n"
SEEN = ("open-noise", 0.5, 0.5, Empirical(0.1))


def test_an_open_problem_has_a_first_experiment(ledger):
    page = changed("```{exercise}", OPEN + "```{exercise}")
    (problem,) = ledger(page).problems
    assert problem.startswith(f"chapters/index.md:{line_of('(open-noise)=', page)}: ")
    assert "`open-noise` has no `Empirical` claim" in problem
    found = ledger(page, shown(GOOD, SEEN))
    assert found.problems == []
    statement, problem = found.statements
    assert (statement.label, problem.label) == ("thm-noise", "open-noise")
    assert (problem.kind, problem.proof, len(problem.claims)) == ("open problem", "open", 1)
    assert problem.title == "What is the law of the *rest*?"
    assert (found.counts()["statements"], found.counts()["open"]) == (1, 1)
    assert "**{ref}`open-noise`**. Open." in page_of(found)
    assert "**1 open problem**" in page_of(found)


def test_what_is_open_is_not_checked(ledger):
    page = changed("```{exercise}", OPEN + "```{exercise}")
    (problem,) = ledger(page, shown(GOOD, SEEN, ("open-noise", 0.5, 0.5, Exact(0.01)))).problems
    assert "is an open problem: only `Empirical` claims" in problem


def test_an_observation_may_stand_beside_a_reason(ledger):
    page = changed("the noise.\n", "the noise.\n\nNo claim: no formula.\n")
    found = ledger(page, shown(("thm-noise", 0.5, 0.5, Empirical(0.1))))
    assert found.problems == []
    assert found.statements[0].reason == "no formula."


def test_the_reason_is_the_last_paragraph(ledger):
    page = changed("the noise.\n", "the noise.\n\nNo claim: no formula.\n\nMore.\n")
    assert ledger(page).problems == []


def test_a_failed_claim_is_a_problem_once(ledger):
    found = ledger(outputs=shown(("thm-noise", 0.5, 0.6, Exact(0.001))))
    (problem,) = found.problems
    assert problem.startswith(f"chapters/index.md:{line_of('noise = ') - 1}: ")
    assert "does not hold: 1 of 1 values outside the band" in problem
    assert "FAILS" in found.table()


def test_other_trouble_of_an_execution(ledger):
    error = new_output("error", ename="NameError", evalue="name 'x'", traceback=[])
    figure = new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"})
    predicted, checked = shown(GOOD)
    problems = ledger(outputs=[predicted, [*checked, error, figure]]).problems
    assert any("the cell fails: NameError: name 'x'" in problem for problem in problems)
    assert any("a figure without alt text" in problem for problem in problems)
    (problem,) = ledger(outputs=[[*predicted, *shown(GOOD)[0]], checked]).problems
    assert "is never checked" in problem
    (problem, *_) = ledger(outputs=[predicted, checked, []]).problems
    assert "the source has 2 cells, its execution 3" in problem


@pytest.mark.parametrize(
    ("text", "accepted"), [("0.5", True), ("'a word'", True), ("np.float64(0.5)", False)]
)
def test_what_is_glued_can_be_formatted(ledger, text, accepted):
    outputs = shown(GOOD)
    glued = new_output("display_data", data={"application/papermill.record/text/plain": text})
    glued.metadata["scrapbook"] = {"name": "error"}
    outputs[1].append(glued)
    found = ledger(outputs=outputs).problems
    assert bool(found) != accepted
    assert accepted or "`error` is glued as np.float64(0.5)" in found[0]


def test_a_page_that_was_not_executed(tmp_path):
    (problem,) = collect(Book(write_book(tmp_path)), {}).problems
    assert "was not executed" in problem


def test_an_exercise_on_another_page_trains_too(ledger):
    page = changed("{prf:ref}`thm-noise`", "it")
    other = "# Other\n\n```{exercise} ✍ A\n:label: ex-a\n{prf:ref}`the bound <thm-noise>`\n```\n"
    found = ledger(page, other=other)
    assert found.problems == []
    assert found.statements[0].exercises == ["ex-a"]


def test_what_is_written_is_plain_and_the_same_every_time(ledger, tmp_path):
    bound = ("thm-noise", 2.0, 1.0, Bound())
    outputs = shown(GOOD, bound)
    found = ledger(outputs=outputs)
    found.write_json(tmp_path / "one" / "ledger.json")
    found.write_page(tmp_path / "one" / "ledger.md")
    again = ledger(outputs=outputs)
    again.write_json(tmp_path / "two" / "ledger.json")
    again.write_page(tmp_path / "two" / "ledger.md")
    for name in ("ledger.json", "ledger.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    content = json.loads((tmp_path / "one" / "ledger.json").read_text())
    assert content["claims"][1]["lower"] == "-inf"
    page = (tmp_path / "one" / "ledger.md").read_text()
    assert "\n(ledger)=\n# Ledger\n" in page
    assert page.startswith("---\ndescription: ")
    assert "- **1 statements**: 1 proved in full, 0 with a cited proof" in page
    assert (
        "**{prf:ref}`thm-noise`** (What least squares fits of pure noise). Proved in full." in page
    )
    assert "| a \\| number\\_of\\_things | 0.5 | 0.5001 |" in page
    assert "upper bound, measured/bound 0.5" in page
