"""Hidden checks of the assignment on supervised learning: risks, best fits and the three errors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from assignments.checks import Wrong, plain, prop, same

LOSSES = ("squared", "logistic")


def normal(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape))


def weights(rng: np.random.Generator, count: int) -> Tensor:
    """Probabilities, none of them small and no two alike."""
    p = torch.from_numpy(rng.permutation(np.linspace(1, 4, count)))
    return p / p.sum()


def signs(rng: np.random.Generator, count: int) -> Tensor:
    """Labels ±1, both of which occur."""
    return torch.from_numpy(rng.permutation(np.resize([1.0, -1.0], count)))


def each_loss(f: Tensor, y: Tensor, loss: str) -> Tensor:
    return (f - y) ** 2 if loss == "squared" else torch.log1p(torch.exp(-y * f))


def not_zero(found: object, what: str) -> Tensor:
    seen = plain(found, what)
    if not float(seen.abs().max()) > 1e-6:
        raise Wrong(f"{what} should not be 0.")
    return seen


def shortest(phi: Tensor, y: Tensor, p: Tensor) -> Tensor:
    """The shortest minimizer of the weighted squared error."""
    root = p.sqrt()
    return torch.linalg.pinv(root[:, None] * phi, rtol=1e-10) @ (root * y)


def fit(phi: Tensor, y: Tensor) -> Tensor:
    return shortest(phi, y, torch.full_like(y, 1 / len(y)))


def dependent(rng: np.random.Generator, count: int, k: int, rank: int) -> Tensor:
    """Features (count, k) of that rank, their other singular values near 1."""
    left, right = (np.linalg.qr(rng.standard_normal((m, rank)))[0] for m in (count, k))
    return torch.from_numpy(left * rng.uniform(1, 2, rank) @ right.T)


@prop("risk", points=1)
def definition(student, rng, numbers):
    """the risk is the weighted sum of the losses"""
    for loss in LOSSES:
        phi, u, p, y = normal(rng, 7, 3), normal(rng, 3), weights(rng, 7), signs(rng, 7)
        wanted = (p * each_loss(phi @ u, y, loss)).sum()
        same(student.risk(u, phi, y, p, loss), wanted, f"the {loss} risk on 7 rows, k = 3,")


@prop("risk", points=2)
def slopes(student, rng, numbers):
    """the gradient agrees with finite differences of your risk"""
    for loss in LOSSES:
        phi, u, p, y = normal(rng, 7, 3), normal(rng, 3), weights(rng, 7), signs(rng, 7)
        wanted = []
        for move in 1e-5 * torch.eye(3, dtype=torch.float64):
            up, down = (student.risk(v, phi, y, p, loss) for v in (u + move, u - move))
            wanted.append((plain(up, "the risk") - plain(down, "the risk")) / 2e-5)
        what = f"the gradient of the {loss} risk on 7 rows, k = 3,"
        found = student.gradient(u, phi, y, p, loss)
        not_zero(found, what)
        same(found, torch.stack(wanted), what, atol=1e-7)


@prop("risk", points=1)
def another_table(student, rng, numbers):
    """rows reordered, split in two or of probability 0 change nothing; other labels do"""
    phi, u, p, y = normal(rng, 6, 3), normal(rng, 3), weights(rng, 6), signs(rng, 6)
    order = torch.from_numpy(rng.permutation([0, 0, 1, 2, 3, 4, 5, 5]))
    parts = torch.tensor([0.5, 1, 1, 1, 1, 1], dtype=torch.float64)[order] * p[order]
    parts[int((order == 5).nonzero()[0])] = 0
    for loss in LOSSES:
        for name in ("risk", "gradient"):
            found = getattr(student, name)
            what = f"the {name} of the {loss} loss after row 0 of 6 was split"
            before = not_zero(found(u, phi, y, p, loss), what)
            same(found(u, phi[order], y[order], parts, loss), before, what)
            moved = plain(found(u, phi, -y, p, loss), what) - before
            not_zero(moved, f"what other labels change in the {name} of the {loss} loss")


@prop("risk", points=1)
def far_away(student, rng, numbers):
    """the logistic loss and its slope are right where |f| is near 1000"""
    f = torch.tensor([900.0, -950.0, 1000.0, -850.0], dtype=torch.float64)
    y = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
    phi, p, one = f[:, None], weights(rng, 4), torch.ones(1, dtype=torch.float64)
    lost = (y * f < 0) * f.abs()  # the loss is |f| where the sign is wrong, otherwise 0
    found = student.risk(one, phi, y, p, "logistic")
    same(found, p @ lost, "the logistic risk for f = 900, -950, 1000, -850")
    found = student.gradient(one, phi, y, p, "logistic")
    same(found, (p @ lost)[None], "the logistic gradient for f = 900, -950, 1000, -850")


@prop("least-squares", points=2)
def stationary(student, rng, numbers):
    """the gradient of the weighted error and the penalty is 0 at your solution"""
    for count, k, kappa in ((9, 4, 0.0), (9, 4, 0.7), (5, 8, 0.3), (9, 6, 2.0)):
        phi, y, p = normal(rng, count, k), normal(rng, count), 3 * weights(rng, count)
        if count > 5:
            p[int(rng.integers(count))] = 0
        what = f"your solution for {count} rows, k = {k}, kappa = {kappa}"
        u = plain(student.least_squares(phi, y, p, kappa), what)
        if u.shape != (k,):
            raise Wrong(f"{what} has the shape {tuple(u.shape)} instead of ({k},).")
        slope = phi.T @ (p * (phi @ u - y)) + kappa * u
        same(slope, torch.zeros_like(u), f"half the gradient at {what}", atol=1e-7)


@prop("least-squares", points=1)
def no_longer_than_needed(student, rng, numbers):
    """without a penalty it is the shortest minimizer, with few rows and with many"""
    for count, k, rank in ((4, 7, 4), (9, 6, 3), (5, 8, 2)):
        phi, y, p = dependent(rng, count, k, rank), normal(rng, count), weights(rng, count)
        what = f"the solution for {count} rows, k = {k}, rank {rank}, kappa = 0"
        same(student.least_squares(phi, y, p, 0.0), shortest(phi, y, p), what)


@prop("least-squares", points=1)
def turned(student, rng, numbers):
    """if all rows are multiplied by an orthogonal matrix, the solution turns with them"""
    Q = torch.linalg.qr(normal(rng, 7, 7))[0]
    phi, y, p = dependent(rng, 4, 7, 4), normal(rng, 4), weights(rng, 4)
    for kappa in (0.0, 0.5):
        what = f"the solution for 4 turned rows, k = 7, kappa = {kappa}"
        before = not_zero(student.least_squares(phi, y, p, kappa), what)
        same(student.least_squares(phi @ Q, y, p, kappa), Q.T @ before, what)


@prop("least-squares", points=1)
def small_penalty(student, rng, numbers):
    """a penalty shortens the solution, and a tiny one hardly changes it"""
    phi, y, p = dependent(rng, 9, 6, 3), normal(rng, 9), torch.ones(9, dtype=torch.float64)
    none = not_zero(student.least_squares(phi, y, p, 0.0), "the solution for kappa = 0")
    size = float(none.norm())
    what = "the solution for 9 rows, k = 6, rank 3, kappa = 1e-8"
    same(student.least_squares(phi, y, p, 1e-8), none, what, atol=1e-5 * size)
    what = "the solution for 9 rows, k = 6, rank 3, kappa = 1"
    short = plain(student.least_squares(phi, y, p, 1.0), what)
    if not float(short.norm()) < 0.9 * size:  # singular values of at most 2 leave 4/5
        raise Wrong(f"{what} should be shorter than the one for kappa = 0.")


def population(rng: np.random.Generator, count: int, k: int) -> tuple[Tensor, ...]:
    """Features, the means of labels ±1, which no class of k < count features holds, and chances."""
    f = torch.from_numpy(rng.uniform(0.3, 0.9, count)) * signs(rng, count)
    return normal(rng, count, k), f, weights(rng, count)


def sample(rng: np.random.Generator, count: int, n: int) -> tuple[Tensor, Tensor]:
    """n rows, of which the first two are drawn three times, with labels ±1."""
    once = rng.permutation(count)[: n - 4]
    rows = torch.from_numpy(rng.permutation(np.concatenate([once, once[:2], once[:2]])))
    return rows, signs(rng, n)


def excess(phi: Tensor, f: Tensor, p: Tensor, u: Tensor) -> Tensor:
    return p @ (phi @ u - f) ** 2


def parts_of(found: object) -> Tensor:
    if not isinstance(found, list | tuple | Tensor | np.ndarray) or len(found) != 3:
        raise Wrong("The result is not a tuple of three numbers.")
    return torch.stack([plain(part, "a part") for part in found])


@prop("three-parts", points=1)
def add_up(student, rng, numbers):
    """the parts add up to the risk minus the Bayes risk"""
    phi, f, p = population(rng, 12, 4)
    p_pairs = torch.cat([p * (1 + f) / 2, p * (1 - f) / 2])  # first the labels 1, then -1
    labels = torch.cat([torch.ones_like(f), -torch.ones_like(f)])
    rows, y = sample(rng, 12, 10)
    for u, which in ((normal(rng, 4), "random u"), (shortest(phi, f, p), "the u of f_F")):
        whole, least = (p_pairs @ (g.repeat(2) - labels) ** 2 for g in (phi @ u, f))
        found = parts_of(student.three_parts(phi, f, p, rows, y, u))
        what = f"the sum of the parts for 12 inputs, k = 4, n = 10, {which},"
        same(found.sum(), whole - least, what)


@prop("three-parts", points=1)
def more_features(student, rng, numbers):
    """the approximation error is the least in the class, and falls when features are added"""
    phi, f, p = population(rng, 12, 6)
    rows, y = sample(rng, 12, 10)
    for k in (1, 3, 6):
        some, u = phi[:, :k], normal(rng, k)
        found = parts_of(student.three_parts(some, f, p, rows, y, u))[0]
        wanted = excess(some, f, p, shortest(some, f, p))
        same(found, wanted, f"the approximation error for 12 inputs and the first {k} features")


@prop("three-parts", points=1)
def distance(student, rng, numbers):
    """the estimation error is the squared distance of the two minimizers"""
    for n in (9, 14):
        phi, f, p = population(rng, 15, 3)
        rows, y = sample(rng, 15, n)
        apart = phi @ (fit(phi[rows], y) - shortest(phi, f, p))
        found = parts_of(student.three_parts(phi, f, p, rows, y, normal(rng, 3)))[1]
        same(found, p @ apart**2, f"the estimation error for 15 inputs, k = 3, n = {n}")


@prop("three-parts", points=1)
def lucky_training(student, rng, numbers):
    """the optimization error is 0 at the best fit, and undoes the estimation error at f_F"""
    phi, f, p = population(rng, 15, 3)
    rows, y = sample(rng, 15, 12)
    found = parts_of(student.three_parts(phi, f, p, rows, y, fit(phi[rows], y)))
    same(found[2], 0.0, "the optimization error of the best fit, k = 3, n = 12,")
    found = parts_of(student.three_parts(phi, f, p, rows, y, shortest(phi, f, p)))
    not_zero(found[1], "the estimation error for 15 inputs, k = 3, n = 12,")
    same(found[2], -found[1], "the optimization error of the best in the class")


@prop("three-parts", points=1)
def whole_population(student, rng, numbers):
    """nothing is left to estimate if the sample is the population, unless labels differ"""
    phi, f, _ = population(rng, 8, 3)
    often = torch.from_numpy(rng.permutation([1, 1, 2, 2, 3, 4, 5, 6]))
    rows = torch.repeat_interleave(torch.arange(8), often)
    p = often / often.sum().to(torch.float64)
    u = normal(rng, 3)
    found = parts_of(student.three_parts(phi, f, p, rows, f[rows], u))
    not_zero(found[0], "the approximation error for 8 inputs, k = 3,")
    same(found[1], 0.0, "the estimation error when each input was drawn as often as it should")
    found = parts_of(student.three_parts(phi, f, p, rows, -f[rows], u))
    not_zero(found[1], "the estimation error when all labels are turned around")


def own_table(numbers: SimpleNamespace) -> SimpleNamespace:
    """The population and the samples of a student, as the notebook makes them."""
    x = (torch.arange(100, dtype=torch.float64) + 0.5) / 100
    p = 1 + torch.cos(2 * torch.pi * x) / 2
    p = p / p.sum()
    f = 0.8 * (2.0 * (torch.sin(4 * torch.pi * x) > -0.3).to(torch.float64) - 1)
    rng = np.random.default_rng(numbers.seed)
    rows = torch.from_numpy(rng.choice(100, size=(40, 160), p=p.numpy()))
    positive = rng.random((40, 160)) < (1 + f[rows].numpy()) / 2
    return SimpleNamespace(x=x, p=p, f=f, rows=rows, y=torch.from_numpy(2.0 * positive - 1))


def descended(phi: Tensor, y: Tensor, steps: int) -> Tensor:
    """Coefficients after gradient descent from 0, from the singular values of the sample."""
    U, s, Vt = torch.linalg.svd(phi, full_matrices=False)
    learned = 1 - (1 - (s / s[0]) ** 2) ** steps
    return Vt.T @ (learned / s * (U.T @ y))


def own_parts(numbers: SimpleNamespace, k: int, n: int, steps: int) -> Tensor:
    """The mean of the three parts over the samples of a student."""
    table = own_table(numbers)
    j = torch.arange(k, dtype=torch.float64)
    phi = torch.cos(torch.pi * j * table.x[:, None]) / (1 + j) ** 0.5
    least = excess(phi, table.f, table.p, shortest(phi, table.f, table.p))
    found = []
    for rows, y in zip(table.rows[:, :n], table.y[:, :n], strict=True):
        fits = fit(phi[rows], y), descended(phi[rows], y, steps)
        of_sample, reached = (excess(phi, table.f, table.p, u) for u in fits)
        found.append(torch.stack([least, of_sample - least, reached - of_sample]))
    return torch.stack(found).mean(0)


@prop("purchase", points=1)
def all_steps_at_once(student, rng, numbers):
    """descend gives what the formula for a quadratic risk gives"""
    for steps in (1, 7):
        phi, y = normal(rng, 9, 3), normal(rng, 9)
        what = f"descend for n = 9, k = 3, steps = {steps},"
        same(student.descend(phi, y, steps), descended(phi, y, steps), what)


@prop("purchase", points=1)
def no_step(student, rng, numbers):
    """without a step the parts add up to the excess risk of the function 0"""
    table = own_table(numbers)
    found = parts_of(student.mean_parts(4, 30, 0)).sum()
    same(found, table.p @ table.f**2, "the sum of mean_parts(4, 30, 0)")


@prop("purchase", points=1)
def other_numbers(student, rng, numbers):
    """mean_parts holds for other numbers of features, examples and steps"""
    k, n, steps = (int(rng.integers(*ends)) for ends in ((2, 5), (25, 35), (2, 6)))
    found = parts_of(student.mean_parts(k, n, steps))
    same(found, own_parts(numbers, k, n, steps), f"mean_parts({k}, {n}, {steps})")


@prop("purchase", points=1)
def own_three(student, rng, numbers):
    """my_parts are the three parts for your numbers"""
    wanted = own_parts(numbers, numbers.k, numbers.n, numbers.steps)
    same(parts_of(student.my_parts), wanted, "my_parts")


@prop("purchase", points=1)
def own_purchases(student, rng, numbers):
    """my_risks are the risks after doubling features, data and steps"""
    k, n, steps = numbers.k, numbers.n, numbers.steps
    bought = (2 * k, n, steps), (k, 2 * n, steps), (k, n, 2 * steps)
    wanted = torch.stack([own_parts(numbers, *each).sum() for each in bought])
    same(parts_of(student.my_risks), wanted, "my_risks")
