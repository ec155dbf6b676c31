"""What a run of the workflow is to compute, checked in full before the first job.

The Snakefile imports this module as ``scripts.morphoflow.plan``, so it stands alone: nothing of
the library is imported here. Every error is a ValueError with a sentence for the user.
"""

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

COLUMNS = ("dataset", "model", "variant", "seed")


@dataclass(frozen=True)
class Run:
    """One row of the table of runs."""

    dataset: str
    model: str
    variant: str
    seed: int

    @property
    def folder(self) -> str:
        """The path of the run below the results."""
        return f"{self.dataset}/{self.model}/{self.variant}/seed{self.seed}"


def read_models(folder: Path) -> dict[str, dict]:
    """The descriptions of all models, by name, each checked with all its variants."""
    schema = yaml.safe_load((folder.parent / "schemas" / "model.schema.yaml").read_text())
    models = {}
    for path in sorted(folder.glob("*.yaml")):
        model = yaml.safe_load(path.read_text())
        _check(model, schema, str(path))
        models[path.stem] = model
        for variant in model["variants"]:
            settings_of(models, path.stem, variant)
    return models


def settings_of(models: dict[str, dict], model: str, variant: str) -> dict:
    """All settings of a model's variant: the defaults of its schema with the variant's changes."""
    changes = models[model]["variants"][variant] or {}
    properties = models[model]["settings"]
    settings = {name: schema["default"] for name, schema in properties.items()} | changes
    schema = {"properties": properties, "additionalProperties": False}
    _check(settings, schema, f"config/models/{model}.yaml, variant '{variant}'")
    return settings


def read_runs(path: Path, datasets: dict[str, str], models: dict[str, dict]) -> list[Run]:
    """Read the table of runs; ``datasets`` maps each known dataset to its modality."""
    if not path.is_file():
        raise ValueError(f"the table of runs '{path}' is missing; set `runs` in the config.")
    with path.open(newline="", encoding="utf-8") as stream:
        lines = [line for line in stream if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{path} must hold tab-separated columns {', '.join(COLUMNS)} and a row.")
    runs = [_run(row, f"{path}, row {n}", datasets, models) for n, row in enumerate(rows, 1)]
    twice = [run for n, run in enumerate(runs) if run in runs[:n]]
    if twice:
        raise ValueError(f"{path} lists {twice[0].folder} twice; remove one of the rows.")
    return runs


def _run(row: dict, place: str, datasets: dict[str, str], models: dict[str, dict]) -> Run:
    _known(row["dataset"], datasets, f"{place}: dataset", "the config")
    _known(row["model"], models, f"{place}: model", "config/models")
    model = models[row["model"]]
    _known(
        row["variant"],
        model["variants"],
        f"{place}: variant",
        f"config/models/{row['model']}.yaml",
    )
    modality = datasets[row["dataset"]]
    if model["modality"] != modality:
        raise ValueError(
            f"{place}: model '{row['model']}' is for {model['modality']}, but dataset "
            f"'{row['dataset']}' holds {modality}; choose a model for {modality}."
        )
    if not (row["seed"] or "").isdecimal():
        raise ValueError(f"{place}: seed '{row['seed']}' is not a whole number from 0.")
    return Run(row["dataset"], row["model"], row["variant"], int(row["seed"]))


def swc_files(source: dict, dataset: str) -> list[str]:
    """The .swc files of a source that is a folder, sorted; empty for other kinds of source."""
    if "folder" not in source:
        return []
    folder = Path(source["folder"])
    if not folder.is_dir():
        raise ValueError(
            f"dataset '{dataset}': the folder '{folder}' does not exist; "
            f"correct `folder` in the config or put the files there."
        )
    files = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() == ".swc")
    if not files:
        raise ValueError(f"dataset '{dataset}': the folder '{folder}' holds no .swc file.")
    return files


def existing_file(path: str | None, what: str) -> str | None:
    """The path of a file named in the config, which must be there if it is named at all."""
    if path is not None and not Path(path).is_file():
        raise ValueError(f"{what} '{path}' does not exist; correct the path in the config.")
    return path


def _known(name: str | None, choices, what: str, place: str) -> None:
    if name in choices:
        return
    near = difflib.get_close_matches(name or "", choices, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(sorted(choices))}."
    raise ValueError(f"{what} '{name}' is not in {place}; {hint}")


def _check(value, schema: dict, place: str) -> None:
    error = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
    if error is not None:
        where = "".join(f" at '{part}'" for part in error.absolute_path)
        raise ValueError(f"{place}{where}: {error.message}")
