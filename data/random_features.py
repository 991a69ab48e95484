"""Makes `random_features.npz`: random features for one neuron, from 10 to 1280 dimensions.

    python data/random_features.py FOLDER

FOLDER keeps what has finished: a run that was killed goes on where it stopped. One core takes
about twenty minutes. The file holds a float32 array over (d, draw, ratio):

    risk   the mean squared error E dist(σ_e, V)² of the best outer weights for m random neurons
           σ(w_j·x), w_j uniform on the unit sphere of R^d, x ~ N(0, I_d); the mean is over
           targets σ(e·x), with e along the axes of random orthonormal frames, both ways

and the axes `d` and `ratio` (m/d, with m rounded; nan where m is more than was drawn). The errors
are exact, from inner products of neurons: nothing is sampled but neurons and frames. In a draw the
first m neurons serve for all m: with G = LLᵀ the Gram matrix of all, and z = L⁻¹⟨σ_w, σ_e⟩, the
first m neurons capture z_1² + ... + z_m².
"""

import sys

import numpy as np
import torch
from mathdl import datasets, device, kernels, sampling, sweeps

# dimension: (neurons, draws)
SIZES = dict.fromkeys((10, 20, 40, 80, 160, 320, 640), (3620, 12)) | {1280: (5120, 6)}
RATIOS = 2.0 ** (np.arange(-4, 17) / 2)
TARGETS = 320  # at least so many: random frames of 2d targets each


def cell(d: int, neurons: int, draw: int) -> dict:
    """The mean error over the targets for the first m of the neurons, m = ratio · d."""
    rng = device.generator(f"random-features-{d}-{draw}")
    w = sampling.sphere(rng, neurons, d)
    frames = device.tensor(rng.normal(size=(max(1, TARGETS // (2 * d)), d, d)))
    e = torch.linalg.qr(frames).Q.reshape(-1, d)
    e = torch.cat([e, -e])
    factor = torch.linalg.cholesky(kernels.relu_gram(w, w))
    z = torch.linalg.solve_triangular(factor, kernels.relu_gram(w, e), upper=False)
    captured = z.square().mean(1).cumsum(0).cpu().numpy()
    m = np.round(RATIOS * d).astype(int)
    inside = m <= neurons
    risk = np.full(len(m), np.nan)
    risk[inside] = 0.5 - captured[m[inside] - 1]
    return {"risk": risk}


def main(folder: str) -> None:
    runs = [{"d": d, "neurons": m, "draw": i} for d, (m, k) in SIZES.items() for i in range(k)]
    rows = sweeps.sweep(cell, runs, folder, label="random-features")
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    most = max(draws for _, draws in SIZES.values())
    risk = np.full((len(SIZES), most, len(RATIOS)), np.nan, dtype=np.float32)
    for row in rows:
        risk[list(SIZES).index(row["d"]), row["draw"]] = row["risk"]
    counts = sorted({draws for _, draws in SIZES.values()})
    draws = f"{' or '.join(map(str, counts))} draws for each d, all of them in the file"
    axes = {"d": list(SIZES), "ratio": RATIOS}
    print(datasets.store("random_features", draws=draws, **axes, risk=risk))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
