"""nbgrader's pages in a real browser: proof, rubric, formulas; points typed in are kept."""

import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
import written
from written import BOB

from tools.coursework import gradebook, proofs

HOSTILE = (
    "<script>document.title = 'taken'</script> <img src=x onerror=\"document.title = 'taken'\"> "
    "![p](https://example.org/p.png) [link](javascript:act()) $\\href{javascript:act()}{x}$ "
    "and $\\frac{a}{b}<c$."
)


@pytest.fixture
def address(course, assignment):
    """The address of the pages, which a server shows until the test ends."""
    written.result(assignment, BOB, course, proof=HOSTILE)
    gradebook.update(course, assignment)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, environment = proofs.prepare(course, port, [assignment])
    environment["JUPYTER_TOKEN"] = "token"
    server = subprocess.Popen(command, env=environment, cwd=course / "nbgrader")
    try:
        while not answers(f"http://127.0.0.1:{port}/api"):
            assert server.poll() is None, "the server ended"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def submission(course, student) -> str:
    with gradebook.opened(course) as book:
        return book.find_submission_notebook("toy", "toy", student).id


def test_a_person_reads_a_proof_and_gives_points(course, assignment, chromium, address):
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    foreign = []
    page.on(
        "request", lambda r: None if r.url.startswith((address, "data:")) else foreign.append(r)
    )
    page.goto(f"{address}/formgrader/gradebook")
    assert "token" in page.content() and "formgrader" not in page.title()  # it asks for the token
    page.goto(f"{address}/formgrader/gradebook?token=token")
    page.get_by_role("link", name="toy").first.wait_for()
    page.goto(f"{address}/formgrader/gradebook/toy/toy")
    page.get_by_text("Submission #1", exact=True).first.wait_for()
    assert not any(name in page.inner_text("body") for name in ("Bob", "bob", "anna", "Ånna"))
    page.goto(f"{address}/formgrader/submissions/{submission(course, 'bob')}/")
    page.locator("mjx-container").nth(6).wait_for()
    text = page.inner_text("body")
    assert "<script>document.title = 'taken'</script>" in text and "[picture: p]" in text
    assert "names the network of the sum of both" in text and "uses ctypes" in text
    assert page.title() == "toy" and "=Bob" not in text
    assert page.locator("[href*='act()'], [onerror]").count() == 0
    score = page.locator("input.score#subadditive")
    with page.expect_response(
        lambda r: "/api/grade/" in r.url and r.request.method == "PUT"
    ) as put:
        score.fill("1.5")
        score.press("Tab")
    assert put.value.ok
    words = page.locator("textarea#subadditive-comment")
    with page.expect_response(lambda r: "/api/comment/" in r.url and r.request.method == "PUT"):
        words.fill("Step 3?")
        words.press("Tab")
    page.close()
    assert foreign == []
    found = gradebook.standings(course, assignment)["bob"]
    assert found.points["subadditive"] == 1.5 and found.total == 5.5
    assert found.comments == {"subadditive": "Step 3?"}
