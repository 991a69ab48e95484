"""Pages are executed in parallel, once for each state of what they depend on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.book.fixtures import HEADER
from tools import execute
from tools.commit import checked_out
from tools.pages import Book

ROOT = Path(__file__).parents[2]


def cell(code: str) -> str:
    return f"```{{code-cell}} ipython3\n{code}\n```\n"


def small_book(root: Path, **pages: str) -> Book:
    """A book without site: one page for each keyword, the keyword's value is its only cell."""
    (root / "chapters").mkdir(parents=True, exist_ok=True)
    names = list(pages)
    toc = f"format: jb-book\nroot: chapters/{names[0]}\nchapters:\n"
    toc += "".join(f"  - file: chapters/{name}\n" for name in names[1:])
    (root / "_toc.yml").write_text(toc)
    for name, code in pages.items():
        text = f"{HEADER}# {name}\n\nText.\n\n{cell(code)}"
        (root / "chapters" / f"{name}.md").write_text(text)
    return Book(root)


def output(execution: execute.Execution) -> str:
    return execution.notebook.cells[-1].outputs[0]["text"].strip()


def test_pages_run_with_the_seed_and_with_one_thread(tmp_path):
    code = "import os\nprint(os.environ['MATHDL_SEED'], os.environ['OMP_NUM_THREADS'])"
    book = small_book(tmp_path, one=code, two=code + "  # another page")
    runs = execute.execute(book.pages, seed=7)
    assert {name: output(run) for name, run in runs.items()} == {"one": "7 1", "two": "7 1"}
    assert all(run.fresh for run in runs.values())


def test_an_unchanged_page_is_not_executed_again(tmp_path):
    book = small_book(tmp_path, one="import time\nprint(time.time())")
    first = execute.execute(book.pages)["one"]
    path = book.pages[0].path
    path.write_text(path.read_text().replace("Text.", "Other prose."))
    again = execute.execute(Book(tmp_path).pages)["one"]
    assert not again.fresh and output(again) == output(first)
    path.write_text(path.read_text().replace("time.time()", "time.time() + 1"))
    assert execute.execute(Book(tmp_path).pages)["one"].fresh
    assert execute.execute(Book(tmp_path).pages, seed=1)["one"].fresh


def test_the_pins_and_the_data_count_where_they_are_used(tmp_path):
    book = small_book(tmp_path, one="import mathdl.datasets", two="import mathdl.device")
    one, two = book.pages
    before = execute.fingerprint(one, 0), execute.fingerprint(two, 0)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "points.csv").write_text("1,2\n")
    assert execute.fingerprint(one, 0) != before[0]
    assert execute.fingerprint(two, 0) == before[1]
    (tmp_path / "requirements.txt").write_text("numpy==1.0\n")
    assert execute.fingerprint(two, 0) != before[1]


def test_images_of_the_readers_own_reach_the_pages_that_run_on_images(tmp_path, monkeypatch):
    """By an absolute path, as each page runs in its own folder; their contents count."""
    show = "import os\nprint(os.environ['MATHDL_IMAGES'])"
    book = small_book(tmp_path, one=f"{show}  # datasets.images()", two=show)
    one, two = book.pages
    before = execute.fingerprint(one, 0), execute.fingerprint(two, 0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATHDL_IMAGES", "mine")
    (tmp_path / "mine").mkdir()
    assert execute.fingerprint(one, 0) != before[0], "no images are not the book's images"
    (tmp_path / "mine" / "images-idx3").write_bytes(b"1")
    runs = execute.execute([one, two])
    assert {name: output(run) for name, run in runs.items()} == {
        "one": str(tmp_path / "mine"),
        "two": "",
    }
    with_images = execute.fingerprint(one, 0)
    assert with_images != before[0] and execute.fingerprint(two, 0) == before[1]
    (tmp_path / "mine" / "images-idx3").write_bytes(b"2")
    assert execute.fingerprint(one, 0) != with_images


def test_an_edit_in_the_library_reaches_the_pages_that_use_it(tmp_path):
    """In a copy of the library, so that this test never touches the tree."""
    shutil.copytree(ROOT / "lib", tmp_path / "lib")
    small_book(tmp_path, one="from mathdl import theory", two="from mathdl.device import generator")
    script = (
        "from tools import execute; from tools.pages import Book;"
        f"print(*[execute.fingerprint(p, 0) for p in Book({str(tmp_path)!r}).pages])"
    )

    def fingerprints() -> list[str]:
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'lib'}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-c", script]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split()

    before = fingerprints()
    with (tmp_path / "lib" / "mathdl" / "theory" / "approximation.py").open("a") as handle:
        handle.write("\n# an edit\n")
    after = fingerprints()
    assert after[0] != before[0] and after[1] == before[1]


def test_an_execution_remembers_the_commit_it_was_run_from(tmp_path):
    book = small_book(tmp_path, one="print(1)")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / ".gitignore").write_text("_build/\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    first = execute.execute(book.pages)["one"].commit
    assert first is not None and len(first) == 40
    (tmp_path / "other.txt").write_text("a local change")
    assert checked_out(tmp_path) == first + "+"
    assert execute.execute(book.pages)["one"].commit == first  # cached: what ran then


def test_an_edit_during_the_run_is_not_taken_for_what_ran(tmp_path, monkeypatch):
    book = small_book(tmp_path, one="import mathdl.datasets\nprint('old')")
    run = execute._run

    def edit_meanwhile(*arguments):
        execution = run(*arguments)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "points.csv").write_text("1,2\n")
        return execution

    monkeypatch.setattr(execute, "_run", edit_meanwhile)
    execute.execute(book.pages)
    assert execute.load(book.pages[0], 0) is None


def test_a_failing_page_is_named_and_costs_no_other(tmp_path):
    book = small_book(tmp_path, bad="raise ValueError('on purpose')", good="print('fine')")
    with pytest.raises(execute.PageFailed, match=r"chapters/bad\.md(.|\n)*on purpose"):
        execute.execute(book.pages)
    assert execute.load(book.page("good"), 0) is not None
    assert execute.load(book.page("bad"), 0) is None


def test_keep_going_records_the_failure_and_a_build_still_refuses_it(tmp_path):
    book = small_book(tmp_path, bad="print('before')\nraise ValueError('on purpose')")
    run = execute.execute(book.pages, keep_going=True)["bad"]
    assert execute.has_error(run.notebook)
    with pytest.raises(execute.PageFailed):
        execute.execute(book.pages)


def test_half_a_page_is_never_found(tmp_path):
    """What a kill leaves is an unfinished temporary file, which nothing reads."""
    book = small_book(tmp_path, one="print('whole')")
    path = execute.stored_path(book.pages[0], 0)
    path.parent.mkdir(parents=True)
    path.with_suffix(".123.tmp").write_text('{"cells": [')
    assert execute.load(book.pages[0], 0) is None
    assert output(execute.execute(book.pages)["one"]) == "whole"


def test_old_executions_are_pruned(tmp_path):
    book = small_book(tmp_path, one="print(1)")
    folder = execute.stored_path(book.pages[0], 0).parent
    run = execute.execute(book.pages)["one"]
    for seed in range(1, execute.KEPT_PER_PAGE + 5):
        execute._store(execute.stored_path(book.pages[0], seed), run)
    assert len(list(folder.glob("*.ipynb"))) == execute.KEPT_PER_PAGE
