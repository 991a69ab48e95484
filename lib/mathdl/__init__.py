"""The shared library of *Theorems That Run*.

Three parts that never mix: `mathdl.theory` holds what the theorems predict, the computing
modules hold what the computer finds, and `mathdl.book` holds what a page needs to set the two
side by side.

What stands where in the computing modules:

| to ... | see |
|---|---|
| define networks, E of them side by side | `models`, `modules`, `parameters` |
| train them | `training`, with `losses`, `updates`, `gradients`, `sampling`, `sweeps` |
| follow the gradient flow, any ODE, or an SDE | `flow`, `ode`, `sde` |
| measure norms | `norms`, `spectral`, `minimum_norm`, `dual_norm` |
| measure complexity | `rademacher` |
| measure curvature and noise | `curvature`, `sharpness`, `layers` |
| approximate without training | `sampling`, `greedy`, `knots`, `regression` |
| compute with kernels | `kernels`, `circle` |
| use symmetry | `groups`, `equivariance` |
| load data, choose device and seed | `datasets`, `idx`, `device` |
| see how training runs inside | `loop`, `members`, `checks`, `fused` |
"""

__version__ = "0.1.0"
