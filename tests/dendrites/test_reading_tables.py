"""Whole datasets: groups, labels and splits, bad input as a sentence, and real images."""

import os
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from morphoflow.errors import InputError
from morphoflow.files import sha256
from morphoflow.store import read_samples
from synthetic_dendrites import OUTPUTS, neuron, read, run_script, save_png, write_neurons

REAL = Path(os.environ.get("MORPHOFLOW_REAL_DENDRITES", "nowhere"))
FAULTS = {
    "colour": (
        lambda f: save_png(f / "x.png", np.arange(27648, dtype="u1").reshape(96, 96, 3)),
        "colour image; set `channel`",
    ),
    "dark": (
        lambda f: tifffile.imwrite(f / "x.tif", 4095 - neuron(9).clip(0, 4095)),
        "invert: true",
    ),
    "text": (lambda f: (f / "notes.txt").write_text("hello"), "it is not a TIFF"),
    "small": (
        lambda f: tifffile.imwrite(f / "x.tif", neuron(9, 60, 96)),
        "60 x 96 pixels and not 64 x 64",
    ),
    "black": (lambda f: tifffile.imwrite(f / "x.tif", np.zeros((96, 96), "u2")), "black all over"),
    "constant": (
        lambda f: tifffile.imwrite(f / "x.tif", np.full((96, 96), 7, "u2")),
        "one value 7",
    ),
    "nearly black": (
        lambda f: tifffile.imwrite(f / "x.tif", np.diag([1] * 5 + [0] * 91).astype("u2")),
        "percentiles 1 and 99.5 are both 0",
    ),
    "nan": (
        lambda f: tifffile.imwrite(
            f / "x.tif", np.where(np.eye(96), np.nan, neuron(9)).astype("f4")
        ),
        "not finite",
    ),
    "empty file": (lambda f: (f / "x.tif").write_bytes(b""), "cannot be read"),
    "channels": (
        lambda f: tifffile.imwrite(
            f / "x.tif", np.stack([neuron(8), neuron(9)]), imagej=True, metadata={"axes": "CYX"}
        ),
        "2 channels",
    ),
    "stage": (
        lambda f: tifffile.imwrite(
            f / "x.ome.tif", np.stack([neuron(8), neuron(9)]), metadata={"axes": "PYX"}
        ),
        "it holds",
    ),
    "nd2": (lambda f: (f / "x.nd2").write_bytes(b"x"), "the package nd2; install it with pip"),
}


@pytest.fixture
def no_nd2(monkeypatch):
    monkeypatch.setitem(sys.modules, "nd2", None)


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_files_stop_with_a_sentence_or_are_listed(tmp_path, no_nd2, fault):
    folder = write_neurons(tmp_path / "in")
    make, sentence = FAULTS[fault]
    make(folder)
    out = tmp_path / "out"
    with pytest.raises(InputError, match=sentence):
        read(out, [{"images": str(folder)}])
    assert list(out.iterdir()) == []
    objects, findings, _ = read(out, [{"images": str(folder)}], on_bad_input="skip")
    assert objects["id"].tolist() == [f"neuron{i}" for i in range(5)]
    refused = findings[findings["severity"] == "refused"]
    assert len(refused) == 1 and sentence.split("; ")[0] in refused["message"].iloc[0]
    assert read_samples(out / "images.zarr").ids.tolist() == objects["id"].tolist()


def test_sizes_may_differ_but_not_the_scale_of_whole_images(tmp_path):
    folder = write_neurons(tmp_path / "in")
    tifffile.imwrite(folder / "other.tif", neuron(7, 128, 100))
    for crop in ("soma", "centre", "tiles"):
        assert len(read(tmp_path / crop, [{"images": str(folder), "crop": crop}])[0]) >= 6
    with pytest.raises(InputError, match=r"128 x 100 pixels, but 'neuron0\.tif' 96 x 96"):
        read(tmp_path / "whole", [{"images": str(folder), "crop": "whole"}])


def test_too_few_neurons_for_the_splits_are_told(tmp_path):
    one = write_neurons(tmp_path / "one", 1)
    sources = [{"images": str(one), "crop": "tiles"}]
    with pytest.raises(InputError, match="show 1 neuron"):
        read(tmp_path / "out", sources)
    with pytest.raises(InputError, match=r"2 images show 2 neuron.* over 3 splits"):
        read(tmp_path / "out", [{"images": str(write_neurons(tmp_path / "two", 2))}])
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "out", [{"images": str(tmp_path / "nowhere")}])
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="has no TIFF"):
        read(tmp_path / "out", [{"images": str(tmp_path / "none")}])


def test_equal_names_clash_unless_a_source_has_a_name(tmp_path):
    sources = [{"images": str(write_neurons(tmp_path / part))} for part in "ab"]
    with pytest.raises(InputError, match="both have the id 'neuron0'"):
        read(tmp_path / "out", sources)
    objects, _, _ = read(tmp_path / "out", [sources[0], {**sources[1], "name": "late"}])
    assert objects["id"].tolist()[4:6] == ["neuron4", "late_neuron0"]
    assert (objects.groupby("group")["id"].count() == 2).all()  # the pictures are equal


def test_frames_of_a_movie_are_one_neuron(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        movie = np.stack([neuron(i), neuron(i + 10)])
        tifffile.imwrite(tmp_path / "in" / f"m{i}.tif", movie, photometric="minisblack")
    sources = [{"images": str(tmp_path / "in"), "frame": frame} for frame in ("first", "last")]
    objects, _, _ = read(tmp_path / "out", sources)
    assert objects["id"].tolist()[::3] == ["m0_frame0", "m0_frame1"]
    assert (objects.groupby("group")["split"].nunique() == 1).all()
    assert set(objects["split"]) == {"train", "validation", "test"}


def test_a_label_may_name_a_file_and_groups_outrank_files(tmp_path):
    folder = write_neurons(tmp_path / "in", 6, height=128, width=128)
    table = tmp_path / "labels.csv"
    lines = [f"neuron{i},{'ab'[i % 2]},larva{i // 2},0.{i}" for i in range(6)]
    table.write_text("\n".join(["id,label,larva,age", *lines, "neuron0_row0_column0,b,x,9"]))
    sources = [{"images": str(folder), "crop": "tiles"}]
    objects, _, _ = read(tmp_path / "out", sources, [table], group_column="larva")
    rows = objects.set_index("id")
    assert rows.loc["neuron3_row1_column0", ["label", "group", "age"]].tolist() == [
        "b",
        "larva1",
        0.3,
    ]
    assert rows.loc["neuron0_row0_column0", "label"] == "b"
    assert rows.loc["neuron0_row1_column0", "label"] == "a"
    table.write_text("id,label\nneuron77,a\n")
    with pytest.raises(InputError, match="there is no object 'neuron77'"):
        read(tmp_path / "more", sources, [table])


def test_simulated_images_bring_their_truth(tmp_path):
    (tmp_path / "sim" / "images").mkdir(parents=True)
    for i in range(6):
        picture = (neuron(i, 128, 128) // 50).clip(0, 255).astype(np.uint8)
        save_png(tmp_path / "sim" / "images" / f"arbor{i}.png", picture)
    truth = {"label": ["old", "young"] * 3, "pixel_um": 0.2, "length_um": np.arange(6.0)}
    ids = [f"arbor{i}" for i in range(6)]
    pd.DataFrame({"id": ids, "group": ids, **truth}).to_csv(
        tmp_path / "sim" / "truth.csv", index=False
    )
    source = {"simulated_folder": str(tmp_path / "sim"), "name": "s"}
    objects, _, pairs = read(tmp_path / "out", [source], near_duplicates=0.01)
    assert objects["id"].tolist() == [f"s_arbor{i}" for i in range(6)]
    assert objects["label"].tolist() == ["old", "young"] * 3
    assert objects["length_um"].tolist() == list(range(6)) and len(pairs) == 0
    np.testing.assert_allclose(objects["pixel_um"], 0.4)
    assert read_samples(tmp_path / "out" / "images.zarr").attributes["pixel_um"] == 0.4


def test_nd2_movies_are_read_frame_by_frame(tmp_path, monkeypatch):
    movie = np.stack([[neuron(2 * i), neuron(2 * i + 1)] for i in range(3)])
    monkeypatch.setitem(sys.modules, "nd2", _stand_in_for_nd2(movie))
    (tmp_path / "m.nd2").touch()
    for i in range(2):
        tifffile.imwrite(tmp_path / f"n{i}.tif", neuron(20 + i))
    sources = [{"images": str(tmp_path / "m.nd2"), "frame": 1, "crop": "centre"}]
    sources += [{"images": str(tmp_path / f"n{i}.tif"), "pixel_um": 0.1615} for i in range(2)]
    objects, _, _ = read(tmp_path / "out", sources)
    assert objects["id"].tolist() == ["m_frame1", "n0", "n1"]
    samples = read_samples(tmp_path / "out" / "images.zarr")
    assert samples.attributes["pixel_um"] == pytest.approx(0.1615)
    highest = movie[1].max(axis=0)[16:80, 16:80].astype(float)
    assert np.corrcoef(samples.x[0].ravel(), highest.ravel())[0, 1] > 0.98


def _stand_in_for_nd2(movie: np.ndarray) -> types.SimpleNamespace:
    """What is used of the package: sizes, frames by number, and the size of a voxel."""
    t, z, y, x = movie.shape
    volume = types.SimpleNamespace(axesCalibrated=(True, True, False))

    class File:
        sizes = {"T": t, "Z": z, "Y": y, "X": x}  # noqa: RUF012
        metadata = types.SimpleNamespace(channels=[types.SimpleNamespace(volume=volume)])

        def __init__(self, path):
            self.path = path

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def read_frame(self, number):
            return movie.reshape(t * z, y, x)[number]

        def voxel_size(self):
            return 0.1615, 0.1615, 1.0

    return types.SimpleNamespace(ND2File=File)


def test_the_package_nd2_has_what_is_used_of_it():
    nd2 = pytest.importorskip("nd2")
    for name in ("sizes", "metadata", "read_frame", "voxel_size"):
        assert hasattr(nd2.ND2File, name)


def test_equal_runs_of_the_script_give_equal_bytes(tmp_path):
    folder = write_neurons(tmp_path / "in")
    sources = [{"images": str(folder)}]
    first = run_script(tmp_path / "1", sources, near_duplicates=0.9)
    assert first.returncode == 0, first.stderr
    run_script(tmp_path / "2", sources, near_duplicates=0.9)
    for name in OUTPUTS.values():
        assert sha256(tmp_path / "1" / name) == sha256(tmp_path / "2" / name)


@pytest.mark.skipif(not REAL.is_dir(), reason="MORPHOFLOW_REAL_DENDRITES names no folder")
def test_the_four_pairs_among_the_real_panels_share_a_group(tmp_path):
    panels = REAL / "neuron_gan_dataset_montage" / "panels"
    source = {"images": str(panels), "crop": "whole"}
    objects, _, pairs = read(tmp_path, [source], size=128, near_duplicates=0.4)
    found = {frozenset((a[-2:], b[-2:])) for a, b in zip(pairs["id_a"], pairs["id_b"], strict=True)}
    assert found == {frozenset(p) for p in (("11", "33"), ("01", "32"), ("21", "31"), ("22", "30"))}
    assert pairs["correlation"].between(0.45, 0.65).all()
    assert objects["group"].nunique() == 12
