"""One look for every figure of the book, and one way to put it on a page.

Colors: the five of Okabe and Ito, *Color Universal Design* (2008), whose contrast with white is
at least 3:1, the bound of WCAG 2.2, success criterion 1.4.11 (their orange, sky blue and yellow
fall short of it). Line styles change along with the colors, so that color is never the only cue.

A figure leaves as the smaller, once gzipped, of an SVG and a lossless WebP, both made without
dates, versions or random identifiers: the same figure gives the same bytes.
"""

import base64
import gzip
import html
import io
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7")
DASHES = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1.2)), (0, (8, 1.5, 1, 1.5, 1, 1.5)))
MAX_WIDTH = 6.4  # inches, Matplotlib's default: on a phone, 11-point letters are 8 pixels high
PIXELS = 96  # CSS pixels in an inch
SHARPNESS = 1.5  # pixels of a raster image in a CSS pixel

STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#404040",
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.labelsize": 12,
    "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=DASHES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "figure.figsize": (5.4, 3.5),
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "grid.color": "#e0e0e0",
    "grid.linewidth": 0.8,
    "image.cmap": "cividis",
    "legend.edgecolor": "white",
    "legend.fontsize": 12,
    "legend.framealpha": 0.85,
    "legend.handlelength": 2.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "mathtext.fontset": "dejavusans",
    "savefig.facecolor": "white",
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
}


def use_style() -> None:
    """Draw every later figure in the book's style.

    >>> use_style()
    >>> plt.rcParams["axes.spines.top"]
    False
    """
    mpl.rcParams.update(STYLE)


def show(figure: Figure, alt: str) -> None:
    """Put a figure on the page, described by `alt`, and close it.

    `alt` says what the plot shows to a reader who does not see it. The figure is at most 6.4
    inches wide, so that its letters stay readable on a phone: stack panels instead of setting
    them side by side.

    Raises ValueError when `alt` has fewer than 20 characters or the figure is too wide.

    >>> figure, axes = plt.subplots()
    >>> _ = axes.plot([1, 2, 4], [1, 0.5, 0.25])
    >>> show(figure, alt="The error falls like one over the width.")
    The error falls like one over the width.
    """
    alt = describe(alt)
    (uri,) = encode([figure])
    publish({"text/html": image(uri, alt, figure), "text/plain": alt})


def publish(bundle: dict) -> None:
    """Display a MIME bundle in a notebook; elsewhere print its plain text."""
    if get_ipython() is None:
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)


def describe(alt: str) -> str:
    """Return a text alternative on one line, or raise ValueError when it says too little."""
    alt = " ".join(alt.split()) if isinstance(alt, str) else ""
    if len(alt) < 20:
        raise ValueError(f"alt must say in 20 characters or more what the plot shows, not {alt!r}.")
    return alt


def image(uri: str, alt: str, figure: Figure) -> str:
    """Return the `<img>` element that shows `uri` in the size of `figure`, or smaller."""
    width, height = (round(PIXELS * inches) for inches in figure.get_size_inches())
    return (
        f'<img class="mathdl-figure" src="{html.escape(uri)}" alt="{html.escape(alt)}" '
        f'width="{width}" height="{height}" style="max-width:100%;height:auto">'
    )


def encode(figures: Sequence[Figure]) -> list[str]:
    """Close the figures and return one data URI for each, all in the same format.

    The format is the smaller one, gzipped, of the figure that is heaviest as an SVG.

    Raises ValueError when a figure is too wide for a phone.

    >>> figure, axes = plt.subplots()
    >>> encode([figure])[0][:19]
    'data:image/svg+xml,'
    """
    for figure in figures:
        plt.close(figure)
        if figure.get_size_inches()[0] > MAX_WIDTH:
            raise ValueError(
                f"figure is {figure.get_size_inches()[0]:g} inches wide: make it {MAX_WIDTH} "
                "or less, with its panels stacked, so that phones can show it."
            )
    drawings = [as_svg(figure) for figure in figures]
    sizes = [weight(drawing) for drawing in drawings]
    heaviest = sizes.index(max(sizes))
    if weight(as_webp(figures[heaviest])) < sizes[heaviest]:
        return [as_webp(figure) for figure in figures]
    return drawings


def weight(text: str) -> int:
    """Return the number of bytes of a text once gzipped, as a web server sends it."""
    return len(gzip.compress(text.encode(), mtime=0))


def as_svg(figure: Figure) -> str:
    """Return a figure as the data URI of an SVG with coordinates to a hundredth of a point.

    It is percent-encoded rather than base64, which gzip cannot compress well.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "mathdl"}):
        figure.savefig(buffer, format="svg", dpi=SHARPNESS * PIXELS, metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r"<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", re.sub(r"\s+", " ", text).replace("> <", "><"))
    text = re.sub(r'(?<= )(?:d|x|y)="[^"]*"', lambda found: rounded(found[0]), text)
    return "data:image/svg+xml," + quote(text, safe="/:=,;()+-")


def rounded(text: str) -> str:
    """Return a text whose decimals are rounded to hundredths.

    >>> rounded("M 48.283834 217.99976 L 3.0004 0.5")
    'M 48.28 218 L 3 0.5'
    """
    return re.sub(
        r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), text
    )


def as_webp(figure: Figure) -> str:
    """Return a figure as the data URI of a lossless WebP."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=SHARPNESS * PIXELS)
    output = io.BytesIO()
    Image.open(buffer).convert("RGB").save(output, "WEBP", lossless=True)
    return "data:image/webp;base64," + base64.b64encode(output.getvalue()).decode()
