"""Light, blur and camera of simulated images: what is conserved and how much noise there is."""

import numpy as np
import pytest

from morphoflow.dendrites.simulator.render import (
    Optics,
    block_mean,
    draw_lines,
    expose,
    focus_light,
    grey_values,
    oversampling,
    render,
)
from morphoflow.dendrites.simulator.simulate import Growth, grow_arbor


def drawn(points: np.ndarray, sd: float = 1.3) -> np.ndarray:
    image = np.zeros((64, 64), dtype=np.float32)
    parts = len(points) - 1
    draw_lines(image, points[:-1], points[1:], np.full(parts, sd), np.full(parts, 2.0))
    return image


def test_a_line_gives_its_weight_times_its_length_of_light_wherever_it_is_cut():
    ends = np.array([[12.3, 20.1], [45.7, 38.4]])
    share = np.array([0, 0.13, 0.5, 0.51, 1])[:, None]
    cut = ends[0] + share * (ends[1] - ends[0])
    whole = drawn(ends)
    assert np.abs(drawn(cut) - whole).max() < 4e-3 * whole.max()
    assert whole.sum() == pytest.approx(2 * np.linalg.norm(ends[1] - ends[0]), rel=3e-3)


def test_light_off_the_image_is_lost_without_harm():
    image = drawn(np.array([[-40.0, 30.0], [-20.0, 35.0]]))
    assert image.max() == 0
    half = drawn(np.array([[-20.0, 30.0], [19.5, 30.0]]))
    assert half.sum() == pytest.approx(2 * 20, rel=0.02)


def test_the_camera_has_poisson_and_read_noise():
    light = np.full((200, 200), 0.5, dtype=np.float32)
    counts = expose(light, 300.0, 4.0, np.random.default_rng(0))
    assert counts.mean() == pytest.approx(100 + 150, abs=0.4)
    assert counts.var() == pytest.approx(150 + 16, rel=0.05)


def test_grey_values_run_from_the_offset_to_the_white_point():
    counts = np.array([90, 100, 300, 500, 900], dtype=np.float32)
    assert grey_values(counts, 400).tolist() == [0, 0, 128, 255, 255]


def test_block_means_keep_the_mean():
    image = np.random.default_rng(0).random((12, 12), dtype=np.float32)
    assert block_mean(image, 3).shape == (4, 4)
    assert block_mean(image, 3).mean() == pytest.approx(image.mean(), rel=1e-5)
    assert np.array_equal(block_mean(image, 1), image)


def test_coarse_pixels_show_the_same_field_as_fine_ones():
    arbor = grow_arbor(Growth(minutes=60), 82.7, np.random.default_rng(1))
    fine, coarse = 0.1615, 0.646
    dim = [
        focus_light(arbor, Optics(), size, pixel_um, 1.0)
        for size, pixel_um in ((512, fine), (256, 2 * fine))
    ]
    apart = np.abs(block_mean(np.minimum(dim[0], 2), 2) - np.minimum(dim[1], 2))
    assert apart.mean() < 0.02 * np.minimum(dim[1], 2).mean()
    assert [oversampling(size) for size in (fine, 0.33, coarse, 5.17)] == [1, 1, 2, 16]


def test_blur_takes_fine_detail_away():
    arbor = grow_arbor(Growth(minutes=60), 82.7, np.random.default_rng(1))

    def roughness(blur_um: float) -> float:
        optics = Optics(blur_um=blur_um, spread=0)
        image = render(arbor, optics, 512, 0.1615, np.random.default_rng(2)).astype(float)
        return np.abs(np.diff(image, axis=1)).mean()

    assert roughness(0.3) > 1.2 * roughness(1.2)


def test_the_soma_is_saturated_where_the_truth_says():
    arbor = grow_arbor(Growth(minutes=60), 82.7, np.random.default_rng(4))
    image = render(arbor, Optics(), 256, 0.323, np.random.default_rng(0))
    x, y = np.rint(-arbor.middle / 0.323 + 127.5).astype(int)
    assert (image[y - 5 : y + 6, x - 5 : x + 6] == 255).all()
    assert np.median(image) < 60
