"""Makes `mean_field_fluctuations.npz`: how far random networks of one width lie apart.

    python data/mean_field_fluctuations.py FOLDER

FOLDER keeps what has finished: a run that was killed goes on where it stopped. One core takes
about two minutes. The file holds, rounded to float16, over (m, time, seed, point),

    f  the values of networks of m neurons, trained from different random starts

at the `points` (14, 5), and the axes `m` and `time`. All networks learn the labels y = |x_1| of
the same 40 samples `x` (40, 5), drawn from N(0, I_5) as the points are. A network is
f(x) = (1/m) Σ_j a_j σ(w_j·x), with w_j uniform on the unit sphere and a_j uniform on [-1/2, 1/2]
at the start, trained by gradient descent with step m/2: a unit of time is two steps.
"""

import sys

import numpy as np
import torch
from mathdl import datasets, device, flow, gradients, models, sampling, sweeps

WIDTHS = [25, 50, 100, 200, 400, 800, 1600]
TIMES = [0, 2, 8, 32, 128]
BATCHES, EACH, D, STEP = 10, 100, 5, 0.5  # seeds in batches that fit into memory
POINTS = 14  # with float16: enough to resolve 5 % of a variance, and a file below 1 MB


def task() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The samples, their labels, and the points at which networks are compared."""
    rng = device.generator("fluctuations-task")
    x = device.tensor(rng.normal(size=(40, D)))
    return x, x[:, 0].abs(), device.tensor(rng.normal(size=(POINTS, D)))


def cell(m: int, batch: int) -> dict:
    """The values f (time, seed, point) of a batch of networks of m neurons."""
    x, y, points = task()
    rng = device.generator(f"fluctuations-{m}-{batch}")
    a = device.tensor(rng.uniform(-0.5, 0.5, size=(EACH, m)))
    w = sampling.sphere(rng, EACH, m, D)
    rows = torch.ones(D + 2, 1, dtype=w.dtype, device=w.device)
    rows[-2] = 0  # no biases
    path = flow.gradient_flow(
        gradients.two_layer_gradient("mean-field"),
        gradients.pack(models.TwoLayer(a, w, torch.zeros_like(a))),
        gradients.with_one(x),
        y,
        TIMES,
        method="Euler",
        step=STEP,
        mobility=m * rows,
    )
    values = [models.two_layer(gradients.unpack(P), points, "mean-field") for P in path.parameters]
    return {"f": torch.stack(values)}


def main(folder: str) -> None:
    jobs = sweeps.grid(m=WIDTHS, batch=range(BATCHES))
    rows = sweeps.sweep(cell, jobs, folder, label="mean-field-fluctuations")
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    f = np.array([np.asarray(row["f"]) for row in rows], dtype=np.float16)
    f = f.reshape(len(WIDTHS), BATCHES, len(TIMES), EACH, -1).swapaxes(1, 2)
    f = f.reshape(len(WIDTHS), len(TIMES), BATCHES * EACH, -1)
    x, y, points = (t.cpu().numpy() for t in task())
    draws = f"{BATCHES * EACH} starts for each width, all of them in the file"
    arrays = {"m": WIDTHS, "time": TIMES, "f": f, "x": x, "y": y, "points": points}
    print(datasets.store("mean_field_fluctuations", draws=draws, **arrays))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
