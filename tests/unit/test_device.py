"""Device, precision and random streams follow the environment and nothing else."""

import zlib

import numpy as np
import pytest
import torch
from mathdl import device


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("MATHDL_DEVICE", raising=False)
    monkeypatch.delenv("MATHDL_SEED", raising=False)


def test_cuda_is_taken_where_it_is_present(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.device() == torch.device("cpu")


def test_mps_is_taken_only_when_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.device() == torch.device("cpu")
    assert device.dtype() is torch.float64
    monkeypatch.setenv("MATHDL_DEVICE", "mps")
    assert device.device() == torch.device("mps")
    assert device.dtype() is torch.float32


def test_the_environment_overrides_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("MATHDL_DEVICE", "cpu")
    assert device.device() == torch.device("cpu")


@pytest.mark.parametrize("name", ("cuda", "cuda:1", "mps"))
def test_a_missing_device_is_named(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("MATHDL_DEVICE", name)
    with pytest.raises(RuntimeError, match=f"MATHDL_DEVICE='{name}' asks for a device"):
        device.device()


def test_a_second_gpu_has_to_exist(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("MATHDL_DEVICE", "cuda:1")
    with pytest.raises(RuntimeError, match="cuda:1"):
        device.device()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.device() == torch.device("cuda:1")


@pytest.mark.parametrize("name", ("gpu", "meta", "cuda:x"))
def test_a_name_that_is_no_device(monkeypatch, name):
    monkeypatch.setenv("MATHDL_DEVICE", name)
    with pytest.raises(ValueError, match=f"MATHDL_DEVICE='{name}' names no device"):
        device.device()


def test_seed_is_zero_unless_set(monkeypatch):
    assert device.seed() == 0
    monkeypatch.setenv("MATHDL_SEED", "12345")
    assert device.seed() == 12345


@pytest.mark.parametrize("text", ("-1", "1.5", "seven", "0x10", "²"))
def test_a_seed_is_a_non_negative_integer(monkeypatch, text):
    monkeypatch.setenv("MATHDL_SEED", text)
    with pytest.raises(ValueError, match="MATHDL_SEED=.* is not a seed"):
        device.generator("page")


def test_generator_is_the_documented_stream(monkeypatch):
    monkeypatch.setenv("MATHDL_SEED", "7")
    sequence = np.random.SeedSequence([7, zlib.crc32(b"barron-space")])
    expected = np.random.default_rng(sequence).normal(size=4)
    assert np.array_equal(device.generator("barron-space").normal(size=4), expected)


def test_labels_and_seeds_give_different_streams(monkeypatch):
    first = device.generator("a").normal(size=4)
    assert not np.array_equal(first, device.generator("b").normal(size=4))
    monkeypatch.setenv("MATHDL_SEED", "1")
    assert not np.array_equal(first, device.generator("a").normal(size=4))


def test_tensor_converts_floats_and_keeps_integers():
    assert device.tensor(np.ones(2, dtype=np.float32)).dtype is torch.float64
    assert device.tensor([True, False]).dtype is torch.bool
    assert device.tensor(np.arange(3, dtype=np.int32)).dtype is torch.int32
    assert device.tensor(0.5).shape == ()


def test_tensor_is_a_copy():
    array = np.zeros(2)
    device.tensor(array)[0] = 1
    assert array[0] == 0


def test_float32_keeps_its_digits_on_cuda():
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
