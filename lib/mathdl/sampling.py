"""Random neurons: uniform directions, and Maurey's sampling of a network from a larger one."""

import numpy as np
import torch

from mathdl import device
from mathdl.norms import parameter_norm


def sphere(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """Independent points, uniform on the unit sphere of R^d; `shape` ends with d.

    >>> w = sphere(np.random.default_rng(0), 5, 4, 3)  # five ensemble members, four neurons, d = 3
    >>> bool(torch.allclose(w.norm(dim=-1), torch.ones(5, 4, dtype=w.dtype)))
    True
    """
    g = rng.standard_normal(shape)
    return device.tensor(g / np.linalg.norm(g, axis=-1, keepdims=True))


def maurey(
    rng: np.random.Generator,
    a: torch.Tensor,
    w: torch.Tensor,
    b: torch.Tensor,
    m: int,
    size: int,
    convention: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw `size` networks of m neurons each, whose mean is the given network.

    Neuron j is drawn with probability proportional to |a_j| N(w_j, b_j), and its parameters are
    normalized, so that each drawn network has the path norm of the given one: the sum of these
    weights. N is the parameter norm of the convention; neurons with N = 0, which are constants,
    cost nothing and are left out.

    a: (k,), w: (k, d), b: (k,); the result is (size, m), (size, m, d), (size, m).
    Raises ValueError if the path norm is 0, and for an unknown convention.

    Source: B. Maurey; see Pisier 1981.

    >>> one = torch.ones(1, dtype=torch.float64)
    >>> a, w, b = maurey(np.random.default_rng(0), one, one[:, None], 0 * one, 4, 2, "path2")
    >>> a.tolist()
    [[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]]
    """
    norms = parameter_norm(w, b, convention)
    cost = a.abs() * norms
    total = cost.sum()
    if total == 0:
        raise ValueError("The network has path norm 0 and cannot be sampled; give nonzero neurons.")
    drawn = rng.choice(len(a), size=(size, m), p=(cost / total).cpu().double().numpy())
    j = torch.from_numpy(drawn).to(a.device)
    return a[j].sign() * total / m, w[j] / norms[j].unsqueeze(-1), b[j] / norms[j]
