"""What hidden checks compare with, where the student's code gives both sides of a comparison."""

from types import SimpleNamespace

import pytest
import torch

from assignments.checks import Wrong, estimation, grade, plain, properties, same

NAN = float("nan")


@pytest.mark.parametrize("goal", [NAN, float("inf"), torch.tensor([1.0, NAN])])
def test_a_goal_that_is_not_finite_is_never_reached(goal):
    found = torch.ones_like(torch.as_tensor(goal, dtype=torch.float64))
    with pytest.raises(Wrong, match="instead of"):
        same(found, goal, "the norm")


def test_empty_tensors_of_one_shape_are_the_same():
    same(torch.empty(0, 3), torch.empty(0, 3), "nothing")
    with pytest.raises(Wrong, match="shape"):
        same(torch.empty(0, 3), torch.empty(3, 0), "nothing")


@pytest.mark.parametrize("found", [torch.tensor(1 + 5j), 1 + 5j, torch.tensor([1 + 0j]).numpy()])
def test_complex_numbers_are_not_cut_to_their_real_parts(found):
    with pytest.raises(Wrong, match="not a real number"):
        plain(found, "the norm")


@pytest.mark.parametrize("answer", [NAN, float("inf")])
def test_an_answer_that_is_no_number_earns_nothing(answer):
    student = SimpleNamespace(
        draws_needed=lambda *_: answer,
        complexity=lambda x, *_: 0.0 if not x[-1].any() else answer,
        suprema=lambda *_: answer,
    )
    for question in ("complexity", "draws"):
        for one in properties(estimation, question):
            assert grade(one, student, 1, SimpleNamespace(n=4, D=3, k=1, seed=1)).earned == 0, one
