"""The runs of models on datasets: those of the table, and those that datasets ask for.

Every error is a ValueError with a sentence for the user.
"""

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.models.interface import Sized, load_model
from morphoflow.places import relative
from morphoflow.plan.config import MODALITIES
from morphoflow.plan.gpus import CHOICES
from morphoflow.plan.models import check_known, recommended, settings_of

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


def check_sizes(runs: Iterable[Run], dendrites: dict[str, dict], models: dict[str, dict]) -> None:
    """Raise ValueError if a model cannot learn images of the size that its dataset asks for."""
    for run in runs:
        card = models[run.model]
        if "sized" in card["capabilities"]:
            size = dendrites[run.dataset]["images"]["size"]
            settings = settings_of(models, run.model, run.variant)
            try:
                load_model(card["code"], Sized).check_size(size, settings)
            except InputError as error:
                raise ValueError(f"{run.folder}: {error}") from None


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
