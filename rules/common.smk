import json
import os
import shlex
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from scripts.morphoflow.dependencies import code
from scripts.morphoflow.plan import (
    neuron_files,
    read_config,
    read_models,
    read_runs,
    settings_of,
)

MODALITIES = ("neurons",)
SCHEMAS = Path(workflow.basedir, "config/schemas")

try:
    config.update(read_config(config, SCHEMAS / "config.schema.yaml"))
    DATASETS = {name: modality for modality in MODALITIES for name in config[modality]}
    MODELS = read_models(Path(workflow.basedir, "config/models"))
    RUNS = read_runs(Path(config["runs"]), DATASETS, MODELS)
    NEURON_FILES = {
        name: neuron_files(name, settings)
        for name, settings in config["neurons"].items()
    }
except ValueError as error:
    raise WorkflowError(str(error))


DEMO = [
    name
    for name, settings in config["neurons"].items()
    if not any("folder" in source for source in settings["sources"])
]
TRAINED = sorted(name for name, model in MODELS.items() if model["trained"])
BASELINES = sorted(name for name, model in MODELS.items() if not model["trained"])


wildcard_constraints:
    dataset="|".join(DATASETS),
    model="|".join(MODELS),
    variant="[a-z0-9_]+",
    seed="[0-9]+",


def dataset_of(wildcards):
    """The configuration of a job's dataset."""
    return config[DATASETS[wildcards.dataset]][wildcards.dataset]


def as_json(settings):
    """Settings as one command-line value that is the same in every run."""
    return json.dumps(settings, sort_keys=True)


def model_settings(wildcards):
    """All settings of a job's model and variant."""
    return as_json(settings_of(MODELS, wildcards.model, wildcards.variant))


def model_samples(wildcards):
    """The sample store that a job's model reads."""
    return f"results/{wildcards.dataset}/samples/{MODELS[wildcards.model]['form']}.zarr"


def model_code(script):
    """Input function: the script's modules and the model's, which it imports by name."""
    return lambda wildcards: code(
        script, f"scripts/morphoflow/models/{wildcards.model}.py"
    )


def of_runs(pattern, **chosen):
    """Paths for every row of the table of runs, or for those with the chosen values."""
    runs = [
        run for run in RUNS if all(getattr(run, key) in chosen[key] for key in chosen)
    ]
    return sorted({pattern.format(run=run) for run in runs})


def uses_labels(wildcards):
    """Whether a job's model saw labels in training: then neighbours must come from other splits."""
    settings = settings_of(MODELS, wildcards.model, wildcards.variant)
    trained = settings.get("epochs", 0) > 0
    return "true" if trained and settings.get("label_fraction", 0) > 0 else "false"


OF_DATASET = ("neurons", "walks", "quality", "scores")
OF_RUN = ("maps", "clusters", "confusion")


def figures_of(datasets):
    """The figures of all runs on the chosen datasets, as SVG files."""
    runs = [run for run in RUNS if run.dataset in datasets]
    of_run = {f"{run.folder}/figures/{name}" for run in runs for name in OF_RUN}
    trained = {f"{run.folder}/figures/history" for run in runs if run.model in TRAINED}
    of_dataset = {
        f"{run.dataset}/figures/{name}" for run in runs for name in OF_DATASET
    }
    return [f"results/{path}.svg" for path in sorted(of_run | trained | of_dataset)]


def config_flags():
    """The --configfile flags of this call, for a call within it."""
    files = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    return " ".join(["--configfile", *map(shlex.quote, files)]) if files else ""
