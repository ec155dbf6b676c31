"""Every mistake in the config or the table of runs is named before anything is computed."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from morphoflow.plan.config import (
    FOLDERS,
    MODALITIES,
    check_compared,
    check_recommended,
    datasets_of,
)
from morphoflow.plan.files import cell_files, neuron_files
from morphoflow.plan.models import read_models, recommended, settings_of, with_shared
from morphoflow.plan.runs import Run, check_applied, check_sizes, read_runs, runs_of_datasets
from morphoflow.schema import complete
from places import CONFIG

HEAD = "dataset\tmodel\tvariant\tseed\n"
MODELS = {
    "walker": {"modality": "neurons", "variants": {"default": None, "quick": {"epochs": 1}}},
    "voxels": {"modality": "organelles", "variants": {"default": {}}},
}
DATASETS = {"toy_neurons": "neurons"}


SHARED = {"epochs": {"type": "integer", "minimum": 0, "default": 9, "description": "Passes."}}
CARDS = Path("config/models")


def runs(tmp_path, rows: str, head: str = HEAD):
    (tmp_path / "runs.tsv").write_text(head + rows)
    return read_runs(tmp_path / "runs.tsv", DATASETS, MODELS)


def test_rows_are_read(tmp_path):
    (run,) = runs(tmp_path, "toy_neurons\twalker\tquick\t3\n")
    assert run.folder == "toy_neurons/walker/quick/seed3"
    assert run.device == "auto"


def test_a_row_may_choose_a_device_which_makes_no_other_run_of_it(tmp_path):
    head = HEAD.replace("seed", "seed\tdevice")
    rows = "toy_neurons\twalker\tquick\t{}\t{}\n"
    first, second = runs(tmp_path, rows.format(3, "gpu") + rows.format(4, ""), head)
    assert (first.device, second.device) == ("gpu", "auto")
    with pytest.raises(ValueError, match="twice"):
        runs(tmp_path, rows.format(3, "gpu") + rows.format(3, "cpu"), head)
    with pytest.raises(ValueError, match="row 1: device 'gpus' is not in auto, cpu, gpu"):
        runs(tmp_path, rows.format(3, "gpus"), head)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("toy_neuron\twalker\tquick\t0", "row 1: dataset 'toy_neuron'.*mean 'toy_neurons'"),
        ("toy_neurons\twalk\tquick\t0", "model 'walk'.*mean 'walker'"),
        ("toy_neurons\twalker\tfast\t0", "variant 'fast'.*known are: default, quick"),
        ("toy_neurons\twalker\tquick\t-1", "seed '-1'"),
        ("toy_neurons\tvoxels\tdefault\t0", "for organelles.*holds neurons"),
        ("toy_neurons\twalker\tquick\t0\n" * 2, "lists toy_neurons/walker/quick/seed0 twice"),
    ],
)
def test_a_wrong_row_is_named_with_the_way_out(tmp_path, row, named):
    with pytest.raises(ValueError, match=named):
        runs(tmp_path, row)


def test_a_missing_table_folder_or_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.tsv"):
        read_runs(tmp_path / "nowhere.tsv", DATASETS, MODELS)
    nowhere, empty = str(tmp_path / "nowhere"), tmp_path / "empty"
    empty.mkdir()
    for settings, named in [
        ({"sources": [{"folder": nowhere}]}, "'mine': the folder.*nowhere.*does not exist"),
        ({"sources": [{"folder": str(empty)}]}, r"holds no neurons"),
        ({"sources": [{"card": nowhere}]}, "'mine': the dataset card"),
        ({"sources": [{"toy": "x"}], "labels": nowhere}, "'mine': the label table"),
    ]:
        with pytest.raises(ValueError, match=named):
            neuron_files("mine", settings)


def config_of(**datasets) -> dict:
    """A configuration with datasets of neurons."""
    empty = {modality: {} for modality in MODALITIES}
    return {**empty, "neurons": {name: {"seeds": [0], **each} for name, each in datasets.items()}}


def test_a_dataset_names_its_models_and_seeds():
    config = config_of(mine={"models": ["density", "walk_transformer/untrained"], "seeds": [1, 2]})
    runs = runs_of_datasets(config, read_models(CARDS), [])
    assert [run.folder for run in runs] == [
        "mine/density/default/seed1",
        "mine/density/default/seed2",
        "mine/walk_transformer/untrained/seed1",
        "mine/walk_transformer/untrained/seed2",
    ]


def test_a_dataset_that_names_none_gets_what_cards_recommend_and_one_with_rows_its_rows():
    models = read_models(CARDS)
    listed = [Run("listed", "morphvae", "default", 3)]
    config = config_of(mine={}, listed={}, none={"models": []})
    runs = runs_of_datasets(config, models, listed)
    assert runs[0] == listed[0] and {run.dataset for run in runs} == {"listed", "mine"}
    mine = {(run.model, run.variant) for run in runs if run.dataset == "mine"}
    assert {("morphometry", "default"), ("walk_transformer", "untrained")} <= mine
    assert all(models[model]["modality"] == "neurons" for model, _ in mine)
    for modality in MODALITIES:
        kinds = {models[each.split("/")[0]]["trained"] for each in recommended(models, modality)}
        assert kinds == {True, False}, "a baseline beside a trained model"


@pytest.mark.parametrize(
    ("model", "size", "changes", "sentence"),
    [
        ("flow", 64, {}, None),
        (
            "flow",
            16,
            {"widths": [8] * 6},
            "widths. has 6 levels, .* multiple of 32 pixels and is 16",
        ),
        ("progressive_gan", 512, {}, None),
        ("progressive_gan", 64, {"widths": [8, 8]}, "has 2 numbers and images of 64 .* 3 stages"),
        ("progressive_gan", 48, {}, "48 pixels wide and a progressive GAN grows by doubling"),
    ],
)
def test_images_that_a_model_cannot_learn_are_refused_before_any_job(
    model, size, changes, sentence
):
    models = read_models(CARDS)
    models[model]["variants"]["mine"] = changes
    dendrites = {"arbors": {"images": {"size": size}}}
    runs = [Run("arbors", model, "mine", 0), Run("arbors", "arbor_statistics", "default", 0)]
    if sentence is None:
        check_sizes(runs, dendrites, models)
        return
    with pytest.raises(ValueError, match=f"arbors/{model}/mine/seed0: .*{sentence}"):
        check_sizes(runs, dendrites, models)


def test_a_trained_model_is_recommended_with_its_untrained_twin():
    trained = {name: card for name, card in read_models(CARDS).items() if card["trained"]}
    recommending = {name for name, card in trained.items() if card["recommended"]}
    assert recommending
    assert all("untrained" in trained[name]["recommended"] for name in recommending)


@pytest.mark.parametrize(
    ("member", "named"),
    [
        ("densty", "mine 'density'|mean 'density'"),
        ("density/big", "variant 'big'"),
        ("o2vae", "is for cells"),
    ],
)
def test_a_wrong_model_of_a_dataset_is_named(member, named):
    with pytest.raises(ValueError, match=named) as error:
        runs_of_datasets(config_of(mine={"models": [member]}), read_models(CARDS), [])
    assert "neurons.mine.models" in str(error.value)


def test_neurons_are_found_in_folders_of_any_depth(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.swc", "a/b/y.SWC", "a/z.txt"):
        (tmp_path / name).touch()
    found = neuron_files("mine", {"sources": [{"folder": str(tmp_path)}]})
    assert [Path(path).name for path in found["swc"]] == ["y.SWC", "x.swc"]


SCHEMA = {
    "additionalProperties": False,
    "properties": {
        "walks": {
            "additionalProperties": False,
            "default": {},
            "properties": {
                "number": {"type": "integer", "default": 256},
                "children": {"enum": ["uniform", "tips"], "default": "uniform"},
            },
        }
    },
}


def test_defaults_are_filled_in_at_every_depth_and_not_shared():
    first, second = complete({}, SCHEMA, "c"), complete({}, SCHEMA, "c")
    assert first == {"walks": {"number": 256, "children": "uniform"}}
    assert complete({"walks": {"number": 3}}, SCHEMA, "c")["walks"]["number"] == 3
    first["walks"]["number"] = 0
    assert second["walks"]["number"] == 256


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"walk": {}}, "the config: there is no key 'walk'; did you mean 'walks'?"),
        ({"walks": {"zzz": 1}}, "the config, walks: there is no key 'zzz'; known are: .*number"),
        ({"walks": {"number": "3"}}, "the config, walks.number: '3' is not of type 'integer'"),
        ({"walks": {"children": "tip"}}, "walks.children: 'tip' is not one of"),
    ],
)
def test_a_fault_is_one_sentence_with_place_and_value(value, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        complete(value, SCHEMA, "the config")
    assert "\n" not in str(raised.value)


def write_model(tmp_path, **changes):
    text = {
        "description": "d",
        "modality": "neurons",
        "form": "walks",
        "code": "walk_transformer/model.py",
        "capabilities": ["exportable"],
        "trained": True,
        "settings": {"epochs": {"type": "integer", "minimum": 0, "default": 9}},
        "variants": {"default": {}, "quick": {"epochs": 1}},
    } | changes
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "walker.yaml").write_text(yaml.safe_dump(text))
    (tmp_path / "schemas").symlink_to(CONFIG / "schemas")
    return read_models(folder)


def test_a_variant_changes_the_defaults(tmp_path):
    models = write_model(tmp_path)
    assert settings_of(models, "walker", "default") == {"epochs": 9}
    assert settings_of(models, "walker", "quick") == {"epochs": 1}


@pytest.mark.parametrize(
    ("variant", "named"),
    [({"epoch": 1}, "epoch"), ({"epochs": -1}, "epochs: -1"), ({"epochs": "3"}, "'3'")],
)
def test_a_wrong_variant_is_named(tmp_path, variant, named):
    with pytest.raises(ValueError, match=rf"walker\.yaml, variant 'bad'.*{named}"):
        write_model(tmp_path, variants={"default": {}, "bad": variant})


def test_the_files_of_cells_are_found_and_those_that_are_missing_are_named(tmp_path):
    for name in ("images/a/x.tif", "images/y.tif", "masks/y.tif", "crops.npy", "s.zarr/zarr.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    images, masks = str(tmp_path / "images"), str(tmp_path / "masks")
    store, crops = str(tmp_path / "s.zarr"), str(tmp_path / "crops.npy")
    sources = [{"images": images, "masks": masks}, {"arrays": store}, {"arrays": crops}]
    found = cell_files("mine", {"sources": sources, "labels": crops})
    names = [Path(path).name for path in found["files"]]
    assert names == ["x.tif", "y.tif", "y.tif", "s.zarr", "crops.npy"]
    assert found["labels"] == [crops]
    for source, named in [
        ({"images": images, "masks": "nowhere"}, "'mine': 'nowhere' does not exist.*`masks`"),
        ({"arrays": crops, "array_labels": "none.npy"}, "'none.npy' .*`array_labels`"),
        ({"card": "none.yaml"}, "the dataset card 'none.yaml'"),
    ]:
        with pytest.raises(ValueError, match=named):
            cell_files("mine", {"sources": [source]})


def test_a_shared_setting_is_as_written_but_for_what_the_card_says():
    card = {"epochs": {"shared": "epochs"}, "more": {"shared": "epochs", "default": 3}}
    whole = with_shared(card, SHARED, "card")
    assert whole == {"epochs": SHARED["epochs"], "more": SHARED["epochs"] | {"default": 3}}
    assert "shared" in card["epochs"] and SHARED["epochs"]["default"] == 9


def test_a_misspelt_reference_or_a_setting_without_default_is_one_sentence():
    with pytest.raises(ValueError, match=r"^card, settings\.n: shared setting 'epoch'.*'epochs'"):
        with_shared({"n": {"shared": "epoch"}}, SHARED, "card")
    with pytest.raises(ValueError, match=r"^card, settings\.n has no `default`"):
        with_shared({"n": {"type": "integer"}}, SHARED, "card")


def test_a_misspelt_key_of_a_setting_is_one_sentence(tmp_path):
    schemas = tmp_path / "schemas"
    shutil.copytree(CARDS.parent / "schemas", schemas)
    text = (CARDS / "density.yaml").read_text()
    (tmp_path / "models").mkdir()
    (tmp_path / "models/density.yaml").write_text(text.replace("{shared:", "{shard:"))
    with pytest.raises(ValueError, match=r"settings\.variance: there is no key 'shard'.*'shared'"):
        read_models(tmp_path / "models")


def test_a_setting_of_an_unknown_type_is_one_sentence():
    card = {"variants": {"v": {}}, "settings": {"n": {"type": "numbdr", "default": 1}}}
    with pytest.raises(ValueError, match=r"m\.yaml, variant 'v': .*properties\.n\.type: 'numbdr'"):
        settings_of({"m": card}, "m", "v")


def test_no_setting_is_written_twice_and_each_shared_one_is_shared():
    cards = {path.stem: yaml.safe_load(path.read_text()) for path in CARDS.glob("*.yaml")}
    settings = [own for card in cards.values() for own in card["settings"].values()]
    written = [json.dumps(own, sort_keys=True) for own in settings if "shared" not in own]
    assert [one for one in written if written.count(one) > 1] == []
    shared = yaml.safe_load((CARDS.parent / "schemas/settings.schema.yaml").read_text())
    named = [own["shared"] for own in settings if "shared" in own]
    assert {name: named.count(name) for name in shared if named.count(name) < 2} == {}
    said_twice = [
        (own, key)
        for own in settings
        for key in own
        if "shared" in own and shared[own["shared"]].get(key) == own[key]
    ]
    assert said_twice == []


@pytest.mark.parametrize(
    ("applied", "said"),
    [
        ({"none": ["a/m/default"]}, "dataset 'none'"),
        ({"b": ["a/m/other"]}, "run 'a/m/other'"),
        ({"a": ["a/m/default"]}, "trained on this very dataset"),
        ({"c": ["a/m/default"]}, "trained on cells, but 'c' holds neurons"),
    ],
)
def test_a_model_is_applied_to_another_dataset_of_its_kind(applied, said):
    datasets, models = {"a": "cells", "b": "cells", "c": "neurons"}, {"m": {"form": "crops"}}
    runs = [Run("a", "m", "default", 0)]
    check_applied({"b": ["a/m/default"]}, datasets, models, runs)
    with pytest.raises(ValueError, match=said):
        check_applied(applied, datasets, models, runs)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"neurons": {"a": {}}, "cells": {"a": {}}}, "'a' under neurons and under cells"),
        ({"cells": {"report": {}}}, "'report' is that of another folder in results"),
        ({"dendrites": {"a" * 65: {}}}, "too long"),
    ],
)
def test_names_of_datasets_that_would_share_a_folder_are_refused(config, said):
    kinds = {kind: {} for kind in MODALITIES}
    with pytest.raises(ValueError, match=said):
        datasets_of(kinds | config)
    assert datasets_of(kinds | {"neurons": {"b": {}}}) == {"b": "neurons"}


def test_no_folder_of_results_can_be_one_of_a_dataset():
    rules = "".join(file.read_text() for file in (CONFIG.parent / "rules").glob("*.smk"))
    assert {*re.findall(r'"results/([a-z_]+)[/"]', rules)} == {*FOLDERS}


def test_the_recommended_clustering_is_one_that_is_used():
    check_recommended({"recommended": "stable", "methods": ["kmeans"]})
    with pytest.raises(ValueError, match=r"method 'dbscan' is not in clusters\.methods"):
        check_recommended({"recommended": "dbscan", "methods": ["kmeans"]})


@pytest.mark.parametrize(("folder", "taken"), [("a{x}b", "{x}"), ("{ y , .+ }", "{ y , .+ }")])
def test_paths_in_which_snakemake_sees_wildcards_are_refused(tmp_path, folder, taken):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.swc").write_text("")
    with pytest.raises(ValueError, match=re.escape(f"Snakemake takes '{taken}' in the path")):
        neuron_files("mine", {"sources": [{"folder": str(tmp_path / folder)}]})


def test_other_braces_in_paths_are_letters_like_others(tmp_path):
    (tmp_path / "a{}{b c}}{").mkdir()
    (tmp_path / "a{}{b c}}{" / "a.swc").write_text("")
    found = neuron_files("mine", {"sources": [{"folder": str(tmp_path / "a{}{b c}}{")}]})
    assert len(found["swc"]) == 1


def test_groups_are_compared_of_datasets_and_by_tables_that_there_are(tmp_path):
    table = tmp_path / "animals.csv"
    with pytest.raises(ValueError, match="compare: dataset 'toy' is not in the config"):
        check_compared({"toy": {"table": None}}, DATASETS)
    with pytest.raises(ValueError, match=r"compare\.toy_neurons: the table '.*' does not exist"):
        check_compared({"toy_neurons": {"table": str(table)}}, DATASETS)
    table.touch()
    check_compared({"toy_neurons": {"table": str(table)}}, DATASETS)
