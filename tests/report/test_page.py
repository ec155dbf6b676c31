"""The front page: what it says and shows, on small results; escaping, empty and large ones."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from morphoflow.figures.of_run import FIGURES
from morphoflow.plan.config import read_config
from morphoflow.plan.models import read_models, read_yaml
from morphoflow.report.page import MOST_SHOWN, OF_DATASET, OF_RUN, Captions, Sources, write_page
from morphoflow.tables import write_table
from places import ROOT
from small_results import write_results

CONFIG = {
    "cells": {"discs": {"sources": [{"images": "i", "masks": "m"}]}},
    "compare": {"discs": {"reference": "round"}},
}


def sources(results, config=CONFIG) -> Sources:
    schema = ROOT / "config/schemas/config.schema.yaml"
    return Sources(
        config | read_config(config, schema),
        read_models(ROOT / "config/models"),
        read_yaml(ROOT / "resources/bibliography.yaml"),
        ROOT / "rules/report",
        ROOT / "scripts/morphoflow/report/templates",
        results,
    )


def page_of(folder, config=CONFIG, **options) -> str:
    write_results(folder / "results", **options)
    write_page(sources(folder / "results", config), ["discs"], folder / "report")
    return (folder / "report/index.html").read_text()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return page_of(folder), folder / "report"


class Reader(HTMLParser):
    """Elements and the files that they name."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.files, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            self.files += [value] * (name in ("src", "href"))
            self.ids += [value] * (name == "id")


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_it_says_what_came_in_what_was_found_and_what_is_best(page):
    text = words(page[0])
    assert "120 cells; 2 labels: long (60), round (60)" in text
    assert "123 objects in them, of which 120 were kept." in text
    assert "12 of 120: crop clipped." in text
    assert "Best by cross-validation is shape features: balanced accuracy 0.80" in text
    assert "Not distinguishable from it: O2-VAE (demo)" in text
    assert "O2-VAE (demo), is not distinguishable from the best baseline, shape features" in text
    assert "is better than the same network without training, O2-VAE (untrained), by 0.18" in text


def test_all_that_it_names_lies_in_its_folder(page):
    text, folder = page
    reader = Reader(text)
    assert reader.files.count("../discs/atlas.html") == 1
    inside = [unquote(file) for file in reader.files if not file.startswith(("#", "../"))]
    assert len(inside) > 10
    assert [file for file in inside if not (folder / file).is_file()] == []
    anchors = {file[1:] for file in reader.files if file.startswith("#")}
    assert anchors <= set(reader.ids)


def test_no_request_leaves_the_page(page):
    loaded = [part for part in ("http://", "https://", "url(", "@import") if part in page[0]]
    assert loaded == []


def test_what_differs_between_groups_is_said_and_listed(page):
    text = words(page[0])
    assert (
        "long beside round (label): 1 of 2 measures and 0 of 2 shares of clusters differ." in text
    )
    assert "60 and 60 objects, each for itself. Most: area (+1.00, +1.00 to +1.00)." in text
    assert "cluster 0 of shape features" in text
    assert (page[1] / "tables/discs_differences.csv").is_file()


def test_tables_to_download_are_those_of_the_results(page):
    folder = page[1] / "tables"
    csv, parquet = (folder / f"discs_ranking.{ending}" for ending in ("csv", "parquet"))
    pd.testing.assert_frame_equal(
        pd.read_csv(csv), pd.read_parquet(parquet), check_dtype=False, rtol=1e-9
    )


def test_works_are_cited_by_number_and_only_those_of_what_ran(page):
    text = re.search(r'<p class="paste">(.*?)</p>', page[0], re.S)[1]
    listed = re.search(r'<ol class="references">(.*?)</ol>', page[0], re.S)[1]
    assert re.search(r"O2-VAE \(demo\) \[\d+(, \d+)+\]", text) and "Burgess" in listed
    assert "MorphVAE" not in listed and "[@" not in text
    cited = [int(n) for part in re.findall(r"\[([\d, ]+)\]", text) for n in part.split(",")]
    assert set(cited) == set(range(1, listed.count("<li>") + 1))
    firsts = list(dict.fromkeys(cited))
    assert firsts == sorted(firsts)


def test_every_card_cites_works_that_are_in_the_bibliography():
    known = read_yaml(ROOT / "resources/bibliography.yaml")
    cited = {key for card in read_models(ROOT / "config/models").values() for key in card["cites"]}
    assert cited and cited <= set(known)


def test_ids_and_labels_with_html_in_them_are_text(tmp_path):
    evil = "<script>alert(1)</script>"
    plain = Reader(page_of(tmp_path / "plain", label="round")).tags
    text = page_of(tmp_path / "evil", label=evil)
    assert evil not in text and "&lt;script&gt;" in text
    assert Reader(text).tags == plain


def test_one_object_without_a_label_has_a_page(tmp_path):
    text = words(page_of(tmp_path, {"cells": CONFIG["cells"]}, n=1))
    assert "1 cell; without labels" in text and "No order can be given" in text


def test_every_figure_of_the_workflow_has_a_section_and_a_caption():
    assert sorted(FIGURES) == sorted(name for names in OF_RUN.values() for name in names)
    captions = Captions(ROOT / "rules/report")
    run = {"dataset": "d", "model": "m", "variant": "v", "seed": 3}
    for name in FIGURES:
        assert len(captions.of(name, **run).striptags()) > 50, name
    for name in OF_DATASET:
        caption = captions.of(name, dataset="d")
        assert "<strong>d</strong>" in caption or len(caption) > 50, name


def test_a_caption_reads_no_file_and_keeps_no_html(tmp_path):
    (tmp_path / "a.rst").write_text(".. include:: /etc/hostname\n\n.. raw:: html\n\n   <b>x</b>\n")
    assert "<b>" not in Captions(tmp_path).of("a", dataset="d")


def test_the_crate_describes_every_file(page):
    folder = page[1]
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    about = entities["ro-crate-metadata.json"]
    assert about["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parts = {part["@id"] for part in entities["./"]["hasPart"]}
    assert parts == files - {"ro-crate-metadata.json"} and parts <= set(entities)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", entities["./"]["datePublished"])


def test_equal_results_give_equal_pages_on_the_day_that_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(60 * 60 * 24 * 365))
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        page_of(Path())
        files = [path for path in Path("report").rglob("*") if path.is_file()]
        made.append({path: path.read_bytes() for path in files})
    assert made[0] == made[1] and len(made[0]) > 10
    graph = json.loads(made[0][Path("report/ro-crate-metadata.json")])["@graph"]
    assert {entity.get("datePublished") for entity in graph} == {None, "1971-01-01"}


@pytest.mark.parametrize(("fold", "shown"), [(1.2, True), (5.0, False)])
def test_neurons_that_are_several_times_too_large_or_small_are_not_shown(tmp_path, fold, shown):
    write_results(tmp_path / "results")
    run = tmp_path / "results/discs/o2vae/demo/seed0"
    for ending in ("svg", "png"):
        shutil.copy(run / f"figures/maps.{ending}", run / f"figures/generated_neurons.{ending}")
    scores = pd.DataFrame({"score": ["largest_fold"], "value": [fold]})
    write_table(run / "tree_realism_scores.parquet", scores, {})
    write_page(sources(tmp_path / "results"), ["discs"], tmp_path / "report")
    page = (tmp_path / "report/index.html").read_text()
    files = [*(tmp_path / "report").rglob("*generated_neurons*")]
    assert ("generated_neurons" in page) == bool(files) == shown


def test_of_many_models_all_are_in_the_table_and_the_best_have_figures(tmp_path):
    names = [("o2vae", f"v{i}") for i in range(MOST_SHOWN + 4)]
    models = {name: 10 + 2 * i for i, name in enumerate(names)}
    place = sources(tmp_path / "results")
    place.models["o2vae"]["variants"] |= {variant: {} for _, variant in models}
    write_results(tmp_path / "results", mistaken=models)
    write_page(place, ["discs"], tmp_path / "report")
    text = (tmp_path / "report/index.html").read_text()
    assert text.count('<details class="run"') == MOST_SHOWN
    assert text.count('<span class="kind trained">') == len(models)
    assert f"Figures of the {MOST_SHOWN} best of {len(models)}" in words(text)
