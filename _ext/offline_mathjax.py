"""Puts MathJax on the site itself, so that no reader asks another host for it.

The files come out of the installed wheel of sphinx-mathjax-offline: the one script that a page
loads, its fonts and the TeX extensions that it fetches when a formula needs them. The rest of the
wheel (20 MB) stays where it is.
"""

from pathlib import Path

from sphinx.errors import ExtensionError
from sphinx.util.fileutil import copy_asset
from sphinx.util.osutil import ensuredir

PARTS = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
)


def source():
    """The MathJax folder of the installed wheel."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        script = next(f for f in files("sphinx-mathjax-offline") or [] if f.name == "tex-chtml.js")
    except (PackageNotFoundError, StopIteration):
        raise ExtensionError(
            "MathJax is not installed; run pip install -r requirements.txt."
        ) from None
    return Path(script.locate()).parent


def copy_mathjax(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in PARTS:
        to = target / part if (source() / part).is_dir() else (target / part).parent
        ensuredir(to)
        copy_asset(str(source() / part), str(to))


def setup(app):
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
