"""The build from sources to site, on a small book with the real book's settings."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from tests.book.fixtures import HEADER
from tools.build import without_outputs
from tools.pages import Page

ROOT = Path(__file__).parents[2]
PAGE = (
    HEADER
    + """(index)=
# A small book

Some prose.

No other page is needed.

```{prf:theorem} Pythagoras
:label: thm-pythagoras
The squares over the legs have the area of the square over the hypotenuse.
```

```{prf:proof}
Four copies of the triangle and the tilted square fill a square.
```

```{code-cell} ipython3
from mathdl import theory
from mathdl.book import Exact, predict

p = predict("thm-pythagoras", "a claim about ANSWER", 1)
```

```{code-cell} ipython3
p.check((3**2 + 4**2) / 5**2, Exact(1e-12))
```

```{exercise} ✍ Another proof
:label: ex-pythagoras
Prove {prf:ref}`thm-pythagoras` by similar triangles.
```

```{solution-start} ex-pythagoras
:label: sol-pythagoras
:class: dropdown
```

The altitude cuts the triangle into two that are similar to it.

```{solution-end}
```
"""
)


@pytest.fixture(scope="module")
def small_book(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("book")
    for folder in ("_ext", "_static", "lib"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("_config.yml", "pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    (root / "chapters" / "appendix").mkdir(parents=True)
    shutil.copy(ROOT / "chapters" / "references.bib", root / "chapters")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nchapters:\n  - file: chapters/appendix/ledger\n"
    )
    return root


def write_page(root: Path, answer: str) -> None:
    page = PAGE.replace("ANSWER", answer)
    (root / "chapters" / "index.md").write_text(page, encoding="utf-8")


def change(root: Path, old: str, new: str) -> None:
    path = root / "chapters" / "index.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def command(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tools.build", "--root", str(root), *arguments]


def build(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    run = subprocess.run(command(root, *arguments), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run


def html(root: Path, page: str = "index") -> str:
    return (root / "_build" / "html" / "chapters" / f"{page}.html").read_text(encoding="utf-8")


def test_a_book_becomes_a_site(small_book):
    write_page(small_book, "the number 1")
    run = build(small_book)
    assert "1 of 1 checks of theorems" in run.stdout
    assert "a claim about the number 1" in html(small_book)
    ledger = html(small_book, "appendix/ledger")
    assert "a claim about the number 1" in ledger and "ledger-table" in ledger
    assert 'href="../index.html#thm-pythagoras">Theorem ' in ledger
    assert 'href="../index.html#ex-pythagoras"' in ledger
    assert (small_book / "_build" / "html" / "index.html").exists()


def test_prose_is_not_executed_again_and_a_page_is_quick_to_see(small_book):
    write_page(small_book, "the number 1")
    build(small_book)
    change(small_book, "Some prose.", "Rather different prose.")
    run = build(small_book, "--page", "index")
    assert "executing" not in run.stdout
    assert "Rather different prose." in html(small_book)
    assert "a claim about the number 1" in html(small_book)


def test_a_page_without_outputs_takes_none_from_a_page_with_a_longer_name():
    [pattern] = without_outputs([Page(ROOT, "chapters/optimization/mean-field")])
    assert PurePosixPath("/book/chapters/optimization/mean-field.md").match(pattern)
    assert not PurePosixPath("/book/chapters/optimization/mean-field-limit.md").match(pattern)


def test_a_new_output_reaches_the_page_though_its_prose_is_the_same(small_book):
    """The page's source does not change, only the seed its cells run with."""
    write_page(small_book, "the number 2")
    build(small_book)
    assert "executing 1 pages" in build(small_book, "--page", "index", "--seed", "5").stdout
    facts = json.loads((small_book / "_build" / "execution.json").read_text())
    assert facts["seed"] == 5


def test_a_warning_of_sphinx_fails_the_build(small_book):
    write_page(small_book, "the number 1")
    change(small_book, "Some prose.", "See {prf:ref}`thm-nowhere`.")
    run = subprocess.run(command(small_book), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1 and "thm-nowhere" in run.stdout + run.stderr


def test_a_build_killed_at_ten_random_moments_leaves_a_tree_that_builds(small_book):
    """Every attempt has to execute and to build the site; kill -9 stops it somewhere on the way."""
    start = time.perf_counter()
    write_page(small_book, "a whole run")
    build(small_book)
    whole_run = time.perf_counter() - start
    moments = random.Random(os.getpid())
    for attempt in range(10):
        write_page(small_book, f"attempt {attempt}")
        process = subprocess.Popen(
            command(small_book), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0, whole_run))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (
            small_book / "_build" / "html"
        ).exists():  # the last site or the new one, but a whole one
            assert re.search(r"a claim about (a whole run|attempt \d)", html(small_book))
    build(small_book)
    assert "a claim about attempt 9" in html(small_book)
    assert "a claim about attempt 9" in html(small_book, "appendix/ledger")
