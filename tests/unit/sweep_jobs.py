"""Jobs for the tests of sweeps, in a file of their own so that worker processes can import them."""

import os
import time

import numpy as np
import torch
from mathdl import device


def statistics(n: int, seed: int) -> dict:
    """Numbers whose last bits show every difference in the order of summation."""
    draws = device.generator(f"sweep-{seed}").normal(size=(n, n))
    product = torch.from_numpy(draws) @ torch.from_numpy(draws.T)
    return {
        "trace": product.trace(),
        "mean": np.float32(draws.mean()),
        "largest": torch.linalg.eigvalsh(product)[-3:],
        "threads": torch.get_num_threads(),
        "bars": os.environ.get("MATHDL_STATIC", "shown"),
    }


def logged(log: str, seed: int) -> dict:
    """Append seed and process to a log, so that executions can be counted, and take some time."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{seed} {os.getpid()}\n".encode())
    os.close(descriptor)
    time.sleep(float(os.environ.get("PAUSE", 0)))
    return {"draws": device.generator(f"logged-{seed}").normal(size=20), "nan": float("nan")}


def kills_its_worker(seed: int) -> dict:
    """Die as a process that runs out of memory does."""
    if seed == 1:
        os._exit(9)
    return {"seed squared": seed**2}
