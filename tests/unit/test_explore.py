"""Sliders: the same call, live in a kernel and precomputed on the page."""

import json
import re
from html.parser import HTMLParser
from importlib import import_module
from urllib.parse import unquote

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from mathdl.book.figures import as_svg, encode
from matplotlib.figure import Figure

module = import_module("mathdl.book.explore")
explore = module.explore
ALT = "A line that rises to one over a width of {width}."


def draw(width):
    figure, axes = plt.subplots()
    axes.plot([0, width], [0, 1])
    return figure


def draw_two(step, batch_size):
    figure, axes = plt.subplots()
    axes.plot([0, step], [0, batch_size])
    return figure


def alt_two(step, batch_size):
    return f"A line to the point with step {step:g} and batch size {batch_size}."


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture
def static(monkeypatch):
    """Explore as the book's build does it; return the page of the last call."""
    bundles = []
    monkeypatch.setenv("MATHDL_STATIC", "1")
    monkeypatch.setattr(module, "publish", bundles.append)

    def run(*arguments, **keywords):
        explore(*arguments, **keywords)
        return Page(bundles.pop())

    return run


@pytest.fixture
def live(monkeypatch):
    """Explore as a notebook does it; return the widgets of the last call."""
    boxes, bundles = [], []

    class Box(ipywidgets.VBox):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            boxes.append(self)

    monkeypatch.delenv("MATHDL_STATIC", raising=False)
    monkeypatch.setattr(module.ipywidgets, "VBox", Box)
    monkeypatch.setattr(module, "publish", bundles.append)

    def run(*arguments, **keywords):
        explore(*arguments, **keywords)
        *sliders, picture = boxes.pop().children
        return sliders, picture, bundles.pop()

    return run


class Page(HTMLParser):
    """The elements, texts and data of a figure with sliders."""

    def __init__(self, bundle):
        super().__init__()
        self.html, self.plain = bundle["text/html"], bundle["text/plain"]
        self.elements, self.texts = [], []
        self.feed(self.html)
        (index,) = (i for i, (tag, _) in enumerate(self.elements) if tag == "script" and _)
        self.data = json.loads(self.texts[index])

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.texts.append("")

    def handle_data(self, data):
        self.texts[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag):
        return [t for t, (name, _) in zip(self.texts, self.elements, strict=True) if name == tag]

    def frames(self):
        """Put the frames together as the script does."""
        parts = self.data["parts"]
        return ["%3C".join(parts[i] for i in frame) for frame in self.data["frames"]]


def test_one_slider_shows_every_frame(static):
    page = static(draw, alt=ALT, width=[1, 2, 4])
    (slider,) = page.all("input")
    assert (slider["type"], slider["min"], slider["max"], slider["step"]) == (
        "range",
        "0",
        "2",
        "1",
    )
    assert slider["value"] == "0" and slider["aria-valuetext"] == "width = 1"
    assert page.text("output") == ["1"] and page.data["texts"] == [["1", "2", "4"]]
    assert page.data["alts"] == [ALT.format(width=width) for width in (1, 2, 4)]
    assert len(set(page.frames())) == 3
    (image,) = page.all("img")
    assert image["src"] == page.frames()[0]
    assert image["alt"] == page.plain == page.data["alts"][0]


def test_frames_are_what_draw_draws(static):
    page = static(draw, alt=ALT, width=[3])
    figure = draw(3)
    module._align([figure])
    assert page.frames() == encode([figure])


def test_several_sliders_show_the_product_with_the_last_one_fastest(static):
    page = static(draw_two, alt=alt_two, step=[0.1, 0.1 + 0.2], batch_size=[1, 16, 256])
    assert page.data["texts"] == [["0.1", "0.3"], ["1", "16", "256"]]
    assert page.data["alts"] == [alt_two(a, b) for a in (0.1, 0.3) for b in (1, 16, 256)]
    assert len(page.frames()) == 6
    assert page.text("label") == ["step", "batch size"]
    assert [slider["aria-valuetext"] for slider in page.all("input")] == [
        "step = 0.1",
        "batch size = 1",
    ]


def test_labels_and_outputs_belong_to_their_sliders(static):
    page = static(draw_two, alt=alt_two, step=[1, 2], batch_size=[1, 2])
    ids = [slider["id"] for slider in page.all("input")]
    assert len(set(ids)) == 2
    assert [label["for"] for label in page.all("label")] == ids
    assert [output["for"] for output in page.all("output")] == ids


def test_ids_are_unique_on_a_page_and_the_same_in_the_next_build(static, monkeypatch):
    def build():
        monkeypatch.setattr(module, "_number", module.itertools.count(1))
        return [static(draw, alt=ALT, width=[1, 2]).html for _ in range(2)]

    first, second = build()
    assert set(re.findall(' id="([^"]+)', first)).isdisjoint(re.findall(' id="([^"]+)', second))
    assert build() == [first, second]


def test_page_calls_no_other_host(static):
    page = static(draw, alt=ALT, width=[1, 2])
    hosts = set(re.findall(r"https?://[^/\"]+", unquote(page.html)))
    assert hosts == {"http://www.w3.org"}, "only the namespaces of SVG may name a host"
    assert not [e for tag, e in page.elements if tag in ("link", "iframe") or "href" in e]
    assert not [script for script in page.all("script") if "src" in script]


def test_without_javascript_the_first_frame_stays_and_says_so(static):
    page = static(draw, alt=ALT, width=[1, 2])
    (slider,) = page.all("input")
    assert "disabled" in slider and page.all("noscript")
    assert "slider.disabled = false" in page.html


def test_text_cannot_leave_its_place(static):
    page = static(
        lambda kind: draw(1),
        alt=lambda kind: f'</script><b> & "quotes" about {kind}',
        kind=['<i>"a"</i>', "b"],
    )
    assert not page.all("b") and not page.all("i")
    assert page.data["alts"][0] == '</script><b> & "quotes" about <i>"a"</i>'
    assert page.text("output") == ['<i>"a"</i>']
    assert page.all("input")[0]["aria-valuetext"] == 'kind = <i>"a"</i>'


def test_axes_do_not_jump(static, monkeypatch):
    def decorated(side):
        figure, axes = plt.subplots(figsize=(4, 3))
        image = axes.imshow([[0, 1], [2, 3]], aspect="auto")
        figure.colorbar(image, format=f"%{3 * (side == 'right')}.{5 * (side == 'right')}f")
        axes.set_title("two\nlines" if side == "top" else "")
        axes.set_ylabel("two\nlines" if side == "left" else "")
        axes.set_xlabel("two\nlines" if side == "bottom" else "")
        return figure

    def edges(figures):
        for figure in figures:
            figure.draw_without_rendering()
        return np.array([figure.axes[0].get_position().extents for figure in figures])

    kept, sides = [], ["left", "bottom", "right", "top"]
    monkeypatch.setattr(module, "encode", lambda figures: kept.extend(figures) or encode(figures))
    with plt.rc_context({"figure.constrained_layout.use": True}):
        alone = edges([decorated(side) for side in sides])
        static(decorated, alt="An image that needs room at the {side}.", side=sides)
    inner = [*alone.max(axis=0)[:2], *alone.min(axis=0)[2:]]
    assert np.allclose(inner, alone.diagonal()), "each side has a frame that needs room there"
    assert np.allclose(edges(kept), inner)
    assert np.abs(alone - inner).max() > 0.05


def test_frames_share_what_they_have_in_common(static):
    page = static(draw, alt=ALT, width=list(range(1, 21)))
    assert len(page.html) < 0.3 * 20 * len(as_svg(draw(1)))


def test_forty_frames_are_allowed_and_leave_no_figure_open(static, recwarn):
    tiny = lambda a, b: plt.figure(figsize=(1, 1))  # noqa: E731
    page = static(tiny, alt="Nothing, {a} times {b}, in a small figure.", a=range(8), b=range(5))
    assert len(page.frames()) == 40
    assert not plt.get_fignums() and not list(recwarn)


@pytest.mark.parametrize(
    ("function", "keywords", "message"),
    [
        (draw, {"width": range(41)}, "parameters make 41 frames"),
        (draw_two, {"step": range(7), "batch_size": range(6)}, "parameters make 42 frames"),
        (draw, {}, "parameters make 0 frames"),
        (draw, {"width": []}, "width has no values"),
        (draw, {"width": [1, 2, 1]}, "width repeats a value"),
        (draw, {"width": [0.1, 0.1 + 1e-12]}, "width repeats a value"),
        (draw, {"width": [1], "depth": [2]}, "draw must take the parameters width, depth"),
        (draw_two, {"step": [1]}, "draw must take the parameters step: .*batch_size"),
        (draw, {"width": [1], "alt": lambda m: ALT}, "alt must take the parameters width"),
        (draw, {"width": [1], "alt": "A line over the {depth}."}, "alt names 'depth'"),
        (draw, {"width": [1], "alt": "A line over a width {}."}, "alt names "),
        (draw, {"width": [1, 2], "alt": "too short"}, "alt must say in 20 characters"),
        (lambda width: None, {"width": [1]}, "draw must return a Matplotlib figure, not NoneType"),
    ],
)
@pytest.mark.parametrize("mode", ["static", "live"])
def test_mistakes_are_named(request, mode, function, keywords, message):
    run = request.getfixturevalue(mode)
    with pytest.raises(ValueError, match=f"^{message}") as raised:
        run(function, **{"alt": ALT, **keywords})
    assert "\n" not in str(raised.value)


def test_frames_of_different_sizes_are_refused(static):
    with pytest.raises(ValueError, match="^draw must return figures of one size"):
        static(lambda width: plt.figure(figsize=(width, 2)), alt=ALT, width=[1, 2])
    with pytest.raises(ValueError, match="with the same number of axes"):
        static(lambda width: plt.subplots(width)[0], alt=ALT, width=[1, 2])


def test_an_alt_that_is_the_same_for_all_frames_is_refused(static):
    with pytest.raises(ValueError, match="^alt must name the parameters width"):
        static(draw, alt="A line that rises to one.", width=[1, 2])


def test_frames_too_heavy_for_a_page_are_refused(static):
    def noise(width):
        figure, axes = plt.subplots()
        axes.imshow(np.random.default_rng(width).normal(size=(400, 400)), interpolation="none")
        return figure

    with pytest.raises(ValueError, match="^draw makes 2 frames of [0-9]+ kB"):
        static(noise, alt=ALT, width=range(2))


def test_live_sliders_draw_on_change(live):
    sliders, picture, bundle = live(draw_two, alt=alt_two, step=[0.5, 1.0], batch_size=[1, 16])
    assert [slider.description for slider in sliders] == ["step", "batch size"]
    assert sliders[0].options == (("0.5", 0.5), ("1", 1.0))
    assert [slider.value for slider in sliders] == [0.5, 1]
    assert alt_two(0.5, 1) in picture.value and bundle["text/plain"] == alt_two(0.5, 1)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    before = picture.value
    sliders[1].value = 16
    assert alt_two(0.5, 16) in picture.value
    sliders[0].value = 1.0
    assert alt_two(1.0, 16) in picture.value and picture.value != before
    assert not plt.get_fignums()
    assert encode([draw_two(1.0, 16)])[0] in picture.value


def test_live_draws_once_to_begin_with(live):
    drawn = []

    def counted(width):
        drawn.append(width)
        return Figure()

    live(counted, alt=ALT, width=[1, 2, 4])
    assert drawn == [1]
