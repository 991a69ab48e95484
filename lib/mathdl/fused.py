"""The gradient of two-layer networks as two sums that a compiler fuses: no activation is stored.

The formulas are those of `gradients.two_layer_gradient`, written over broadcast tensors:

    f_i = s Σ_j a_j max(z_ij, 0),     g_j = Σ_i r_i 1[z_ij > 0] x̃_i,     z_ij = v_j · x̃_i.

TorchInductor makes one loop of each sum, in which z_ij stays in a register; the second computes it
anew. That beats matrix products while a point has few coordinates, up to `LARGEST_DIMENSION`. The
price is a compiler, and 5 to 30 seconds of its time for every new shape.

Each sum is vectorized over what is *not* summed: samples in the first, neurons in the second. The
compiler chooses by the strides: it vectorizes over what is contiguous and is never anything else.
This is why parameters and points are held in both orders here, and why x̃ has its 1.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch._inductor
from torch import Tensor
from torch._inductor import cpp_builder
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from mathdl import losses, models, updates

AT_ONCE = 8  # at most so many steps are compiled together
LARGEST_DIMENSION = 12  # beyond it blocked matrix products are faster

OPTIONS: dict[
    str, Any
] = {  # of TorchInductor: never store an intermediate result, whatever it costs to recompute
    "realize_reads_threshold": 10**6,
    "realize_opcount_threshold": 10**6,
    "realize_acc_reads_threshold": 10**6,
}
CPU_OPTIONS = {
    "cpp_wrapper": True,  # from one kernel to the next without Python
    "cpp.enable_floating_point_contract_flag": "fast",  # a b + c in one instruction
}
CUDA_OPTIONS = {"triton.cudagraphs": True}  # one launch for all steps


Advance = Callable[[Tensor, updates.State, "Points", Tensor, Tensor], tuple[Tensor, Tensor]]


class Points(NamedTuple):
    """Points x̃ = (x, 1) in both orders: `columns` (..., d + 1, n) and `rows` (..., n, d + 1)."""

    columns: Tensor
    rows: Tensor


def points(x: Tensor) -> Points:
    """The points x (..., n, d) as `advance` takes them.

    >>> points(torch.tensor([[2.0], [3.0]])).columns
    tensor([[2., 3.],
            [1., 1.]])
    """
    rows = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
    return Points(rows.mT.contiguous(), rows)


def at_once(activations: int, every: int) -> int:
    """How many steps to compile together: a divisor of `every`, the smaller the more work they are.

    `activations` is E m n; a call costs about as much as 2^18 of them.

    >>> at_once(2**14, 100), at_once(2**20, 100), at_once(2**24, 100), at_once(2**14, 7)
    (5, 4, 1, 7)
    """
    most = min(max(1, 2**22 // activations), AT_ONCE)
    return max(k for k in range(1, most + 1) if every % k == 0)


def dot(v: Sequence[Tensor], x: Sequence[Tensor]) -> Tensor:
    """v · x̃ = b + Σ_k w_k x_k, coordinate by coordinate: v = (w_1, ..., w_d, b), x̃ = (x, 1).

    >>> dot([torch.tensor(2.0), torch.tensor(1.0)], [torch.tensor(3.0), torch.tensor(1.0)])
    tensor(7.)
    """
    z = v[-1]
    for v_k, x_k in zip(v[:-1], x[:-1], strict=True):
        z = z + v_k * x_k
    return z


def gradient(
    P: Sequence[Tensor], x: Points, y: Tensor, loss: losses.Loss, s: float
) -> tuple[Tensor, list[Tensor]]:
    """Losses (E,) and the gradient, row by row: P holds w_1, ..., w_d, b, a, each (E, m).

    >>> one = torch.ones(1, 1)
    >>> x, y = points(torch.tensor([[[3.0]]])), torch.tensor([[5.0]])
    >>> gradient([one, 0 * one, 2 * one], x, y, losses.loss("squared"), s=1.0)
    (tensor([0.5000]), [tensor([[6.]]), tensor([[2.]]), tensor([[3.]])])
    """
    *v, a = P
    n = x.rows.shape[-2]

    *v_j, a_j = torch.stack(list(P), dim=2)[..., None].unbind(2)  # (E, m, 1)
    x_i = x.columns[:, None].unbind(2)  # (E, 1, n)
    f = s * (a_j * torch.relu(dot(v_j, x_i))).sum(1)
    r = loss.slope(f, y)

    v_j = [v_k[:, None] for v_k in v]  # (E, 1, m)
    x_i = x.rows[..., None].unbind(2)  # (E, n, 1)
    active = torch.where(dot(v_j, x_i) > 0, r[:, :, None], 0.0)
    g = [(active * x_k).sum(1) for x_k in x_i[:-1]] + [active.sum(1)]

    slopes = [s / n * a * g_k for g_k in g] + [s / n * inner(v, g)]
    return loss.value(f, y).mean(1), slopes


def inner(v: Sequence[Tensor], g: Sequence[Tensor]) -> Tensor:
    """v · g, neuron by neuron.

    >>> inner([torch.tensor(2.0), torch.tensor(1.0)], [torch.tensor(3.0), torch.tensor(4.0)])
    tensor(10.)
    """
    total = v[0] * g[0]
    for v_k, g_k in zip(v[1:], g[1:], strict=True):
        total = total + v_k * g_k
    return total


def direction(
    rule: updates.Rule, g: Tensor, memory: list[Tensor], unbias: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """What the rules of `updates` make of g and of what they remember, as values, in no place.

    `unbias` holds Adam's factors 1 / (1 - β₁ᵗ) and 1 / (1 - β₂ᵗ).

    >>> direction(updates.Momentum(0.5), torch.tensor(2.0), [torch.tensor(2.0)], torch.ones(2))
    (tensor(3.), [tensor(3.)])
    """
    match rule:
        case updates.GradientDescent():
            return g, []
        case updates.Momentum(beta):
            v = g + beta * memory[0]
            return v, [v]
        case updates.Adam(beta1, beta2, epsilon):
            m, v = memory
            m = m + (1 - beta1) * (g - m)
            v = beta2 * v + (1 - beta2) * g * g
            root = torch.sqrt(v * unbias[1]) + epsilon
            step = m * unbias[0] / root
            return (step if epsilon else torch.where(root == 0, 0.0, step)), [m, v]
    raise ValueError(f"rule={rule} cannot be compiled; use one of updates.py or compiled=False.")


def descend(
    P: Tensor,
    memory: list[Tensor],
    x: Points,
    y: Tensor,
    lr: Tensor,
    unbias: Tensor,
    decays: list[Tensor],
    rule: updates.Rule,
    loss: losses.Loss,
    s: float,
) -> tuple[Tensor, list[Tensor], Tensor]:
    """Take k = len(lr) steps; the parameters, what the rule remembers, and the losses (k, E).

    P and what is remembered are (E, d + 2, m), lr is (k, E) or (k, 1), decays none or one (d + 2,).
    Points are (1, ...) or (E, ...) for all steps, or (k, E, ...), a batch for each.

    >>> P = torch.tensor([[[1.0], [0.0], [2.0]]])  # f(x) = 2 max(x, 0)
    >>> x, y, lr = points(torch.tensor([[[3.0]]])), torch.tensor([[5.0]]), torch.ones(1, 1) / 2
    >>> descend(P, [], x, y, lr, lr, [], updates.GradientDescent(), losses.loss("squared"), 1.0)
    (tensor([[[-2.0000],
             [-1.0000],
             [ 0.5000]]]), [], tensor([[0.5000]]))
    """
    losses_at_each: list[Tensor] = []
    for t in range(len(lr)):
        x_t, y_t = (Points(x.columns[t], x.rows[t]), y[t]) if x.rows.ndim == 4 else (x, y)
        L, slopes = gradient(P.unbind(1), x_t, y_t, loss, s)
        losses_at_each.append(L)
        G = torch.stack(slopes, dim=1)
        for decay in decays:
            G = G + decay[:, None] * P
        step, memory = direction(rule, G, memory, unbias[t])
        P = P - lr[t, :, None, None] * step
    return P, memory, torch.stack(losses_at_each)


Compiled = Callable[..., tuple[Tensor, list[Tensor], Tensor]]
KEPT: dict[Any, Compiled] = {}  # what has been compiled, for as long as Python runs


def _compiled(
    arguments: tuple[Any, ...], rule: updates.Rule, loss: losses.Loss, s: float
) -> Compiled:
    """`descend` as compiled code, for arguments of these shapes."""
    P = arguments[0]
    key = (rule, loss, s, P.dtype, P.device, *(t.shape for t in _tensors(*arguments)))
    if key not in KEPT:
        KEPT[key] = _compile(arguments, rule, loss, s)
    return KEPT[key]


def _tensors(P: Any, memory: Any, x: Any, y: Any, lr: Any, unbias: Any, decays: Any) -> list[Any]:
    return [P, *memory, *x, y, lr, unbias, *decays]


def _compile(
    arguments: tuple[Any, ...], rule: updates.Rule, loss: losses.Loss, s: float
) -> Compiled:
    if arguments[0].device.type == "cpu":
        try:
            cpp_builder.get_cpp_compiler()
        except RuntimeError:
            raise RuntimeError(
                "compiled=True finds no C++ compiler; install g++ or use compiled=False."
            ) from None

    def steps(*tensors: Tensor) -> list[Tensor]:
        P, memory, L = take(*pytree.tree_unflatten(tensors, form), rule, loss, s)
        return [P, L, *memory]

    take: Compiled = descend
    tensors, form = pytree.tree_flatten(arguments)
    extra = CUDA_OPTIONS if arguments[0].device.type == "cuda" else CPU_OPTIONS
    with torch.no_grad():
        graph = make_fx(steps, tracing_mode="fake")(*tensors)
        code = torch._inductor.compile(graph, tensors, options=OPTIONS | extra)

    def run(*arguments: Any) -> tuple[Tensor, list[Tensor], Tensor]:
        P, L, *memory = code(*_tensors(*arguments[:7]))
        return P, memory, L

    return run


def stepper(
    scaling: str,
    loss: str | losses.Loss = "squared",
    rule: updates.Rule | None = None,
    decay: Tensor | None = None,
) -> Advance:
    """A function advance(P, state, x, y, lr) -> (P, losses) that takes several steps at once.

    P: (E, d + 2, m), from `gradients.pack`; it is not changed, the new one is returned
    state: what the rule remembers, as in `updates`; it is brought up to date
    x, y: `points` of (n, d) or (E, n, d) and labels (n,) or (E, n); or a batch of its own for each
        of the k steps, (k, E, n, d) and (k, E, n)
    lr: (k,), one learning rate for each step, or (k, E)
    decay: λ for each row of P, (d + 2,); λ/2 |θ|² is added to what is minimized
    losses: (k, E), those before each step

    Each k, rule and shape is compiled anew. On CUDA the k steps are one CUDA graph (that has not
    been run: no GPU was at hand). Raises ValueError for a rule that is not one of `updates`, and
    RuntimeError where there is no C++ compiler.

    >>> stepper("mean-field", rule=lambda g, state: g)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: rule=<function ...> cannot be compiled; use one of updates.py or compiled=False.
    """
    loss, rule = losses.loss(loss), rule or updates.GradientDescent()
    names, decays = _names(rule), [] if decay is None else [decay]

    def advance(
        P: Tensor, state: updates.State, x: Points, y: Tensor, lr: Tensor
    ) -> tuple[Tensor, Tensor]:
        steps = len(lr)
        if x.rows.ndim < 4:  # the same points in all steps; (1, ...) if shared by the members
            x, y = Points(*(q.view(-1, *q.shape[-2:]) for q in x)), y.view(-1, y.shape[-1])
        memory = [state.get(name, torch.zeros_like(P)) for name in names]
        unbias = torch.ones(steps, 2)
        if isinstance(rule, updates.Adam):
            t = state.get("t", 0) + torch.arange(1, steps + 1, dtype=torch.float64)
            betas = torch.tensor([rule.beta1, rule.beta2], dtype=torch.float64)
            unbias = 1 / (1 - betas ** t[:, None])
            state["t"] = state.get("t", 0) + steps
        arguments = (P, memory, x, y, lr.to(P).view(steps, -1), unbias.to(P), decays)
        fixed = (rule, loss, models.scale(scaling, P.shape[2]))
        P, memory, L = _compiled(arguments, *fixed)(*arguments, *fixed)
        state.update(zip(names, memory, strict=True))
        return P, L

    return advance


def _names(rule: updates.Rule) -> list[str]:
    """What the rule remembers, under the names that it has in `updates`."""
    match rule:
        case updates.GradientDescent():
            return []
        case updates.Momentum():
            return ["v"]
        case updates.Adam():
            return ["m", "v"]
    raise ValueError(f"rule={rule} cannot be compiled; use one of updates.py or compiled=False.")
