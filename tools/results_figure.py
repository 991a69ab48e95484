"""The map of results as HTML: a column of dots for each page, a dot for each result, in arcs.

Each dot is a link to its statement. Beneath stand the chapters' names and, like roots, an arc for
every two pages of which one uses results of the other. On a telephone the same list lies on its
side: `_static/results-map.css` lays it out, and `_static/results-map.js` draws the arrows of the
dot that is pointed at. Without script the links, their names and the arcs are all there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby

from tools.results_map import BACKGROUND, Result, ResultsMap

GAP = 0.8  # between chapters, in columns
DEPTH = 7.0  # of the arcs on a wide screen, in columns
REACH = 44  # of the arcs on a telephone, in pixels
ROW = 19  # of a page on a telephone, in pixels; results-map.css says the same
KNOWN = {
    "proved": "proved here",
    "conditional": "proved here from a cited result",
    "cited": "cited",
    "open": "open",
}
CHAPTERS = {"": "Start", BACKGROUND: "Tools", "sgd-noise": "Noise", "open-problems": "Open"}
SPOKEN = {r"\sqrt": "√", r"\varepsilon": "ε", r"\infty": "∞", r"\le": "≤", r"\ge": "≥"}


def figure(found: ResultsMap, link: Callable[[Result], str]) -> str:
    """The map; `link` gives the address of a result."""
    pages = _pages(found)
    chapters = [(name, list(own)) for name, own in groupby(pages, lambda page: _chapter(page))]
    at, total = _places(chapters)
    of = {label: result.page for label, result in found.results.items()}
    arcs = Counter((of[used], of[user]) for used, user in found.arrows if of[used] != of[user])
    numbers = {r.label: i for i, r in enumerate(r for page in pages for r in pages[page])}
    tallest = max(len(results) for results in pages.values())
    lists = "\n".join(_chapter_list(*chapter, pages, found, numbers, link) for chapter in chapters)
    return f"""\
<nav class="results-map" aria-label="Map of results"
 style="--columns: {total:.1f}; --dots: {tallest}">
<div class="results-frame">
<a class="results-skip" href="#results-map-end">Skip the map</a>
{_legend(found)}
<p class="results-shown" aria-hidden="true" data-rest="{escape(REST)}">{escape(WITHOUT)}</p>
<div class="results-plot">
<ol class="results-chapters">
{lists}
</ol>
{_roots(arcs, at, total)}
{_arcs_aside(arcs, at, total)}
<svg class="results-arrows" aria-hidden="true"></svg>
</div>
</div>
</nav>
<span id="results-map-end"></span>
"""


REST = (
    "Point at a dot, tap it, or move with the arrow keys: what its proof rests on lights up, "
    "and which proofs use it."
)
WITHOUT = "Every dot is a link to its statement."


def _pages(found: ResultsMap) -> dict[str, list[Result]]:
    """The results by page, the background first, then in reading order."""
    pages: dict[str, list[Result]] = {}
    for result in sorted(found.results.values(), key=lambda r: r.chapter != BACKGROUND):
        pages.setdefault(result.page, []).append(result)
    return pages


def _chapter(page: str) -> str:
    chapter = Result("", "", "", page, 0, 0, "").chapter
    return CHAPTERS.get(chapter, chapter.replace("-", " ").capitalize())


def _places(chapters: list[tuple[str, list[str]]]) -> tuple[dict[str, float], float]:
    """Where the middle of each page's column is, and how wide all are together, in columns."""
    at, x = {}, 0.0
    for _, pages in chapters:
        for page in pages:
            at[page] = x + 0.5
            x += 1
        x += GAP
    return at, x - GAP


def _legend(found: ResultsMap) -> str:
    items = "".join(
        f'<li><span class="results-dot {state}"></span>{len(found.in_state(state))} {known}</li>'
        for state, known in KNOWN.items()
        if found.in_state(state)
    )
    return f'<ul class="results-legend">{items}</ul>'


def _chapter_list(
    name: str,
    own: list[str],
    pages: dict[str, list[Result]],
    found: ResultsMap,
    numbers: dict[str, int],
    link: Callable[[Result], str],
) -> str:
    columns = "\n".join(
        f'<li class="results-page"><span class="results-name">{escape(short(page))}</span><ol>'
        + "".join(_dot(result, found, numbers, link) for result in pages[page])
        + "</ol></li>"
        for page in own
    )
    return (
        f'<li class="results-chapter"><span class="results-chapter-name">{escape(name)}</span>'
        f"<ol>\n{columns}\n</ol></li>"
    )


def short(page: str) -> str:
    """A name of the page that fits on a telephone: its file's.

    >>> short("approximation/barron-space"), short("open-problems/symmetry")
    ('Barron space', 'Open: symmetry')
    """
    folder, _, name = page.rpartition("/")
    name = name.replace("-", " ")
    return f"Open: {name}" if folder == "open-problems" else name.capitalize()


def _dot(
    result: Result,
    found: ResultsMap,
    numbers: dict[str, int],
    link: Callable[[Result], str],
) -> str:
    most = max(map(len, found.used_by.values())) or 1
    size = 0.58 + 0.42 * (len(found.used_by[result.label]) / most) ** 0.5
    lines = list(described(result, found))
    starts = [used for used, problem in found.starts if problem == result.label]
    leads = "".join(
        f' data-{name}="{" ".join(str(numbers[label]) for label in labels)}"'
        for name, labels in (("uses", found.uses[result.label]), ("starts", starts))
        if labels
    )
    return (
        f'<li><a href="{escape(link(result))}" id="map-{result.label}" '
        f'aria-label="{escape(". ".join(lines))}" title="{escape(chr(10).join(lines))}"{leads}>'
        f'<span class="results-dot {result.state}" style="--size: {size:.2f}"></span></a></li>'
    )


def described(result: Result, found: ResultsMap) -> Iterator[str]:
    """A result in two lines: its title, and what is known of it."""
    kind = result.kind.capitalize()
    yield plain(result.title) or kind
    if result.state == "open":
        yield "Open problem"
        return
    uses, used_by = len(found.uses[result.label]), len(found.used_by[result.label])
    yield (
        f"{kind} in {short(result.page)}; {KNOWN[result.state]}; uses {uses or 'no other'}, "
        f"used by {used_by or 'none'}"
    )


def plain(title: str) -> str:
    r"""A title without markup, for where no formula can be set.

    >>> plain(r"One sample and $\varepsilon$")
    'One sample and ε'
    >>> plain(r"The factor $1/\sqrt L$ of `Adam`")
    'The factor 1/√L of Adam'
    """
    for command, sign in SPOKEN.items():
        title = re.sub(re.escape(command) + r"(?![a-z])\s*", sign, title)
    return re.sub(r"[$`*{}\\]", "", title)


def _roots(arcs: Counter[tuple[str, str]], at: dict[str, float], total: float) -> str:
    """Beneath the columns, from each page to those whose proofs use it."""
    paths = []
    for (used, user), count in arcs.items():
        start, end = at[used], at[user]
        y = DEPTH / 0.75 * (abs(end - start) / total) ** 0.5
        curve = f"M{start:.2f} 0 C{start:.2f} {y:.2f} {end:.2f} {y:.2f} {end:.2f} 0"
        paths.append(_path(curve, count, used))
    return _svg("results-roots", f"0 0 {total:.2f} {DEPTH:.2f}", paths)


def _arcs_aside(arcs: Counter[tuple[str, str]], at: dict[str, float], total: float) -> str:
    """The same beside the rows of a telephone."""
    paths = []
    for (used, user), count in arcs.items():
        start, end = at[used] * ROW, at[user] * ROW
        x = REACH - REACH / 0.75 * (abs(end - start) / total / ROW) ** 0.5
        curve = f"M{REACH} {start:.1f} C{x:.1f} {start:.1f} {x:.1f} {end:.1f} {REACH} {end:.1f}"
        paths.append(_path(curve, count, used))
    return _svg("results-aside", f"0 0 {REACH} {total * ROW:.1f}", paths)


def _path(curve: str, count: int, used: str) -> str:
    """An arc, the wider the more arrows it stands for; those from the background are faint."""
    faint = ' class="tool"' if _chapter(used) == CHAPTERS[BACKGROUND] else ""
    return f'<path d="{curve}" stroke-width="{0.7 + 0.8 * (count - 1) ** 0.5:.1f}"{faint}/>'


def _svg(name: str, box: str, paths: list[str]) -> str:
    content = "\n".join(paths)
    return f'<svg class="{name}" viewBox="{box}" aria-hidden="true">\n{content}\n</svg>'
