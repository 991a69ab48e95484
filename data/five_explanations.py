"""Makes `five_explanations.npz`, the full-size table of the page on the five explanations.

    python data/five_explanations.py FOLDER

FOLDER keeps what has finished: a run that was killed goes on where it stopped. One core takes
ten minutes. A digit lies at a random position in a frame of 16 × 16 pixels that is closed to
a torus; networks of the class `models.Torus` learn from 200 of them, in float32, with Adam and the
squared loss. The factors, each off or on:

    band   windows of 7 × 7 (or 3 × 3) pixels instead of the whole image; more channels make up for
           the parameters
    norm   f is multiplied by min(1, 2000 / path norm); 2000 is what the fully connected network
           reaches where nothing bounds it
    tied   all places share their weights, while learning too
    scales two layers with small windows instead of one with a large window

The fifth, the projection, needs no training. Arrays over (seed, band, norm, tied, scales):

    risk, projected               E|f(x) - y|² of the network, and of its average over all shifts
    asymmetry                     E|f - its average|², which should be the difference of the two
    wrong, projected_wrong        the shares of wrong classes of the two
    loss, path                    the same mean square on the training images, and the path norm

over all 256 positions of 200 other digits.
"""

import sys
from functools import partial

import numpy as np
import torch
from mathdl import datasets, device, models, norms, parameters, sweeps, training, updates
from torch.nn.functional import one_hot

SEEDS, FRAME, N, TEST, STEPS, RATE = 10, 16, 200, 200, 300, 0.005
# (channels, windows, strides) for (band, scales); with shared weights about 2400 parameters each
SHAPES = {
    (False, False): ((1, 9), (16,), (2,)),
    (True, False): ((1, 40), (7,), (2,)),
    (False, True): ((1, 3, 8), (16, 8), (2, 1)),
    (True, True): ((1, 11, 21), (3, 3), (2, 1)),
}
RESULTS = ["risk", "projected", "asymmetry", "wrong", "projected_wrong", "loss", "path"]


def model(networks, x, strides, bound):
    """The network, or a multiple of it whose path norm, over all outputs, is at most the bound."""
    f = models.torus(networks, x, strides)
    if bound:
        path = norms.torus_path_norm(networks, FRAME, strides).sum(1)
        f = f * (bound / path.clamp(min=bound))[:, None, None]
    return f


def images(seed):
    """Training images at random positions, test images in a corner, and their labels."""
    rng = device.generator(f"five-explanations-images-{seed}")
    all_images, classes = datasets.digits()[:2]
    chosen = torch.from_numpy(rng.permutation(len(classes))[: N + TEST])
    x = torch.zeros(N + TEST, 1, FRAME, FRAME)
    x[:, 0, :8, :8] = all_images[chosen].reshape(-1, 8, 8).cpu()
    positions = rng.integers(0, FRAME, size=(N, 2)).tolist()
    for i, position in enumerate(positions):
        x[i] = x[i].roll(position, (1, 2))
    return x[:N], x[N:], (one_hot(classes.cpu()[chosen]).float() - 0.1).split([N, TEST])


def cell(seed: int, band: bool, bound: float, tied: str, scales: bool) -> dict:
    """One network; bound is 0 for none, and tied is "no" or "yes"."""
    channels, windows, strides = SHAPES[band, scales]
    x, test, (y, target) = images(seed)
    start = models.random_torus(
        1,
        channels,
        windows,
        strides,
        FRAME,
        10,
        device.generator(f"five-explanations-start-{seed}"),
        shared=tied == "yes",
    )
    start = parameters.apply(lambda t: t.float().cpu(), start)
    of_cell = partial(model, strides=strides, bound=bound)
    run = training.train(
        of_cell,
        start,
        x,
        y,
        lr=lambda t: RATE * min(1.0, 2 - 2 * t / STEPS),
        steps=STEPS,
        rule=updates.Adam(),
    )
    # shifts by 2 leave a tied network as it is: four shifts stand for all
    few = range(2 if tied == "yes" else FRAME)
    with torch.no_grad():
        f = torch.stack(
            [of_cell(run.parameters, test.roll((i, j), (2, 3)))[0] for i in few for j in few]
        ).double()
        path = norms.torus_path_norm(run.parameters, FRAME, strides).sum()
    mean, label = f.mean(0), target.argmax(1)
    return {
        "risk": (f - target).square().sum(2).mean(),
        "projected": (mean - target).square().sum(1).mean(),
        "asymmetry": (f - mean).square().sum(2).mean(),
        "wrong": (f.argmax(2) != label).double().mean(),
        "projected_wrong": (mean.argmax(1) != label).double().mean(),
        "loss": 2 * run.history["loss"][-1, 0].double(),
        "path": path.double().clamp(max=bound or float("inf")),
    }


def main(folder: str) -> None:
    off_on = [False, True]
    settings = sweeps.grid(
        seed=range(SEEDS), band=off_on, bound=[0.0, 2000.0], tied=["no", "yes"], scales=off_on
    )
    rows = sweeps.sweep(cell, settings, folder, label="five-explanations")
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    tables = {
        name: np.array([row[name] for row in rows]).reshape(SEEDS, 2, 2, 2, 2) for name in RESULTS
    }
    draws = f"{SEEDS} seeds, each with its own images, positions and starts"
    print(datasets.store("five_explanations", draws=draws, **tables))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
