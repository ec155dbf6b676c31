"""Each kind of source gives the crops it holds; each bad one is refused by a sentence."""

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

from morphoflow.cells.crops import CropSettings
from morphoflow.cells.images import read_image
from morphoflow.cells.prepare import read_cells
from morphoflow.cells.sources import resolve
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples
from synthetic_cells import CROPS, ellipse_crops, write_crops, write_fields

AXES = ["object", "channel", "y", "x"]


def read(folder: Path, *sources: dict, skip: bool = False, **changed):
    """The store's samples, the rows and the reports of some sources."""
    settings = CropSettings(**{**CROPS, **changed})
    on_bad_input = "skip" if skip else "stop"
    path = folder / "crops.zarr"
    with stream_samples(path, axes=AXES, units="intensity", provenance={}) as stream:
        rows, reports = read_cells([resolve(s) for s in sources], settings, on_bad_input, stream)
    return read_samples(path), rows, reports


def codes(reports) -> list[str]:
    return [finding.code for report in reports for finding in report.findings]


X = np.rint(255 * ellipse_crops(7, channels=2)[0]).astype(np.uint8)


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
    monkeypatch.setattr("morphoflow.cells.crops.CHUNK_BYTES", 20_000)
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
    assert (report.n_objects_read, report.n_objects) == (6, 4)
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


def test_images_with_masks_give_each_object_its_row(tmp_path):
    source = write_fields(tmp_path, n=2, channels=2)
    samples, rows, _reports = read(tmp_path, source, size=24)
    labels = tifffile.imread(tmp_path / "masks" / "field1.tif")
    row = rows.set_index("id").loc["field1_5"]
    y, x = np.argwhere(labels == 5).mean(axis=0)
    assert row["area_px"] == (labels == 5).sum() and row["group"] == row["image"] == "field1"
    np.testing.assert_allclose([row["centroid_y_px"], row["centroid_x_px"]], [y, x])
    np.testing.assert_allclose(row["area_um2"], row["area_px"] * 0.25)
    assert len(rows) == 24 and samples.mask.shape == (24, 24, 24)
    assert samples.attributes["channels"] == ["stain0", "stain1"]
    assert samples.attributes["pixel_size_um"] == 0.5
    samples, rows, _ = read(tmp_path, source, pixel_um=1.0)
    assert (rows["crop_scale"] == 0.5).all() and samples.attributes["pixel_size_um"] == 1.0
    samples, rows, _ = read(tmp_path, {**source, "zoom": 2.0, "group": "object"})
    assert (rows["crop_scale"] == 2).all() and samples.attributes["pixel_size_um"] == 0.25
    assert (rows["group"] == rows["id"]).all() and rows["crop_clipped"].any()


def test_counts_of_clipped_and_border_objects_are_in_the_table(tmp_path):
    source = write_fields(tmp_path, n=1)
    mask = tmp_path / "masks" / "field0.tif"
    labels = tifffile.imread(mask)
    labels[:4, :10] = 99
    tifffile.imwrite(mask, labels)
    _, rows, (report,) = read(tmp_path, source, size=16)
    counts = {finding.code: int(finding.value) for finding in report.findings}
    assert counts["crop_clipped"] == rows["crop_clipped"].sum() > 0
    assert counts["touches_border"] == 1 and rows["touches_border"].sum() == 1
    _, rows, (report,) = read(tmp_path, source, border="drop")
    assert len(rows) == 12 and codes([report])[0] == "left_out"


def rewrite_mask(folder: Path, change) -> None:
    file = folder / "masks" / "field1.tif"
    tifffile.imwrite(file, change(tifffile.imread(file)))


def rewrite_image(folder: Path, change, **options) -> None:
    file = folder / "images" / "field1.ome.tif"
    tifffile.imwrite(file, change(tifffile.imread(file)), **options)


BAD_PAIRS = {
    "image_without_mask": lambda f: (f / "masks" / "field1.tif").unlink(),
    "mask_without_image": lambda f: (f / "images" / "field1.ome.tif").unlink(),
    "different_shapes": lambda f: rewrite_mask(f, lambda m: m[:-1]),
    "binary_mask": lambda f: rewrite_mask(f, lambda m: (255 * (m > 0)).astype(np.uint8)),
    "not_a_mask": lambda f: rewrite_mask(f, lambda m: m + np.float32(0.5)),
    "channels_differ": lambda f: rewrite_image(
        f, lambda i: np.stack([i] * 2), metadata={"axes": "CYX"}
    ),
    "stack": lambda f: rewrite_image(f, lambda i: np.stack([i] * 3), metadata={"axes": "ZYX"}),
    "unknown_pages": lambda f: rewrite_image(
        f, lambda i: np.stack([i] * 2), metadata={"axes": "QYX"}
    ),
    "unreadable": lambda f: (f / "images" / "field1.ome.tif").write_bytes(b"II*"),
    "pixel_not_square": lambda f: rewrite_image(
        f,
        lambda i: i,
        metadata={"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeY": 2.0},
    ),
}


@pytest.mark.parametrize("code", BAD_PAIRS)
def test_a_bad_image_stops_by_name_or_is_left_out(tmp_path, code):
    source = write_fields(tmp_path)
    for i in range(3):  # plain greyscale, so that one channel axis more is told apart
        file = tmp_path / "images" / f"field{i}.ome.tif"
        tifffile.imwrite(file, tifffile.imread(file).squeeze(), metadata={"axes": "YX"})
    BAD_PAIRS[code](tmp_path)
    with pytest.raises(InputError, match=r"field1.*; .*set on_bad_input to skip"):
        read(tmp_path, source)
    _, rows, reports = read(tmp_path, source, skip=True)
    assert len(rows) == 24 and code in codes(reports)
    assert [r.verdict for r in reports] == ["ok", "refused", "ok"]


def test_masks_are_found_by_their_suffix(tmp_path):
    source = write_fields(tmp_path, n=2)
    for file in (tmp_path / "masks").iterdir():
        file.rename(file.with_stem(f"{file.stem}_mask"))
    _, rows, _ = read(tmp_path, {**source, "mask_suffix": "_mask"})
    assert len(rows) == 24
    for file in (tmp_path / "images").iterdir():
        file.rename(tmp_path / "masks" / file.name)
    together = {"images": source["masks"], "masks": source["masks"], "mask_suffix": "_mask"}
    assert len(read(tmp_path, together)[1]) == 24
    with pytest.raises(InputError, match="no TIFF, PNG or JPEG files whose names end with '_m'"):
        read(tmp_path, {**together, "mask_suffix": "_m"})


def test_different_pixel_sizes_want_a_common_one(tmp_path):
    one, two = write_fields(tmp_path / "a", n=1), write_fields(tmp_path / "b", n=1, pixel_um=0.25)
    Path(two["images"], "field0.ome.tif").rename(Path(two["images"], "other.ome.tif"))
    Path(two["masks"], "field0.tif").rename(Path(two["masks"], "other.tif"))
    with pytest.raises(InputError, match=r"0\.25 to 0\.5 um wide; set `pixel_um`"):
        read(tmp_path, one, two)
    samples, rows, _ = read(tmp_path, one, two, pixel_um=0.5)
    assert sorted(rows["crop_scale"].unique()) == [0.5, 1.0]
    assert samples.attributes["pixel_size_um"] == 0.5


def test_two_objects_never_share_an_id(tmp_path):
    file = write_crops(tmp_path / "crops.h5")
    with pytest.raises(InputError, match="both have an object 'cell000'"):
        read(tmp_path, {"arrays": str(file)}, {"arrays": str(file)})


def test_masks_are_stored_only_if_all_sources_have_them(tmp_path):
    crops, pairs = write_crops(tmp_path / "crops.h5", mask=False), write_fields(tmp_path)
    samples, _, reports = read(tmp_path, {"arrays": str(crops)}, pairs)
    assert samples.mask is None and "masks_left_out" in codes(reports)


PICTURES = {
    "grey8.png": (lambda f: Image.fromarray(X[0, 0]).save(f), X[:1, 0]),
    "grey16.png": (
        lambda f: Image.fromarray(X[0, 0].astype(np.uint16) * 200).save(f),
        X[:1, 0].astype(np.uint16) * 200,
    ),
    "rgb.png": (
        lambda f: Image.fromarray(np.stack([X[i, 0] for i in range(3)], axis=2)).save(f),
        X[:3, 0],
    ),
    "yxc.tif": (lambda f: tifffile.imwrite(f, X[0].transpose(1, 2, 0)), X[0]),
    "cyx.tif": (lambda f: tifffile.imwrite(f, X[0], metadata={"axes": "CYX"}), X[0]),
    "float.tif": (lambda f: tifffile.imwrite(f, X[0, 0] / 255.0), X[:1, 0] / 255.0),
    "one_z.tif": (
        lambda f: tifffile.imwrite(f, X[:1, 0][None], metadata={"axes": "TZYX"}),
        X[:1, 0],
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_picture_has_its_channels_first(tmp_path, name):
    write, expected = PICTURES[name]
    write(tmp_path / name)
    picture = read_image(tmp_path / name)
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.dtype == expected.dtype


def test_imagej_files_tell_their_pixel_size(tmp_path):
    tifffile.imwrite(
        tmp_path / "x.tif",
        X[0],
        imagej=True,
        resolution=(4, 4),
        metadata={"unit": "um", "axes": "CYX"},
    )
    assert read_image(tmp_path / "x.tif").pixel_size_um == 0.25


def test_pages_are_channels_if_the_user_names_them(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", X[0], metadata=None)
    assert read_image(tmp_path / "x.tif", ["a", "b"]).pixels.shape == X[0].shape
