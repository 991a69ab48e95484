"""The map of results says what the proofs say: no arrow more, none less, and no circle."""

import re
from pathlib import Path

import pytest

from tests.book.fixtures import PAGE, changed, write_book
from tools import needs, results_figure, results_map, results_page
from tools.lint import lint
from tools.pages import Book

ROOT = Path(__file__).parents[2]
BOOK = Book(ROOT)
NONE = "No other page is needed."
SAYS = "The fit is a projection"


def page(name: str, proof: str = SAYS, says: str = NONE, more: str = "") -> str:
    """The fixture's page with labels of its own, another proof and more at its end."""
    text = PAGE.replace("(fixture)=", f"({name})=").replace("-noise", f"-{name}")
    return changed(NONE, says, changed(SAYS, proof, text)) + more


def book(folder, *proofs: str, index: str = PAGE, **more: str) -> Book:
    """The fixture's page, and a, b, ... of one statement each (`thm-a`, ...) with these proofs."""
    says = "The page uses {doc}`index`."
    texts = {name: page(name, proof, says) for name, proof in zip("abcd", proofs, strict=False)}
    return Book(write_book(folder, index, **(texts | more)))


def in_its_own_way(source: str) -> dict[str, tuple[bool, str]]:
    """Of each statement of a page: whether its proof is cited, and the proof, line by line."""
    found: dict[str, tuple[bool, str]] = {}
    label, fence, proof = "", "", []
    for line in source.splitlines():
        opened = re.match(r"(`{3,}|:{3,})\{prf:(\w+)\}", line)
        if opened and not fence and opened[2] in ("theorem", "proposition", "lemma", "corollary"):
            label = "next"
        elif label == "next" and line.startswith(":label:"):
            label = line.split()[1]
        elif opened and not fence and opened[2] == "proof" and label and label not in found:
            fence, proof = opened[1], []
        elif fence and line.strip() == fence:
            found[label] = (":class: cited" in proof, "\n".join(proof))
            fence = ""
        elif fence:
            proof.append(line)
    return found


def test_the_books_arrows_are_the_references_in_its_proofs():
    proofs: dict[str, tuple[bool, str]] = {}
    for source in sorted((ROOT / "chapters").rglob("*.md")):
        proofs |= in_its_own_way(source.read_text("utf-8"))
    expected = set()
    for label, (_, proof) in proofs.items():
        for role in re.split(r"\{(?:prf:)?ref\}`", proof)[1:]:
            target = role.split("`")[0].split("<")[-1].rstrip(">")
            if target in proofs and target != label:
                expected.add((target, label))
    found = results_map.results_map(BOOK)
    stated = {label for label, result in found.results.items() if result.state != "open"}
    assert stated == set(proofs) and len(stated) > 270
    assert set(found.arrows) == expected and len(expected) > 140
    cited = {label for label, (is_cited, _) in proofs.items() if is_cited}
    assert {result.label for result in found.in_state("cited")} == cited


def test_what_is_known_follows_from_proofs_and_arrows():
    found = results_map.results_map(BOOK)
    for label, result in found.results.items():
        below, seen = [label], {label}
        while below:
            new = {used for used, user in found.arrows if user == below[-1]} - seen
            below = below[:-1] + sorted(new)
            seen |= new
        rests = any(found.results[one].state == "cited" for one in seen - {label})
        assert result.state in (("conditional", "cited") if rests else ("proved", "cited", "open"))


ROLES = {
    "By {prf:ref}`thm-noise` it is": [("thm-noise", "thm-a")],
    "By {prf:ref}`least squares <thm-noise>`, and {prf:ref}`thm-noise`, it is": [
        ("thm-noise", "thm-a")
    ],
    "By {ref}`thm-noise` it is": [("thm-noise", "thm-a")],
    "As {prf:ref}`thm-a` says, it is": [],
    "As {ref}`fixture` and {doc}`index` say, it is": [],
    "As `thm-noise` it is": [],
}


@pytest.mark.parametrize("says", ROLES)
def test_arrows_are_references_to_other_statements(tmp_path, says):
    found = results_map.results_map(book(tmp_path, says))
    assert list(found.arrows) == ROLES[says]


def test_references_outside_of_proofs_are_no_arrows(tmp_path):
    text = page("a", says="The page uses {prf:ref}`thm-noise`.", more="\nAs {prf:ref}`thm-noise`.")
    assert list(results_map.results_map(book(tmp_path, a=text)).arrows) == []


def chained(folder, cited: str = "") -> results_map.ResultsMap:
    uses = [f"By {{prf:ref}}`thm-{name}` it is" for name in ("noise", "a", "noise")]
    found = book(folder, *uses)
    if cited:
        path = found.page(cited).path
        text = changed("{prf:proof}\n", "{prf:proof}\n:class: cited\n\n", path.read_text())
        path.write_text(text)
    return results_map.results_map(Book(found.root))


def test_what_rests_on_a_citation_says_so(tmp_path):
    states = {r.label: r.state for r in chained(tmp_path, "a").results.values()}
    assert states == dict(
        zip(
            ["thm-noise", "thm-a", "thm-b", "thm-c"],
            ["proved", "cited", "conditional", "proved"],
            strict=False,
        )
    )


def test_the_most_used_and_the_longest_chain(tmp_path):
    found = chained(tmp_path)
    assert found.most_used().label == "thm-noise"
    assert found.uses["thm-b"] == ["thm-a"] and found.used_by["thm-noise"] == ["thm-a", "thm-c"]
    assert [r.label for r in found.longest_chain()] == ["thm-noise", "thm-a", "thm-b"]


def test_a_book_without_arrows_has_a_map(tmp_path):
    found = results_map.results_map(book(tmp_path))
    assert found.most_used() is None and [r.label for r in found.longest_chain()] == ["thm-noise"]


PROBLEM = """
(open-depth)=
## Is it {0}?

It starts from {prf:ref}`thm-noise` and {prf:ref}`thm-noise`.

### What is known

Much: {prf:ref}`thm-a`.

(other)=
## Later

Nothing of {prf:ref}`thm-b`.
"""


def test_an_open_problem_starts_somewhere_and_rests_on_nothing(tmp_path):
    uses = "By {ref}`open-depth` it is"
    found = results_map.results_map(book(tmp_path, SAYS, uses, c=page("c", more=PROBLEM)))
    problem = found.results["open-depth"]
    assert (problem.state, problem.title, problem.page) == ("open", "Is it {0}?", "c")
    assert list(found.arrows) == []
    assert list(found.starts) == [("thm-noise", "open-depth"), ("thm-a", "open-depth")]


def test_a_page_about_open_problems_is_none(tmp_path):
    text = page("c", more=PROBLEM).replace("(c)=", "(open-page)=")
    found = results_map.results_map(book(tmp_path, c=text))
    assert [result.label for result in found.in_state("open")] == ["open-depth"]


def test_a_circle_stops_the_build(tmp_path):
    texts = {
        "a": page("a", "By {prf:ref}`thm-c`", "The page uses {doc}`index`.") + two("b", "thm-a"),
    }
    found = book(tmp_path, **{"a": texts["a"] + two("c", "thm-b")})
    (problem,) = results_map.problems(found)
    line = 1 + found.page("a").text.splitlines().index("```{prf:proof}")
    assert problem == (
        f"chapters/a.md:{line}: the proof of `thm-a` uses `thm-c`, whose proof uses `thm-b`, "
        "whose proof uses `thm-a`: take one of these references away."
    )
    assert problem in lint(found)


def two(name: str, uses: str) -> str:
    """One more statement for a page, whose proof uses that one."""
    return (
        f"\n```{{prf:lemma}} {name}\n:label: thm-{name}\n\nTrue.\n```\n\n"
        f"```{{prf:proof}}\nBy {{prf:ref}}`{uses}`.\n```\n"
    )


def test_the_book_has_no_circle():
    assert results_map.problems(BOOK) == []


def test_a_path_is_closed_and_minimal():
    for page in needs.lectures(BOOK):
        path = results_map.shortest_path(BOOK, [page.name])
        arrows = [(need.of, need.on) for need in needs.needs(BOOK)]
        for at, name in enumerate(path):
            assert {on for of, on in arrows if of == name} <= set(path[:at])
            assert name == page.name or any(on == name and of in path for of, on in arrows)


def test_a_path_of_two_answers_names_each_page_once():
    path = results_map.shortest_path(BOOK, ["approximation/depth", "approximation/minimum-norm"])
    assert path == [
        *("supervised-learning", "approximation/barron-space"),
        *("approximation/minimum-norm", "approximation/depth"),
    ]


def test_a_path_to_no_page_is_found(tmp_path):
    lost = PAGE + "\nShortest path: {path-to}`a, nowhere`\n"
    found = book(tmp_path, SAYS, index=lost)
    (problem,) = results_map.problems(found)
    line = lost.splitlines().index("Shortest path: {path-to}`a, nowhere`") + 1
    assert problem.startswith(f"chapters/index.md:{line}: nowhere is no page to read")
    assert problem in lint(found)


def test_each_of_the_seven_questions_has_a_path():
    text = (ROOT / "chapters" / "index.md").read_text("utf-8")
    questions = text.split("## Seven questions")[1].split("\n## ")[0]
    paths = re.findall(r"\{path-to\}`([^`]+)`", questions)
    named = {name.strip() for path in paths for name in path.split(",")}
    assert len(paths) == len(re.findall(r"(?m)^\d\. ", questions)) == 7
    assert all(f"`{name}`" in questions for name in named)  # the answer says what it answers


ROW = re.compile(r"\| (?:\{prf:ref\}|\{ref\})`([^`]+)`(?:: .*?)? \| ([^|]+) \| (.*) \| (.*) \|")


def test_the_table_is_the_map():
    found = results_map.results_map(BOOK)
    rows = [ROW.fullmatch(line) for line in results_page.results_page(BOOK).splitlines()]
    table = {row[1]: row for row in rows if row}
    assert list(table) == list(found.results)
    for label, row in table.items():
        assert row[2] == results_page.KNOWN[found.results[label].state]
        uses, used_by = (re.findall(r"`([^`]+)`", row[cell]) for cell in (3, 4))
        starts = [used for used, problem in found.starts if problem == label]
        assert uses == [used for used, user in found.arrows if user == label] + starts
        assert used_by == [user for used, user in found.arrows if used == label]


def test_the_sentences_count(tmp_path):
    text = results_page.sentences(chained(tmp_path, "a"))
    assert "{prf:ref}`thm-noise` (What least squares fits of pure noise): 2 proofs use it" in text
    assert "has 3 statements" in text and "`thm-noise`" in text and "`thm-b`" in text
    assert (
        "Of 4 statements 2 rest on a citation: 1 is cited, and 1 is proved here from a cited one"
        in text
    )
    assert "the proofs of the other 2 stand in this book." in text


def test_the_figure_has_every_result_and_every_arrow():
    found = results_map.results_map(BOOK)
    text = results_figure.figure(found, lambda result: f"to#{result.label}")
    dots = re.findall(r'<a href="to#([^"]+)" id="map-[^"]+" aria-label="([^"]+)"([^>]*)>', text)
    labels = [label for label, _, _ in dots]
    assert set(labels) == set(found.results) and len(labels) == len(found.results)
    arrows = {
        (labels[int(number)], label)
        for label, _, data in dots
        for numbers in re.findall(r'data-uses="([\d ]+)"', data)
        for number in numbers.split()
    }
    assert arrows == set(found.arrows)
    of = {label: result.page for label, result in found.results.items()}
    pairs = {(of[used], of[user]) for used, user in found.arrows if of[used] != of[user]}
    assert text.count("<path") == 2 * len(pairs)
    assert all("$" not in spoken for _, spoken, _ in dots)
