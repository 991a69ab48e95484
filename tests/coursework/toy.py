"""A small assignment for tests, with its hidden checks, below a folder of its own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from tools.coursework.source import Assignment, read

ROOT = Path(__file__).parents[2]
SOURCE = '''\
---
description: A toy assignment about the path norm.
needs: [approximation/barron-space]
minutes: 90
numbers:
  d: [3, 9]
  m: [20, 40]
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

(assignment-toy)=
# Toy: what a path norm sees

What does the [path norm](book:approximation/barron-space#thm-barron-monte-carlo) see?

```{code-cell} python
import torch
```

Your numbers.

```{code-cell} python
:tags: [numbers]
d = 5  # input dimension
m = 30  # width
```

## Question 1: the path norm

Write $\\|a\\|$.

$$
\\sum_i |a_i|\\,(|w_i|_1+|b_i|).
$$

```{code-cell} python
:answer: path-norm
def path_norm(a, W, b):
    """The path norm."""
    ### BEGIN SOLUTION
    of_each_neuron = W.abs().sum(1) + b.abs()
    return (a.abs() * of_each_neuron).sum()
    ### END SOLUTION
```

```{code-cell} python
:checks: path-norm
found = path_norm(torch.ones(1), torch.ones(1, 2), torch.zeros(1))
assert abs(found - 2) < 1e-6, "One neuron: its path norm is 2."
```

## Question 2: the number of weights

How many weights has your network, $d$ inputs and $m$ neurons? Set `weights`.

```{code-cell} python
:answer: weights
### BEGIN SOLUTION
weights_of_one_neuron = d + 2
weights = m * weights_of_one_neuron
### END SOLUTION
```

```{code-cell} python
:checks: weights
assert weights > 0, "A network has weights."
```

## Question 3: proof

Prove that the path norm of a sum is at most the sum of the path norms.

````{proof-answer} subadditive
:points: 3
Put the neurons of both networks beside each other, see the
[page](book:approximation/barron-space):

$$
\\|a\\| + \\|a'\\|.
$$
````

```{rubric} subadditive
- (1) names the network of the sum of both
- (1) computes the path norm of that network
- (1) concludes
```

```{false-proofs} subadditive
- It gets no point to add the weights instead of the networks.
```
'''


CHECKS = '''\
"""Hidden checks of the toy."""

from assignments.checks import network, prop, same


@prop("path-norm", points=2)
def rescaling(student, rng, numbers):
    """rescaling a neuron leaves the path norm"""
    a, W, b = network(rng, m=5, d=3)
    found = student.path_norm(a / 2, 2 * W, 2 * b)
    same(found, student.path_norm(a, W, b), "the path norm after rescaling")


@prop("path-norm", points=1)
def homogeneous(student, rng, numbers):
    """twice the outer weights have twice the path norm"""
    a, W, b = network(rng, m=5, d=3)
    same(student.path_norm(2 * a, W, b), 2 * student.path_norm(a, W, b), "the path norm of 2a")


@prop("weights", points=1)
def counted(student, rng, numbers):
    """the weights of this student's network are counted"""
    same(student.weights, numbers.m * (numbers.d + 2), "weights")
'''
ANSWERS = '''\
"""Wrong answers to the toy."""

from assignments.answers import WrongAnswer

CODE = "def path_norm(a, W, b):\\n    return (a.abs() * W.norm(dim=1)).sum()"
BECAUSE = "Measures the inner weights in the Euclidean norm and forgets the bias."
WRONG_ANSWERS = [WrongAnswer("path-norm", 3, BECAUSE, CODE)]
'''


def module(name: str, text: str) -> ModuleType:
    made = ModuleType(name)
    exec(text, made.__dict__)
    return made


def toy(folder: Path, monkeypatch) -> Assignment:
    """The toy, read from a file below `folder`; its root is the repository."""
    monkeypatch.setitem(sys.modules, "assignments.checks.toy", module("checks", CHECKS))
    monkeypatch.setitem(sys.modules, "assignments.answers.toy", module("answers", ANSWERS))
    path = folder / "toy.md"
    path.write_text(SOURCE, encoding="utf-8")
    return replace(read(path), path=ROOT / "assignments" / "toy.md")
