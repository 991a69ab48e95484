"""Wrong answers to the assignment on whom stochastic gradient descent should ask."""

from assignments.answers import WrongAnswer

NOISE = [
    WrongAnswer(
        "noise-covariance",
        points=1,
        because="centers raw gradients at their mean under p; weighted ones have the plain mean",
        code="""
def noise_covariance(g, p, B):
    deviations = g / (len(p) * p)[:, None] - p @ g
    return (deviations.T * p) @ deviations / B
""",
    ),
    WrongAnswer(
        "noise-covariance",
        points=1,
        because="forgets that a gradient drawn often must count less",
        code="""
def noise_covariance(g, p, B):
    deviations = g - p @ g
    return (deviations.T * p) @ deviations / B
""",
    ),
    WrongAnswer(
        "noise-covariance",
        points=1,
        because="takes the factor of batches without replacement",
        code="""
def noise_covariance(g, p, B):
    n = len(p)
    deviations = g / (n * p)[:, None] - g.mean(0)
    return (deviations.T * p) @ deviations * (n - B) / (B * (n - 1))
""",
    ),
    WrongAnswer(
        "noise-covariance",
        points=1,
        because="divides by n - 1, as one does to estimate a covariance from a sample",
        code="""
def noise_covariance(g, p, B):
    return np.atleast_2d(np.cov((g / (len(p) * p)[:, None]).T, aweights=p)) / B
""",
    ),
    WrongAnswer(
        "noise-covariance",
        points=1,
        because="forgets that a batch averages",
        code="""
def noise_covariance(g, p, B):
    deviations = g / (len(p) * p)[:, None] - g.mean(0)
    return (deviations.T * p) @ deviations
""",
    ),
    WrongAnswer(
        "best-probabilities",
        points=0,
        because="measures gradients by the sum of absolute values instead of the length",
        code="""
def best_probabilities(g):
    norms = np.abs(g).sum(1)
    return norms / norms.sum()
""",
    ),
    WrongAnswer(
        "best-probabilities",
        points=1,
        because="takes the squared length, as for stability",
        code="""
def best_probabilities(g):
    squares = (g**2).sum(1)
    return squares / squares.sum()
""",
    ),
    WrongAnswer(
        "best-probabilities",
        points=1,
        because="draws those often that are far from the mean",
        code="""
def best_probabilities(g):
    norms = np.linalg.norm(g - g.mean(0), axis=1)
    return norms / norms.sum()
""",
    ),
    WrongAnswer(
        "best-probabilities",
        points=1,
        because="thinks that equal chances are best if nothing is known",
        code="""
def best_probabilities(g):
    return np.full(len(g), 1 / len(g))
""",
    ),
]

MOMENTS = [
    WrongAnswer(
        "second-moment",
        points=1,
        because="moves M past a row, as if matrices commuted; in one dimension they do",
        code="""
def second_moment(M, phi, p, eta, B):
    n, d = phi.shape
    H = phi.T @ phi / n
    squares = (phi**2).sum(1)
    noise = (phi.T * (squares / (n**2 * p))) @ phi @ M
    drift = np.eye(d) - eta * H
    return drift @ M @ drift + eta**2 / B * (noise - H @ M @ H)
""",
    ),
    WrongAnswer(
        "second-moment",
        points=1,
        because="counts the square of the mean twice, in the drift and in the noise",
        code="""
def second_moment(M, phi, p, eta, B):
    n, d = phi.shape
    H = phi.T @ phi / n
    noise = (phi.T * (((phi @ M) * phi).sum(1) / (n**2 * p))) @ phi
    drift = np.eye(d) - eta * H
    return drift @ M @ drift + eta**2 / B * noise
""",
    ),
    WrongAnswer(
        "second-moment",
        points=1,
        because="forgets the chances: the formula of the chapter",
        code="""
def second_moment(M, phi, p, eta, B):
    n, d = phi.shape
    H = phi.T @ phi / n
    noise = (phi.T * (((phi @ M) * phi).sum(1) / n)) @ phi
    drift = np.eye(d) - eta * H
    return drift @ M @ drift + eta**2 / B * (noise - H @ M @ H)
""",
    ),
    WrongAnswer(
        "second-moment",
        points=2,
        because="forgets that a batch averages",
        code="""
def second_moment(M, phi, p, eta, B):
    n, d = phi.shape
    drifts = np.eye(d) - eta * phi[:, :, None] * phi[:, None, :] / (n * p)[:, None, None]
    return sum(q * K @ M @ K for q, K in zip(p, drifts))
""",
    ),
]

OWN_STEPS = """

squares = (rows**2).sum(1)
uniform_step = largest_step(rows, np.full(n, 1 / n), 1)
length_step = largest_step(rows, squares / squares.sum(), 1)
"""
RIGHT_STEP = """
def largest_step(phi, p, B):
    from scipy.linalg import eigh

    n, d = phi.shape
    I, H = np.eye(d), phi.T @ phi / n
    A = phi[:, :, None] * phi[:, None, :] / (n * p)[:, None, None]
    S = sum(q * np.kron(a, a) for q, a in zip(p, A)) / B + (1 - 1 / B) * np.kron(H, H)
    return 1 / eigh(S, np.kron(H, I) + np.kron(I, H), eigvals_only=True)[-1]
"""

STEPS = [
    WrongAnswer(
        "largest-step",
        points=2,
        because="takes the bound by the trace for the threshold; in one dimension it is",
        code="""
def largest_step(phi, p, B):
    n = len(p)
    H = phi.T @ phi / n
    fourth = ((phi**2).sum(1) ** 2 / p).sum() / n**2
    return 2 * np.trace(H) / ((1 - 1 / B) * np.trace(H @ H) + fourth / B)
"""
        + OWN_STEPS,
    ),
    WrongAnswer(
        "largest-step",
        points=1,
        because="looks at the eigenvectors of H only",
        code="""
def largest_step(phi, p, B):
    n = len(p)
    values, vectors = np.linalg.eigh(phi.T @ phi / n)
    fourth = p @ ((phi @ vectors) ** 2 / (n * p)[:, None]) ** 2
    return float((2 * values / ((1 - 1 / B) * values**2 + fourth / B)).min())
"""
        + OWN_STEPS,
    ),
    WrongAnswer(
        "largest-step",
        points=1,
        because="takes the threshold of gradient descent, as if there were no noise",
        code="""
def largest_step(phi, p, B):
    return 2 / np.linalg.eigvalsh(phi.T @ phi / len(p))[-1]
"""
        + OWN_STEPS,
    ),
    WrongAnswer(
        "largest-step",
        points=2,
        because="ignores the chances, and computes everything for equal ones",
        code=RIGHT_STEP.replace("n, d = phi.shape", "n, d = phi.shape; p = np.full(n, 1 / n)")
        + OWN_STEPS,
    ),
    WrongAnswer(
        "largest-step",
        points=3,
        because="forgets that two different examples of a batch act together, too",
        code=RIGHT_STEP.replace(" + (1 - 1 / B) * np.kron(H, H)", "") + OWN_STEPS,
    ),
    WrongAnswer(
        "largest-step",
        points=5,
        because="draws by length instead of squared length",
        code=RIGHT_STEP + OWN_STEPS.replace("sum(1)", "sum(1) ** 0.5"),
    ),
    WrongAnswer(
        "largest-step",
        points=4,
        because="copies the two numbers of someone else",
        code=RIGHT_STEP + "\n\nuniform_step, length_step = 0.4731, 1.1092\n",
    ),
]

OWN_FLOORS = """

by_length = (rows**2).sum(1) / (rows**2).sum()
both = np.full(n, 1 / n), by_length
short_floors = tuple(plateau(rows, short_labels, p, eta) for p in both)
long_floors = tuple(plateau(rows, long_labels, p, eta) for p in both)
"""
RIGHT_PLATEAU = """
def plateau(phi, y, p, eta):
    n, d = phi.shape
    I, H = np.eye(d), phi.T @ phi / n
    r = phi @ np.linalg.lstsq(phi, y, rcond=None)[0] - y
    b = (r / (n * p))[:, None] * phi
    A = phi[:, :, None] * phi[:, None, :] / (n * p)[:, None, None]
    kept = sum(q * np.kron(a, a) for q, a in zip(p, I - eta * A))
    M = np.linalg.solve(np.eye(d * d) - kept, eta**2 * ((b.T * p) @ b).ravel()).reshape(d, d)
    return np.trace(H @ M) / 2
"""

FLOORS = [
    WrongAnswer(
        "plateau",
        points=2,
        because="moves M past a row, as if matrices commuted; at small steps it hardly matters",
        code=RIGHT_PLATEAU.replace(
            "sum(q * np.kron(a, a) for q, a in zip(p, I - eta * A))",
            "np.kron(I - eta * H, I - eta * H) - eta**2 * np.kron(H, H)"
            " + eta**2 * sum(q * np.kron(a @ a, I) for q, a in zip(p, A))",
        )
        + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=1,
        because="gives half the mean squared distance instead of the loss",
        code=RIGHT_PLATEAU.replace("np.trace(H @ M)", "np.trace(M)") + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=2,
        because="takes the noise as additive, and forgets that it also grows with the error",
        code=RIGHT_PLATEAU.replace(
            "sum(q * np.kron(a, a) for q, a in zip(p, I - eta * A))",
            "np.kron(I - eta * H, I - eta * H)",
        )
        + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=2,
        because="takes the limit for small steps for the exact floor",
        code="""
def plateau(phi, y, p, eta):
    r = phi @ np.linalg.lstsq(phi, y, rcond=None)[0] - y
    return eta / 4 * (r**2 * (phi**2).sum(1) / p).sum() / len(p) ** 2
"""
        + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=1,
        because="forgets the weights of the residuals",
        code=RIGHT_PLATEAU.replace("b = (r / (n * p))", "b = r") + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=1,
        because="gives the loss itself, which contains the least loss",
        code=RIGHT_PLATEAU.replace("/ 2\n", "/ 2 + (r**2).mean() / 2\n") + OWN_FLOORS,
    ),
    WrongAnswer(
        "plateau",
        points=4,
        because="gives the floors in the wrong order",
        code=RIGHT_PLATEAU + OWN_FLOORS.replace("in both", "in both[::-1]"),
    ),
]

WRONG_ANSWERS = NOISE + MOMENTS + STEPS + FLOORS
