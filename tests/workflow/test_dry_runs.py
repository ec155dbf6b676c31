"""What a dry run must show: every target under every profile, GPUs, and mistakes by name."""

import re

import pandas as pd
import pytest
import yaml

from morphoflow.plan.config import MODALITIES
from morphoflow.reference import pages
from places import ROOT
from workflow import CONFIG, RUNS, Workflow

TARGETS = [
    "all",
    "demo",
    "neurons",
    "cells",
    "organelles",
    "dendrites",
    "masks",
    "registered",
    "samples",
    "models",
    "embeddings",
    "model_cards",
    "exported",
    "applied",
    "retrained",
    "clusters",
    "figures",
    "report",
    "sweeps",
    "experiments",
    "stacks",
    "generated_neurons",
    "exported",
    "retrained",
]
PROFILES = sorted(path.name for path in (ROOT / "profiles").iterdir() if path.name != "default")


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    return Workflow(tmp_path_factory.mktemp("dry"))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_target_is_planned_under_every_profile(workflow, profile):
    planned = workflow.planned(*TARGETS, profile=profile)
    assert set(TARGETS) <= set(planned)
    stages = {"train", "analyse_embedding", "draw_run", "write_masks", "generate_images"}
    assert stages | {"export_model", "retrain_in_folds"} <= set(planned)


def jobs_of_the_demo(workflow, *options) -> int:
    out = workflow.snakemake("--dry-run", "demo", *options, config="config/config.yaml").stdout
    for dataset in ("real_neurons", "toy_neurons", "osteosarcoma", "nuclei", "phantom", "class_iv"):
        assert dataset in out
    return int(re.search(r"^total +(\d+)", out, re.M).group(1))


def test_the_demo_has_few_jobs_and_all_its_models_have_more(workflow):
    few = jobs_of_the_demo(workflow)
    assert few <= 120
    assert few < jobs_of_the_demo(workflow, "--config", "runs=config/all_models.tsv") <= 260


def test_whatever_the_demo_trains_it_also_leaves_untrained():
    tables = [pd.read_table(ROOT / f"config/{name}.tsv") for name in ("runs", "all_models")]
    few, many = ({tuple(row) for row in table.astype(str).to_numpy()} for table in tables)
    assert few < many
    trained = {row[:2] for row in many if row[2].startswith("demo")}
    assert trained == {row[:2] for row in many if row[2] == "untrained"}


def gpus(workflow, *options) -> dict[str, set[str]]:
    """The GPUs that the jobs of each rule ask for."""
    line = ("--dry-run", "--forceall", "all", *options)
    out = workflow.snakemake(*line, profile="slurm").stdout
    asked = {}
    for rule, text in re.findall(r"^ *(?:local)?rule (\w+):\n(.*?)\n\n", out, re.M | re.S):
        asked.setdefault(rule, set()).update(re.findall(r"\bgpu=(\d+)", text) or {"0"})
    return asked


def test_small_trainings_and_what_uses_trained_networks_ask_for_no_gpu(workflow):
    assert set().union(*gpus(workflow).values()) == {"0"}


def test_a_row_of_the_table_of_runs_asks_for_a_gpu_for_its_training_alone(workflow):
    table = workflow.folder / "runs.tsv"
    before = table.read_text()
    head, first, *rows = before.splitlines()
    others = [f"{row}\t" for row in rows]
    table.write_text("\n".join([f"{head}\tdevice", f"{first}\tgpu", *others, ""]))
    try:
        asked = gpus(workflow)
    finally:
        table.write_text(before)
    assert asked.pop("train") == {"0", "1"}
    assert set().union(*asked.values()) == {"0"}


def test_only_jobs_that_run_networks_ask_for_a_gpu(workflow):
    asked = gpus(workflow, "--config", "devices={training: gpu, inference: gpu}")
    assert asked.pop("train") == {"1"}
    for rule in ("embed", "embed_and_decode", "generate_images", "generate_trees", "probe_walks"):
        assert asked.pop(rule) == {"1"}
    assert asked.pop("measure_realism") == {"1"}
    assert set().union(*asked.values()) == {"0"}


def test_every_rule_is_described_and_every_job_has_its_directives(workflow):
    listed = workflow.snakemake("--list-rules").stdout
    for rules in [*sorted((ROOT / "rules").glob("*.smk")), ROOT / "Snakefile"]:
        for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", rules.read_text(), re.M):
            assert '"""' in body, f"rule {name} has no description"
            assert name in listed
            if "shell:" in body:
                for directive in ("log:", "benchmark:", "conda:", "threads:", "resources:"):
                    assert f"    {directive}" in body, f"rule {name} has no {directive}"
                assert "script=entry(" in body or name == "report"


def test_lint_finds_nothing(workflow):
    assert "Congratulations" in workflow.snakemake("--lint").stdout


MISTAKES = {
    "a typo in a key": (
        CONFIG.replace("walks:", "walk:"),
        RUNS,
        ["neurons.tiny", "'walk'; did you mean 'walks'?"],
    ),
    "a wrong type": (CONFIG.replace("number: 8", "number: many"), RUNS, ["'many'", "number"]),
    "a wrong choice": (CONFIG.replace("kmeans", "k-means"), RUNS, ["k-means"]),
    "an unknown dataset": (
        CONFIG,
        RUNS.replace("tiny\tmorphom", "tinny\tmorphom"),
        ["row 2", "'tiny'?"],
    ),
    "an unknown variant": (
        CONFIG,
        RUNS.replace("morphometry\tdefault", "morphometry\tzz"),
        ["'zz'"],
    ),
    "a missing folder": (
        CONFIG.replace("{toy: three, per_population: 8}", "{folder: nowhere}"),
        RUNS,
        ["'nowhere' does not exist", "`folder`"],
    ),
    "a path that is too long": (
        CONFIG.replace("runs: runs.tsv", f"runs: {'x' * 300}"),
        RUNS,
        ["cannot be read", "correct the path"],
    ),
    "a name for two datasets": (
        CONFIG.replace("  discs:", "  tiny:"),
        RUNS,
        ["'tiny' under neurons and under cells"],
    ),
    "a missing card": (
        CONFIG.replace("{toy: three, per_population: 8}", "{card: nowhere.yaml}"),
        RUNS,
        ["nowhere.yaml"],
    ),
    "two kinds of source in one": (
        CONFIG.replace("{toy: three,", "{toy: three, folder: config,"),
        RUNS,
        ["sources.0", "One of"],
    ),
    "a missing folder of masks": (
        CONFIG.replace("cells/masks", "cells/mask"),
        RUNS,
        ["'discs': 'cells/mask' does not exist", "`masks`"],
    ),
    "images without masks": (
        CONFIG.replace(", masks: cells/masks", ""),
        RUNS,
        ["cells.discs.sources.0", "`images` (with `masks`)"],
    ),
    "a model of another kind of data": (
        CONFIG,
        RUNS.replace("discs\to2vae\ttiny", "tiny\to2vae\ttiny"),
        ["model 'o2vae' is for cells", "holds neurons"],
    ),
    "a missing volume": (
        CONFIG.replace("phantom: {shape:", "em: none.zarr\n    labels: no.zarr\n    #"),
        RUNS,
        ["'shapes': 'none.zarr' does not exist", "`em`"],
    ),
    "an EM volume without labels": (
        CONFIG.replace("phantom: {shape:", "em: cells\n    #"),
        RUNS,
        ["organelles.shapes", "Either `labels`"],
    ),
    "an unknown part of a combination": (
        CONFIG.replace("features/default: 1", "features/standard: 1"),
        RUNS,
        ["combinations.form_and_points", "'standard'"],
    ),
    "an unknown simulation": (
        CONFIG.replace("repeats: 4, images", "simulated: arbor, repeats: 4, images"),
        RUNS,
        ["dendrites.arbors.realism.simulated", "'arbor'", "'arbors'?"],
    ),
    "a missing label table": (
        CONFIG.replace("    walks:", "    labels: none.csv\n    walks:"),
        RUNS,
        ["none.csv"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_stops_before_any_job_and_is_named(workflow, mistake):
    config, runs, named = MISTAKES[mistake]
    assert (config, runs) != (CONFIG, RUNS)
    (workflow.folder / "bad.yaml").write_text(config.replace("runs.tsv", "bad.tsv"))
    (workflow.folder / "bad.tsv").write_text(runs)
    done = workflow.snakemake("all", check=False, config="bad.yaml")
    assert done.returncode != 0
    for part in named:
        assert part in done.stdout
    assert "Traceback" not in done.stdout and not (workflow.folder / "results/tiny").exists()


def test_the_pages_of_the_configuration_are_up_to_date():
    made = pages(ROOT / "config")
    assert {path.name for path in (ROOT / "config").glob("*.md")} == set(made)
    for name, text in made.items():
        assert (ROOT / "config" / name).read_text() == text, f"{name}: say `make reference`"


def test_a_page_of_each_kind_of_data_begins_with_an_example_and_has_every_key():
    schema = yaml.safe_load((ROOT / "config/schemas/config.schema.yaml").read_text())
    for kind in MODALITIES:
        text = pages(ROOT / "config")[f"{kind}.md"]
        example = (ROOT / f"config/examples/{kind}.yaml").read_text()
        assert text.index(example) < text.index("## Models") < text.index("## All keys")
        keys = schema["properties"][kind]["additionalProperties"]["properties"]
        assert [key for key in keys if f"\n| `{key}` |" not in text] == []


def test_the_top_level_is_as_agreed():
    folders = {"rules", "scripts", "envs", "config", "resources", "results", "tests", "profiles"}
    files = {"Snakefile", "README.md", "LICENSE", "Makefile", "pyproject.toml"}
    files |= {"CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff"}
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    # What `pip install .` leaves behind is not the project's.
    assert visible - {"build", "dist"} == folders | files
