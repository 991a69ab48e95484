"""A book of one page, whole and sound, for tests that break it in one place."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from tools import build

CONFIG = """\
title: A fixture
author: Nobody
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [sphinx_proof, sphinx_exercise]
  config:
    suppress_warnings: [mystnb.unknown_mime_type]
"""
CONTENTS = """\
format: jb-book
root: chapters/index
chapters:
  - file: chapters/appendix/ledger
"""
HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
description: A page of a test.
---

"""
PAGE = (
    HEADER
    + """\
(fixture)=
# Least squares

No other page is needed.

```{prf:theorem} What least squares fits of pure noise
:label: thm-noise

With $p$ orthonormal features and $n$ points, least squares fits the part $p/n$ of the noise.
```

```{prf:proof}
The fit is a projection on a space of dimension $p$.
```

```{code-cell} ipython3
from mathdl import device, theory
from mathdl.book import Exact, MonteCarlo, predict

p, n, replicates = 32, 64, 2000
share = theory.estimation.fixed_design_error(p, n, 1.0)
fitted = predict("thm-noise", "fitted noise", share)
```

```{code-cell} ipython3
noise = device.generator("fixture").normal(size=(replicates, n))
fitted.check((noise[:, :p] ** 2).sum(axis=1) / n, MonteCarlo())
```

```{exercise} ✍ Twice the points
:label: ex-noise

What does {prf:ref}`thm-noise` say for twice as many points?
```

```{solution-start} ex-noise
:label: sol-noise
:class: dropdown
```

Half as much.

```{solution-end}
```
"""
)
PREDICTED = "theory.estimation.fixed_design_error(p, n, 1.0)"
PROOF = PAGE[PAGE.index("```{prf:proof}") : PAGE.index("```{code-cell}")]
FIRST_CELL = PAGE[
    PAGE.index("from mathdl import") : PAGE.index("```\n\n```{code-cell} ipython3\nnoise")
]


def write_book(root: Path, page: str = PAGE, **more: str) -> Path:
    """Write the fixture book into a folder, with more chapters if given, and return the folder."""
    names = "".join(f"  - file: chapters/{name}\n" for name in more)
    texts = {"_config.yml": CONFIG, "_toc.yml": CONTENTS + names, "chapters/index.md": page}
    texts |= {f"chapters/{name}.md": text for name, text in more.items()}
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def changed(old: str, new: str, page: str = PAGE) -> str:
    """The page with one passage replaced, which must be there."""
    assert page.count(old) == 1, f"{old!r} stands {page.count(old)} times on the page"
    return page.replace(old, new)


def build_claims(root: Path) -> tuple[int, str]:
    """Lint, execute and collect a book; the exit status and what was said on standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = build.main(["--root", str(root), "--no-site"])
    return status, said.getvalue()
