"""Parts of the autoencoder of point clouds: graph, pose, baselines, decoders."""

import numpy as np
import pytest
import torch

from model_settings import settings
from morphoflow.models.point_ae.chamfer import best_signs, principal_axes
from morphoflow.models.point_ae.decoders import sphere
from morphoflow.models.point_ae.encoders import EdgeConvolution, neighbour_maximum, neighbours
from morphoflow.models.point_ae.learner import constant_loss, medoid, sphere_loss
from morphoflow.models.point_ae.network import PointAutoencoder

SETTINGS = settings(
    "point_ae",
    encoder="pointnet",
    widths=[8, 16],
    neighbours=4,
    hidden_size=16,
    latent_size=4,
    decoded_points=50,
    decoder_width=16,
)


def cloud(b=3, n=40, seed=0):
    """Lopsided clouds (b, n, 3), longest along x and shortest along z."""
    x = torch.randn(b, n, 3, generator=torch.Generator().manual_seed(seed))
    x = (x + 0.4 * x.square()) * torch.tensor([3.0, 2.0, 1.0])
    return x - x.mean(1, keepdim=True)


def test_neighbours_are_the_nearest_other_points():
    x = cloud()
    apart = torch.cdist(x, x) + 1e9 * torch.eye(40)
    wanted = apart.topk(4, largest=False).indices
    assert torch.equal(neighbours(x, 4).long().sort().values, wanted.sort().values)


def test_the_maximum_over_neighbours_and_its_gradient_are_those_of_gathering_all():
    x = cloud()
    graph = neighbours(x, 5)
    weight = torch.randn(3, 40, 7, generator=torch.Generator().manual_seed(1))
    values = torch.randn(3, 40, 7, generator=torch.Generator().manual_seed(2))
    found, wanted = (values.clone().requires_grad_() for _ in range(2))
    largest = neighbour_maximum(found, graph)
    each = torch.stack([v[g.long()].amax(1) for v, g in zip(wanted, graph, strict=True)])
    torch.testing.assert_close(largest, each)
    (largest * weight).sum().backward()
    (each * weight).sum().backward()
    torch.testing.assert_close(found.grad, wanted.grad)


def test_an_edge_convolution_is_the_largest_over_its_edges():
    x, layer = cloud(), EdgeConvolution(3, 6)
    graph = neighbours(x, 5)
    edges = torch.stack([v[g.long()] for v, g in zip(x, graph, strict=True)]) - x[:, :, None]
    each = torch.nn.functional.elu(layer.own(x)[:, :, None] + layer.edge(edges))
    torch.testing.assert_close(layer(x, graph), each.amax(2))


def test_along_its_axes_a_cloud_lies_as_its_turned_self_up_to_signs():
    x = cloud()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(3)))[0]
    first, second = (each @ principal_axes(each) for each in (x, x @ turn))
    torch.testing.assert_close(first.abs(), second.abs(), rtol=1e-3, atol=1e-4)
    spread = first.square().mean(1)
    assert (spread[:, 0] > spread[:, 1]).all() and (spread[:, 1] > spread[:, 2]).all()


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_the_mirror_image_that_fits_is_found(signs):
    x, signs = cloud(n=300), torch.tensor(signs, dtype=torch.float32)
    assert torch.equal(best_signs(x, x * signs), signs.expand(3, -1))


def test_the_medoid_is_the_cloud_in_the_middle_and_scores_0_on_itself():
    x = sphere(60)[None] * torch.tensor([1.0, 1.1, 5.0])[:, None, None]
    middle = medoid(x, in_axes=False)
    assert torch.equal(middle, x[1])
    assert float(constant_loss(middle, x[1:2], in_axes=True)) == pytest.approx(0, abs=1e-6)
    assert float(sphere_loss(x)) == pytest.approx(0, abs=1e-6)


def test_the_sphere_is_even():
    points = sphere(500)
    np.testing.assert_allclose(points.norm(dim=1), 1, rtol=1e-6)
    np.testing.assert_allclose(points.mean(0), 0, atol=2e-3)
    nearest = (torch.cdist(points, points) + 9 * torch.eye(500)).amin(1)
    assert float(nearest.max()) < 1.6 * float(nearest.min())


@pytest.mark.parametrize("decoder", ["dense", "folding"])
def test_an_untrained_decoder_gives_the_sphere_of_the_typical_size(decoder):
    network = PointAutoencoder(SETTINGS | {"decoder": decoder}, torch.Generator().manual_seed(0))
    torch.testing.assert_close(network.decode(torch.zeros(2, 4)), sphere(50).expand(2, -1, -1))


def test_before_training_the_latent_already_carries_the_size():
    settings = SETTINGS | {"decoder": "dense"}
    network = PointAutoencoder(settings, torch.Generator().manual_seed(0))
    x = cloud(1)
    network.requires_grad_(False)
    latents = [network.encode(factor * x, network.graph(x)) for factor in (1, 3)]
    sizes = [network.decode(z).square().mean().sqrt() for z in latents]
    assert float(sizes[1] / sizes[0]) == pytest.approx(3, rel=1e-4)


def test_weights_follow_from_the_generator_alone():
    settings = SETTINGS | {"encoder": "rotation_invariant", "decoder": "dense"}
    states = [
        PointAutoencoder(settings, torch.Generator().manual_seed(seed)).state_dict()
        for seed in (0, 0, 1)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["head.0.weight"], states[2]["head.0.weight"])
