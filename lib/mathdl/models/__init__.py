"""Networks as batched tensors: E networks of equal size in one tuple, evaluated side by side.

A model is a function of the parameters and of points x, with values (E, n) for one output and
(E, n, k) for k. The points are (n, d), the same for all members, or (E, n, d), one batch for each.
"""

from mathdl.models.deep import (
    MLP,
    ResNet,
    mlp,
    random_mlp,
    random_resnet,
    resnet,
    resnet_scale,
    resnet_states,
)
from mathdl.models.images import Convolutional, convolutional, random_convolutional
from mathdl.models.shallow import (
    Activation,
    Diagonal,
    TwoLayer,
    diagonal,
    diagonal_coefficients,
    linear,
    random_diagonal,
    random_two_layer,
    scale,
    two_layer,
)
from mathdl.models.torus import Torus, random_torus, torus

__all__ = [
    "MLP",
    "Activation",
    "Convolutional",
    "Diagonal",
    "ResNet",
    "Torus",
    "TwoLayer",
    "convolutional",
    "diagonal",
    "diagonal_coefficients",
    "linear",
    "mlp",
    "random_convolutional",
    "random_diagonal",
    "random_mlp",
    "random_resnet",
    "random_torus",
    "random_two_layer",
    "resnet",
    "resnet_scale",
    "resnet_states",
    "scale",
    "torus",
    "two_layer",
]
