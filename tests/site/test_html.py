"""The written files, without a browser: links, ids, and what a page says about itself."""

import functools
import json
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from reading import BOOK, PAGES, SITE, file_of

VOID = "http://site/"


class Outline(HTMLParser):
    """The ids, the links and the metadata of one page."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.meta: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if found.get("id"):
            self.ids.append(found["id"])
        if tag in ("a", "link", "img", "script", "source"):
            address = found.get("href") or found.get("src")
            if address:
                self.links.append(address)
        if tag == "meta":
            name = found.get("name") or found.get("property")
            self.meta[name] = found.get("content", "")


@functools.cache
def outline(path: Path) -> Outline:
    return Outline(path.read_text("utf-8"))


@pytest.mark.parametrize("name", [*PAGES, "search", "404"])
def test_links_lead_somewhere(site, name):
    dead = []
    for link in outline(site / f"{name}.html").links:
        target = urlsplit(urljoin(f"{VOID}{name}.html", link))
        if target.netloc != "site" or link.startswith("data:"):
            continue
        file = file_of(target.geturl())
        inside = file.suffix != ".html" or not target.fragment
        if not file.is_file() or not (inside or unquote(target.fragment) in outline(file).ids):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique(site, name):
    ids = outline(site / f"{name}.html").ids
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


@pytest.mark.parametrize("page", BOOK.pages, ids=lambda page: page.name)
def test_page_describes_itself(site, page):
    meta = outline(site / f"{page.document}.html").meta
    assert len(meta["description"]) > 30
    assert meta["og:description"] == meta["description"]
    assert meta["og:title"]


@pytest.mark.parametrize("name", PAGES)
def test_launch_buttons_need_a_repository(site, name):
    hosts = {urlsplit(link).netloc for link in outline(site / f"{name}.html").links}
    launchers = {"colab.research.google.com", "mybinder.org"}
    assert hosts & launchers == (launchers if os.environ.get("GITHUB_REPOSITORY") else set())


@pytest.mark.parametrize("page", BOOK.pages, ids=lambda page: page.name)
def test_footer_says_when_and_with_what(site, page):
    facts = json.loads((SITE.parent / "execution.json").read_text("utf-8"))
    text = (site / f"{page.document}.html").read_text("utf-8")
    footer = text[text.index('class="provenance"') :].split("</p>")[0]
    assert facts["versions"]["torch"] in footer
    commit = facts["pages"][page.name]["commit"] if page.executes else facts["commit"]
    assert commit is None or commit[:10] in footer
    assert ("with local changes" in footer) == bool(commit and commit.endswith("+"))
    if page.executes:
        assert facts["pages"][page.name]["executed"] in footer
