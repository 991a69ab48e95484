"""The trainers against autograd, torch.optim and themselves; errors that say what to do."""

import numpy as np
import torch
from mathdl import models, training

GENERATOR = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


def test_steps_add_up_and_reach_least_squares():
    features, y, start = normal(20, 3), normal(20), torch.zeros(1, 3, dtype=torch.float64)
    halfway = training.train_linear(start, features, y, lr=0.5, steps=7).parameters
    torch.testing.assert_close(
        training.train_linear(halfway, features, y, lr=0.5, steps=5).parameters,
        training.train_linear(start, features, y, lr=0.5, steps=12).parameters,
    )
    solution = torch.linalg.lstsq(features, y[:, None]).solution.T
    reached = training.train_linear(start, features, y, lr=0.5, steps=2000).parameters
    torch.testing.assert_close(reached, solution)


def test_two_layer_is_the_model_trained_by_autograd():
    networks = models.random_two_layer(E=3, m=5, d=2, rng=np.random.default_rng(0))
    x, y = normal(7, 2), normal(7)
    by_hand = training.train_two_layer(networks, x, y, scaling="ntk", lr=0.1, steps=5)
    by_autograd = training.train(
        lambda p, x: models.two_layer(p, x, "ntk"), networks, x, y, lr=0.1, steps=5
    )
    torch.testing.assert_close(by_hand.parameters, by_autograd.parameters)
    torch.testing.assert_close(by_hand.history, by_autograd.history)
