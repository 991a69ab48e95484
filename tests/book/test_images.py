"""The pages that run on images run on other images too: on IDX files made here.

Theorems must hold on them; what was merely seen on the digits is shown there and not judged.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.idx_files import packed, write
from tools import execute, ledger
from tools.pages import Book

ROOT = Path(__file__).parents[2]
CLASSES, EACH, SIDE = 10, 120, 10


@pytest.fixture
def own_images(tmp_path, monkeypatch):
    """A folder of 10 × 10 images: each class a pattern of its own, moved about, with noise."""
    rng = np.random.default_rng(0)
    waves = np.exp(-0.15 * np.arange(-3, 4) ** 2)
    frame = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE)
    images, labels = [], np.arange(CLASSES * EACH) % CLASSES
    patterns = []
    for pattern in rng.normal(size=(CLASSES, SIDE, SIDE)):
        for axis in (0, 1):
            pattern = np.apply_along_axis(np.convolve, axis, pattern, waves, "same")
        patterns.append(pattern / abs(pattern).max() * np.outer(frame, frame))
    for label in labels:
        moved = np.roll(patterns[label], rng.integers(-1, 2, size=2), axis=(0, 1))
        images.append(np.clip(1.5 * moved + 0.05 * rng.normal(size=moved.shape), 0, 1))
    pixels = (255 * np.array(images)).astype("u1")
    write(tmp_path / "my-images-idx3-ubyte.gz", packed(pixels), compressed=True)
    write(tmp_path / "my-labels-idx1-ubyte", packed(labels.astype("u1")))
    monkeypatch.setenv("MATHDL_IMAGES", str(tmp_path))


def test_the_pages_run_on_other_images(own_images):
    book = Book(ROOT)
    pages = [page for page in book.pages if page.path.exists() and execute.own_images(page)]
    assert "symmetry/index" in {page.name for page in pages}
    executions = execute.execute(pages)
    found = ledger.collect(book, {name: run.notebook for name, run in executions.items()})
    assert found.problems_on(pages) == []
    rows = [row for row in found.rows if row["band"] == "Empirical"]
    assert not any(row["judged"] for row in rows)
