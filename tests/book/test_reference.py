"""The library reference: complete, deterministic, clean MyST, and its examples run."""

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools import reference
from tools.docstrings import Links, to_myst

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lib" / "mathdl"
MODULES = [".".join(["mathdl", m.name]).rstrip(".") for m in reference.modules(PACKAGE)]

EXTENSIONS = yaml.safe_load((ROOT / "_config.yml").read_text())["parse"]["myst_enable_extensions"]

NORMS = '''\
"""Norms of vectors."""

import torch


def path_norm(outer_weights: torch.Tensor, inner_weights: torch.Tensor, *, p: int = 1) -> float:
    """Sum of |a| times the p-norm of w, as in `ball` and `other.helper`.

    Args:
        outer_weights: shape (m,), and 2 * 3 * 4 is not emphasis
            and goes on here
        inner_weights (Tensor): shape (m, d)

    Returns:
        the norm

    Raises:
        ValueError: if p < 1

    Source: Barron (1993), Theorem 1, with interval [0, 1](x).

    Example:
        >>> path_norm(1, 2)
        2
    """


class ball:
    """A ball of radius r.

    Parameters
    ----------
    r : float
        the radius

    Examples
    --------
    >>> ball(1)

    >>> ball(2)
    """

    def __init__(self, r: float = 1.0, **rest): ...

    def volume(self) -> float:
        """The volume."""


def Ball(r):
    """Not the class of nearly the same name.

    >>> Ball(1)
    """


def _private(): ...
'''


def package(folder: Path, norms: str = NORMS) -> Path:
    root = folder / "tiny"
    root.mkdir()
    (root / "__init__.py").write_text('"""A tiny package: see `tiny.norms`."""\n')
    (root / "norms.py").write_text(norms)
    (root / "other.py").write_text(
        '"""Others."""\n\n\ndef helper():\n    """Help.\n\n    >>> helper()\n    """\n'
    )
    return root


def sphinx_warnings(folder: Path, page: str) -> str:
    """What Sphinx says about the page, with every unresolved reference reported."""
    source = folder / "source"
    source.mkdir()
    (source / "index.md").write_text(page, encoding="utf-8")
    (source / "conf.py").write_text(
        f"extensions = ['myst_parser']\nmyst_enable_extensions = {EXTENSIONS}\n"
        "html_theme = 'basic'\n"
    )
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-n", str(source), str(folder / "html")]
    return subprocess.run(sphinx, capture_output=True, text=True).stderr


def test_page_of_a_tiny_package(tmp_path):
    page = reference.render(package(tmp_path))
    assert "(library)=\n# The library\n" in page
    assert "[`tiny.norms`](#lib-norms)" in page
    assert page.index("## tiny.norms") < page.index("### `path_norm`") < page.index("## tiny.other")
    assert "def _private" not in page and "_private" not in page
    assert "    *,\n    p: int = 1,\n) -> float" in page
    assert "- `outer_weights`: shape (m,), and 2 \\* 3 \\* 4 is not emphasis\n  and goes on" in page
    assert "- `inner_weights` (Tensor): shape (m, d)" in page
    assert "- `ValueError`: if p \\< 1" in page
    assert "interval \\[0, 1\\](x)." in page
    assert "```pycon\n>>> path_norm(1, 2)\n2\n```" in page
    assert "- `r` (float)\n  the radius" in page
    assert ">>> ball(1)\n\n>>> ball(2)\n```" in page
    assert "class ball(r: float = 1.0, **rest)" in page
    assert "#### `ball.volume`" in page
    assert "[`ball`](#lib-norms-ball-class) and [`other.helper`](#lib-other-helper)" in page


def test_page_of_a_tiny_package_is_clean_sphinx(tmp_path):
    assert sphinx_warnings(tmp_path, reference.render(package(tmp_path))) == ""


def test_a_dangling_link_would_be_noticed(tmp_path):
    assert "nowhere" in sphinx_warnings(tmp_path, "# A page\n\n[`x`](#nowhere)\n")


def test_missing_docstring_and_missing_example_are_one_sentence_each(tmp_path):
    bare = '"""Norms."""\n\n\ndef f(): ...\n\n\ndef g():\n    """Compute."""\n'
    root = package(tmp_path, bare)
    found = reference.problems(root)
    assert [problem.partition(".py:")[2] for problem in found] == [
        "4: f has no docstring; say what it computes or rename it _….",
        "7: g shows no example; add one that starts with >>>.",
    ]
    with pytest.raises(SystemExit, match="f has no docstring"):
        reference.write_page(tmp_path / "library.md", root)
    assert not (tmp_path / "library.md").exists()


def test_module_without_docstring(tmp_path):
    found = reference.problems(package(tmp_path, "WIDTH = 3\n"))
    assert len(found) == 1 and "norms.py:1: the module has no docstring" in found[0]


def test_records_and_exceptions_need_no_example_but_classes_that_act_do(tmp_path):
    norms = '"""N."""\n\n\nclass Point(NamedTuple):\n    """A point."""\n\n    x: float\n'
    norms += '\n\nclass Lost(ValueError):\n    """Gone."""\n'
    root = package(tmp_path, norms)
    assert reference.problems(root) == []
    acts = norms + '\n\nclass Acts:\n    """Acts."""\n'
    (root / "norms.py").write_text(acts)
    assert len(reference.problems(root)) == 1
    acts = norms.replace("x: float", "x: float\n\n    def move(self):\n        ...")
    (root / "norms.py").write_text(acts)
    assert "Point shows no example" in reference.problems(root)[0]


def test_a_folder_decides_what_of_it_is_public(tmp_path):
    root = package(tmp_path)
    folder = root / "page"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        '"""Page."""\n\nfrom tiny.page.show import helper, show\n\n__all__ = ["show"]\n'
    )
    shown = '"""Shown."""\n\n\ndef show():\n    """Show.\n\n    >>> show()\n    """\n'
    (folder / "show.py").write_text(shown + "\n\ndef helper(): ...\n")
    (folder / "inner.py").write_text("def inner(): ...\n")
    assert reference.problems(root) == [
        f"{folder / 'inner.py'}:1: the module has no docstring; say in it what it is for."
    ]
    (folder / "inner.py").write_text('"""Inner."""\n\n\ndef inner(): ...\n')
    page = reference.render(root)
    assert (
        "### `show`" in page
        and "def inner" not in page
        and "page.inner" not in page
        and page.count("helper()") == 2
    )


@pytest.mark.parametrize(
    ("text", "myst"),
    [
        ("rate $c_d / m$ of `m` *random* neurons", "rate $c_d / m$ of `m` *random* neurons"),
        ("see :func:`f`", "see `f`"),
        ("a\n\n    1 + 1\n\nb", "a\n\n```text\n1 + 1\n```\n\nb"),
        ("{cite}`barron`", "{cite}`barron`"),
        ("a: (m,)\nb, c: two\n  lines", "- `a`: (m,)\n- `b, c`: two\n  lines"),
    ],
)
def test_inline_markup(text, myst):
    assert to_myst(text, Links("tiny", {})) == myst


def test_library_page_is_complete_deterministic_and_clean(tmp_path):
    assert reference.problems(PACKAGE) == []
    page = tmp_path / "library.md"
    reference.write_page(page, PACKAGE)
    written = page.read_text(encoding="utf-8")
    assert str(ROOT) not in written
    assert written == reference.render(PACKAGE)
    assert sphinx_warnings(tmp_path, written) == ""


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_library_run(name):
    failed, _ = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert failed == 0


def test_the_package_says_where_every_module_is():
    """A page of forty modules is of use only to those who know which one to look at."""
    import mathdl

    listed = set(re.findall(r"`([\w.]+)`", mathdl.__doc__))
    folders = {path.parent.name for path in (ROOT / "lib/mathdl").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "lib/mathdl").glob("[!_]*.py")}
    named = {name.removeprefix("mathdl.") for name in listed}
    assert folders | files == named


def test_the_library_page_follows_that_order():
    names = [module.name for module in reference.modules(PACKAGE)]
    assert names[:5] == ["", "models", "models.deep", "models.images", "models.shallow"]
    assert names.index("training") < names.index("circle") < names.index("theory")
