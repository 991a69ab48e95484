"""Path norms of ReLU networks.

Three conventions are in use for what a neuron aσ(w·x + b) costs, and numbers for one are wrong for
the others. The caller names the convention; there is no default.

    "path1"      |a| (‖w‖₁ + |b|)
    "path2"      |a| (‖w‖₂ + |b|)
    "bias-free"  |a| ‖w‖₂, biases and a constant added to the output cost nothing
"""

import torch

CONVENTIONS = ("path1", "path2", "bias-free")


def parameter_norm(w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """N(w, b), what a neuron with |a| = 1 costs: ‖w‖₁ + |b|, ‖w‖₂ + |b| or ‖w‖₂.

    w: (..., d), b: (...,); the result is (...,). Raises ValueError for an unknown convention.

    >>> w, b = torch.tensor([3.0, -4.0]), torch.tensor(-2.0)
    >>> [parameter_norm(w, b, c).item() for c in CONVENTIONS]
    [9.0, 7.0, 5.0]
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention={convention!r} is not one of {', '.join(CONVENTIONS)}.")
    length = w.norm(p=1 if convention == "path1" else 2, dim=-1)
    return length if convention == "bias-free" else length + b.abs()


def path_norm(a: torch.Tensor, w: torch.Tensor, b: torch.Tensor, convention: str) -> torch.Tensor:
    """Σ_j |a_j| N(w_j, b_j): the cost of the network Σ_j a_j σ(w_j·x + b_j) as it is written.

    A function can be written in many ways; its Barron norm is the least cost of all of them.

    a: (..., m), w: (..., m, d), b: (..., m); the result is (...,).
    Raises ValueError for an unknown convention.

    >>> a, w, b = torch.tensor([2.0]), torch.tensor([[3.0, -4.0]]), torch.tensor([-2.0])
    >>> path_norm(a, w, b, "path2").item()
    14.0
    """
    return (a.abs() * parameter_norm(w, b, convention)).sum(-1)
