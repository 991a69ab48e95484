"""Linear and kernel regression, with and without ridge, for full and for deficient rank.

Directions in which the features or the kernel are zero, up to rounding, are left alone: the
solution is the one of least norm, and the fit says how many directions were used.
"""

from typing import NamedTuple

import torch


class Fit(NamedTuple):
    """The coefficients of a regression, and the rank of the matrix that they were found with.

    A kernel regression of rank < n does not interpolate: the part of y outside the range of the
    kernel matrix is not fitted.
    """

    coefficients: torch.Tensor
    rank: torch.Tensor


def least_squares(features: torch.Tensor, y: torch.Tensor, cutoff: float = 1e-10) -> Fit:
    """Of all c with the least ‖features c - y‖, the one of least norm: the limit of ridge to 0.

    It is where gradient descent from 0 ends. For p > n, `features.mT @ c` with the coefficients c
    of `kernel_ridge(features @ features.mT, y, ridge=0.0)` is the same and costs half as much, if
    no singular value is below 1e-5 times the largest (in float64, with the cutoff as it is).

    Singular values up to `cutoff` times the largest one, or up to max(n, p) times the rounding
    unit if that is more, count as 0.

    features: (..., n, p), y: (..., n), batched; coefficients (..., p), rank (...,).

    >>> fit = least_squares(torch.ones(1, 2), torch.tensor([4.0]))  # c_1 + c_2 = 4
    >>> [round(c, 5) for c in fit.coefficients.tolist()], fit.rank.item()
    ([2.0, 2.0], 1)
    """
    U, S, Vh = torch.linalg.svd(features, full_matrices=False)
    inverse, rank = _inverse(S, S.amax(dim=-1), cutoff, max(features.shape[-2:]))
    c = inverse * (U.mT @ y.unsqueeze(-1)).squeeze(-1)
    return Fit((Vh.mT @ c.unsqueeze(-1)).squeeze(-1), rank)


def kernel_ridge(kernel: torch.Tensor, y: torch.Tensor, ridge: float, cutoff: float = 1e-10) -> Fit:
    """Kernel regression: coefficients c of the function Σ_i c_i K(·, x_i) that minimizes

        (1/2n) Σ_i (f(x_i) - y_i)² + (ridge/2) ‖f‖²,

    with the norm of the kernel's space; so c = (K + n ridge)^(-1) y for a K of full rank. `ridge=0`
    is the limit: of the functions with the least error the one of least norm. Eigenvalues of K up
    to `cutoff` times the largest one, or up to n times the rounding unit if that is more, count as
    0, also with a ridge: c has no part in their directions. That changes nothing in f where they
    are 0, and little where the ridge is large against them; `cutoff=0` keeps all above rounding.

    kernel: K(x_i, x_j), (..., n, n) symmetric, y: (..., n); coefficients (..., n), rank (...,).
    The values at new points t are `K(t, x) @ coefficients`. Raises ValueError for ridge < 0.

    >>> K, y = torch.tensor([[4.0, 0.0], [0.0, 0.0]]), torch.tensor([8.0, 1.0])
    >>> kernel_ridge(K, y, ridge=0.0)  # the second point is outside of the kernel's range
    Fit(coefficients=tensor([2., 0.]), rank=tensor(1))
    """
    if not 0 <= ridge < float("inf"):
        raise ValueError(f"ridge={ridge} is no penalty; use a number >= 0.")
    n = kernel.shape[-1]
    eigenvalues, V = torch.linalg.eigh(kernel)
    largest = eigenvalues.abs().amax(dim=-1)
    seen = torch.where(eigenvalues > 0, eigenvalues, 0.0)
    inverse, rank = _inverse(seen, largest, cutoff, n)
    inverse = inverse / (1 + n * ridge * inverse)
    c = inverse * (V.mT @ y.unsqueeze(-1)).squeeze(-1)
    return Fit((V @ c.unsqueeze(-1)).squeeze(-1), rank)


def _inverse(values, largest, cutoff, size):
    """1 / values where they count, else 0; and how many count."""
    least = max(cutoff, size * torch.finfo(values.dtype).eps)
    count = values > least * largest.unsqueeze(-1)
    return torch.where(count, 1 / values, 0.0), count.sum(dim=-1)
