"""The Chamfer distance: equal to that of the full matrix, two-way, and cheaper."""

import time

import numpy as np
import pytest
import torch

from morphoflow.models.point_ae import chamfer as module
from morphoflow.models.point_ae.chamfer import (
    chamfer,
    mean_distance,
    nearest_by_chunks,
    nearest_by_trees,
    squared_distances,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def clouds(n, m, batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(batch, count, 3, generator=generator) for count in (n, m))


def by_matrix(a, b):
    apart = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()
    return apart.amin(2).mean(1) + apart.amin(1).mean(1)


def value_and_gradients(distance, a, b):
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
    value = distance(a, b)
    (value * torch.tensor([1.0, 3.0])).sum().backward()
    return value.detach(), a.grad, b.grad


@pytest.mark.parametrize("search", [nearest_by_trees, nearest_by_chunks])
def test_values_and_both_gradients_are_those_of_the_matrix(monkeypatch, search):
    monkeypatch.setattr(module, "nearest_by_trees", search)
    pair = clouds(301, 170)
    found, wanted = value_and_gradients(chamfer, *pair), value_and_gradients(by_matrix, *pair)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 1000, 1 << 26])
def test_chunks_of_any_size_find_what_trees_find(monkeypatch, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    pair = clouds(65, 130, batch=3)
    for ours, theirs in zip(nearest_by_chunks(*pair), nearest_by_trees(*pair), strict=True):
        assert torch.equal(ours, theirs)


def test_the_gradient_is_that_of_finite_differences():
    a, b = (each.double()[:1] for each in clouds(6, 5))
    step = 1e-2
    variable = a.clone().requires_grad_()
    chamfer(variable, b).sum().backward()
    for k in range(3):
        moved = torch.zeros_like(a)
        moved[0, 2, k] = step
        slope = (chamfer(a + moved, b) - chamfer(a - moved, b)) / (2 * step)
        assert float(slope) == pytest.approx(float(variable.grad[0, 2, k]), rel=0.02, abs=1e-4)


def test_a_cloud_collapsed_to_one_point_of_the_target_is_as_bad_as_its_extent():
    _, target = clouds(1, 500, batch=1)
    target = target - target.mean(1, keepdim=True)
    collapsed = target[:, :1].expand(-1, 400, -1)
    from_collapsed, from_target = squared_distances(collapsed, target)
    spread = target.square().sum(2).mean()
    assert float(from_collapsed.max()) == 0
    assert float(from_target.mean()) >= float(spread)
    assert float(chamfer(collapsed, target)) > 50 * float(chamfer(target * 1.01, target))


def test_equal_clouds_have_distance_0_and_shifted_ones_that_of_the_shift():
    a, _ = clouds(200, 1)
    shift = torch.tensor([1e-3, 0, 0])
    np.testing.assert_array_equal(chamfer(a, a.flip(1)), 0)
    torch.testing.assert_close(chamfer(a, a + shift), torch.full((2,), 2e-6), rtol=1e-3, atol=0)
    distance = mean_distance(*squared_distances(a, a + shift))
    torch.testing.assert_close(distance, torch.full((2,), 1e-3), rtol=1e-3, atol=0)


def test_a_decoder_that_diverged_is_seen_and_does_not_stop_the_search():
    a, b = clouds(20, 30)
    a[0, 3] = float("nan")
    found = chamfer(a, b)
    assert not torch.isfinite(found[0]) and torch.isfinite(found[1])


def test_it_is_at_least_ten_times_cheaper_than_the_matrix():
    a, b = (each / each.norm(dim=2, keepdim=True) for each in clouds(2048, 2048, batch=1))
    a.requires_grad_()

    def seconds(distance):
        taken = []
        for _ in range(4):
            start = time.process_time()
            distance(a, b).sum().backward()
            taken.append(time.process_time() - start)
        return min(taken)

    matrix = seconds(by_cdist)
    assert matrix > 10 * seconds(chamfer)


def by_cdist(a, b):
    apart = torch.cdist(a, b)
    return apart.amin(2).square().mean(1) + apart.amin(1).square().mean(1)
