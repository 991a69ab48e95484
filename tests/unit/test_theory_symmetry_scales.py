"""Scales: fields by enumerating paths, normalized descent by descending."""

import numpy as np
import pytest
from mathdl.theory import symmetry as theory

DESIGNS = [
    ([3, 3, 3], None, None),
    ([2, 3, 4], [2, 3, 1], [1, 2, 1]),
    ([5, 2], [3, 2], [2, 3]),
    ([1], None, None),
    ([], None, None),
]


def ends(sizes, strides, dilations):
    """The places at the ends of all paths, one for each path, backward from the output."""
    ones = [1] * len(sizes)
    places = [0]
    for i in reversed(range(len(sizes))):
        stride, dilation, size = (strides or ones)[i], (dilations or ones)[i], sizes[i]
        places = [stride * t + dilation * o for t in places for o in range(size)]
    return np.array(places)


@pytest.mark.parametrize("design", DESIGNS)
def test_field_and_its_variance_from_all_paths(design):
    places = ends(*design)
    assert theory.receptive_field(*design) == places.max() - places.min() + 1
    assert theory.field_variance(*design) == pytest.approx(places.var())


@pytest.mark.parametrize(("size", "depth"), [(2, 1), (3, 4), (5, 3)])
def test_profile_and_excess_from_all_paths(size, depth):
    places = ends([size] * depth, None, None)
    counts = np.bincount(places) / len(places)
    np.testing.assert_allclose(theory.field_profile(size, depth), counts)
    centered = places - places.mean()
    excess = (centered**4).mean() / (centered**2).mean() ** 2 - 3
    assert theory.field_excess(size, depth) == pytest.approx(excess)


def spiral(start, step, slope, steps, decay=0.0):
    """Descent on -slope · (angle of w) + decay/2 |w|² in the plane."""
    w = np.array([np.sqrt(start), 0.0])
    for _ in range(steps):
        g = -slope * np.array([-w[1], w[0]]) / (w @ w)
        w = w - step * (g + decay * w)
    return w @ w


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("steps", [0, 1, 50])
def test_growth_is_that_of_descent(decay, steps):
    found = theory.normalized_growth(2.0, 0.7, 1.3, steps, decay)
    assert found == pytest.approx(spiral(2.0, 0.7, 1.3, steps, decay))
    assert theory.normalized_growth(2.0, 0.7, 1.3, 1) == pytest.approx(spiral(2.0, 0.7, 1.3, 1))


@pytest.mark.parametrize(("step", "slope", "decay"), [(0.5, 1.0, 0.4), (2.0, 0.3, 0.2)])
def test_equilibrium_is_where_decay_and_growth_balance(step, slope, decay):
    end = spiral(1.0, step, slope, 2000, decay)
    assert theory.decay_equilibrium(step, slope, decay) == pytest.approx(end)


@pytest.mark.parametrize("start", [0.1, 1.0, 40.0])
@pytest.mark.parametrize("step", [0.2, 7.0])
def test_size_bound_is_the_larger_of_two_cases(start, step):
    smoothness, slope, height = 1.5, 0.8, 0.6
    falls = 2 * step * height  # what is gained while the loss falls
    grown = step * smoothness + (step * slope) ** 2 / start
    bound = theory.normalized_size_bound(start, step, smoothness, slope, height)
    assert bound == pytest.approx(falls + (grown if grown > start else start))


def test_size_bound_holds_for_the_cosine():
    for step in (0.1, 1.0, 30.0):
        w, u = np.array([0.3, -0.9, 0.1]), np.array([1.0, 0.0, 0.0])
        start = w @ w
        for _ in range(2000):
            v = w / np.sqrt(w @ w)
            w = w + step * (u - (u @ v) * v) / np.sqrt(w @ w)
        bound = theory.normalized_size_bound(start, step, 2 / np.sqrt(3), 1.0, 2.0)
        assert w @ w <= bound


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 5.0])
def test_leak_is_the_slope_along_the_weights(epsilon):
    rng = np.random.default_rng(3)
    X, y, w = rng.standard_normal((50, 4)), rng.standard_normal(50), rng.standard_normal(4)

    def loss(scale):
        z = X @ w * scale
        z = z - z.mean()
        return np.mean((z / np.sqrt(z.var() + epsilon) - y) ** 2) / 2

    slope = (loss(1 + 1e-5) - loss(1 - 1e-5)) / 2e-5
    z = X @ w
    found = theory.normalization_leak(z.var(), np.mean((z - z.mean()) * y), epsilon)
    assert found == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.receptive_field([3], [1, 1]), "differ in length"),
        (lambda: theory.receptive_field([3], None, [0]), "at least 1"),
        (lambda: theory.field_variance([0]), "at least 1"),
        (lambda: theory.field_variance([2], [0]), "at least 1"),
        (lambda: theory.field_excess(1, 2), "size=1"),
        (lambda: theory.field_excess(2, 0), "depth=0"),
        (lambda: theory.field_profile(0, 1), "size=0"),
        (lambda: theory.field_profile(1, 0), "depth=0"),
        (lambda: theory.normalized_growth(0.0, 1.0, 1.0, 1), "start=0.0"),
        (lambda: theory.normalized_growth(1.0, 0.0, 1.0, 1), "step=0.0"),
        (lambda: theory.normalized_growth(1.0, 1.0, 0.0, 1), "slope=0.0"),
        (lambda: theory.decay_equilibrium(1.0, 1.0, 0.0), "decay=0.0"),
        (lambda: theory.decay_equilibrium(2.0, 1.0, 0.5), "step . decay = 1.0"),
        (lambda: theory.normalized_size_bound(1.0, 1.0, 0.0, 1.0, 1.0), "smoothness=0.0"),
        (lambda: theory.normalized_size_bound(1.0, 1.0, 1.0, 1.0, 0.0), "height=0.0"),
        (lambda: theory.normalization_leak(0.0, 1.0, 1.0), "variance=0.0"),
        (lambda: theory.normalization_leak(1.0, 1.0, -1.0), "epsilon=-1.0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
