"""Wrong answers to the assignment on approximation."""

from assignments.answers import WrongAnswer

ROWS = """
def paths_through(Ws, bs):
    arriving, leaving = [torch.ones_like(Ws[0][0])], [torch.ones_like(bs[-1])]
    for W, b in zip(Ws, bs):
        arriving.append({arriving})
    for W in reversed(Ws[1:]):
        leaving.append({leaving})
    return [{combined} for v, u in zip(arriving[1:-1], reversed(leaving[1:]))]
"""
REVERSED = """

from_the_start = paths_through


def paths_through(Ws, bs):
    return from_the_start(Ws, bs)[::-1]
"""
ARRIVING, LEAVING = "W.abs() @ arriving[-1] + b.abs()", "W.abs().T @ leaving[-1]"

DRAWS = """
def draw_error(a, W, b, X, p, k):
    neurons = a * torch.relu(X @ W.T + b)
    squares = (neurons**2).mean(dim=0)
    drawn = p > 0
    return {error}


def best_probabilities(a, W, b, X):
    neurons = a * torch.relu(X @ W.T + b)
    weights = {weights}
    return weights / weights.sum()
"""
ERROR = "((squares[drawn] / p[drawn]).sum() - (neurons.sum(dim=1) ** 2).mean()) / k"
WEIGHTS = "(neurons**2).mean(dim=0).sqrt()"

VALUES = """
square = d / 3 + d * (d - 1) / 4
one_draw = 2 * d**2 / 3 - square
draws = math.ceil(q * one_draw / square)
draws_by_theorem = math.ceil(q * (4 * d**2 - square) / square)
"""

WRONG_ANSWERS = [
    WrongAnswer(
        question="path-norm",
        points=1,
        because="The bias of the output is left out.",
        code="""
def path_norm(Ws, bs):
    v = torch.ones_like(Ws[0][0])
    for W, b in zip(Ws, [*bs[:-1], 0 * bs[-1]]):
        v = W.abs() @ v + b.abs()
    return v[0]
""",
    ),
    WrongAnswer(
        question="through",
        points=1,
        because="The list starts with the layer next to the output.",
        code=ROWS.format(arriving=ARRIVING, leaving=LEAVING, combined="v * u") + REVERSED,
    ),
    WrongAnswer(
        question="path-norm",
        points=0,
        because="The product of the layers' operator norms for the maximum norm is an upper bound.",
        code="""
def path_norm(Ws, bs):
    v = torch.ones_like(Ws[0][0, 0])
    for W, b in zip(Ws, bs):
        v = (W.abs().sum(1) * v + b.abs()).max()
    return v
""",
    ),
    WrongAnswer(
        question="path-norm",
        points=1,
        because="Absolute values after the multiplication let paths of different signs cancel.",
        code="""
def path_norm(Ws, bs):
    v, M = 0, torch.eye(len(Ws[-1]), dtype=torch.float64)
    for W, b in zip(reversed(Ws), reversed(bs)):
        v = v + (M @ b).abs().sum()
        M = M @ W
    return v + M.abs().sum()
""",
    ),
    WrongAnswer(
        question="path-norm",
        points=1,
        because="The paths that start at a bias are forgotten.",
        code="""
def path_norm(Ws, bs):
    v = torch.ones_like(Ws[0][0])
    for W in Ws:
        v = W.abs() @ v
    return v[0]
""",
    ),
    WrongAnswer(
        question="path-norm",
        points=1,
        because="The outer bias is no factor of the paths that come from the inputs.",
        code="""
def path_norm(Ws, bs):
    v = torch.ones_like(Ws[0][0])
    for W, b in zip(Ws, bs):
        v = W.abs() @ v + b.abs()
    return v[0] + bs[-1].abs()[0]
""",
    ),
    WrongAnswer(
        question="path-norm",
        points=1,
        because="Each neuron is priced by the Euclidean length of its weights.",
        code="""
def path_norm(Ws, bs):
    v = torch.ones_like(Ws[0][0])
    for W, b in zip(Ws, bs):
        v = ((W * v) ** 2).sum(1).sqrt() + b.abs()
    return v[0]
""",
    ),
    WrongAnswer(
        question="through",
        points=2,
        because="Absolute values after the multiplication: paths that leave a neuron cancel.",
        code="""
def paths_through(Ws, bs):
    v, arriving = torch.ones_like(Ws[0][0]), []
    for W, b in zip(Ws, bs):
        v = W.abs() @ v + b.abs()
        arriving.append(v)
    M, found = Ws[-1], []
    for l in reversed(range(len(Ws) - 1)):
        found.append(M[0].abs() * arriving[l])
        M = M @ Ws[l]
    return found[::-1]
""",
    ),
    WrongAnswer(
        question="through",
        points=1,
        because="The paths that start at the bias of a neuron, or before, are forgotten.",
        code=ROWS.format(arriving="W.abs() @ arriving[-1]", leaving=LEAVING, combined="v * u"),
    ),
    WrongAnswer(
        question="through",
        points=0,
        because="The paths that arrive are all that is counted: the path norm of the neuron alone.",
        code=ROWS.format(arriving=ARRIVING, leaving=LEAVING, combined="v"),
    ),
    WrongAnswer(
        question="through",
        points=0,
        because="Paths that leave a neuron do not start at later biases.",
        code=ROWS.format(
            arriving=ARRIVING, leaving="W.abs().T @ (leaving[-1] + 0 * b) + 1", combined="v * u"
        ),
    ),
    WrongAnswer(
        question="through",
        points=1,
        because="Only the weights next to the neuron count, as in shallow networks.",
        code="""
def paths_through(Ws, bs):
    return [
        V.abs().sum(0) * (W.abs().sum(1) + b.abs()) for W, b, V in zip(Ws, bs, Ws[1:])
    ]
""",
    ),
    WrongAnswer(
        question="thinning",
        points=4,
        because="Drawn by the price, as in the theorem: prices know no inputs.",
        code=DRAWS.format(
            error=ERROR, weights="(neurons**2).mean(dim=0).sqrt().sign() * a.abs() * W.norm(dim=1)"
        ),
    ),
    WrongAnswer(
        question="thinning",
        points=4,
        because="The mean of the absolute outputs stands for the root of the mean square.",
        code=DRAWS.format(error=ERROR, weights="neurons.abs().mean(dim=0)"),
    ),
    WrongAnswer(
        question="thinning",
        points=4,
        because="The mean square of a neuron stands for the root of it.",
        code=DRAWS.format(error=ERROR, weights="(neurons**2).mean(dim=0)"),
    ),
    WrongAnswer(
        question="thinning",
        points=4,
        because="The outer weights are forgotten in the probabilities.",
        code=DRAWS.format(error=ERROR, weights="torch.relu(X @ W.T + b).square().mean(0).sqrt()"),
    ),
    WrongAnswer(
        question="thinning",
        points=2,
        because="The square of the mean is not subtracted: a second moment is no variance.",
        code=DRAWS.format(error="(squares[drawn] / p[drawn]).sum() / k", weights=WEIGHTS),
    ),
    WrongAnswer(
        question="thinning",
        points=2,
        because="The error is divided by the square of the number of draws.",
        code=DRAWS.format(error=ERROR + " / k", weights=WEIGHTS),
    ),
    WrongAnswer(
        question="thinning",
        points=5,
        because="Without the case p = 0 the error of a neuron that is never drawn is 0/0.",
        code=DRAWS.format(error=ERROR.replace("[drawn]", ""), weights=WEIGHTS),
    ),
    WrongAnswer(
        question="draws",
        points=2,
        because="The error itself, not its square, is made 1/q of the norm.",
        code="""
square = d / 3 + d * (d - 1) / 4
one_draw = 2 * d**2 / 3 - square
draws = math.ceil(q**2 * one_draw / square)
draws_by_theorem = math.ceil(q**2 * (4 * d**2 - square) / square)
constant_error = 1 / (3 * d + 1)
""",
    ),
    WrongAnswer(
        question="draws",
        points=2,
        because="The square of f is not subtracted where the error is exact.",
        code="""
square = d / 3 + d * (d - 1) / 4
one_draw = 2 * d**2 / 3
draws = math.ceil(q * one_draw / square)
draws_by_theorem = math.ceil(q * (4 * d**2 - square) / square)
constant_error = 1 / (3 * d + 1)
""",
    ),
    WrongAnswer(
        question="draws",
        points=2,
        because="Rounded down, the error is still a little too large.",
        code="""
square = d / 3 + d * (d - 1) / 4
one_draw = 2 * d**2 / 3 - square
draws = int(q * one_draw / square)
draws_by_theorem = int(q * (4 * d**2 - square) / square)
constant_error = 1 / (3 * d + 1)
""",
    ),
    WrongAnswer(
        question="draws",
        points=3,
        because="The square of f is forgotten in the theorem's bound.",
        code="""
square = d / 3 + d * (d - 1) / 4
one_draw = 2 * d**2 / 3 - square
draws = math.ceil(q * one_draw / square)
draws_by_theorem = math.ceil(q * 4 * d**2 / square)
constant_error = 1 / (3 * d + 1)
""",
    ),
    WrongAnswer(
        question="draws",
        points=3,
        because="The square of the mean of f stands for the mean of its square.",
        code="""
square = d**2 / 4
one_draw = 2 * d**2 / 3 - square
draws = math.ceil(q * (5 / 3 - 1e-9))
draws_by_theorem = 15 * q
constant_error = 1 / (3 * d + 1)
""",
    ),
    WrongAnswer(
        question="draws",
        points=3,
        because="The error of the best constant is not divided by the mean square of f.",
        code=VALUES + "constant_error = d / 12\n",
    ),
    WrongAnswer(
        question="draws",
        points=3,
        because="The variance of x_i, 1/3, stands for that of |x_i|.",
        code=VALUES + "constant_error = d / 3 / square\n",
    ),
]
