"""The digits are what they are said to be; equispaced angles are."""

import hashlib
import re

import pytest
import torch
from mathdl import datasets


def test_digits_are_scaled_and_labeled():
    images, labels, parity = datasets.digits()
    assert images.shape == (1797, 64) and images.dtype == torch.float64
    assert images.min() == 0 and images.max() == 1
    assert torch.equal(images * 16, (images * 16).round())
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert torch.equal(parity, torch.where(labels % 2 == 0, 1.0, -1.0).to(torch.float64))


def test_no_image_occurs_twice():
    assert len(torch.unique(datasets.digits().images, dim=0)) == 1797


def test_equispaced_angles_close_the_circle():
    angles = datasets.equispaced_angles(7)
    gaps = torch.diff(angles, append=angles[:1] + 2 * torch.pi)
    assert angles[0] == 0
    assert torch.allclose(gaps, torch.full_like(gaps, 2 * torch.pi / 7))


def test_every_data_file_has_its_row_with_the_right_checksum():
    folder = datasets.data_folder()
    rows = dict(
        re.findall(
            r"^\| `(\S+)` .*?\b([0-9a-f]{64})\b", folder.joinpath("README.md").read_text(), re.M
        )
    )
    files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
    files.pop("README.md")
    assert rows == {name: hashlib.sha256(f.read_bytes()).hexdigest() for name, f in files.items()}


def test_an_empty_circle_is_refused():
    with pytest.raises(ValueError, match="n=0"):
        datasets.equispaced_angles(0)


def test_missing_data_folder_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(FileNotFoundError, match="clone"):
        datasets.data_folder()


def test_images_are_the_digits_as_squares():
    images, labels = datasets.images()
    bundled = datasets.digits()
    torch.testing.assert_close(images[7, 2], bundled.images[7, 16:24])
    torch.testing.assert_close(labels, bundled.labels)
