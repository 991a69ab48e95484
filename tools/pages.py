"""Reads the book's sources: the table of contents, and of each page its directives in order.

Everything that looks at a page's source (builder, ledger, lints, notebooks) looks through this
module, so that they all agree on what a statement, a proof, a cell or an exercise is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

STATEMENTS = ("prf:theorem", "prf:proposition", "prf:lemma", "prf:corollary")

OPEN_PROBLEM = re.compile(r"\((open-[\w-]+)\)=")

_parser = MarkdownIt("commonmark").use(front_matter_plugin).use(colon_fence_plugin)


@dataclass(frozen=True)
class Directive:
    """One ``{name} argument`` block of a page; a code cell is a directive named `code-cell`."""

    name: str
    argument: str
    options: dict
    body: str
    line: int  # of the opening fence in the page, counted from 1
    depth: int = 0  # how many directives it stands inside
    body_line: int = 0  # of the body's first line in the page

    @property
    def label(self) -> str | None:
        return self.options.get("label") or self.options.get("name")

    @property
    def tags(self) -> list[str]:
        tags = self.options.get("tags", [])
        return tags if isinstance(tags, list) else [str(tags)]

    @property
    def classes(self) -> list[str]:
        return str(self.options.get("class", "")).split()


def _options(content: str) -> tuple[dict, str, int]:
    """Split a directive's content into options, body and the number of lines the options took."""
    lines = content.splitlines()
    if lines and lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        return yaml.safe_load("\n".join(lines[1:end])) or {}, "\n".join(lines[end + 1 :]), end + 1
    taken = 0
    while taken < len(lines) and lines[taken].startswith(":") and ":" in lines[taken][1:]:
        taken += 1
    options = {}
    for line in lines[:taken]:
        key, _, value = line[1:].partition(":")
        value = value.strip()
        options[key.strip()] = yaml.safe_load(value) if value.startswith("[") else value
    return options, "\n".join(lines[taken:]), taken


@dataclass(frozen=True)
class OpenProblem:
    """A section with a label `open-...`: what nobody has proved, and a first experiment."""

    label: str
    title: str
    line: int


def directives(text: str, first_line: int = 1, depth: int = 0) -> list[Directive]:
    """All directives of a MyST text, outer before inner, in the order of the page."""
    found: list[Directive] = []
    for token in _parser.parse(text):
        info = token.info.strip()
        if token.type not in ("fence", "colon_fence") or not info.startswith("{"):
            continue
        name, _, argument = info[1:].partition("}")
        options, body, taken = _options(token.content)
        line = first_line + (token.map[0] if token.map else 0)
        body_line = line + 1 + taken
        found.append(
            Directive(name.strip(), argument.strip(), options, body, line, depth, body_line)
        )
        if name != "code-cell":
            found += directives(body, body_line, depth + 1)
    return found


@cache  # one build reads the same pages many times: lint, needs, ledger, map, downloads
def _directives(text: str) -> tuple[Directive, ...]:
    return tuple(directives(text))


@dataclass
class Page:
    """One page of the book: `name` is its path below `chapters/`, without the extension."""

    root: Path
    document: str  # as in _toc.yml, for example chapters/approximation/barron-space

    @property
    def name(self) -> str:
        return self.document.removeprefix("chapters/")

    @property
    def path(self) -> Path:
        return self.root / f"{self.document}.md"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def front_matter(self) -> dict:
        token = next((t for t in _parser.parse(self.text) if t.type == "front_matter"), None)
        return (yaml.safe_load(token.content) or {}) if token else {}

    @cached_property
    def directives(self) -> list[Directive]:
        return list(_directives(self.text))

    @property
    def cells(self) -> list[Directive]:
        return [d for d in self.directives if d.name == "code-cell"]

    @property
    def statements(self) -> list[Directive]:
        return [d for d in self.directives if d.name in STATEMENTS]

    @cached_property
    def open_problems(self) -> list[OpenProblem]:
        tokens = _parser.parse(self.text)
        found = []
        for at, token in enumerate(tokens[:-3]):
            target = OPEN_PROBLEM.fullmatch(token.content) if token.type == "inline" else None
            if target and tokens[at + 2].tag == "h2":
                line = token.map[0] + 1 if token.map else 1
                found.append(OpenProblem(target[1], tokens[at + 3].content, line))
        return found

    @property
    def executes(self) -> bool:
        """Whether the page has cells; the pages that a build makes may not be there yet."""
        return self.path.exists() and bool(self.cells)


@dataclass
class Book:
    """The book that lies in the folder `root`."""

    root: Path
    pages: list[Page] = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.root).resolve()
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        self.pages = [Page(self.root, document) for document in _documents(toc)]

    def page(self, name: str) -> Page:
        for page in self.pages:
            if name.removesuffix(".md").removeprefix("chapters/") == page.name:
                return page
        known = ", ".join(page.name for page in self.pages)
        raise SystemExit(f"PAGE={name} is not in _toc.yml; the pages are: {known}.")


def _documents(node: object) -> list[str]:
    """The files of a table of contents, in reading order."""
    if isinstance(node, list):
        return [document for entry in node for document in _documents(entry)]
    if not isinstance(node, dict):
        return []
    own = [node[key].removesuffix(".md") for key in ("root", "file") if key in node]
    below = [_documents(node[key]) for key in ("parts", "chapters", "sections") if key in node]
    return own + [document for documents in below for document in documents]
