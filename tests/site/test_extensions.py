"""The local Sphinx extensions, one function at a time, without a build."""

from pathlib import Path

import pytest
from docutils import nodes

EXTENSIONS = str(Path(__file__).parents[2] / "_ext")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    for name in ("GITHUB_REPOSITORY", "BOOK_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("repository", "own", "address"),
    [
        ("", "", None),
        ("Ada/notes", "", "https://ada.github.io/notes/"),
        ("ada/ada.github.io", "", "https://ada.github.io/"),
        ("ada/notes", "https://notes.example.org", "https://notes.example.org/"),
        ("", "https://example.org/book/", "https://example.org/book/"),
        ("not a repository", "", None),
    ],
)
def test_address_of_the_site(monkeypatch, repository, own, address):
    import site_address

    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    monkeypatch.setenv("BOOK_URL", own)
    assert site_address.base_url() == address


def buttons(pagename="chapters/approximation/barron-space"):
    import page_buttons

    context = {
        "sourcename": f"{pagename}.md",
        "pathto": lambda target, resource=False: f"../../{target}",
    }
    page_buttons.add_buttons(None, pagename, "page.html", context, doctree=object())
    return {
        group["label"]: {link["text"]: link["url"] for link in group["links"]}
        for group in context["button_groups"]
    }


def test_no_repository_no_foreign_buttons():
    found = buttons()
    assert list(found) == ["Download"]
    notebook = "../../notebooks/approximation/barron-space.ipynb"
    assert found["Download"]["Notebook (.ipynb)"] == notebook


def test_colab_and_binder_open_the_published_notebook(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/notes")
    found = buttons()
    published = "notebooks/approximation/barron-space.ipynb"
    assert found["Launch"]["Colab"] == (
        f"https://colab.research.google.com/github/ada/notes/blob/gh-pages/{published}"
    )
    assert found["Launch"]["Binder"] == (
        "https://mybinder.org/v2/gh/ada/notes/gh-pages?urlpath="
        "lab%2Ftree%2Fnotebooks%2Fapproximation%2Fbarron-space.ipynb"
    )
    assert found["Repository"]["Repository"] == "https://github.com/ada/notes"


def test_an_assignment_has_no_button_that_leads_to_its_solutions(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/notes")
    found = buttons("chapters/assignments/approximation")
    assert list(found) == ["Download", "Launch"]
    assert not any("/HEAD/" in url for links in found.values() for url in links.values())


def test_binder_gets_the_pins_of_the_library():
    import binder

    lines = binder.environment(Path(EXTENSIONS).parent)
    pins = (Path(EXTENSIONS).parent / "requirements.txt").read_text("utf-8").splitlines()
    named = [line for line in lines if not line.startswith("--")]
    assert set(named) <= set(pins)
    assert any(line.startswith("torch==") for line in named)
    assert any(line.startswith("jupyterlab==") for line in named)


def test_wrong_address_page_links_from_the_root():
    from front_door import from_the_root

    html = '<html data-content_root="./"><a href="#main"></a><a href="chapters/x.html">'
    html += '<img src="_static/l.svg"><a href="https://x.org/"><form action="search.html">'
    assert from_the_root(html, "/notes/") == (
        '<html data-content_root="/notes/"><a href="#main"></a><a href="/notes/chapters/x.html">'
        '<img src="/notes/_static/l.svg"><a href="https://x.org/">'
        '<form action="/notes/search.html">'
    )


def test_provenance_is_readable():
    import provenance

    assert provenance.readable("2026-11-21T08:00:00Z") == "21 November 2026, 08:00 UTC"
    facts = {"python": "3.11.7", "versions": {"sphinx": "7.4.7", "torch": "2.13.0"}}
    assert provenance.versions(facts) == "Python 3.11.7, torch 2.13.0, sphinx 7.4.7"


def test_proof_loses_its_shared_id_and_gains_a_heading():
    import accessible_pages

    proof = nodes.admonition("", classes=["proof", "proof", "cited"], ids=["proof"])
    proof += nodes.paragraph("", "Proof. See the paper.")
    tree = nodes.container("", proof)
    accessible_pages.drop_shared_ids(tree)
    assert proof["ids"] == []
    assert "demonstration" in proof["classes"]
    assert proof.astext() == "Proof (cited). See the paper."
    assert isinstance(proof[0][0], nodes.strong)


def test_unused_scripts_go():
    import lean_pages

    context = {"script_files": ["_static/sphinx-thebe.js", "_static/a11y.js"], "css_files": []}
    lean_pages.drop_unused(None, "chapters/index", "page.html", context, None)
    assert context["script_files"] == ["_static/a11y.js"]
