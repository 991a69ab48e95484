"""Puts the map of results on a page, `{results-map}`, and paths of pages, `{path-to}`.

Both are made from the sources of the whole book, so a page that has them is read in every build.
"""

import posixpath
import sys
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `jupyter-book build .`, which lacks it

from tools import results_figure, results_map, results_page
from tools.pages import Book


def book(env):
    """The book, read once for all that a document takes from it."""
    return env.temp_data.setdefault("book", Book(Path(env.srcdir)))


class Map(SphinxDirective):
    """The figure, and beneath it what it shows in three sentences."""

    def run(self):
        self.env.metadata[self.env.docname]["reads-the-book"] = "yes"
        found = results_map.results_map(book(self.env))
        here = posixpath.dirname(self.env.docname)

        def link(result):
            page = posixpath.relpath(f"chapters/{result.page}.html", here)
            return f"{page}#{nodes.make_id(result.label)}"

        text = nodes.Element()
        lines = results_page.sentences(found).splitlines()
        self.state.nested_parse(StringList(lines, source=""), self.content_offset, text)
        return [nodes.raw("", results_figure.figure(found, link), format="html"), *text.children]


class ShortestPath(SphinxRole):
    """The pages to read for those that are named, with what they need, in order."""

    def run(self):
        self.env.metadata[self.env.docname]["reads-the-book"] = "yes"
        answers = results_map.answers(self.text)
        path = results_map.shortest_path(book(self.env), answers)
        found: list[nodes.Node] = []
        for name in path:
            link = addnodes.pending_xref(
                "",
                refdomain="std",
                reftype="doc",
                reftarget=f"/chapters/{name}",
                refdoc=self.env.docname,
                refexplicit=False,
                refwarn=True,
            )
            link += nodes.inline("", name, classes=["xref", "std", "std-doc"])
            found += [nodes.Text(" → ")] * bool(found)
            found.append(nodes.strong("", "", link) if name in answers else link)
        return found, []


def outdated(app, env, added, changed, removed):
    return [name for name, data in env.metadata.items() if "reads-the-book" in data]


def setup(app):
    app.add_directive("results-map", Map)
    app.add_role("path-to", ShortestPath())
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
