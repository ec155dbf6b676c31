"""Smooth deformations of images."""

import torch

from morphoflow.images.warp import warped
from synthetic_cells import ellipse_crops

X = torch.from_numpy(ellipse_crops(16, 32)[0])


def drawn(strength, x=X):
    return warped(x, strength, torch.Generator().manual_seed(0))


def test_without_strength_nothing_moves():
    torch.testing.assert_close(drawn(0.0), X, atol=1e-5, rtol=0)


def test_the_more_strength_the_further_images_differ_each_in_its_own_way():
    same = X[:1].expand(16, -1, -1, -1)
    weak, strong = ((drawn(s, same) - same).square().mean((1, 2, 3)) for s in (0.03, 0.1))
    assert (weak > 0).all() and (weak < strong).all()
    assert len(drawn(0.05, same).unique(dim=0)) == 16


def test_values_stay_within_theirs_and_a_plain_background_goes_on():
    x = 0.3 + 0.4 * X
    made = drawn(0.1, x)
    assert made.min() >= x.min() - 1e-6 and made.max() <= x.max() + 1e-6
    even = torch.full_like(X, 0.7)
    torch.testing.assert_close(drawn(0.1, even), even)


def test_a_warp_keeps_the_middle_and_most_of_the_area():
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    disc = ((y - 15.5).hypot(x - 15.5) < 8).float().expand(400, 1, 32, 32)
    made = drawn(0.05, disc)
    area = made.sum((1, 2, 3))
    middle = (made[:, 0] * x).sum((1, 2)) / area
    # The determinant of identity + noise varies by strength times the root of 2 about 1.
    assert abs(float(area.mean() / disc[0].sum()) - 1) < 0.02
    assert 0.04 < float((area / disc[0].sum()).std()) < 0.12
    assert abs(float(middle.mean()) - 15.5) < 0.2 and float(middle.std()) < 1
