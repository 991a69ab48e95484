"""Gives every page its notebook, and the site one zip of all with the library's wheel."""

import posixpath
import re
import sys
from functools import partial
from pathlib import Path

from docutils import nodes
from site_address import base_url

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `jupyter-book build .`, which lacks it

from tools import notebooks
from tools.coursework.notebook import default_numbers, student_notebook
from tools.coursework.page import source_of
from tools.coursework.source import read
from tools.pages import Book
from tools.prose import Prose

URL = re.compile("(https?|data):")
READER = "reader"  # whoever takes an assignment from the site, with the numbers of the page


def numbers(app, docname, doctree):
    """The numbers of the page and of its theorems, exercises, figures, formulas, by their ids."""
    found = {
        identity: ".".join(map(str, number))
        for kind in app.env.toc_fignumbers.get(docname, {}).values()
        for identity, number in kind.items()
    }
    if page := app.env.toc_secnumbers.get(docname, {}).get(""):
        whole = doctree.next_node(nodes.section)
        found |= dict.fromkeys(whole["ids"], f"{page[0]}.")
    return found


def notebook_of(docname, seen_from):
    """The address of a page's notebook in another page's notebook."""
    return posixpath.relpath(f"{docname}.ipynb", posixpath.dirname(seen_from) or ".")


def address(app, docname, node):
    """Where a reference of the page leads in its notebook, or None for a place on the same page."""
    target, _, _ = node.get("refuri", "").partition("#")
    if not node.get("internal"):
        return node.get("refuri")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(docname), target))
    if path.removesuffix(".html") in app.env.found_docs:
        return notebook_of(path.removesuffix(".html"), docname) if target else None
    return f"{base_url()}{path}" if target and base_url() else None


def convert(made, app, doctree, docname):
    """Make the notebook of a page whose numbers and references Sphinx has put in."""
    root = Path(app.srcdir)
    page = next((page for page in Book(root).pages if page.document == docname), None)
    if page is None or app.builder.name != "html":
        return
    if source := source_of(page):
        assignment = read(source)
        drawn = default_numbers(assignment)
        made[page.name] = student_notebook(assignment, READER, drawn, base_url())
        return
    prose = Prose(
        numbers(app, docname, doctree),
        link=partial(address, app, docname),
        title=lambda name: (app.env.titles[name].astext(), notebook_of(name, docname)),
        image=lambda uri: uri if URL.match(uri) else notebooks.embedded(root / uri),
    )
    code = "\n\n".join(cell.body for cell in page.cells)
    opening = notebooks.first_cell(root, code, base_url())
    made[page.name] = notebooks.notebook(page, prose.blocks(doctree), opening)


def finish(made, app, exception):
    """Write the notebooks of the pages that were written now, the wheel, and the zip of all."""
    if exception is None and app.builder.name == "html":
        notebooks.write_downloads(Path(app.srcdir), Path(app.outdir), made)


def setup(app):
    made: dict = {}
    app.connect("doctree-resolved", partial(convert, made), priority=900)  # after every repair
    app.connect("build-finished", partial(finish, made))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
