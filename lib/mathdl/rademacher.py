"""Empirical Rademacher complexities, exactly: for each sign vector the supremum is computed.

The complexity of a class F on data x_1, ..., x_n is the mean over all sign vectors ξ of

    sup over f in F of (1/n) Σ_i ξ_i f(x_i).

An ascent over F finds a lower bound only, with which every upper bound "holds". So each class has a
function that returns the exact supremum for each given sign vector; the complexity is their mean,
over `all_signs(n)` exactly, over `random_signs` with the standard error of a mean.
"""

from itertools import combinations

import numpy as np
import torch

from mathdl import device
from mathdl.norms import CONVENTIONS, parameter_norm

MOST_SIGNS = 20  # 2^20 sign vectors of length 20 in float64 are 160 MiB
VALUES_AT_ONCE = 2**22  # 32 MiB of neuron values


def all_signs(n: int) -> torch.Tensor:
    """All 2^n vectors of n signs ±1, as rows of a (2^n, n) tensor.

    Raises ValueError for n > 20.

    >>> all_signs(2).tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]
    """
    if n > MOST_SIGNS:
        raise ValueError(f"n={n} has 2^{n} sign vectors; draw some with random_signs.")
    bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
    return device.tensor(2.0 * bits - 1)


def random_signs(rng: np.random.Generator, draws: int, n: int) -> torch.Tensor:
    """`draws` independent vectors of n fair signs, (draws, n).

    >>> random_signs(np.random.default_rng(0), 3, 5).abs().sum().item()
    15.0
    """
    return device.tensor(rng.choice([-1.0, 1.0], size=(draws, n)))


def finite_class(signs: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Suprema over finitely many functions, of which values[k, i] = f_k(x_i).

    signs: (N, n), values: (k, n); the result is (N,).

    >>> finite_class(all_signs(2), device.tensor(np.eye(2))).tolist()
    [-0.5, 0.5, 0.5, 0.5]
    """
    return (signs @ values.mT).amax(dim=1) / signs.shape[1]


def linear_class(signs: torch.Tensor, x: torch.Tensor, norm: str) -> torch.Tensor:
    """Suprema over w·x with ‖w‖₁ <= 1 (norm "l1") or ‖w‖₂ <= 1 ("l2"): a dual norm of Σ_i ξ_i x_i.

    A convolution with one filter of size k over disjoint patches and average pooling is the
    linear class of the averages of the patches, `x.unflatten(1, (-1, k)).mean(dim=1)`.

    signs: (N, n), x: (n, d); the result is (N,). Raises ValueError for another norm.

    >>> x = device.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> [linear_class(all_signs(2), x, norm)[0].item() for norm in ("l1", "l2")]
    [2.0, 2.5]
    """
    dual = {"l1": torch.inf, "l2": 2}
    if norm not in dual:
        raise ValueError(f"norm={norm!r} is not one of l1, l2.")
    return (signs @ x).norm(p=dual[norm], dim=1) / signs.shape[1]


def orthogonal_neurons(signs: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Suprema over ±σ(w·x), ‖w‖₂ <= 1, without bias, for data that are orthogonal to each other.

    Then the w·x_i can be chosen one by one. The best w sees only the x_i of one sign, and is
    along their sum Σ σ(ξ_i) x_i, or Σ σ(-ξ_i) x_i: with the lengths squared as weights, both
    suprema are roots of sums.

    signs: (N, n), x: (n, d) with d >= n; the result is (N,).
    Raises ValueError if two rows of x are not orthogonal.

    >>> orthogonal_neurons(all_signs(2), device.tensor(np.eye(2))).tolist()[1:]
    [0.5, 0.5, 0.7071067811865476]
    """
    gram = x @ x.mT
    squares = gram.diagonal()
    if bool((gram - squares.diag()).abs().max() > 1e-8 * squares.max()):
        raise ValueError("x has rows that are not orthogonal; give orthogonal data.")
    sums = torch.stack([torch.relu(signs) @ squares, torch.relu(-signs) @ squares])
    return sums.amax(dim=0).sqrt() / signs.shape[1]


def neurons(signs: torch.Tensor, x: torch.Tensor, convention: str, bias: bool) -> torch.Tensor:
    """Suprema over ±σ(w·x + b) with N(w, b) <= 1, for all parameters; without bias, b = 0.

    N is the norm of the convention; the ball of the Barron norm is the closed hull of these
    neurons and has the same suprema. Σ_i ξ_i σ(w·x_i + b) is linear in (w, b) on each cell into
    which the data hyperplanes w·x_i + b = 0 cut the parameters.

    "path1": the hyperplanes w_j = 0 and b = 0 make N linear on the cells too. So the supremum is
    attained on a ray in which hyperplanes meet; there are at most 2 (n+d+1 choose d) (for d = 1
    the 2n + 3 of them on which a neuron is not 0). "path2" is the same for d = 1. For d = 2 the
    ratio is monotone in b between the hyperplanes, and on each of them the best w, in each sector
    between the others, is the solution of a quadratic equation or an end of the sector.

    signs: (N, n), x: (n, d); the result is (N,). Raises ValueError for "path2" and d > 2, for an
    unknown convention, and for "bias-free" with a bias: the neurons σ(w·x + b) with a large b then
    cost no more than small ones and are as large as you like, so that the supremum is infinite.

    >>> x = device.tensor(np.linspace(-1, 1, 4)[:, None])
    >>> round(neurons(all_signs(4), x, "path1", bias=True).mean().item(), 6)
    0.463542
    """
    d = x.shape[1]
    if convention not in CONVENTIONS:
        raise ValueError(f"convention={convention!r} is not one of {', '.join(CONVENTIONS)}.")
    if convention == "bias-free" and bias:
        raise ValueError(
            "Under the convention bias-free a large bias costs nothing and makes the supremum "
            "infinite; use path1 or path2, or bias=False."
        )
    if convention == "path1" or d == 1:
        w, b = _rays(x, bias)
        return _best_of(signs, x, w, b, "path1")
    if d == 2:
        return _in_the_plane(signs, x, bias)
    raise ValueError(f"x has d={d}; the supremum under {convention} is computed for d = 1 and 2.")


def _best_of(signs, x, w, b, convention):
    """max over j of |Σ_i ξ_i σ(w_j·x_i + b_j)| / (n N(w_j, b_j)) for each sign vector ξ."""
    values = torch.relu(x @ w.mT + b) / parameter_norm(w, b, convention)
    parts = signs.split(max(1, VALUES_AT_ONCE // len(w)))
    return torch.cat([(part @ values).abs().amax(dim=1) for part in parts]) / len(x)


def _rays(x, bias):
    """The rays (w, b), both directions of each, in which hyperplanes of the parameter space meet.

    Where D - 1 hyperplanes of R^D meet is the generalized cross product of their normals.
    """
    n, d = x.shape
    D = d + 1 if bias else d
    data = torch.cat([x, x.new_ones(n, 1)], dim=1) if bias else x
    normals = torch.cat([data, torch.eye(D, dtype=x.dtype, device=x.device)])
    normals = normals[normals.norm(dim=1) > 0]
    normals = normals / normals.norm(dim=1, keepdim=True)
    chosen = list(combinations(range(len(normals)), D - 1))
    meeting = normals[torch.tensor(chosen, dtype=torch.long, device=x.device)]  # (·, D - 1, D)
    others = [[k for k in range(D) if k != j] for j in range(D)]
    cofactors = [(-1) ** j * torch.linalg.det(meeting[:, :, others[j]]) for j in range(D)]
    rays = torch.stack(cofactors, dim=1)
    rays = rays[rays.norm(dim=1) > 0]  # else two of the hyperplanes are the same
    rays = torch.cat([rays, -rays])
    return (rays[:, :-1], rays[:, -1]) if bias else (rays, 0 * rays[:, 0])


def _in_the_plane(signs, x, bias):
    """Suprema for d = 2 and N = ‖w‖₂ + |b|, over |w| = 1, on the planes b = 0 and b = -w·x_i.

    There a neuron is σ(w·z) with z = x - p, where p = 0 or p = x_i, and N = 1 + |w·p|. Between two
    directions orthogonal to p or to some z it is linear: Σ_i ξ_i σ(w·z_i) / N = c·w / (1 + q·w)
    with q = ±p. Where this has a critical value r, w = (c - r q)/r, and |w| = 1 is an equation
    for r: (1 - |q|²) r² + 2 (c·q) r - |c|² = 0. Every w that is found is a neuron to compare,
    whether it lies in its own sector or not.
    """
    best = signs.sum(dim=1).abs() if bias else signs.new_zeros(len(signs))  # b = 1, w = 0
    for p in [torch.zeros_like(x[0]), *x] if bias else [torch.zeros_like(x[0])]:
        z = x - p
        walls = torch.cat([z, p[None]])
        walls = walls[walls.norm(dim=1) > 0]
        if len(walls) == 0:
            continue
        angle = torch.atan2(walls[:, 0], -walls[:, 1])  # of the directions orthogonal to a wall
        angle = torch.cat([angle, angle + torch.pi]).remainder(2 * torch.pi).sort().values
        width = (angle.roll(-1) - angle).remainder(2 * torch.pi)
        ends, inside = _unit(angle), _unit(angle + width / 2)
        at_ends = torch.relu(z @ ends.mT) / (1 + (ends @ p).abs())
        best = torch.maximum(best, (signs @ at_ends).abs().amax(dim=1))
        active = (inside @ z.mT > 0).to(x.dtype)  # (sectors, n)
        q = (inside @ p).sign()[:, None] * p
        parts = signs.split(max(1, VALUES_AT_ONCE // (2 * active.numel())))
        critical = [_critical_values(part, z, active, p, q) for part in parts]
        best = torch.maximum(best, torch.cat(critical))
    return best / len(x)


def _critical_values(signs, z, active, p, q):
    c = (signs[:, None, :] * active) @ z  # (N, sectors, 2)
    along, square = (c * q).sum(-1), (c**2).sum(-1)
    one = 1 - p @ p
    root = (along**2 + one * square).sqrt()  # NaN: no critical value in this sector
    stable = along + torch.where(along < 0, -root, root)
    r = torch.stack([square / stable, -stable / one], dim=-1).unsqueeze(-1)
    w = c.unsqueeze(-2) / r - q.unsqueeze(-2)  # (N, sectors, 2, 2)
    w = w / w.norm(dim=-1, keepdim=True)
    sums = (torch.relu(w @ z.mT) * signs[:, None, None, :]).sum(-1).abs()
    return (sums / (1 + (w @ p).abs())).nan_to_num(0.0).flatten(1).amax(dim=1)


def _unit(angle):
    return torch.stack([angle.cos(), angle.sin()], dim=-1)
