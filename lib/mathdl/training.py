"""Gradient descent on half the empirical risk, L = (1/2n) Σ (f(x_i) - y_i)², gradients by hand."""

import torch

from mathdl.models import TwoLayer, scale, two_layer


class Diverged(ArithmeticError):
    """Training left every bound: the step is too large."""


def gradient_descent(
    features: torch.Tensor,
    y: torch.Tensor,
    coefficients: torch.Tensor,
    lr: float,
    steps: int,
) -> torch.Tensor:
    """Run `steps` steps of gradient descent on a linear model, or on E of them side by side.

    The model is `features @ coefficients` with `features` (n, p). One model has y (n,) and
    coefficients (p,), an ensemble has y (n, E) and coefficients (p, E). The gradient of L is
    featuresᵀ (features @ coefficients - y) / n. Returns the new coefficients; call again with
    them to go on.

    Raises ValueError for lr <= 0, negative steps, shapes that do not fit and inputs that are not
    finite, and Diverged if the empirical risk grows a millionfold.

    >>> gradient_descent(torch.eye(2), torch.tensor([2.0, 4.0]), torch.zeros(2), lr=2.0, steps=1)
    tensor([2., 4.])
    """
    _check(lr, steps, features=features, y=y, coefficients=coefficients)
    n, p = features.shape
    if y.shape[:1] != (n,) or coefficients.shape != (p, *y.shape[1:]):
        raise ValueError(
            f"features {tuple(features.shape)}, y {tuple(y.shape)} and coefficients "
            f"{tuple(coefficients.shape)} do not fit; use (n, p), (n,) and (p,), "
            "or (n, p), (n, E) and (p, E)."
        )
    limit = None
    for step in range(steps):
        residual = features @ coefficients - y
        limit = _watch(residual, y, limit, step)
        coefficients = coefficients - lr / n * (features.mT @ residual)
    _watch(features @ coefficients - y, y, limit, steps)
    return coefficients


def train_two_layer(
    networks: TwoLayer,
    x: torch.Tensor,
    y: torch.Tensor,
    lr: float,
    steps: int,
    scaling: str,
) -> TwoLayer:
    """Run `steps` steps of gradient descent on E two-layer ReLU networks side by side.

    x has shape (n, d) and y has shape (n,); the derivative of max(z, 0) at z = 0 is taken to
    be 0. Every parameter moves by -lr times its own derivative of L: in the mean-field scaling
    that derivative is of size 1/m, so lr is usually chosen as a multiple of m.

    Raises ValueError for lr <= 0, negative steps, shapes that do not fit, an unknown scaling and
    inputs that are not finite, and Diverged if an empirical risk grows a millionfold.

    >>> one = torch.ones(1, 1)
    >>> networks = TwoLayer(a=one, w=one[None], b=0 * one)
    >>> x, y = torch.tensor([[1.0]]), torch.tensor([3.0])
    >>> train_two_layer(networks, x, y, lr=0.5, steps=1, scaling="unscaled").a
    tensor([[2.]])
    """
    a, w, b = networks
    _check(lr, steps, x=x, y=y, a=a, w=w, b=b)
    n, m = len(x), a.shape[1]
    if x.shape != (n, w.shape[2]) or y.shape != (n,):
        raise ValueError(
            f"x {tuple(x.shape)} and y {tuple(y.shape)} do not fit; "
            f"use (n, d) and (n,) with d = {w.shape[2]}."
        )
    s = scale(scaling, m)
    limit = None
    for step in range(steps):
        z = x @ w.mT + b[:, None, :]  # (E, n, m)
        hidden, active = torch.relu(z), (z > 0).to(z.dtype)
        residual = s * (hidden @ a[:, :, None]) - y[:, None]  # (E, n, 1)
        limit = _watch(residual, y, limit, step)
        pull = active * residual * a[:, None, :]  # (E, n, m)
        a = a - lr * s / n * (hidden.mT @ residual).squeeze(2)
        w = w - lr * s / n * (pull.mT @ x)
        b = b - lr * s / n * pull.sum(dim=1)
    trained = TwoLayer(a, w, b)
    _watch(two_layer(trained, x, scaling) - y, y, limit, steps)
    return trained


def _check(lr: float, steps: int, **tensors: torch.Tensor) -> None:
    if not 0 < lr < float("inf"):
        raise ValueError(f"lr={lr} is not a step size; use a positive number.")
    if steps < 0:
        raise ValueError(f"steps={steps} is negative; use 0, 1, 2, ...")
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} holds a NaN or an infinity; remove it before training.")


def _watch(residual: torch.Tensor, y: torch.Tensor, limit: float | None, step: int) -> float:
    """The largest size of the residual that counts as convergent; set at the first step."""
    size = float(torch.linalg.vector_norm(residual))
    if limit is None:
        return 1e3 * max(size, float(torch.linalg.vector_norm(y)))
    if not size <= limit:
        raise Diverged(
            f"Gradient descent diverged: the empirical risk grew a millionfold in {step} steps; "
            "use a smaller lr (for a linear model below 2 / λ_max)."
        )
    return limit
