"""Sources of crops: arrays of every format, bad arrays, folders of crops."""

import pickle
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import torch
import zarr
from PIL import Image

from cell_sources import AXES, X, codes, read
from morphoflow.cells.reading.sources import resolve
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.manifest import write_manifest
from synthetic_cells import ellipse_crops, write_crops, write_fields


def save(file: Path, x: np.ndarray) -> Path:
    """``x`` in the format of the file's ending."""
    match file.suffix:
        case ".npy":
            np.save(file, x)
        case ".npz":
            np.savez_compressed(file, x=x)
        case ".h5" | ".hdf5":
            with h5py.File(file, "w") as group:
                group["x"] = x
        case ".zarr":
            zarr.open_group(file, mode="w").create_array("x", data=x)
        case _:
            torch.save(torch.from_numpy(x), file)
    return file


@pytest.mark.parametrize("ending", ["npy", "npz", "h5", "hdf5", "zarr", "pt", "pth", "sav"])
def test_arrays_of_every_format_arrive_as_they_are(tmp_path, ending):
    file = save(tmp_path / f"X_train.{ending}", X)
    samples, rows, _ = read(tmp_path, {"arrays": str(file)})
    np.testing.assert_array_equal(samples.x[:], X.astype(np.float32) / np.float32(255))
    assert rows["id"].tolist() == [f"X_train_{i:06d}" for i in range(7)]
    assert samples.attributes["axes"] == AXES and len(samples.attributes["channels"]) == 2


@pytest.mark.parametrize(
    ("axes", "view"),
    [("nhwc", lambda x: x.transpose(0, 2, 3, 1)), ("nhw", lambda x: x[:, 0])],
)
def test_axes_are_put_into_order(tmp_path, axes, view):
    file = save(tmp_path / "x.npy", view(X))
    samples, _, _ = read(tmp_path, {"arrays": str(file), "axes": axes})
    expected = X if axes == "nhwc" else X[:, :1]
    np.testing.assert_array_equal(samples.x[:], expected.astype(np.float32) / np.float32(255))


def test_what_a_file_says_of_its_crops_is_kept(tmp_path):
    file = write_crops(tmp_path / "crops.h5", n=8, size=24, channels=2)
    write_manifest(tmp_path, {})
    samples, rows, _ = read(tmp_path, {"folder_of_source": str(tmp_path)})
    with h5py.File(file) as group:
        np.testing.assert_array_equal(samples.mask[:, 4:28, 4:28], group["mask"])
        np.testing.assert_allclose(samples.x[:, :, 4:28, 4:28], group["x"][:] / 255, atol=1e-6)
        np.testing.assert_allclose(rows["area_px"], group["mask"][:].sum(axis=(1, 2)) / 255)
    assert rows["label"].tolist() == ["long", "round"] * 4
    assert rows["source"][0] == f"{tmp_path.name}/crops.h5"
    assert rows["group"].nunique() == 4 and rows["id"][3] == "cell003"
    assert samples.attributes["channels"] == ["stain0", "stain1"]
    assert samples.attributes["pixel_size_um"] == 0.5
    np.testing.assert_allclose(rows["area_um2"], rows["area_px"] / 4)


@pytest.mark.parametrize("name", ["crops.h5", "labels.csv", "files.json"])
def test_fetched_files_that_are_damaged_or_lost_are_named(tmp_path, name):
    write_crops(tmp_path / "crops.h5")
    (tmp_path / "labels.csv").write_text("id,label\ncell000,a\n")
    write_manifest(tmp_path, {"command": "fetch_cells.py"})
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content.replace(b"c", b"d", 1))
    with pytest.raises(InputError, match=f"{name} is damaged|lacks drops"):
        resolve({"folder_of_source": str(tmp_path)})
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name}"):
        resolve({"folder_of_source": str(tmp_path)})


def test_a_sample_store_is_a_source_like_any_other(tmp_path):
    first, _, _ = read(tmp_path, write_fields(tmp_path))
    (tmp_path / "crops.zarr").rename(tmp_path / "earlier.zarr")
    again, rows, _ = read(tmp_path, {"arrays": str(tmp_path / "earlier.zarr")})
    np.testing.assert_array_equal(again.x[:], first.x[:])
    np.testing.assert_array_equal(again.mask, first.mask)
    assert rows["id"].tolist() == first.ids.tolist()
    assert {**first.attributes} == {**again.attributes}


@pytest.mark.parametrize("kind", ["arrays", "pairs"])
def test_blocks_of_any_size_give_the_same_store(tmp_path, monkeypatch, kind):
    source = {"arrays": str(tmp_path / "x.h5")}
    with h5py.File(tmp_path / "x.h5", "w") as group:
        group.create_dataset("x", data=X, chunks=(3, *X.shape[1:]))
    source = write_fields(tmp_path) if kind == "pairs" else source
    read(tmp_path, source, range="object", scale="object")
    once = sha256(tmp_path / "crops.zarr")
    monkeypatch.setattr("morphoflow.cells.reading.crops.CHUNK_BYTES", 20_000)
    read(tmp_path, source, range="object", scale="object")
    assert sha256(tmp_path / "crops.zarr") == once


def test_memory_holds_a_block_and_not_the_dataset(tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (4000, 1, 64, 64)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    tracemalloc.start()
    samples, _, _ = read(tmp_path, {"arrays": str(tmp_path / "x.npy")}, size=64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples.x.nbytes > 60e6 and peak < 40e6


def test_labels_may_lie_in_an_array_of_their_own(tmp_path):
    source = {"arrays": str(save(tmp_path / "X_train.sav", X)), "array_labels": ""}
    torch.save(torch.arange(7) % 2, tmp_path / "y_train.sav")
    source["array_labels"] = str(tmp_path / "y_train.sav")
    _, rows, _ = read(tmp_path, source)
    assert rows["label"].tolist() == list("0101010")
    np.save(tmp_path / "y.npy", np.arange(6))
    with pytest.raises(InputError, match=r"6 values of 'label' for 7 crops"):
        read(tmp_path, {**source, "array_labels": str(tmp_path / "y.npy")})


class Code:
    """An object whose unpickling would create a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return (Path.touch, (self.file,))


@pytest.mark.parametrize("writer", ["torch", "pickle", "numpy", "old", "text"])
def test_a_file_that_could_run_code_is_refused_and_runs_none(tmp_path, writer):
    file, ran = tmp_path / "X_train.sav", tmp_path / "ran"
    match writer:
        case "torch":
            torch.save({"x": Code(ran)}, file)
        case "old":
            torch.save([Code(ran)], file, _use_new_zipfile_serialization=False)
        case "pickle":
            file.write_bytes(pickle.dumps(Code(ran)))
        case "numpy":
            torch.save(X, file)
        case "text":
            file.write_text("not a tensor")
    with pytest.raises(InputError, match=r"X_train\.sav is not a torch file.*convert it: numpy"):
        read(tmp_path, {"arrays": str(file)})
    assert not ran.exists()


def test_pickled_and_mixed_arrays_are_refused(tmp_path):
    mixed = np.empty(2, dtype=object)
    mixed[:] = [np.zeros((1, 4, 4)), np.zeros((1, 5, 5))]
    np.save(tmp_path / "x.npy", mixed)
    np.savez(tmp_path / "x.npz", x=mixed)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(InputError, match="mixed sizes"):
            read(tmp_path, {"arrays": str(tmp_path / name)})
    torch.save([torch.zeros(1, 4, 4), torch.zeros(1, 5, 5)], tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"different sizes, such as \(1, 4, 4\) and \(1, 5, 5\)"):
        read(tmp_path, {"arrays": str(tmp_path / "x.pt")})


BAD_ARRAYS = {
    "channels last": (np.zeros((5, 32, 32, 3), np.uint8), {}, r"5 x 32 x 32 x 3 .*set `axes`"),
    "no channel axis": (np.zeros((5, 32, 32), np.uint8), {}, r"5 x 32 x 32, but `axes` is nchw"),
    "larger": (np.zeros((5, 1, 40, 40), np.uint8), {}, r"40 x 40 .*size is 32; set `size`"),
    "int64": (np.zeros((5, 1, 32, 32), np.int64), {}, r"values are int64; save it as uint8"),
    "complex": (np.zeros((5, 1, 8, 8), complex), {"range": "image"}, "values are complex128"),
    "beyond 1": (np.full((5, 1, 32, 32), 7.0), {}, r"'x_000000' .*beyond 0\.\.1; set `range`"),
    "black": (np.zeros((5, 1, 32, 32), np.uint8), {}, r"'x_000000' is black"),
    "unknown pixel size": (X, {"pixel_um": 0.5}, r"pixel size is not known; set `pixel_size_um`"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_a_bad_array_is_refused_by_a_sentence_that_names_the_way_out(tmp_path, case):
    x, changed, sentence = BAD_ARRAYS[case]
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(InputError, match=sentence) as stopped:
        read(tmp_path, {"arrays": str(tmp_path / "x.npy")}, **changed)
    assert "x.npy" in str(stopped.value) and not (tmp_path / "crops.zarr").exists()
    with pytest.raises(InputError, match="nothing is left to use"):
        read(tmp_path, {"arrays": str(tmp_path / "x.npy")}, skip=True, **changed)


def test_bad_crops_are_left_out_by_name_and_the_rest_stays(tmp_path):
    x = ellipse_crops(6)[0].astype(np.float64)
    x[1, 0, 3, 3] = np.nan
    x[4] = 0
    np.save(tmp_path / "x.npy", x)
    samples, rows, (report,) = read(tmp_path, {"arrays": str(tmp_path / "x.npy")}, skip=True)
    assert [f.id for f in report.findings] == ["x_000001", "x_000004"]
    assert codes([report]) == ["not_finite", "empty"] and report.verdict == "partly_refused"
    assert report.measured == {"n_objects_read": 6, "n_objects": 4}
    np.testing.assert_allclose(samples.x[:], x[[0, 2, 3, 5]], atol=1e-7)
    assert rows["id"].tolist() == samples.ids.tolist()


def test_a_folder_of_crops_gives_ids_by_path_and_labels_by_folder(tmp_path):
    grey = (X[:, 0].astype(np.uint16) * 257)[:, :20, :20]
    for i, ending in enumerate(("png", "tif", "png", "tiff")):
        file = tmp_path / "crops" / ("a" if i < 2 else "b") / f"cell{i}.{ending}"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey[i]).save(file) if ending == "png" else tifffile.imwrite(file, grey[i])
    (tmp_path / "crops" / "README.txt").write_text("not an image")
    samples, rows, _ = read(
        tmp_path, {"folder": str(tmp_path / "crops"), "label_from": "folder"}, range="type"
    )
    assert rows["id"].tolist() == ["a_cell0", "a_cell1", "b_cell2", "b_cell3"]
    assert rows["label"].tolist() == list("aabb") and samples.mask is None
    np.testing.assert_allclose(samples.x[:, 0, 6:26, 6:26], grey[:4] / 65535, atol=1e-6)
    (tmp_path / "crops" / "a_cell0.png").write_bytes(b"")
    with pytest.raises(InputError, match="would both have the id 'a_cell0'"):
        read(tmp_path, {"folder": str(tmp_path / "crops")})
