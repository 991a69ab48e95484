"""Repairs, in the document itself, markup that a screen reader or a validator stumbles over.

sphinx-proof gives every proof the id `proof` and every statement's body the id `proof-content`,
sphinx-exercise does likewise: several elements of a page then share one id, and a proof can only
be styled by its id. The ids go, and for proofs a class `demonstration` takes over. A folded
solution becomes a native `<details>`, which needs no script, opens from the keyboard, and is found
by a browser's search. What the theme writes into finished HTML is repaired there.
"""

from html import escape

from docutils import nodes
from sphinx_exercise.nodes import solution_node

SHARED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}


def tidy(app, doctree, docname):
    drop_shared_ids(doctree)
    for solution in list(doctree.findall(solution_node)):
        if "dropdown" in solution["classes"]:
            fold(solution)


def fold(solution):
    """Put a solution into a `<details>` whose summary is its title, without the link in it."""
    title, *content = solution.children
    for link in list(title.findall(nodes.reference)):
        link.parent.replace(link, link.children)
    label = escape(solution["ids"][0], quote=True)
    solution.parent.replace(
        solution,
        [
            nodes.raw("", f'<details class="solution" id="{label}"><summary>', format="html"),
            *title.children,
            nodes.raw("", "</summary>", format="html"),
            *content,
            nodes.raw("", "</details>", format="html"),
        ],
    )


def drop_shared_ids(doctree):
    for node in doctree.findall(nodes.Element):
        shared = SHARED_IDS.intersection(node.get("ids", []))
        if not shared:
            continue
        node["ids"] = [name for name in node["ids"] if name not in shared]
        if "proof" in shared:
            node["classes"] = [*dict.fromkeys(node["classes"]), "demonstration"]
            set_apart_opening(node)


def set_apart_opening(proof):
    """Turn the word that opens a proof, plain text in its first sentence, into a heading of it."""
    text = next(iter(proof.findall(nodes.Text)), None)
    if text is not None and text.startswith("Proof. "):
        cited = "cited" in proof["classes"]
        opening = nodes.strong("", "Proof (cited)." if cited else "Proof.")
        text.parent.replace(text, [opening, nodes.Text(text[len("Proof.") :])])


REPAIRS = {
    # the label contradicts the words that stand on it
    '<summary aria-label="Toggle hidden content">': "<summary>",
    # a bibliography is a list, and its entries must then be items
    'role="doc-biblioentry"': 'role="listitem"',
}


def repair(app, pagename, templatename, context, doctree):
    for wrong, right in REPAIRS.items():
        if context.get("body"):
            context["body"] = context["body"].replace(wrong, right)


def setup(app):
    app.connect("doctree-resolved", tidy, priority=950)  # after downloads has read the document
    app.connect("html-page-context", repair, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
