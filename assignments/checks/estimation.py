"""Hidden checks of the assignment on estimation: chosen features and samples left out."""

from itertools import combinations, product

import numpy as np
from mathdl import theory

from assignments.checks import Wrong, plain, prop, same

OWN_ACCURACY = 0.03  # that Question 2 asks for


def all_signs(n):
    return np.array(list(product((-1.0, 1.0), repeat=n)))


def over_choices(signs, x, k, B):
    """The supremum for each row of signs, by trying every choice of k features."""
    s = signs @ x
    lengths = [np.linalg.norm(s[:, T], axis=1) for T in combinations(range(x.shape[1]), k)]
    return B * np.max(lengths, axis=0) / len(x)


def fit(features, y, kappa):
    """Least squares with the penalty kappa; without one, the solution of least length."""
    if kappa == 0:
        return np.linalg.pinv(features) @ y
    W = features.T @ features
    return np.linalg.solve(W + kappa * np.eye(len(W)), features.T @ y)


def deleted(features, y, kappa):
    """What each sample's label is above the prediction of a fit without the sample."""
    left_out = []
    for i in range(len(y)):
        others = np.arange(len(y)) != i
        left_out.append(y[i] - features[i] @ fit(features[others], y[others], kappa))
    return np.array(left_out)


def chosen(features, y, k):
    """The k features that are most correlated with the labels."""
    correlation = np.abs(y @ features) / np.linalg.norm(features, axis=0)
    return np.argsort(correlation)[-k:]


def deleted_before_choice(features, y, k):
    """As `deleted`, where each fit chooses k features from what it sees."""
    left_out = []
    for i in range(len(y)):
        others = np.arange(len(y)) != i
        T = chosen(features[others], y[others], k)
        u = fit(features[others][:, T], y[others], 0)
        left_out.append(y[i] - features[i, T] @ u)
    return np.array(left_out)


def own_data(numbers):
    """The data of a student, as the notebook draws them."""
    rng = np.random.default_rng(numbers.seed)
    x = rng.standard_normal((numbers.n, numbers.D))
    return x, rng.choice([-1.0, 1.0], size=(50, numbers.n))


def uneven(rng, n, d):
    """Normal features of different sizes, so that ignoring the size shows."""
    return rng.standard_normal((n, d)) * rng.permutation(np.geomspace(0.2, 5, d))


def positive(found, what):
    """The number that was found, which is no invariant of anything if it is 0."""
    number = plain(found, what)
    if number.dim() != 0 or not number > 0:
        raise Wrong(f"{what} is not a positive number.")
    return number


def well_conditioned(rng, n):
    """A square matrix with singular values between 1 and 3."""
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return left * rng.uniform(1, 3, n) @ right


@prop("complexity", points=2)
def best_choice(student, rng, numbers):
    """each supremum is the largest over all choices of k features"""
    x, k, B = uneven(rng, 7, 6), int(rng.integers(2, 5)), float(rng.uniform(0.5, 3))
    signs = rng.choice([-1.0, 1.0], size=(20, 7))
    what = f"suprema of 20 sign vectors, n = 7, d = 6, k = {k}, B = {B:.3g}"
    same(student.suprema(signs, x, k, B), over_choices(signs, x, k, B), what)


@prop("complexity", points=1)
def mean_over_signs(student, rng, numbers):
    """the complexity is the mean of the suprema over all 2^n sign vectors"""
    x = rng.standard_normal((8, 4))
    for k in (1, 2, 4):
        what = f"complexity for n = 8, d = 4, k = {k}, B = 2"
        same(student.complexity(x, k, 2.0), over_choices(all_signs(8), x, k, 2.0).mean(), what)


@prop("complexity", points=1)
def sample_zero(student, rng, numbers):
    """a further sample x = 0 leaves n times the complexity as it is"""
    x = rng.standard_normal((6, 5))
    before = 6 * positive(student.complexity(x, 2, 1.0), "complexity for n = 6, d = 5, k = 2")
    after = 7 * plain(student.complexity(np.vstack([x, np.zeros(5)]), 2, 1.0), "complexity")
    same(after, before, "7 times the complexity of 6 samples and x = 0, d = 5, k = 2")


@prop("complexity", points=1)
def names_of_features(student, rng, numbers):
    """reordering the features, and turning some samples around, leaves the complexity"""
    x = uneven(rng, 6, 5)
    small_first = x[:, np.argsort(np.linalg.norm(x, axis=0))]
    large_first = rng.choice([-1.0, 1.0], size=(6, 1)) * small_first[:, ::-1]
    before = positive(student.complexity(small_first, 2, 1.0), "complexity for n = 6, d = 5")
    after = student.complexity(large_first, 2, 1.0)
    same(after, before, "complexity after reordering features and turning samples, n = 6, k = 2")


@prop("draws", points=2)
def least_number(student, rng, numbers):
    """the number of draws is the least one that bounded differences guarantee"""
    for k in (1, 3):
        x = rng.standard_normal((9, 6)) * np.geomspace(0.3, 3, 9)[:, None]
        B, t, delta = 1.5, float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.01, 0.1))
        largest = B * np.sqrt(np.sort(x**2, axis=1)[:, -k:].sum(1))
        enough = np.sum((2 * largest / 9) ** 2) * np.log(2 / delta) / (2 * t**2)
        found = plain(student.draws_needed(x, k, B, t, delta), "draws_needed").item()
        if not enough * (1 - 1e-9) <= found < enough * (1 + 1e-9) + 1:
            given = f"n = 9, d = 6, k = {k}, B = 1.5, t = {t:.4g}, delta = {delta:.4g}"
            raise Wrong(f"draws_needed for {given} is {found:.8g}; {enough:.8g} are enough.")


@prop("draws", points=1)
def accuracy_costs(student, rng, numbers):
    """half the error costs four times the draws, and every sample twice halves them"""
    x = rng.standard_normal((7, 5))
    once = plain(student.draws_needed(x, 2, 1.0, 0.04, 0.05), "draws_needed").item()
    finer = plain(student.draws_needed(x, 2, 1.0, 0.02, 0.05), "draws_needed").item()
    twice = plain(student.draws_needed(np.vstack([x, x]), 2, 1.0, 0.04, 0.05), "draws").item()
    if not (once >= 10 and abs(finer - 4 * once) <= 4):  # NaN, too, is wrong
        raise Wrong(f"For t = 0.04 it is {once:.8g}, for t = 0.02 it is {finer:.8g}.")
    if not abs(2 * twice - once) <= 2:
        raise Wrong(f"For n = 7 it is {once:.8g}, with every sample twice {twice:.8g}.")


@prop("draws", points=2)
def own_complexity(student, rng, numbers):
    """my_complexity is the complexity of your class on your data, up to 0.03"""
    x, _ = own_data(numbers)
    draws = 8000
    s = rng.choice([-1.0, 1.0], size=(draws, numbers.n)) @ x
    squares = np.sort(s**2, axis=1)[:, -numbers.k :].sum(1)
    suprema = np.sqrt(squares) / numbers.n
    noise = 6 * suprema.std() / draws**0.5
    found = plain(student.my_complexity, "my_complexity")
    same(found, suprema.mean(), "my_complexity", rtol=0, atol=OWN_ACCURACY + noise)


def residuals(found, n, what):
    """The array that was found, if it has a number for each of n samples."""
    array = plain(found, what)
    if array.shape != (n,):
        raise Wrong(f"{what} for n = {n} has the shape {tuple(array.shape)} instead of ({n},).")
    return array


@prop("leave-one-out", points=2)
def penalized(student, rng, numbers):
    """with a penalty, the residuals are those of n fits to n - 1 samples"""
    for n, p in ((9, 4), (6, 11)):
        features, y = rng.standard_normal((n, p)), rng.standard_normal(n)
        kappa = float(rng.uniform(0.2, 3))
        what = f"leave_one_out for n = {n}, p = {p}, kappa = {kappa:.3g}"
        same(student.leave_one_out(features, y, kappa), deleted(features, y, kappa), what)


@prop("leave-one-out", points=1)
def few_features(student, rng, numbers):
    """without a penalty, with fewer features than samples, they are those of n fits"""
    features, y = rng.standard_normal((12, 4)), rng.standard_normal(12)
    found = student.leave_one_out(features, y, 0.0)
    same(found, deleted(features, y, 0), "leave_one_out for n = 12, p = 4, kappa = 0")


@prop("leave-one-out", points=2)
def interpolation(student, rng, numbers):
    """without a penalty, with as many features as samples or more, they are those of n fits"""
    for features in (rng.standard_normal((7, 20)), well_conditioned(rng, 7)):
        y = rng.standard_normal(7)
        what = f"leave_one_out for n = 7, p = {features.shape[1]}, kappa = 0"
        same(student.leave_one_out(features, y, 0.0), deleted(features, y, 0), what)


@prop("leave-one-out", points=1)
def own_label(student, rng, numbers):
    """raising a label by 1 raises its own residual by 1: the fit did not see it"""
    features, y = rng.standard_normal((8, 3)), rng.standard_normal(8)
    before = residuals(student.leave_one_out(features, y, 0.5), 8, "leave_one_out")
    for i in rng.choice(8, size=3, replace=False):
        raised = y + (np.arange(8) == i)
        after = residuals(student.leave_one_out(features, raised, 0.5), 8, "leave_one_out")
        what = f"the change of residual {i} of {len(after)} when its label rises by 1"
        same((after - before)[i], 1.0, what)


def risk_without_one(n, p, signal, residual):
    return theory.estimation.least_norm_risk(n - 1, p, signal, residual)


def compare_expected(student, n, p, signal, residual):
    found = student.expected_loo(n, p, signal, residual)
    what = f"expected_loo for n = {n}, p = {p}, signal = {signal:.3g}, residual = {residual:.3g}"
    same(found, risk_without_one(n, p, signal, residual), what)


@prop("expected", points=1)
def before_the_peak(student, rng, numbers):
    """before the peak it is the mean of the squared leave-one-out residuals"""
    for _ in range(3):
        n = int(rng.integers(12, 30))
        p = int(rng.integers(1, n - 3))
        compare_expected(student, n, p, float(rng.uniform(1, 2)), float(rng.uniform(0.5, 1)))


@prop("expected", points=1)
def after_the_peak(student, rng, numbers):
    """after the peak it is the mean of the squared leave-one-out residuals"""
    for _ in range(3):
        n = int(rng.integers(5, 30))
        p = n + int(rng.integers(2, 40))
        compare_expected(student, n, p, float(rng.uniform(1, 2)), float(rng.uniform(0.5, 1)))


@prop("expected", points=1)
def around_the_peak(student, rng, numbers):
    """it is infinite at three numbers of features, and finite on both sides of them"""
    n = int(rng.integers(10, 30))
    for p in range(n - 4, n + 3):
        found = plain(student.expected_loo(n, p, 1.0, 0.5), "expected_loo").item()
        wanted = bool(np.isinf(risk_without_one(n, p, 1.0, 0.5)))
        if (found == np.inf) != wanted or np.isnan(found):
            raise Wrong(f"For n = {n}, p = {p} expected_loo is {found:.6g}.")


@prop("choice", points=2)
def nothing_leaks(student, rng, numbers):
    """each residual is that of a choice and a fit without the sample"""
    features, y = uneven(rng, 9, 12), rng.standard_normal(9)
    for k in (1, 3):
        found = student.honest(features, y, k)
        what = f"honest for n = 9, D = 12, k = {k}"
        same(found, deleted_before_choice(features, y, k), what)


@prop("choice", points=2)
def own_label_unseen(student, rng, numbers):
    """raising a label by 50 raises its own residual by 50: the choice did not see it"""
    features, y = rng.standard_normal((10, 30)), rng.standard_normal(10)
    before = residuals(student.honest(features, y, 2), 10, "honest")
    for i in rng.choice(10, size=4, replace=False):
        raised = y + 50 * (np.arange(10) == i)
        after = residuals(student.honest(features, raised, 2), 10, "honest")
        same((after - before)[i], 50.0, f"the change of residual {i} when its label rises by 50")


@prop("choice", points=1)
def own_dishonest(student, rng, numbers):
    """my_dishonest is the mean square over your 50 studies if the choice sees all samples"""
    x, labels = own_data(numbers)
    once = [deleted(x[:, chosen(x, y, numbers.k)], y, 0) for y in labels]
    same(student.my_dishonest, np.mean(np.square(once)), "my_dishonest")


@prop("choice", points=1)
def own_honest(student, rng, numbers):
    """my_honest is the mean square over your 50 studies if the choice sees the others only"""
    x, labels = own_data(numbers)
    each = [deleted_before_choice(x, y, numbers.k) for y in labels]
    same(student.my_honest, np.mean(np.square(each)), "my_honest")
