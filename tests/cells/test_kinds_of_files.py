"""Masks, names and tables as laboratories have them: understood, or refused with the cause."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from cell_sources import read
from morphoflow.cells.reading.masks import read_mask, whole_objects
from morphoflow.cells.reading.objects import object_table
from morphoflow.errors import InputError
from morphoflow.reading.findings import Refused
from morphoflow.reading.label_tables import read_label_tables
from synthetic_cells import disc, field, write_fields


def stray(labels: np.ndarray) -> np.ndarray:
    """The labels with one pixel of object 1 far away from it."""
    changed = labels.copy()
    changed[-1, -1] = 1
    return changed


def test_a_stray_pixel_does_not_shrink_its_cell_and_is_told_of(tmp_path):
    source = write_fields(tmp_path, n=1)
    plain = read(tmp_path, source, scale="object")[1]
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", stray(field(seed=0)[1]))
    _, rows, reports = read(tmp_path, source, scale="object")
    np.testing.assert_array_equal(rows["crop_scale"], plain["crop_scale"])
    (finding,) = [f for f in reports[0].findings if f.code == "several_pieces"]
    assert finding.id == "field0_1" and "2 pieces" in finding.message
    assert reports[0].verdict == "repaired"
    kept = read(tmp_path, source, scale="object", pieces="keep")[1]
    assert kept["crop_scale"][0] < 0.5 * plain["crop_scale"][0]


def test_pieces_are_background_objects_of_their_own_or_left():
    labels = np.zeros((20, 40), dtype=np.uint16)
    labels[2:8, 2:8], labels[2:6, 20:24], labels[10:18, 10:18] = 3, 3, 9
    labels[8, 8] = 3  # meets the first piece at a corner
    assert np.array_equal(whole_objects(labels, "keep")[0], labels)
    largest, (finding,) = whole_objects(labels, "largest")
    assert (largest == 3).sum() == 37 and (largest == 9).sum() == 64 and finding.value == "3"
    split, _ = whole_objects(labels, "split")
    assert (split == 10).sum() == 16 and (split > 0).sum() == (labels > 0).sum()
    clean, none = whole_objects(largest, "largest")
    assert clean is largest and none == []


def test_a_mask_of_classes_is_refused():
    labels = np.zeros((20, 40), dtype=np.uint8)
    labels[2:8, 2:8], labels[2:8, 20:26], labels[10:18, 2:8], labels[10:18, 30:36] = 1, 1, 2, 2
    with pytest.raises(Refused, match="several alike pieces"):
        whole_objects(labels, "largest")


def test_numbers_of_64_bits_stay_apart(tmp_path):
    values = np.array([0, 1, 2**32 + 1, 2**32, 7], dtype=np.int64)
    labels = np.zeros((30, 30), dtype=int)
    for number, place in enumerate([(2, 2), (2, 16), (16, 2), (16, 16)], 1):
        labels[place[0] : place[0] + 9, place[1] : place[1] + 9] = number
    tifffile.imwrite(tmp_path / "m.tif", values[labels])
    np.testing.assert_array_equal(read_mask(tmp_path / "m.tif"), values[labels])


def test_a_grey_mask_written_as_colours_is_a_mask(tmp_path):
    labels = disc((30, 30), (15, 15), 6).astype(np.uint8)
    opaque = np.full_like(labels, 255)
    Image.fromarray(np.stack([labels, labels, labels, opaque], -1)).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), labels)
    Image.fromarray(np.stack([labels, 2 * labels, labels], -1)).save(tmp_path / "c.png")
    with pytest.raises(Refused, match="3 channels"):
        read_mask(tmp_path / "c.png")


def test_a_background_with_a_number_of_its_own_is_refused(tmp_path):
    source = write_fields(tmp_path, n=1)
    file = tmp_path / "masks" / "field0.tif"
    labels = tifffile.imread(file)
    touching = labels.copy()
    touching[0], touching[-1] = 91, 92
    touching[:, 0], touching[:, -1] = 93, 94
    touching[touching == 0] = 95  # cells without a gap between them
    tifffile.imwrite(file, touching)
    assert 95 in read(tmp_path, source)[1]["id"].str.split("_").str[1].astype(int).to_numpy()
    for around in (1, 65535):
        tifffile.imwrite(file, np.where(labels == 0, around, labels + 1).astype(np.uint16))
        with pytest.raises(InputError, match=f"its label {around} meets all four sides"):
            read(tmp_path, source)


def test_a_stack_of_masks_is_not_said_to_need_a_projection(tmp_path):
    source = write_fields(tmp_path, n=1)
    file = tmp_path / "masks" / "field0.tif"
    labels = tifffile.imread(file)
    tifffile.imwrite(file, np.stack([labels] * 2), imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(InputError, match="save the mask of one plane"):
        read(tmp_path, {**source, "project": "max"})


def test_what_left_no_object_is_said(tmp_path):
    source = write_fields(tmp_path, n=1)
    labels = np.zeros((160, 200), np.uint16)
    labels[:30, 10:40] = 1
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", labels)
    with pytest.raises(InputError, match=r"1 of 1 objects touch .* set `border` to keep"):
        read(tmp_path, source, border="drop")
    with pytest.raises(InputError, match="901: left out; lower `min_area`"):
        read(tmp_path, source, min_area=901)


def test_a_folder_without_images_tells_what_it_has_instead(tmp_path):
    source = write_fields(tmp_path, n=1)
    (tmp_path / "masks" / "field0.tif").rename(tmp_path / "masks" / "field0.npy")
    with pytest.raises(InputError, match=r"only files that end with \.npy"):
        read(tmp_path, source)


def test_a_mask_of_complex_numbers_is_none(tmp_path):
    tifffile.imwrite(tmp_path / "m.tif", disc((30, 30), (15, 15), 6).astype(np.complex64))
    with pytest.raises(Refused, match="complex64"):
        read_mask(tmp_path / "m.tif")


def test_specks_are_left_out_and_named(tmp_path):
    source = write_fields(tmp_path, n=1)
    labels = field(seed=0)[1]
    labels[0, 0], labels[0, 10:13] = 77, 78
    tifffile.imwrite(tmp_path / "masks" / "field0.tif", labels)
    _, rows, reports = read(tmp_path, source)
    small = [finding.id for finding in reports[0].findings if finding.code == "too_small"]
    assert len(rows) == 12 and small == ["field0_77", "field0_78"]
    assert len(read(tmp_path, source, min_area=3)[1]) == 13


def test_images_and_masks_in_one_folder_by_their_suffixes(tmp_path):
    for k in range(2):
        image, labels = field(seed=k)
        tifffile.imwrite(tmp_path / f"{k:03d}_img.tif", image[0])
        tifffile.imwrite(tmp_path / f"{k:03d}_masks.tif", labels)
    source = {"images": str(tmp_path), "masks": str(tmp_path), "mask_suffix": "_masks"}
    with pytest.raises(InputError, match="image_suffix"):
        read(tmp_path, source)
    rows = read(tmp_path, {**source, "image_suffix": "_img"})[1]
    assert set(rows["image"]) == {"000", "001"} and len(rows) == 24


def test_the_folder_of_an_image_labels_its_cells(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name / "ko").mkdir(parents=True)
    image, labels = field()
    tifffile.imwrite(tmp_path / "images" / "ko" / "a.tif", image[0])
    tifffile.imwrite(tmp_path / "masks" / "ko" / "a.tif", labels)
    source = {"images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
    assert set(read(tmp_path, {**source, "label_from": "folder"})[1]["label"]) == {"ko"}
    assert read(tmp_path, source)[1]["label"].isna().all()


def test_files_of_microscopes_are_named_with_the_way_out(tmp_path):
    source = write_fields(tmp_path, n=1)
    (tmp_path / "images" / "raw.vsi").write_bytes(b"II*")
    (tmp_path / "images" / "notes.txt").write_text("")
    told = [f.message for f in read(tmp_path, source)[2][0].findings if f.code == "not_read"]
    assert len(told) == 2 and any("Olympus VSI" in text and "OME-TIFF" in text for text in told)
    (tmp_path / "images" / "field0.ome.tif").unlink()
    with pytest.raises(InputError, match="Olympus VSI"):
        read(tmp_path, source)


def ome(files: list[str]) -> str:
    parts = "".join(
        f'<TiffData FirstC="{c}" IFD="0" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{c:08d}'
        f"-0000-0000-0000-000000000000</UUID></TiffData>"
        for c, name in enumerate(files)
    )
    channels = "".join(
        f'<Channel ID="Channel:0:{c}" Name="c{c}" SamplesPerPixel="1"/>' for c in range(len(files))
    )
    return (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        'UUID="urn:uuid:00000000-0000-0000-0000-000000000000"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="200" SizeY="160" '
        f'SizeC="{len(files)}" SizeZ="1" SizeT="1">{channels}{parts}</Pixels></Image></OME>'
    )


def test_an_ome_tiff_set_is_read_whole_or_refused(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    image, labels = field()
    files = ["a_1.ome.tif", "a_2.ome.tif"]
    for k, name in enumerate(files):
        tifffile.imwrite(
            tmp_path / "images" / name, image[0] // (k + 1), description=ome(files), metadata=None
        )
    tifffile.imwrite(tmp_path / "masks" / "a_1.tif", labels)
    source = {"images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
    samples, rows, reports = read(tmp_path, source)
    assert len(rows) == 12 and len(reports) == 1
    assert (samples.x[:].max(axis=(0, 2, 3)) > 0.3).all()
    (tmp_path / "images" / files[1]).unlink()
    with pytest.raises(InputError, match=r"2 files of an image, of which 'a_2.ome.tif' is missing"):
        read(tmp_path, source)


TABLES = {
    "semicolons": "id;label\na;x\nb;y\n",
    "spaces": "id , label \n a , x \n b , y \n",
    "capitals": "ID,Label\na,x\nb,y\n",
    "blank": "id,label\na,x\n,\n\nb,y\n",
    "bom": "\ufeffid,label\na,x\nb,y\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_label_tables_of_spreadsheets_are_understood(tmp_path, name):
    (tmp_path / "t.csv").write_text(TABLES[name], encoding="utf-8")
    (table,) = read_label_tables([], [tmp_path / "t.csv"], {"label_column": "label"})
    assert table["id"].tolist() == ["a", "b"] and table["label"].tolist() == ["x", "y"]
    assert table.columns.tolist() == ["id", "label", "group", "file", "line"]


def test_not_available_is_no_class(tmp_path):
    (tmp_path / "t.csv").write_text("id,label\na,NA\nb,NaN\nc,Na\n")
    (table,) = read_label_tables([], [tmp_path / "t.csv"], {"label_column": "label"})
    assert table["label"].tolist() == [None, None, "Na"]


def test_a_line_for_an_image_labels_its_objects_and_one_for_an_object_outranks_it(tmp_path):
    _, rows, reports = read(tmp_path, write_fields(tmp_path, n=4))
    (tmp_path / "t.csv").write_text(
        "id,label,drug\nfield0,a,none\nfield1,a,x\nfield2,b,x\nfield3,b,x\nfield3_2,a,y\n"
    )
    tables = read_label_tables([], [tmp_path / "t.csv"], {"label_column": "label"})
    split = {"train": 0.5, "validation": 0.25, "test": 0.25, "seed": 1}
    table, _ = object_table(rows, reports, tables, split, "stop")
    label = table.set_index("id")["label"]
    assert (label.filter(like="field1_") == "a").all() and label["field2_7"] == "b"
    assert label["field3_2"] == "a" and label["field3_3"] == "b"
    assert table.set_index("id")["drug"]["field3_2"] == "y"


def test_numbered_crops_of_one_image_share_a_group_where_names_tell_images_apart(tmp_path):
    rng = np.random.default_rng(0)
    for folder, names in {
        "many": [f"blood{image}_{k}" for image in range(7) for k in range(2)],
        "one": [f"cell_{k}" for k in range(9)],
    }.items():
        (tmp_path / folder).mkdir()
        for name in names:
            values = rng.integers(0, 255, (20, 20), dtype=np.uint8)
            Image.fromarray(values).save(tmp_path / folder / f"{name}.png")
    many = read(tmp_path, {"folder": str(tmp_path / "many")})[1]
    assert many["group"].nunique() == 7 and many["group"][0] == "blood0"
    alone = read(tmp_path, {"folder": str(tmp_path / "many"), "group": "object"})[1]
    one = read(tmp_path, {"folder": str(tmp_path / "one")})[1]
    assert (alone["group"] == alone["id"]).all() and (one["group"] == one["id"]).all()
