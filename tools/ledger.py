"""Collects the claims of the executed pages, and shows statement by statement what held.

The claims travel in the cells' outputs (`mathdl.book.claims`), so the ledger is read off executed
notebooks and page sources alone, before Sphinx runs; its page is an ordinary page of the book.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from mathdl.book.claims import MIME
from mdit_py_plugins.front_matter import front_matter_plugin
from nbformat import NotebookNode

from tools.ledger_page import NO_CLAIM, Statement, band, ledger_page, number, percent, verdict
from tools.pages import STATEMENTS, Book, Directive, OpenProblem, Page


@dataclass
class Ledger:
    """All statements and all checked claims of a book; `problems` is empty if it stands."""

    titles: dict[str, tuple[str, str]]  # of each page: its document and its title
    statements: list[Statement]
    rows: list[dict]
    problems: list[str]
    seed: str

    def problems_on(self, pages: list[Page]) -> list[str]:
        """The problems of some pages only."""
        files = {f"{page.document}.md" for page in pages}
        return [problem for problem in self.problems if problem.split(":")[0] in files]

    def counts(self, page: str | None = None) -> dict[str, int]:
        """How many statements and claims there are of each kind, in the book or on one page."""
        here = [s for s in self.statements if page in (None, s.page)]
        statements = [s for s in here if s.proof != "open"]
        rows = [row for row in self.rows if page in (None, row["page"])]
        checks = [row for row in rows if row["band"] != "Empirical"]
        seen = [row for row in rows if row["band"] == "Empirical" and row.get("judged", True)]
        return {
            "statements": len(statements),
            "open": len(here) - len(statements),
            "proved": sum(s.proof == "complete" for s in statements),
            "cited": sum(s.proof == "cited" for s in statements),
            "without_claim": sum(bool(s.reason) for s in statements),
            "checks": len(checks),
            "checks_held": sum(row["held"] for row in checks),
            "observations": len(seen),
            "observations_held": sum(row["held"] for row in seen),
        }

    def summary(self, page: str | None = None) -> str:
        """One phrase for the terminal."""
        n = self.counts(page)
        return (
            f"{n['statements']} statements, {n['checks_held']} of {n['checks']} checks of theorems "
            f"and {n['observations_held']} of {n['observations']} observations held"
        )

    def table(self) -> str:
        """The claims for the terminal, one a line."""
        lines = [
            f"{verdict(row)}  {row['page']}  {row['label']}: "
            f"{row['description']}: predicted {number(row['predicted'])}, "
            f"measured {number(row['measured'])}, {band(row)}, "
            f"resolution {percent(row['resolution'])}"
            for row in self.rows
        ]
        return "\n".join(lines)

    def write_json(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "seed": self.seed,
            "counts": self.counts(),
            "statements": [asdict(statement) for statement in self.statements],
            "claims": self.rows,
            "problems": self.problems,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    def write_page(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pages = [
            (title, document, [s for s in self.statements if s.page == name])
            for name, (document, title) in self.titles.items()
        ]
        text = ledger_page(self.counts(), self.seed, pages, self.rows)
        path.write_text(text, encoding="utf-8")


def collect(book: Book, executed: dict[str, NotebookNode]) -> Ledger:
    """Read the ledger off the pages' sources and their executions, by page name."""
    exercises = _exercises(book)
    titles, statements, rows, problems, seed = {}, [], [], [], "0"
    for page in book.pages:
        if not page.path.exists():
            continue  # the pages made after this one; the lint reports others
        titles[page.name] = (page.document, title_of(page))
        found = [_statement(page, directive, exercises) for directive in page.statements]
        own: list[dict] = []
        trouble: list[tuple[int, str]] = []
        if page.name in executed:
            own, trouble = _claims(page, executed[page.name])
            seed = next((row["seed"] for row in own), seed)
        elif page.cells:
            trouble = [(1, "this page has cells but was not executed.")]
        trouble += _trouble(page, found, own, page.name in executed or not page.cells)
        found += [_open(page, problem) for problem in page.open_problems]
        for statement in found:
            statement.claims = [row["id"] for row in own if row["label"] == statement.label]
        problems += [f"{page.document}.md:{line}: {text}" for line, text in sorted(set(trouble))]
        statements += found
        rows += own
    return Ledger(titles, statements, rows, problems, seed)


def title_of(page: Page) -> str:
    """The text of a page's first heading."""
    tokens = MarkdownIt("commonmark").use(front_matter_plugin).parse(page.text)
    titles = (tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open")
    return next(titles, page.name)


def _exercises(book: Book) -> dict[str, list[str]]:
    """Of each label the exercises that refer to it."""
    found: dict[str, list[str]] = {}
    for page in book.pages:
        for directive in page.directives if page.path.exists() else []:
            if directive.name == "exercise" and directive.label:
                for target in re.findall(r"\{prf:ref\}`(?:[^`<]*<)?([^`<>]+)>?`", directive.body):
                    entries = found.setdefault(target, [])
                    entries += [directive.label] * (directive.label not in entries)
    return found


def _statement(page: Page, directive: Directive, exercises: dict[str, list[str]]) -> Statement:
    label = directive.label or ""
    last = re.split(r"\n\s*\n", directive.body.strip())[-1].strip()
    return Statement(
        page=page.name,
        line=directive.line,
        kind=directive.name.removeprefix("prf:"),
        label=label,
        title=directive.argument,
        proof=_proof_kind(proof_of(page, directive)),
        reason=last.removeprefix(NO_CLAIM).strip() if last.startswith(NO_CLAIM) else "",
        exercises=exercises.get(label, []),
    )


def _open(page: Page, problem: OpenProblem) -> Statement:
    kind = "open problem"
    return Statement(page.name, problem.line, kind, problem.label, problem.title, "open", "")


def proof_of(page: Page, statement: Directive) -> Directive | None:
    """The proof that stands between this statement and the next one."""
    for directive in page.directives:
        if directive.line > statement.line:
            if directive.name == "prf:proof":
                return directive
            if directive.name in STATEMENTS:
                return None
    return None


def _proof_kind(proof: Directive | None) -> str:
    if proof is None:
        return "missing"
    return "cited" if "cited" in proof.classes else "complete"


def _claims(page: Page, notebook: NotebookNode) -> tuple[list[dict], list[tuple[int, str]]]:
    """The checked claims of an executed page, and what is wrong with its outputs."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = [cell.line for cell in page.cells if cell.depth == 0]
    if len(lines) != len(code):
        return [], [(1, f"the source has {len(lines)} cells, its execution {len(code)}.")]
    predictions: dict[str, tuple[int, dict]] = {}
    rows: list[dict] = []
    trouble: list[tuple[int, str]] = []
    for line, cell in zip(lines, code, strict=True):
        failed_here = False
        for output in cell.get("outputs", []):
            bundle = output.get("data", {}).get(MIME)
            if bundle and bundle["type"] == "prediction":
                predictions[bundle["id"]] = (line, bundle)
            elif bundle:
                rows.append({"page": page.name, "line": line, **bundle})
                failed_here = failed_here or not bundle["held"]
                if not bundle["held"]:
                    what = f"{bundle['label']}: {bundle['description']}"
                    trouble.append((line, f"the claim `{what}` does not hold: {bundle['reason']}."))
            elif output.output_type == "error" and not failed_here:
                trouble.append((line, f"the cell fails: {output.ename}: {output.evalue}"))
            elif _bare_figure(output):
                trouble.append((line, "a figure without alt text: pass it to show(fig, alt=...)."))
            elif problem := _unreadable(output):
                trouble.append((line, problem))
    checked = {row["id"] for row in rows}
    trouble += [
        (line, f"the prediction `{bundle['label']}: {bundle['description']}` is never checked.")
        for name, (line, bundle) in predictions.items()
        if name not in checked
    ]
    return rows, trouble


def _bare_figure(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return any(kind.startswith("image/") for kind in data) and "text/html" not in data


def _unreadable(output: NotebookNode) -> str:
    """What is wrong with a glued value, if anything: the text formats plain numbers only."""
    value = output.get("data", {}).get("application/papermill.record/text/plain", "")
    if not value.startswith(("np.", "array(", "tensor(")):
        return ""
    name = output.metadata.scrapbook.name
    return f"`{name}` is glued as {value}, which has no format: glue float(...) or a text."


def _trouble(
    page: Page, statements: list[Statement], rows: list[dict], claims_known: bool
) -> list[tuple[int, str]]:
    """What is wrong with the statements of a page and with the labels of its claims."""
    found: list[tuple[int, str]] = []
    for statement, directive in zip(statements, page.statements, strict=True):
        if not statement.label:
            found.append((statement.line, f"a {statement.kind} without `:label:`."))
            continue
        name = f"`{statement.label}`"
        proof = proof_of(page, directive)
        checks = [
            row for row in rows if row["label"] == statement.label and row["band"] != "Empirical"
        ]
        if proof is None:
            found.append((statement.line, f"{name} has no proof before the next statement."))
        elif statement.proof == "cited" and "{cite" not in proof.body:
            found.append((proof.line, f"the cited proof of {name} has no {{cite}} role."))
        if checks and statement.reason:
            text = f"{name} has a claim and a `{NO_CLAIM}` paragraph: keep one of the two."
            found.append((statement.line, text))
        if claims_known and not checks and not statement.reason:
            text = (
                f"{name} has no claim that checks it and no last paragraph `{NO_CLAIM} reason` "
                "(Empirical does not count)."
            )
            found.append((statement.line, text))
        if not statement.exercises:
            text = f"{name} has no exercise: refer to it with {{prf:ref}} in an {{exercise}}."
            found.append((statement.line, text))
    for problem in page.open_problems:
        bands = [row["band"] for row in rows if row["label"] == problem.label]
        if claims_known and not bands:
            text = f"`{problem.label}` has no `Empirical` claim: let a first experiment show it."
            found.append((problem.line, text))
        if set(bands) - {"Empirical"}:
            text = (
                f"`{problem.label}` is an open problem: only `Empirical` claims can be made of it."
            )
            found.append((problem.line, text))
    labels = {s.label for s in statements} | {p.label for p in page.open_problems}
    found += [
        (row["line"], f"the claim's label `{row['label']}` is no statement of this page.")
        for row in rows
        if row["label"] not in labels
    ]
    return found
