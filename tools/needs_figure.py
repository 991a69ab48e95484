"""The graph of needs as a figure: pages in reading order, arcs from each to those that need it."""

from __future__ import annotations

from html import escape

from tools.needs import Need

ROW, GAP, TOP, WIDTH = 22, 14, 14, 340  # pixels; a telephone shows them one to one
LEFT, REACH = 132, 128  # where the names begin, and how far the longest arc goes to their left


def figure(pages: list[tuple[str, str]], arrows: list[Need]) -> str:
    """An SVG of the pages (name, text) in this order; dashed where only a part is needed."""
    rows: dict[str, int] = {}
    y = TOP
    for at, (name, _) in enumerate(pages):
        if at and name.split("/")[0] != pages[at - 1][0].split("/")[0]:
            y += GAP
        rows[name] = y
        y += ROW
    longest = max((abs(rows[a.of] - rows[a.on]) for a in arrows), default=1)
    arcs = "\n".join(_arc(rows[a.on], rows[a.of], longest, a.part) for a in arrows)
    names = "\n".join(
        f'<circle cx="{LEFT}" cy="{rows[name]}" r="3"/>'
        f'<text x="{LEFT + 14}" y="{rows[name] + 4}">{escape(text)}</text>'
        for name, text in pages
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {y}" style="max-width: 27rem" role="img" '
        f'aria-label="{escape(described(dict(pages), arrows))}">\n'
        f'<g fill="none" stroke="currentColor">\n{arcs}\n</g>\n'
        f'<g fill="currentColor" font-size="13">\n{names}\n</g>\n</svg>'
    )


def _arc(start: int, end: int, longest: int, part: bool) -> str:
    """From the page that is needed to the one that needs it, with a head at the latter."""
    reach = REACH * (abs(end - start) / longest) ** 0.5
    dashes = ' stroke-dasharray="4 3"' if part else ""
    x = LEFT - 5
    curve = f"M{x} {start} C{x - 1.3 * reach:.0f} {start} {x - 1.3 * reach:.0f} {end} {x} {end}"
    head = f"M{x - 5} {end - 3} L{x} {end} L{x - 5} {end + 3}"
    return f'<path d="{curve}" opacity="0.7"{dashes}/><path d="{head}"/>'


def described(titles: dict[str, str], arrows: list[Need]) -> str:
    """The figure in words, for those who cannot see it."""
    times = {name: sum(arrow.on == name for arrow in arrows) for name in titles}
    free = sum(not any(arrow.of == name for arrow in arrows) for name in titles)
    first, second = sorted(times, key=lambda name: -times[name])[:2]
    return (
        f"{len(titles)} pages in reading order, joined by {len(arrows)} arrows; {free} pages need "
        f"no other. Most needed are {titles[first]}, by {times[first]} pages, and "
        f"{titles[second]}, by {times[second]}. The table below has all arrows."
    )
