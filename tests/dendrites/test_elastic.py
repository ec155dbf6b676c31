"""Laws of elastic likeness: an image is like itself however bent, and not like another."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from morphoflow.dendrites.similar.elastic import elastic_correlation
from synthetic_dendrites import bright_lines

IMAGES = bright_lines(6, 3, size=64)


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return elastic_correlation(torch.tensor(a), torch.tensor(b)).numpy()


def waved(images: np.ndarray, px: float) -> np.ndarray:
    """Images whose places are moved by waves of this amplitude along both axes."""
    y, x = np.mgrid[:64, :64].astype(float)
    moved = [y + px * np.sin(x / 8), x + px * np.cos(y / 9)]
    bent = [map_coordinates(image[0].astype(float), moved, order=1) for image in images]
    return np.rint(np.stack(bent)[:, None]).astype(np.uint8)


def test_an_image_is_like_itself_and_not_like_another():
    assert correlation(IMAGES, IMAGES) == pytest.approx(np.ones(6), abs=0.02)
    assert correlation(IMAGES, np.roll(IMAGES, 1, axis=0)).max() < 0.6


@pytest.mark.parametrize("move", [(3, 0), (0, -3), (2, 2)])
def test_small_shifts_are_undone(move):
    shifted = np.roll(IMAGES, move, axis=(2, 3))
    assert correlation(IMAGES, shifted).min() > 0.8


def test_waves_are_undone_and_cost_more_the_larger_they_are():
    small, large = (correlation(IMAGES, waved(IMAGES, px)) for px in (2.0, 8.0))
    assert small.min() > 0.75 and (small > large).all()


def test_brightness_changes_nothing_and_a_blank_image_is_like_none():
    dim = (IMAGES // 2).astype(np.uint8)
    bent = waved(IMAGES, 1.5)
    assert correlation(dim, bent) == pytest.approx(correlation(IMAGES, bent), abs=0.03)
    assert (correlation(np.zeros_like(IMAGES), IMAGES) == 0).all()


def test_likeness_of_a_pair_does_not_depend_on_the_other_pairs():
    bent = waved(IMAGES, 1.5)
    assert correlation(IMAGES[2:3], bent[2:3]) == pytest.approx(
        correlation(IMAGES, bent)[2:3], abs=1e-5
    )
