"""What a reader's browser does, for the tests of the built site."""

import functools
import gzip
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.pages import Book

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
BOOK = Book(ROOT)
PAGES = [page.document for page in BOOK.pages]


@dataclass
class Trouble:
    """What went wrong while pages were open, one sentence each."""

    found: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  # of everything that was asked for

    def watch(self, context, own: str) -> None:
        def guard(route):
            self.found.append(f"asks another host for {route.request.url}")
            route.abort()

        context.route(lambda url: not url.startswith((own, "data:", "blob:")), guard)
        context.on("request", lambda request: self.addresses.append(request.url))
        context.on("response", self.look_at_response)
        context.on("console", self.look_at_message)
        context.on("weberror", lambda error: self.found.append(f"throws {error.error}"))

    def forget(self) -> None:
        self.found.clear()
        self.addresses.clear()

    def look_at_response(self, response) -> None:
        if response.status >= 400:
            self.found.append(f"gets {response.status} for {response.url}")

    def look_at_message(self, message) -> None:
        if message.type == "error":
            self.found.append(f"logs an error: {message.text}")


@contextmanager
def window(browser, own: str, width: int = 1280, mode: str = "light"):
    """A page of that width and color mode with its `trouble`; one browser, many windows."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",  # else a check may look at a box that is still fading in
    )
    context.add_init_script(
        f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
    )
    page, trouble = context.new_page(), Trouble()
    trouble.watch(context, own)
    yield page, trouble
    context.close()


def visit(page, address: str) -> None:
    """Open a page and wait until its mathematics is typeset and its boxes are measured."""
    page.goto(address)
    page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => true) : true")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")


def unfold(page) -> None:
    """Open everything that a click would open."""
    page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")


@functools.cache
def gzipped(path: Path) -> int:
    """The size of a file as a web server sends it."""
    return len(gzip.compress(path.read_bytes(), compresslevel=6))


@functools.cache
def prefix() -> str:
    """The path under which the site expects to be served, as its page for wrong addresses knows."""
    text = (SITE / "404.html").read_text("utf-8")
    known = re.search(r'data-content_root="(/[^"]*)"', text)
    return known[1] if known else "/"


def file_of(url: str) -> Path:
    """The file of the site that stands behind an address."""
    path = unquote(urlsplit(url).path)
    return SITE / path.removeprefix(prefix()).lstrip("/")
