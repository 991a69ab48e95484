"""Pages that hold what students wrote: every word of it is shown as text."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

TEMPLATES = Path(__file__).parent / "templates"


def code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def rendered(template: str, **facts: object) -> str:
    """The template with these facts, escaped; a fact that is missing raises UndefinedError."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # students write names, answers, messages and errors
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = code
    return environment.get_template(template).render(facts)
