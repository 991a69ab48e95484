"""JAX, jitted, with all steps in one scan: gradients by autodiff, and derived by hand.

The rival that counts is the best of many ways to write the same thing; which of them it is differs
from shape to shape. Everything here runs on one thread.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
    + os.environ.get("XLA_FLAGS", "")
)

import jax
import jax.numpy as jnp
import numpy as np
import torch
from mathdl import models

from benchmarks.rivals_work import Work

jax.config.update("jax_enable_x64", True)

CHUNK = 64  # steps whose batches are drawn at once
Run = Callable[[], models.TwoLayer]
Gradient = Callable[[Any, Any, Any], Any]  # of one network: P (d + 2, m), x (d + 1, n), y (n,)


def autodiff(P: Any, x: Any, y: Any) -> Any:
    """The gradient that JAX finds itself."""

    def loss(P: Any) -> Any:
        f = jax.nn.relu(x.T @ P[:-1]) @ P[-1] / P.shape[1]
        return 0.5 * jnp.mean((f - y) ** 2)

    return jax.grad(loss)(P)


def by_hand(samples_first: bool, block: int) -> Gradient:
    """g_j = Σ_i r_i 1[v_j · x_i > 0] x_i, ∂L/∂v_j = (s/n) a_j g_j and ∂L/∂a_j = (s/n) v_j · g_j.

    The activations are (n, m) or (m, n), and worked through in blocks of samples.
    """

    def part(v: Any, a: Any, x: Any, y: Any) -> Any:
        if samples_first:
            z = x.T @ v
            r = jax.nn.relu(z) @ a / len(a) - y
            return x @ jnp.where(z > 0, r[:, None], 0)
        z = v.T @ x
        r = a @ jax.nn.relu(z) / len(a) - y
        return (jnp.where(z > 0, r, 0) @ x.T).T

    def gradient(P: Any, x: Any, y: Any) -> Any:
        v, a, n = P[:-1], P[-1], len(y)
        if block and n % block == 0 and n > block:
            blocks = (x.reshape(len(x), -1, block).swapaxes(0, 1), y.reshape(-1, block))
            g, _ = jax.lax.scan(
                lambda g, xy: (g + part(v, a, *xy), None), jnp.zeros_like(v), blocks
            )
        else:
            g = part(v, a, x, y)
        return jnp.concatenate([a * g, jnp.sum(v * g, 0)[None]]) / (len(a) * n)

    return gradient


def over_members(gradient: Gradient, members: int) -> Gradient:
    """All networks at once (members = 0), one after the other (1), or some at a time."""

    def mapped(P: Any, x: Any, y: Any) -> Any:
        axes = (0, 0 if x.ndim == 3 else None, 0 if y.ndim == 2 else None)
        if members == 0:
            return jax.vmap(gradient, axes)(P, x, y)
        size = None if members == 1 else members
        if x.ndim == 3:
            return jax.lax.map(lambda p: gradient(*p), (P, x, y), batch_size=size)
        return jax.lax.map(lambda p: gradient(p, x, y), P, batch_size=size)

    return mapped


def train(work: Work, gradient: Gradient, unroll: int) -> Run:
    """All steps in one scan; with batches, the steps of one chunk of them."""
    a, w, b = work.networks()
    P0 = jnp.asarray(torch.cat([w.mT, b[:, None], a[:, None]], 1).numpy())
    x, y = (jnp.asarray(part.numpy()) for part in work.data())
    x = jnp.concatenate([x, jnp.ones_like(x[:, :1])], 1)  # rows, from which batches are gathered
    columns = x.T

    def descend(state: Any, batch: Any) -> Any:
        P, m, v, t = state
        if work.rule == "sgd":
            return (P - work.lr * gradient(P, x[batch].swapaxes(1, 2), y[batch]), m, v, t), None
        g = gradient(P, columns, y)
        if work.rule == "gd":
            return (P - work.lr * g, m, v, t), None
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return (P - work.lr * mean / (jnp.sqrt(square) + 1e-8), m, v, t), None

    @jax.jit
    def chunk(state: Any, batches: Any) -> Any:
        length = None if work.rule == "sgd" else work.steps
        return jax.lax.scan(descend, state, batches, length=length, unroll=unroll)[0]

    def run() -> models.TwoLayer:
        zero = jnp.zeros_like(P0) if work.rule == "adam" else jnp.zeros((), P0.dtype)
        state = (P0, zero, zero, jnp.zeros((), P0.dtype))
        for batches in _chunks(work):
            state = chunk(state, batches)
        P = torch.from_numpy(np.array(state[0].block_until_ready()))
        return models.TwoLayer(a=P[:, -1], w=P[:, :-2].mT, b=P[:, -2])

    return run


def _chunks(work: Work) -> Iterator[Any]:
    batches = work.batches()
    if batches is None:
        yield None
    else:
        for start in range(0, work.steps, CHUNK):
            drawn = batches.draw(work.n, work.E, min(CHUNK, work.steps - start))
            yield drawn.astype(np.int32)


def autodiff_rivals(work: Work) -> dict[str, Run]:
    """jit + vmap + scan with JAX's own gradient, all at once or one after the other."""
    return {
        f"autodiff, {_words(members)}": train(work, over_members(autodiff, members), 1)
        for members in _groups(work)
    }


def by_hand_rivals(work: Work) -> dict[str, Run]:
    """Every way to write the gradient by hand: order, blocks, unrolled steps."""
    large = work.n * work.m > 2**18 and work.rule != "sgd"
    blocks = [0, *(size for size in (250, 256, 500, 512) if large and work.n % size == 0)]
    ways = itertools.product([True, False], _groups(work), blocks, [1] if large else [1, 4])
    return {
        f"{'(n, m)' if first else '(m, n)'}, {_words(members)}, blocks of {block or 'all'}, "
        f"unroll {unroll}": train(work, over_members(by_hand(first, block), members), unroll)
        for first, members, block, unroll in ways
    }


def _groups(work: Work) -> list[int]:
    return [0] if work.E == 1 else [0, 1, 8]


def _words(members: int) -> str:
    return {0: "vmap", 1: "map"}.get(members, f"map of {members}")
