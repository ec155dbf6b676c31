"""The named experiments: what they must hold, and that everything they ask for can be had."""

import pytest
import yaml

from morphoflow.plan.config import read_config
from morphoflow.plan.models import read_models, settings_of
from morphoflow.plan.runs import read_runs
from morphoflow.plan.sweeps import add_sweeps
from places import CONFIG, ROOT
from workflow import Workflow

FILE = CONFIG / "experiments" / "morphvae.yaml"
THIRTEEN = [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


@pytest.fixture(scope="module")
def plan():
    """The configuration with the experiments, the models, and the members of all sweeps."""
    merged = yaml.safe_load((CONFIG / "config.yaml").read_text())
    for key, value in yaml.safe_load(FILE.read_text()).items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    config = read_config(merged, CONFIG / "schemas" / "config.schema.yaml")
    models = read_models(CONFIG / "models")
    datasets = dict.fromkeys(config["neurons"], "neurons")
    return config, models, add_sweeps(config["sweeps"], datasets, models), datasets


def tried(members, setting: str) -> list:
    return list(dict.fromkeys(member.settings[setting] for member in members))


def test_every_published_experiment_is_there(plan):
    config, models, sweeps, _ = plan
    assert tried(sweeps["label_curve"], "label_fraction") == THIRTEEN
    assert set(tried(sweeps["fine_tuning"], "label_fraction")) == {0, 0.1, 0.5, 0.9, 1}
    assert len(tried(sweeps["fine_tuning"], "start_from")) == 3
    assert tried(sweeps["training_size"], "training_neurons") == [150, 300, 450, 600, 750]
    assert tried(sweeps["walk_length"], "walk_steps") == [8, 16, 32]
    assert tried(sweeps["pooling"], "pooling") == ["max", "mean", "attention"]
    assert tried(sweeps["latent"], "latent") == ["vmf", "gaussian"]
    for name in ("kappa", "latent_size", "number_of_walks", "shuffled_labels", "search"):
        assert len(sweeps[name]) >= 6
    shuffled = {name for name, of in config["neurons"].items() if "shuffle_labels" in of}
    assert shuffled & {member.run.dataset for member in sweeps["shuffled_labels"]}
    pretrained = settings_of(models, "morphvae", "pretrained")
    assert (pretrained["scale_low"], pretrained["scale_high"]) == (0.1, 3)
    for name, members in sweeps.items():
        assert len({member.run.seed for member in members}) >= 3, name


def test_no_experiment_asks_for_more_than_its_dataset_has(plan):
    config, models, sweeps, _ = plan
    for members in sweeps.values():
        for member in members:
            dataset = config["neurons"][member.run.dataset]
            settings = settings_of(models, "morphvae", member.run.variant)
            assert (settings["walks"] or 1) <= dataset["walks"]["number"]
            assert (settings["walk_steps"] or 1) <= dataset["walks"]["steps"]
            if settings["training_neurons"]:
                assert settings["training_neurons"] <= dataset["split"]["train"]
            if settings["start_from"]:
                other = config["neurons"][settings["start_from"].split("/")[0]]
                assert other["walks"]["steps"] == dataset["walks"]["steps"]


def test_the_runs_of_the_experiments_are_known_and_have_baselines(plan):
    config, models, _, datasets = plan
    runs = read_runs(ROOT / config["runs"], datasets, models)
    for dataset in ("toy", "toy_tips", "ca1"):
        found = {(run.model, run.variant) for run in runs if run.dataset == dataset}
        for baseline in ("morphometry", "density", "persistence", "pooled_walks"):
            assert (baseline, "default") in found
        assert {("morphometry", "tip_count"), ("morphvae", "untrained")} <= found


def test_fine_tuning_is_planned_with_the_training_that_it_begins_from(tmp_path):
    workflow = Workflow(tmp_path)
    target = "results/sweeps/fine_tuning/figures/sweep.svg"
    out = workflow.snakemake("--dry-run", target, config=str(FILE)).stdout
    for variant in ("pretrained", "pretrained_unsupervised"):
        for seed in range(5):
            assert f"results/toy_five/morphvae/{variant}/seed{seed}/model.pt" in out
    for number in range(15):
        assert f"results/ca1/morphvae/fine_tuning_{number}/seed4/scores.parquet" in out
