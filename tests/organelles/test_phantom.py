"""The phantom's volumes are what its truth says, whatever the blocks they were written in."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import zarr
from skimage.measure import euler_number, label

import generate_phantom
from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.organelles.phantom.phantom import PhantomSettings, write_phantom
from morphoflow.organelles.phantom.render import Painted
from morphoflow.organelles.phantom.shapes import HARD_CLASSES
from morphoflow.organelles.phantom.texture import picture
from morphoflow.organelles.volumes.boxes import Box
from synthetic_organelles import TINY

SETTINGS = PhantomSettings(
    shape=(96, 160, 160), voxel_size_nm=(16.0, 12.0, 12.0), per_class=2, seed=3
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom") / "p"
    write_phantom(folder, SETTINGS, {"made": "for a test"}, block=(64, 128, 128))
    truth = pd.read_csv(folder / "truth.csv", dtype={"label_id": np.uint64})
    images = [zarr.open_group(folder / f"{name}.zarr", mode="r") for name in ("em", "labels")]
    return folder, truth, images[0]["0"][:], images[1]["0"][:]


def test_every_object_is_there_with_its_voxels(written):
    _, truth, _, labels = written
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    assert dict(zip(ids, counts, strict=True)) == dict(
        zip(truth["label_id"], truth["voxels"], strict=True)
    )


def test_volume_is_that_of_the_shape(written):
    _, truth, _, _ = written
    whole = truth[~truth["touches_border"]]
    rendered = whole["voxels"] * np.prod(SETTINGS.voxel_size_nm) * 1e-9
    assert np.abs(rendered / whole["volume_um3"] - 1).max() < 0.05


def test_objects_have_the_topology_of_their_class(written):
    _, truth, _, labels = written
    for row in truth[~truth["touches_border"]].itertuples():
        mask = np.pad(labels == row.label_id, 1)
        assert label(mask, connectivity=1).max() == 1
        assert euler_number(mask, connectivity=3) == 1 - row.tunnels, row.label


def test_border_flags(written):
    _, truth, _, labels = written
    inner = labels[1:-1, 1:-1, 1:-1]
    outer = labels.copy()
    outer[1:-1, 1:-1, 1:-1] = 0
    assert set(truth.loc[truth["touches_border"], "label_id"]) == set(np.unique(outer)) - {0}
    assert set(truth["label_id"]) == set(np.unique(inner)) - {0}


def test_picture_shows_the_objects_darker_than_the_rest(written):
    _, _, em, labels = written
    assert em.dtype == np.uint8
    assert em[labels > 0].mean() < em[labels == 0].mean() - 20
    assert em.std() > 15


def test_files_do_not_depend_on_the_block(written, tmp_path):
    folder, _, _, _ = written
    write_phantom(tmp_path / "p", SETTINGS, {"made": "for a test"}, block=(128, 64, 192))
    assert sha256(folder) == sha256(tmp_path / "p")


def test_the_hard_phantom_has_its_classes_at_equal_numbers_each_object_in_one_piece(tmp_path):
    hard = replace(TINY, kind="hard", shape=(64, 140, 144), per_class=2)
    truth = write_phantom(tmp_path / "hard", hard, {})
    assert truth["label"].value_counts().to_dict() == dict.fromkeys(HARD_CLASSES, 2)
    labels = zarr.open_array(tmp_path / "hard" / "labels.zarr" / "0", mode="r")[:]
    for row in truth[~truth["touches_border"]].itertuples():
        assert label(np.pad(labels == row.label_id, 1), connectivity=3).max() == 1


def test_cristae_of_shells_do_not_follow_the_centre_line():
    box, homes = Box((0, 0, 0), (1, 4, 64)), np.zeros(1, np.int64)
    depth, owner = np.full(box.shape, -70, np.float32), np.zeros(box.shape, np.int32)
    lines = [np.broadcast_to(np.float32(a), box.shape) for a in (0, 29)]
    for shells in (False, True):
        seen = [
            picture(Painted(depth, owner, line), box, (8.0,) * 3, homes, np.array([shells]), 0)
            for line in lines
        ]
        assert np.array_equal(*seen) == shells


def test_another_seed_gives_other_files(tmp_path):
    for seed in (1, 2):
        write_phantom(tmp_path / str(seed), replace(TINY, per_class=1, seed=seed), {})
    assert sha256(tmp_path / "1") != sha256(tmp_path / "2")


def test_image_metadata(written):
    folder = written[0]
    node = json.loads((folder / "labels.zarr" / "zarr.json").read_text())
    (scale,) = node["attributes"]["ome"]["multiscales"][0]["datasets"][0][
        "coordinateTransformations"
    ]
    assert scale == {"type": "scale", "scale": [16.0, 12.0, 12.0]}
    assert node["attributes"]["provenance"] == {"made": "for a test"}


def test_no_room_stops_before_anything_is_written(tmp_path):
    crowded = PhantomSettings(shape=(32, 64, 64), per_class=20)
    with pytest.raises(InputError, match="no room"):
        write_phantom(tmp_path / "p", crowded, {})
    assert not list(tmp_path.iterdir())


def test_script_gives_equal_bytes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.modules", {**sys.modules, "__main__": generate_phantom})
    settings = json.dumps({**vars(TINY), "per_class": 1})
    for name in "ab":
        run(generate_phantom.main, ["--settings", settings, "--output", str(tmp_path / name)])
    assert sha256(tmp_path / "a") == sha256(tmp_path / "b")
    assert "5 objects" in capsys.readouterr().out
