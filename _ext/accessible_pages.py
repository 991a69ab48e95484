"""Repairs, in the document itself, markup that a screen reader or a validator stumbles over.

sphinx-proof gives every proof the id `proof` and every statement's body the id `proof-content`:
several elements of a page then share one id, and a proof can only be styled by its id. The ids go,
a class `demonstration` takes over. What the theme writes into finished HTML is repaired there.
"""

import re

from docutils import nodes

SHARED_IDS = {"proof", "proof-content"}


def tidy(app, doctree, docname):
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
    text = next(iter(proof.findall(nodes.Text)), "")
    if text.startswith("Proof. "):
        cited = "cited" in proof["classes"]
        opening = nodes.strong("", "Proof (cited)." if cited else "Proof.")
        text.parent.replace(text, [opening, nodes.Text(text[len("Proof.") :])])


# the label of a folded cell contradicts the words that stand on it
FOLDED_CELL = re.compile(r'<summary aria-label="Toggle hidden content">')


def repair(app, pagename, templatename, context, doctree):
    if body := context.get("body"):
        context["body"] = FOLDED_CELL.sub("<summary>", body)


def setup(app):
    app.connect("doctree-resolved", tidy)
    app.connect("html-page-context", repair, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
