"""Markdown that students wrote, as HTML that cannot act: no HTML of theirs, no scripts in links.

Formulas stay as they are for MathJax, or become MathML, which browsers show without any script.
"""

from __future__ import annotations

import re
from html import escape, unescape

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import (
    IPythonRenderer,
    MarkdownWithMath,
    MathBlockParser,
    MathInlineParser,
)

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")  # SVG can hold scripts
# Sizes of brackets, which MathML's own brackets have, and names that docutils lacks.
UNKNOWN = {r"\\[bB]igg?[lrm]?(?![a-zA-Z])": "", r"\\dots(?![a-zA-Z])": r"\\ldots "}


class SafeRenderer(IPythonRenderer):
    """Shows raw HTML as text and pictures only where they are attached."""

    def __init__(self, attachments: dict | None = None):
        pictures = {
            name: {kind: data for kind, data in kinds.items() if _is_picture(kind, data)}
            for name, kinds in (attachments or {}).items()
        }
        super().__init__(
            escape=True,
            allow_harmful_protocols=False,
            exclude_anchor_links=True,
            attachments={name: kinds for name, kinds in pictures.items() if kinds},
        )

    def image(self, text: str, url: str, title: str | None = None) -> str:
        text = escape(unescape(re.sub(r"<[^>]*>", "", text)))
        name = url.removeprefix("attachment:")
        if not url.startswith("attachment:") or name not in self.attachments:
            return f"[picture: {text or escape(url)}]"
        kind, data = next(iter(self.attachments[name].items()))
        return f'<img src="data:{kind};base64,{data}" alt="{text}">'

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{escape(code)}</pre>"


def _is_picture(kind: str, data: object) -> bool:
    return kind in PICTURES and isinstance(data, str) and bool(re.fullmatch(r"[\w+/=\s]*", data))


class MathmlRenderer(SafeRenderer):
    """Formulas as MathML; where that fails, their source."""

    def inline_math(self, body: str) -> str:
        return mathml(body, block=False)

    def block_math(self, body: str) -> str:
        return mathml(body, block=True)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)


def mathml(tex: str, block: bool) -> str:
    """A formula as MathML, or its source where docutils does not know it."""
    known = tex
    for pattern, better in UNKNOWN.items():
        known = re.sub(pattern, better, known)
    try:
        return tex2mathml(known.strip(), as_block=block)
    except (MathError, SyntaxError, ValueError, IndexError, AttributeError, TypeError):
        return f"<code>{escape(tex)}</code>"


def _html(text: str, renderer: SafeRenderer) -> str:
    block, inline = MathBlockParser(), MathInlineParser(hard_wrap=False)
    block.rules.remove("raw_html")  # it is text like any other
    inline.rules.remove("inline_html")
    return MarkdownWithMath(renderer, block, inline).render(text)


def with_mathml(text: str, attachments: dict | None = None) -> str:
    """Markdown as HTML that stands by itself."""
    return _html(text, MathmlRenderer(attachments))


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """In the place of nbconvert's filter of this name, on the pages for graders."""
    attachments = context.get("cell", {}).get("attachments", {})
    return _html(source, SafeRenderer(attachments))
