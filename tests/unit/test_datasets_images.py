"""Images of the reader's own come from IDX files, scaled and checked, or the digits do."""

import numpy as np
import pytest
import torch
from mathdl import datasets

from tests.unit.idx_files import packed, pair, write


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("MATHDL_IMAGES", str(tmp_path))
    return tmp_path


def test_images_come_from_the_folder_that_the_environment_names(own):
    pixels, labels = pair(own)
    images = datasets.images()
    assert images.images.dtype == torch.float64 and images.labels.dtype == torch.int64
    np.testing.assert_array_equal(images.images.cpu(), pixels / 255)
    np.testing.assert_array_equal(images.labels.cpu(), labels)


def test_of_many_images_some_at_equal_distances_are_taken(own):
    pixels, _ = pair(own, n=2500, labels=np.repeat(np.arange(5, dtype="u1"), 500))
    images, labels = datasets.images()
    assert len(images) == len(labels) == 2000
    assert torch.bincount(labels).tolist() == [400] * 5
    few = datasets.images(limit=5)
    np.testing.assert_array_equal(few.images.cpu(), pixels[::500] / 255)
    assert len(datasets.images(limit=None).labels) == 2500
    with pytest.raises(ValueError, match="limit=0"):
        datasets.images(limit=0)


def test_floats_are_taken_as_they_are_if_they_are_gray_values(own):
    pair(own)
    images = own / "train-images-idx3-ubyte"
    gray = np.linspace(0, 1, 7 * 20, dtype="f4").reshape(7, 4, 5)
    write(images, packed(gray))
    np.testing.assert_array_equal(datasets.images().images.cpu(), gray.astype("f8"))
    for wrong in (gray * 1.02, gray - 0.02, gray * np.float32("nan"), (255 * gray).astype("i2")):
        write(images, packed(wrong))
        with pytest.raises(ValueError, match="has pixels of type"):
            datasets.images()


def test_labels_count_from_zero(own):
    for wrong in (np.zeros(7, "f4"), np.full(7, -1, "i1"), np.full(7, 7, "u1")):
        pair(own, labels=wrong)
        with pytest.raises(ValueError, match="has labels of type"):
            datasets.images()
    pair(own, labels=np.array([0, 6, 0, 6, 0, 2, 2], "i4"))  # not all of them need to occur
    assert datasets.images().labels.tolist() == [0, 6, 0, 6, 0, 2, 2]


def test_images_without_pixels_are_refused(own):
    pair(own, n=0)
    with pytest.raises(ValueError, match=r"declares shape \(0, 4, 5\)"):
        datasets.images()


def test_an_empty_variable_means_the_digits(monkeypatch):
    monkeypatch.setenv("MATHDL_IMAGES", " ")
    assert datasets.images().images.shape == (1797, 8, 8)
