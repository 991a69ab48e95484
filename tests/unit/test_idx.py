"""IDX files are read completely or not at all, whatever is done to them."""

import gzip
import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mathdl import idx

from tests.unit.idx_files import CODES, packed, pair, write


@pytest.fixture
def numbers(tmp_path):
    """A file of unsigned bytes with shape (2, 3)."""
    return write(tmp_path / "numbers", packed(np.arange(6, dtype="u1").reshape(2, 3)))


@pytest.mark.parametrize("compressed", (False, True))
@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", ((5,), (2, 3), (2, 3, 4), (1, 2, 1, 3)))
def test_every_type_is_read_as_it_was_written(tmp_path, kind, shape, compressed):
    array = np.random.default_rng(1).integers(-100, 100, shape).astype(kind)
    array = array / 3 if kind[0] == "f" else array
    found = idx.read(write(tmp_path / "a", packed(array.astype(kind)), compressed))
    assert found.dtype == np.dtype(kind) and found.dtype.isnative and found.flags.writeable
    np.testing.assert_array_equal(found, array.astype(kind))


def test_more_than_one_chunk_is_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "CHUNK", 7)
    array = np.arange(100, dtype="i2").reshape(20, 5)
    for compressed in (False, True):
        np.testing.assert_array_equal(
            idx.read(write(tmp_path / "a", packed(array), compressed)), array
        )


def test_a_checksum_is_of_the_file_on_the_disk(numbers):
    checksum = hashlib.sha256(numbers.read_bytes()).hexdigest()
    assert idx.read(numbers, sha256=checksum.upper()).shape == (2, 3)
    with pytest.raises(ValueError, match=f"numbers has the SHA-256 checksum {checksum}"):
        idx.read(numbers, sha256="0" * 64)
    for none in ("", "12", "g" * 64):
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            idx.read(numbers, sha256=none)


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda b: b[:-1], "is truncated, 1 of 6 bytes"),
        (lambda b: b[:9], "is truncated, 3 of 8 bytes"),
        (lambda b: b[:3], "is truncated, 1 of 4 bytes"),
        (lambda b: b"", "is truncated, 4 of 4 bytes"),
        (lambda b: b + b"\0", "goes on after the 6 bytes"),
        (lambda b: b"\1" + b[1:], "starts with 01 00 08 02"),
        (lambda b: b[:1] + b"\1" + b[2:], "starts with 00 01 08 02"),
        (lambda b: b[:2] + b"\x0a" + b[3:], "starts with 00 00 0a 02"),
        (lambda b: b"P5 28 28 255 ", "no IDX file does"),
        (lambda b: b[:3] + b"\0" + b[4:], "declares 0 dimensions"),
        (lambda b: b[:3] + b"\x21" + b[4:], "declares 33 dimensions"),
        (lambda b: b[:4] + b"\0" * 4 + b[8:12], "declares shape (0, 3), which holds no numbers"),
        (lambda b: b[:3] + b"\3" + b"\xff" * 8 + b"\0" * 4, "0), which holds no numbers"),
        (lambda b: b[:4] + b"\xff" * 8 + b[12:], "declares 18446744065119617025 bytes"),
    ],
)
@pytest.mark.parametrize("compressed", (False, True))
def test_damage_is_named_with_the_file_and_what_to_do(tmp_path, numbers, damage, said, compressed):
    path = write(tmp_path / "damaged", damage(numbers.read_bytes()), compressed)
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        idx.read(path)
    message = str(raised.value)
    assert message.startswith(str(path)) and re.search(r": .*\b(fetch|give)\b", message)


def test_a_wrong_header_asks_for_no_memory(tmp_path, monkeypatch):
    """A gzip file may declare what it could hold: memory then grows with what it does hold."""
    claimed = np.zeros(8, "u1")
    path = write(tmp_path / "large", packed(claimed, shape=(2**32 - 1, 2**20)))
    with pytest.raises(ValueError, match="cannot hold"):
        idx.read(path)
    path = write(tmp_path / "large.gz", packed(claimed, shape=(20_000,)), compressed=True)
    monkeypatch.setattr(idx, "CHUNK", 16)
    with pytest.raises(ValueError, match="19992 of 20000 bytes"):
        idx.read(path)


def test_zeros_of_the_densest_gzip_are_read(tmp_path):
    """Deflate packs 1032 bytes of zeros into one at best; such a file is not refused."""
    array = np.zeros(10**7, "u1")
    path = write(tmp_path / "zeros", packed(array), compressed=True)
    assert path.stat().st_size * idx.DENSEST > 10**7 > path.stat().st_size * idx.DENSEST * 0.9
    assert len(idx.read(path)) == 10**7
    more = (1032 * path.stat().st_size * 102 // 100,)  # no gzip file of this size holds so many
    with pytest.raises(ValueError, match="cannot hold"):
        idx.read(write(path, packed(array, shape=more), compressed=True))


@pytest.mark.parametrize("keep", (1, 3, 12, -9, -1))
def test_a_gzip_file_that_ends_early_is_refused(tmp_path, numbers, keep):
    content = gzip.compress(numbers.read_bytes(), mtime=0)[:keep]
    path = write(tmp_path / "half.gz", content)
    with pytest.raises(ValueError, match=r"half\.gz"):
        idx.read(path)


def test_a_gzip_file_with_a_wrong_sum_is_refused(tmp_path, numbers):
    content = bytearray(gzip.compress(numbers.read_bytes(), mtime=0))
    content[-6] ^= 1  # of the CRC at its end
    with pytest.raises(ValueError, match="damaged gzip file"):
        idx.read(write(tmp_path / "sum.gz", bytes(content)))


@given(st.data())
def test_whatever_is_damaged_gives_an_array_or_a_sentence(tmp_path_factory, data):
    """Never another exception, never a part; with a checksum, no damage passes."""
    array = np.arange(12, dtype="i2").reshape(3, 4)
    compressed = data.draw(st.booleans())
    content = gzip.compress(packed(array), mtime=0) if compressed else packed(array)
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = bytes(damaged)[: data.draw(st.integers(0, len(content)))]
    damaged += data.draw(st.binary(max_size=3))
    path = write(tmp_path_factory.getbasetemp() / "damaged", damaged)
    try:
        found = idx.read(path)
    except ValueError as error:
        assert "\n" not in str(error) and str(path) in str(error)
    else:
        if compressed:  # only bytes that gzip does not use can have changed
            np.testing.assert_array_equal(found, array)
        elif found.dtype.itemsize == 2:
            assert packed(found) == damaged
    if damaged != content:
        with pytest.raises(ValueError, match="checksum"):
            idx.read(path, sha256=hashlib.sha256(content).hexdigest())


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(FileNotFoundError, match=re.escape(f"{path} is not a file")):
            idx.read(path)


@pytest.mark.parametrize("compressed", (False, True))
@pytest.mark.parametrize("name", ("train-{}-idx{}-ubyte", "t10k-{}.idx{}-ubyte", "my{}_idx{}"))
def test_a_pair_is_found_by_its_names(tmp_path, name, compressed):
    images, labels = pair(tmp_path, compressed=compressed, name=name)
    (tmp_path / "notes.txt").write_text("images of mine")
    found = idx.read_pair(tmp_path)
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.labels, labels)


def test_of_two_pairs_the_one_for_training_is_read(tmp_path):
    pair(tmp_path, n=3, name="t10k-{}-idx{}-ubyte")
    images, _ = pair(tmp_path, n=5)
    np.testing.assert_array_equal(idx.read_pair(str(tmp_path)).images, images)
    for file in tmp_path.glob("train*"):
        file.rename(tmp_path / f"other-{file.name}")
    with pytest.raises(ValueError, match="holds 2 files of images"):
        idx.read_pair(tmp_path)


def test_a_plain_file_goes_before_a_packed_one(tmp_path):
    pair(tmp_path, n=3, compressed=True)
    images, _ = pair(tmp_path, n=5)
    np.testing.assert_array_equal(idx.read_pair(tmp_path).images, images)


def test_folders_without_a_pair_say_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        idx.read_pair(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="holds no images"):
        idx.read_pair(tmp_path)
    pair(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte is missing"):
        idx.read_pair(tmp_path)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    pair(tmp_path, labels=np.arange(6, dtype="u1"))
    with pytest.raises(ValueError, match="7 images and 6 labels"):
        idx.read_pair(tmp_path)
    pair(tmp_path, labels=np.zeros((7, 1), "u1"))
    with pytest.raises(ValueError, match="3 and 2 dimensions"):
        idx.read_pair(tmp_path)
    pair(tmp_path)
    images = tmp_path / "train-images-idx3-ubyte"
    write(images, packed(np.zeros((7, 20), "u1")))
    with pytest.raises(ValueError, match="2 and 1 dimensions"):
        idx.read_pair(tmp_path)


def test_checksums_in_the_folder_are_held_against_the_files(tmp_path):
    pair(tmp_path, compressed=True)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()} {mark}{file.name}\n"
        for file, mark in zip(sorted(tmp_path.iterdir()), (" ", "*"), strict=True)
    ]
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("".join(lines) + "\n")
    assert len(idx.read_pair(tmp_path).labels) == 7
    for line in lines:
        sums.write_text("0" * 64 + line[64:])
        with pytest.raises(ValueError, match=f"{line[66:-1]} has the SHA-256 checksum"):
            idx.read_pair(tmp_path)
    checksum, name = lines[0][:64], lines[0][66:-1]
    for wrong in (
        checksum,
        f"{checksum} {name}",
        f"{checksum[1:]}  {name}",
        f"{checksum}0  {name}",
        f"g{checksum[1:]}  {name}",
        f"SHA256 ({name}) = {checksum}",
    ):
        sums.write_text(f"\n{wrong}\n")
        with pytest.raises(ValueError, match="SHA256SUMS has no checksum and file name in line 2"):
            idx.read_pair(tmp_path)


def test_a_checksum_may_name_the_file_in_a_folder(tmp_path):
    pair(tmp_path)
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  ./train-labels-idx1-ubyte\n")
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte has the SHA-256 checksum"):
        idx.read_pair(tmp_path)


def test_folders_named_like_files_are_passed_over(tmp_path):
    images, _ = pair(tmp_path, compressed=True)
    for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "SHA256SUMS"):
        (tmp_path / name).mkdir()
    np.testing.assert_array_equal(idx.read_pair(tmp_path).images, images)


def test_links_are_followed_and_broken_ones_passed_over(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    images, _ = pair(tmp_path / "elsewhere")
    for file in sorted((tmp_path / "elsewhere").iterdir()):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "train-images-idx3-ubyte.gz").symlink_to(tmp_path / "nowhere")
    np.testing.assert_array_equal(idx.read_pair(tmp_path).images, images)
