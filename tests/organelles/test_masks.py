"""Masks of clusters are the labels under other numbers, in every format."""

import json
from pathlib import Path
from urllib.parse import unquote

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tensorstore as ts
import zarr

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.organelles.masks.pyramid_write import majority
from morphoflow.organelles.masks.volume import cluster_list, objects_with_clusters
from morphoflow.organelles.masks.write import write_masks
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.open import open_volume
from morphoflow.organelles.volumes.source import Source
from morphoflow.tables import RECOMMENDED, write_table

SHAPE, SIZE = (9, 70, 300), (30.0, 8.0, 8.0)
# The last two ids are not exact as floating point numbers, and the last is above 2^63.
IDS = np.array([3, 2**40 + 1, 2**53 + 1, 2**63 + 3], dtype=np.uint64)
CLUSTERS = [1, 0, -1, 0]
ABSENT = np.uint64(17)
FORMATS = ["ome_zarr", "ome_zarr_0.4", "precomputed", "png", "mobie"]
EM = "zarr://http://localhost:9001/em.zarr"
SETTINGS = {"formats": FORMATS, "url": "http://localhost:9000/", "em_url": EM}


class Memory:
    """A volume in memory that decodes pieces of ``chunks`` voxels."""

    path, voxel_size_nm = "memory", SIZE

    def __init__(self, array, chunks=(4, 16, 32)):
        self.array, self.chunks = array, chunks
        self.shape, self.dtype = array.shape, array.dtype

    def read(self, box):
        return np.ascontiguousarray(self.array[box.slices])


@pytest.fixture(scope="module")
def labels():
    """Boxes of the four objects and of one that is not in the object table."""
    array = np.zeros(SHAPE, np.uint64)
    for k, identifier in enumerate([*IDS, ABSENT]):
        array[k : k + 4, 10 * k : 10 * k + 17, 55 * k + 3 : 55 * k + 50] = identifier
    return array


def recommended(table):
    table.attrs[RECOMMENDED] = "kmeans"
    return table


@pytest.fixture(scope="module")
def objects(labels, tmp_path_factory):
    rows = []
    for identifier in IDS:
        voxels = np.argwhere(labels == identifier)
        row = {"id": str(identifier), "label_id": identifier, "voxels": len(voxels)}
        row["volume_um3"] = len(voxels) * np.prod(SIZE) / 1e9
        for a, axis in enumerate("zyx"):
            row[f"anchor_{axis}"] = voxels[0, a]
            row[f"box_{axis}_start"] = voxels[:, a].min()
            row[f"box_{axis}_stop"] = voxels[:, a].max() + 1
            row[f"centroid_{axis}_um"] = (voxels[:, a].mean() + 0.5) * SIZE[a] / 1000
        rows.append(row)
    file = tmp_path_factory.mktemp("clusters") / "clusters.parquet"
    # Rows in another order than the objects': they belong together by id.
    found = pd.DataFrame({"id": [str(n) for n in IDS], "dbscan": 0, "kmeans": CLUSTERS})
    write_table(file, recommended(found.iloc[::-1]), {})
    return objects_with_clusters(pd.DataFrame(rows), file)


@pytest.fixture(scope="module")
def expected(labels):
    """0: background; 1 and 2: clusters 0 and 1; 3: noise."""
    array = np.zeros(SHAPE, np.uint8)
    for identifier, number in zip(IDS, [2, 1, 3, 1], strict=True):
        array[labels == identifier] = number
    return array


def write(folder, labels, objects, chunks=(4, 16, 32), **settings):
    volume = Memory(labels, chunks)
    write_masks(folder, Source(volume, volume, SIZE), objects, {**SETTINGS, **settings})
    return folder


@pytest.fixture(scope="module")
def masks(labels, objects, tmp_path_factory):
    return write(tmp_path_factory.mktemp("masks") / "masks", labels, objects)


def coarser(array):
    """Majority of 2 x 2 voxels along y and x, where one number has more voxels than any other."""
    cells = array.reshape(len(array), array.shape[1] // 2, 2, array.shape[2] // 2, 2)
    cells = cells.transpose(0, 1, 3, 2, 4).reshape(len(array), *np.array(array.shape[1:]) // 2, 4)
    counts = np.stack([(cells == n).sum(axis=-1) for n in range(4)], axis=-1)
    clear = (counts == counts.max(axis=-1, keepdims=True)).sum(axis=-1) == 1
    return counts.argmax(axis=-1), clear


def test_ome_zarr_holds_the_numbers_with_their_names_colours_and_voxel_size(masks, expected):
    group = zarr.open_group(masks / "clusters.ome.zarr", mode="r")
    assert group["0"].dtype == np.uint8
    np.testing.assert_array_equal(group["0"][:], expected)
    volume = open_volume(masks / "clusters.ome.zarr")
    np.testing.assert_array_equal(volume.read(Box((0, 0, 0), SHAPE)), expected)
    assert volume.voxel_size_nm == SIZE
    label = group.attrs["ome"]["image-label"]
    named = {
        entry["label-value"]: (entry["cluster"], entry["objects"]) for entry in label["properties"]
    }
    assert named == {1: ("cluster 0", 2), 2: ("cluster 1", 1), 3: ("noise", 1)}
    colors = {entry["label-value"]: tuple(entry["rgba"]) for entry in label["colors"]}
    assert set(colors) == {1, 2, 3} and len(set(colors.values())) == 3


def test_the_older_ome_zarr_holds_the_same_as_the_newer(masks):
    newer = zarr.open_group(masks / "clusters.ome.zarr", mode="r")
    older = zarr.open_group(masks / "clusters_0.4.ome.zarr", mode="r")
    assert older.metadata.zarr_format == 2 and sorted(older) == sorted(newer)
    for level in newer:
        np.testing.assert_array_equal(older[level][:], newer[level][:])
    said, meant = older.attrs.asdict(), newer.attrs["ome"]
    (pyramid,), label = said["multiscales"], said["image-label"]
    name = {"version": "0.4", "name": "clusters_0.4"}
    assert pyramid == meant["multiscales"][0] | name
    assert label == meant["image-label"] | {"version": "0.4"}
    assert open_volume(masks / "clusters_0.4.ome.zarr").voxel_size_nm == SIZE


@pytest.mark.parametrize("name", ["clusters.ome.zarr", "clusters.precomputed"])
def test_a_coarser_level_has_the_majority_and_the_place_of_the_finer_one(masks, expected, name):
    level = open_volume(masks / name, level=1)
    majority, clear = coarser(expected)
    assert level.shape == majority.shape and clear.mean() > 0.9
    np.testing.assert_array_equal(level.read(Box((0, 0, 0), level.shape))[clear], majority[clear])
    assert level.voxel_size_nm == (30.0, 16.0, 16.0)


def test_levels_of_ome_zarr_are_shifted_by_the_distance_of_the_voxels_centres(masks):
    group = zarr.open_group(masks / "clusters.ome.zarr", mode="r")
    steps = group.attrs["ome"]["multiscales"][0]["datasets"][1]["coordinateTransformations"]
    assert steps[1] == {"type": "translation", "translation": [0.0, 4.0, 4.0]}


def test_precomputed_holds_the_numbers_with_properties(masks, expected):
    folder = masks / "clusters.precomputed"
    spec = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{folder}/"}
    stored = ts.open(spec).result()
    np.testing.assert_array_equal(stored[..., 0].read().result().transpose(2, 1, 0), expected)
    assert open_volume(folder).voxel_size_nm == SIZE
    info = json.loads((folder / "info").read_text())
    assert info["type"] == "segmentation"
    properties = json.loads((folder / info["segment_properties"] / "info").read_text())["inline"]
    assert properties["ids"] == ["1", "2", "3"]
    values = {entry["id"]: entry["values"] for entry in properties["properties"]}
    assert values["label"] == ["cluster 0", "cluster 1", "noise"] and values["objects"] == [2, 1, 1]


def test_properties_of_the_objects_tell_the_cluster_of_each_label(masks):
    inline = json.loads((masks / "objects_properties" / "info").read_text())["inline"]
    tags = inline["properties"][0]
    named = {i: tags["tags"][v[0]] for i, v in zip(inline["ids"], tags["values"], strict=True)}
    words = ["cluster_1", "cluster_0", "noise", "cluster_0"]
    assert named == dict(zip(map(str, IDS.tolist()), words, strict=True))


def test_slices_are_in_order_and_hold_the_numbers(masks, expected):
    files = sorted((masks / "clusters").iterdir())
    assert [file.name for file in files[:2]] == ["clusters_0000.png", "clusters_0001.png"]
    stack = np.stack([imagecodecs.png_decode(file.read_bytes()) for file in files])
    np.testing.assert_array_equal(stack, expected)


def test_a_link_leads_to_the_object_and_shows_its_cluster(masks, labels, expected):
    table = pd.read_csv(masks / "objects.csv", dtype={"id": str, "label_id": np.uint64})
    assert table["label_id"].tolist() == IDS.tolist() and table["cluster"].tolist() == CLUSTERS
    for row in table.itertuples():
        state = json.loads(unquote(row.neuroglancer.split("#!")[1]))
        x, y, z = (int(n) for n in state["position"])
        assert np.argwhere(labels == np.uint64(row.label_id))[0].tolist() == [z, y, x]
        em, layer = state["layers"]
        assert em == {"type": "image", "name": "em", "source": EM}
        assert layer["segments"] == [str(expected[z, y, x])] == [str(row.number)]
        assert layer["source"] == "precomputed://http://localhost:9000/clusters.precomputed"
        assert list(state["dimensions"]) == ["x", "y", "z"]
        assert [n for n, _ in state["dimensions"].values()] == [8e-9, 8e-9, 30e-9]


def test_mobie_finds_each_object_at_its_anchor_within_its_box(masks, labels, objects):
    dataset = masks / "mobie/organelles"
    table = pd.read_csv(dataset / "tables/objects/default.tsv", sep="\t", dtype={"id": np.uint64})
    axes = "xyz"
    places = [f"{name}_{axis}" for name in ("anchor", "bb_min", "bb_max") for axis in axes]
    assert table.columns.tolist() == ["label_id", *places, "n_pixels", "id", "cluster"]
    assert table["cluster"].tolist() == ["cluster 1", "cluster 0", "noise", "cluster 0"]
    group = zarr.open_group(dataset / "images/objects.ome.zarr", mode="r")
    (image,) = group.attrs["multiscales"]
    assert image["version"] == "0.4" and image["name"] == "objects"
    assert {axis["unit"] for axis in image["axes"]} == {"nanometer"}
    stored, voxel = group["0"][:], np.array(SIZE)[::-1]
    for row, identifier in zip(table.itertuples(), IDS, strict=True):
        assert row.id == identifier
        np.testing.assert_array_equal(stored == row.label_id, labels == identifier)
        x, y, z = np.rint([getattr(row, f"anchor_{a}") for a in axes] / voxel).astype(int)
        assert stored[z, y, x] == row.label_id
        low = np.rint([getattr(row, f"bb_min_{a}") for a in axes] / voxel).astype(int)
        high = np.rint([getattr(row, f"bb_max_{a}") for a in axes] / voxel).astype(int)
        inside = stored[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))]
        assert (inside == row.label_id).sum() == row.n_pixels


@pytest.mark.parametrize(("unit", "scale"), [("nanometer", 1), ("micrometer", 1000)])
def test_a_mobie_project_shows_the_em_where_it_is_an_image_with_a_unit(
    labels, objects, tmp_path, unit, scale
):
    axes = [{"name": name, "type": "space", "unit": unit} for name in "zyx"]
    described = {"axes": axes, "datasets": [{"path": "0"}]}
    attributes = {"ome": {"version": "0.5", "multiscales": [described]}}
    zarr.create_group(tmp_path / "em.zarr", attributes=attributes)
    volume = Memory(labels)
    grey = Memory(np.full(SHAPE, 7, np.uint8))
    settings = SETTINGS | {"formats": ["mobie"]}
    folder = tmp_path / "masks"
    write_masks(folder, Source(volume, grey, SIZE), objects, settings, tmp_path / "em.zarr")
    project = json.loads((folder / "mobie/project.json").read_text())
    assert project["datasets"] == [project["defaultDataset"]] and project["specVersion"] == "0.3.0"
    place = folder / "mobie" / project["defaultDataset"]
    dataset = json.loads((place / "dataset.json").read_text())
    segmentation = dataset["sources"]["objects"]["segmentation"]
    paths = [segmentation["imageData"]["ome.zarr"], segmentation["tableData"]["tsv"]]
    paths.append(dataset["sources"]["em"]["image"]["imageData"]["ome.zarr"])
    assert all((place / path["relativePath"]).is_dir() for path in paths)
    assert (place / paths[2]["relativePath"]).resolve() == tmp_path / "em.zarr"
    view = dataset["views"]["default"]
    em, clusters = (next(iter(display.values())) for display in view["sourceDisplays"])
    assert em["sources"] == ["em"] and em["contrastLimits"] == [7, 7]
    assert clusters["sources"] == ["objects"] and clusters["colorByColumn"] == "cluster"
    (change,) = view["sourceTransforms"]
    assert change["affine"]["parameters"] == [scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, scale, 0]
    write_masks(tmp_path / "plain", Source(volume, grey, SIZE), objects, settings, tmp_path)
    alone = json.loads((tmp_path / "plain/mobie/organelles/dataset.json").read_text())
    assert list(alone["sources"]) == ["objects"]


def test_equal_runs_give_equal_bytes_however_the_labels_are_chunked(
    masks, labels, objects, tmp_path
):
    again = write(tmp_path / "again", labels, objects, chunks=(9, 33, 300))
    assert sha256(again) == sha256(masks)


@pytest.mark.parametrize("chunks", [(1, 2, 64), (2, 3, 8400)])
def test_volumes_of_several_shards_are_whole(objects, tmp_path, chunks):
    labels = np.random.default_rng(0).choice(np.append(IDS, ABSENT), (2, 3, 8400))
    folder = write(tmp_path / "masks", labels, objects, chunks, formats=["ome_zarr", "precomputed"])
    looked_up = dict(zip(IDS.tolist(), objects["number"], strict=True))
    expected = np.vectorize(lambda label: looked_up.get(int(label), 0))(labels)
    for name in ("clusters.ome.zarr", "clusters.precomputed"):
        stored = open_volume(folder / name).read(Box((0, 0, 0), labels.shape))
        np.testing.assert_array_equal(stored, expected)
        level = open_volume(folder / name, level=1)
        stored = level.read(Box((0, 0, 0), level.shape))
        np.testing.assert_array_equal(stored, majority(expected, (1, 2, 2)))
    assert len(list((folder / "clusters.precomputed" / "1_1_1").iterdir())) == 3


def test_only_what_is_asked_for_is_written(labels, objects, tmp_path):
    folder = write(tmp_path / "masks", labels, objects, formats=["mobie"])
    assert {file.name for file in folder.iterdir()} == {"mobie", "objects.csv", "README.txt"}
    assert "neuroglancer" not in pd.read_csv(folder / "objects.csv")


@pytest.mark.parametrize(("clusters", "dtype"), [(255, np.uint8), (256, np.uint16)])
def test_numbers_have_the_smallest_type_and_noise_one_of_its_own(tmp_path, clusters, dtype):
    file: Path = tmp_path / "clusters.parquet"
    found = np.append(np.arange(clusters - 1), -1)
    ids = [str(n) for n in range(clusters)]
    write_table(file, recommended(pd.DataFrame({"id": ids, "kmeans": found})), {})
    objects = objects_with_clusters(pd.DataFrame({"id": ids, "volume_um3": 1.0}), file)
    assert objects["number"].dtype == dtype
    assert objects["number"].tolist() == list(range(1, clusters + 1))
    assert cluster_list(objects)["name"].iloc[-1] == "noise"


def test_more_clusters_than_png_can_hold_stop_before_anything_is_written(labels, objects, tmp_path):
    wide = objects.assign(number=objects["number"].astype(np.uint32))
    with pytest.raises(InputError, match="65535"):
        write(tmp_path / "masks", labels, wide)
    assert not (tmp_path / "masks").exists()
