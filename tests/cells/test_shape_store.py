"""Shape features of stores of crops."""

import numpy as np
import pandas as pd
import pytest

import measure_shapes
from drawn_shapes import SIZE, cells
from morphoflow.cells.shapes import features
from morphoflow.cells.shapes.features import invariant, object_weights, shape_features
from morphoflow.errors import InputError
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples
from morphoflow.tables import write_objects

ARRAYS = {"sources": [{"arrays": "x.npy"}], "pieces": "largest"}


@pytest.fixture(autouse=True)
def no_provenance(monkeypatch):
    """Tests have no entry script whose code could be listed."""
    monkeypatch.setattr(measure_shapes, "provenance", lambda **_: {})


def objects(n: int, pixel_um: float | None = None, crop_scale: float = 1.0) -> pd.DataFrame:
    ids = [f"cell {k}" for k in range(n)]
    table = pd.DataFrame({"id": ids, "source": "s", "label": None, "group": ids, "split": "train"})
    width = np.nan if pixel_um is None else pixel_um
    return table.assign(pixel_size_um=width, crop_scale=crop_scale)


def crops(path, x: np.ndarray, mask: np.ndarray | None, pixel_um: float | None = None):
    axes = ["object", "channel", "y", "x"]
    write_objects(path.with_name("objects.parquet"), objects(len(x), pixel_um), {})
    with stream_samples(path, axes=axes, units="intensity", provenance={}) as stream:
        stream.facts |= {"channels": ["dna"], "pixel_size_um": pixel_um}
        stream.append([f"cell {k}" for k in range(len(x))], x, mask)
    return path


def test_crops_without_a_mask_are_cut_at_half_of_their_largest_value():
    weights = cells()
    image = (weights > 0.5) * np.random.default_rng(0).uniform(0.6, 1, size=weights.shape)
    assert np.array_equal(object_weights(image[:, None], None), weights > 0.5)
    two = np.stack([image, image], axis=1)
    assert np.array_equal(object_weights(two, None), weights > 0.5)
    half = np.full((1, 2, 2), 51, dtype=np.uint8)
    assert np.allclose(object_weights(np.ones((1, 1, 2, 2)), half), 0.2)


@pytest.mark.parametrize("pixel_um", [None, 0.5])
def test_a_store_is_measured_in_pieces_as_in_one(tmp_path, monkeypatch, pixel_um):
    mask = np.rint(255 * cells()).astype(np.uint8)
    x = (mask[:, None] / 255).astype(np.float32)
    path = crops(tmp_path / "crops.zarr", x, mask, pixel_um)
    measure_shapes.main(
        **ARRAYS,
        samples=path,
        objects=tmp_path / "objects.parquet",
        output=tmp_path / "shapes.zarr",
    )
    shapes = read_samples(tmp_path / "shapes.zarr")
    assert shapes.x.dtype == np.float32 and list(shapes.ids) == [f"cell {k}" for k in range(6)]
    expected, names = invariant(shape_features(x, mask / 255, ["dna"], pixel_um))
    assert np.array_equal(shapes.x[:], expected) and shapes.names == names
    assert f"AreaShape_Area_{'px' if pixel_um is None else 'um'}2" in names
    monkeypatch.setattr(features, "BLOCK", 4)
    again, _ = features.measure(read_samples(path), objects(6, pixel_um))
    assert np.allclose(again, expected, rtol=1e-6)


@pytest.mark.parametrize("pixel_um", [None, 0.5])
def test_a_cell_that_was_enlarged_to_fill_its_crop_has_the_size_that_it_had(tmp_path, pixel_um):
    """The same crops, said to be cut at another scale: lengths, areas and sums follow, no other."""
    mask = np.rint(255 * cells()).astype(np.uint8)
    x = (mask[:, None] / 255).astype(np.float32)
    store = read_samples(crops(tmp_path / "crops.zarr", x, mask))
    plain, names = features.measure(store, objects(6, pixel_um))
    enlarged, same = features.measure(store, objects(6, pixel_um, crop_scale=2.0))
    assert names == same
    unit = "px" if pixel_um is None else "um"
    for k, name in enumerate(names):
        power = 2 if name.endswith(f"_{unit}2") or "Integrated" in name else name.endswith(unit)
        np.testing.assert_allclose(
            enlarged[:, k], plain[:, k] / 2.0**power, rtol=1e-6, err_msg=name
        )


def test_a_crop_without_an_object_is_named(tmp_path):
    mask = np.rint(255 * cells()).astype(np.uint8)
    mask[2] = mask[4] = 0
    path = crops(tmp_path / "crops.zarr", np.ones((6, 1, SIZE, SIZE), dtype=np.float32), mask)
    with pytest.raises(InputError, match=r"'cell 2' and 1 other crops hold no object"):
        measure_shapes.main(
            **ARRAYS,
            samples=path,
            objects=tmp_path / "objects.parquet",
            output=tmp_path / "shapes.zarr",
        )
