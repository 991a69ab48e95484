"""Says in each page's footer when, from which commit and with which versions it was executed.

The facts are written by the builder into `_build/execution.json` before Sphinx runs; a build
without that file says nothing.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from site_address import repository

NAMED_FIRST = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib")


def read_facts(app):
    path = Path(app.outdir).parent / "execution.json"
    app.env.execution_facts = json.loads(path.read_text("utf-8")) if path.exists() else {}


def describe(app, pagename, templatename, context, doctree):
    facts = getattr(app.env, "execution_facts", {})
    if not facts or doctree is None:
        return
    page = facts.get("pages", {}).get(pagename.removeprefix("chapters/"))
    commit = page["commit"] if page else facts.get("commit")
    context["provenance"] = {
        "executed": readable(page["executed"]) if page and page.get("executed") else None,
        "machine_time": page.get("executed") if page else None,
        "seconds": round(page["seconds"]) if page and page.get("seconds") else None,
        "commit": commit and commit.rstrip("+"),
        "commit_url": commit_url(commit and commit.rstrip("+")),
        "dirty": bool(commit and commit.endswith("+")),
        "seed": facts.get("seed"),
        "versions": versions(facts),
    }


def readable(stamp):
    """2026-11-21T08:00:00Z as 21 November 2026, 08:00 UTC."""
    when = datetime.fromisoformat(stamp).astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def versions(facts):
    """`Python 3.11.7, torch 2.13.0, …`, what decides the numbers first."""
    found = facts.get("versions", {})
    order = [name for name in NAMED_FIRST if name in found]
    order += sorted(name for name in found if name not in NAMED_FIRST)
    named = [f"{name} {found[name]}" for name in order]
    return ", ".join([f"Python {facts['python']}"] * ("python" in facts) + named)


def commit_url(commit):
    return f"https://github.com/{repository()}/commit/{commit}" if commit and repository() else None


def setup(app):
    app.connect("builder-inited", read_facts)
    app.connect("html-page-context", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
