"""The ledger as a page of the book, written before Sphinx runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NO_CLAIM = "No claim:"
DESCRIPTION = (
    "Every numbered statement of the book with its proof, its exercises, and what the computer "
    "found when it checked it."
)


@dataclass
class Statement:
    """A numbered statement: what proves it, what checks it, what trains it."""

    page: str
    line: int
    kind: str  # theorem, proposition, lemma, corollary or open problem
    label: str
    title: str
    proof: str  # complete, cited, missing or open
    reason: str  # why no computation checks it; empty if one does
    exercises: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)


def ledger_page(
    counts: dict[str, int],
    seed: str,
    pages: list[tuple[str, str, list[Statement]]],
    rows: list[dict],
) -> str:
    """The Markdown of the page; `pages` holds titles, documents and their statements."""
    parts = [opening(counts, seed)]
    for title, document, statements in pages:
        if statements:
            parts.append(f"## {title}\n\nOn the page {{doc}}`/{document}`.")
        for statement in statements:
            parts.append(entry(statement))
            own = [row for row in rows if row["id"] in statement.claims]
            if own:
                parts.append(claims_table(own))
    return "\n\n".join(parts) + "\n"


def opening(n: dict[str, int], seed: str) -> str:
    problems = "problem" if n["open"] == 1 else "problems"
    return f"""---
description: {DESCRIPTION}
---

(ledger)=
# Ledger

This page is made from the executed pages when the book is built. It lists every numbered
statement with its proof, its exercises, and each number that the computer found beside the number
that the theorem predicts.

- **{n["statements"]} statements**: {n["proved"]} proved in full, {n["cited"]} with a cited proof;
  {n["without_claim"]} come with the reason why no computation checks them.
- **{n["checks_held"]} of {n["checks"]} checks of theorems held**, under seed {seed}.
- **{n["observations_held"]} of {n["observations"]} observations held.** An observation is a number
  that no theorem gives; it does not count as a check.
- **{n["open"]} open {problems}**, each with a first experiment.

The **resolution** of a claim is the smallest relative error of the prediction that the experiment
would have noticed. A constant that is wrong by more fails the book. For an inequality it is the
slack: by how much the bound could shrink. Where arrays are compared, the table shows the entry
that came closest to leaving its band."""


def entry(statement: Statement) -> str:
    """A statement in one short paragraph."""
    if statement.proof == "open":  # its title is the text of the reference
        return f"**{{ref}}`{statement.label}`**. Open."
    title = f" ({statement.title})" if statement.title else ""
    proof = {
        "complete": "Proved in full.",
        "cited": "Proof cited.",
        "missing": "No proof.",
    }[statement.proof]
    exercises = ", ".join(f"{{ref}}`{label}`" for label in statement.exercises) or "none"
    reference = f"{{prf:ref}}`{statement.label}`" if statement.label else statement.kind
    text = f"**{reference}**{title}. {proof} Exercises: {exercises}."
    return f"{text}\n\n{NO_CLAIM} {statement.reason}" if statement.reason else text


def claims_table(rows: list[dict]) -> str:
    head = "| Claim | Predicted | Measured | Band | Resolution | Result |"
    lines = [head, "|:--|--:|--:|:--|--:|:--|"]
    for row in rows:
        claim = escape(row["description"])
        if row["comparisons"] > 1:
            claim += f" (closest of {row['comparisons']})"
        result = verdict(row).replace("FAILS", "**fails**")
        if row["band"] == "Empirical":
            result += ", observation"
        cells = [
            claim,
            number(row["predicted"]),
            number(row["measured"]),
            escape(band(row)),
            percent(row["resolution"]),
            result,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(["::::{container} ledger-table", *lines, "::::"])


def verdict(row: dict) -> str:
    """In one or two words; what was seen on the book's own images is not asked of others."""
    if not row["held"]:
        return "FAILS"
    return "holds" if row.get("judged", True) else "not judged"


def band(row: dict) -> str:
    ratio = f", measured/bound {number(row['ratio'])}" if "ratio" in row else ""
    return row["band_words"] + ratio


def number(value: float | str) -> str:
    return f"{float(value):.4g}"


def percent(value: float | str) -> str:
    return f"{100 * float(value):.2g} %"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, inside a table."""
    return re.sub(r"([\\`*_{}\[\]#|$<>~@])", r"\\\1", " ".join(text.split()))
