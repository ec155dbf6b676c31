"""Images of several files or planes, and tables that name objects by image, number or well."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from cell_sources import read
from morphoflow.cells.reading.label_keys import with_ids
from morphoflow.cells.reading.objects import object_table
from morphoflow.cells.shapes.source import measure_sources
from morphoflow.errors import InputError
from morphoflow.images.images import read_image
from morphoflow.reading.findings import Refused
from morphoflow.reading.label_tables import read_label_tables
from synthetic_cells import field, write_fields

SPLIT = {"train": 0.5, "validation": 0.25, "test": 0.25, "seed": 1}


def channel_files(folder) -> dict:
    """Two fields with a file for each of two channels; the source that names them."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for k in range(2):
        image, labels = field(channels=2, seed=k)
        for channel, values in zip(("dna", "er"), image, strict=True):
            tifffile.imwrite(folder / "images" / f"im{k}_{channel}.tif", values)
        tifffile.imwrite(folder / "masks" / f"im{k}.tif", labels)
    paths = {"images": str(folder / "images"), "masks": str(folder / "masks")}
    return {**paths, "channel_suffixes": ["_dna", "_er"]}


def test_an_image_of_a_file_for_each_channel_is_that_of_one_file(tmp_path):
    source = channel_files(tmp_path)
    (tmp_path / "whole").mkdir()
    whole = write_fields(tmp_path / "whole", n=2, channels=2, pixel_um=None)
    samples, rows, _ = read(tmp_path, source)
    features, names = measure_sources([source], samples, rows)
    together, _, _ = read(tmp_path / "whole", whole)
    np.testing.assert_array_equal(samples.x[:], together.x[:])
    assert samples.attributes["channels"] == ["dna", "er"]
    assert rows["id"].tolist()[:2] == ["im0_1", "im0_2"] and set(rows["image"]) == {"im0", "im1"}
    assert "Intensity_MeanIntensity_er" in names and len(features) == 24
    called = read(tmp_path / "whole", {**source, "channels": ["a", "b"]})[0]
    assert called.attributes["channels"] == ["a", "b"]


def test_a_channel_that_is_missing_or_of_another_size_is_named(tmp_path):
    source = channel_files(tmp_path)
    file = tmp_path / "images" / "im1_er.tif"
    tifffile.imwrite(file, np.zeros((20, 20), dtype=np.uint16))
    with pytest.raises(InputError, match=r"im1_er.tif is 1 x 20 x 20 uint16, im1_dna.tif"):
        read(tmp_path, source)
    file.unlink()
    with pytest.raises(InputError, match=r"there is no 'im1_er' for it in images; add the file"):
        read(tmp_path, source)


STACK = np.random.default_rng(0).integers(0, 60000, (5, 2, 30, 40), dtype=np.uint16)
PROJECTED = {"max": STACK.max(axis=0), "mean": np.rint(STACK.mean(axis=0)), "plane": STACK[2]}


@pytest.mark.parametrize("way", PROJECTED)
def test_stacks_become_images_by_the_way_that_is_asked_for(tmp_path, way):
    tifffile.imwrite(tmp_path / "s.tif", STACK, imagej=True, metadata={"axes": "ZCYX"})
    picture = read_image(tmp_path / "s.tif", project=way)
    np.testing.assert_array_equal(picture.pixels, PROJECTED[way])
    assert picture.pixels.dtype == np.uint16
    with pytest.raises(Refused, match="stack"):
        read_image(tmp_path / "s.tif")


def test_pages_that_say_nothing_are_planes_unless_as_many_channels_are_named(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", STACK[:, 0], metadata=None)
    assert read_image(tmp_path / "s.tif", project="max").pixels.shape == (1, 30, 40)
    assert read_image(tmp_path / "s.tif", list("abcde"), "max").pixels.shape == (5, 30, 40)
    tifffile.imwrite(tmp_path / "t.tif", STACK[:, 0], imagej=True, metadata={"axes": "TYX"})
    with pytest.raises(Refused, match="stack"):  # times are not depths
        read_image(tmp_path / "t.tif", project="max")


def labels_of(folder, text: str, source: dict) -> pd.Series:
    """The label of each object by its id, with a table of that text."""
    (folder / "t.csv").write_text(text)
    tables = read_label_tables([], [folder / "t.csv"], {"label_column": "label"}, with_ids)
    _, rows, reports = read(folder, source)
    return object_table(rows, reports, tables, SPLIT, "stop")[0].set_index("id")["label"]


def cell_profiler(first: str) -> str:
    lines = [f"{image},{k},{'ab'[k % 2]}" for image in range(1, 5) for k in range(1, 13)]
    return f"{first},ObjectNumber,label\n" + "\n".join(lines)


def test_numbers_of_images_and_objects_are_cellprofilers(tmp_path):
    source = write_fields(tmp_path, n=4)
    # An image without any object counts all the same.
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", np.zeros((160, 200), np.uint16))
    text = "\n".join(
        line for line in cell_profiler("ImageNumber").splitlines() if not line.startswith("1,")
    )
    found = labels_of(tmp_path, text, source)
    assert len(found) == 36 and found["field1_1"] == "b" and found["field3_12"] == "a"
    with pytest.raises(InputError, match="no object 'image number 1 object 1'"):
        labels_of(tmp_path, cell_profiler("ImageNumber"), source)


@pytest.mark.parametrize(
    "written", ["field{}.ome.tif", "field{}"], ids=["by its file", "by its name"]
)
@pytest.mark.parametrize("column", ["FileName_DNA", "Image"])
def test_images_are_named_in_tables_with_and_without_numbers(tmp_path, written, column):
    lines = [f"{written.format(k)},,{'ab'[k % 2]}" for k in range(4)]
    lines.append(f"{written.format(3)},2,c")
    lines += [f"{written.format(k)},5,c" for k in (1, 2)]
    text = f"{column},ObjectNumber,label\n" + "\n".join(lines)
    found = labels_of(tmp_path, text, write_fields(tmp_path, n=4))
    assert found["field0_2"] == "a" and found["field3_1"] == "b" and found["field3_2"] == "c"
    assert (found == "c").sum() == 3


def test_lines_of_one_image_that_name_no_object_are_refused(tmp_path):
    text = "image,nucleus,label\nfield0.tif,1,a\nfield0.tif,2,b\n"
    with pytest.raises(InputError, match=r"several lines of the image field0\.tif .*ObjectNumber"):
        labels_of(tmp_path, text, write_fields(tmp_path, n=1))


@pytest.mark.parametrize("key", ["image", "id"])
def test_columns_of_a_table_may_be_called_what_the_reader_calls_its_own(tmp_path, key):
    own = ["object", "number", "place", "file", "line", "wanted"]
    lines = [f"field{k},,{'ab'[k % 2]},n{k},p{k},f{k},l{k},w{k}" for k in range(4)]
    text = ",".join([key, own[0], "label", *own[1:]]) + "\n" + "\n".join(lines)
    found = labels_of(tmp_path, text, write_fields(tmp_path, n=4))
    assert len(found) == 48 and found["field0_2"] == "a" and found["field3_1"] == "b"


@pytest.mark.parametrize(
    "name", ["P{p}_{w}_s1", "P{p}/x-{w}", "P{p}_{o}f01p01", "P{p}/{r} - {c:02d}(fld 1)"]
)
def test_wells_of_a_plate_map_are_found_in_the_names_of_images(tmp_path, name):
    places = [(p, r, c) for p in (1, 2) for r in "AB" for c in (1, 12)]
    for seed, (p, row, column) in enumerate(places):
        image, labels = field(seed=seed)
        opera = f"r{ord(row) - 64:02d}c{column:02d}"
        place = name.format(p=p, w=f"{row}{column:02d}", o=opera, r=row, c=column)
        for kind, values in (("images", image[0]), ("masks", labels)):
            file = tmp_path / kind / f"{place}.tif"
            file.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(file, values)
    source = {kind: str(tmp_path / kind) for kind in ("images", "masks")}
    text = "Metadata_Plate,Metadata_Well,label\n" + "\n".join(
        f"P{p},{r}{c:02d},{r}{p}" for p in (1, 2) for r in "ABC" for c in (1, 12)
    )
    found = labels_of(tmp_path, text, source)
    assert found.value_counts().to_dict() == {"A1": 24, "A2": 24, "B1": 24, "B2": 24}
    place = name.format(p=2, w="B12", o="r02c12", r="B", c=12).replace("/", "_")
    assert found[f"{place}_3"] == "B2"


def test_a_plate_map_of_other_plates_is_refused(tmp_path):
    with pytest.raises(InputError, match="no object 'well A01'"):
        labels_of(tmp_path, "well,label\nA01,x\nA02,y\n", write_fields(tmp_path, n=2))


def test_cells_at_the_border_can_be_marked_for_clusters_to_leave_out(tmp_path):
    source = write_fields(tmp_path, n=1)
    labels = field(seed=0)[1]
    labels[:6, 50:70] = 99
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", labels)
    rows = read(tmp_path, source, border="mark")[1]
    assert rows.set_index("id")["clustered"].to_dict() == {
        identifier: identifier != "field0_99" for identifier in rows["id"]
    }
    assert "clustered" not in read(tmp_path, source)[1]
