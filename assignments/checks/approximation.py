"""Hidden checks of the assignment on approximation: paths and draws."""

from __future__ import annotations

import torch
from torch import Tensor

from assignments.checks import Wrong, network, plain, prop, same
from assignments.checks.draws import enumerated_error, outputs, probabilities, seen_by
from assignments.checks.paths import deep, forward, paths, rescaled, widths_of


def number(found: object, what: str) -> Tensor:
    """A number, which may come as a tensor with one entry."""
    seen = plain(found, what)
    if seen.numel() != 1:
        raise Wrong(f"{what} has the shape {tuple(seen.shape)}; it should be one number.")
    return seen.reshape(())


def layers(found: object, Ws: list[Tensor], what: str) -> list[Tensor]:
    """A list with one tensor for each hidden layer, as long as the layer is wide."""
    if not isinstance(found, (list, tuple)) or len(found) != len(Ws) - 1:
        raise Wrong(f"{what} should be a list of {len(Ws) - 1} tensors, one a hidden layer.")
    seen = [plain(f, f"{what}, layer {layer}") for layer, f in enumerate(found, 1)]
    for layer, (one, W) in enumerate(zip(seen, Ws[:-1], strict=True), 1):
        shape, wanted = tuple(one.shape), (len(W),)
        if shape != wanted:
            raise Wrong(f"{what}, layer {layer}, has the shape {shape}, not {wanted}.")
    return seen


# Question 1


@prop("path-norm", points=1)
def sum_over_paths(student, rng, numbers):
    """the path norm is the sum over all paths, listed one by one"""
    for widths in ((2, 3, 2), (3, 2, 2, 3)):
        Ws, bs = deep(rng, *widths)
        total = sum(weight for _, weight in paths(Ws, bs))
        what = f"The path norm of a random network of widths {widths_of(Ws)}"
        same(number(student.path_norm(Ws, bs), what), total, what)


@prop("path-norm", points=1)
def absolute_network(student, rng, numbers):
    """the path norm is the network with absolute weights and biases at the all-ones input"""
    for widths in ((7, 20, 30, 10), (5, 12, 9, 8, 7, 6)):
        Ws, bs = deep(rng, *widths)
        absolute = [W.abs() for W in Ws], [b.abs() for b in bs]
        value = forward(*absolute, torch.ones(1, widths[0], dtype=torch.float64))[0]
        what = f"The path norm of a random network of widths {widths_of(Ws)}"
        same(number(student.path_norm(Ws, bs), what), value, what)


@prop("path-norm", points=1)
def rescaling(student, rng, numbers):
    """rescaled neurons leave the path norm, and an output three times as large triples it"""
    Ws, bs = deep(rng, 4, 6, 5, 3)
    value = number(student.path_norm(Ws, bs), "The path norm")
    what = f"The path norm of a random network of widths {widths_of(Ws)}"
    after = student.path_norm(*rescaled(rng, Ws, bs))
    same(number(after, what), value, f"{what}, neurons rescaled,")
    triple = student.path_norm([*Ws[:-1], 3 * Ws[-1]], [*bs[:-1], -3 * bs[-1]])
    same(number(triple, what), 3 * value, f"{what}, output times 3,")
    if not value > 0:
        raise Wrong(f"{what} is {float(value):.4g}, but it is positive.")


@prop("path-norm", points=1)
def shallow(student, rng, numbers):
    """one hidden layer costs Σ|a_i|(‖w_i‖₁ + |b_i|) and the outer bias, none ‖w‖₁ + |b|"""
    a, W, b = network(rng, m=6, d=4)
    c = torch.from_numpy(rng.standard_normal(1))
    price = (a.abs() * (W.abs().sum(1) + b.abs())).sum() + c.abs()[0]
    what = "The path norm of a network with one hidden layer"
    same(number(student.path_norm([W, a[None]], [b, c]), what), price, what)
    what = "The path norm of an affine function"
    same(number(student.path_norm([a[None]], [c]), what), a.abs().sum() + c.abs()[0], what)


# Question 2


@prop("through", points=2)
def removal(student, rng, numbers):
    """without a neuron the path norm is smaller by the sum of the paths through the neuron"""
    Ws, bs = deep(rng, 3, 5, 4, 6)
    what = f"The paths through the neurons of a random network of widths {widths_of(Ws)}"
    found = layers(student.paths_through(Ws, bs), Ws, what)
    ones = torch.ones(1, 3, dtype=torch.float64)
    for layer, seen in enumerate(found):
        lost = []
        for i in range(len(seen)):
            kept = [W.abs() for W in Ws]
            whole = forward(kept, [b.abs() for b in bs], ones)
            kept[layer + 1][:, i] = 0
            lost.append(whole - forward(kept, [b.abs() for b in bs], ones))
        same(seen, torch.cat(lost), f"{what}, layer {layer + 1},")


@prop("through", points=1)
def price_of_a_neuron(student, rng, numbers):
    """with one hidden layer, the paths through a neuron add up to |a_i|(‖w_i‖₁ + |b_i|)"""
    a, W, b = network(rng, m=8, d=5)
    what = "The list of the paths through the neurons of one hidden layer"
    (found,) = layers(student.paths_through([W, a[None]], [b, b[:1]]), [W, a[None]], what)
    same(found, a.abs() * (W.abs().sum(1) + b.abs()), what)


@prop("through", points=1)
def counted(student, rng, numbers):
    """if all weights and biases are ±1, paths are counted"""
    Ws, bs = ([x.sign() for x in part] for part in deep(rng, 2, 3, 2, 4))
    what = f"The paths through the neurons of a network of ±1, widths {widths_of(Ws)}"
    listed = paths(Ws, bs)
    for layer, seen in enumerate(layers(student.paths_through(Ws, bs), Ws, what), 1):
        count = [sum(neurons[layer] == i for neurons, _ in listed) for i in range(len(seen))]
        same(seen, torch.tensor(count), f"{what}, layer {layer},")


@prop("through", points=1)
def rescaled_neurons(student, rng, numbers):
    """rescaled neurons carry the same paths, and an output three times as large triples them"""
    Ws, bs = deep(rng, 4, 6, 5, 3)
    what = f"The paths through the neurons of a random network of widths {widths_of(Ws)}"
    before = layers(student.paths_through(Ws, bs), Ws, what)
    after = layers(student.paths_through(*rescaled(rng, Ws, bs)), Ws, what)
    tripled = student.paths_through([*Ws[:-1], -3 * Ws[-1]], bs)
    found = zip(before, after, layers(tripled, Ws, what), strict=True)
    for layer, (x, y, z) in enumerate(found, 1):
        if not bool((x > 0).all()):
            raise Wrong(f"{what}, layer {layer}, are not all positive.")
        same(y, x, f"{what}, layer {layer}, neurons rescaled,")
        same(z, 3 * x, f"{what}, layer {layer}, output times -3,")


# Question 4


@prop("thinning", points=2)
def all_draws(student, rng, numbers):
    """the error is the mean over all draws, each with its probability"""
    for m, k in ((4, 1), (5, 2), (3, 4)):
        a, W, b, X = seen_by(rng, m, d=3, n=6)
        p = probabilities(rng, m)
        what = f"The error of {k} draws from {m} random neurons"
        found = number(student.draw_error(a, W, b, X, p, k), what)
        same(found, enumerated_error(a, W, b, X, p, k), what)


@prop("thinning", points=1)
def never_on(student, rng, numbers):
    """neurons that never switch on get the probability 0 and cost no error"""
    a, W, b, X = seen_by(rng, 5, d=3, n=6)
    p = probabilities(rng, 5)
    off = torch.tensor([1, 4])
    b[off] = -10 * (1 + (X @ W.T).abs().max())
    p[off] = 0
    p = p / p.sum()
    alive = torch.tensor([0, 2, 3])
    wanted = enumerated_error(a[alive], W[alive], b[alive], X, p[alive], 2)
    what = "The error of 2 draws, where 2 of 5 neurons are off on all inputs and never drawn,"
    same(number(student.draw_error(a, W, b, X, p, 2), what), wanted, what)
    best = plain(student.best_probabilities(a, W, b, X), "The best probabilities")
    if best.shape != (5,) or not bool((best[off] == 0).all() and (best[alive] > 0).all()):
        raise Wrong("The best probabilities are 0 for the neurons 1 and 4, off, and for no other.")


@prop("thinning", points=2)
def nothing_better(student, rng, numbers):
    """no other probabilities have a smaller error than the best ones"""
    for m, d in ((6, 2), (40, 5)):
        a, W, b, X = seen_by(rng, m, d, n=30)
        what = f"The vector of the best probabilities for {m} random neurons"
        best = plain(student.best_probabilities(a, W, b, X), what)
        if best.shape != (m,) or not bool((best >= 0).all()):
            raise Wrong(f"{what} has the shape {tuple(best.shape)} or negative entries.")
        same(best.sum(), 1.0, f"The sum over {what[0].lower()}{what[1:]}")
        squares = (outputs(a, W, b, X) ** 2).mean(dim=0)
        # the smallest Σ r²/p is (Σ r)², where p is proportional to r
        reached, least = (squares / best).sum(), squares.sqrt().sum() ** 2
        same(reached, least, f"{what}: the mean square of a draw, E‖draw‖²,")


@prop("thinning", points=1)
def wide(student, rng, numbers):
    """k times the error does not depend on k, and is the variance of a single draw"""
    a, W, b, X = seen_by(rng, 300, d=6, n=50)
    p = probabilities(rng, 300)
    neurons = outputs(a, W, b, X) / p
    variance = (p * (neurons - (p * neurons).sum(1, keepdim=True)) ** 2).sum(1).mean()
    for k in (1, 7, 1000):
        what = f"The error of {k} draws from 300 neurons, times {k},"
        same(k * number(student.draw_error(a, W, b, X, p, k), what), variance, what)


# Question 5


@prop("draws", points=1)
def one_draw(student, rng, numbers):
    """`one_draw` is the mean square of a draw less that of f"""
    d = numbers.d
    # E σ(x_i)² = 1/6; the |x_i| have the mean 1/2 and the variance 1/12
    wanted = (2 * d) ** 2 / 6 - (d / 2) ** 2 - d / 12
    same(student.one_draw, wanted, f"one_draw, for d = {d},")


@prop("draws", points=1)
def draws_needed(student, rng, numbers):
    """`draws` is the smallest number with the error that is asked for"""
    d, q = numbers.d, numbers.q
    # all times 12: E‖draw‖² = (2d)² · 2d · (1/6)/(2d), ‖f‖² = d/3 + d(d - 1)/4
    draw, f = 8 * d**2, 4 * d + 3 * d * (d - 1)
    same(student.draws, -(-q * (draw - f) // f), f"draws, for d = {d} and q = {q},", rtol=0)


@prop("draws", points=1)
def draws_of_the_theorem(student, rng, numbers):
    """`draws_by_theorem` is the smallest number for which the theorem's bound suffices"""
    d, q = numbers.d, numbers.q
    norm, f = 12 * (2 * d) ** 2, 4 * d + 3 * d * (d - 1)
    what = f"draws_by_theorem, for d = {d} and q = {q},"
    same(student.draws_by_theorem, -(-q * (norm - f) // f), what, rtol=0)


@prop("draws", points=1)
def best_constant(student, rng, numbers):
    """`constant_error` is the variance of f over its mean square"""
    d = numbers.d
    wanted = (d / 12) / ((d / 2) ** 2 + d / 12)
    same(student.constant_error, wanted, f"constant_error, for d = {d},")
