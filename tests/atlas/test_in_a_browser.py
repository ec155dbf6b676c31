"""The atlas in a headless browser; skipped without playwright and a Chromium."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from morphoflow.store import write_samples

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")
N = 60
EVIL = '<img src=x onerror="window.hacked=1">'


def a_run(ids: list[str], seed: int) -> AnnData:
    """Two groups of objects far apart in every map."""
    generator, kind = np.random.default_rng(seed), np.arange(N) % 2
    label = pd.Categorical(np.array(["<i>thin</i>", "wide"])[kind])
    obs = pd.DataFrame({"label": label, "clusters": pd.Categorical(kind.astype(str))}, index=ids)
    obs["group"] = pd.Categorical(["g"] * N)
    features = generator.normal(size=(N, 2)).astype(np.float32)
    features[:, 0] += 100 * kind
    run = AnnData(X=features, obs=obs, var=pd.DataFrame(index=["area_um2", "length_um"]))
    for name in ("umap", "tsne", "pca"):
        xy = generator.normal(size=(N, 2)) + 20 * kind[:, None]
        run.obsm[f"X_{name}"] = xy.astype(np.float32)
    return run


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    from morphoflow.atlas.page import Links, atlas
    from morphoflow.atlas.thumbnails import sheet_of_crops

    folder = tmp_path_factory.mktemp("atlas")
    ids = [EVIL, "=1+1", *(f"cell{i}" for i in range(2, N))]
    axes, facts = ["object", "channel", "y", "x"], {"channels": ["a"]}
    x = np.random.default_rng(0).uniform(size=(N, 1, 32, 32)).astype(np.float32)
    write_samples(folder / "c.zarr", ids, x, axes=axes, units="", facts=facts, provenance={})
    runs = {"one": a_run(ids, 0), "two <b>": a_run(ids, 1)}
    sheet = sheet_of_crops(folder / "c.zarr", np.array(ids, dtype=object))
    links = Links("the file", ["", *(f"swc/c%20{i}.swc" for i in range(1, N))])
    html = atlas("cells <b>", runs, sheet, links)
    (folder / "atlas.html").write_text(html, encoding="utf-8")
    return folder / "atlas.html"


@pytest.fixture
def page(page_file):
    """The page as it is opened from disk, what it asked of a network, and its errors."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1400, "height": 900})
        opened.asked, opened.wrong = [], []
        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.on("console", lambda m: opened.wrong.append(m.text) if m.type == "error" else None)
        opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
        opened.goto(page_file.as_uri())
        opened.wait_for_selector("body[data-ready=yes]")
        yield opened
        assert opened.wrong == []
        assert [url for url in opened.asked if url.startswith("http")] == []
        assert opened.evaluate("window.hacked") is None
        browser.close()


def lasso(page) -> None:
    """Draw around the lower left of the map, where the first group is."""
    box = page.locator("#map").bounding_box()
    x, y, w, h = (box[key] for key in ("x", "y", "width", "height"))
    corners = [(0.05, 0.95), (0.05, 0.5), (0.5, 0.5), (0.5, 0.95)]
    page.mouse.move(x + 0.05 * w, y + 0.95 * h)
    page.mouse.down()
    for across, down in [*corners[1:], corners[0]]:
        page.mouse.move(x + across * w, y + down * h, steps=8)
    page.mouse.up()


def test_a_lasso_gives_the_objects_a_summary_and_a_table(page):
    lasso(page)
    page.wait_for_selector("#selection:not([hidden])", timeout=5000)
    assert page.locator("#count").inner_text() == "30 of 60 objects"
    assert page.locator("#gallery button").count() == 30
    first = page.locator("#summary table").nth(1).locator("tr").nth(1).inner_text().split()
    assert first[0] == "area_um2" and first[-1] == "-1.00"
    with page.expect_download() as download:
        page.click("#csv")
    table = pd.read_csv(download.value.path())
    assert len(table) == 30 and EVIL in set(table["id"]) and "'=1+1" not in set(table["id"])
    page.keyboard.press("Escape")
    assert page.locator("#selection").is_hidden()


def test_names_are_texts_and_a_formula_stays_one(page):
    page.locator("#legend button").nth(1).click()
    page.wait_for_selector("#selection:not([hidden])")
    assert "<i>thin</i>" in page.locator("#legend").inner_text()
    page.locator("#gallery button").first.click()
    assert page.locator("#object td").nth(1).inner_text() == "=1+1"
    with page.expect_download() as download:
        page.click("#csv")
    assert "'=1+1" in Path(download.value.path()).read_text()


def object_shown(page) -> str:
    return page.locator("#object td").nth(1).inner_text()


def test_keys_lead_from_object_to_object_and_an_id_is_found(page):
    page.fill("#find", "CELL1")
    page.keyboard.press("Enter")
    assert page.locator("#count").inner_text() == "10 of 60 objects"
    page.locator("#clear").focus()
    page.keyboard.press("ArrowRight")
    assert object_shown(page) == "cell10"
    page.keyboard.press("ArrowLeft")
    assert object_shown(page) == "cell19"
    page.keyboard.press("Escape")
    assert page.locator("#selection").is_hidden()


def test_a_click_on_an_object_shows_it_and_leads_to_its_own_file(page):
    page.mouse.click(*place_of(page, 3))
    page.wait_for_selector("#open")
    assert object_shown(page) == "cell3" and page.locator("#object .picture").is_visible()
    assert page.get_attribute("#open", "href") == "swc/c%203.swc"
    assert page.get_attribute("#open", "rel") == "noopener"
    page.evaluate("describe(0)")
    assert page.locator("#open").count() == 0


def test_model_map_and_colour_change_what_is_drawn(page):
    where = "() => Array.from(points.data.x).slice(0, 3)"
    assert page.input_value("#colour") == "label"
    before = page.evaluate(where)
    page.select_option("#projection", "pca")
    other = page.evaluate(where)
    page.select_option("#run", "two <b>")
    assert len({str(before), str(other), str(page.evaluate(where))}) == 3
    page.select_option("#colour", "area_um2")
    assert page.locator("#scale").is_visible()


def place_of(page, row: int) -> list[float]:
    """Where on the screen an object is."""
    return page.evaluate(
        """(row) => { const view = Bokeh.index.find_one(plot), {x_scale, y_scale} = view.frame;
        const box = view.el.getBoundingClientRect(), {x, y} = points.data;
        return [box.x + x_scale.compute(x[row]), box.y + y_scale.compute(y[row])]; }""",
        row,
    )


def test_the_object_under_the_mouse_is_shown_with_its_picture(page):
    spot = place_of(page, 3)
    page.mouse.move(*spot)
    page.mouse.move(spot[0] + 1, spot[1])
    page.wait_for_selector("text=label: wide >> visible=true")
