"""Hands out, collects, grades and marks the assignments."""
