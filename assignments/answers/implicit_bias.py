"""Wrong answers to the assignment on implicit bias."""

from assignments.answers import WrongAnswer

MOVED = """
def moved(u, v, z):
    rises, falls = (u + v) * {grows} / 2, (u - v) * {shrinks} / 2
    return rises + falls, rises - falls
"""

FLOW = """
def flow_limit(X, y, u, v):
    grows, falls = {grows}, {falls}

    def objective(nu):
        z = 2 * X.T @ nu
        return (grows * z.exp() + falls * (-z).exp()).sum() / 2 - y @ nu

    nu = torch.zeros_like(y)
    for _ in range(60):
        z = 2 * X.T @ nu
        beta = grows * z.exp() - falls * (-z).exp()
        slope = 2 * (grows * z.exp() + falls * (-z).exp())
        step = torch.linalg.solve((X * slope) @ X.T, y - X @ beta)
        size, before = 1.0, objective(nu)
        while not objective(nu + size * step) <= before + 1e-12 * abs(before):
            size /= 2
        nu = nu + size * step
    return beta
"""

FORGETTING = """
ones, zeros = torch.ones(d), torch.zeros(d)
large, small = {large} * ones, {small} * ones
rate = {rate}
lazy = float({norm_of}(descend(large, zeros, 0.02, 1000)))
rich = float({norm_of}(descend(small, zeros, 0.1, {rich_steps})))
decayed = float({norm_of}(descend(large, zeros, {eta}, {decay_steps}, rate)))
"""
RUNS = {
    "large": "10**0.5",
    "small": "10**-1.5",
    "rate": "decay / 1000",
    "norm_of": "(lambda beta: beta.abs().sum())",
    "eta": "0.05",
    "rich_steps": "5000",
    "decay_steps": "int(300 / rate) + 1",
}


WRONG_ANSWERS = [
    WrongAnswer(
        "moved",
        points=3,
        because="cosh and sinh: right on paper, and without a digit where the sum of the weights "
        "is 0. All public checks pass.",
        code="""
def moved(u, v, z):
    return u * z.cosh() + v * z.sinh(), v * z.cosh() + u * z.sinh()
""",
    ),
    WrongAnswer(
        "moved",
        points=0,
        because="The factor 2 of the theorem's equations for p and q is taken over.",
        code=MOVED.format(grows="(2 * z).exp()", shrinks="(-2 * z).exp()"),
    ),
    WrongAnswer(
        "moved",
        points=0,
        because="The sign of z is lost: the sum falls and the difference grows.",
        code=MOVED.format(grows="(-z).exp()", shrinks="z.exp()"),
    ),
    WrongAnswer(
        "moved",
        points=0,
        because="A rotation: u' = -g v and v' = g u.",
        code="""
def moved(u, v, z):
    return u * z.cos() + v * z.sin(), v * z.cos() - u * z.sin()
""",
    ),
    WrongAnswer(
        "moved",
        points=0,
        because="One step of Euler's scheme, as if u and v stood still.",
        code="""
def moved(u, v, z):
    return u + z * v, v + z * u
""",
    ),
    WrongAnswer(
        "flow-limit",
        points=3,
        because="The start of β is taken to be 0, as in the theorem of the chapter. "
        "All public checks pass.",
        code=FLOW.format(grows="(u**2 - v**2).abs() / 4", falls="(u**2 - v**2).abs() / 4"),
    ),
    WrongAnswer(
        "flow-limit",
        points=2,
        because="The interpolant of least Euclidean norm, whatever the start.",
        code="""
def flow_limit(X, y, u, v):
    return torch.linalg.pinv(X) @ y
""",
    ),
    WrongAnswer(
        "flow-limit",
        points=3,
        because="The interpolant that is nearest to the start, as if β itself moved along the "
        "gradient.",
        code="""
def flow_limit(X, y, u, v):
    return u * v + torch.linalg.pinv(X) @ (y - X @ (u * v))
""",
    ),
    WrongAnswer(
        "flow-limit",
        points=2,
        because="Only the sizes of u and v are used, not their signs. All public checks pass.",
        code=FLOW.format(
            grows="(u.abs() + v.abs()) ** 2 / 4", falls="(u.abs() - v.abs()) ** 2 / 4"
        ),
    ),
    WrongAnswer(
        "flow-limit",
        points=2,
        because="A hundred steps of gradient descent are taken for the limit.",
        code="""
def flow_limit(X, y, u, v):
    for _ in range(100):
        g = X.T @ (X @ (u * v) - y) / len(y)
        u, v = u - 0.01 * g * v, v - 0.01 * g * u
    return u * v
""",
    ),
    WrongAnswer(
        "flow-limit",
        points=2,
        because="The sum of u and v and their difference are not squared.",
        code=FLOW.format(grows="(u + v).abs() / 4", falls="(u - v).abs() / 4"),
    ),
    WrongAnswer(
        "forgetting",
        points=2,
        because="The run from the small balance ends as early as that from the large one.",
        code=FORGETTING.format(**RUNS | {"rich_steps": "150"}),
    ),
    WrongAnswer(
        "forgetting",
        points=2,
        because="The run with weight decay ends long before the balance is forgotten.",
        code=FORGETTING.format(**RUNS | {"decay_steps": "400"}),
    ),
    WrongAnswer(
        "forgetting",
        points=2,
        because="The weight decay of the third run is forgotten.",
        code=FORGETTING.format(**RUNS | {"rate": "0.0", "decay_steps": "5000"}),
    ),
    WrongAnswer(
        "forgetting",
        points=2,
        because="u = D instead of u = √D. Between D = 10 and D = 100 nothing is left to change, "
        "but the small balance is another one. All public checks pass.",
        code=FORGETTING.format(
            **RUNS
            | {
                "large": "10.0",
                "small": "1e-3",
                "eta": "0.02",
                "decay_steps": "int(750 / rate) + 1",
            }
        ),
    ),
    WrongAnswer(
        "forgetting",
        points=1,
        because="The Euclidean norm instead of the sum of the sizes.",
        code=FORGETTING.format(**RUNS | {"norm_of": "torch.linalg.norm"}),
    ),
]
