"""Wrong answers to the assignment on the three errors of supervised learning."""

from assignments.answers import WrongAnswer

RIGHT_RISK = """
def risk(u, phi, y, p, loss):
    f = phi @ u
    if loss == "squared":
        return p @ (f - y) ** 2
    return p @ torch.logaddexp(torch.zeros_like(f), -y * f)


def gradient(u, phi, y, p, loss):
    f = phi @ u
    slope = 2 * (f - y) if loss == "squared" else -y * torch.sigmoid(-y * f)
    return phi.T @ (p * slope)
"""
RIGHT_FIT = """
def least_squares(phi, y, p, kappa):
    root = p.sqrt()
    U, s, Vt = torch.linalg.svd(root[:, None] * phi, full_matrices=False)
    kept = s > 1e-10 * s.max()
    U, s, Vt = U[:, kept], s[kept], Vt[kept]
    return Vt.T @ (s / (s**2 + kappa) * (U.T @ (root * y)))
"""
RIGHT_PARTS = """
def three_parts(phi, f, p, rows, y, u):
    def excess(v):
        return p @ (phi @ v - f) ** 2

    n = len(rows)
    best = least_squares(phi, f, p, 0.0)
    fitted = least_squares(phi[rows], y, torch.full((n,), 1 / n), 0.0)
    return excess(best), excess(fitted) - excess(best), excess(u) - excess(fitted)
"""
RIGHT_PURCHASE = """
my_prediction = "data"


def descend(phi, y, steps):
    n, k = phi.shape
    step = 1 / torch.linalg.eigvalsh(phi.T @ phi / n)[-1]
    u = torch.zeros(k)
    for _ in range(steps):
        u = u - step * phi.T @ (phi @ u - y) / n
    return u


def mean_parts(k, n, steps):
    phi, found = features(k), []
    for rows, y in zip(all_rows[:, :n], all_labels[:, :n]):
        u = descend(phi[rows], y, steps)
        found.append(torch.stack(three_parts(phi, f_star, chances, rows, y, u)))
    return tuple(torch.stack(found).mean(0))


my_parts = mean_parts(k, n, steps)
bought = [(2 * k, n, steps), (k, 2 * n, steps), (k, n, 2 * steps)]
my_risks = tuple(sum(mean_parts(*b)) for b in bought)
"""


def changed(code: str, before: str, after: str) -> str:
    """The code with one place replaced, which must exist."""
    if before not in code:
        raise ValueError(f"before must be a part of the code: {before!r} is none.")
    return code.replace(before, after)


RISKS = [
    WrongAnswer(
        "risk",
        points=4,
        because="takes care of e^1000 in the risk, and divides infinity by infinity in its slope",
        code=changed(
            RIGHT_RISK, "torch.sigmoid(-y * f)", "torch.exp(-y * f) / (1 + torch.exp(-y * f))"
        ),
    ),
    WrongAnswer(
        "risk",
        points=2,
        because="forgets the table: a risk and a gradient that fit each other, and no data",
        code="""
def risk(u, phi, y, p, loss):
    return u.sum()


def gradient(u, phi, y, p, loss):
    return torch.ones_like(u)
""",
    ),
    WrongAnswer(
        "risk",
        points=4,
        because="takes the formula literally, and e^1000 is too large",
        code=changed(
            RIGHT_RISK,
            "torch.logaddexp(torch.zeros_like(f), -y * f)",
            "torch.log(1 + torch.exp(-y * f))",
        ),
    ),
    WrongAnswer(
        "risk",
        points=2,
        because="forgets the label in the slope of the logistic loss; for y = 1 it does not show",
        code=changed(RIGHT_RISK, "-y * torch.sigmoid", "-torch.sigmoid"),
    ),
    WrongAnswer(
        "risk",
        points=3,
        because="differentiates half the squared loss",
        code=changed(RIGHT_RISK, "slope = 2 * (f - y)", "slope = f - y"),
    ),
    WrongAnswer(
        "risk",
        points=2,
        because="takes the mean over the rows instead of the weighted sum",
        code=RIGHT_RISK.replace("p @", "torch.ones_like(p) / len(p) @").replace(
            "(p * slope)", "slope / len(p)"
        ),
    ),
    WrongAnswer(
        "risk",
        points=2,
        because="divides by the number of rows although the probabilities already add up to 1",
        code=RIGHT_RISK.replace("p @", "p / len(p) @").replace(
            "(p * slope)", "(p * slope) / len(p)"
        ),
    ),
]

FITS = [
    WrongAnswer(
        "least-squares",
        points=3,
        because="divides by singular values that are 0 but for rounding",
        code=changed(RIGHT_FIT, "kept = s > 1e-10 * s.max()", "kept = s > 0"),
    ),
    WrongAnswer(
        "least-squares",
        points=2,
        because="ignores the penalty",
        code=changed(RIGHT_FIT, " + kappa)", ")"),
    ),
    WrongAnswer(
        "least-squares",
        points=2,
        because="multiplies rows and labels by the weights instead of their roots",
        code=changed(RIGHT_FIT, "p.sqrt()", "p"),
    ),
    WrongAnswer(
        "least-squares",
        points=3,
        because="multiplies the penalty by the number of rows",
        code=changed(RIGHT_FIT, "+ kappa)", "+ len(p) * kappa)"),
    ),
    WrongAnswer(
        "least-squares",
        points=3,
        because="adds the penalty to the singular value instead of its square",
        code=changed(RIGHT_FIT, "s / (s**2 + kappa)", "1 / (s + kappa)"),
    ),
    WrongAnswer(
        "least-squares",
        points=3,
        because="thinks that the solution is unique if there are more rows than features",
        code="""
def least_squares(phi, y, p, kappa):
    A, z = p.sqrt()[:, None] * phi, p.sqrt() * y
    n, k = A.shape
    if n >= k:
        return torch.linalg.solve(A.T @ A + kappa * torch.eye(k), A.T @ z)
    return A.T @ torch.linalg.solve(A @ A.T + kappa * torch.eye(n), z)
""",
    ),
    WrongAnswer(
        "least-squares",
        points=2,
        because="solves the normal equations as if they always had one solution",
        code="""
def least_squares(phi, y, p, kappa):
    A = phi.T @ (p[:, None] * phi) + kappa * torch.eye(phi.shape[1])
    return torch.linalg.solve(A, phi.T @ (p * y))
""",
    ),
]

PARTS = [
    WrongAnswer(
        "three-parts",
        points=2,
        because="weights the sample by the probabilities, which its drawing has done already",
        code=changed(RIGHT_PARTS, "torch.full((n,), 1 / n)", "p[rows]"),
    ),
    WrongAnswer(
        "three-parts",
        points=3,
        because="thinks that no part can be negative",
        code=changed(
            RIGHT_PARTS, "excess(u) - excess(fitted)", "(excess(u) - excess(fitted)).clamp(min=0)"
        ),
    ),
    WrongAnswer(
        "three-parts",
        points=2,
        because="counts an input that was drawn twice only once",
        code="""
def three_parts(phi, f, p, rows, y, u):
    def excess(v):
        return p @ (phi @ v - f) ** 2

    seen = rows.unique()
    labels = torch.stack([y[rows == row].mean() for row in seen])
    best = least_squares(phi, f, p, 0.0)
    fitted = least_squares(phi[seen], labels, torch.ones(len(seen)), 0.0)
    return excess(best), excess(fitted) - excess(best), excess(u) - excess(fitted)
""",
    ),
    WrongAnswer(
        "three-parts",
        points=2,
        because="fits the sample to the means of its labels, which nobody sees",
        code=changed(RIGHT_PARTS, "phi[rows], y,", "phi[rows], f[rows],"),
    ),
    WrongAnswer(
        "three-parts",
        points=3,
        because="takes the squared distance for the optimization error, which can be negative",
        code=changed(RIGHT_PARTS, "excess(u) - excess(fitted)", "p @ (phi @ (u - fitted)) ** 2"),
    ),
    WrongAnswer(
        "three-parts",
        points=2,
        because="fits the whole population, so that nothing is left to estimate",
        code=changed(RIGHT_PARTS, "phi[rows], y, torch.full((n,), 1 / n), 0.0", "phi, f, p, 0.0"),
    ),
    WrongAnswer(
        "three-parts",
        points=2,
        because="takes the gap between risk and empirical risk for the estimation error",
        code=changed(
            RIGHT_PARTS,
            "excess(fitted) - excess(best)",
            "excess(fitted) - ((phi[rows] @ fitted - y) ** 2).mean()",
        ),
    ),
    WrongAnswer(
        "three-parts",
        points=2,
        because="takes plain means over the inputs instead of the probabilities",
        code=changed(RIGHT_PARTS, "p @ (phi @ v - f) ** 2", "((phi @ v - f) ** 2).mean()"),
    ),
]

PURCHASES = [
    WrongAnswer(
        "purchase",
        points=4,
        because="buys one after the other instead of one only",
        code=changed(
            RIGHT_PURCHASE,
            "(k, 2 * n, steps), (k, n, 2 * steps)",
            "(2 * k, 2 * n, steps), (2 * k, 2 * n, 2 * steps)",
        ),
    ),
    WrongAnswer(
        "purchase",
        points=0,
        because="makes one step too many",
        code=changed(RIGHT_PURCHASE, "range(steps)", "range(steps + 1)"),
    ),
    WrongAnswer(
        "purchase",
        points=1,
        because="takes the largest eigenvalue without dividing by n; one example does not tell",
        code=changed(RIGHT_PURCHASE, "phi.T @ phi / n", "phi.T @ phi"),
    ),
    WrongAnswer(
        "purchase",
        points=1,
        because="descends on the empirical risk without the factor 1/2",
        code=changed(RIGHT_PURCHASE, "u = u - step", "u = u - 2 * step"),
    ),
    WrongAnswer(
        "purchase",
        points=2,
        because="looks at the first sample instead of the mean over all",
        code=changed(RIGHT_PURCHASE, ".mean(0)", "[0]"),
    ),
    WrongAnswer(
        "purchase",
        points=2,
        because="trains on all examples, however many were bought",
        code=changed(
            RIGHT_PURCHASE, "zip(all_rows[:, :n], all_labels[:, :n])", "zip(all_rows, all_labels)"
        ),
    ),
    WrongAnswer(
        "purchase",
        points=4,
        because="gives the risks after the purchases in another order",
        code=changed(
            RIGHT_PURCHASE,
            "(2 * k, n, steps), (k, 2 * n, steps)",
            "(k, 2 * n, steps), (2 * k, n, steps)",
        ),
    ),
    WrongAnswer(
        "purchase",
        points=3,
        because="copies the numbers of somebody else",
        code=RIGHT_PURCHASE.partition("my_parts =")[0]
        + "my_parts, my_risks = (0.2071, 0.0634, 0.0213), (0.2613, 0.2544, 0.2805)\n",
    ),
]

WRONG_ANSWERS = RISKS + FITS + PARTS + PURCHASES
