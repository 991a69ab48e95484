"""Makes `kernel_change.npz`, the wide networks of the page on lazy training.

    python data/kernel_change.py FOLDER

FOLDER keeps what has finished: a run that was killed goes on where it stopped. One core takes
about ten minutes. Networks f(x) = m^(-1/2) Σ_j a_j σ(w_j·x) in the plane start at |a_j| = 1 and
w_j ~ N(0, I), and learn four labels, added to the values at the start, until time 8. The file holds

    change   |K_T - K_0|, the Frobenius norm, over (network, m, seed)
    apart    root mean square of f - f_lin on the samples at time T, over (network, m, seed)
    pairs    √m (K_T - K_0), (seed, 4, 4), for 32768 ReLU neurons in pairs ±a at time 4

and the axes `network`, `m`. A network is named by its activation and by its outer weights at the
start: "signs" ±1, or "ones". Smooth activations follow the gradient flow (RK4, step 1/2), ReLU
takes steps of gradient descent of length 1/4.
"""

import sys
from functools import partial

import numpy as np
import torch
from mathdl import datasets, device, flow, gradients, kernels, layers, models, sweeps

ANGLES, LABELS = [0.0, 1.0, 2.2, 4.0], [1.0, -1.0, 1.0, 1.0]
NETWORKS = ["tanh signs", "shifted tanh signs", "shifted tanh ones", "relu signs", "relu ones"]
WIDTHS = [2**k for k in range(7, 16)]
SEEDS, BATCH, BATCHES = 48, 8, 320
TIME, STEP, FINE = 8.0, 0.25, 0.5
ACTIVATIONS = {
    "tanh": torch.tanh,
    "shifted tanh": lambda z: torch.tanh(z + 1),
    "relu": torch.relu,
}


def without_biases(network, x, seed, activation):
    parts = layers.two_layer(network, x, seed, scaling="ntk", activation=activation)
    return [part._replace(bias=False) for part in parts]


def train(a: torch.Tensor, w: torch.Tensor, activation: str, time: float) -> tuple:
    """K_0, K_T, and f - f_lin on the samples, of networks (E, m)."""
    angles = device.tensor(np.array(ANGLES))
    x = torch.stack([angles.cos(), angles.sin()], dim=1)
    y, start = device.tensor(np.array(LABELS)), models.TwoLayer(a, w, torch.zeros_like(a))
    sigma = ACTIVATIONS[activation]
    model = partial(models.two_layer, scaling="ntk", activation=sigma)
    kernel = partial(kernels.tangent_kernel, partial(without_biases, activation=sigma))
    before, labels = kernel(start, x), y + model(start, x)
    lam, u = torch.linalg.eigh(before / len(x))
    if activation == "relu":
        gradient, mobility = gradients.two_layer_gradient("ntk"), w.new_tensor([1, 1, 0, 1.0])
        begin, points, method, step = gradients.pack(start), gradients.with_one(x), "Euler", STEP
        decay, mobility = (1 - step * lam) ** round(time / step), mobility[:, None]
    else:
        gradient, mobility = gradients.autograd_gradient(model), models.TwoLayer(1.0, 1.0, 0.0)
        begin, points, method, step = start, x, "RK4", FINE
        decay = torch.exp(-time * lam)
    path = flow.gradient_flow(
        gradient, begin, points, labels, [0, time], method=method, step=step, mobility=mobility
    )
    end = gradients.unpack(path.at(-1)) if activation == "relu" else path.at(-1)
    linear = -(u @ (decay * (u.mT @ y))[:, :, None])[:, :, 0]
    return before, kernel(end, x), model(end, x) - labels - linear


def draw(rng: np.random.Generator, m: int, signs: bool) -> tuple:
    a = rng.choice([-1.0, 1.0], (BATCH, m)) if signs else np.ones((BATCH, m))
    return device.tensor(a), device.tensor(rng.standard_normal((BATCH, m, 2)))


def table(network: str, m: int) -> dict:
    """All seeds of one network and one width."""
    rng = device.generator(f"kernel-change-{network}-{m}")
    activation, outer = network.rsplit(" ", 1)
    changes, distances = [], []
    for _ in range(SEEDS // BATCH):
        before, after, apart = train(*draw(rng, m, outer == "signs"), activation, TIME)
        changes.append(torch.linalg.matrix_norm(after - before))
        distances.append(apart.square().mean(1).sqrt())
    return {"change": torch.cat(changes), "apart": torch.cat(distances)}


def paired(batch: int, m: int = WIDTHS[-1]) -> dict:
    """Eight wide ReLU networks whose neurons come in pairs of opposite signs."""
    _, w = draw(device.generator(f"kernel-change-pairs-{batch}"), m // 2, signs=False)
    one = torch.ones_like(w[..., 0])
    before, after, _ = train(torch.cat([one, -one], 1), torch.cat([w, w], 1), "relu", TIME / 2)
    return {"pairs": m**0.5 * (after - before)}


def collect(rows: list[dict]) -> list[dict]:
    failed = [row["error"] for row in rows if row["error"]]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, the first with: {failed[0]}")
    return rows


def main(folder: str) -> None:
    runs = sweeps.grid(network=NETWORKS, m=WIDTHS)
    rows = collect(sweeps.sweep(table, runs, folder, label="kernel-change"))
    shape = len(NETWORKS), len(WIDTHS), SEEDS
    found = {
        name: np.array([row[name] for row in rows], dtype=np.float32).reshape(shape)
        for name in ("change", "apart")
    }
    runs = sweeps.grid(batch=list(range(BATCHES)))
    rows = collect(sweeps.sweep(paired, runs, folder, label="kernel-change-pairs"))
    found["pairs"] = np.concatenate([row["pairs"] for row in rows]).astype(np.float32)
    axes = {"network": NETWORKS, "m": WIDTHS}
    draws = f"{SEEDS} networks a width, {BATCHES * BATCH} in pairs, all of them in the file"
    print(datasets.store("kernel_change", draws=draws, **axes, **found))


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
