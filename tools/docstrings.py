"""Turns a docstring into MyST: paragraphs, lists of arguments, examples as code blocks.

Docstrings are read in a terminal first, so they are written as plain text with `code` in
backticks. Sections may be written in the Google way (`Args:` and an indented list) or in the NumPy
way (`Parameters`, underlined); examples are doctests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

SECTION = re.compile(r"([A-Z][A-Za-z ]{2,30}):\s*$")
UNDERLINE = re.compile(r"-{3,}\s*$")
GOOGLE_ITEM = re.compile(r"(\*{0,2}\w[\w.]*(?:, ?\*{0,2}\w+)*)\s*(?:\(([^)]*)\))?:\s+(.*)$")
NUMPY_ITEM = re.compile(r"(\*{0,2}\w[\w.]*(?:, ?\*{0,2}\w+)*)\s*(?: : (.*))?$")
ROLE = re.compile(r":(?:py:)?(?:func|class|meth|mod|attr|data|obj|exc):`~?([^`]+)`")
# kept as they are: code and MyST roles, mathematics, emphasis
VERBATIM = re.compile(
    r"(\{[\w:]+\})?(`+)(.+?)\2(?!`)|\$[^$\n]+\$|(?<![\w*])\*\w[^*]*\w\*(?![\w*])", re.DOTALL
)
MARKUP = re.compile(r"([*\[\]<])")


@dataclass(frozen=True)
class Links:
    """Where names lead: dotted name below the package -> label on the page."""

    package: str
    targets: dict[str, str]

    def target(self, name: str, module: str) -> str | None:
        """The label of what `name` means inside `module`, if the page has it."""
        name = name.removesuffix("()").removeprefix(f"{self.package}.")
        parent = module.rpartition(".")[0]
        for candidate in (f"{module}.{name}", f"{parent}.{name}", name):
            if candidate in self.targets and candidate != module:
                return self.targets[candidate]
        return None


def to_myst(docstring: str, links: Links, module: str = "") -> str:
    """The docstring as MyST; names in backticks that the page documents become links."""
    return "\n\n".join(_blocks(docstring.splitlines(), links, module))


def _blocks(lines: list[str], links: Links, module: str) -> list[str]:
    found = []
    rest = lines
    while rest:
        line = rest[0]
        if not line.strip():
            rest = rest[1:]
        elif line.lstrip().startswith(">>>"):
            example, rest = _example(rest)
            found.append(f"```pycon\n{example}\n```")
        elif len(rest) > 1 and UNDERLINE.match(rest[1]):
            body, rest = _underlined(rest[2:])
            found += _section(line.strip(), body, NUMPY_ITEM, links, module)
        elif SECTION.match(line) and len(rest) > 1 and rest[1].startswith("  "):
            body, rest = _indented(rest[1:])
            found += _section(line.strip().rstrip(":"), body, GOOGLE_ITEM, links, module)
        elif line.startswith("    "):
            body, rest = _indented(rest)
            found.append("```text\n" + "\n".join(body) + "\n```")
        else:
            paragraph, rest = _paragraph(rest)
            heads = [line for line in paragraph if not line.startswith(" ")]
            if len(heads) > 1 and all(GOOGLE_ITEM.match(line) for line in heads):
                found.append(_bullets(paragraph, GOOGLE_ITEM, links, module))
            else:
                found.append(_inline("\n".join(paragraph), links, module))
    return found


def _example(lines: list[str]) -> tuple[str, list[str]]:
    """A run of doctests, across blank lines between them, and what follows it."""
    end = 0
    while end < len(lines):
        if lines[end].strip():
            end += 1
            continue
        following = next((line for line in lines[end:] if line.strip()), "")
        if not following.lstrip().startswith(">>>"):
            break
        end += 1
    return dedent("\n".join(lines[:end])), lines[end:]


def _underlined(lines: list[str]) -> tuple[list[str], list[str]]:
    """The body of a NumPy section: up to the next underlined title."""
    for end in range(len(lines) - 1):
        if lines[end].strip() and UNDERLINE.match(lines[end + 1]):
            return lines[:end], lines[end:]
    return lines, []


def _indented(lines: list[str]) -> tuple[list[str], list[str]]:
    """The indented block at the start of `lines`, without its indentation, and what follows."""
    end = 0
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
        end += 1
    return dedent("\n".join(lines[:end])).strip("\n").splitlines(), lines[end:]


def _paragraph(lines: list[str]) -> tuple[list[str], list[str]]:
    end = 1
    while end < len(lines):
        line = lines[end]
        underlined = end + 1 < len(lines) and UNDERLINE.match(lines[end + 1])
        if not line.strip() or line.lstrip().startswith(">>>") or underlined:
            break
        if SECTION.match(line) and end + 1 < len(lines) and lines[end + 1].startswith("  "):
            break
        end += 1
    return lines[:end], lines[end:]


def _section(title: str, body: list[str], item: re.Pattern, links: Links, module: str) -> list[str]:
    """A titled section: a list where its lines are items, else ordinary blocks."""
    filled = [line for line in body if line.strip()]
    heads = [line for line in filled if not line.startswith(" ")]
    if not heads or any(line.lstrip().startswith(">>>") for line in filled):
        return [f"**{title}**", *_blocks(body, links, module)]
    if not all(item.match(line) for line in heads):
        return [f"**{title}**", *_blocks(body, links, module)]
    return [f"**{title}**", _bullets(filled, item, links, module)]


def _bullets(lines: list[str], item: re.Pattern, links: Links, module: str) -> str:
    """A list with one item for each line that is one; indented lines go on with the last item."""
    bullets: list[str] = []
    for line in lines:
        match = None if line.startswith(" ") else item.match(line)
        if match:
            name, kind, *text = match.groups()
            typed = f" ({_inline(kind, links, module)})" if kind else ""
            words = _inline(text[0], links, module) if text else ""
            bullets.append(f"- `{name}`{typed}" + (f": {words}" if words else ""))
        else:
            bullets.append("  " + _inline(line.strip(), links, module))
    return "\n".join(bullets)


def _inline(text: str, links: Links, module: str) -> str:
    """Escape what Markdown would read as markup; link code that names something documented."""
    text = ROLE.sub(r"`\1`", text)
    pieces = []
    start = 0
    for match in VERBATIM.finditer(text):
        pieces.append(MARKUP.sub(r"\\\1", text[start : match.start()]))
        label = None
        if match[2] and not match[1]:
            label = links.target(match[3].strip(), module)
        pieces.append(f"[`{match[3].strip()}`](#{label})" if label else match[0])
        start = match.end()
    pieces.append(MARKUP.sub(r"\\\1", text[start:]))
    return "".join(pieces)
