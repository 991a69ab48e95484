"""What flows choose: formulas against linear programs, generic solvers, quadrature and flows."""

import numpy as np
import pytest
from mathdl.theory import optimization as theory
from scipy.integrate import quad, solve_ivp
from scipy.optimize import linprog, minimize

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(3, 7)), RNG.normal(size=3)


def least_l1(x, y):
    """The interpolant of least ℓ1 norm, by linear programming."""
    d = x.shape[1]
    found = linprog(np.ones(2 * d), A_eq=np.hstack([x, -x]), b_eq=y)
    return found.x[:d] - found.x[d:]


def flow_of(x, y, alpha, time):
    """The gradient flow of a diagonal network, by a generic solver."""
    n, d = x.shape
    start = np.concatenate([alpha * np.ones(d)] * 2)

    def velocity(t, theta):
        p, q = theta[:d], theta[d:]
        g = x.T @ (x @ (p**2 - q**2) - y) / n
        return np.concatenate([-2 * g * p, 2 * g * q])

    end = solve_ivp(velocity, (0, time), start, method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    return end[:d] ** 2 - end[d:] ** 2


@pytest.mark.parametrize("alpha", [0.7, np.array([0.5, 1.5, 0.9])])
def test_the_potential_integrates_its_gradient(alpha):
    """∂Q/∂β_j = arcsinh(β_j / 2α_j²)."""
    beta = np.array([-2.0, 0.3, 5.0])
    sizes = alpha * np.ones(3)
    parts = [
        quad(lambda b, a=a: np.arcsinh(b / 2 / a**2), 0, b)[0]
        for a, b in zip(sizes, beta, strict=True)
    ]
    assert theory.diagonal_potential(beta, alpha) == pytest.approx(sum(parts), rel=1e-10)


@pytest.mark.parametrize("alpha", [3.0, 0.4, np.linspace(0.2, 0.9, 7)])
def test_the_interpolant_is_where_the_flow_ends(alpha):
    slowest = np.linalg.eigvalsh(X @ X.T / 3)[0]
    end = flow_of(X, Y, alpha, 30 / (16 * slowest * np.min(alpha) ** 2))
    np.testing.assert_allclose(theory.diagonal_interpolant(X, Y, alpha), end, atol=1e-7)


def test_the_interpolant_has_the_least_potential():
    """A generic minimizer over the kernel of x finds nothing less."""
    kernel = np.linalg.svd(X)[2][3:].T
    start = np.linalg.pinv(X) @ Y
    found = minimize(lambda k: theory.diagonal_potential(start + kernel @ k, 0.3), np.zeros(4))
    beta = theory.diagonal_interpolant(X, Y, 0.3)
    np.testing.assert_allclose(X @ beta, Y, atol=1e-12)
    assert theory.diagonal_potential(beta, 0.3) == pytest.approx(found.fun, rel=1e-8)


def test_the_interpolant_for_tiny_starts():
    """Still an interpolant, and close to the linear program's."""
    beta = theory.diagonal_interpolant(X, Y, 1e-7)
    np.testing.assert_allclose(X @ beta, Y, rtol=1e-9)
    assert np.abs(beta).sum() == pytest.approx(np.abs(least_l1(X, Y)).sum(), rel=0.05)


def test_the_loss_bound_is_attained_from_a_large_start():
    """One sample, p = q = 50: the decay is exponential, its rate the product of the bound."""
    x, y, time = np.array([[1.0, 2.0]]), np.array([3.0]), 2e-5
    end = flow_of(x, y, 50.0, time)
    loss = (x @ end - y)[0] ** 2 / 2
    assert loss == pytest.approx(theory.diagonal_loss_bound(4.5, 50.0, 5.0, time), rel=1e-5)


@pytest.mark.parametrize("alpha", [5.0, 0.5, 0.01])
def test_the_norm_bound_holds_and_solves_its_equation(alpha):
    least = np.abs(least_l1(X, Y)).sum()
    bound = theory.diagonal_norm_bound(least, 7, alpha)
    assert np.abs(theory.diagonal_interpolant(X, Y, alpha)).sum() <= bound

    def q(z):
        return quad(lambda u: np.arcsinh(u / 2), 0, z, limit=200)[0]

    assert 7 * q(bound / 7 / alpha**2) == pytest.approx(q(least / alpha**2), rel=1e-7)


def test_the_norm_bound_forgets_logarithmically():
    """(N/M - 1) log(1/α²) tends to log d, by an extrapolation in 1/log."""
    logs = np.array([100.0, 200.0])
    ratios = [theory.diagonal_norm_bound(2.0, 5, np.exp(-k / 2)) / 2 for k in logs]
    products = (np.array(ratios) - 1) * logs
    assert 2 * products[1] - products[0] == pytest.approx(np.log(5), rel=0.01)


def test_the_excess_is_that_of_the_interpolant():
    S = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    nu = S @ np.array([1.0, -1, 1])
    off = RNG.normal(size=(3, 4))
    off += np.outer(nu, np.array([-0.5, -0.2, 0.3, 0.5]) - nu @ off) / 3
    x, sparse = np.hstack([off, S]), np.array([0, 0, 0, 0, 0.7, -1.3, 2.0])
    beta = theory.diagonal_interpolant(x, x @ sparse, 1e-5)
    excess = np.abs(beta).sum() - 4
    assert excess == pytest.approx(theory.diagonal_excess(x, sparse, 1e-5), rel=1e-3)


def test_the_limit_of_large_starts():
    beta = theory.diagonal_interpolant(X, Y, 12.0)
    gap = np.linalg.norm(beta - np.linalg.pinv(X) @ Y)
    assert 12.0**4 * gap == pytest.approx(theory.diagonal_large(X, Y), rel=1e-3)


def separable(n=8, d=3):
    z = RNG.normal(size=(n, d))
    return z * np.sign(z @ np.array([1.0, 0.5, -0.5]))[:, None]


@pytest.mark.parametrize("draw", range(4))
def test_the_separator_by_a_generic_program(draw):
    z = separable()
    w, multipliers = theory.separator(z)
    found = minimize(
        lambda w: w @ w / 2,
        w * 1.3,
        jac=lambda w: w,
        constraints={"type": "ineq", "fun": lambda w: z @ w - 1, "jac": lambda w: z},
    )
    np.testing.assert_allclose(w, found.x, atol=1e-5)
    np.testing.assert_allclose(multipliers @ z, w, atol=1e-9)
    assert (z @ w).min() == pytest.approx(1, abs=1e-9)
    assert (multipliers * (z @ w - 1)).max() == pytest.approx(0, abs=1e-8)
    assert multipliers.sum() == pytest.approx(theory.separable_loss_limit(z), rel=1e-9)


def exponential_flow(z, log_times):
    """Weights of the flow of the mean exponential loss, in logarithmic time."""

    def velocity(tau, w):
        return np.exp(tau - z @ w) @ z / len(z)

    times = (-25, log_times[-1])
    found = solve_ivp(velocity, times, np.zeros(z.shape[1]), "LSODA", log_times, rtol=1e-10)
    return found.y.T


def arms():
    """Data whose support vectors are the first three."""
    z = np.vstack([np.diag([1.0, 2.0, 3.0]), np.array([[2.0, 3, 4], [3, 1, 5]])])
    z[:3] += 0.1 * np.array([[0, 1, -1], [1, 0, 2], [-1, 1, 0]])
    return z


def test_what_the_flow_of_separable_data_does():
    z = arms()
    margin = 1 / np.linalg.norm(theory.separator(z)[0])
    taus = np.array([3.0, 5, 20, 100, 200])
    w = exponential_flow(z, taus)
    losses = np.exp(-w @ z.T).mean(axis=1)
    assert (losses[:2] <= theory.separable_loss_bound(margin, np.exp(taus[:2]))).all()
    shares = (w @ z.T).min(axis=1) / np.linalg.norm(w, axis=1) / margin
    assert (shares >= theory.separable_margin_bound(5, margin, np.exp(taus))).all()
    late = np.exp(200) * losses[-1]
    assert late == pytest.approx(theory.separable_loss_limit(z), rel=1e-4)
    offset = w[-1] - 200 * theory.separator(z)[0]
    np.testing.assert_allclose(offset, theory.separable_offset(z), atol=1e-6)
    units = w / np.linalg.norm(w, axis=1, keepdims=True)
    gaps = np.linalg.norm(units - margin * theory.separator(z)[0], axis=1)
    limit = 100 / (1 / gaps[-1] - 1 / gaps[-2])
    assert limit == pytest.approx(theory.separable_direction_limit(z), rel=1e-3)


def test_the_bounds_of_loss_and_margin_for_one_datum():
    """n = 1, |z| = 2: L' = -4 L² exactly, and the margin is the greatest at every time."""
    assert theory.separable_loss_bound(2.0, np.array([3.0])) == pytest.approx(1 / 13)
    assert theory.separable_margin_bound(1, 2.0, np.array([3.0])) == 1
    assert theory.separable_margin_bound(3, 2.0, np.array([2.0])) == pytest.approx(0.5)


def test_the_mean_of_the_squared_tangent():
    """A spiral of constant angle attains the bound: (log γ)' = K tan² (log r)'."""
    degree, tan2, log_r = 3.0, 0.2, 1.5
    margins = (0.1, 0.1 * np.exp(degree * tan2 * log_r))
    assert theory.tangent_bound(degree, margins, (2.0, 2 * np.exp(log_r))) == pytest.approx(tan2)


@pytest.mark.parametrize("degrees", [95, 110, 118])
def test_two_margins_by_brute_force(degrees):
    """The greatest margin of one neuron on a grid of directions; two neurons along the inputs."""
    angle = np.deg2rad(degrees)
    inputs = np.array([[np.cos(angle / 2), s * np.sin(angle / 2)] for s in (1, -1)])
    turns = np.linspace(0, 2 * np.pi, 20001)
    units = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    seen = np.maximum(units @ inputs.T, 0)  # a = 1 and |w| = 1: |θ|² = 2
    joint, apart = theory.two_margins(angle)
    assert joint == pytest.approx((seen.min(axis=1) / 2).max(), rel=1e-6)
    assert apart == pytest.approx(np.maximum(inputs @ inputs.T, 0).sum(axis=1).min() / 4)
    # no mixture of neurons gains more: half the sum of both outputs bounds the smaller one
    assert joint == pytest.approx(seen.sum(axis=1).max() / 4, rel=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: theory.diagonal_potential(Y, 0.0),
        lambda: theory.diagonal_interpolant(X, Y, np.array([1.0] * 6 + [0.0])),
        lambda: theory.diagonal_interpolant(X, Y, 1e-200),
        lambda: theory.diagonal_norm_bound(1.0, 3, 0.0),
        lambda: theory.diagonal_norm_bound(0.0, 3, 1.0),
        lambda: theory.diagonal_excess(X, np.array([1.0, 2, 0, 0, 0, 0, 0]), 0.1),
        lambda: theory.diagonal_excess(np.array([[1.0, 2.0]]), np.array([1.0, 0.0]), 0.1),
        lambda: theory.separator(np.array([[1.0, 0.0], [-1.0, 0.0]])),
        lambda: theory.separable_offset(np.array([[1.0, 0.0], [1.0, 1.0]])),
        lambda: theory.two_margins(np.pi / 2),
        lambda: theory.two_margins(2 * np.pi / 3),
    ],
)
def test_arguments_without_meaning_are_refused(call):
    with pytest.raises(ValueError, match=r"alpha|least|sparse|separable|support|angle"):
        call()
