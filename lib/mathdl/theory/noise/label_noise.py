"""Label noise: how it balances two factors, and what it makes of a diagonal network.

In each step every label gets independent noise of mean 0 and variance ς². The product model is
f = uv with the label 1; its balance is D = u² - v², and S = √(D² + 4) the curvature at uv = 1. A
diagonal network is f(x) = β·x with β_j = p_j² - q_j², and C_j = p_j q_j its products.
"""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, linprog

from mathdl.theory.optimization.implicit_bias import diagonal_interpolant


def balance_factor(step: float, slope: np.ndarray) -> np.ndarray:
    """What one step multiplies the balance of a product by: 1 - η² g².

    `step` is η, and `slope` the derivative g of the loss of that step by the product; several
    slopes give an array.

    Source: derived on the page on stability and selection.

    >>> balance_factor(0.5, 1.0)
    0.75
    """
    return 1 - (step * slope) ** 2


def balance_bound(start: float, step: float, noise: float, steps: np.ndarray) -> np.ndarray:
    """Largest mean of |D| after so many steps with label noise: |D| (1 - η² ς²)^t.

    `start` is D at the beginning, `step` η and `noise` ς. It holds as long as η² g² <= 1.

    Source: derived on the page on stability and selection.

    >>> float(balance_bound(-4.0, step=0.5, noise=1.0, steps=2))
    2.25
    """
    return np.abs(start) * (1 - (step * noise) ** 2) ** np.asarray(steps)


def balance_drift(start: float, step: float, noise: float, steps: float) -> float:
    """The balance D after so many steps with little label noise: D' = -2 η² ς² D / (2 - η S).

    The time of the equation is the number of steps. Its solution is where
    (1 - η) log D + η log(2 + S) - η S / 2 has fallen by η² ς² t. `start` is D at the beginning,
    `step` η and `noise` ς.

    Raises ValueError unless start > 0, and η S < 2 at the start.

    Source: derived on the page on stability and selection.

    >>> round(balance_drift(3.75, step=0.3, noise=0.1, steps=1000), 4)
    0.7878
    """
    if not start > 0 or not step * np.sqrt(start**2 + 4) < 2:
        raise ValueError(f"start={start} is not stable; use 0 < start, step √(start² + 4) < 2.")

    def height(log_balance: float) -> float:
        s = np.sqrt(np.exp(2 * log_balance) + 4)
        return (1 - step) * log_balance + step * np.log(2 + s) - step * s / 2

    top, fall = float(np.log(start)), (step * noise) ** 2 * steps
    bottom = top - 2 * fall / (2 - step * np.sqrt(start**2 + 4))  # if it fell as at the start
    return float(np.exp(brentq(lambda z: height(z) - height(top) + fall, bottom, top)))


def balance_small_step(start: float, step: float, noise: float, steps: float) -> float:
    """The same to leading order in the step: D exp(-η² ς² t).

    It is the flow of (η ς² / 4) (u² + v²) along the minima, in the time ηt.

    Source: derived on the page on stability and selection.

    >>> round(balance_small_step(3.75, step=0.3, noise=0.1, steps=1000), 4)
    1.5246
    """
    return float(start * np.exp(-((step * noise) ** 2) * steps))


def balanced_trace(start: float, step: float, noise: float, steps: float) -> float:
    """The trace √(D² + 4) of the Hessian where the balance is that of `balance_drift`.

    Source: derived on the page on stability and selection.

    >>> round(balanced_trace(3.75, step=0.3, noise=0.1, steps=1000), 4)
    2.1496
    """
    return float(np.hypot(balance_drift(start, step, noise, steps), 2))


def flattest_interpolant(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The least Σ_j m_j |β_j| with xβ = y, m_j = Σ_i x_ij² / n; a β; and weights ν that prove it.

    4 times that is the least trace of the Hessian among the diagonal networks that interpolate.
    The proof: ν·y is the value, and |xᵀν|_j <= m_j for all j.

    x: (n, d), y: (n,). Raises ValueError if no β interpolates.

    Source: derived on the page on stability and selection.

    >>> value, beta, nu = flattest_interpolant(np.array([[1.0, 3.0]]), np.array([1.0]))
    >>> value, beta.tolist(), nu.tolist()
    (1.0, [1.0, 0.0], [1.0])
    """
    price = np.square(x).mean(axis=0)
    both = np.concatenate([price, price])
    found = linprog(both, A_eq=np.hstack([x, -x]), b_eq=y, method="highs")
    if found.x is None:
        raise ValueError("x, y: no coefficients interpolate; use y in the range of x.")
    plus, minus = np.split(found.x, 2)
    return float(found.fun), plus - minus, found.eqlin.marginals


def label_noise_products(
    x: np.ndarray, y: np.ndarray, products: np.ndarray, step: float, noise: float, steps: np.ndarray
) -> np.ndarray:
    """The products C = pq of a diagonal network after so many steps with little label noise.

    The steps take all samples, each with noise of its own on the label. With the columns x_j,
    (log C_j)' = -4 η² ς² x_jᵀ (I - ηK/2n)^{-1} x_j / n² and K = 4 x diag(√(β² + 4C²)) xᵀ, where β
    is the `diagonal_interpolant` of √C. The time is the number of steps.

    x: (n, d), y: (n,); products: C at the start, (d,); steps: (T,), rising from 0. The result is
    (T, d).

    Raises ValueError where a step is too long: ηK/n has an eigenvalue of at least 2.

    Source: derived on the page on stability and selection.

    >>> one = np.ones((1, 1))  # u = p + q, v = p - q is the product model with twice the step
    >>> C = label_noise_products(one, one[0], np.array([3.75 / 4]), 0.15, 0.1, np.array([0, 1000]))
    >>> (4 * C[-1]).round(4).tolist()
    [0.7878]
    """
    n = len(y)

    def slope(_: float, log_products: np.ndarray) -> np.ndarray:
        c = np.exp(log_products)
        beta = diagonal_interpolant(x, y, np.sqrt(c))
        k = 4 * (x * np.hypot(beta, 2 * c)) @ x.T
        rest = np.eye(n) - step * k / (2 * n)
        if not np.linalg.eigvalsh(rest)[0] > 0:
            raise ValueError(f"step={step} is unstable: ηK/n reaches 2; use a smaller one.")
        return -4 * (step * noise / n) ** 2 * (x * np.linalg.solve(rest, x)).sum(axis=0)

    span, start = (steps[0], steps[-1]), np.log(products)
    path = solve_ivp(slope, span, start, t_eval=steps, rtol=1e-8, atol=0)
    return np.exp(path.y.T)


def weighted_norm_bound(
    least: np.ndarray, price: np.ndarray, products: np.ndarray, time: float
) -> float:
    """Largest Σ_j m_j |β_j| for the `diagonal_interpolant` with α_j² = C_j exp(-m_j s).

    It is M + (Σ_j |β*_j| log(1 + |β*_j|/C_j) + Σ_j C_j)/s, where β* = `least` interpolates with
    the least value M, m = `price`, C = `products` and s = `time`.

    Raises ValueError for a time that is not positive.

    Source: derived on the page on stability and selection.

    >>> one = np.ones(1)
    >>> round(weighted_norm_bound(one, one, one, time=2.0), 4)  # 1 + (log 2 + 1)/2
    1.8466
    """
    if not time > 0:
        raise ValueError(f"time={time} is not positive; use a number > 0.")
    size = np.abs(least)
    cost = size @ np.log(1 + size / products) + np.sum(products)
    return float(price @ size + cost / time)
