"""Closed forms of the chapter on noise in stochastic gradient descent, a module for each topic."""

__all__: list[str] = []
