"""Spectral norms and Ritz values: what products of a map with vectors tell about its spectrum.

The method of Lanczos restricts a symmetric map to the space spanned by a start vector and its
images, where it is a small tridiagonal matrix. In floating point the basis has to be kept
orthogonal by hand. One pass of Gram–Schmidt is not enough: once the space is nearly invariant,
what is left of a new vector is rounding error and points anywhere. Two passes are.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

Map = Callable[[torch.Tensor], torch.Tensor]

PASSES = 2  # of Gram–Schmidt for each new vector
ROUNDING = 16  # what is shorter than this many rounding errors is one


class Lanczos(NamedTuple):
    """The tridiagonal matrix T = QAQᵀ of a symmetric map A, for each member of a batch.

    alpha: its diagonal, (..., k)
    beta:  the entries beside the diagonal, (..., k); the last one is the length of what is left
    Q:     orthonormal rows, (..., k, p); the first is the normalized start
    """

    alpha: torch.Tensor
    beta: torch.Tensor
    Q: torch.Tensor


class Ritz(NamedTuple):
    """The eigenvalues of T with what they say about A, for each member of a batch.

    values:    in increasing order, (..., k)
    weights:   squared first components of the eigenvectors, (..., k): they sum to 1, and
               Σ_i weights_i g(values_i) approximates qᵀg(A)q for the normalized start q, exactly
               for polynomials g of degree below 2k
    residuals: some eigenvalue of A is this close to the value, up to rounding, (..., k)
    vectors:   the rows are approximate eigenvectors of A, (..., k, p)
    """

    values: torch.Tensor
    weights: torch.Tensor
    residuals: torch.Tensor
    vectors: torch.Tensor


class SpectralNorm(NamedTuple):
    """The greatest singular value that was found, with what it proves, for each matrix.

    value:    ‖Av‖ for the unit vector v that was found, hence at most ‖A‖ up to rounding, (...)
    residual: some singular value of A is this close to it, up to rounding, (...)
    """

    value: torch.Tensor
    residual: torch.Tensor


def lanczos(matvec: Map, start: torch.Tensor, steps: int) -> Lanczos:
    """The recursion A q_k = β_(k-1) q_(k-1) + α_k q_k + β_k q_(k+1) for a symmetric map A.

    Each new vector is orthogonalized against all the old ones, twice. Where nothing but rounding
    is left of it, the space is invariant: β is 0 there, and the recursion goes on from another
    direction, so that T = QAQᵀ remains true.

    matvec maps (..., p) to (..., p), start: (..., p); there are at most p steps.
    Returns a `Lanczos`. Raises ValueError if steps is not positive, or if a start is 0 or not
    finite.

    Source: Lanczos 1950; two passes, Daniel, Gragg, Kaufman and Stewart 1976.

    >>> A = torch.diag(torch.tensor([1.0, 2.0, 4.0]))
    >>> T = lanczos(lambda q: q @ A, torch.tensor([1.0, 1.0, 0.0]), steps=3)
    >>> [round(value, 5) for value in T.alpha.tolist() + T.beta.tolist()]
    [1.5, 1.5, 4.0, 0.5, 0.0, 0.0]
    """
    length = start.norm(dim=-1, keepdim=True)
    if steps < 1:
        raise ValueError(f"steps={steps} is not a number of steps; use steps >= 1.")
    if not (length.isfinite() & (length > 0)).all():
        raise ValueError("start has a member that is 0 or not finite; use a random start.")
    steps = min(steps, start.shape[-1])
    alpha = start.new_zeros(*start.shape[:-1], steps)
    beta = torch.zeros_like(alpha)
    Q = start.new_zeros(*start.shape[:-1], steps, start.shape[-1])
    q, scale = start / length, torch.zeros_like(length)
    for k in range(steps):
        Q[..., k, :] = q
        r = matvec(q)
        alpha[..., k] = (q * r).sum(-1)
        scale = torch.maximum(scale, r.norm(dim=-1, keepdim=True))
        r = _orthogonal(r, Q[..., : k + 1, :])
        left = r.norm(dim=-1, keepdim=True)
        invariant = left <= ROUNDING * torch.finfo(r.dtype).eps * scale
        beta[..., k] = torch.where(invariant, 0.0, left)[..., 0]
        if invariant.any():
            r = torch.where(invariant, _another(Q[..., : k + 1, :]), r)
        q = r / r.norm(dim=-1, keepdim=True)
    return Lanczos(alpha, beta, Q)


def _orthogonal(r: torch.Tensor, Q: torch.Tensor) -> torch.Tensor:
    """r without its components along the orthonormal rows of Q."""
    for _ in range(PASSES):
        components = Q @ r[..., None]
        r = r - (Q.mT @ components)[..., 0]
    return r


def _another(Q: torch.Tensor) -> torch.Tensor:
    """What is orthogonal to the rows of Q of the basis vector that they come least close to."""
    furthest = (Q**2).sum(-2).argmin(-1, keepdim=True)
    return _orthogonal(torch.zeros_like(Q[..., 0, :]).scatter(-1, furthest, 1.0), Q)


def ritz(T: Lanczos) -> Ritz:
    """Ritz values: the eigenvalues of the tridiagonal matrix, as approximate eigenvalues of A.

    The ends of the spectrum come first: after a few dozen steps the largest and the smallest value
    are often accurate (the residual tells), while those inside stand for many eigenvalues each,
    with their weight.

    T: from `lanczos`. Returns a `Ritz`.

    Source: the residual |β_k s_ki| is Paige's, 1971; the weights are Golub and Welsch's, 1969.

    >>> A = torch.diag(torch.tensor([1.0, 2.0, 4.0]))
    >>> found = ritz(lanczos(lambda q: q @ A, torch.tensor([1.0, 1.0, 0.0]), steps=2))
    >>> [round(value, 5) for value in found.values.tolist() + found.weights.tolist()]
    [1.0, 2.0, 0.5, 0.5]
    """
    inner = T.beta[..., :-1]
    matrix = T.alpha.diag_embed() + inner.diag_embed(1) + inner.diag_embed(-1)
    values, S = torch.linalg.eigh(matrix)
    residuals = T.beta[..., -1:] * S[..., -1, :].abs()
    return Ritz(values, S[..., 0, :] ** 2, residuals, S.mT @ T.Q)


def spectral_norm(A: torch.Tensor, rng: np.random.Generator, steps: int = 40) -> SpectralNorm:
    """‖A‖, the greatest singular value, from products of A with vectors, for a batch of matrices.

    The value is never too large, up to rounding. How much it lacks after some steps from a random
    start depends on the gap below the greatest singular value: where it is wide, 40 steps leave
    rounding error only; where it is narrow, as for a large Gaussian matrix, they may leave more
    than 1e-4 of it. The residual proves that some singular value of A is that close to the value,
    not that it is the greatest one: no number of products proves that nothing greater was missed.

    A: (..., m, n). Returns a `SpectralNorm`. Raises ValueError if steps is not positive.

    >>> spectral_norm(torch.diag(torch.tensor([1.0, -3.0])), np.random.default_rng(0)).value
    tensor(3.)
    """
    A = A if A.shape[-2] >= A.shape[-1] else A.mT  # the start lies on the shorter side
    start = rng.normal(size=(*A.shape[:-2], A.shape[-1]))
    return spectral_norm_of_map(
        lambda v: (A @ v[..., None])[..., 0],
        lambda u: (A.mT @ u[..., None])[..., 0],
        torch.tensor(start, dtype=A.dtype, device=A.device),
        steps,
    )


def spectral_norm_of_map(
    product: Map, adjoint: Map, start: torch.Tensor, steps: int = 40
) -> SpectralNorm:
    """‖A‖ of a linear map given by v -> Av and u -> Aᵀu: `lanczos` for AᵀA.

    product maps (..., n) to (..., m), adjoint maps back; start: (..., n), usually random.
    Returns a `SpectralNorm`. Raises ValueError if steps is not positive, or if a start is 0 or not
    finite.

    Source: Golub and Kahan 1965, whose bidiagonal form gives the same vectors v.

    >>> A = torch.tensor([[3.0, 0.0], [4.0, 5.0]])  # AAᵀ has the eigenvalues 5 and 45
    >>> found = spectral_norm_of_map(lambda v: A @ v, lambda u: A.mT @ u, torch.ones(2))
    >>> round(found.value.item() ** 2, 4)
    45.0
    """
    v = ritz(lanczos(lambda v: adjoint(product(v)), start, steps)).vectors[..., -1, :]
    v = v / v.norm(dim=-1, keepdim=True)
    Av = product(v)
    value = Av.norm(dim=-1)
    u = torch.where(Av.any(dim=-1, keepdim=True), Av / value[..., None], 0.0)
    return SpectralNorm(value, (adjoint(u) - value[..., None] * v).norm(dim=-1))


def convolution_spectral_norm(filters: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """‖A‖ of the convolution of images of the given size, with circular padding: exactly.

    The Fourier transform splits the layer into one c_out × c_in matrix for each frequency, whose
    singular values together are those of the layer.

    filters: (..., c_out, c_in, k1, k2), size: height and width of the images; the result is (...).
    Raises ValueError if a filter is greater than the image.

    Source: Sedghi, Gupta and Long 2019, theorem 6.

    >>> convolution_spectral_norm(torch.ones(1, 1, 3, 3), (8, 8))  # attained by a constant image
    tensor(9.)
    """
    if filters.shape[-2] > size[0] or filters.shape[-1] > size[1]:
        raise ValueError(f"size={size} is smaller than the filters; use larger images.")
    transform = torch.fft.fft2(filters, s=size).movedim((-2, -1), (-4, -3))
    return torch.linalg.svdvals(transform)[..., 0].flatten(-2).amax(-1)
