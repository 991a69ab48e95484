"""Coursework: the assignments, their hidden checks, and answers that must lose points."""
