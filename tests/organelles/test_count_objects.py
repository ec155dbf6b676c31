"""The object table in physical units, labelled and split; and the memory that counting takes."""

import json
import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import zarr

from morphoflow.errors import InputError
from morphoflow.organelles.counting.classes import read_class_tables
from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.objects import majority_classes, object_table, with_pieces
from morphoflow.organelles.counting.order import (
    JOINED_VOXELS,
    LARGEST_BLOCK,
    block_shape,
    blocks_of_part,
)
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merge_tables
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source
from morphoflow.tables import read_objects, read_table
from places import SCRIPTS

SPLIT = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 0}
SETTINGS = {"split": SPLIT, "label_column": "kind", "on_bad_input": "stop", "min_voxels": 1}
NOTHING = pd.Series(dtype=object)


def cuboid(label_id: int, start: tuple, shape: tuple) -> pd.DataFrame:
    """The counts of a cuboid of voxels with intensity 3, by formula."""
    n, sums = int(np.prod(shape, dtype=object)), [Fraction(a - 1, 2) for a in shape]
    row = {"label_id": np.uint64(label_id), "voxels": n}
    for a, axis in enumerate("zyx"):
        row |= {f"box_{axis}_start": start[a], f"box_{axis}_stop": start[a] + shape[a]}
        row |= {f"anchor_{axis}": start[a], f"sum_{axis}": int(n * sums[a])}
        for b in range(a, 3):
            square = Fraction((shape[a] - 1) * (2 * shape[a] - 1), 6)
            row[f"sum_{axis}{'zyx'[b]}"] = int(n * (square if a == b else sums[a] * sums[b]))
    return pd.DataFrame([row | {"sum_intensity": 3 * n, "sum_intensity_squared": 9 * n}])


def measured(tables: list[pd.DataFrame], size=(30.0, 8.0, 4.0)) -> pd.Series:
    return object_columns(merge_tables(tables), Box((0, 0, 0), (2**40,) * 3), size).iloc[0]


def test_a_cuboid_has_the_axes_of_a_cuboid_in_um():
    row = measured([cuboid(5, (7, 8, 9), (10, 20, 30))], size=(40.0, 8.0, 4.0))
    sides = np.array([10 * 40, 20 * 8, 30 * 4]) / 1000
    assert np.allclose([row[f"axis_sd_um_{k}"] for k in (1, 2, 3)], sides / np.sqrt(12))
    assert [row["axis_1_z"], row["axis_2_y"], row["axis_3_x"]] == [1, 1, 1]
    assert np.allclose([row[f"centroid_{a}_um"] for a in "zyx"], [0.48, 0.144, 0.096])
    assert np.isclose(row["volume_um3"], np.prod(sides)) and row["intensity_mean"] == 3


def test_a_tilted_ellipsoid_has_its_axes_along_its_tilt():
    size, radii = (20.0, 10.0, 5.0), np.array([0.3, 0.15, 0.08])
    tilt, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    labels = np.zeros((40, 80, 160), np.uint16)
    points = (np.indices(labels.shape).reshape(3, -1).T + 0.5) * size / 1000 - 0.4
    labels.ravel()[((points @ tilt / radii) ** 2).sum(axis=1) <= 1] = 9
    source = Source(Array(labels), Array(labels), size)
    table, _ = count_part(source, blocks_of_part(labels.shape, (16, 32, 32), 0, 1))
    row = measured([table], size)
    for k in range(3):
        axis = [row[f"axis_{k + 1}_{a}"] for a in "zyx"]
        assert abs(axis @ tilt[:, k]) > 0.999
        assert np.isclose(row[f"axis_sd_um_{k + 1}"], radii[k] / np.sqrt(5), rtol=0.02)


@pytest.mark.parametrize("distance", [10**6, 2**30])
def test_sums_beyond_64_bits_are_exact(distance):
    """Two cubes of 2^36 voxels far apart: the variance along x is known as a fraction."""
    side, moved = 2**12, (10**6, 10**6, 10**6 + distance)
    parts = [cuboid(5, (10**6,) * 3, (side,) * 3), cuboid(5, moved, (side,) * 3)]
    merged = merge_tables(parts)
    assert len(merged) == 2  # kept apart, as the sum of squares has more than 63 bits
    row = measured(parts, (1000.0, 1000.0, 1000.0))
    assert row["voxels"] == 2**37
    assert row["centroid_x_um"] == 10**6 + (distance + side) / 2
    along = Fraction(side * side - 1, 12) + Fraction(distance * distance, 4)
    assert np.isclose(row["axis_sd_um_1"], np.sqrt(float(along) + 1 / 12), rtol=1e-15)
    assert np.isclose(row["axis_sd_um_3"], side / np.sqrt(12), rtol=1e-9)


def test_sums_are_the_same_wherever_a_cuboid_is_cut():
    start, whole = (10**6, 2 * 10**6, 10**6), cuboid(5, (10**6, 2 * 10**6, 10**6), (64, 80, 96))
    low = [cuboid(5, start, (64, 80, 32))]
    high = [cuboid(5, (*start[:2], start[2] + 32 * k), (64, 80, 32)) for k in (2, 1)]
    pd.testing.assert_frame_equal(merge_tables([merge_tables(high), *low]), merge_tables([whole]))


class Array:
    """A volume in memory."""

    path, voxel_size_nm, chunks = "memory", None, (16, 16, 16)

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, box: Box) -> np.ndarray:
        return np.ascontiguousarray(self.array[box.slices])


class Generated(Array):
    """A volume of cubes that is made as it is read, and remembers the largest box."""

    def __init__(self, shape: tuple, dtype: type) -> None:
        self.shape, self.dtype, self.largest = shape, np.dtype(dtype), 0

    def read(self, box: Box) -> np.ndarray:
        self.largest = max(self.largest, box.size)
        z, y, x = np.ogrid[box.slices]
        return (1 + z // 40 + 100 * (y // 40) + 10_000 * (x // 40)).astype(self.dtype)


def peak(depth: int) -> tuple[int, int, int]:
    """Bytes that counting takes at most, the largest box that it reads, and the labels."""
    labels, em = Generated((depth, 128, 128), np.uint32), Generated((depth, 128, 128), np.uint8)
    boxes = blocks_of_part(labels.shape, (32, 64, 64), 0, 1)
    tracemalloc.start()
    table, _ = count_part(Source(labels, em, (30.0, 8.0, 8.0)), boxes)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, labels.largest, len(table)


def test_ten_times_the_volume_takes_the_memory_of_its_larger_table_more():
    peak(64)
    small, _, few = peak(128)
    large, box, many = peak(1280)
    assert box == 32 * 64 * 64 and many == 32 * 16 and few == 4 * 16
    assert large - small < 60 * 8 * 25 * (many - few)  # the rows of all blocks wait in the table
    assert large < 1280 * 128 * 128 / 4


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((400, 4096, 4096), (64, 64, 64)),
        ((2000, 9000, 9000), (1, 9000, 9000)),
        ((100, 100, 100), (64, 64, 64)),
        ((512, 2048, 2048), (512, 2048, 2048)),
    ],
)
def test_blocks_hold_whole_chunks_of_a_bounded_size(shape, chunks):
    block = block_shape(shape, chunks, None)
    assert np.prod(block) <= LARGEST_BLOCK
    smaller_than_chunk = np.prod(chunks) > LARGEST_BLOCK
    assert smaller_than_chunk or all(
        b % c == 0 or b == n for b, c, n in zip(block, chunks, shape, strict=True)
    )
    assert np.prod(block) > min(np.prod(shape), JOINED_VOXELS) / 4


def objects(n: int = 12, voxels=8) -> pd.DataFrame:
    ids = np.arange(1, n + 1).astype(np.uint64) * np.uint64(10**18)
    return pd.DataFrame({"label_id": ids, "voxels": voxels, "touches_border": ids > 9 * 10**18})


def table_of(tmp_path, text: str, measured=None, **settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    path = tmp_path / "kinds.csv"
    path.write_text(text)
    settings = {**SETTINGS, **settings}
    labels, _ = read_class_tables([path], settings)
    measured = objects() if measured is None else measured
    return object_table(measured, labels, NOTHING, "labels.zarr", settings)


GOOD = "label_id,kind,axon\n" + "".join(
    f"{k}000000000000000000,{'ab'[k % 2]},{k // 2}\n" for k in range(1, 13)
)


def test_labels_and_groups_are_joined_by_id(tmp_path):
    table, quality = table_of(tmp_path, GOOD, group_column="axon")
    assert table["label"].tolist() == list("ba" * 6)
    assert table.groupby("group")["split"].nunique().max() == 1
    assert quality["code"].tolist() == ["verdict", "touches_border"]
    assert quality["value"].tolist() == ["ok", "3"]
    alone, _ = table_of(tmp_path, GOOD)
    assert (alone["group"] == alone["id"]).all()


def test_objects_at_the_border_are_kept_marked_or_dropped(tmp_path):
    kept, _ = table_of(tmp_path, GOOD, border="keep")
    marked, quality = table_of(tmp_path, GOOD, border="mark")
    pd.testing.assert_frame_equal(marked, kept)
    said = quality.set_index("code")["message"]
    assert said["touches_border"].endswith("so that their sizes and forms are missing")
    dropped, quality = table_of(tmp_path, GOOD, border="drop")
    assert dropped["label_id"].tolist() == kept.loc[~kept["touches_border"], "label_id"].tolist()
    said = quality.set_index("code")["message"]
    assert said["left_out"] == "3 of 12 objects touch the border of the volume; left out"
    cut = objects().assign(touches_border=True)
    with pytest.raises(InputError, match=r"12 at the border.*or set `border` to mark"):
        table_of(tmp_path, GOOD, cut, border="drop")


def test_small_objects_are_left_out_and_listed(tmp_path):
    sizes = [1, 4, *[8] * 10]
    table, quality = table_of(tmp_path, GOOD, objects(voxels=sizes), min_voxels=5)
    listed = quality[quality["code"] == "too_few_voxels"]["id"]
    assert set(listed) | set(table["id"]) == set(objects()["label_id"].astype(str))
    assert len(listed) == 2 and quality["n_objects"][0] == 10 and quality["n_objects_read"][0] == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "77,a,1\n", "no object 77"),
        (GOOD.replace(",b,", ",c,", 1), "class 'c' has 1"),
        (GOOD + "1000000000000000000,b,1\n", "second time"),
        (GOOD + "seven,b,1\n", "'seven' is no label id"),
        (GOOD.replace("label_id", "object"), "no column 'label_id'"),
        (GOOD.replace("kind", "type"), "no column 'kind'"),
    ],
)
def test_class_tables_that_do_not_fit_stop_the_run(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        table_of(tmp_path, text)


def test_what_does_not_fit_is_listed_if_bad_input_is_to_be_skipped(tmp_path):
    text = GOOD.replace(",b,", ",c,", 1) + "77,a,1\n"
    table, quality = table_of(tmp_path, text, on_bad_input="skip")
    assert len(table) == 12 and table["label"].isna().sum() == 1
    assert {"stray_label", "small_class"} <= set(quality["code"])


@pytest.mark.parametrize(("n", "said"), [(0, "no voxel that is not 0"), (1, "have 1 object")])
def test_too_few_objects_are_an_error(tmp_path, n, said):
    with pytest.raises(InputError, match=said):
        table_of(tmp_path, "label_id,kind\n", objects(n))


def test_the_majority_class_is_named_by_table_or_number():
    rows = [(1, 2, 5), (1, 3, 5), (2, 0, 9), (2, 3, 8), (3, 3, 1), (3, 2, 4), (4, 7, 1)]
    classes = pd.DataFrame(rows, columns=["label_id", "class_id", "voxels"])
    assert majority_classes(classes, {2: "axon"}).to_dict() == {
        1: "axon",
        2: None,
        3: "axon",
        4: "7",
    }


def test_the_scripts_give_the_same_table_for_any_number_of_parts(tmp_path):
    generator = np.random.default_rng(0)
    labels = np.kron(generator.integers(0, 30, (4, 8, 8)), np.ones((6, 6, 6))).astype(np.uint64)
    em = generator.integers(0, 256, labels.shape, dtype=np.uint8)
    kinds = (1 + labels % 2).astype(np.uint8)
    for name, array in {"labels": labels, "em": em, "kinds": kinds}.items():
        zarr.create_array(tmp_path / f"{name}.zarr", data=array, chunks=(8, 16, 16))
    volumes = {"em": "em", "labels": "labels", "classes": "kinds"}
    source = {key: str(tmp_path / f"{name}.zarr") for key, name in volumes.items()}
    source["voxel_size_nm"] = [30, 8, 8]
    (tmp_path / "names.csv").write_text("class,kind\n1,axon\n2,dendrite\n")
    # Without parts the volume is counted where they would be merged.
    one, *others = (merged_by_scripts(tmp_path, source, parts) for parts in (1, 3, 0))
    for other in others:
        pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
        pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)
    odd = one[0]["label_id"] % 2 == 1
    assert (one[0]["label"] == np.where(odd, "dendrite", "axon")).all()
    assert set(one[1]["id_a"]) <= set(one[0]["id"])


def test_labels_without_em_are_counted_alike_but_for_their_intensity(tmp_path):
    labels = np.kron(np.arange(1, 9).reshape(2, 2, 2), np.ones((4, 4, 4))).astype(np.uint16)
    zarr.create_array(tmp_path / "labels.zarr", data=labels)
    zarr.create_array(tmp_path / "em.zarr", data=labels.astype(np.uint8))
    (tmp_path / "names.csv").write_text("class,kind\n")
    source = {"labels": str(tmp_path / "labels.zarr"), "voxel_size_nm": [30, 8, 8]}
    alone, pairs = merged_by_scripts(tmp_path, source, 0)
    both, same = merged_by_scripts(tmp_path, {**source, "em": str(tmp_path / "em.zarr")}, 0)
    pd.testing.assert_frame_equal(alone, both.drop(columns=["intensity_mean", "intensity_sd"]))
    pd.testing.assert_frame_equal(pairs, same)


def merged_by_scripts(folder, source: dict, parts: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts = [folder / f"counts{parts}-{k}.parquet" for k in range(parts)]
    contacts = [folder / f"contacts{parts}-{k}.parquet" for k in range(parts)]
    text = json.dumps(source)
    for k in range(parts):
        flags = ["--source", text, "--block", "[8, 16, 32]", "--part", k, "--parts", parts]
        call("count_blocks.py", *flags, "--counts", counts[k], "--contacts", contacts[k])
    outputs = [folder / f"{name}{parts}.parquet" for name in ("objects", "pairs", "quality")]
    flags = ["--counts", *counts, "--contacts", *contacts, "--labels", folder / "names.csv"]
    flags += ["--settings", json.dumps(SETTINGS), "--source", text, "--objects", outputs[0]]
    flags += ["--block", "[8, 16, 32]"]
    call("merge_counts.py", *flags, "--contacts-table", outputs[1], "--quality", outputs[2])
    return read_objects(outputs[0]), read_table(outputs[1])


def call(script: str, *flags) -> None:
    command = [sys.executable, SCRIPTS / script, *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_objects_in_several_pieces_are_a_finding(tmp_path):
    table, quality = table_of(tmp_path, GOOD)
    shapes = table[["id"]].assign(pieces=1)
    assert with_pieces(quality, shapes).equals(quality)
    shapes.loc[[2, 4], "pieces"] = [3, 2]
    listed = with_pieces(quality, shapes)
    assert len(listed) == len(quality) + 1 and listed["code"].iloc[-1] == "several_pieces"
    assert listed["message"].iloc[-1].startswith(f"2 of {len(shapes)} objects lie in several")
    assert f"{shapes['id'][2]} in 3" in listed["message"].iloc[-1]
    assert listed["message"][0] == f"{len(quality)} findings"
    assert listed["n_objects"][0] == quality["n_objects"][0]
