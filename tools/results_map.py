"""The map of results: every statement of the book, and which proof uses which statement.

An arrow leads from a statement A to a statement B where the proof of B refers to A, with
`{prf:ref}` or `{ref}`. What a proof says about its own statement is no arrow. Arrows close no
circle: then every statement stands in the end on proofs that use no other.

What is known of a statement follows from its proof and the arrows.

- proved: its proof is written here, and so are all proofs that it uses, and those that they use;
- conditional: its proof is written here, and somewhere below it uses a statement that is cited;
- cited: its proof is a reference to the literature;
- open: it is an open problem, which has no proof, and no arrows. What its section refers to is
  where it starts, not what it rests on.

The literature that a written proof quotes for a single step is quoted there, and is no statement.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from tools import ledger, needs
from tools.pages import Book, Directive, Page

STATES = ("proved", "conditional", "cited", "open")
Arrow = tuple[str, str]  # the label that is used, and the one whose proof uses it
PATH = re.compile(r"\{path-to\}`([^`]+)`")
BACKGROUND = "background"


@dataclass(frozen=True)
class Result:
    """A statement or an open problem: a node of the map."""

    label: str
    kind: str  # theorem, proposition, lemma, corollary or open problem
    title: str
    page: str
    line: int  # of the statement
    proof_line: int  # of its proof; of the statement where it has none
    state: str  # one of STATES

    @property
    def chapter(self) -> str:
        """The part of the book that it belongs to; empty for the page before all chapters."""
        return BACKGROUND if self.page.startswith(needs.TOOLS) else posixpath.dirname(self.page)


@dataclass(frozen=True)
class ResultsMap:
    """All results, by label, and what leads from one to another."""

    results: dict[str, Result]  # in reading order
    arrows: dict[Arrow, None]  # in the order of the proofs; the values mean nothing
    starts: dict[Arrow, None]  # (statement, open problem that starts from it): no arrows

    @cached_property
    def uses(self) -> dict[str, list[str]]:
        """Of each result those that its proof uses."""
        return self._neighbors(1, 0)

    @cached_property
    def used_by(self) -> dict[str, list[str]]:
        """Of each result those whose proofs use it."""
        return self._neighbors(0, 1)

    def _neighbors(self, of: int, which: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {label: [] for label in self.results}
        for arrow in self.arrows:
            found[arrow[of]].append(arrow[which])
        return found

    def in_state(self, state: str) -> list[Result]:
        return [result for result in self.results.values() if result.state == state]

    def most_used(self) -> Result | None:
        """The statement that most proofs use, the first of several; None without arrows."""
        most = max(self.results.values(), key=lambda r: len(self.used_by[r.label]), default=None)
        return most if most and self.used_by[most.label] else None

    def longest_chain(self) -> list[Result]:
        """Statements of which each proof uses the statement before it, as many as there are."""
        chains: dict[str, list[Result]] = {}
        for label in _order(self.results, self.arrows):
            below = max((chains[used] for used in self.uses[label]), key=len, default=[])
            chains[label] = [*below, self.results[label]]
        return max((chains[label] for label in self.results), key=len, default=[])


def results_map(book: Book) -> ResultsMap:
    """The map of a book; CycleError where its arrows close a circle."""
    results, arrows, starts = _read(book)
    rests = {label for label, result in results.items() if result.state == "cited"}
    for label in _order(results, arrows):
        if results[label].state == "proved" and any((used, label) in arrows for used in rests):
            rests.add(label)
            results[label] = replace(results[label], state="conditional")
    return ResultsMap(results, arrows, starts)


def problems(book: Book) -> list[str]:
    """The circle of arrows, if there is one, and paths that lead to no page."""
    known = {page.name for page in needs.lectures(book)}
    lost = [
        f"{page.document}.md:{number}: {name} is no page to read: name pages in {{path-to}}."
        for page in book.pages
        if page.path.exists()
        for number, line in enumerate(page.text.splitlines(), 1)
        for path in PATH.findall(line)
        for name in answers(path)
        if name not in known
    ]
    results, arrows, _ = _read(book)
    try:
        _order(results, arrows)
    except CycleError as error:
        circle = list(reversed(error.args[1][1:]))  # each of them uses the next, the last the first
        at = min(range(len(circle)), key=lambda i: list(results).index(circle[i]))
        first, *others = circle[at:] + circle[:at]
        uses = ", whose proof uses ".join(f"`{label}`" for label in [*others, first])
        return [
            *lost,
            f"chapters/{results[first].page}.md:{results[first].proof_line}: the proof of "
            f"`{first}` uses {uses}: take one of these references away.",
        ]
    return lost


def _read(book: Book) -> tuple[dict[str, Result], dict[Arrow, None], dict[Arrow, None]]:
    """All results, all arrows, and where the open problems start, without any judgment."""
    found = list(_results(book))
    results = {result.label: result for result, _ in found}
    arrows: dict[Arrow, None] = {}
    starts: dict[Arrow, None] = {}
    for result, text in found:
        for role, used in needs.LINK.findall(text):
            if role == "doc" or used not in results or used == result.label:
                continue
            if results[used].state != "open":
                (starts if result.state == "open" else arrows)[used, result.label] = None
    return results, arrows, starts


def _order(results: dict[str, Result], arrows: dict[Arrow, None]) -> list[str]:
    """The labels, each after all that it uses; CycleError where that cannot be."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(results, ()))
    for used, user in arrows:
        sorter.add(user, used)
    return list(sorter.static_order())


def _results(book: Book) -> list[tuple[Result, str]]:
    """Every result, with the text that says what it uses or, for a problem, where it starts."""
    found = []
    for page in book.pages:
        if page.path.exists():
            found += [_statement(page, statement) for statement in page.statements]
            found += _problems_on(page)
    return [one for one in found if one[0].label]


def _statement(page: Page, statement: Directive) -> tuple[Result, str]:
    proof = ledger.proof_of(page, statement)
    result = Result(
        label=statement.label or "",
        kind=statement.name.removeprefix("prf:"),
        title=statement.argument,
        page=page.name,
        line=statement.line,
        proof_line=proof.line if proof else statement.line,
        state="cited" if proof and "cited" in proof.classes else "proved",
    )
    return result, proof.body if proof else ""


def _problems_on(page: Page) -> list[tuple[Result, str]]:
    """The open problems of a page: the sections whose label starts with `open-`."""
    found, lines = [], page.text.splitlines()
    for problem in page.open_problems:
        line = problem.line
        section = re.split(r"(?m)^## ", "\n".join(lines[line:]))[1]
        result = Result(problem.label, "open problem", problem.title, page.name, line, line, "open")
        found.append((result, section))
    return found


def answers(text: str) -> list[str]:
    """The pages that a `{path-to}` names, separated by commas.

    >>> answers("estimation/rademacher, symmetry/separation")
    ['estimation/rademacher', 'symmetry/separation']
    """
    return [name.strip() for name in text.split(",")]


def shortest_path(book: Book, answers: list[str]) -> list[str]:
    """The pages to read for these: they and all that they need, each after what it needs.

    Nothing can be left out: each of the pages is one of `answers`, or one of those needs it.
    """
    reached = needs.all_needed(book)
    wanted = set(answers).union(*(reached[name] for name in answers))
    return [page.name for page in book.pages if page.name in wanted]
