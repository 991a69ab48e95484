"""Pages that hold what students wrote: every word of it is shown as text."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, **facts: object) -> str:
    """The template with these facts, escaped; a fact that is missing raises UndefinedError."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # students write names, answers, messages and errors
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(facts)
