"""The pages of tools say which proofs use each of them."""

import re
from pathlib import Path

import pytest

from tools import results_map
from tools.pages import Book

BOOK = Book(Path(__file__).resolve().parents[2])
USED_IN = re.compile(r":label: ((?:thm|lem|prop)-[\w-]+)|^\*Used in\* (.*)\.$", re.MULTILINE)


def said(text: str) -> dict[str, set[str]]:
    """Of each statement the labels in the paragraph `Used in` that follows it."""
    found: dict[str, set[str]] = {}
    for label, uses in USED_IN.findall(text):
        if label:
            last = label
            found[last] = set()
        else:
            found[last] = set(re.findall(r"{prf:ref}`([\w-]+)`", uses))
    return found


@pytest.mark.parametrize("name", ["appendix/background", "appendix/background-probability"])
def test_a_page_of_tools_names_the_proofs_that_use_them(name):
    [page] = [page for page in BOOK.pages if page.name == name]
    used_by = results_map.results_map(BOOK).used_by
    own = {statement.label for statement in page.statements}
    wrong = {
        label: sorted(uses ^ (set(used_by[label]) - own))
        for label, uses in said(page.text).items()
        if uses != set(used_by[label]) - own
    }
    assert not wrong, f"correct the paragraphs `Used in` of chapters/{name}.md: {wrong}"


def test_tools_that_nobody_uses_are_seen():
    text = ":label: thm-one\n\n*Used in* {prf:ref}`thm-two`.\n\n:label: lem-three\n"
    assert said(text) == {"thm-one": {"thm-two"}, "lem-three": set()}
