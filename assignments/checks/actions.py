"""Groups that permute points, given by generators and listed element by element."""

import numpy as np
from mathdl import groups


def all_permutations(m):
    """Generators of the permutations of m points: a cycle and a swap."""
    swap = np.arange(m)
    swap[:2] = 1, 0
    return np.array([np.roll(np.arange(m), -1), swap])


def affine():
    """Generators of the 20 maps i -> a i + b of five points."""
    i = np.arange(5)
    return np.array([(i + 1) % 5, 2 * i % 5])


def on_pairs(generators):
    """How permutations of m points act on the m² ordered pairs of points."""
    m = generators.shape[1]
    return np.array([(g[:, None] * m + g).ravel() for g in generators])


def renamed(generators, rng):
    """The same action on points whose numbers are mixed up."""
    new = rng.permutation(generators.shape[1])
    old = np.argsort(new)
    return np.array([new[g[old]] for g in generators])


def elements(out, inn):
    """All elements of the group: how they permute outputs (|G|, M) and inputs (|G|, N)."""
    M = out.shape[1]
    both = np.concatenate([out, inn + M], axis=1)
    group = groups.generate(*(groups.element(g.tolist()) for g in both))
    found = group.elements.permutation.numpy()
    return found[:, :M], found[:, M:] - M


def orbits(out, inn):
    """A number for each orbit of pairs, (M, N), by listing the group."""
    N = inn.shape[1]
    images = np.array([g[:, None] * N + h for g, h in zip(*elements(out, inn), strict=True)])
    return images.min(axis=0)


def average(A, out, inn):
    """The mean of ρ(g) A ρ(g)⁻¹ over the group."""
    return np.mean([A[np.ix_(g, h)] for g, h in zip(*elements(out, inn), strict=True)], axis=0)
