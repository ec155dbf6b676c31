"""A store that is written block by block is the store that is written at once."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.store import read_samples, write_samples
from morphoflow.store_stream import stream_samples

AXES = ["object", "channel", "y", "x"]


@pytest.mark.parametrize("n", [3, 70, 128])
@pytest.mark.parametrize("block", [1, 50, 200])
def test_blocks_of_any_size_give_the_bytes_of_one(tmp_path, n, block):
    rng = np.random.default_rng(0)
    x = rng.random((n, 2, 90, 91)).astype(np.float32)  # 64 samples are a chunk
    ids = [f"cell{i}" for i in range(n)]
    facts = {"channels": ["a", "b"], "pixel_size_um": None}
    options = {"axes": AXES, "units": "intensity", "provenance": {"command": "test"}}
    write_samples(tmp_path / "whole.zarr", ids, x, **options, facts=facts)
    with stream_samples(tmp_path / "blocks.zarr", **options) as stream:
        for begin in range(0, n, block):
            stream.append(ids[begin : begin + block], x[begin : begin + block])
        stream.facts |= facts
    assert sha256(tmp_path / "whole.zarr") == sha256(tmp_path / "blocks.zarr")


def test_masks_and_ids_are_kept_beside_the_samples(tmp_path):
    x = np.arange(40, dtype=np.float32).reshape(5, 2, 2, 2)
    mask = np.arange(20, dtype=np.uint8).reshape(5, 2, 2)
    with stream_samples(tmp_path / "s.zarr", axes=AXES, units="1", provenance={}) as stream:
        stream.append(["a", "b"], x[:2], mask[:2])
        stream.append(["c", "d", "e"], x[2:], mask[2:])
    samples = read_samples(tmp_path / "s.zarr")
    np.testing.assert_array_equal(samples.x[:], x)
    np.testing.assert_array_equal(samples.mask, mask)
    assert samples.ids.tolist() == list("abcde")


def test_a_failed_block_leaves_nothing(tmp_path):
    x = np.zeros((2, 1, 2, 2), dtype=np.float32)
    with (
        pytest.raises(InputError, match="not unique"),
        stream_samples(tmp_path / "s.zarr", axes=AXES, units="1", provenance={}) as stream,
    ):
        stream.append(["a", "a"], x)
    assert list(tmp_path.iterdir()) == []
