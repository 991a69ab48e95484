"""Figures with sliders: live in a kernel, precomputed on the built site, from the same call."""

import html
import inspect
import itertools
import json
import math
import os
import zlib
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from mathdl.book.figures import describe, encode, image, publish, weight

MAX_FRAMES = 40
MAX_WEIGHT = 250_000  # bytes, gzipped: two such figures leave a page below 1.5 MB at first view
SEPARATOR = "%3C"  # the start of an SVG element inside a data URI

_number = itertools.count(1)


def explore(
    draw: Callable[..., Figure],
    *,
    alt: str | Callable[..., str],
    **parameters: Sequence,
) -> None:
    """Show a figure with one slider for each parameter.

    In a live kernel each move of a slider calls `draw(width=..., step=...)` and shows the figure
    it returns. While the book is built (`MATHDL_STATIC=1`) every combination is drawn at once, at
    most 40 of them, and the page shows them under native range inputs. Each slider starts at its
    first value. Fix the axes' limits in `draw`, so that frames can be compared.

    `alt` describes one frame: a function of the same parameters, or a format string of them.

    Raises ValueError for a parameter that is empty, repeats a value or is unknown to `draw`, for
    more than 40 frames, for an `alt` that is the same for all frames or too short, and for frames
    of different sizes.

    >>> import matplotlib.pyplot as plt
    >>> def draw(width):
    ...     figure, axes = plt.subplots()
    ...     axes.plot([0, width], [0, 1])
    ...     return figure
    >>> explore(draw, alt="A line that rises from 0 to 1 over {width}.", width=[1, 2, 4])
    A line that rises from 0 to 1 over 1.
    """
    choices = {name: _options(name, values) for name, values in parameters.items()}
    frames = math.prod(len(options) for options in choices.values())
    if not choices or frames > MAX_FRAMES:
        raise ValueError(
            f"parameters make {frames if choices else 0} frames: give lists of values that make "
            f"between 1 and {MAX_FRAMES}."
        )
    _accepts("draw", draw, choices)
    if callable(alt):
        _accepts("alt", alt, choices)
    if os.environ.get("MATHDL_STATIC") == "1":
        _static(draw, alt, choices)
    else:
        _live(draw, alt, choices)


def _options(name: str, values: Sequence) -> dict[str, object]:
    """Return the values of one parameter, each under the text that its slider shows."""
    values = list(values)
    options = {_text(value): value for value in values}
    if not values or len(options) < len(values):
        problem = "repeats a value" if values else "has no values"
        raise ValueError(f"{name} {problem}: give a list of values that read differently.")
    return options


def _text(value: object) -> str:
    """Return a value as a slider shows it.

    >>> _text(0.1 + 0.2), _text(64), _text("relu")
    ('0.3', '64', 'relu')
    """
    return f"{value:g}" if isinstance(value, float) else str(value)


def _accepts(argument: str, function: Callable, choices: Mapping[str, object]) -> None:
    """Raise ValueError when a function cannot be called with these parameters."""
    try:
        inspect.signature(function).bind(**choices)
    except TypeError as problem:
        raise ValueError(
            f"{argument} must take the parameters {', '.join(choices)}: {problem}."
        ) from None


def _alt(alt: str | Callable[..., str], values: Mapping[str, object]) -> str:
    """Return the text alternative of one frame."""
    if callable(alt):
        return describe(alt(**values))
    try:
        return describe(str(alt).format(**values))
    except (KeyError, IndexError) as problem:
        raise ValueError(
            f"alt names {problem}, which is not among the parameters {', '.join(values)}."
        ) from None


def _draw(draw: Callable[..., Figure], values: Mapping[str, object]) -> Figure:
    """Return one frame, which Matplotlib no longer counts among its open figures."""
    figure = draw(**values)
    if not isinstance(figure, Figure):
        raise ValueError(f"draw must return a Matplotlib figure, not {type(figure).__name__}.")
    plt.close(figure)
    return figure


def _live(draw: Callable, alt: str | Callable, choices: dict[str, dict[str, object]]) -> None:
    """Show sliders that call `draw`."""
    sliders = {
        name: ipywidgets.SelectionSlider(
            options=list(options.items()),
            description=_label(name),
            continuous_update=False,
            style={"description_width": "initial"},
        )
        for name, options in choices.items()
    }
    picture = ipywidgets.HTML()

    def redraw(_change: object = None) -> None:
        values = {name: slider.value for name, slider in sliders.items()}
        figure = _draw(draw, values)
        picture.value = image(encode([figure])[0], _alt(alt, values), figure)

    redraw()
    for slider in sliders.values():
        slider.observe(redraw, names="value")
    first = {name: slider.value for name, slider in sliders.items()}
    box = ipywidgets.VBox([*sliders.values(), picture])
    publish(
        {
            **box._repr_mimebundle_(),
            "text/html": picture.value,
            "text/plain": _alt(alt, first),
        }
    )


def _label(name: str) -> str:
    """Return the name of a parameter as a slider shows it."""
    return name.replace("_", " ")


def _static(draw: Callable, alt: str | Callable, choices: dict[str, dict[str, object]]) -> None:
    """Show precomputed frames under native range inputs."""
    combinations = [
        dict(zip(choices, values, strict=True))
        for values in itertools.product(*(options.values() for options in choices.values()))
    ]
    alts = [_alt(alt, values) for values in combinations]
    if len(alts) > 1 and len(set(alts)) == 1:
        raise ValueError(f"alt must name the parameters {', '.join(choices)} to tell frames apart.")
    figures = [_draw(draw, values) for values in combinations]
    _align(figures)
    uris = encode(figures)
    identifier = f"explore-{next(_number)}-{zlib.crc32(''.join(uris + alts).encode()):08x}"
    first = image(uris[0], alts[0], figures[0])
    page = _page(identifier, choices, uris, alts, first)
    if weight(page) > MAX_WEIGHT:
        raise ValueError(
            f"draw makes {len(uris)} frames of {weight(page) // 1000} kB together, gzipped, where "
            f"{MAX_WEIGHT // 1000} kB is the most: make fewer frames or simpler ones."
        )
    publish({"text/html": page, "text/plain": alts[0]})


def _align(figures: Sequence[Figure]) -> None:
    """Give all frames the same axes, so that nothing jumps when a slider moves.

    Each axes takes the part of the figure that every frame leaves to it, beside its labels.
    """
    if len({(*figure.get_size_inches(), len(figure.axes)) for figure in figures}) > 1:
        raise ValueError("draw must return figures of one size, with the same number of axes.")
    for figure in figures:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    for same in zip(*(figure.axes for figure in figures), strict=True):
        boxes = [axes.get_position(original=True) for axes in same]
        left, bottom = max(box.x0 for box in boxes), max(box.y0 for box in boxes)
        right, top = min(box.x1 for box in boxes), min(box.y1 for box in boxes)
        for axes in same:
            axes.set_position((left, bottom, right - left, top - bottom), which="original")


def _page(
    identifier: str,
    choices: Mapping[str, Mapping[str, object]],
    uris: Sequence[str],
    alts: Sequence[str],
    first: str,
) -> str:
    """Return the sliders, the first frame, the other frames as data, and the script.

    Frames share most of their SVG elements. Each element is written once, in `parts`, and a frame
    is a list of places in it.
    """
    parts: dict[str, int] = {}
    frames = [[parts.setdefault(part, len(parts)) for part in uri.split(SEPARATOR)] for uri in uris]
    texts = [list(options) for options in choices.values()]
    data = json.dumps(
        {"parts": list(parts), "frames": frames, "alts": alts, "texts": texts},
        separators=(",", ":"),
    ).replace("<", "\\u003c")
    sliders = "".join(
        _slider(f"{identifier}-{place}", _label(name), list(options))
        for place, (name, options) in enumerate(choices.items(), start=1)
    )
    names = html.escape(", ".join(_label(name) for name in choices))
    return (
        f'<div class="mathdl-explore" id="{identifier}" role="group" '
        f'aria-label="Figure with sliders: {names}">'
        f'<div class="mathdl-sliders">{sliders}</div>{first}'
        '<p class="mathdl-status" role="status"></p>'
        "<noscript><p>The sliders need JavaScript: this is their first frame.</p></noscript>"
        f'<script type="application/json">{data}</script>'
        f"<script>{SCRIPT.strip()}</script></div>"
    )


def _slider(identifier: str, label: str, texts: Sequence[str]) -> str:
    """Return one range input with its label and the value it stands at."""
    label, text = html.escape(label), html.escape(texts[0])
    return (
        f'<div class="mathdl-slider"><label for="{identifier}">{label}</label>'
        f'<input type="range" id="{identifier}" min="0" max="{len(texts) - 1}" step="1" value="0" '
        f'aria-valuetext="{label} = {text}" autocomplete="off" disabled>'
        f'<output for="{identifier}" aria-live="off">{text}</output></div>'
    )


SCRIPT = """
(() => {
  const root = document.currentScript.parentElement;
  const data = JSON.parse(root.querySelector("script").textContent);
  const sliders = [...root.querySelectorAll("input")];
  const picture = root.querySelector("img");
  const status = root.querySelector(".mathdl-status");
  let pause;
  const update = () => {
    let frame = 0;
    sliders.forEach((slider, i) => {
      const text = data.texts[i][slider.value];
      frame = frame * data.texts[i].length + Number(slider.value);
      slider.setAttribute("aria-valuetext", slider.labels[0].textContent + " = " + text);
      slider.nextElementSibling.textContent = text;
    });
    picture.src = data.frames[frame].map((part) => data.parts[part]).join("%3C");
    picture.alt = data.alts[frame];
    clearTimeout(pause);
    pause = setTimeout(() => { status.textContent = picture.alt; }, 500);
  };
  for (const slider of sliders) {
    slider.disabled = false;
    slider.addEventListener("input", update);
  }
})();
"""
