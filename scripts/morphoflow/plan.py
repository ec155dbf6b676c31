"""What a run of the workflow is to compute, checked in full before the first job.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from morphoflow.gpus import CHOICES
from morphoflow.models.interface import check_card
from morphoflow.places import relative
from morphoflow.schema import complete, hint

MODALITIES = ("neurons", "cells", "organelles", "dendrites")
COLUMNS = ("dataset", "model", "variant", "seed")
# A column that a table of runs may have besides.
DEVICE = "device"
COMBINATION = "combination"
# What a card of a lab folder adds to the workflow's card of the same name.
ADDED = {
    "properties": {
        "variants": {"type": "object", "default": {}},
        "recommended": {"type": "array", "items": {"type": "string"}},
    }
}


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
    _check_keys(config, "the config")
    return complete(config, _load(schema), "the config")


def _check_keys(part: object, place: str) -> None:
    """Raise ValueError for a name that YAML took for a number, a truth value or a date."""
    if isinstance(part, list):
        for number, value in enumerate(part):
            _check_keys(value, f"{place}.{number}")
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if not isinstance(key, str):
            raise ValueError(
                f"{place}: YAML takes the name of a key for {key!r}, which is no text (so it does "
                f"1, on, no, null and 2020-01-01); write it in quotes, as '1' or 'on'."
            )
        _check_keys(value, f"{place}.{key}")


def read_models(folder: Path, own: Path | None = None) -> dict[str, dict]:
    """The descriptions of all models, by name, each checked with all its variants.

    ``folder`` holds the workflow's cards. ``own`` may hold those of a lab folder: whole cards under
    new names, and under the name of one of the workflow's, variants that are added to it.
    """
    schema = _load(folder.parent / "schemas" / "model.schema.yaml")
    shared = _load(folder.parent / "schemas" / "settings.schema.yaml")
    cards = {path: read_yaml(path) for path in sorted(folder.glob("*.yaml"))}
    for path in _own_cards(folder, own):
        base = folder / path.name
        if base in cards:
            cards[base] = _with_variants(cards[base], read_yaml(path), str(path))
        else:
            cards[path] = read_yaml(path)
    models: dict[str, dict] = {}
    for path, card in cards.items():
        models[path.stem] = _checked_card(card, schema, shared, str(path))
        for variant in models[path.stem]["variants"]:
            settings_of(models, path.stem, variant)
    return dict(sorted(models.items()))


def read_yaml(path: Path) -> dict:
    """The keys of a YAML file; ValueError names the file and the line where it is none."""
    try:
        keys = _load(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(keys, dict):
        raise ValueError(f"{path} has no keys; write some, such as `variants:`, or remove it.")
    return keys


def _own_cards(folder: Path, own: Path | None) -> list[Path]:
    """The cards of a lab folder, unless that is the workflow's own folder."""
    if own is None or not own.is_dir() or own.resolve() == folder.resolve():
        return []
    return sorted(own.glob("*.yaml"))


def _with_variants(card: dict, added: dict, place: str) -> dict:
    """The workflow's card with the variants that a card of the same name in a lab folder adds."""
    others = sorted(added.keys() - {"variants", "recommended"})
    if others:
        raise ValueError(
            f"{place}: the workflow has a card of this name, to which yours may add `variants` and "
            f"`recommended` alone, not '{others[0]}'; leave it out, or rename the file for a model "
            f"of your own."
        )
    added = complete(added, ADDED, place)
    twice = sorted(added["variants"].keys() & card["variants"].keys())
    if twice:
        raise ValueError(
            f"{place}: variant '{twice[0]}' is in the workflow's card already; rename yours."
        )
    return card | added | {"variants": card["variants"] | added["variants"]}


def _checked_card(card: dict, schema: dict, shared: dict, place: str) -> dict:
    """A card with its defaults and shared settings, held against its code."""
    _check_keys(card, place)
    whole = complete(card, schema, place)
    check_card(whole, place)
    whole["settings"] = with_shared(whole["settings"], shared, place)
    for variant in whole["recommended"]:
        _known(variant, whole["variants"], f"{place}, recommended: variant", "its variants")
    return whole


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


def recommended(models: dict[str, dict], modality: str) -> list[str]:
    """What cards recommend for a modality, as ``model/variant``."""
    return [
        f"{name}/{variant}"
        for name, model in models.items()
        if model["modality"] == modality
        for variant in model["recommended"]
    ]


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
    device = row.get(DEVICE) or "auto"
    _known(device, ("auto", *CHOICES), f"{place}: device", "auto, cpu, gpu")
    return Run(row["dataset"], row["model"], row["variant"], int(row["seed"]), device)


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
    described |= {
        "device": "auto",
        "costs": {},
        "trained": False,
        "capabilities": [],
        "recommended": [],
    }
    models[COMBINATION] = {**described, "variants": dict.fromkeys(combinations)}


def check_simulated(dendrites: dict[str, dict]) -> None:
    """Raise ValueError if a dataset is to be compared with a simulated one that is not there."""
    for name, settings in dendrites.items():
        simulated = settings["realism"]["simulated"]
        if simulated is not None:
            place = f"the config, dendrites.{name}.realism.simulated: dataset"
            _known(simulated, dendrites, place, "the config's `dendrites`")


def check_recommended(clusters: dict) -> None:
    """Raise ValueError unless the recommended clustering method is among those that are used."""
    if clusters["recommended"] != "stable":
        place = "the config, clusters.recommended: method"
        _known(clusters["recommended"], clusters["methods"], place, "clusters.methods")


def check_compared(
    compared: dict[str, dict], datasets: dict[str, str], elsewhere: Iterable[Path] = ()
) -> None:
    """Raise ValueError unless every dataset whose groups are compared is there, and its table is.

    ``elsewhere`` are folders in which a user may have meant the table.
    """
    for name, settings in compared.items():
        _known(name, datasets, "the config, compare: dataset", "the config")
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
        _known(name, datasets, "the config, apply: dataset", "the config")
        for folder in used:
            _known(folder, trained, f"the config, apply.{name}: run", "the table of runs")
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


def _load(path: Path) -> Any:
    """A YAML file, by the reader in C where there is one: every job reads all cards and schemas."""
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=reader)


def _known(name: str | None, choices: Collection[str], what: str, place: str) -> None:
    if name in choices:
        return
    raise ValueError(f"{what} '{name}' is not in {place}; {hint(name or '', choices)}")
