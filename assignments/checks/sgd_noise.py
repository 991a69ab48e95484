"""Hidden checks of the assignment on whom stochastic gradient descent should ask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from assignments.checks import Wrong, plain, prop, same

Array = np.ndarray
STEP_ERROR = 1e-3  # that a largest step may have, ten times what the question asks for


def chances(rng: np.random.Generator, n: int) -> Array:
    """Probabilities, none of them small and no two alike."""
    p = rng.permutation(np.linspace(1, 3, n)) * rng.uniform(0.9, 1.1, n)
    return p / p.sum()


def regression(rng: np.random.Generator, n: int, d: int) -> Array:
    """Rows (n, d) of very different lengths that span all directions."""
    basis = np.linalg.qr(rng.standard_normal((n, d)))[0] * rng.uniform(1, 2, d)
    lengths = rng.permutation(np.geomspace(0.5, 2, n))
    return n**0.5 * lengths[:, None] * basis @ np.linalg.qr(rng.standard_normal((d, d)))[0]


def by_length(phi: Array) -> Array:
    squares = (phi**2).sum(1)
    return squares / squares.sum()


def batches(weighted: Array, p: Array, B: int) -> Iterator[tuple[float, Array]]:
    """The chance of each ordered batch, and the mean of its weighted gradients or matrices."""
    for pick in product(range(len(p)), repeat=B):
        yield float(p[list(pick)].prod()), weighted[list(pick)].mean(0)


def curvatures(phi: Array, p: Array) -> Array:
    """The matrix A of each example alone, (n, d, d)."""
    return phi[:, :, None] * phi[:, None, :] / (len(p) * p)[:, None, None]


def moment_map(phi: Array, p: Array, eta: float, B: int) -> Array:
    """M -> E (I - eta A) M (I - eta A) as a symmetric matrix (d², d²)."""
    eye, H, each = np.eye(phi.shape[1]), phi.T @ phi / len(phi), curvatures(phi, p)
    pairs = sum(q * np.kron(a, a) for q, a in zip(p, each, strict=True)) / B + (
        1 - 1 / B
    ) * np.kron(H, H)
    return np.eye(len(eye) ** 2) - eta * (np.kron(H, eye) + np.kron(eye, H)) + eta**2 * pairs


def radius(phi: Array, p: Array, eta: float, B: int) -> float:
    """The spectral radius of the moment map."""
    return float(np.abs(np.linalg.eigvalsh(moment_map(phi, p, eta, B))).max())


def late_moment(phi: Array, y: Array, p: Array, eta: float) -> Array:
    """E e eᵀ after 2^20 steps from 0, by the exact linear map of (1, E e, E e eᵀ)."""
    n, d = phi.shape
    best = np.linalg.lstsq(phi, y, rcond=None)[0]
    eye, total = np.eye(d), np.zeros((1 + d + d * d,) * 2)
    total[0, 0] = 1
    for q, A, row, r in zip(p, curvatures(phi, p), phi, phi @ best - y, strict=True):
        keep, kick = eye - eta * A, -eta * r * row[:, None] / (n * q)
        mixed = np.kron(keep, kick) + np.kron(kick, keep)  # of E e in the next E e eᵀ
        total[1 : 1 + d, : 1 + d] += q * np.hstack([kick, keep])
        total[1 + d :] += q * np.hstack([np.kron(kick, kick), mixed, np.kron(keep, keep)])
    start = np.concatenate([[1.0], -best, np.outer(best, best).ravel()])
    return (np.linalg.matrix_power(total, 2**20) @ start)[1 + d :].reshape(d, d)


def own_rows(numbers) -> Array:
    """The rows of this student, as the notebook makes them."""
    n, d = numbers.n, numbers.d
    waves = 0.7 * np.outer(np.arange(1, n + 1), np.arange(1, d + 1))
    rows = np.cos(waves + numbers.turn * np.arange(1, d + 1) ** 2)
    return rows * np.geomspace(0.4, 2.5, n)[:, None] / np.linalg.norm(rows, axis=1)[:, None]


def own_floors(numbers, wrong: int) -> list[float]:
    """The floors of this student, for equal chances and by length, with one wrong label."""
    rows = own_rows(numbers)
    labels = rows.sum(1) + 3 * np.eye(len(rows))[wrong]
    H, uniform = rows.T @ rows / len(rows), np.full(len(rows), 1 / len(rows))
    late = [late_moment(rows, labels, p, 0.1) for p in (uniform, by_length(rows))]
    return [float(np.trace(H @ M)) / 2 for M in late]


def not_zero(found: object, what: str) -> None:
    if not bool(plain(found, what).any()):
        raise Wrong(f"{what} is 0.")


def fall_to(phi: Array, p: Array, step: float, B: int, what: str) -> None:
    """Raise Wrong unless the mean square falls up to `step`, and no further."""
    if not step > 0 or radius(phi, p, (1 - STEP_ERROR) * step, B) >= 1:
        raise Wrong(f"{what}: the mean square does not fall a little below this step.")
    if radius(phi, p, (1 + STEP_ERROR) * step, B) <= 1:
        raise Wrong(f"{what}: the mean square still falls a little above this step.")


def same_pair(found: object, goals: list[float], what: str) -> None:
    """Raise Wrong unless `found` is a tuple, a list or an array of the two numbers."""
    numbers = (
        list(found) if isinstance(found, tuple | list) else list(plain(found, what).reshape(-1))
    )
    if len(numbers) != 2:
        raise Wrong(f"{what} has {len(numbers)} numbers instead of two.")
    for chosen, number, goal in zip(("equal chances", "length"), numbers, goals, strict=True):
        same(number, goal, f"The number of {what} for {chosen}")


@prop("noise-covariance", points=2)
def all_batches(student, rng, numbers):
    """the covariance is that of all batches, listed with their chances"""
    for B in (1, 2, 3):
        g, p = rng.standard_normal((4, 3)), chances(rng, 4)
        scatter = [(q, mean - g.mean(0)) for q, mean in batches(g / (4 * p)[:, None], p, B)]
        listed = sum(q * np.outer(c, c) for q, c in scatter)
        same(student.noise_covariance(g, p, B), listed, f"The covariance for 4 gradients, B = {B},")


@prop("noise-covariance", points=1)
def equal_chances(student, rng, numbers):
    """with equal chances the covariance is that of the chapter, Σ / B"""
    g, B = rng.standard_normal((9, 3)), int(rng.integers(2, 8))
    centered = g - g.mean(0)
    found = student.noise_covariance(g, np.full(9, 1 / 9), B)
    same(
        found, centered.T @ centered / (9 * B), f"The covariance for equal chances, n = 9, B = {B}"
    )


@prop("noise-covariance", points=1)
def quiet(student, rng, numbers):
    """gradients g_i = n p_i v make no noise, and others do"""
    p, v = chances(rng, 6), rng.standard_normal(3)
    g = np.outer(6 * p, v)
    same(student.noise_covariance(g, p, 1), np.zeros((3, 3)), "The covariance for g_i = n p_i v")
    not_zero(student.noise_covariance(g[::-1].copy(), p, 1), "The covariance for other gradients")


@prop("best-probabilities", points=2)
def least_noise(student, rng, numbers):
    """no probabilities make less noise"""
    for n in (5, 12):
        g = rng.standard_normal((n, 3)) * rng.uniform(0.2, 2, (n, 1))
        p = plain(student.best_probabilities(g), "The probabilities").numpy()
        if p.shape != (n,) or not (p > 0).all() or abs(p.sum() - 1) > 1e-9:
            raise Wrong(f"For {n} gradients the values are no positive probabilities: {p}.")
        lengths = np.linalg.norm(g, axis=1)
        least = lengths.mean() ** 2 - (g.mean(0) ** 2).sum()
        noise = (lengths**2 / p).sum() / n**2 - (g.mean(0) ** 2).sum()
        same(noise, least, f"The total noise with your chances, for {n} gradients in 3 dimensions,")


@prop("best-probabilities", points=1)
def turned(student, rng, numbers):
    """turning and scaling all gradients leaves the probabilities, which sum to 1"""
    g, c = rng.standard_normal((7, 3)), float(rng.uniform(2, 5))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    p = student.best_probabilities(g)
    same(plain(p, "The probabilities").sum(), 1, "The sum of the probabilities")
    same(student.best_probabilities(g @ turn), p, "The probabilities of turned gradients")
    same(student.best_probabilities(c * g), p, "The probabilities of scaled gradients")


@prop("second-moment", points=2)
def all_steps(student, rng, numbers):
    """the second moment is that of all batches, listed with their chances"""
    for B in (1, 2, 3):
        phi, p, eta = regression(rng, 4, 3), chances(rng, 4), float(rng.uniform(0.1, 0.3))
        M = rng.standard_normal((3, 3))
        M = M + M.T
        each = np.eye(3) - eta * curvatures(phi, p)
        listed = sum(q * K @ M @ K for q, K in batches(each, p, B))
        found = student.second_moment(M, phi, p, eta, B)
        same(found, listed, f"The second moment for 4 rows in 3 dimensions, B = {B},")


@prop("second-moment", points=1)
def linear(student, rng, numbers):
    """the map is linear in M, the identity for step 0, and knows only eta times squared lengths"""
    phi, p, eta = regression(rng, 9, 3), chances(rng, 9), float(rng.uniform(0.1, 0.3))
    first, second = (x + x.T for x in rng.standard_normal((2, 3, 3)))
    B, c = 3, float(rng.uniform(2, 3))
    found = student.second_moment(first + c * second, phi, p, eta, B)
    parts = [plain(student.second_moment(M, phi, p, eta, B), "A moment") for M in (first, second)]
    same(found, parts[0] + c * parts[1], "The second moment of a sum", atol=1e-7)
    same(student.second_moment(first, phi, p, 0.0, B), first, "The second moment after step 0")
    found = student.second_moment(first, c * phi, p, eta / c**2, B)
    same(found, parts[0], f"The second moment for {c:.2g} times the rows", atol=1e-7)


@prop("second-moment", points=1)
def projections(student, rng, numbers):
    """by length, one example and the step 1 / tr H, each step is a projection along its row"""
    phi = regression(rng, 8, 3)
    p, M = by_length(phi), np.diag(rng.uniform(1, 2, 3))
    units = phi / np.linalg.norm(phi, axis=1, keepdims=True)
    each = np.eye(3) - units[:, :, None] * units[:, None, :]
    found = student.second_moment(M, phi, p, 8 / float((phi**2).sum()), 1)
    same(
        found,
        sum(q * K @ M @ K for q, K in zip(p, each, strict=True)),
        "The mean over the projections",
    )


@prop("largest-step", points=2)
def threshold(student, rng, numbers):
    """the mean square falls with a step a little below the largest, and grows a little above it"""
    for B in (1, 2, 5):
        phi, p = regression(rng, 7, 3), chances(rng, 7)
        step = float(plain(student.largest_step(phi, p, B), "The largest step"))
        fall_to(phi, p, step, B, f"7 rows in 3 dimensions, B = {B}, your step {step:.6g}")


@prop("largest-step", points=1)
def drawn_by_length(student, rng, numbers):
    """drawn by length, one example a step allows steps up to 2 / tr H, whatever the rows are"""
    for n, d in ((5, 2), (9, 3)):
        phi = regression(rng, n, d)
        found = student.largest_step(phi, by_length(phi), 1)
        what = f"The largest step for {n} rows in {d} dimensions, drawn by length,"
        same(found, 2 * n / (phi**2).sum(), what, rtol=STEP_ERROR)


@prop("largest-step", points=1)
def large_batch(student, rng, numbers):
    """with very large batches the largest step is that of gradient descent, 2 / Λ"""
    phi = regression(rng, 8, 3)
    found = student.largest_step(phi, chances(rng, 8), 10**9)
    top = np.linalg.eigvalsh(phi.T @ phi / 8)[-1]
    same(found, 2 / top, "The largest step for 8 rows and B = 10⁹", rtol=STEP_ERROR)


@prop("largest-step", points=1)
def own_uniform_step(student, rng, numbers):
    """uniform_step is the largest step for your rows and equal chances"""
    phi, equal = own_rows(numbers), np.full(numbers.n, 1 / numbers.n)
    step = float(plain(student.uniform_step, "uniform_step"))
    fall_to(phi, equal, step, 1, f"Your rows, equal chances, uniform_step = {step:.6g}")


@prop("largest-step", points=1)
def own_length_step(student, rng, numbers):
    """length_step is the largest step for your rows and chances by length"""
    goal = 2 * numbers.n / (own_rows(numbers) ** 2).sum()
    same(student.length_step, goal, "length_step", rtol=STEP_ERROR)


@prop("plateau", points=2)
def long_run(student, rng, numbers):
    """the floor is the mean excess loss after very many steps, computed by exact moments"""
    for n, d in ((4, 1), (5, 2), (7, 3)):
        phi, p, y = regression(rng, n, d), chances(rng, n), rng.standard_normal(n)
        eta = 1.5 / float(((phi**2).sum(1) / (n * p)).max())
        excess = np.trace(phi.T @ phi / n @ late_moment(phi, y, p, eta)) / 2
        what = f"The floor for {n} rows in {d} dimensions and the step {eta:.3g}"
        same(student.plateau(phi, y, p, eta), excess, what)


@prop("plateau", points=1)
def labels_that_fit(student, rng, numbers):
    """the floor is 0 for labels that fit, quadratic in labels, and unchanged by labels that fit"""
    phi, p, y = regression(rng, 8, 3), chances(rng, 8), rng.standard_normal(8)
    fits, eta = phi @ rng.standard_normal(3), 0.5 / float(((phi**2).sum(1) / (8 * p)).max())
    same(student.plateau(phi, fits, p, eta), 0, "The floor for labels that fit")
    found = student.plateau(phi, y, p, eta)
    not_zero(found, "The floor for labels that do not fit")
    four = 4 * plain(found, "The floor")
    same(student.plateau(phi, 2 * y + fits, p, eta), four, "The floor for twice the labels")


@prop("plateau", points=1)
def small_step(student, rng, numbers):
    """for a very small step the floor is a quarter of the step times the noise at the minimizer"""
    for d in (2, 3):
        phi, p, y = regression(rng, 8, d), chances(rng, 8), rng.standard_normal(8)
        eta = 1e-6 / float(((phi**2).sum(1) / (8 * p)).max())
        r = phi @ np.linalg.lstsq(phi, y, rcond=None)[0] - y
        quarter = (r**2 * (phi**2).sum(1) / p).sum() / 64 / 4
        per_step = plain(student.plateau(phi, y, p, eta), "The floor") / eta
        same(per_step, quarter, f"The floor over the step for 8 rows, d = {d},", rtol=1e-4)


@prop("plateau", points=1)
def own_short_floors(student, rng, numbers):
    """short_floors are the two floors of your rows when the first label is wrong"""
    same_pair(student.short_floors, own_floors(numbers, 0), "short_floors")


@prop("plateau", points=1)
def own_long_floors(student, rng, numbers):
    """long_floors are the two floors of your rows when the last label is wrong"""
    same_pair(student.long_floors, own_floors(numbers, -1), "long_floors")
