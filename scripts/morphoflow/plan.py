"""What a run of the workflow is to compute, checked in full before the first job.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from morphoflow.gpus import CHOICES
from morphoflow.places import relative
from morphoflow.plan_models import check_keys, check_known, load_yaml, recommended
from morphoflow.schema import complete

MODALITIES = ("neurons", "cells", "organelles", "dendrites")
# What lies beside the folders of datasets in the results, and the most letters of the name of a
# dataset, which stands in names of files.
FOLDERS = ("benchmarks", "checkpoints", "logs", "report", "sources", "sweeps")
LONGEST = 64
COLUMNS = ("dataset", "model", "variant", "seed")
# A column that a table of runs may have besides.
DEVICE = "device"


@dataclass(frozen=True)
class Run:
    """One row of the table of runs; what it is does not depend on the device it is trained on."""

    dataset: str
    model: str
    variant: str
    seed: int
    device: str = field(default="auto", compare=False)

    @property
    def folder(self) -> str:
        """The path of the run below the results."""
        return f"{self.folder_of_seeds}/seed{self.seed}"

    @property
    def folder_of_seeds(self) -> str:
        """The path of all runs that differ in the seed alone."""
        return f"{self.dataset}/{self.model}/{self.variant}"


def check_named(config: dict, workflow: Path) -> None:
    """Raise ValueError if a configuration names no dataset; ``workflow`` is where to make one."""
    if any(config.get(modality) for modality in MODALITIES):
        return
    if config:
        raise ValueError(
            f"the config names no dataset; take the # away before an example in it, or write a "
            f"dataset of your own under one of {', '.join(MODALITIES)}."
        )
    raise ValueError(
        f"the working directory '{Path.cwd()}' has no config/config.yaml; go to a lab folder or "
        f"name it by --directory, make a new one (make -C '{workflow.resolve()}' lab DIR=FOLDER), "
        f"or name a configuration by --configfile."
    )


def read_config(config: dict, schema: Path) -> dict:
    """The configuration with all defaults."""
    check_keys(config, "the config")
    return complete(config, load_yaml(schema), "the config")


def datasets_of(config: dict) -> dict[str, str]:
    """The kind of each dataset by its name; raises ValueError for a name that is taken."""
    kinds: dict[str, str] = {}
    for kind in MODALITIES:
        for name in config[kind]:
            other = kinds.setdefault(name, kind)
            if other != kind:
                raise ValueError(
                    f"the config names '{name}' under {other} and under {kind}; give one of the "
                    f"two another name."
                )
            if name in FOLDERS or len(name) > LONGEST:
                taken = "is that of another folder in results" if name in FOLDERS else "is too long"
                raise ValueError(
                    f"the config, {kind}: the name '{name}' {taken}; give the dataset another of "
                    f"at most {LONGEST} letters."
                )
    return kinds


def read_runs(
    path: Path,
    datasets: dict[str, str],
    models: dict[str, dict],
    elsewhere: Iterable[Path] = (),
) -> list[Run]:
    """Read the table of runs; ``datasets`` maps each known dataset to its modality.

    ``elsewhere`` are folders in which a user may have meant the table.
    """
    if not path.is_file():
        raise ValueError(
            f"the table of runs '{path}' does not exist; set `runs` in the config. "
            f"{relative(str(path), elsewhere)}"
        )
    runs: dict[Run, None] = {}
    for number, row in enumerate(_rows(path), 1):
        run = check_run(row, f"{path}, row {number}", datasets, models)
        if run in runs:
            raise ValueError(f"{path} lists {run.folder} twice; remove one of the rows.")
        runs[run] = None
    return list(runs)


def _rows(path: Path) -> list[dict]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            lines = [line for line in stream if not line.startswith("#")]
        table = csv.DictReader(lines, delimiter="\t")
        rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table ({error}); correct it.") from None
    if tuple(table.fieldnames or ()) not in (COLUMNS, (*COLUMNS, DEVICE)):
        raise ValueError(
            f"{path} must begin with tab-separated columns {', '.join(COLUMNS)}, and may have a "
            f"last one, {DEVICE}."
        )
    return rows


def runs_of_datasets(config: dict, models: dict[str, dict], listed: list[Run]) -> list[Run]:
    """The runs that datasets ask for by ``models``, after those that are ``listed`` in the table.

    A dataset that has neither gets the variants that cards of its modality recommend.
    """
    runs = dict.fromkeys(listed)
    datasets = {name: modality for modality in MODALITIES for name in config[modality]}
    with_rows = {run.dataset for run in listed}
    for name, modality in datasets.items():
        settings, place = config[modality][name], f"the config, {modality}.{name}.models"
        wanted = settings.get("models")
        if wanted is None:
            wanted = [] if name in with_rows else recommended(models, modality)
        for member, seed in product(wanted, settings["seeds"]):
            model, _, variant = member.partition("/")
            row = {
                "dataset": name,
                "model": model,
                "variant": variant or "default",
                "seed": str(seed),
            }
            runs[check_run(row, place, datasets, models)] = None
    return list(runs)


def check_run(row: dict, place: str, datasets: dict[str, str], models: dict[str, dict]) -> Run:
    """The run that a row asks for; ``place`` says where the row stands, for what is wrong in it."""
    check_known(row["dataset"], datasets, f"{place}: dataset", "the config")
    check_known(row["model"], models, f"{place}: model", "config/models")
    model = models[row["model"]]
    check_known(
        row["variant"],
        model["variants"],
        f"{place}: variant",
        f"config/models/{row['model']}.yaml",
    )
    modality = datasets[row["dataset"]]
    if model["modality"] not in (modality, None):
        raise ValueError(
            f"{place}: model '{row['model']}' is for {model['modality']}, but dataset "
            f"'{row['dataset']}' holds {modality}; choose a model for {modality}."
        )
    if not (row["seed"] or "").isdecimal():
        raise ValueError(f"{place}: seed '{row['seed']}' is not a whole number from 0.")
    start = (model["variants"][row["variant"]] or {}).get("start_from")
    if start:
        _check_start(start, row["model"], f"{place}: start_from '{start}'", datasets, model)
    device = row.get(DEVICE) or "auto"
    check_known(device, ("auto", *CHOICES), f"{place}: device", "auto, cpu, gpu")
    return Run(row["dataset"], row["model"], row["variant"], int(row["seed"]), device)


def _check_start(start: str, name: str, place: str, datasets: dict[str, str], model: dict) -> None:
    dataset, other, variant = start.split("/")
    check_known(dataset, datasets, f"{place}: dataset", "the config")
    if other != name:
        raise ValueError(f"{place}: weights of '{other}' do not fit '{name}'; name one of these.")
    check_known(variant, model["variants"], f"{place}: variant", f"config/models/{name}.yaml")


def check_simulated(dendrites: dict[str, dict]) -> None:
    """Raise ValueError if a dataset is to be compared with a simulated one that is not there."""
    for name, settings in dendrites.items():
        simulated = settings["realism"]["simulated"]
        if simulated is not None:
            place = f"the config, dendrites.{name}.realism.simulated: dataset"
            check_known(simulated, dendrites, place, "the config's `dendrites`")


def check_recommended(clusters: dict) -> None:
    """Raise ValueError unless the recommended clustering method is among those that are used."""
    if clusters["recommended"] != "stable":
        place = "the config, clusters.recommended: method"
        check_known(clusters["recommended"], clusters["methods"], place, "clusters.methods")


def check_compared(
    compared: dict[str, dict], datasets: dict[str, str], elsewhere: Iterable[Path] = ()
) -> None:
    """Raise ValueError unless every dataset whose groups are compared is there, and its table is.

    ``elsewhere`` are folders in which a user may have meant the table.
    """
    for name, settings in compared.items():
        check_known(name, datasets, "the config, compare: dataset", "the config")
        table = settings["table"]
        if table is not None and not Path(table).is_file():
            raise ValueError(
                f"the config, compare.{name}: the table '{table}' does not exist. "
                f"{relative(table, elsewhere)}"
            )


def check_applied(
    applied: dict[str, list[str]],
    datasets: dict[str, str],
    models: dict[str, dict],
    runs: Collection[Run],
) -> None:
    """Raise ValueError unless every model that is applied is in the table of runs, and fits."""
    trained = {run.folder_of_seeds for run in runs}
    for name, used in applied.items():
        check_known(name, datasets, "the config, apply: dataset", "the config")
        for folder in used:
            check_known(folder, trained, f"the config, apply.{name}: run", "the table of runs")
            dataset, model, _ = folder.split("/")
            if dataset == name:
                raise ValueError(
                    f"the config, apply.{name}: '{folder}' was trained on this very dataset, so "
                    f"that its embedding is there already; name a run of another one."
                )
            if models[model]["form"] is None:
                raise ValueError(
                    f"the config, apply.{name}: '{folder}' combines embeddings and is no model of "
                    f"its own; name those that it combines."
                )
            if datasets[dataset] != datasets[name]:
                raise ValueError(
                    f"the config, apply.{name}: '{folder}' was trained on {datasets[dataset]}, but "
                    f"'{name}' holds {datasets[name]}; apply a model of {datasets[name]}."
                )
