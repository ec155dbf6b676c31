"""Contrastive losses against their formulas, and the measures of a representation's state."""

import math

import numpy as np
import pytest
import torch

from morphoflow.models.contrastive.learner import simsiam
from morphoflow.models.shared.contrast import nt_xent
from morphoflow.models.shared.monitor import (
    alignment,
    effective_rank,
    spread,
    uniformity,
    vote,
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def nt_xent_by_loops(first, second, temperature):
    """The formula of Chen et al. (2020), equation 1, one pair at a time."""
    views = [z / z.norm() for z in (*first, *second)]
    n, total = len(first), 0.0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        others = [views[i] @ views[k] for k in range(2 * n) if k != i]
        denominator = sum((value / temperature).exp() for value in others)
        total = total - ((views[i] @ views[j] / temperature).exp() / denominator).log()
    return total / (2 * n)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_nt_xent_is_the_formula_in_value_and_gradient(temperature):
    first, second = (normal(5, 3, seed=k).requires_grad_() for k in (1, 2))
    values, gradients = [], []
    for loss in (nt_xent, nt_xent_by_loops):
        value = loss(first, second, temperature)
        values.append(value.item())
        gradients.append(torch.cat(torch.autograd.grad(value, [first, second])))
    assert values[0] == pytest.approx(values[1], rel=1e-6)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_nt_xent_of_aligned_pairs_at_right_angles_is_known(temperature):
    n = 6
    z = torch.eye(n)
    expected = math.log(1 + (2 * n - 2) * math.exp(-1 / temperature))
    assert nt_xent(z, 3 * z, temperature).item() == pytest.approx(expected, rel=1e-5)


def test_nt_xent_after_a_collapse_is_that_of_guessing():
    n = 7
    z = torch.ones(n, 4)
    assert nt_xent(z, z, 0.2).item() == pytest.approx(math.log(2 * n - 1), rel=1e-5)


def test_nt_xent_of_one_object_is_zero_with_no_gradient():
    first, second = (normal(1, 4, seed=k).requires_grad_() for k in (1, 2))
    loss = nt_xent(first, second, 0.1)
    loss.backward()
    assert abs(loss.item()) < 1e-6 and first.grad.abs().max() < 1e-6


def test_simsiam_is_the_formula_and_stops_the_gradient_of_the_projections():
    p, z = ([normal(6, 5, seed=k + s).requires_grad_() for s in (1, 2)] for k in (0, 2))
    loss = simsiam(tuple(p), tuple(z))
    cosine = [
        np.mean([(a @ b / a.norm() / b.norm()).item() for a, b in zip(*pair, strict=True)])
        for pair in ((p[0], z[1]), (p[1], z[0]))
    ]
    assert loss.item() == pytest.approx(-np.mean(cosine), abs=1e-6)
    loss.backward()
    assert all(value.grad is None for value in z)
    assert all(value.grad.norm() > 0 for value in p)


def test_a_collapse_is_seen_although_simsiam_calls_it_best():
    point = torch.ones(50, 16) + 1e-4 * normal(50, 16).float()
    even = normal(4000, 16)
    assert simsiam((point, point), (point, point)).item() == pytest.approx(-1, abs=1e-5)
    assert spread(point) < 1e-3 and spread(even) == pytest.approx(1, rel=0.02)
    assert uniformity(point) == pytest.approx(0, abs=1e-3) and uniformity(even) < -3
    assert effective_rank(torch.ones(50, 16)) == pytest.approx(1)
    assert effective_rank(even) > 15.5


def test_effective_rank_counts_equal_directions():
    x = torch.cat([torch.eye(8)[:3], -torch.eye(8)[:3]]) * 4 + 1
    assert effective_rank(x) == pytest.approx(3, rel=1e-6)


def test_uniformity_and_alignment_are_the_formulas():
    x, y = normal(7, 3, seed=1), normal(7, 3, seed=2)
    a, b = (v.numpy() / np.linalg.norm(v.numpy(), axis=1, keepdims=True) for v in (x, y))
    pairs = [np.sum((a[i] - a[j]) ** 2) for i in range(7) for j in range(7) if i != j]
    assert uniformity(x) == pytest.approx(np.log(np.mean(np.exp(-2 * np.array(pairs)))), rel=1e-5)
    assert alignment(x, y) == pytest.approx(np.mean(np.sum((a - b) ** 2, axis=1)), rel=1e-5)
    assert alignment(x, 5 * x) == pytest.approx(0, abs=1e-9)


def test_neighbours_vote_by_cosine_with_weights_that_fall_with_it():
    angles = torch.deg2rad(torch.tensor([0.0, 40, 42, 180]))
    voters = torch.stack([angles.cos(), angles.sin()], 1) * torch.tensor([[1.0], [9], [1], [2]])
    classes = torch.tensor([2, 1, 1, 0])
    queries = torch.tensor([[1.0, 0.1], [0.7, 0.7], [-5, 0.1]])
    assert vote(voters, classes, queries, 1).tolist() == [2, 1, 0]
    # exp(cos / 0.1) at 6, 34 and 36 degrees: two votes that are each 5 times weaker lose.
    assert vote(voters, classes, queries, 3).tolist() == [2, 1, 0]
    assert vote(voters, classes, queries, 50).tolist() == [2, 1, 0]
