"""The maximum principle for networks, and sweeps of controls and what they cost."""


def maximum_gap(curvature: float, step: float, difference: float) -> float:
    """How much H may still grow at an optimal control of a network: M h |Δf|² / 2.

    M = `curvature` bounds the second derivatives of the cost to go, h is the `step` of the network,
    and `difference` = |f(z, v) - f(z, θ)| for the other control v.

    Raises ValueError for negative arguments.

    Source: derived on the page on the continuous view.

    >>> maximum_gap(1.0, 0.5, 2.0)
    1.0
    """
    if min(curvature, step, difference) < 0:
        given = f"curvature={curvature}, step={step}, difference={difference}"
        raise ValueError(f"{given} must not be negative.")
    return curvature * step * difference**2 / 2


def optimal_control(weight: float, start: float, time: float) -> float:
    """The constant θ that minimizes q x(T)²/2 + ∫θ²/2 for x' = θ from x(0): -q x(0)/(1 + qT).

    q = `weight`, x(0) = `start`, T = `time`. It is the same for L steps of size T/L.

    Raises ValueError for a negative weight or time.

    Source: derived on the page on the continuous view.

    >>> optimal_control(3.0, 1.0, 1.0)
    -0.75
    """
    if min(weight, time) < 0:
        raise ValueError(f"weight={weight} and time={time} must not be negative.")
    return -weight * start / (1 + weight * time)


def sweep_factors(stiffness: float, penalty: float = 0.0) -> tuple[float, float]:
    """What a sweep does to the error of a control of x' = θ, J = q x(T)²/2 + ∫θ²/2.

    Successive approximations with the `penalty` ρ multiply the mean of the error by
    (ρ - qT)/(1 + ρ), where qT = `stiffness`, and what has mean zero by ρ/(1 + ρ).

    Raises ValueError for negative arguments.

    Source: derived on the page on the continuous view.

    >>> sweep_factors(3.0, 1.0)
    (-1.0, 0.5)
    """
    if min(stiffness, penalty) < 0:
        raise ValueError(f"stiffness={stiffness} and penalty={penalty} must not be negative.")
    return (penalty - stiffness) / (1 + penalty), penalty / (1 + penalty)


def best_penalty(stiffness: float) -> tuple[float, float]:
    """The penalty ρ = qT/2 that contracts all controls fastest, and its factor qT/(2 + qT).

    Raises ValueError for a negative stiffness qT.

    Source: derived on the page on the continuous view.

    >>> best_penalty(3.0)
    (1.5, 0.6)
    """
    if stiffness < 0:
        raise ValueError(f"stiffness={stiffness} must not be negative.")
    return stiffness / 2, stiffness / (2 + stiffness)


def sweep_cost(L: int, inner: int) -> int:
    """Evaluations of H or its derivatives: L blocks, forward, backward, and `inner` steps uphill.

    Raises ValueError for L < 1 and inner < 1.

    Source: derived on the page on the continuous view.

    >>> sweep_cost(10, 1)
    30
    """
    if not L >= 1:
        raise ValueError(f"L={L} is no depth; use L >= 1.")
    if inner < 1:
        raise ValueError(f"inner={inner} takes no step; use a number >= 1.")
    return L * (2 + inner)
