"""How far a two-layer network gets from its random features, by the speed of its inner weights."""

import numpy as np


def inner_speed(scaling: str, m: int) -> float:
    """How fast inner weights move where outer weights move at speed 1: ε = (s m)^(-2).

    s is the factor in front of the m neurons: 1 ("unscaled"), m^(-1/2) ("ntk"), 1/m ("mean-field").

    Raises ValueError for another scaling and for m < 1.

    Source: derived on the page on mean-field scaling.

    >>> [inner_speed(scaling, 10) for scaling in ("unscaled", "ntk", "mean-field")]
    [0.01, 0.1, 1.0]
    """
    powers = {"unscaled": 2, "ntk": 1, "mean-field": 0}
    if scaling not in powers:
        raise ValueError(f"scaling={scaling!r} is unknown; use unscaled, ntk or mean-field.")
    if m < 1:
        raise ValueError(f"m={m} is not a width; use m >= 1.")
    return 1 / m ** powers[scaling]


def departure_exponent(power: float) -> float:
    """The exponent of m in the distance from random features for the factor s = m^(-power).

    ε = (s m)^(-2) is m to the power 2 `power` - 2: -2 (unscaled), -1 (ntk), 0 (mean-field).

    Raises ValueError for a power that is not in [0, 1].

    Source: derived on the page on mean-field scaling.

    >>> departure_exponent(0.5)
    -1.0
    """
    if not 0 <= power <= 1:
        raise ValueError(f"power={power} is no scaling of this family; use a number in [0, 1].")
    return 2 * power - 2.0


def random_feature_loss(
    eigenvalues: np.ndarray, overlaps: np.ndarray, step: float, steps: int
) -> float:
    """Mean square of f - y on n samples after gradient descent on outer weights from 0.

    It is (1/n) Σ_i (1 - step λ_i)^(2 steps) c_i², with the n `eigenvalues` λ_i of the matrix
    K = (1/mn) Σ_j σ(w_j·x_i) σ(w_j·x_k) and the products c_i = `overlaps` of y with its
    orthonormal eigenvectors.

    Raises ValueError for steps < 0.

    Source: derived on the page on mean-field scaling.

    >>> random_feature_loss(np.array([1.0, 0.0]), np.array([4.0, 2.0]), step=0.5, steps=1)
    4.0
    """
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use a number >= 0.")
    return float(np.mean((1 - step * eigenvalues) ** (2 * steps) * overlaps**2))


def departure_bound(
    speed: float, spread: float, weights: float, impulse: float | np.ndarray
) -> np.ndarray:
    """Largest root mean square of f - g on the data, f a network and g its random features.

    With z = √ε κ J it is M κ (sinh 2z - 2z) / (2 √ε), where ε = `speed` of the inner weights,
    κ² = `spread`² is the largest eigenvalue of the mean of x xᵀ over the data, M = `weights` the
    mean of |w_j|² at the start, and J = `impulse` the step times the sum of |f - y| before all
    steps, the root mean squares of the residuals. Several J give an array.

    Raises ValueError for a speed or a spread that is not positive, or other arguments < 0.

    Source: derived on the page on mean-field scaling.

    >>> round(float(departure_bound(1e-6, 1.0, 1.0, 0.3)) / 1e-6, 6)  # ⅔ ε κ⁴ M J³ for small z
    0.018
    """
    if min(speed, spread) <= 0:
        raise ValueError(f"speed={speed}, spread={spread}: use numbers > 0.")
    if min(weights, np.min(impulse)) < 0:
        raise ValueError(f"weights={weights}, impulse={impulse}: use numbers >= 0.")
    root = np.sqrt(speed)
    z = root * spread * np.asarray(impulse)
    return weights * spread / (2 * root) * (np.sinh(2 * z) - 2 * z)


def departure_bound_elsewhere(
    speed: float, spread: float, weights: float, impulses: np.ndarray, step: float, there: float
) -> float:
    """Largest root mean square of f - g under another law of inputs.

    With κ_P = `there`, whose square is the largest eigenvalue of the mean of x xᵀ under that law,
    and B(J) = `departure_bound`, it is κ_P/κ times B(J_k) + κ² M h Σ_{s<k} B(J_s), where
    J_0 = 0, ..., J_k are the `impulses` after 0, ..., k steps, and h = `step`. For a single
    point x, κ_P is |x|.

    Raises ValueError as `departure_bound` does, and for a negative step or `there`.

    Source: derived on the page on mean-field scaling.

    >>> J = [0, 0.1, 0.2]  # ⅔ ε (0.008 + 0.1 · 0.001)
    >>> round(departure_bound_elsewhere(1e-6, 1.0, 1.0, J, step=0.1, there=1.0) / 1e-6, 6)
    0.0054
    """
    if min(step, there) < 0:
        raise ValueError(f"step={step}, there={there}: use numbers >= 0.")
    bounds = departure_bound(speed, spread, weights, impulses)
    return float(there / spread * (bounds[-1] + spread**2 * weights * step * sum(bounds[:-1])))


def certified_impulses(
    speed: float, spread: float, weights: float, residuals: np.ndarray, step: float
) -> np.ndarray:
    """Upper bounds for the impulses J_0, ..., J_k of a network, from its random features alone.

    J_0 = 0 and J_{s+1} = J_s + h (ρ_s + B(J_s)) with B = `departure_bound`, h = `step`, and the
    k `residuals` ρ_s, root mean squares of g - y after s = 0, ..., k-1 steps of random features.

    Raises ValueError as `departure_bound` does, and for a negative step or residual.

    Source: derived on the page on mean-field scaling.

    >>> certified_impulses(1e-9, 1.0, 1.0, [2.0, 1.0], step=0.5).round(6).tolist()
    [0.0, 1.0, 1.5]
    """
    if min(step, *residuals) < 0:
        raise ValueError(f"step={step}, residuals={residuals}: use numbers >= 0.")
    impulses = [0.0]
    for residual in residuals:
        J = impulses[-1]
        impulses.append(J + step * (residual + departure_bound(speed, spread, weights, J)))
    return np.array(impulses)


def departure(
    w: np.ndarray, x: np.ndarray, y: np.ndarray, step: float, steps: int, points: np.ndarray
) -> np.ndarray:
    """The limit D(x) of (f(x) - g(x)) / ε as the speed ε of the inner weights goes to 0.

    f(x) = (1/m) Σ_j a_j σ(w_j·x) takes `steps` steps of gradient descent from a = 0, with `step`
    for a and ε `step` for w; g takes them with ε = 0. To first order in ε, with the residual
    r = g - y, the features φ_j = σ(w_j·x), their changes ψ_j = 1[w_j·x > 0] v_j·x, and means ⟨ ⟩
    over the data,

        v_j' = -a_j ⟨r 1_j x⟩,   b_j' = -⟨ψ_j r⟩ - ⟨φ_j D⟩,   D = (1/m) Σ_j (b_j φ_j + a_j ψ_j),

    where ' is the change in a step, divided by `step`, and a_j' = -⟨φ_j r⟩.

    w: (m, d) at the start, x: (n, d), y: (n,), points: (k, d); the result is (k,).
    Raises ValueError for steps < 0.

    Source: derived on the page on mean-field scaling.

    >>> one = np.ones((1, 1))
    >>> departure(one, one, np.ones(1), step=0.5, steps=2, points=one)  # (3/4)(1/8)
    array([0.09375])
    """
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use a number >= 0.")
    (m, d), n = w.shape, len(x)
    seen = np.concatenate([x, points])
    features, active = np.maximum(seen @ w.T, 0), seen @ w.T > 0
    a, b, v = np.zeros(m), np.zeros(m), np.zeros((m, d))
    for _ in range(steps):
        r = features[:n] @ a / m - y
        change = active[:n] * (x @ v.T)
        D = (features[:n] @ b + change @ a) / m
        pull = (active[:n] * r[:, None]).T @ x / n  # ⟨r 1_j x⟩
        a, b, v = (
            a - step * (r @ features[:n]) / n,
            b - step * (r @ change + D @ features[:n]) / n,
            v - step * a[:, None] * pull,
        )
    return ((features @ b + (active * (seen @ v.T)) @ a) / m)[n:]


def early_lead(steps: int) -> float:
    """The factor k(k-1)(2k-1)/3, twice the sum of the squares below k, for k = `steps`.

    For a small step h, the mean of y (f - g) over the data is ε h³ times this factor, times the
    mean over neurons of ⟨φ_j y⟩² |⟨y 1_j x⟩|²: the network is ahead of its random features.

    Raises ValueError for steps < 0.

    Source: derived on the page on mean-field scaling.

    >>> [early_lead(k) for k in range(4)]
    [0.0, 0.0, 2.0, 10.0]
    """
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use a number >= 0.")
    return 2.0 * sum(s**2 for s in range(steps))
