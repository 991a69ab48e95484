"""The graph of needs is read from the openings; gaps, circles and badly planned weeks are found."""

from pathlib import Path

import pytest

from tests.book.fixtures import PAGE, changed, write_book
from tools import effort, needs, plan_page, syllabus
from tools.lint import lint
from tools.needs import Need
from tools.pages import Book

ROOT = Path(__file__).parents[2]
NONE = "No other page is needed."


def page(name: str, says: str, proof: str = "The fit is a projection") -> str:
    """The fixture's page with labels of its own, an opening and a proof."""
    text = PAGE.replace("(fixture)=", f"({name})=").replace("-noise", f"-{name}")
    return changed("The fit is a projection", proof, changed(NONE, says, text))


def book(folder, *others: str, says: str = NONE, **named: str) -> Book:
    """The fixture's page, and further pages a, b, ... that say this in their opening."""
    texts = {name: page(name, text) for name, text in zip("abc", others, strict=False)}
    return Book(write_book(folder, changed(NONE, says), **(texts | named)))


SENTENCES = {
    "The page needs {doc}`index`.": [Need("a", "index", False)],
    "The page uses the norms of {ref}`fixture`, and more.": [Need("a", "index", False)],
    "It continues {prf:ref}`least squares <thm-noise>`.": [Need("a", "index", False)],
    "The page needs algebra and, for its second half, {doc}`index`.": [Need("a", "index", True)],
    "The page needs {doc}`index` and, for its end, {prf:ref}`thm-noise`.": [
        Need("a", "index", False)
    ],
    "The page needs algebra. Later, {doc}`index` says more.": [],
    "The page needs {doc}`appendix/ledger`.": [],
    NONE: [],
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_arrows_are_read_from_the_sentence(tmp_path, sentence):
    found = book(tmp_path, f"What is this? {sentence} Its cells run fast.")
    assert needs.needs(found) == SENTENCES[sentence]
    assert needs.problems(found) == []


def test_a_page_must_say_what_it_needs(tmp_path):
    (problem,) = needs.problems(book(tmp_path, "It begins at once."))
    assert problem.startswith("chapters/a.md:1: the opening does not say")


def test_tools_may_be_used_without_saying_so(tmp_path):
    text = page("tool", NONE)
    uses = page(
        "a", NONE, "By {prf:ref}`thm-tool` and {prf:ref}`thm-noise`, the fit is a projection"
    )
    root = write_book(tmp_path, **{"appendix/background-x": text, "a": uses})
    (problem,) = needs.problems(Book(root))
    assert "the proof uses `thm-noise`" in problem


def test_tools_stand_on_their_own(tmp_path):
    text = page("tool", "The page needs {doc}`../index`.")
    (problem,) = needs.problems(Book(write_book(tmp_path, **{"appendix/background": text})))
    assert "every page may use a page of background, so it needs none of the others" in problem


def test_what_stands_below_the_first_heading_says_nothing(tmp_path):
    assert needs.problems(book(tmp_path, "## First\n\nThe page needs {doc}`index`."))


def test_a_circle_is_found(tmp_path):
    others = ("The page needs {doc}`b`.", "It uses {doc}`index`.")
    found = book(tmp_path, *others, says="It uses {doc}`a`.")
    (problem,) = needs.problems(found)
    assert "needs a, which needs b, which needs index" in problem


def test_the_build_stops_at_a_circle_and_at_a_bad_plan(tmp_path):
    circle = book(tmp_path / "1", "It uses {doc}`index`.", says="It uses {doc}`a`.")
    assert any("take one arrow away" in problem for problem in lint(circle))
    plan = lint(planned(tmp_path / "2", GUIDE.replace("{doc}`../a`, ", "")))
    assert any("read that page before" in problem for problem in plan)


def test_a_proof_uses_what_is_needed_only(tmp_path):
    proof = "By {prf:ref}`thm-noise` it is a projection"
    said = book(tmp_path / "1", c=page("c", "The page needs {doc}`index`.", proof))
    assert needs.problems(said) == []
    (problem,) = needs.problems(book(tmp_path / "2", c=page("c", NONE, proof)))
    assert "`thm-noise`" in problem and "needs index" in problem
    through = {"b": page("b", "It uses {doc}`index`."), "c": page("c", "It uses {doc}`b`.", proof)}
    assert needs.problems(book(tmp_path / "3", **through)) == []


GUIDE = """---
description: Weeks.
---

(teaching)=
# Teaching

## Two weeks

### Week 1 of 2: The first

- **Read** {doc}`/chapters/index`
- **Prove** {prf:ref}`thm-noise`
- **Exercises** {ref}`ex-noise`
- **Hand out** {doc}`../assignments/toy`, due in
  week 2.

### Week 2 of 2: The second

- **Read** {doc}`../a`, {doc}`../b`

Other words about {doc}`../c`.

## Later
"""
TOY = "---\nneeds: [index]\nminutes: 60\n---\n\n# Toy\n"
PLANS = {  # what is changed in the guide, and the problem that must be found
    "{doc}`../a`, {doc}`../b`": ("{doc}`../b`, {doc}`../a`", "b needs a: read that page before"),
    "{doc}`../a`, ": ("", "b needs a: read that page before"),
    "{doc}`../b`": ("{doc}`../nowhere`", "nowhere is no page to read"),
    "{doc}`../a`, {doc}": ("{doc}`../a`, {doc}`../a`, {doc}", "a is read a second time"),
    "`thm-noise`": ("`thm-a`", "`thm-a` stands on a: read that page before"),
    "`ex-noise`": ("`ex-nothing`", "no page has the label `ex-nothing`"),
    "assignments/toy": ("assignments/other", "assignments/other is no assignment"),
    "- **Read** {doc}`/chapters/index`\n": ("", "assignments/toy needs index: hand it out after"),
    "week 2.": ("week 1.", "needs `due in week N` with a later week"),
    ", due in\n  week 2": ("", "needs `due in week N` with a later week"),
    "Week 2 of 2": ("Week 3 of 2", "the syllabus of 2 weeks has the weeks 1, 3"),
}


def planned(folder, guide: str = GUIDE, b: str = "The page needs {doc}`a`.") -> Book:
    pages = {"a": page("a", NONE), "b": page("b", b), "appendix/teaching": guide}
    found = book(folder, **pages)
    (folder / "assignments").mkdir()
    (folder / "assignments" / "toy.md").write_text(TOY)
    return found


def test_weeks_are_read(tmp_path):
    found = planned(tmp_path)
    assert syllabus.problems(found) == []
    first, second = syllabus.weeks(found.page("appendix/teaching"))
    assert (first.number, first.of, first.title) == (1, 2, "The first")
    assert first.read == ("index",) and first.labels == ("thm-noise", "ex-noise")
    assert first.handed_out == (("assignments/toy", 2),)
    assert second.read == ("a", "b")


@pytest.mark.parametrize("old", PLANS)
def test_a_bad_plan_is_found(tmp_path, old):
    new, problem = PLANS[old]
    assert old in GUIDE
    found = syllabus.problems(planned(tmp_path, GUIDE.replace(old, new, 1)))
    assert any(problem in one for one in found), found
    assert all(one.startswith("chapters/appendix/teaching.md:") for one in found)


def test_what_a_part_needs_may_be_left_out_but_does_not_come_later(tmp_path):
    part = "The page needs algebra and, for its end, {doc}`a`."
    without = GUIDE.replace("{doc}`../a`, ", "")
    assert syllabus.problems(planned(tmp_path / "1", without, b=part)) == []
    later = GUIDE.replace("{doc}`../a`, {doc}`../b`", "{doc}`../b`, {doc}`../a`")
    assert syllabus.problems(planned(tmp_path / "2", later, b=part))


def test_minutes_follow_the_rule(tmp_path):
    def minutes(more: str) -> int:
        folder = tmp_path / str(len(more))
        return effort.minutes(book(folder, says=f"{NONE}\n\n{more}").page("index"))

    before = minutes("")
    assert minutes("word " * 130 * 20) == before + 20
    assert minutes("$$\nx\n$$\n\n" * 40) == before + 20
    assert minutes("$a b c$ " * 130 * 20) == before + 20
    assert minutes("```{code-cell} ipython3\na = 1\n```\n\n" * 20) == before + 20
    hidden = "```{code-cell} ipython3\n:tags: [hide-input]\n\na = 1\n```\n\n"
    assert minutes(hidden * 20) == before
    assert minutes("## Exercises\n\n" + "word " * 9999) <= before


def test_the_page_has_all_arrows_and_no_time_that_was_not_measured(tmp_path):
    text = plan_page.plan_page(planned(tmp_path), {"index": 12.4, "a": 30.0})
    rows = [line for line in text.splitlines() if line.startswith("| {doc}")]
    assert [row.split(" | ")[-1] for row in rows] == ["12 |", "30 |", "– |"]
    assert "{doc}`/chapters/a` |" in rows[2].split("`b`")[-1]
    weeks = [line for line in text.splitlines() if line[:4] in ("| 1 ", "| 2 ")]
    assert [row.split(" | ")[-1] for row in weeks] == ["12 |", "– |"]
    assert text.count("<path") == 2 and 'role="img"' in text and "joined by 1 arrows" in text


def test_the_book_itself():
    found = Book(ROOT)
    assert len(needs.lectures(found)) > 30
    assert needs.problems(found) == [] and syllabus.problems(found) == []
    assert sorted({week.of for week in syllabus.weeks(found.page("appendix/teaching"))}) == [6, 12]
