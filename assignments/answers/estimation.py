"""Plausible wrong answers to the assignment on estimation."""

from assignments.answers import WrongAnswer

COMPLEXITY = """
def suprema(signs, x, k, B):
    s = signs @ x
    return B * np.sqrt(np.sort(s**2, axis=1)[:, -k:].sum(axis=1)) / len(x)


def complexity(x, k, B):
    return suprema(all_signs(len(x)), x, k, B).mean()
"""
DRAWS = """
def draws_needed(x, k, B, t, delta):
    largest = B * np.sqrt(np.sort(x**2, axis=1)[:, -k:].sum(axis=1))
    sum_of_squares = np.sum((2 * largest / len(x)) ** 2)
    return int(np.ceil(sum_of_squares * np.log(2 / delta) / (2 * t**2)))


signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(10_000, n))
my_complexity = suprema(signs, x_mine, k, 1.0).mean()
"""
LEAVE_ONE_OUT = """
def leave_one_out(Phi, y, kappa):
    n, p = Phi.shape
    if kappa > 0 or p >= n:
        A = np.linalg.inv(Phi @ Phi.T + kappa * np.eye(n))
    else:
        A = np.eye(n) - Phi @ np.linalg.pinv(Phi)
    return A @ y / np.diag(A)
"""
HAT = """
def leave_one_out(Phi, y, kappa):
    n, p = Phi.shape
    if kappa > 0:
        H = Phi @ np.linalg.solve(Phi.T @ Phi + kappa * np.eye(p), Phi.T)
    else:
        H = Phi @ np.linalg.pinv(Phi)
    return (y - H @ y) / (1 - np.diag(H))
"""
EXPECTED = """
def expected_loo(n, p, signal, residual):
    seen = n - 1
    if abs(p - seen) <= 1:
        return float("inf")
    if p < seen:
        return residual * (1 + p / (seen - p - 1))
    return signal * (1 - seen / p) + residual * (1 + seen / (p - seen - 1))
"""
CHOICE = """
def honest(Phi, y, k):
    residuals = np.empty(len(y))
    for i in range(len(y)):
        seen = np.arange(len(y)) != i
        chosen = choose(Phi[seen], y[seen], k)
        u = np.linalg.pinv(Phi[seen][:, chosen]) @ y[seen]
        residuals[i] = y[i] - Phi[i, chosen] @ u
    return residuals


once = [leave_one_out(x_mine[:, choose(x_mine, y, k)], y, 0.0) for y in y_mine]
my_dishonest = np.mean(np.square(once))
my_honest = np.mean(np.square([honest(x_mine, y, k) for y in y_mine]))
"""


def changed(code: str, before: str, after: str) -> str:
    """A right answer with one place gone wrong."""
    assert code.count(before) == 1, before
    return code.replace(before, after)


WRONG_ANSWERS = [
    WrongAnswer(
        "complexity",
        1,
        "The features are fixed before the signs are seen: the first k. Passes the public checks.",
        changed(COMPLEXITY, "np.sort(s**2, axis=1)[:, -k:]", "(s**2)[:, :k]"),
    ),
    WrongAnswer(
        "complexity",
        2,
        "The k largest sums are taken with their sign. Passes the public checks.",
        changed(COMPLEXITY, "np.sort(s**2, axis=1)[:, -k:]", "(np.sort(s, axis=1)[:, -k:] ** 2)"),
    ),
    WrongAnswer(
        "complexity",
        4,
        "The root of the mean square is taken for the mean.",
        changed(
            COMPLEXITY,
            "suprema(all_signs(len(x)), x, k, B).mean()",
            "np.sqrt((suprema(all_signs(len(x)), x, k, B) ** 2).mean())",
        ),
    ),
    WrongAnswer(
        "complexity",
        2,
        "The dual norm of a cube: the k largest moduli are added.",
        changed(
            COMPLEXITY,
            "np.sqrt(np.sort(s**2, axis=1)[:, -k:].sum(axis=1))",
            "np.sort(np.abs(s), axis=1)[:, -k:].sum(axis=1)",
        ),
    ),
    WrongAnswer(
        "complexity",
        1,
        "The mean over the samples is forgotten.",
        changed(COMPLEXITY, " / len(x)", ""),
    ),
    WrongAnswer(
        "draws",
        3,
        "A function of the class sees all of x_i, not k entries. Passes the public checks.",
        changed(DRAWS, "np.sort(x**2, axis=1)[:, -k:].sum", "(x**2).sum"),
    ),
    WrongAnswer(
        "draws",
        3,
        "The worst sample stands for all of them. Passes the public checks.",
        changed(
            DRAWS,
            "np.sum((2 * largest / len(x)) ** 2)",
            "len(x) * np.max(2 * largest / len(x)) ** 2",
        ),
    ),
    WrongAnswer(
        "draws",
        3,
        "Errors to one side only.",
        changed(DRAWS, "np.log(2 / delta)", "np.log(1 / delta)"),
    ),
    WrongAnswer(
        "draws",
        3,
        "A flipped sign changes the sum by the value instead of twice the value.",
        changed(DRAWS, "(2 * largest / len(x))", "(largest / len(x))"),
    ),
    WrongAnswer(
        "draws",
        3,
        "The value is that of features fixed beforehand. Passes the public checks.",
        changed(
            DRAWS,
            "suprema(signs, x_mine, k, 1.0).mean()",
            "suprema(signs, x_mine[:, :k], k, 1.0).mean()",
        ),
    ),
    WrongAnswer(
        "leave-one-out",
        4,
        "The formula with the hat matrix is used where it is 0/0. Passes the public checks.",
        HAT,
    ),
    WrongAnswer(
        "draws",
        3,
        "The largest entry of x_i stands for the k largest. Passes the public checks.",
        changed(DRAWS, "np.sqrt(np.sort(x**2, axis=1)[:, -k:].sum(axis=1))", "abs(x).max(axis=1)"),
    ),
    WrongAnswer(
        "leave-one-out",
        4,
        "As many features as samples are taken for fewer. Passes the public checks.",
        changed(LEAVE_ONE_OUT, "p >= n", "p > n"),
    ),
    WrongAnswer(
        "leave-one-out",
        0,
        "All leverages are replaced by their mean. Passes the public checks.",
        changed(LEAVE_ONE_OUT, "np.diag(A)", "np.diag(A).mean()"),
    ),
    WrongAnswer(
        "leave-one-out",
        1,
        "The leverages are those of the fit without a penalty.",
        changed(HAT, "np.diag(H)", "np.diag(Phi @ np.linalg.pinv(Phi))"),
    ),
    WrongAnswer(
        "leave-one-out",
        0,
        "The residuals of the fit to all samples.",
        changed(HAT, " / (1 - np.diag(H))", ""),
    ),
    WrongAnswer(
        "leave-one-out",
        0,
        "The prediction instead of the residual.",
        changed(LEAVE_ONE_OUT, "return A", "return y - A"),
    ),
    WrongAnswer(
        "expected",
        0,
        "The risk of the fit to n samples.",
        changed(EXPECTED, "seen = n - 1", "seen = n"),
    ),
    WrongAnswer(
        "expected",
        2,
        "What the fit cannot see of the signal is forgotten. Passes the public checks.",
        changed(EXPECTED, "signal * (1 - seen / p) + ", ""),
    ),
    WrongAnswer(
        "expected",
        1,
        "The excess over the noise that nobody can predict.",
        changed(
            changed(EXPECTED, "(1 + p / (seen - p - 1))", "p / (seen - p - 1)"),
            "(1 + seen / (p - seen - 1))",
            "seen / (p - seen - 1)",
        ),
    ),
    WrongAnswer(
        "expected",
        2,
        "The mean is infinite at the interpolation threshold only. Passes the public checks.",
        changed(EXPECTED, "if abs(p - seen) <= 1", "if p in (seen, seen - 1)"),
    ),
    WrongAnswer(
        "expected",
        2,
        "One sample fewer in the formulas, but the peak where it was. Passes the public checks.",
        changed(EXPECTED, "if abs(p - seen) <= 1", "if abs(p - n) <= 1"),
    ),
    WrongAnswer(
        "choice",
        4,
        "The mean is squared instead of the residuals. Passes the public checks.",
        CHOICE + "my_dishonest = np.mean(once) ** 2\n"
        "my_honest = np.mean([honest(x_mine, y, k) for y in y_mine]) ** 2\n",
    ),
    WrongAnswer(
        "choice",
        1,
        "The features are chosen once, on all samples. Passes the public checks.",
        """
def honest(Phi, y, k):
    return leave_one_out(Phi[:, choose(Phi, y, k)], y, 0.0)


my_dishonest = np.mean(np.square([honest(x_mine, y, k) for y in y_mine]))
my_honest = my_dishonest
""",
    ),
    WrongAnswer(
        "choice",
        4,
        "Root mean squares instead of mean squares. Passes the public checks.",
        CHOICE + "my_dishonest, my_honest = my_dishonest**0.5, my_honest**0.5\n",
    ),
    WrongAnswer(
        "choice",
        5,
        "The first way without leaving anything out: the training error. Passes the public checks.",
        changed(
            CHOICE,
            "once = [leave_one_out(x_mine[:, choose(x_mine, y, k)], y, 0.0) for y in y_mine]",
            "seen = [x_mine[:, choose(x_mine, y, k)] for y in y_mine]\n"
            "once = [y - z @ np.linalg.pinv(z) @ y for z, y in zip(seen, y_mine)]",
        ),
    ),
    WrongAnswer(
        "choice",
        1,
        "The choice does not see the sample, but the fit does.",
        changed(
            CHOICE,
            "np.linalg.pinv(Phi[seen][:, chosen]) @ y[seen]",
            "np.linalg.pinv(Phi[:, chosen]) @ y",
        ),
    ),
    WrongAnswer(
        "choice",
        3,
        "The label of the sample is set to 0 instead of leaving the sample out.",
        changed(
            changed(CHOICE, "choose(Phi[seen], y[seen], k)", "choose(Phi, y * seen, k)"),
            "np.linalg.pinv(Phi[seen][:, chosen]) @ y[seen]",
            "np.linalg.pinv(Phi[:, chosen]) @ (y * seen)",
        ),
    ),
]
