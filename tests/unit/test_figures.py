"""Figures: one style, text alternatives, the smaller of two formats, the same bytes twice."""

import colorsys
import io
import re
from base64 import b64decode
from html.parser import HTMLParser
from importlib import import_module
from itertools import combinations
from urllib.parse import unquote
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from mathdl.book.figures import (
    DASHES,
    MAX_WIDTH,
    PALETTE,
    STYLE,
    as_svg,
    as_webp,
    encode,
    show,
    use_style,
    weight,
)
from matplotlib.colors import to_rgb
from PIL import Image

figures = import_module("mathdl.book.figures")
ALT = "A line that falls from one to zero."


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context():
        use_style()
        yield
    plt.close("all")


def line_plot():
    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0], label="$f_m$")
    axes.legend()
    return figure


def raster_plot():
    figure, axes = plt.subplots()
    values = np.random.default_rng(0).normal(size=(30, 30))
    axes.pcolormesh(values)
    return figure


def shown(monkeypatch, figure, alt):
    bundles = []
    monkeypatch.setattr(figures, "publish", bundles.append)
    show(figure, alt=alt)
    (bundle,) = bundles
    return bundle


def attributes(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, pairs: found.append((tag, dict(pairs)))
    parser.feed(html)
    ((tag, pairs),) = found
    assert tag == "img"
    return pairs


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def test_every_color_stands_out_from_white():
    for color in PALETTE:
        assert 1.05 / (luminance(color) + 0.05) >= 3, color


def test_colors_differ_in_lightness_or_hue_and_lines_in_dashes():
    assert len(set(DASHES)) == len(DASHES) == len(PALETTE)
    for one, other in combinations(PALETTE, 2):
        hues = [colorsys.rgb_to_hls(*to_rgb(color))[0] for color in (one, other)]
        assert abs(hues[0] - hues[1]) > 0.05 or abs(luminance(one) - luminance(other)) > 0.1


def test_style_applies_to_lines():
    figure, axes = plt.subplots()
    first, second = (axes.plot([0, 1], [k, 1])[0] for k in range(2))
    assert first.get_color() == PALETTE[0] and second.get_color() == PALETTE[1]
    assert first.get_linestyle() == "-" and second.get_linestyle() == "--"
    assert not axes.spines["right"].get_visible()


def test_letters_can_be_read_on_a_phone():
    letters = ("font.size", "legend.fontsize", "axes.labelsize", "xtick.labelsize")
    smallest = min(STYLE[key] for key in letters)
    for inches, pixels in ((STYLE["figure.figsize"][0], 9.5), (MAX_WIDTH, 8)):
        assert smallest * figures.PIXELS / 72 * 350 / (inches * figures.PIXELS) >= pixels


def test_show_gives_an_image_with_its_size_and_its_text(monkeypatch):
    bundle = shown(monkeypatch, line_plot(), ALT)
    image = attributes(bundle["text/html"])
    assert image["alt"] == bundle["text/plain"] == ALT
    assert (image["width"], image["height"]) == ("518", "336")  # 5.4 x 3.5 inches
    assert image["style"] == "max-width:100%;height:auto"
    assert image["src"].startswith("data:image/svg+xml,")
    assert not plt.get_fignums()


def test_alt_is_escaped(monkeypatch):
    alt = 'A curve "f" with f < 1 & g > 2, and </script> in its text.'
    bundle = shown(monkeypatch, line_plot(), alt)
    assert attributes(bundle["text/html"])["alt"] == alt
    assert "</script>" not in bundle["text/html"]


def test_alt_is_put_on_one_line(monkeypatch):
    bundle = shown(monkeypatch, line_plot(), "A line that\n    falls from one to zero.")
    assert bundle["text/plain"] == ALT


@pytest.mark.parametrize("alt", ["", "a plot", "x" * 19, " " * 30, None])
def test_alt_is_required(alt):
    with pytest.raises(ValueError, match="^alt must say in 20 characters"):
        show(line_plot(), alt=alt)


def test_alt_of_twenty_characters_is_enough(capsys):
    show(line_plot(), alt="x" * 20)
    assert capsys.readouterr().out == "x" * 20 + "\n"


def test_wide_figure_is_refused():
    show(plt.figure(figsize=(MAX_WIDTH, 2)), alt=ALT)
    with pytest.raises(ValueError, match="7 inches wide"):
        show(plt.figure(figsize=(7, 2)), alt=ALT)


def test_svg_is_well_formed_and_names_no_host_but_its_namespaces():
    text = unquote(as_svg(line_plot()).removeprefix("data:image/svg+xml,"))
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"https?://[^/\"]+", text)) == {"http://www.w3.org"}
    assert "<text" not in text, "letters must be shapes, as readers have other fonts"
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert used and used <= {element.get("id") for element in root.iter()}
    assert "<g id=" not in text, "names of groups are weight, as nothing refers to them"


def test_webp_is_lossless():
    figure = raster_plot()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144)
    uri = as_webp(figure)
    pixels = Image.open(io.BytesIO(b64decode(uri.removeprefix("data:image/webp;base64,"))))
    assert pixels.format == "WEBP"
    assert np.array_equal(pixels.convert("RGB"), Image.open(buffer).convert("RGB"))


@pytest.mark.parametrize(("plot", "mime"), [(line_plot, "svg+xml"), (raster_plot, "webp")])
def test_the_smaller_format_is_taken(plot, mime):
    (uri,) = encode([plot()])
    assert uri.startswith(f"data:image/{mime}")
    assert weight(uri) == min(weight(as_svg(plot())), weight(as_webp(plot())))


def test_all_frames_take_the_format_of_the_heaviest():
    uris = encode([line_plot(), raster_plot(), line_plot()])
    assert {uri[:16] for uri in uris} == {"data:image/webp;"}


@pytest.mark.parametrize("plot", [line_plot, raster_plot])
def test_the_same_figure_gives_the_same_bytes(plot):
    assert encode([plot()]) == encode([plot()])


def test_a_line_plot_weighs_less_than_seven_kilobytes():
    x = np.linspace(0, 1, 200)
    figure, axes = plt.subplots()
    axes.plot(x, np.sin(9 * x))
    assert weight(encode([figure])[0]) < 7000


def test_rounding_moves_no_point_by_more_than_half_a_hundredth():
    text = 'M 0.004999 10.995 L 123.456 7.1 L 1.999 -3.14159"'
    numbers = [float(found) for found in re.findall(r"-?[\d.]+", text)]
    rounded = [float(found) for found in re.findall(r"-?[\d.]+", figures.rounded(text))]
    assert np.allclose(numbers, rounded, rtol=0, atol=0.005 + 1e-9)
    assert "7.1 " in figures.rounded(text) and " 2 " in figures.rounded(text)
