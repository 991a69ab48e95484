"""Plausible wrong answers to the assignment on too much symmetry."""

from assignments.answers import WrongAnswer

SHARING = """
def sharing(out, inn):
    M, N = np.shape(out)[1], np.shape(inn)[1]
    name = np.arange(M * N).reshape(M, N)
    while True:
        before = name
        for s, t in zip(out, inn):
            name = np.minimum(name, name[np.ix_(s, t)])
        if (name == before).all():
            return name


i, j = np.indices((h, w))
down = (i + 1) % h * w + j
right = i * w + (j + 1) % w
half_turn = -i % h * w + -j % w
torus = np.array([g.ravel() for g in (down, right, half_turn)])
my_weights = len(np.unique(sharing(torus, torus)))
"""
POINTS = """
def sharing(out, inn):
    def orbit(generators):
        name = np.arange(np.shape(generators)[1])
        while True:
            before = name
            for g in generators:
                name = np.minimum(name, name[g])
            if (name == before).all():
                return name

    return orbit(out)[:, None] * np.shape(inn)[1] + orbit(inn)


my_weights = 1
"""
LISTED = SHARING.replace(
    SHARING.partition("\n\n\ni, j =")[0],
    """
def sharing(out, inn):
    M, N = np.shape(out)[1], np.shape(inn)[1]
    listed = [(np.arange(M), np.arange(N))]
    seen = {tuple(range(M)) + tuple(range(N))}
    name = np.arange(M * N).reshape(M, N)
    for g, h in listed:
        name = np.minimum(name, g[:, None] * N + h)
        for s, t in zip(out, inn):
            key = tuple(s[g].tolist()) + tuple(t[h].tolist())
            if key not in seen and len(seen) < 2000:
                seen.add(key)
                listed.append((s[g], t[h]))
    return name
""",
)
NEAREST = """
def nearest(A, pattern):
    found = np.empty(A.shape)
    for number in np.unique(pattern):
        orbit = pattern == number
        found[orbit] = A[orbit].mean()
    return found
"""
COUNTED = """
def nearest(A, pattern):
    orbits = pattern[:, :, None] == np.arange(len(np.unique(pattern)))
    sums = (A[:, :, None] * orbits).sum(axis=(0, 1))
    return orbits @ (sums / np.maximum(orbits.sum(axis=(0, 1)), 1))
"""
PRICE = """
def risks(d, k, n, b, noise):
    plain = noise * d / (n - d - 1)
    projected = noise * k / (n - d - 1) + b
    invariant = (noise + b) * k / (n - k - 1) + b
    return plain, projected, invariant


def break_even(d, k, b, noise):
    return d + 1 + noise * (d - k) / b


orbits = (h * w + 1) // 2
my_break_even = break_even(h * w, orbits, percent / 100, 1.0)
"""
CHOICE = """
def estimate(X, Y, P):
    n, d = X.shape
    inverse = np.linalg.inv(X.T @ X)
    fits = Y @ X @ inverse
    noise = ((Y - fits @ X.T) ** 2).sum(axis=1) / (n - d)
    b = ((fits - fits @ P) ** 2).sum(axis=1)
    b = b - noise * np.trace((np.eye(d) - P) @ inverse)
    return b + noise * np.trace(P @ inverse)


promised = np.array([estimate(X_mine, Y_mine, P) for P in PROJECTIONS])
fits = Y_mine @ np.linalg.pinv(X_mine).T
costs = np.array([((fits @ P - u_mine) ** 2).sum(axis=1) for P in PROJECTIONS])
my_promise = promised.min(axis=0).mean()
my_risk = costs[promised.argmin(axis=0), np.arange(400)].mean()
"""


def changed(code: str, before: str, after: str) -> str:
    """A right answer with one place gone wrong."""
    assert code.count(before) == 1, before
    return code.replace(before, after)


WRONG_ANSWERS = [
    WrongAnswer(
        "sharing",
        3,
        "Outputs are moved as inputs are. Passes the public checks.",
        changed(SHARING, "zip(out, inn)", "zip(inn, inn)"),
    ),
    WrongAnswer(
        "sharing",
        4,
        "The half turn is forgotten in the value. Passes the public checks.",
        changed(SHARING, "(down, right, half_turn)", "(down, right)"),
    ),
    WrongAnswer(
        "sharing",
        1,
        "Inputs are moved backward: the weights repeat along the other diagonals.",
        changed(SHARING, "np.ix_(s, t)", "np.ix_(s, np.argsort(t))"),
    ),
    WrongAnswer(
        "sharing",
        0,
        "Each generator is applied once.",
        changed(SHARING, "if (name == before).all():", "if True:"),
    ),
    WrongAnswer("sharing", 0, "Orbits of points in the place of orbits of pairs.", POINTS),
    WrongAnswer(
        "sharing",
        4,
        "The group is listed, as far as time allows. Passes the public checks.",
        LISTED,
    ),
    WrongAnswer(
        "nearest",
        3,
        "The numbers of the pattern are taken to be 0, 1, 2, … Passes the public checks.",
        COUNTED,
    ),
    WrongAnswer(
        "nearest",
        1,
        "The sum over an orbit for its mean.",
        changed(NEAREST, ".mean()", ".sum()"),
    ),
    WrongAnswer(
        "nearest",
        1,
        "The mean of the smallest and the largest weight of an orbit.",
        changed(NEAREST, "A[orbit].mean()", "(A[orbit].min() + A[orbit].max()) / 2"),
    ),
    WrongAnswer(
        "nearest",
        1,
        "The best constant for absolute differences: the median.",
        changed(NEAREST, "A[orbit].mean()", "np.median(A[orbit])"),
    ),
    WrongAnswer(
        "nearest",
        1,
        "One weight of the orbit stands for all of them.",
        changed(NEAREST, "A[orbit].mean()", "A[orbit][0]"),
    ),
    WrongAnswer(
        "price",
        4,
        "What the invariant model cannot see is not noise to it. Passes the public checks.",
        changed(PRICE, "(noise + b) * k / (n - k - 1)", "noise * k / (n - k - 1)"),
    ),
    WrongAnswer(
        "price",
        4,
        "What the invariant model misses adds noise, but not itself. Passes the public checks.",
        changed(PRICE, "(n - k - 1) + b", "(n - k - 1)"),
    ),
    WrongAnswer(
        "price",
        5,
        "The projected fit has the noise of the invariant one.",
        changed(PRICE, "noise * k / (n - d - 1) + b", "(noise + b) * k / (n - d - 1) + b"),
    ),
    WrongAnswer(
        "price",
        4,
        "The break-even for large numbers of samples, without d + 1.",
        changed(PRICE, "d + 1 + noise * (d - k) / b", "noise * (d - k) / b"),
    ),
    WrongAnswer(
        "price",
        5,
        "The half turn leaves one dimension, as all shifts do. Passes the public checks.",
        changed(PRICE, "break_even(h * w, orbits,", "break_even(h * w, 1,"),
    ),
    WrongAnswer(
        "price",
        5,
        "The half turn of the torus, with up to four fixed pixels. Passes the public checks.",
        changed(PRICE, "(h * w + 1) // 2", "(h * w + (2 - h % 2) * (2 - w % 2)) // 2"),
    ),
    WrongAnswer(
        "choice",
        4,
        "For each set the truly best s, which nobody can know. Passes the public checks.",
        CHOICE + "my_risk = costs.min(axis=0).mean()\n",
    ),
    WrongAnswer(
        "choice",
        1,
        "The noise in the asymmetry of the fit is not removed.",
        changed(CHOICE, "b = b - noise * np.trace((np.eye(d) - P) @ inverse)\n", "\n"),
    ),
    WrongAnswer(
        "choice",
        1,
        "The variance of the noise is the mean squared residual, without the parameters.",
        changed(CHOICE, "/ (n - d)", "/ n"),
    ),
    WrongAnswer(
        "choice",
        1,
        "As if inputs were orthonormal: 1/n in the place of the inverse. Passes the public checks.",
        changed(CHOICE, "np.trace((np.eye(d) - P) @ inverse)", "np.trace(np.eye(d) - P) / n"),
    ),
    WrongAnswer(
        "choice",
        4,
        "The risk is taken to be what was promised. Passes the public checks.",
        CHOICE + "my_risk = my_promise\n",
    ),
    WrongAnswer(
        "choice",
        5,
        "The smallest mean in the place of the mean of the smallest. Passes the public checks.",
        CHOICE + "my_promise = promised.mean(axis=1).min()\n",
    ),
    WrongAnswer(
        "choice",
        4,
        "One choice for all sets of labels. Passes the public checks.",
        CHOICE + "my_risk = costs[promised.mean(axis=1).argmin()].mean()\n",
    ),
]
