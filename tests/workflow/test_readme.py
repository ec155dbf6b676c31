"""What the README shows is true: its examples run, its files exist, and its lines can be read."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from morphoflow.model import Model, read_model, write_model
from morphoflow.models.interface import Trained, load_model
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.plan.config import MODALITIES, check_simulated, read_config
from morphoflow.plan.models import add_combinations, read_models, recommended, settings_of
from morphoflow.plan.runs import runs_of_datasets
from morphoflow.plan.sweeps import add_sweeps
from morphoflow.store import Samples, read_samples, write_samples
from morphoflow.swc_files import write_swc
from morphoflow.tables import SPLITS
from plain_training import train
from synthetic_neurons import small_forest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
FOLDERS = ("config", "envs", "profiles", "resources", "rules", "scripts", "tests")
CPU = torch.device("cpu")
PAGES = (*MODALITIES, "analysis")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, without the indent of the list that they stand in."""
    block = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
    found = [match.groups() for match in block.finditer(README)]
    return [textwrap.dedent(text) for _, name, text in found if name == language]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_is_too_long(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 100] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(rf"(?<![\w/])(?:{'|'.join(FOLDERS)})/[\w./*-]*(?![\w./*<-])", text)
    named = {path.rstrip(".") for path in named}
    assert named
    assert [path for path in sorted(named) if not [*ROOT.glob(path)]] == []


def test_results_that_are_named_are_outputs_of_rules():
    rules = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    (section,) = re.findall(r"^## Where the results are$(.*?)^## ", README, re.M | re.S)
    cells = re.findall(r"^\| (`.*?) \|", section, re.M)
    paths = [path.rstrip("/") for cell in cells for path in re.findall(r"`(.*?)`", cell)]
    names = {path.rsplit("/", 1)[-1] for path in paths} - {"*.zarr", "logs", "benchmarks"}
    assert len(names) > 25
    ends = {name: rf'[/"]{re.escape(name)}"' for name in sorted(names)}
    assert [name for name, end in ends.items() if not re.search(end, rules)] == []


def test_targets_that_are_named_are_rules():
    rules = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    targets = set(re.findall(r"snakemake --profile \S+ ([a-z_]+)\b(?!/)", README))
    assert {"masks", "registered", "stacks", "generated_neurons", "embeddings"} <= targets
    assert [name for name in sorted(targets) if f"\nrule {name}:" not in rules] == []


def test_make_targets_that_are_named_are_there():
    makefile = (ROOT / "Makefile").read_text()
    for name in re.findall(r"\bmake ([a-z-]+)", README):
        assert re.search(rf"^{name}:", makefile, re.M), f"there is no target {name}"


# The examples of configuration


def config_of(texts: list[str]) -> dict:
    """The configuration of several YAML texts together, with the defaults."""
    config: dict = {}
    for text in texts:
        for key, value in yaml.safe_load(text).items():
            config.setdefault(key, {}).update(value)
    return read_config(config, ROOT / "config/schemas/config.schema.yaml")


def planned(config: dict) -> dict[str, set[str]]:
    """The models that each dataset of a configuration gets, as ``model/variant``."""
    models = read_models(ROOT / "config/models")
    add_combinations(models, config["combinations"])
    check_simulated(config["dendrites"])
    add_sweeps(
        config["sweeps"], {name: kind for kind in MODALITIES for name in config[kind]}, models
    )
    found: dict[str, set[str]] = {}
    for run in runs_of_datasets(config, models, []):
        found.setdefault(run.dataset, set()).add(f"{run.model}/{run.variant}")
    return found


def test_the_examples_of_configuration_are_valid_and_get_the_models_that_they_name():
    shown = [text for text in blocks("yaml") if not text.startswith("sweeps")]
    found = planned(config_of(shown))
    organelles = {"my_mitochondria", "my_organelles"}
    assert set(found) == {"my_neurons", "my_cells", "my_dendrites", *organelles}
    assert "combination/form_and_points" in found["my_mitochondria"]
    assert {"walk_transformer/default", "walk_transformer/untrained"} < found["my_neurons"]


def test_the_example_of_a_sweep_is_valid():
    (sweep,) = [text for text in blocks("yaml") if text.startswith("sweeps")]
    toys = "neurons: {toy_neurons: {sources: [{toy: three}]}}"
    assert planned(config_of([sweep, toys]))


def test_the_examples_of_the_pages_are_valid_and_name_what_is_recommended():
    folder = ROOT / "config/examples"
    found = planned(config_of([(folder / f"{kind}.yaml").read_text() for kind in PAGES]))
    assert set(found) == {"my_neurons", "my_cells", "my_mitochondria", "my_dendrites"}
    models = read_models(ROOT / "config/models")
    (neurons,) = [found[name] for name in found if name == "my_neurons"]
    assert neurons == set(recommended(models, "neurons"))


# The example in Python


def model_of(folder: Path, steps: int) -> None:
    """A walk transformer, trained for two epochs on walks that go nowhere in particular."""
    models = read_models(ROOT / "config/models")
    small = {"nodes": 5, "width": 16, "heads": 2, "latent_size": 6, "batch_size": 8}
    settings = settings_of(models, "walk_transformer", "default") | small | {"view_walks": 4}
    rng = np.random.default_rng(0)
    x = rng.normal(0, 20, (12, 8, steps, 3)).cumsum(axis=2).astype(np.float32)
    x -= x[:, :, :1]
    samples = Samples(x, np.array([f"n{k}" for k in range(12)]), np.full((12, 8), steps))
    split = np.array(SPLITS)[np.arange(12) % 2]
    objects = pd.DataFrame({"id": samples.ids, "label": None, "split": split})
    code = models["walk_transformer"]["code"]
    learner = load_model(code, Trained).build(samples, objects, settings, 0, CPU)
    train(learner, epochs=2)
    state = {name: value.clone() for name, value in learner.state().items()}
    fitted = Model("walk_transformer", code, settings, learner.facts, state, {})
    write_model(folder / "model.pt", fitted)


def walks_at(path, forest, spacing_um: float) -> None:
    path.parent.mkdir(parents=True)
    x, length = sample_walks(forest, n_walks=2, n_steps=3, children="tips", seed=0)
    axes, facts = ["neuron", "walk", "step", "xyz"], {"resample_um": spacing_um}
    write_samples(
        path, forest.ids, x, axes=axes, units="um", length=length, facts=facts, provenance={}
    )


def test_the_example_in_python_embeds_new_neurons(tmp_path, monkeypatch):
    (text,) = (block for block in blocks("python") if "read_neurons" in block)
    (model,) = re.findall(r'"(results/[^"]+)/model.pt"', text)
    (data,) = re.findall(r'Path\("(data/[^"]+)"\)', text)
    model_of(tmp_path / model, steps=7)
    forest = small_forest(5)
    write_swc(tmp_path / data, forest)
    monkeypatch.chdir(tmp_path)
    (walks,) = re.findall(r'Path\("(results/[^"]+zarr)"\)', text)
    walks_at(tmp_path / walks, forest, spacing_um=0.5)
    names: dict = {}
    exec(text, names)
    embedding, neurons = names["embedding"], names["neurons"]
    assert list(neurons.ids) == sorted(forest.ids)
    assert embedding.shape == (5, 6) and np.isfinite(embedding).all()
    assert len(np.unique(embedding.round(4), axis=0)) == 5
    # From a store on disk, as the workflow does it, come the same numbers.
    write_samples(
        tmp_path / "walks.zarr",
        neurons.ids,
        names["x"],
        axes=["neuron", "walk", "step", "xyz"],
        units="um",
        length=names["length"],
        provenance={},
    )
    fitted = read_model(tmp_path / model / "model.pt")
    again = load_model(fitted.code, Trained).embed(
        fitted, read_samples(tmp_path / "walks.zarr"), CPU
    )
    np.testing.assert_array_equal(again, embedding)
