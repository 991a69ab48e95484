"""What is drawn at random: uniform directions, Maurey's sampling of networks, and minibatches."""

from dataclasses import dataclass, field

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
    weights. N is the parameter norm of the convention. Neurons with N = 0 are never drawn; they
    are 0, except under "bias-free", where they are constants, which the mean then lacks.

    a: (k,), w: (k, d), b: (k,); the result is (size, m), (size, m, d), (size, m).
    Raises ValueError if the path norm is 0, and for an unknown convention.

    Source: B. Maurey; see Pisier 1981.

    >>> one = torch.ones(1, dtype=torch.float64)
    >>> a, w, b = maurey(np.random.default_rng(0), one, one[:, None], 0 * one, 4, 2, "path2")
    >>> a.tolist()
    [[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]]
    """
    norms = parameter_norm(w, b, convention)
    cost = (a.abs() * norms).double()  # probabilities in float32 do not sum to 1 well enough
    total = cost.sum()
    if total == 0:
        raise ValueError("The network has path norm 0 and cannot be sampled; give nonzero neurons.")
    drawn = rng.choice(len(a), size=(size, m), p=(cost / total).cpu().numpy())
    j = torch.from_numpy(drawn).to(a.device)
    return a[j].sign() * total.to(a) / m, w[j] / norms[j].unsqueeze(-1), b[j] / norms[j]


@dataclass(frozen=True)
class Minibatches:
    """The minibatches of stochastic gradient descent: in each step every member draws its own.

    A batch is `size` of the n samples, drawn with replacement, or without (`replace=False`: no
    sample twice in one batch; batches of different steps are independent all the same). With
    `label_noise` = s > 0 each drawn label gets s N(0, 1) added, anew in each step.

    Indices and noise come from two streams of their own, spawned from `rng`, and each step takes
    its numbers after those of the step before: drawing 64 steps at once, or 4 and then 60, gives
    the same batches, so that a run that is continued or compiled is the same run.

    Raises ValueError for size < 1 and for negative label noise.

    >>> batches = Minibatches(3, np.random.default_rng(0), replace=False)
    >>> np.sort(batches.draw(n=3, E=2, steps=1)).tolist()  # all there are
    [[[0, 1, 2], [0, 1, 2]]]
    """

    size: int
    rng: np.random.Generator
    replace: bool
    label_noise: float = 0.0
    streams: list[np.random.Generator] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size={self.size} is no batch; use size >= 1.")
        if not 0 <= self.label_noise < float("inf"):
            raise ValueError(f"label_noise={self.label_noise} is no deviation; use a number >= 0.")
        object.__setattr__(self, "streams", self.rng.spawn(2))

    def draw(self, n: int, E: int, steps: int) -> np.ndarray:
        """Indices (steps, E, size) of samples 0, ..., n - 1, as int64.

        Without replacement each batch is a uniform subset, but its order is not random.

        Raises ValueError if a batch without replacement would need more than n samples.

        >>> batches = Minibatches(2, np.random.default_rng(0), replace=True)
        >>> batches.draw(n=1, E=3, steps=1).tolist()
        [[[0, 0], [0, 0], [0, 0]]]
        """
        indices, shape = self.streams[0], (steps, E, self.size)
        if self.replace:
            return indices.integers(n, size=shape)
        if self.size > n:
            raise ValueError(
                f"size={self.size} exceeds the n={n} samples; use a smaller batch or replace=True."
            )
        last = np.arange(n - self.size, n)
        return _distinct(indices.integers(last, size=shape, endpoint=True), last)

    def noise(self, E: int, steps: int) -> np.ndarray:
        """What is added to the labels of the batches, (steps, E, size).

        >>> batches = Minibatches(2, np.random.default_rng(0), replace=True, label_noise=0.1)
        >>> batches.noise(E=5, steps=3).shape
        (3, 5, 2)
        """
        return self.label_noise * self.streams[1].standard_normal((steps, E, self.size))


def _distinct(drawn: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Floyd's algorithm: independent uniform drawn[..., k] in 0, ..., last[k] become a subset.

    An index that the batch holds already is replaced by last[k], which it cannot hold yet, as
    last[k] = last[k-1] + 1. Every subset is then equally likely (Bentley and Floyd 1987).
    """
    batch = np.ascontiguousarray(drawn.reshape(-1, len(last)).T)
    for k in range(1, len(last)):
        held = (batch[:k] == batch[k]).any(axis=0)
        batch[k] = np.where(held, last[k], batch[k])
    return np.ascontiguousarray(batch.T).reshape(drawn.shape)
