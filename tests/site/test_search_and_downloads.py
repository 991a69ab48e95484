"""What a reader does with the site: search it, download from it."""

import json
import re
import zipfile

import pytest
from reading import BOOK, PAGES, window

NAMED = [
    (page.document, statement.argument)
    for page in BOOK.pages
    for statement in page.statements
    if statement.argument
]


def words(title: str) -> str:
    """The words of a statement's title, without its mathematics and punctuation."""
    return " ".join(re.findall(r"[A-Za-z]{3,}", re.sub(r"\$[^$]*\$", " ", title)))


@pytest.fixture(scope="module")
def desk(browser, address):
    """A window that typesets nothing: nobody looks at formulas here, and typesetting is slow."""
    with window(browser, address) as (page, trouble):
        page.route("**/mathjax/*.js", lambda route: route.fulfill(content_type="text/javascript"))
        yield page
    assert trouble.found == []


def found_by(page, address: str, query: str) -> list[str]:
    """The pages that a search lists, once it has listed all: they appear one by one."""
    page.goto(f"{address}search.html?q={query}")
    page.wait_for_function(
        "/Search finished|did not match/.test("
        "document.querySelector('#search-results .search-summary')?.textContent)"
    )
    return page.eval_on_selector_all(
        "#search-results li > a", "links => links.map(link => link.href.split(/[?#]/)[0])"
    )


@pytest.mark.parametrize(("name", "title"), NAMED)
def test_search_finds_statement_by_its_name(desk, address, name, title):
    assert f"{address}{name}.html" in found_by(desk, address, words(title))


def test_search_finds_nothing_for_nonsense(desk, address):
    assert found_by(desk, address, "xqzzyvw") == []


def save(page, label: str, folder):
    """Click a line of the download menu and keep what arrives."""
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=label).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


@pytest.mark.parametrize("name", PAGES)
def test_page_downloads_as_notebook(desk, address, name, tmp_path):
    desk.goto(f"{address}{name}.html")
    path = save(desk, "Notebook (.ipynb)", tmp_path)
    assert path.name == f"{name.rsplit('/', 1)[-1]}.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    assert notebook["nbformat"] == 4
    assert notebook["cells"]


def test_source_downloads(desk, address, tmp_path):
    name = "chapters/index"
    desk.goto(f"{address}{name}.html")
    path = save(desk, "Source (.md)", tmp_path)
    assert path.read_text("utf-8") == BOOK.page(name).text


def test_all_notebooks_download_as_one_zip(desk, address, tmp_path):
    desk.goto(f"{address}chapters/index.html")
    with zipfile.ZipFile(save(desk, "All notebooks (.zip)", tmp_path)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    for page in BOOK.pages:
        assert any(name.endswith(f"notebooks/{page.name}.ipynb") for name in names), page.name
    assert any(name.endswith(".whl") for name in names)
