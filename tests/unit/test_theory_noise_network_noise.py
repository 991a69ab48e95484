"""Noise of networks: against the matrices of small random networks, and against grids."""

import numpy as np
import pytest
from mathdl.theory import noise

RNG = np.random.default_rng(5)


def softmax(f):
    e = np.exp(f - f.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy(f, y):
    """Loss, slope and second derivative in the outputs, (n,), (n, K), (n, K, K)."""
    p, own = softmax(f), np.eye(f.shape[1])[y]
    second = p[:, :, None] * np.eye(f.shape[1]) - p[:, :, None] * p[:, None, :]
    return -np.log((p * own).sum(1)), p - own, second


def random_network(n=5, K=3, features=4):
    """Jacobians (n, K, p) of a last layer W h + b and of 20 more parameters."""
    h = RNG.normal(size=(n, features))
    eye = np.eye(K)
    last = np.einsum("kl,if->iklf", eye, h).reshape(n, K, K * features)
    inner = RNG.normal(size=(n, K, 20))
    return np.concatenate([inner, last, np.broadcast_to(eye, (n, K, K))], 2)


def test_trace_lies_between_its_bounds_and_meets_them():
    J = random_network()
    n, K, _ = J.shape
    gamma = np.linalg.norm(J, 2, axis=(1, 2)).max() ** 2
    for _ in range(50):
        s = RNG.normal(size=(n, K))
        g = np.einsum("ikp,ik->ip", J, s)
        covariance = np.cov(g.T, bias=True)
        mean_square = (s**2).sum(1).mean()
        floor = noise.output_bias_noise(mean_square, (s.mean(0) ** 2).sum())
        assert np.isclose(floor, np.trace(covariance[-K:, -K:]))
        ceiling = noise.noise_ceiling(mean_square, gamma, (g.mean(0) ** 2).sum())
        assert floor <= np.trace(covariance) <= ceiling
        second = (g**2).sum(1).mean()
        assert np.isclose(
            noise.noise_ceiling(mean_square, second / mean_square, (g.mean(0) ** 2).sum()),
            np.trace(covariance),
        )


def test_one_residual_almost_meets_the_bound():
    J = random_network()
    n = len(J)
    norms = np.linalg.norm(J, 2, axis=(1, 2))
    most = norms.argmax()
    s = np.zeros(J.shape[:2])
    s[most] = np.linalg.svd(J[most])[0][:, 0]
    g = np.einsum("ikp,ik->ip", J, s)
    loss = (s**2).sum() / 2 / n
    measured = np.trace(np.cov(g.T, bias=True)) / (2 * norms.max() ** 2 * loss)
    assert np.isclose(noise.single_residual_noise(n), measured)


def test_cross_entropy_slopes():
    for K in (2, 3, 10):
        f = 4 * RNG.normal(size=(4000, K))
        loss, slope, _ = cross_entropy(f, np.zeros(4000, dtype=int))
        low, high = noise.cross_entropy_slope(loss, K)
        square = (slope**2).sum(1)
        assert (low <= square + 1e-12).all() and (square <= high + 1e-12).all()
        own = np.linspace(-5, 5, 21)
        even = np.zeros((21, K))
        even[:, 0] = own
        loss, slope, _ = cross_entropy(even, np.zeros(21, dtype=int))
        np.testing.assert_allclose(noise.cross_entropy_slope(loss, K)[0], (slope**2).sum(1))
        even[:, 2:] = -60  # one rival
        loss, slope, _ = cross_entropy(even, np.zeros(21, dtype=int))
        np.testing.assert_allclose(noise.cross_entropy_slope(loss, K)[1], (slope**2).sum(1))


def test_constant_of_cross_entropy():
    f = np.stack([np.linspace(-4, 4, 80001), np.zeros(80001)], 1)
    loss, slope, _ = cross_entropy(f, np.zeros(80001, dtype=int))
    assert np.isclose(noise.cross_entropy_constant(), ((slope**2).sum(1) / loss).max(), rtol=1e-8)


@pytest.mark.parametrize("name", ["squared", "cross-entropy"])
def test_noise_against_curvature(name):
    n, K = 5, 3
    J = random_network(n, K)  # 15 rows, 35 parameters
    f, y = RNG.normal(size=(n, K)), RNG.integers(K, size=n)
    if name == "squared":
        slope = f - np.eye(K)[y]
        loss, second = (slope**2).sum(1) / 2, np.broadcast_to(np.eye(K), (n, K, K))
    else:
        loss, slope, second = cross_entropy(f, y)
    c = noise.noise_per_curvature(loss, name)
    for i in range(n):
        inverse = np.linalg.pinv(second[i])
        assert np.isclose(c[i], slope[i] @ inverse @ slope[i])
    g = np.einsum("ikp,ik->ip", J, slope)
    G = np.einsum("ikp,ikl,ilq->pq", J, second, J) / n
    values, vectors = np.linalg.eigh(G)
    seen = values > 1e-10 * values[-1]
    root = vectors[:, seen] / np.sqrt(values[seen])
    raw = np.linalg.eigvalsh(root.T @ (g.T @ g / n) @ root)[-1]
    assert np.isclose(raw, c.max())
    found = np.linalg.eigvalsh(root.T @ np.cov(g.T, bias=True) @ root)[-1]
    assert np.isclose(noise.centered_noise_ratio(c), found)
    assert np.sort(c)[-2] <= found <= c.max()


def test_centered_constant_solves_its_secular_equation():
    c = RNG.uniform(1, 5, size=(2, 7))
    found = noise.centered_noise_ratio(c)
    # an eigenvector v has v_i = √c_i t/(c_i - C): Σ c_i/(c_i - C) = n, with C between two c_i
    np.testing.assert_allclose((c / (c - found[:, None])).sum(1), 7)


def test_product():
    u, mean, spread, h = 1.3, 4.0, 0.7, 1e-4
    labels = np.array([mean - spread, mean + spread])

    def loss(z, y=labels):
        return ((z[0] * z[1] - y) ** 2 / 2).mean()

    along = np.array([1.0, 1.0]) / np.sqrt(2)
    theta = np.array([u, u])
    slopes = [(loss(theta + h * along, y) - loss(theta - h * along, y)) / 2 / h for y in labels]
    hessian = (loss(theta + h * along) - 2 * loss(theta) + loss(theta - h * along)) / h**2
    J = (np.prod(theta + h * along) - np.prod(theta - h * along)) / 2 / h
    expected = np.var(slopes), J**2, hessian
    np.testing.assert_allclose(noise.product_noise(u, mean, spread), expected, rtol=1e-5)


def test_errors_name_the_argument():
    for call, word in [
        (lambda: noise.output_bias_noise(1.0, -1.0), "square_of_mean"),
        (lambda: noise.output_bias_noise(1.0, 2.0), "difference"),
        (lambda: noise.noise_ceiling(1.0, -1.0, 0.0), "gamma"),
        (lambda: noise.single_residual_noise(0), "n=0"),
        (lambda: noise.cross_entropy_slope(-1.0, 3), "loss"),
        (lambda: noise.cross_entropy_slope(1.0, 1), "classes"),
        (lambda: noise.noise_per_curvature(1.0, "hinge"), "hinge"),
        (lambda: noise.centered_noise_ratio([-1.0]), "c="),
    ]:
        with pytest.raises(ValueError, match=word):
            call()
    assert noise.output_bias_noise(2.0, 2.0) == 0
    assert noise.centered_noise_ratio([0.0, 0.0]) == 0
