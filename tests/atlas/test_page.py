"""What goes into an atlas: pictures where there is room, names as texts, nothing from outside."""

import base64
import io
import re
import uuid

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from PIL import Image

from draw_atlas import mask_links, swc_links
from morphoflow.atlas import thumbnails
from morphoflow.atlas.page import atlas, same_each_time
from morphoflow.atlas.thumbnails import SIDE, SIDES, Sheet, sheet_of_crops, sheet_of_neurons
from morphoflow.store import write_samples
from synthetic_neurons import small_forest

EVIL = "</script><script>alert(1)</script>"


def pixels(sheet: Sheet) -> np.ndarray:
    content = base64.b64decode(sheet.url.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture
def crops(tmp_path):
    """A store of five flat crops, each brighter than the one before."""
    ids = [f"c{i}" for i in range(5)]
    x = np.ones((5, 1, 8, 16), np.float32) * np.linspace(0, 1, 5)[:, None, None, None]
    axes, facts = ["object", "channel", "y", "x"], {"channels": ["a"]}
    write_samples(tmp_path / "c.zarr", ids, x, axes=axes, units="", facts=facts, provenance={})
    return tmp_path / "c.zarr"


def test_each_object_has_its_own_picture_in_its_own_place(crops):
    sheet = sheet_of_crops(crops, np.array(["c4", "none", "c0"], dtype=object))
    assert sheet.place.tolist() == [0, -1, 1]
    drawn = pixels(sheet)
    assert drawn.shape == (SIDE, 2 * SIDE, 3) and sheet.side == SIDE
    assert drawn[4, 4].min() > 240 and drawn[4, SIDE + 4].max() < 15
    assert drawn[SIDE // 2 + 4, 4].max() < 15  # a crop twice as wide as high keeps its shape


def test_of_too_many_objects_an_even_sample_has_pictures(crops, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST", 3)
    sheet = sheet_of_crops(crops, np.array([f"c{i}" for i in range(5)], dtype=object))
    assert sheet.place.tolist() == [0, -1, 1, -1, 2]


def test_neurons_are_drawn_and_objects_without_any_picture_are_none(tmp_path):
    forest = small_forest(3)
    forest.write(tmp_path / "t.zarr", provenance={})
    sheet = sheet_of_neurons(tmp_path / "t.zarr", forest.ids[::-1])
    drawn = pixels(sheet)
    side = SIDES[0]
    assert drawn.shape == (side, 3 * side, 3) and sheet.side == side
    assert all(drawn[:, k * side : (k + 1) * side].max() > 100 for k in range(3))
    assert sheet_of_neurons(tmp_path / "t.zarr", np.array(["x"], dtype=object)).url == ""


@pytest.mark.parametrize(
    ("number", "pixels", "side"),
    [(200, 512, 256), (200, 100, 64), (1000, 512, 128), (10**5, 64, 64)],
)
def test_pictures_are_as_large_as_there_is_room_and_they_have_pixels(number, pixels, side):
    assert thumbnails._side(number, pixels) == side


def test_links_lead_to_files_of_neurons_and_to_organelles_in_their_volume(tmp_path):
    assert swc_links(np.array(["L2/3 a", "b"])).addresses == ["swc/L2%252F3%20a.swc", "swc/b.swc"]
    rows = pd.DataFrame({"id": ["2", "1"], "neuroglancer": ["https://n/#!2", "https://n/#!1"]})
    rows.to_csv(tmp_path / "objects.csv", index=False)
    links = mask_links(tmp_path, np.array(["1", "3"], dtype=object))
    assert links.addresses == ["https://n/#!1", ""]
    rows[["id"]].to_csv(tmp_path / "objects.csv", index=False)
    assert mask_links(tmp_path, np.array(["1"], dtype=object)) is None


def a_run(n: int, label: str | None = "a") -> AnnData:
    obs = pd.DataFrame(index=[f"{EVIL}{i}" for i in range(n)])
    if label is not None:
        obs["label"] = pd.Categorical([label] * n)
    run = AnnData(X=np.ones((n, 1), np.float32), obs=obs, var=pd.DataFrame(index=["area_um2"]))
    run.obsm["X_pca"] = np.zeros((n, 2), np.float32)
    return run


@pytest.mark.parametrize(("n", "label"), [(1, "a"), (3, None), (3, EVIL)])
def test_one_object_and_none_with_labels_make_a_page_that_names_cannot_leave(n, label):
    html = atlas(EVIL, {EVIL: a_run(n, label)}, Sheet(np.full(n, -1, np.int32), ""))
    assert EVIL not in html
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=.https?:", html)


def test_parts_bear_the_same_names_each_time_and_objects_their_own():
    mine = str(uuid.uuid4())
    first, second = (
        f'<div id="{one}"></div><script id="{two}">{{"ids":["{mine}"]}}</script>'
        f'getElementById("{two}"); draw([{{"docid":"{one}"}}])'
        for one, two in ((str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(2))
    )
    assert first != second and same_each_time(first) == same_each_time(second)
    assert same_each_time(first).count(mine) == 1
