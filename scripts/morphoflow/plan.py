"""What a run of the workflow is to compute, checked in full before the first job.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from morphoflow.models.interface import check_card
from morphoflow.schema import complete, hint

COLUMNS = ("dataset", "model", "variant", "seed")
COMBINATION = "combination"


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


def read_config(config: dict, schema: Path) -> dict:
    """The configuration with all defaults."""
    return complete(config, yaml.safe_load(schema.read_text(encoding="utf-8")), "the config")


def read_models(folder: Path) -> dict[str, dict]:
    """The descriptions of all models, by name, each checked with all its variants."""
    schema = yaml.safe_load((folder.parent / "schemas" / "model.schema.yaml").read_text())
    shared = yaml.safe_load((folder.parent / "schemas" / "settings.schema.yaml").read_text())
    models = {}
    for path in sorted(folder.glob("*.yaml")):
        models[path.stem] = complete(yaml.safe_load(path.read_text()), schema, str(path))
        check_card(models[path.stem], str(path))
        models[path.stem]["settings"] = with_shared(
            models[path.stem]["settings"], shared, str(path)
        )
        for variant in models[path.stem]["variants"]:
            settings_of(models, path.stem, variant)
    return models


def with_shared(settings: dict[str, dict], shared: dict[str, dict], place: str) -> dict[str, dict]:
    """The schema of each setting of a card, where ``shared: NAME`` stands for ``shared[NAME]``.

    What the card writes beside it, such as a default of its own, takes the place of what that says.
    """
    whole = {}
    for name, own in settings.items():
        here = f"{place}, settings.{name}"
        if "shared" in own:
            known_in = "config/schemas/settings.schema.yaml"
            _known(own["shared"], shared, f"{here}: shared setting", known_in)
            own = {**shared[own["shared"]], **own}
            del own["shared"]
        if "default" not in own:
            raise ValueError(f"{here} has no `default`; give it one.")
        whole[name] = own
    return whole


def settings_of(models: dict[str, dict], model: str, variant: str) -> dict:
    """All settings of a model's variant: the defaults of its schema with the variant's changes."""
    changes = models[model]["variants"][variant] or {}
    schema = {"properties": models[model]["settings"], "additionalProperties": False}
    return complete(changes, schema, f"config/models/{model}.yaml, variant '{variant}'")


def read_runs(path: Path, datasets: dict[str, str], models: dict[str, dict]) -> list[Run]:
    """Read the table of runs; ``datasets`` maps each known dataset to its modality."""
    if not path.is_file():
        raise ValueError(f"the table of runs '{path}' is missing; set `runs` in the config.")
    with path.open(newline="", encoding="utf-8") as stream:
        lines = [line for line in stream if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{path} must hold tab-separated columns {', '.join(COLUMNS)} and a row.")
    runs = [check_run(row, f"{path}, row {n}", datasets, models) for n, row in enumerate(rows, 1)]
    twice = [run for n, run in enumerate(runs) if run in runs[:n]]
    if twice:
        raise ValueError(f"{path} lists {twice[0].folder} twice; remove one of the rows.")
    return runs


def check_run(row: dict, place: str, datasets: dict[str, str], models: dict[str, dict]) -> Run:
    """The run that a row asks for; ``place`` says where the row stands, for what is wrong in it."""
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
    return Run(row["dataset"], row["model"], row["variant"], int(row["seed"]))


def _check_start(start: str, name: str, place: str, datasets: dict[str, str], model: dict) -> None:
    dataset, other, variant = start.split("/")
    _known(dataset, datasets, f"{place}: dataset", "the config")
    if other != name:
        raise ValueError(f"{place}: weights of '{other}' do not fit '{name}'; name one of these.")
    _known(variant, model["variants"], f"{place}: variant", f"config/models/{name}.yaml")


def add_combinations(models: dict[str, dict], combinations: dict[str, dict]) -> None:
    """Add the model ``combination``, whose variants are weighted sums of other models' embeddings.

    ``combinations`` maps its variants to a weight for each ``model/variant``.
    """
    for name, members in combinations.items():
        for member in members:
            model, variant = member.split("/")
            place = f"the config, combinations.{name}: model"
            _known(model, models, place, "config/models")
            described_in = f"config/models/{model}.yaml"
            _known(variant, models[model]["variants"], f"{place} {model}/", described_in)
    described: dict[str, Any] = {"modality": None, "form": None, "code": None, "settings": {}}
    described |= {"trained": False, "capabilities": []}
    models[COMBINATION] = {**described, "variants": dict.fromkeys(combinations)}


def check_simulated(dendrites: dict[str, dict]) -> None:
    """Raise ValueError if a dataset is to be held against a simulated one that is not there."""
    for name, settings in dendrites.items():
        simulated = settings["realism"]["simulated"]
        if simulated is not None:
            place = f"the config, dendrites.{name}.realism.simulated: dataset"
            _known(simulated, dendrites, place, "the config's `dendrites`")


def _known(name: str | None, choices: Collection[str], what: str, place: str) -> None:
    if name in choices:
        return
    raise ValueError(f"{what} '{name}' is not in {place}; {hint(name or '', choices)}")
