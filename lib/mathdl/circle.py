"""Kernels and dictionaries on the circle that rotations leave as they are: spectra by FFT."""

from collections.abc import Callable

import torch

from mathdl import device


def angles(n: int) -> torch.Tensor:
    """The n equispaced angles 2πi/n, (n,).

    >>> angles(4).cos().round(decimals=9).abs().tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    return 2 * torch.pi * torch.arange(n, dtype=device.dtype(), device=device.device()) / n


def points(angle: torch.Tensor) -> torch.Tensor:
    """The points (cos θ, sin θ) of the unit circle: (..., n) gives (..., n, 2).

    >>> points(torch.zeros(1))
    tensor([[1., 0.]])
    """
    return torch.stack([angle.cos(), angle.sin()], dim=-1)


def spectrum(kernel: Callable[[torch.Tensor], torch.Tensor], n: int) -> torch.Tensor:
    """Eigenvalues, divided by n, of the Gram matrix of K(θ - θ') at n equispaced angles; (n,).

    Entry k belongs to the functions cos kθ and sin kθ, as do the entries k ± n, ...: it is the
    n-point Fourier transform of K, Σ_j λ_{k+jn} with the Fourier coefficients λ of K. For n much
    larger than k it is λ_k.

    kernel: a function of the angle θ, even, elementwise.

    >>> spectrum(lambda theta: 1 + 2 * torch.cos(theta), 4).round(decimals=9).abs().tolist()
    [1.0, 1.0, 0.0, 1.0]
    """
    return torch.fft.fft(kernel(angles(n))).real / n


def orbit_widths(profile: Callable[[torch.Tensor], torch.Tensor], n: int) -> torch.Tensor:
    """Kolmogorov widths d_0, ..., d_n in L²(dθ/2π) of all rotations of one function, (n + 1,).

    Averaging over the rotations shows that no complex space of dimension m serves all of them
    better than the m modes e^{ikθ} on which the function is largest; d_m is what the others leave.
    For real spaces it is a lower bound, attained where the m modes are closed under k -> -k: the
    line of cos θ leaves all of sin θ. The function
    is seen at n equispaced angles; frequencies near n/2 and above are not to be trusted.

    profile: a function of the angle, elementwise.

    >>> orbit_widths(torch.cos, 8)[:3].round(decimals=9).abs().tolist()  # cos and sin span them
    [0.707106781, 0.5, 0.0]
    """
    powers = torch.fft.fft(profile(angles(n))).abs() ** 2 / n**2
    left = powers.sort().values.cumsum(0).flip(0)  # small ones first: they would be rounded away
    return torch.cat([left, left.new_zeros(1)]).sqrt()
