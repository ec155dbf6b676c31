"""The polar encoder's law: no turn or flip of an image changes its features."""

import pytest
import torch

from model_settings import settings
from morphoflow.images.rotate import transform
from morphoflow.models.o2vae.polar import PolarEncoder
from synthetic_cells import ellipse_crops

SETTINGS = settings("o2vae", widths=[8, 16])


def encoder(channels=1, size=32, train=False, seed=0):
    network = PolarEncoder(channels, size, SETTINGS, torch.Generator().manual_seed(seed))
    return network.train(train)


def textured(n=6, channels=1, size=32, seed=0):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed))


def flat_masks(n=6, channels=1, size=32):
    x, _, _ = ellipse_crops(n, size, channels)
    return (torch.from_numpy(x) > 0.2).float()


def moved(before, after):
    return float((after - before).norm(dim=1).div(before.norm(dim=1)).max())


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("size", [32, 33, 48])
@pytest.mark.parametrize("picture", [textured, flat_masks])
def test_quarter_turns_and_flips_change_no_feature(picture, size, train):
    network, x = encoder(2, size, train), picture(channels=2, size=size)
    for quarters in range(4):
        for mirrored in (x, x.flip(-1)):
            with torch.no_grad():
                assert moved(network(x), network(mirrored.rot90(quarters, (-2, -1)))) <= 1e-5


@pytest.mark.parametrize("angle", [10, 30, 45, 77, 200])
def test_any_turn_moves_a_cell_by_less_than_a_tenth_of_the_way_to_the_next(angle):
    x = torch.from_numpy(ellipse_crops(40, 64)[0])
    network = encoder(size=64)
    angles = torch.full((len(x),), float(angle))
    turned = transform(x, angles, angles > 0, mode="bicubic")
    with torch.no_grad():
        before, after = network(x), network(turned)
    nearest = torch.cdist(before, before).fill_diagonal_(torch.inf).min(1).values
    assert float(((after - before).norm(dim=1) / nearest).median()) < 0.1


def test_different_cells_have_different_features():
    x = torch.from_numpy(ellipse_crops(40)[0])
    with torch.no_grad():
        features = encoder()(x)
    apart = torch.cdist(features, features)[~torch.eye(40, dtype=torch.bool)]
    assert float(apart.min()) > 1e-4 * float(features.norm(dim=1).mean())
    assert torch.linalg.matrix_rank((features - features.mean(0)).double()) > 20


def test_the_seed_alone_decides_the_weights():
    torch.manual_seed(1)
    first = encoder(seed=4).state_dict()
    torch.manual_seed(2)
    again, other = encoder(seed=4).state_dict(), encoder(seed=5).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["layers.0.filter.weight"], other["layers.0.filter.weight"])
