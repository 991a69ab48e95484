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
        "gradient",
        points=1,
        because="Each gradient is transposed.",
        code=GRADIENT.format(delta=RESIDUAL, passed_on=MASKED).replace(
            "delta.T @ below", "below.T @ delta"
        ),
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
        points=3,
        because="The rate of the flow with weight decay, -2λD, is used for a step.",
        code="""
def drift(weights, gradients, eta, decay):
    both = zip(balances(weights), balances(gradients))
    return [eta**2 * G - 2 * eta * decay * D for D, G in both]
""",
    ),
    WrongAnswer(
        "drift",
        points=3,
        because="The weight decay is forgotten.",
        code="""
def drift(weights, gradients, eta, decay):
    return [eta**2 * G for G in balances(gradients)]
""",
    ),
    WrongAnswer(
        "drift",
        points=3,
        because="The balances are taken to shrink like the weights, and not like their squares.",
        code="""
def drift(weights, gradients, eta, decay):
    both = zip(balances(weights), balances(gradients))
    return [eta**2 * G - eta * decay * D for D, G in both]
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
        "tangent-kernel",
        points=0,
        because="The mean over the samples is taken in the kernel.",
        code=KERNEL.format(term=GRAMS + " / len(X)", passed_on=MASKED),
    ),
    WrongAnswer(
        "prediction",
        points=3,
        because="`left` is the part of the labels that is learned. All public checks pass.",
        code=PREDICTION.format(
            factor=POWERS, eta_max=ETA_MAX, left=f"float(((y - {STAYS}) ** 2).mean() / 2)"
        ),
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
]
