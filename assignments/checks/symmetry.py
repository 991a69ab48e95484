"""Hidden checks of the assignment on too much symmetry: shared weights, and false symmetries."""

import numpy as np
import torch
from mathdl import theory

from assignments.checks import Wrong, plain, prop, same
from assignments.checks.actions import (
    affine,
    all_permutations,
    average,
    on_pairs,
    orbits,
    renamed,
)

STEPS = (1, 2, 3, 4, 6, 12)  # of the groups that the last question chooses from


def compare_patterns(found, wanted, what):
    """Raise Wrong unless the same entries are equal in both."""
    if tuple(plain(found, what).shape) != wanted.shape:
        raise Wrong(f"{what} does not have the shape {wanted.shape}.")
    seen, goal = plain(found, what).numpy().ravel(), wanted.ravel()
    numbers, orbit = len(np.unique(seen)), len(np.unique(goal))
    together = len(np.unique(np.stack([seen, goal]), axis=1).T)
    if numbers < together:
        raise Wrong(f"{what} has {numbers} weights and shares some that the group lets differ.")
    if orbit < together:
        raise Wrong(f"{what} has {numbers} weights and lets some differ that must be equal.")


@prop("sharing", points=2)
def listed_group(student, rng, numbers):
    """weights are equal where the elements of the group carry one place to the other"""
    for name, points in (
        ("all permutations of 3 points, on pairs", on_pairs(all_permutations(3))),
        ("the maps a i + b of 5 points, on pairs", on_pairs(affine())),
    ):
        action = renamed(points, rng)
        what = f"sharing for {name}, numbers mixed up,"
        compare_patterns(student.sharing(action, action), orbits(action, action), what)


@prop("sharing", points=1)
def other_outputs(student, rng, numbers):
    """this holds for layers between different sets, too"""
    points = affine()
    pairs = renamed(on_pairs(points), rng)
    for out, inn in ((points, pairs), (pairs, points)):
        what = f"sharing for the maps a i + b, M = {out.shape[1]}, N = {inn.shape[1]},"
        compare_patterns(student.sharing(out, inn), orbits(out, inn), what)


@prop("sharing", points=1)
def group_too_large_to_list(student, rng, numbers):
    """generators are enough, even of a group that is too large to be listed"""
    points = all_permutations(int(rng.integers(18, 22)))
    m = points.shape[1]
    # All permutations: what counts is which of the points i and (j, k) are the same.
    i, j, k = np.indices((m, m, m))
    wanted = ((i == j) + 2 * (i == k) + 4 * (j == k)).reshape(m, m * m)
    what = f"sharing from pairs of {m} points to points, for all permutations,"
    compare_patterns(student.sharing(points, on_pairs(points)), wanted, what)


@prop("sharing", points=1)
def own_weights(student, rng, numbers):
    """my_weights is the number of free weights for your images"""
    h, w = numbers.h, numbers.w
    # A shift carries the input to pixel 0. What is left, the half turn, has its orbits on outputs:
    # it fixes 1 or 2 rows and 1 or 2 columns, and swaps the other pixels in twos.
    fixed = (2 - h % 2) * (2 - w % 2)
    same(student.my_weights, (h * w + fixed) / 2, "my_weights")


def counted(pattern):
    """The same pattern with the numbers 0, 1, 2, …"""
    return np.unique(pattern.ravel(), return_inverse=True)[1].reshape(pattern.shape)


@prop("nearest", points=2)
def mean_over_group(student, rng, numbers):
    """the nearest equivariant layer is the mean over all elements of the group"""
    for points, name in ((all_permutations(4), "all permutations"), (affine(), "the maps a i + b")):
        pairs = renamed(on_pairs(points), rng)
        A = rng.standard_normal((points.shape[1], pairs.shape[1]))
        found = student.nearest(A, counted(orbits(points, pairs)))
        same(found, average(A, points, pairs), f"nearest for {name}, A of shape {A.shape},")


@prop("nearest", points=1)
def orthogonal(student, rng, numbers):
    """the result is equivariant, and what is removed is orthogonal to every such layer"""
    action = renamed(on_pairs(all_permutations(4)), rng)
    pattern = counted(orbits(action, action))
    A, B = rng.standard_normal((2, 16, 16))
    kept = plain(student.nearest(A, pattern), "nearest of A")
    other = plain(student.nearest(B, pattern), "nearest of B")
    if float(kept.abs().max()) < 1e-6:
        raise Wrong("nearest of a random A is 0.")
    first = np.unique(pattern, return_index=True)[1]
    shared = kept.flatten().numpy()[first][pattern]
    same(kept, shared, "nearest, graphs on 4 points, compared with one weight of each orbit,")
    product = ((torch.from_numpy(A) - kept) * other).sum()
    same(product, 0.0, "the inner product of A - nearest(A) and nearest(B)", atol=1e-7)


@prop("nearest", points=1)
def other_numbers(student, rng, numbers):
    """with other numbers in the pattern, for the same orbits, the result is the same"""
    A, pattern = rng.standard_normal((5, 8)), rng.integers(0, 4, size=(5, 8))
    names = 10 + 3 * rng.permutation(4)
    before = plain(student.nearest(A, pattern), "nearest")
    if float((before - before[0, 0]).abs().max()) < 1e-6:
        raise Wrong("nearest of a random A with four orbits is constant.")
    same(student.nearest(A, names[pattern]), before, "nearest for a pattern with other numbers")


def three(student, d, k, n, b, noise):
    found = student.risks(d, k, n, b, noise)
    if type(found) not in (tuple, list) or len(found) != 3:
        raise Wrong("risks does not give three numbers in a tuple.")
    return found


def problem(rng):
    d = int(rng.integers(5, 30))
    k, n = int(rng.integers(2, d - 1)), d + int(rng.integers(2, 40))
    b, noise = float(rng.uniform(0.2, 2)), float(rng.uniform(0.5, 3))
    return d, k, n, b, noise


def given(d, k, n, b, noise):
    return f"for d = {d}, k = {k}, n = {n}, b = {b:.3g}, noise = {noise:.3g}"


@prop("price", points=1)
def true_symmetry(student, rng, numbers):
    """for a symmetric target the risks are those of the theorem"""
    for _ in range(4):
        d, k, n, _, noise = problem(rng)
        wanted = theory.symmetry.three_risks(n, d, k, 1.0, noise)
        found = three(student, d, k, n, 0.0, noise)
        for name, risk, goal in zip(wanted._fields, found, wanted, strict=True):
            same(risk, goal, f"the {name} risk {given(d, k, n, 0.0, noise)}")


@prop("price", points=1)
def projected_false(student, rng, numbers):
    """for a target that is not symmetric the projected risk is right"""
    for _ in range(4):
        d, k, n, b, noise = problem(rng)
        removed = np.diag(np.arange(d) < k).astype(float)
        estimated = theory.symmetry.projected_risk(n, np.eye(d), removed, noise)
        found = three(student, d, k, n, b, noise)[1]
        same(found, estimated + b, f"the projected risk {given(d, k, n, b, noise)}")


@prop("price", points=2)
def invariant_false(student, rng, numbers):
    """for a target that is not symmetric the invariant risk is right"""
    for _ in range(4):
        d, k, n, b, noise = problem(rng)
        u = np.zeros(d)
        u[k] = b**0.5
        off = list(range(k, d))
        wanted = theory.symmetry.regression_risks([off], u, n, noise**0.5)[1]
        found = three(student, d, k, n, b, noise)[2]
        same(found, wanted, f"the invariant risk {given(d, k, n, b, noise)}")


def equal_risks(d, k, b, noise):
    """The n at which plain and invariant risk agree, as the larger root of a quadratic."""
    linear = noise * k + b * k + b * (d - k) - noise * d
    return d + 1 + np.roots([b, linear, -noise * d * (d - k)]).real.max()


@prop("price", points=1)
def equal_at_break_even(student, rng, numbers):
    """at the break-even the plain and the invariant way have the same risk"""
    for _ in range(4):
        d, k, _, b, noise = problem(rng)
        what = f"break_even for d = {d}, k = {k}, b = {b:.3g}, noise = {noise:.3g}"
        same(student.break_even(d, k, b, noise), equal_risks(d, k, b, noise), what)


@prop("price", points=1)
def own_break_even(student, rng, numbers):
    """my_break_even is that of the half turn of your images"""
    d = numbers.h * numbers.w
    wanted = equal_risks(d, (d + 1) // 2, numbers.percent / 100, 1.0)
    same(student.my_break_even, wanted, "my_break_even")


def random_projection(rng, d, k):
    basis = np.linalg.qr(rng.standard_normal((d, k)))[0]
    return basis @ basis.T


@prop("choice", points=2)
def unbiased(student, rng, numbers):
    """the mean of the estimates over the noise is exactly what P û costs"""
    n, d = 13, 5
    # Noises ±√n ς eᵢ, equally likely, have the mean 0 and the covariance ς² I; the estimate is
    # quadratic in the noise, so that their mean is the mean over any such noise.
    for k in (1, 3):
        X, u, noise = rng.standard_normal((n, d)), rng.standard_normal(d), float(rng.uniform(1, 3))
        P = random_projection(rng, d, k)
        noises = (n * noise) ** 0.5 * np.concatenate([np.eye(n), -np.eye(n)])
        found = plain(student.estimate(X, X @ u + noises, P), "estimate")
        if tuple(found.shape) != (2 * n,):
            raise Wrong(f"estimate has the shape {tuple(found.shape)} instead of {(2 * n,)}.")
        fits = (X @ u + noises) @ np.linalg.pinv(X).T
        wanted = ((fits @ P - u) ** 2).sum(axis=1).mean()
        what = f"the mean estimate for n = {n}, d = {d}, P of rank {k}, noise = {noise:.3g},"
        same(found.mean(), wanted, what)


@prop("choice", points=1)
def invariant_part_unseen(student, rng, numbers):
    """nothing changes if an invariant function is added; labels times 2 give 4 times as much"""
    X, Y, P = (
        rng.standard_normal((11, 4)),
        rng.standard_normal((6, 11)),
        random_projection(rng, 4, 2),
    )
    before = plain(student.estimate(X, Y, P), "estimate")
    if float(before.std()) < 1e-6:
        raise Wrong("estimate is the same for all labels.")
    same(
        student.estimate(X, Y + X @ P @ rng.standard_normal(4), P),
        before,
        "the estimate with an invariant function added",
    )
    same(student.estimate(X, 2 * Y, P), 4 * before, "the estimate for labels twice as large")
    same(student.estimate(X, Y[:2], P), before[:2], "the estimate for two sets of labels only")


def own_data(numbers):
    """The signal of a student, the inputs and the labels, and the six projections."""
    i = np.arange(12)
    projections = [s / 12 * ((i - i[:, None]) % s == 0) for s in STEPS]
    rng = np.random.default_rng(numbers.seed)
    period = rng.standard_normal(3)
    period -= period.mean()
    rest = rng.standard_normal(12)
    rest -= projections[2] @ rest
    u = np.tile(period / np.linalg.norm(period), 4) + 0.3**0.5 * rest / np.linalg.norm(rest)
    X = rng.standard_normal((30, 12))
    return u, X, X @ u + rng.standard_normal((400, 30)), projections


def own_estimates(numbers):
    """The six estimates and the six true costs for each set of labels, both (6, 400)."""
    u, X, Y, projections = own_data(numbers)
    fits = np.linalg.lstsq(X, Y.T, rcond=None)[0].T
    noise = ((Y - fits @ X.T) ** 2).sum(axis=1) / 18
    W = X.T @ X
    estimates, costs = [], []
    for P in projections:
        spread = np.trace(np.linalg.solve(W, 2 * P - np.eye(12)))
        estimates.append(((fits @ (np.eye(12) - P)) ** 2).sum(axis=1) + noise * spread)
        costs.append(((fits @ P - u) ** 2).sum(axis=1))
    return np.array(estimates), np.array(costs)


@prop("choice", points=1)
def own_promise(student, rng, numbers):
    """my_promise is the mean of the smallest estimates on your data"""
    estimates, _ = own_estimates(numbers)
    same(student.my_promise, estimates.min(axis=0).mean(), "my_promise")


@prop("choice", points=2)
def own_risk(student, rng, numbers):
    """my_risk is what your choices really cost, in the mean"""
    estimates, costs = own_estimates(numbers)
    chosen = costs[estimates.argmin(axis=0), np.arange(costs.shape[1])]
    same(student.my_risk, chosen.mean(), "my_risk")
