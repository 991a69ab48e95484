"""Closed forms of the chapter on symmetry and convolutional networks, a module for each page."""

__all__: list[str] = []
