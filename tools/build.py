"""Builds the book: lint, execute, ledger and reference, Sphinx, and a look at what came out.

python -m tools.build                                    the whole book
python -m tools.build --page approximation/barron-space  one page, quickly
python -m tools.build --ledger --seed 7                  every claim under another seed
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

from tools import execute, ledger, lint, plan_page, reference, results_page, site_complete
from tools.commit import checked_out
from tools.coursework.page import write_pages
from tools.execute import Execution, PageFailed
from tools.pages import Book, Page

VERSIONS_SHOWN = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "jupyter-book")


class BuildFailed(Exception):
    """The book does not stand; the message is for the person who builds it."""


def write_provenance(book: Book, executions: dict[str, Execution], seed: int) -> None:
    """Write down when, from which commit and with which versions the pages were executed."""
    facts = {
        "commit": checked_out(book.root),
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS_SHOWN},
        "pages": {
            name: {"executed": run.executed, "seconds": run.seconds, "commit": run.commit}
            for name, run in sorted(executions.items())
        },
    }
    path = book.root / "_build" / "execution.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def without_outputs(pages: list[Page]) -> list[str]:
    """Patterns for the pages that Sphinx shows without outputs, and for no page besides them."""
    return [f"{page.document}.md" for page in pages]


def run_sphinx(book: Book, out: Path, fresh: bool, skip_execution_of: list[Page]) -> None:
    """Run Sphinx, with every warning an error where every page has been executed."""
    doctrees = book.root / "_build" / ".doctrees"
    cache = book.root / "_build" / ".jupyter_cache"
    if fresh:  # an incremental build forgets the warnings of the pages that it does not read again
        shutil.rmtree(doctrees, ignore_errors=True)
    overrides: dict[str, object] = {
        "nitpicky": True,
        "latex_individualpages": False,  # jupyter-book insists on this one
        "nb_execution_cache_path": str(cache),
    }
    if skip_execution_of:
        overrides["nb_execution_excludepatterns"] = without_outputs(skip_execution_of)
    before = set((cache / "executed").glob("*"))
    with contextlib.chdir(book.root):
        status = build_sphinx(
            book.root,
            out,
            path_config=book.root / "_config.yml",
            noconfig=True,
            confoverrides=overrides,
            doctreedir=doctrees,
            freshenv=fresh,
            force_all=fresh,
            quiet=True,
            warningiserror=not skip_execution_of,  # what they glue is missing, and rightly so
            keep_going=True,
        )
    if status != 0:
        raise BuildFailed("Sphinx found the problems above.")
    if set((cache / "executed").glob("*")) != before:
        raise BuildFailed("Sphinx executed a page itself: what it read is not what was executed.")


def check_site(book: Book, out: Path) -> None:
    """Every page of the table of contents is in the output, with its notebook."""
    if lacking := site_complete.missing(book, out):
        raise BuildFailed(f"These files are not in the output: {', '.join(lacking)}.")


def _swap(new: Path, old: Path) -> None:
    """Put the finished site in the place of the last one; readers never see half a site."""
    retired = old.with_name(".html-before")
    shutil.rmtree(retired, ignore_errors=True)
    if old.exists():
        os.replace(old, retired)
    os.replace(new, old)
    shutil.rmtree(retired, ignore_errors=True)


def _stop_on(problems: list[str], heading: str) -> None:
    if problems:
        raise BuildFailed("\n".join([heading, *(f"  {problem}" for problem in problems)]))


def write_generated_pages(book: Book, executions: dict[str, Execution]) -> ledger.Ledger:
    """Collect the claims; make the pages that nobody writes, if the book has them."""
    collected = ledger.collect(book, {name: run.notebook for name, run in executions.items()})
    collected.write_json(book.root / "_build" / "ledger.json")
    documents = {page.document: page.path for page in book.pages}
    if "chapters/appendix/ledger" in documents:
        collected.write_page(documents["chapters/appendix/ledger"])
    if "chapters/appendix/library" in documents:
        reference.write_page(documents["chapters/appendix/library"], book.root / "lib" / "mathdl")
    if "chapters/appendix/pages" in documents:
        seconds = {name: run.seconds for name, run in executions.items()}
        plan_page.write_page(documents["chapters/appendix/pages"], book, seconds)
    if "chapters/appendix/results" in documents:
        results_page.write_page(documents["chapters/appendix/results"], book)
    return collected


def build_book(root: Path, seed: int = 0, site: bool = True) -> None:
    """Build the whole book below `root`; BuildFailed or PageFailed say all that is wrong."""
    start = time.perf_counter()
    book = Book(root)
    _stop_on(write_pages(book), "The assignments have problems:")
    _stop_on(lint.lint(book), "The sources have problems:")
    executions = execute.execute(book.pages, seed)
    collected = write_generated_pages(book, executions)
    _stop_on(collected.problems, "The ledger has problems:")
    if site:
        write_provenance(book, executions, seed)
        execute.fill_sphinx_cache(book, executions)
        out, finished = book.root / "_build" / "html-unfinished", book.root / "_build" / "html"
        shutil.rmtree(out, ignore_errors=True)
        print("building the site", flush=True)
        run_sphinx(book, out, fresh=True, skip_execution_of=[])
        check_site(book, out)
        _swap(out, finished)
    fresh = sum(run.fresh for run in executions.values())
    print(
        f"\n{len(book.pages)} pages ({fresh} executed now, {len(executions) - fresh} unchanged), "
        f"{collected.summary()}, {time.perf_counter() - start:.0f} s."
    )
    if site:
        print(f"Open {book.root / '_build' / 'html' / 'index.html'}, or run `make serve`.")


def build_page(root: Path, name: str, seed: int = 0, full: bool = False) -> None:
    """Execute and show one page; the other pages are shown as they were last executed."""
    start = time.perf_counter()
    book = Book(root)
    page = book.page(name)
    _stop_on(write_pages(book), "The assignments have problems:")
    _stop_on(lint.lint(book, only=page), "The page's source has problems:")
    execution = execute.execute([page], seed, full)
    others = [p for p in book.pages if p.executes and p.name != page.name]
    executions = {p.name: found for p in others if (found := execute.load(p, seed)) is not None}
    executions |= execution
    collected = write_generated_pages(book, executions)
    _stop_on(collected.problems_on([page]), "The page's ledger has problems:")
    write_provenance(book, executions, seed)
    execute.fill_sphinx_cache(book, executions)
    (book.root / "_build" / ".doctrees" / f"{page.document}.doctree").unlink(missing_ok=True)
    out = book.root / "_build" / "html"
    unexecuted = [p for p in others if p.name not in executions]
    run_sphinx(book, out, fresh=False, skip_execution_of=unexecuted)
    seconds = time.perf_counter() - start
    print(f"\n{page.name}: {collected.summary(page.name)}, {seconds:.0f} s.")
    print(f"Open {out / page.document}.html, or run `make serve`.")


def run_ledger(root: Path, seed: int, chapter: str = "") -> None:
    """Execute the claims under a seed, past every failure, and print what held and what did not."""
    book = Book(root)
    pages = [page for page in book.pages if page.executes and page.name.startswith(chapter)]
    if not pages:
        known = sorted({p.name.split("/")[0] for p in book.pages if "/" in p.name})
        raise BuildFailed(f"CHAPTER={chapter} has no pages; the chapters are: {', '.join(known)}.")
    executions = execute.execute(pages, seed, keep_going=True)
    notebooks = {name: run.notebook for name, run in executions.items()}
    collected = ledger.collect(book, notebooks)
    collected.write_json(book.root / "_build" / f"ledger-seed-{seed}.json")
    print(collected.table())
    _stop_on(collected.problems_on(pages), f"Under seed {seed}:")
    print(f"seed {seed}: {collected.summary()}.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the book's folder")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("MATHDL_SEED", "0")))
    parser.add_argument("--no-site", action="store_true", help="check the claims, build no site")
    parser.add_argument("--page", help="build this page only")
    parser.add_argument("--full", action="store_true", help="with --page: full-size experiments")
    parser.add_argument("--ledger", action="store_true", help="the claims only, past failures")
    parser.add_argument("--chapter", default="", help="with --ledger: one chapter's pages")
    options = parser.parse_args(arguments)
    try:
        if options.page is not None:
            build_page(options.root, options.page, options.seed, options.full)
        elif options.ledger:
            run_ledger(options.root, options.seed, options.chapter)
        else:
            build_book(options.root, options.seed, site=not options.no_site)
    except (BuildFailed, PageFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
