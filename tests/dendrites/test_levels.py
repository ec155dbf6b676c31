"""The pyramid holds exact area means, and stores keep it beside the images, whole or in blocks."""

import numpy as np
import pytest

from morphoflow.dendrites.reading.prepare import halvings, pyramid
from morphoflow.files import sha256
from morphoflow.store import read_samples, write_samples
from morphoflow.store_stream import stream_samples

OPTIONS = {"axes": ["object", "channel", "y", "x"], "units": "1/255", "provenance": {}}


def images(n: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 1, size, size)).astype(np.uint8)


def test_each_level_is_the_mean_of_the_image_rounded_once():
    x = images(3, 128)
    levels = pyramid(x)
    assert list(levels) == [16, 32, 64]
    for side, level in levels.items():
        blocks = x.reshape(3, 1, side, 128 // side, side, 128 // side).mean(axis=(3, 5))
        assert level.dtype == np.uint8
        assert np.abs(level - blocks).max() <= 0.5


def test_a_white_image_stays_white_and_the_smallest_has_no_levels():
    assert all(
        (level == 255).all() for level in pyramid(np.full((1, 1, 1024, 1024), 255, "u1")).values()
    )
    assert halvings(16) == [] and pyramid(images(2, 16)) == {}


@pytest.mark.parametrize("block", [1, 7, 20])
def test_blocks_of_any_size_give_the_bytes_of_one(tmp_path, block):
    x = images(20, 512)  # 16 images are a chunk of x, and more than all of the smaller ones
    ids = [f"n{i}" for i in range(20)]
    write_samples(tmp_path / "whole.zarr", ids, x, **OPTIONS, levels=pyramid(x))
    with stream_samples(tmp_path / "blocks.zarr", **OPTIONS) as stream:
        for first in range(0, 20, block):
            part = slice(first, first + block)
            stream.append(ids[part], x[part], levels=pyramid(x[part]))
    assert sha256(tmp_path / "whole.zarr") == sha256(tmp_path / "blocks.zarr")
    samples = read_samples(tmp_path / "blocks.zarr")
    assert list(samples.levels) == [16, 32, 64, 128, 256]
    for side, level in pyramid(x).items():
        np.testing.assert_array_equal(samples.levels[side][:], level)


def test_a_store_without_levels_has_none(tmp_path):
    write_samples(tmp_path / "s.zarr", ["a", "b"], images(2, 32), **OPTIONS)
    assert read_samples(tmp_path / "s.zarr").levels == {}


@pytest.mark.parametrize("sides", [(16,), (64, 32, 8)])
def test_a_level_that_is_left_out_is_refused(tmp_path, sides):
    x = images(2, 128)
    levels = {side: np.zeros((2, 1, side, side), np.uint8) for side in sides}
    with pytest.raises(ValueError, match="a level"):
        write_samples(tmp_path / "s.zarr", ["a", "b"], x, **OPTIONS, levels=levels)
    with (
        pytest.raises(ValueError, match="rows for"),
        stream_samples(tmp_path / "s.zarr", **OPTIONS) as stream,
    ):
        stream.append(["a"], x[:1], levels=pyramid(x[:1]))
        stream.append(["b"], x[1:])
    assert list(tmp_path.iterdir()) == []
