"""What theory says about double descent: Gaussian features at every n and p, random features."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, gammaln
from scipy.stats import beta as beta_law
from scipy.stats import f as f_law

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)


def least_norm_risk(n: int, p: int, signal: float, residual: float) -> float:
    """Expected risk of least squares of least norm with p Gaussian features and n samples.

    y = x·u + η with x ~ N(0, I_p), |u|² = `signal`, and η independent of x with mean 0 and
    variance `residual`: the noise together with all features that are not used. The mean of
    E(y - x·û)² over samples is

        residual · (1 + p / (n - p - 1))                                for p <= n - 2,
        signal · (1 - n/p) + residual · (1 + n / (p - n - 1))           for p >= n + 2,

    and for |p - n| <= 1 it is infinite, unless p = 0 or `residual` = 0.

    Raises ValueError if n < 1 or p < 0, or if `signal` or `residual` is negative.

    Source: derived on the page on double descent; Belkin, Hsu and Xu (2020).

    >>> least_norm_risk(n=40, p=29, signal=0.5, residual=2.0)  # 2 (1 + 29/10)
    7.8
    """
    _check(n, p, signal, residual)
    bias = signal * (1 - n / p) if p > n else 0.0
    if residual == 0 or p == 0:
        return bias + residual
    fitted = min(n, p) / (abs(n - p) - 1) if abs(n - p) >= 2 else float("inf")
    return bias + residual * (1 + fitted)


def noise_moment(order: float, n: int, p: int) -> float:
    """Moment of the given order of the noise that is fitted, χ²_r / χ²_k, in units of its variance.

    With r = min(n, p) and k = |n - p| + 1, numerator and denominator independent, the moment is

        Γ(r/2 + order) Γ(k/2 - order) / (Γ(r/2) Γ(k/2)),

    and infinite for order >= k/2: a mean exists for |n - p| >= 2, a variance for |n - p| >= 4.

    Raises ValueError if n < 1 or p < 0, or if `order` is not positive.

    Source: derived on the page on double descent.

    >>> round(noise_moment(1.0, n=40, p=29), 12)  # p / (n - p - 1)
    2.9
    >>> noise_moment(2.0, n=40, p=37)
    inf
    """
    _check(n, p, 0.0, 0.0)
    if order <= 0:
        raise ValueError(f"order={order} is no moment; use a number > 0.")
    r, k = min(n, p) / 2, (abs(n - p) + 1) / 2
    if r == 0:
        return 0.0
    logarithm = float("inf")
    if order < k:
        logarithm = gammaln(r + order) - gammaln(r) + gammaln(k - order) - gammaln(k)
    return float(np.exp(logarithm))


def noise_log_mean(n: int, p: int) -> float:
    """Mean logarithm of χ²_r / χ²_k with r = min(n, p), k = |n - p| + 1: finite at p = n too.

    It is ψ(r/2) - ψ(k/2) with the digamma function ψ.

    Raises ValueError if n < 1 or p < 1.

    >>> noise_log_mean(n=1, p=1)  # the two have the same law
    0.0
    """
    if n < 1 or p < 1:
        raise ValueError(f"n={n}, p={p}: use at least one sample and one feature.")
    return float(digamma(min(n, p) / 2) - digamma((abs(n - p) + 1) / 2))


def risk_probability(t: float, n: int, p: int, signal: float, residual: float) -> float:
    """Probability, over samples with Gaussian noise, that least squares has a risk of at most t.

    In the setting of `least_norm_risk` with η ~ N(0, residual) the risk of the solution of least
    norm has the law of

        residual + signal · B + residual · χ²_r / χ²_k,    r = min(n, p), k = |n - p| + 1,

    with independent terms, B ~ Beta((p - n)/2, n/2) for p > n and B = 0 otherwise. The mean over B
    is a Gauss sum, with an error of about 1e-5 for p = n + 1, where the law of B has a corner, and
    less beyond.

    Raises ValueError as `least_norm_risk` does, and if p or `residual` is 0.

    Source: derived on the page on double descent.

    >>> round(risk_probability(2.0, n=1, p=1, signal=1.0, residual=1.0), 9)  # 1 + F(1, 1)
    0.5
    """
    _check(n, p, signal, residual)
    if p == 0 or residual == 0:
        raise ValueError(f"p={p}, residual={residual}: without noise to fit there is no such law.")
    return _probability(t, n, p, residual, signal * _lost(n, p))


def risk_quantile(level: float, n: int, p: int, signal: float, residual: float) -> float:
    """The t at which `risk_probability` is `level`; 0.5 gives the median of the risk.

    Raises ValueError as `risk_probability` does, and if `level` is not between 0 and 1.

    >>> round(risk_quantile(0.5, n=1, p=1, signal=1.0, residual=1.0), 9)
    2.0
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level} is no quantile; use a number between 0 and 1.")
    risk_probability(residual, n, p, signal, residual)  # refuses what has no such law
    r, k = min(n, p), abs(n - p) + 1
    noise = residual * r / k * f_law.ppf(level, r, k)
    if p <= n or signal == 0:
        return float(residual + noise)
    lost = signal * _lost(n, p)
    below, above = residual + noise, residual + signal + noise
    return float(brentq(lambda t: _probability(t, n, p, residual, lost) - level, below, above))


def _lost(n: int, p: int) -> np.ndarray:
    """Quantiles of the share of the signal that n < p samples miss, at the nodes of Gauss' rule."""
    share = np.zeros_like(_NODES)
    if p > n:
        share = beta_law.ppf((_NODES + 1) / 2, (p - n) / 2, n / 2)
    return share


def _probability(t: float, n: int, p: int, residual: float, lost: np.ndarray) -> float:
    r, k = min(n, p), abs(n - p) + 1
    return float(_WEIGHTS @ f_law.cdf((t - residual - lost) * k / (r * residual), r, k) / 2)


def tuned_ridge_bounds(n: int, p: int, signal: float, residual: float) -> tuple[float, float]:
    """Lower and upper bound of the expected risk of ridge regression with the best penalty.

    In the setting of `least_norm_risk`, minimizing |Φu - y|² + κ|u|² with κ = p residual / signal:

        residual · (1 + below) <= E R <= residual · (1 + above),

    where `below` and `above` are the positive roots of

        κ t² + (κ + n + 1 - p) t = p,    κ (1 + 1/p) t² + (κ + n - 1 - p) t = p.

    Raises ValueError if n < 1 or p < 1, or if `signal` or `residual` is not positive.

    Source: derived on the page on double descent.

    >>> lower, upper = tuned_ridge_bounds(n=40, p=40, signal=1.0, residual=1.0)
    >>> round(lower, 4), round(upper, 4)
    (1.6112, 1.6207)
    """
    _check(n, p, signal, residual)
    if p < 1 or signal == 0 or residual == 0:
        raise ValueError(
            f"p={p}, signal={signal}, residual={residual}: the penalty needs positive ones."
        )
    penalty = p * residual / signal
    below = _positive_root(penalty, penalty + n + 1 - p, p)
    above = _positive_root(penalty * (1 + 1 / p), penalty + n - 1 - p, p)
    return residual * (1 + below), residual * (1 + above)


def random_features_risk(
    features: float, samples: float, signal: float, noise_variance: float
) -> float:
    """Limit of the risk of ReLU random features without penalty, for a linear target.

    Inputs uniform on the sphere |x| = √d, y = u·x + noise with |u|² = `signal`, m random neurons
    σ(w_j·x), least squares (of least norm) on n samples; m/d tends to `features` = α, n/d to
    `samples` = δ, the penalty to 0 afterwards. With S = `missed_share`(min(α, δ)) and
    q = (1 - S)², the limit of E(y - f̂(x))² is

        (signal · S + noise_variance) / (1 - α/δ)                                      for α < δ,
        δ (signal · S (αS + δ(1 - S) - q) + noise_variance · (α - q))
          / ((α - δ)(δ - q))                                                           for α > δ.

    Raises ValueError if `features` or `samples` is not positive, or if they are equal, where the
    limit is infinite.

    Source: Mei and Montanari (2022), whose formula is a ratio of polynomials; this form of it is
    the one of the page on double descent.

    >>> round(random_features_risk(0.6, 3.0, signal=1.0, noise_variance=0.09), 4)
    0.8892
    """
    if features <= 0 or samples <= 0 or features == samples:
        raise ValueError(
            f"features={features}, samples={samples}: use two different numbers > 0 per dimension."
        )
    S = missed_share(min(features, samples))
    if features < samples:
        return (signal * S + noise_variance) / (1 - features / samples)
    q = (1 - S) ** 2
    lost = signal * S * (features * S + samples * (1 - S) - q) + noise_variance * (features - q)
    return samples * lost / ((features - samples) * (samples - q))


def missed_share(psi: float) -> float:
    """Share S of a linear function that ψd random ReLU neurons miss in dimension d, as d grows.

    The positive root of ζ²S² + (1 + ζ²ψ - ζ²)S - 1 = 0 with ζ² = (1/4) / (1/4 - 1/(2π)).

    >>> missed_share(0.0)
    1.0
    """
    ratio = 0.25 / (0.25 - 1 / (2 * np.pi))
    return _positive_root(ratio, 1 + ratio * (psi - 1), 1.0)


def _positive_root(a: float, b: float, c: float) -> float:
    """The positive root of a t² + b t = c with a, c > 0."""
    return float(2 * c / (b + np.sqrt(b**2 + 4 * a * c)))


def _check(n: int, p: int, signal: float, residual: float) -> None:
    if n < 1 or p < 0:
        raise ValueError(f"n={n}, p={p}: use n >= 1 samples and p >= 0 features.")
    if signal < 0 or residual < 0:
        raise ValueError(f"signal={signal}, residual={residual}: squares are not negative.")
