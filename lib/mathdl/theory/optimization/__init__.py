"""Closed forms of the chapter on optimization, a module for each page."""

__all__: list[str] = []
