"""Muon: matrices made orthogonal, and steps that depend on the direction of a gradient alone."""

import pytest
import torch

from morphoflow.models.flow.learner import weights_of
from morphoflow.models.flow.muon import Muon, orthogonal
from morphoflow.models.flow.network import UNet


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(3, 6, 20), (2, 20, 6), (1, 8, 8)])
def test_matrices_are_made_orthogonal_about_and_keep_their_directions(shape):
    matrices = drawn(*shape)
    made = orthogonal(matrices)
    assert ((torch.linalg.svdvals(made) - 0.95).abs() < 0.3).all()
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    along = left.transpose(1, 2) @ made @ right.transpose(1, 2)
    values = along.diagonal(dim1=1, dim2=2)
    assert (values > 0.6).all()
    torch.testing.assert_close(along, torch.diag_embed(values), atol=1e-3, rtol=0)
    torch.testing.assert_close(orthogonal(5 * matrices), made, rtol=1e-3, atol=1e-3)


def test_a_step_has_the_size_of_the_rate_whatever_that_of_the_gradient():
    weights = [torch.nn.Parameter(drawn(6, 2, 3, 3, seed=k)) for k in range(3)]
    before = [weight.detach().clone() for weight in weights]
    idle = torch.nn.Parameter(torch.ones(4, 4))
    optimizer = Muon([*weights, idle], 0.1, 0.0)
    for k, weight in enumerate(weights):
        weight.grad = 10.0**k * drawn(6, 2, 3, 3, seed=9)
    optimizer.step()
    moves = torch.stack([(w - b).detach().flatten(1) for w, b in zip(weights, before, strict=True)])
    torch.testing.assert_close(moves[0], moves[2], rtol=1e-3, atol=1e-4)
    assert ((torch.linalg.svdvals(moves) / 0.1 - 0.95).abs() < 0.3).all()
    downhill = (moves[0] * drawn(6, 2, 3, 3, seed=9).flatten(1)).sum()
    assert downhill < 0 and torch.equal(idle, torch.ones(4, 4))


def test_every_weight_of_a_network_is_learned_by_one_optimiser():
    network = UNet(2, [8, 16], 2, torch.Generator())
    inner, others = weights_of(network)
    names = {id(weight): name for name, weight in network.named_parameters()}
    assert {*names} == {id(w) for w in inner} | {id(w) for w in others}
    assert len(inner) + len(others) == len(names)
    assert {"enter.weight", "leave.weight"} <= {names[id(weight)] for weight in others}
