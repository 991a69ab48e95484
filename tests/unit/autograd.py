"""A check that every kind of network passes."""

import torch
from mathdl import parameters


def check_derivatives(model, networks, x):
    """Autograd agrees with finite differences and with functional transforms."""
    parts = [part.requires_grad_() for part in parameters.tensors(networks)]

    def values(*parts):
        flat = iter(parts)
        return model(parameters.apply(lambda _: next(flat), networks), x)

    assert torch.autograd.gradcheck(values, parts)
    gradients = torch.func.grad(lambda p: model(p, x).sum())(networks)
    expected = torch.autograd.grad(values(*parts).sum(), parts)
    for found, gradient in zip(parameters.tensors(gradients), expected, strict=True):
        torch.testing.assert_close(found, gradient)
