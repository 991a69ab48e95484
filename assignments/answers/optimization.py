"""Wrong answers to the assignment on optimization."""

from assignments.answers import WrongAnswer

GRADIENT = """
def gradient(weights, X, y):
    layers = [X]
    for W in weights[:-1]:
        layers.append((layers[-1] @ W.T).relu())
    delta = {delta}
    gradients = []
    for W, below in zip(reversed(weights), reversed(layers)):
        gradients.insert(0, delta.T @ below)
        delta = {passed_on}
    return gradients
"""
RESIDUAL = "(network(weights, X) - y)[:, None] / len(y)"
MASKED = "(delta @ W) * (below > 0)"

KERNEL = """
def tangent_kernel(weights, X):
    layers = [X]
    for W in weights[:-1]:
        layers.append((layers[-1] @ W.T).relu())
    delta = torch.ones(len(X), 1)
    K = torch.zeros(len(X), len(X))
    for W, below in zip(reversed(weights), reversed(layers)):
        K = K + {term}
        delta = {passed_on}
    return K
"""
GRAMS = "(delta @ delta.T) * (below @ below.T)"

PREDICTION = """
def linear_residual(K, r, eta, t):
    rates, modes = torch.linalg.eigh(K)
    return modes @ ({factor} * (modes.T @ r))

K = tangent_kernel(start, X)
eta_max = {eta_max}
left = {left}
"""
POWERS = "(1 - eta * rates / len(r)) ** t"
ETA_MAX = "float(2 * n / torch.linalg.eigvalsh(K)[-1])"
STAYS = "(y - K @ torch.linalg.pinv(K, rtol=1e-9) @ y)"
LEFT = f"float(({STAYS} ** 2).mean() / 2)"

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
rich = float({norm_of}(descend(small, zeros, 0.1, 5000)))
decayed = float({norm_of}(descend(large, zeros, {eta}, {decay_steps}, rate)))
"""
RUNS = {
    "large": "10**0.5",
    "small": "10**-1.5",
    "rate": "decay / 1000",
    "norm_of": "(lambda beta: beta.abs().sum())",
    "eta": "0.05",
    "decay_steps": "int(300 / rate) + 1",
}


WRONG_ANSWERS = [
    WrongAnswer(
        "gradient",
        points=1,
        because="The derivative of the ReLU is taken at the last hidden layer only. "
        "Networks of two layers come out right, and all public checks pass.",
        code=GRADIENT.format(
            delta=RESIDUAL,
            passed_on="(delta @ W) * ((below > 0) if W is weights[-1] else 1)",
        ),
    ),
    WrongAnswer(
        "gradient",
        points=0,
        because="The sum over the samples instead of the mean.",
        code=GRADIENT.format(delta="(network(weights, X) - y)[:, None]", passed_on=MASKED),
    ),
    WrongAnswer(
        "gradient",
        points=1,
        because="The loss is differentiated without its factor 1/2.",
        code=GRADIENT.format(delta="2 * " + RESIDUAL, passed_on=MASKED),
    ),
    WrongAnswer(
        "gradient",
        points=1,
        because="The values of a ReLU are compared with 0 by >=, which always holds.",
        code=GRADIENT.format(delta=RESIDUAL, passed_on="(delta @ W) * (below >= 0)"),
    ),
    WrongAnswer(
        "drift",
        points=3,
        because="The step is taken and the balances are subtracted: tiny steps are lost in "
        "rounding. All public checks pass.",
        code="""
def drift(weights, gradients, eta, decay):
    moved = [(1 - eta * decay) * W - eta * G for W, G in zip(weights, gradients)]
    return [after - before for after, before in zip(balances(moved), balances(weights))]
""",
    ),
    WrongAnswer(
        "drift",
        points=2,
        because="The rate of the flow with weight decay, -2λD, is used for a step.",
        code="""
def drift(weights, gradients, eta, decay):
    both = zip(balances(weights), balances(gradients))
    return [eta**2 * G - 2 * eta * decay * D for D, G in both]
""",
    ),
    WrongAnswer(
        "drift",
        points=2,
        because="The weight decay is forgotten.",
        code="""
def drift(weights, gradients, eta, decay):
    return [eta**2 * G for G in balances(gradients)]
""",
    ),
    WrongAnswer(
        "drift",
        points=1,
        because="The squares of the gradients are taken with the opposite sign, incoming minus "
        "outgoing.",
        code="""
def drift(weights, gradients, eta, decay):
    both = zip(balances(weights), balances(gradients))
    return [((1 - eta * decay) ** 2 - 1) * D - eta**2 * G for D, G in both]
""",
    ),
    WrongAnswer(
        "tangent-kernel",
        points=1,
        because="The derivative of the ReLU is taken at the last hidden layer only. "
        "Networks of two layers come out right, and all public checks pass.",
        code=KERNEL.format(
            term=GRAMS, passed_on="(delta @ W) * ((below > 0) if W is weights[-1] else 1)"
        ),
    ),
    WrongAnswer(
        "tangent-kernel",
        points=0,
        because="The inner weights are left out: the kernel of random features.",
        code=KERNEL.format(term=GRAMS + " * (W is weights[-1])", passed_on=MASKED),
    ),
    WrongAnswer(
        "tangent-kernel",
        points=0,
        because="The derivative of the ReLU is passed on without the weights above it.",
        code=KERNEL.format(term=GRAMS, passed_on="(below > 0).double()"),
    ),
    WrongAnswer(
        "tangent-kernel",
        points=0,
        because="The two Gram matrices are multiplied as matrices, not entry by entry.",
        code=KERNEL.format(term="(delta @ delta.T) @ (below @ below.T)", passed_on=MASKED),
    ),
    WrongAnswer(
        "prediction",
        points=3,
        because="The factor 1/2 of the loss is forgotten in `left`. All public checks pass.",
        code=PREDICTION.format(factor=POWERS, eta_max=ETA_MAX, left=f"2 * {LEFT}"),
    ),
    WrongAnswer(
        "prediction",
        points=3,
        because="The largest step without a change of sign is taken for the largest stable one. "
        "All public checks pass.",
        code=PREDICTION.format(
            factor=POWERS, eta_max="float(n / torch.linalg.eigvalsh(K)[-1])", left=LEFT
        ),
    ),
    WrongAnswer(
        "prediction",
        points=3,
        because="The flow at the time ηt instead of t steps.",
        code=PREDICTION.format(
            factor="torch.exp(-eta * t * rates / len(r))", eta_max=ETA_MAX, left=LEFT
        ),
    ),
    WrongAnswer(
        "prediction",
        points=1,
        because="The mean over the samples is forgotten, in the steps and in `eta_max`.",
        code=PREDICTION.format(
            factor="(1 - eta * rates) ** t",
            eta_max="float(2 / torch.linalg.eigvalsh(K)[-1])",
            left=LEFT,
        ),
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
