import json
import math
import os
import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The folder of the workflow. Code, schemas and cards of models lie there; the configuration, data
# and results lie in the working directory, which may be another.
WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
# Its library, whatever else is installed.
sys.path.insert(0, str(WORKFLOW / "scripts"))

# Numba keeps what it compiles beside the code; where that is read-only, in the working directory.
if not os.access(WORKFLOW / "scripts", os.W_OK):
    os.environ.setdefault("NUMBA_CACHE_DIR", os.path.abspath(".snakemake/numba"))

from morphoflow import dependencies
from morphoflow.console import watch
from morphoflow.plan.gpus import CHOICES, chosen, costs_of, gpus_for_training
from morphoflow.models.interface import (
    Embedding,
    Filming,
    Generating,
    TreeMaking,
    WalkProbing,
    model_file,
)
from morphoflow.plan.config import (
    check_compared,
    check_named,
    check_recommended,
    check_simulated,
    datasets_of,
    read_config,
)
from morphoflow.plan.runs import (
    COLUMNS,
    Run,
    check_applied,
    check_sizes,
    read_runs,
    runs_of_datasets,
)
from morphoflow.plan.models import (
    COMBINATION,
    CORRECT_FOR,
    add_combinations,
    read_models,
    read_yaml,
    settings_of,
    weights_of,
)
from morphoflow.plan.files import (
    cards_of,
    cell_files,
    dendrite_files,
    find_cards,
    neuron_files,
    organelle_files,
    organelle_fingerprints,
)
from morphoflow.plan.keys import check_together
from morphoflow.plan.organelles import part_name, parts_of_datasets
from morphoflow.requests import (
    MOST_HELD_MB,
    memory,
    minutes,
    pairs_memory,
    pairs_minutes,
    shape_of,
    step_memory,
)
from morphoflow.plan.sweeps import add_sweeps

watch(workflow)
SCHEMAS = WORKFLOW / "config/schemas"
# Where users may have thought that a path begins, beside the working directory, where it does.
ELSEWHERE = [*{Path(path).parent: None for path in workflow.configfiles}, WORKFLOW]

try:
    check_named(config, WORKFLOW)
    config.update(read_config(config, SCHEMAS / "config.schema.yaml"))
    check_together(config)
    find_cards(config, WORKFLOW)
    DATASETS = datasets_of(config)
    MODELS = read_models(WORKFLOW / "config/models", own=Path("config/models"))
    add_combinations(MODELS, config["combinations"])
    check_simulated(config["dendrites"])
    check_recommended(config["clusters"])
    LISTED = read_runs(Path(config["runs"]), DATASETS, MODELS, ELSEWHERE)
    RUNS = runs_of_datasets(config, MODELS, LISTED)
    check_applied(config["apply"], DATASETS, MODELS, RUNS)
    check_compared(config["compare"], DATASETS, ELSEWHERE)
    SWEEPS = add_sweeps(config["sweeps"], DATASETS, MODELS)
    SWEPT = [member.run for members in SWEEPS.values() for member in members]
    check_sizes([*RUNS, *SWEPT], config["dendrites"], MODELS)
    NEURON_FILES = {
        name: neuron_files(name, settings, ELSEWHERE)
        for name, settings in config["neurons"].items()
    }
    CELL_FILES = {
        name: cell_files(name, settings, ELSEWHERE)
        for name, settings in config["cells"].items()
    }
    # The volumes of datasets that come from several; all of one are named by `sources`.
    PARTS = parts_of_datasets(config["organelles"])
    VOLUMES = {
        name: settings
        for name, settings in (config["organelles"] | PARTS).items()
        if "sources" not in settings
    }
    ORGANELLE_FILES = {
        name: organelle_files(name, settings, ELSEWHERE)
        for name, settings in VOLUMES.items()
    }
    DENDRITE_FILES = {
        name: dendrite_files(name, settings, ELSEWHERE)
        for name, settings in config["dendrites"].items()
    }
except ValueError as error:
    raise WorkflowError(str(error))
except OSError as error:
    raise WorkflowError(
        f"{error.filename} cannot be read ({error.strerror}); correct the path, or give yourself "
        f"the right to it."
    )


# The first seed of each variant on each dataset.
FIRST_SEEDS = {}
for run in RUNS:
    FIRST_SEEDS[run.folder_of_seeds] = min(
        run.seed, FIRST_SEEDS.get(run.folder_of_seeds, run.seed)
    )

# Where the table of runs chooses between a CPU and a GPU.
DEVICES = {run.folder: run.device for run in LISTED}

# Sources that are fetched or generated, so that they need no data of a user's.
FETCHED = {"card", "toy", "phantom", "simulated"}
DEMO = [
    name
    for name, modality in DATASETS.items()
    for settings in [config[modality][name]]
    if all(FETCHED & set(source) for source in settings.get("sources", [settings]))
]
CELLS = list(config["cells"])
ORGANELLES = list(config["organelles"])
# Patterns of the names of datasets; of none, one that no dataset has.
NEURON_DATASETS = "|".join(config["neurons"]) or "-"
CELL_DATASETS = "|".join(CELLS) or "-"
ORGANELLE_DATASETS = "|".join(ORGANELLES) or "-"
SINGLE_VOLUMES = "|".join(VOLUMES) or "-"
SEVERAL_VOLUMES = "|".join(name for name in ORGANELLES if name not in VOLUMES) or "-"
DENDRITE_DATASETS = "|".join(config["dendrites"]) or "-"
CARDS = {Path(card).stem: card for card in cards_of(config)}
CELL_CARDS = sorted({Path(card).stem for card in cards_of({"cells": config["cells"]})})
DENDRITE_CARDS = sorted(
    {Path(card).stem for card in cards_of({"dendrites": config["dendrites"]})}
)
TRAINED = sorted(name for name, model in MODELS.items() if model["trained"])
BASELINES = sorted({*MODELS} - {*TRAINED, COMBINATION})
NOT_DECODING = "|".join(
    name for name in TRAINED if "decoding" not in MODELS[name]["capabilities"]
)


wildcard_constraints:
    dataset="|".join([*DATASETS, *PARTS]),
    model="|".join(MODELS),
    variant="[a-z0-9_]+",
    seed="[0-9]+",
    part="[0-9]+",
    parts="[0-9]+",


@cache
def entry(name):
    """The entry script of a rule, as a path from the working directory."""
    return os.path.relpath(WORKFLOW / "scripts" / f"{name}.py")


def code_digest(name):
    """Of a script and all that it imports: when it changes, jobs of the rule run again.

    A function, so that code is read only for jobs that are planned.
    """
    return lambda wildcards: dependencies.code_digest(entry(name))


def dataset_of(wildcards):
    """The configuration of a job's dataset, or of a part of one."""
    if wildcards.dataset in PARTS:
        return PARTS[wildcards.dataset]
    return config[DATASETS[wildcards.dataset]][wildcards.dataset]


def as_json(settings):
    """Settings as one command-line value that is the same in every run."""
    return json.dumps(settings, sort_keys=True)


@cache
def settings(model, variant):
    """All settings of a model's variant; each is checked once."""
    return settings_of(MODELS, model, variant)


def model_settings(wildcards):
    """All settings of a job's model and variant."""
    return as_json(settings(wildcards.model, wildcards.variant))


def model_samples(wildcards):
    """The sample store that a job's model reads."""
    return f"results/{wildcards.dataset}/samples/{MODELS[wildcards.model]['form']}.zarr"


def object_pictures(wildcards):
    """A picture of each object: cells and dendrites as they are, organelles rendered, or none."""
    form = {"cells": "crops", "organelles": "pictures", "dendrites": "images"}.get(
        DATASETS[wildcards.dataset]
    )
    return [f"results/{wildcards.dataset}/samples/{form}.zarr"] if form else []


def object_measures(wildcards):
    """The store with measures of each object that have names and units."""
    form = {
        "neurons": "morphometrics",
        "cells": "shape_features",
        "organelles": "features",
        "dendrites": "arbor_statistics",
    }[DATASETS[wildcards.dataset]]
    return f"results/{wildcards.dataset}/samples/{form}.zarr"


def model_digest(name):
    """The same with the model's code, which the script imports by name."""
    return lambda wildcards: dependencies.code_digest(
        entry(name), code_file(wildcards.model)
    )


@cache
def code_file(model, kind=Embedding):
    """The file of a model that defines the functions of a kind."""
    return os.path.relpath(model_file(MODELS[model]["code"], kind))


def able(capability):
    """A pattern of the names of all models that have a capability; of none, one that none has."""
    return "|".join(sorted(name for name in MODELS if is_able(name, capability))) or "-"


def is_able(model, capability):
    """Whether a model has a capability, as its card says."""
    return capability in MODELS[model]["capabilities"]


def starting_model(wildcards):
    """The model whose weights a training begins with; none where the variant names none."""
    start = settings(wildcards.model, wildcards.variant).get("start_from")
    return [f"results/{start}/seed{wildcards.seed}/model.pt"] if start else []


def epochs(wildcards):
    """How often a job's training goes through its samples."""
    return settings(wildcards.model, wildcards.variant)["epochs"]


def share(wildcards):
    """Which share of a dataset a job takes."""
    return 1 / int(wildcards.parts)


def memory_of_step(wildcards, input):
    """The memory of a training besides its samples."""
    chosen = settings(wildcards.model, wildcards.variant)
    return step_memory(Path(input.samples), chosen["batch_size"])


def most_of_samples(wildcards):
    """The MB of samples that a training holds at most: volumes are read as they are needed."""
    return MOST_HELD_MB if MODELS[wildcards.model]["form"] == "volumes" else math.inf


def memory_of_pairs(wildcards, input):
    """The memory of an analysis."""
    return pairs_memory(Path(input.measures))


def minutes_of_pairs(wildcards, input):
    """The time of an analysis."""
    return pairs_minutes(Path(input.measures))


def minutes_besides(wildcards, input):
    """What a training takes besides its samples: a start, and the images that it makes itself."""
    chosen = settings(wildcards.model, wildcards.variant)
    return 30 + 0.01 * chosen["epochs"] * chosen.get("epoch_images", 0)


def of_runs(pattern, **chosen):
    """Input function: paths for every row of the table of runs, or those with the chosen values."""
    return lambda wildcards: sorted(
        {
            pattern.format(run=run)
            for run in RUNS
            if all(getattr(run, key) in chosen[key] for key in chosen)
        }
    )


def members_of(wildcards):
    """The runs that a run consists of: itself, or those that a combination combines."""
    if wildcards.model != COMBINATION:
        return [f"{wildcards.model}/{wildcards.variant}"]
    return list(weights_of(config["combinations"][wildcards.variant]))


def uncertainty(wildcards):
    """Whether a job's model says how far off it is for each object."""
    said = {"posterior", "uncertain"} & set(MODELS[wildcards.model]["capabilities"])
    return "true" if said else "false"


def size_joined(wildcards):
    """Whether the size of objects is joined to their embeddings."""
    return "true" if dataset_of(wildcards).get("join_scale") else "false"
