"""Hidden checks of the assignment on implicit bias."""

from __future__ import annotations

import torch
from torch import Tensor

from assignments.checks import Wrong, plain, prop, same
from assignments.checks.implicit_bias_truth import columns, flow_end, underdetermined
from assignments.checks.optimization_inputs import normal

# Question 1


@prop("moved", points=2)
def follows(student, rng, numbers):
    """u and v follow u' = -g v, v' = -g u, for coordinates of all kinds"""
    u, v, z = normal(rng, 8), normal(rng, 8), torch.from_numpy(rng.uniform(-2, 2, 8))
    found = pair(student.moved(u, v, z))
    exchange = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    wanted = (
        torch.linalg.matrix_exp(z[:, None, None] * exchange) @ torch.stack([u, v], 1)[:, :, None]
    )
    for name, weights, goal in zip("uv", found, wanted[:, :, 0].T, strict=True):
        same(weights, goal, f"{name} of eight coordinates with z between -2 and 2")


@prop("moved", points=1)
def invariant(student, rng, numbers):
    """u² - v² = D is conserved, and arcsinh(2β/|D|) grows by 2z"""
    _, _, u, v = underdetermined(rng)
    z = torch.from_numpy(rng.uniform(0.5, 1.5, 6))
    later_u, later_v = (plain(w, "u or v") for w in pair(student.moved(u, v, z)))
    D = u**2 - v**2
    same(later_u**2 - later_v**2, D, "u² - v² of six coordinates at a later time", rtol=1e-5)
    angle = (2 * later_u * later_v / D.abs()).asinh() - (2 * u * v / D.abs()).asinh()
    same(angle, 2 * z, "The growth of arcsinh(2β/|D|) in six coordinates", rtol=1e-5)


@prop("moved", points=1)
def balanced(student, rng, numbers):
    """balanced weights with v = -u shrink by the factor exp(-z), to six digits at z = 30"""
    u = normal(rng, 5)
    found = pair(student.moved(u, -u, torch.full_like(u, 30.0)))
    for name, weights, sign in zip("uv", found, (1, -1), strict=True):
        what = f"{name} · exp(30) after z = 30, from v = -u,"
        same(plain(weights, name) * torch.tensor(30.0, dtype=torch.float64).exp(), sign * u, what)


def pair(found: object) -> list:
    """The two entries of what `moved` gives."""
    if not isinstance(found, (list, tuple)) or len(found) != 2:
        raise Wrong("moved(u, v, z) does not give two tensors, u and v.")
    return list(found)


# Question 2


@prop("flow-limit", points=1)
def interpolates(student, rng, numbers):
    """the limit interpolates"""
    for _ in range(4):
        X, y, u, v = underdetermined(rng)
        what = "X β for 3 samples in 6 dimensions"
        same(X @ vector(student.flow_limit(X, y, u, v), 6), y, what, rtol=1e-5, atol=1e-6)


@prop("flow-limit", points=3)
def reached(student, rng, numbers):
    """each coordinate is reached by the flow, with one ν for all, and X β = y"""
    for _ in range(4):
        X, y, u, v = underdetermined(rng)
        beta = vector(student.flow_limit(X, y, u, v), 6)
        D = (u**2 - v**2).abs()
        moved = (2 * beta / D).asinh() - (2 * u * v / D).asinh()
        nu = torch.linalg.lstsq(X.T, moved[:, None]).solution
        what = "The part of the growth of arcsinh(2β/|D|), which is 2z, outside the rows of X"
        same(moved - (X.T @ nu)[:, 0], torch.zeros(6), what, atol=1e-5)
        same(X @ beta, y, "X β", rtol=1e-5, atol=1e-6)


@prop("flow-limit", points=1)
def stays(student, rng, numbers):
    """a start that fits already is the limit"""
    X, _, u, v = underdetermined(rng)
    found = student.flow_limit(X, X @ (u * v), u, v)
    same(found, u * v, "β from a start with X (u v) = y", rtol=1e-5, atol=1e-6)


@prop("flow-limit", points=1)
def symmetries(student, rng, numbers):
    """exchanging u and v changes nothing, and (-u, v) with -y changes the sign"""
    X, y, u, v = underdetermined(rng)
    beta = vector(student.flow_limit(X, y, u, v), 6)
    if not bool(beta.abs().max() > 0):
        raise Wrong("The limit is 0, although y is not 0.")
    exchanged, negative = student.flow_limit(X, y, v, u), student.flow_limit(X, -y, -u, v)
    same(exchanged, beta, "β after exchanging u and v", rtol=1e-5, atol=1e-6)
    same(negative, -beta, "β from -u and v with -y", rtol=1e-5, atol=1e-6)


@prop("flow-limit", points=1)
def large_balances(student, rng, numbers):
    """for large balances the limit has the least sum of β²/D among the interpolants"""
    X, y, _, _ = underdetermined(rng)
    weight = torch.from_numpy(rng.uniform(0.5, 2, 6))
    found = student.flow_limit(X, y, 1e4 * weight.sqrt(), torch.zeros_like(weight))
    wanted = weight * (X.T @ torch.linalg.solve((X * weight) @ X.T, y))
    same(found, wanted, "β from balances of about 1e8, different in each entry,", rtol=1e-5)


def vector(found: object, length: int) -> Tensor:
    """The limit as a tensor of that length."""
    beta = plain(found, "flow_limit(X, y, u, v)")
    if beta.shape != (length,):
        raise Wrong(f"flow_limit gives the shape {tuple(beta.shape)} instead of ({length},).")
    return beta


# Question 3


@prop("forgetting", points=1)
def lazy_run(student, rng, numbers):
    """lazy is the norm at the end of your run from D = 10"""
    A = columns(numbers.d)
    wanted = flow_end(A, A[:, numbers.k - 1], 10.0).abs().sum()
    same(student.lazy, wanted, "lazy", rtol=5e-3)


@prop("forgetting", points=1)
def rich_run(student, rng, numbers):
    """rich is the norm at the end of your run from D = 1e-3"""
    A = columns(numbers.d)
    wanted = flow_end(A, A[:, numbers.k - 1], 1e-3).abs().sum()
    same(student.rich, wanted, "rich", rtol=5e-3)


@prop("forgetting", points=1)
def decayed_run(student, rng, numbers):
    """decayed is the norm at the end of your run from D = 10 with weight decay"""
    wanted = 1 - 4 * numbers.decay / 1000
    same(student.decayed, wanted, "decayed", rtol=1e-2)
