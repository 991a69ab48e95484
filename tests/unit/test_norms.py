"""Path norms against brute force over all paths."""

from itertools import pairwise, product
from math import sqrt

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mathdl import device, models, norms, parameters


@pytest.mark.parametrize("convention, expected", [("path1", 9), ("path2", 7), ("bias-free", 5)])
def test_norms_of_one_neuron(convention, expected):
    a, w, b = device.tensor([-2.0]), device.tensor([[3.0, -4.0]]), device.tensor([-2.0])
    assert norms.parameter_norm(w, b, convention).item() == expected
    assert norms.path_norm(a, w, b, convention).item() == 2 * expected


@pytest.mark.parametrize("function", (norms.path_norm, norms.parameter_norm))
def test_unknown_convention_is_refused(function):
    arguments = [torch.ones(1), torch.ones(1, 1), torch.ones(1)][
        -2 if "par" in str(function) else 0 :
    ]
    with pytest.raises(ValueError, match="convention='R' is not one of path1, path2, bias-free"):
        function(*arguments, "R")


@given(st.floats(0.01, 100), st.integers(0, 2**32 - 1), st.sampled_from(norms.CONVENTIONS))
def test_path_norm_does_not_see_how_a_neuron_is_scaled(factor, seed, convention):
    rng = np.random.default_rng(seed)
    a, w, b = (device.tensor(rng.normal(size=s)) for s in ((2, 3), (2, 3, 4), (2, 3)))
    norm = norms.path_norm(a, w, b, convention)
    assert norm.shape == (2,)
    assert torch.allclose(norms.path_norm(factor * a, w / factor, b / factor, convention), norm)
    assert torch.allclose(norms.path_norm(factor * a, w, b, convention), factor * norm)


@given(st.integers(0, 2**32 - 1))
def test_the_conventions_are_ordered(seed):
    rng = np.random.default_rng(seed)
    w, b = device.tensor(rng.normal(size=(5, 3))), device.tensor(rng.normal(size=5))
    path1, path2, bias_free = (norms.parameter_norm(w, b, c) for c in norms.CONVENTIONS)
    assert (bias_free <= path2).all() and (path2 <= path1).all()
    assert (path1 <= sqrt(3) * path2).all()


def random_mlp(seed, widths, E=2):
    return models.random_mlp(E, widths, np.random.default_rng(seed), "unscaled", bias=1.0)


def all_paths(layers, e, k, biases=()):
    """The products of weights along every path to output k of member e, one by one."""
    found = []
    widths = [layers[0].shape[2], *(W.shape[1] for W in layers)]
    for start in range(1 + len(biases)):
        bias = start > 0  # paths from the inputs, then those from the biases of each layer
        first = start - 1 if bias else 0
        for nodes in product(*(range(m) for m in widths[first + bias :])):
            if nodes[-1] != k:
                continue
            path = biases[first][e, nodes[0]].item() if bias else 1.0
            for W, (i, j) in zip(layers[first + bias :], pairwise(nodes), strict=True):
                path *= W[e, j, i].item()
            found.append(path)
    return np.array(found)


def p_norm(path, order):
    return (np.abs(path) ** order).sum() ** (1 / order)


@pytest.mark.parametrize("order", (1, 2))
@pytest.mark.parametrize("biases", (True, False))
@pytest.mark.parametrize("widths", ((3, 1), (2, 4, 1), (2, 3, 4, 2)))
def test_mlp_against_all_paths(widths, order, biases):
    networks = random_mlp(0, widths)
    norm = norms.mlp_path_norm(networks, "unscaled", order, biases)
    assert norm.shape == ((2,) if widths[-1] == 1 else (2, widths[-1]))
    for e in range(2):
        for k in range(widths[-1]):
            paths = all_paths(networks.weights, e, k, networks.biases if biases else ())
            assert norm.view(2, -1)[e, k].item() == pytest.approx(p_norm(paths, order))
    without = networks._replace(biases=())
    same = norms.mlp_path_norm(without, "unscaled", order, True)
    assert torch.equal(same, norms.mlp_path_norm(networks, "unscaled", order, False))


@pytest.mark.parametrize("order", (1, 2))
def test_the_scaling_is_that_of_the_model(order):
    networks = random_mlp(1, (3, 4, 5, 1))._replace(biases=())
    plain = norms.mlp_path_norm(networks, "unscaled", order, False)
    mean_field = norms.mlp_path_norm(networks, "mean-field", order, False)
    assert torch.allclose(mean_field, plain / (4 * 5))
    products = norms.norm_product(networks, "unscaled", "rows")
    assert torch.allclose(norms.norm_product(networks, "mean-field", "rows"), products / (4 * 5))


def test_two_layers_of_order_one_are_path1():
    rng = np.random.default_rng(2)
    a, w, b = (device.tensor(rng.normal(size=s)) for s in ((2, 3), (2, 3, 4), (2, 3)))
    networks = models.MLP((w, a[:, None]), (b, 0 * a[:, :1]))
    deep = norms.mlp_path_norm(networks, "unscaled", order=1, biases=True)
    assert torch.allclose(deep, norms.path_norm(a, w, b, "path1"))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.sampled_from((1, 2)))
def test_positive_rescaling_changes_no_path_norm(seed, factor, order):
    networks = random_mlp(seed, (2, 3, 3, 1))
    (V, W, a), (b, c, d) = networks
    scale = V.new_ones(3)
    scale[1] = factor  # the second neuron of the second hidden layer
    rescaled = models.MLP((V, scale[:, None] * W, a / scale), (b, scale * c, d))
    before = norms.mlp_path_norm(networks, "unscaled", order, True)
    assert torch.allclose(norms.mlp_path_norm(rescaled, "unscaled", order, True), before)
    x = device.tensor(np.random.default_rng(seed).normal(size=(5, 2)))
    f = models.mlp(networks, x, "unscaled")
    assert torch.allclose(models.mlp(rescaled, x, "unscaled"), f, atol=1e-10)


@given(st.integers(0, 2**32 - 1))
def test_path_norms_and_products_bound_slopes_and_values(seed):
    networks = random_mlp(seed, (3, 4, 4, 1))
    rng = np.random.default_rng(seed)
    x, y = (device.tensor(rng.uniform(-1, 1, size=(2, 20, 3))) for _ in range(2))
    f, g = models.mlp(networks, x, "ntk"), models.mlp(networks, y, "ntk")
    slope = norms.mlp_path_norm(networks, "ntk", 1, False)[:, None]
    size = norms.mlp_path_norm(networks, "ntk", 1, True)[:, None]
    assert (f.abs() <= size).all() and (slope <= size).all()
    assert (norms.mlp_path_norm(networks, "ntk", 2, True)[:, None] <= size).all()
    rise = (f - g).abs()
    assert (rise <= slope * (x - y).abs().amax(-1) + 1e-12).all()
    bounds = {which: norms.norm_product(networks, "ntk", which)[:, None] for which in PRODUCTS}
    for which, p in PRODUCTS.items():
        assert (rise <= bounds[which] * (x - y).norm(p=p, dim=-1) + 1e-12).all()
    assert (slope <= bounds["rows"]).all() and (bounds["spectral"] <= bounds["frobenius"]).all()


PRODUCTS = {"spectral": 2, "frobenius": 2, "rows": torch.inf, "columns": 1}


@pytest.mark.parametrize("which, of_one", [("spectral", 6), ("frobenius", 3 * 5**0.5)])
def test_products_of_known_norms(which, of_one):
    W = device.tensor(np.array([[[0.0, 3.0], [0.0, 0.0], [6.0, 0.0]]]))
    networks = models.MLP((W, device.tensor(np.array([[[0.0, 0.0, 2.0]]]))), ())
    assert norms.norm_product(networks, "unscaled", which).item() == pytest.approx(2 * of_one)


def residual_paths(networks, s, e):
    """All paths of member e: in each block either straight on, or through one hidden neuron."""
    V, U, W, alpha = (part[e] for part in networks)
    L, m, D = W.shape
    steps = [[(i, i, 1.0) for i in range(D)] for _ in range(L)]
    for layer in range(L):
        for i, j, h in product(range(D), range(D), range(m)):
            steps[layer].append((j, i, s * (U[layer, i, h] * W[layer, h, j]).item()))
    found = []
    for choice in product(*steps):
        if all(before[1] == after[0] for before, after in pairwise(choice)):
            through = np.prod([weight for _, _, weight in choice])
            ends = alpha[choice[-1][1]].item() * V[choice[0][0]].cpu().numpy()
            found += list(through * ends)
    return np.array(found)


@pytest.mark.parametrize("order", (1, 2))
@pytest.mark.parametrize("scaling, s", [("1/L", 1 / 3), ("1/sqrt(L)", 3**-0.5), ("unscaled", 1)])
def test_resnet_against_all_paths(order, scaling, s):
    networks = models.random_resnet(E=2, L=3, d=2, D=2, m=2, rng=np.random.default_rng(3))
    norm = norms.resnet_path_norm(networks, scaling, order)
    weighted = norms.resnet_path_norm(networks, scaling, order, weight=3)
    for e in range(2):
        assert norm[e].item() == pytest.approx(p_norm(residual_paths(networks, s, e), order))
        thrice = residual_paths(networks, 3 * s, e)
        assert weighted[e].item() == pytest.approx(p_norm(thrice, order))


@pytest.mark.parametrize("order", (1, 2))
def test_identities_of_a_resnet_may_be_left_out(order):
    eye = device.tensor(np.eye(3))
    W = models.random_resnet(2, 4, 3, 3, 3, np.random.default_rng(4)).W
    without = models.ResNet((), (), W, ())
    read = [eye[i].expand(2, 3) for i in range(3)]
    full = [models.ResNet(eye.expand(2, 3, 3), eye.expand(2, 4, 3, 3), W, alpha) for alpha in read]
    norm = norms.resnet_path_norm(without, "1/L", order)
    expected = [norms.resnet_path_norm(networks, "1/L", order) for networks in full]
    assert torch.allclose(norm, torch.stack(expected, dim=1))


def test_flow_induced_norm_of_the_exponential():
    # E, Ma and Wang: for z' = σ(z) it is (1 + 3/L)^L, which tends to e³
    one = device.tensor(np.ones((1, 1)))
    for L in (10, 1000):
        W = one.expand(1, L, 1, 1)
        network = models.ResNet((), (), W, one)
        norm = norms.resnet_path_norm(network, "1/L", order=1, weight=3).item()
        assert norm == pytest.approx((1 + 3 / L) ** L)
        assert models.resnet(network, one, "1/L").item() == pytest.approx((1 + 1 / L) ** L)
    assert norm == pytest.approx(np.exp(3), rel=5e-3)


def explicit(networks, size, padding, pooling, patch):
    """A convolutional network of one member as an MLP, with banded matrices found by columns."""
    weights, biases = [], []
    channels = networks.filters[0].shape[2]
    for layer, filters in enumerate(networks.filters):
        p = channels * size[0] * size[1]
        images = device.tensor(np.eye(p)).view(p, channels, *size)
        channels = filters.shape[1]
        read = device.tensor(np.eye(channels * size[0] * size[1]))[None]
        one = models.Convolutional((filters,), read, ())
        weights.append(models.convolutional(one, images, padding, "sum", 1, lambda h: h).mT)
        biases.append(networks.biases[layer].repeat_interleave(size[0] * size[1], dim=1))
    p = channels * size[0] * size[1]
    images = device.tensor(np.eye(p)).view(p, 1, channels, *size)
    square = size if patch is None else (patch, patch)
    pool = torch.nn.functional.avg_pool2d(images.flatten(1, 2), square).flatten(1).mT
    pool = pool * (1 if pooling == "average" else square[0] * square[1])
    weights += [pool[None], networks.out]
    biases += [pool.new_zeros(1, len(pool)), networks.biases[-1]]
    return models.MLP(tuple(weights), tuple(biases))


@pytest.mark.parametrize("order", (1, 2))
@pytest.mark.parametrize("biases", (True, False))
@pytest.mark.parametrize("padding", ("circular", "zeros"))
@pytest.mark.parametrize("pooling, patch", [("average", None), ("average", 2), ("sum", 2)])
def test_convolution_against_its_banded_matrices(order, biases, padding, pooling, patch):
    size, pooled = (4, 6), 1 if patch is None else 6
    rng = np.random.default_rng(5)
    networks = models.random_convolutional(2, (2, 3, 2), 3, 2, rng, pooled=pooled, bias=1.0)
    norm = norms.convolutional_path_norm(networks, size, padding, pooling, order, biases, patch)
    assert norm.shape == (2, 2)
    for e in range(2):
        matrices = explicit(parameters.member(networks, e), size, padding, pooling, patch)
        expected = norms.mlp_path_norm(matrices, "unscaled", order, biases)
        assert torch.allclose(norm[e], expected[0])
    x = device.tensor(rng.normal(size=(3, 2, *size)))  # the matrices are those of the network
    linear = models.convolutional(networks, x, padding, pooling, patch, lambda h: h)[1]
    same = models.mlp(matrices, x.flatten(1), "unscaled", lambda h: h)
    assert torch.allclose(linear, same[0])


def test_unknown_names_are_refused():
    networks = random_mlp(0, (2, 3, 1))
    with pytest.raises(ValueError, match="order=3 is not 1 or 2"):
        norms.mlp_path_norm(networks, "unscaled", 3, True)
    with pytest.raises(ValueError, match="which='max' is unknown; use spectral, frobenius, rows"):
        norms.norm_product(networks, "unscaled", "max")
