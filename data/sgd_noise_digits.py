"""Makes `sgd_noise_digits.npz`: the noise of larger networks on the digits along their training.

    python data/sgd_noise_digits.py FOLDER

FOLDER keeps what has finished: a run that was killed goes on where it stopped. One core takes
about seven minutes. Networks with two hidden layers of 128 and 64 ReLU neurons are trained by
stochastic gradient descent, batches of 20, on 1000 of the digits. The file holds float32 arrays
over (loss, labels, step, seed), with squared loss and cross-entropy, and with right labels and
10 % wrong ones:

    risk           L, the mean loss on the 1000 digits
    mean_square    (1/n) Σ_i |s_i|², s_i the slope of the loss of example i in the outputs
    mean_slope     |s̄|², s̄ the mean of the s_i
    noise          tr Σ
    gradient       |∇L|²
    jacobian       Γ, the greatest |J_i|² (spectral norm), J_i the Jacobian of the outputs
    participation  (tr Σ)²/tr Σ²
    most           how many eigenvalues of Σ make up 90 % of tr Σ
    top            the share of tr Σ in the span of the first ten eigenvectors of the Hessian
    curvature      tr G, the trace of the Gauss-Newton matrix

and the axis `step`.
"""

import sys
from functools import partial

import numpy as np
import torch
from mathdl import (
    curvature,
    datasets,
    device,
    layers,
    losses,
    models,
    parameters,
    sampling,
    sharpness,
    spectral,
    sweeps,
    training,
)
from torch.nn.functional import one_hot

SAMPLES, WIDTHS, SEEDS, BATCH = 1000, (128, 64), 3, 20
STEPS = [0, 3, 10, 30, 60, 100, 180, 300, 500, 800, 1300, 2000, 3200, 5000, 8000]
STEPS += [13000, 20000, 40000]
RATES = {"squared": 0.1, "cross-entropy": 0.1}
SHARES = [0.0, 0.1]

network = partial(models.mlp, scaling="unscaled")
layered = partial(layers.mlp, scaling="unscaled")


def cell(loss: str, wrong: float) -> dict:
    """All seeds and snapshots for one loss and one share of wrong labels."""
    rng = device.generator("noise-of-larger-networks")
    images, labels = datasets.images()
    some = torch.from_numpy(rng.choice(len(images), SAMPLES, replace=False))
    x, labels = images[some].flatten(1), labels[some]
    x, K = x - x.mean(0), int(labels.max()) + 1
    bad = torch.from_numpy(rng.choice(SAMPLES, int(wrong * SAMPLES), replace=False))
    labels[bad] = (labels[bad] + torch.from_numpy(rng.integers(1, K, len(bad)))) % K
    y = one_hot(labels, K).to(x) if loss == "squared" else labels
    theta = models.random_mlp(SEEDS, (x.shape[1], *WIDTHS, K), rng, "unscaled", gain=1.0)
    batches = sampling.Minibatches(BATCH, rng, replace=True)

    rows, now = [], 0
    for step in STEPS:
        if step > now:
            more = {"batches": batches, "every": step - now, "loss": loss}
            run = training.train(network, theta, x, y, lr=RATES[loss], steps=step - now, **more)
            theta, now = run.parameters, step
        rows.append(snapshot(theta, x, y, loss, K, rng))
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def snapshot(theta, x, y, loss: str, K: int, rng: np.random.Generator) -> dict:
    """What the file holds, for all seeds at one moment."""
    f = network(theta, x)
    value, slope = losses.loss(loss).value(f, y), losses.loss(loss).slope(f, y)
    spectrum = curvature.noise_spectrum(layered, theta, x, y, loss).clamp(min=0)
    sums = spectrum.flip(1).cumsum(1)
    gradients = layered(theta, x, lambda f: losses.loss(loss).slope(f, y)[:, :, None, :])
    outputs = layers.sample_gram(layered(theta, x, layers.outputs))

    def each(vector):
        return losses.loss(loss).value(network(parameters.unflatten(vector, theta), x), y)

    def L(theta):
        return losses.loss(loss).value(network(theta, x), y).mean(1)

    here = parameters.flatten(theta)
    start = device.tensor(rng.normal(size=tuple(here.shape)))
    found = spectral.ritz(spectral.lanczos(sharpness.hessian_product(L, theta), start, 60))
    along = [torch.func.jvp(each, (here,), (v,))[1] for v in found.vectors[:, -K:].unbind(1)]
    top = sum(g.var(1, correction=0) for g in along)  # g_i·v for the last K vectors
    return {
        "risk": value.mean(1),
        "mean_square": slope.square().sum(2).mean(1),
        "noise": curvature.noise_trace(layered, theta, x, y, loss),
        "gradient": layers.squared_norm_of_mean(gradients)[:, 0],
        "mean_slope": slope.mean(1).square().sum(1),
        "jacobian": torch.linalg.eigvalsh(outputs)[:, :, -1].amax(1),
        "participation": spectrum.sum(1) ** 2 / spectrum.square().sum(1),
        "most": (sums < 0.9 * sums[:, -1:]).sum(1) + 1,
        "top": top / sums[:, -1],
        "curvature": curvature.gauss_newton_trace(layered, theta, x, y, loss),
    }


def main(folder: str) -> None:
    cells = sweeps.grid(loss=list(RATES), wrong=SHARES)
    rows = sweeps.sweep(cell, cells, folder, label="sgd-noise-digits")
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    names = [name for name in rows[0] if name not in ("loss", "wrong", "error")]
    tables = {}
    for name in names:
        table = np.array([row[name] for row in rows], dtype=np.float32)
        tables[name] = table.reshape(len(RATES), len(SHARES), *table.shape[1:])
    draws = f"{SEEDS} seeds, all of them in the file"
    print(datasets.store("sgd_noise_digits", draws=draws, step=np.array(STEPS), **tables))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
