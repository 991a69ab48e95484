"""Every tensor of nested parameters is reached once, in order, and the form is kept."""

from typing import NamedTuple

import pytest
import torch
from mathdl import parameters


class Pair(NamedTuple):
    outer: torch.Tensor
    layers: tuple[torch.Tensor, ...]


def pair(*members):
    """Members e of an ensemble, each filled with its own number."""
    e = torch.tensor(members, dtype=torch.float64)
    return Pair(e[:, None].expand(-1, 2), (e[:, None, None].expand(-1, 3, 4), 10 * e, 100 * e))


def same(one, other):
    return all(map(torch.equal, parameters.tensors(one), parameters.tensors(other)))


def test_apply_keeps_named_tuples_tuples_and_lists():
    doubled = parameters.apply(lambda t: 2 * t, pair(1, 2))
    assert type(doubled) is Pair and type(doubled.layers) is tuple
    assert same(doubled, pair(2, 4))
    assert parameters.apply(torch.neg, [torch.ones(1), ()]) == [-torch.ones(1), ()]


def test_apply_on_corresponding_tensors():
    total = parameters.apply(lambda p, q, r: p + 2 * q + r, pair(1, 2), pair(3, 5), pair(0, 1))
    assert same(total, pair(7, 13))


def test_tensors_are_in_order():
    shapes = [tuple(t.shape) for t in parameters.tensors(pair(1, 2))]
    assert shapes == [(2, 2), (2, 3, 4), (2,), (2,)]


def test_a_member_is_an_ensemble_of_one():
    for e in range(3):
        assert same(parameters.member(pair(5, 6, 7), e), pair(5 + e))
        assert type(parameters.member(pair(5, 6, 7), e)) is Pair


def test_members_are_joined_again():
    joined = parameters.join([pair(5, 6), pair(7)])
    assert type(joined) is Pair and same(joined, pair(5, 6, 7))
    parts = [parameters.member(joined, e) for e in range(3)]
    assert same(parameters.join(parts), joined)


def test_count_is_per_member():
    assert parameters.count(pair(1, 2, 3)) == 2 + 12 + 1 + 1


@pytest.mark.parametrize("e", (-1, 2))
def test_a_member_has_to_exist(e):
    with pytest.raises(ValueError, match=f"e={e} names no member; use 0 <= e < 2"):
        parameters.member(pair(1, 2), e)


def test_errors_name_the_argument():
    with pytest.raises(TypeError, match="parameters hold a dict"):
        parameters.apply(torch.neg, ({"w": torch.ones(1)},))
    one = torch.ones(1)
    for other in (one, (one,), (one, one, one)):
        with pytest.raises(ValueError, match="parameters differ in form"):
            parameters.apply(torch.add, (one, one), other)
    with pytest.raises(ValueError, match="ensembles is empty"):
        parameters.join([])
    with pytest.raises(ValueError, match=r"ensembles differ in shape, \(1, 2\) and \(1, 3\)"):
        parameters.join([(torch.ones(1, 2),), (torch.ones(1, 3),)])
