"""The models that a run of the workflow may use: cards, their variants and settings, checked.

The Snakefile imports this module. Every error is a ValueError with a sentence for the user.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from morphoflow.models.interface import check_card
from morphoflow.schema import complete, hint

COMBINATION = "combination"
# What a card of a lab folder adds to the workflow's card of the same name.
ADDED = {
    "properties": {
        "variants": {"type": "object", "default": {}},
        "recommended": {"type": "array", "items": {"type": "string"}},
    }
}


def read_models(folder: Path, own: Path | None = None) -> dict[str, dict]:
    """The descriptions of all models, by name, each checked with all its variants.

    ``folder`` holds the workflow's cards. ``own`` may hold those of a lab folder: whole cards under
    new names, and under the name of one of the workflow's, variants that are added to it.
    """
    schema = load_yaml(folder.parent / "schemas" / "model.schema.yaml")
    shared = load_yaml(folder.parent / "schemas" / "settings.schema.yaml")
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
    check_keys(card, place)
    whole = complete(card, schema, place)
    check_card(whole, place)
    whole["settings"] = with_shared(whole["settings"], shared, place)
    for variant in whole["recommended"]:
        check_known(variant, whole["variants"], f"{place}, recommended: variant", "its variants")
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
            check_known(own["shared"], shared, f"{here}: shared setting", known_in)
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


def recommended(models: dict[str, dict], modality: str) -> list[str]:
    """What cards recommend for a modality, as ``model/variant``."""
    return [
        f"{name}/{variant}"
        for name, model in models.items()
        if model["modality"] == modality
        for variant in model["recommended"]
    ]


def add_combinations(models: dict[str, dict], combinations: dict[str, dict]) -> None:
    """Add the model ``combination``, whose variants are weighted sums of other models' embeddings.

    ``combinations`` maps its variants to a weight for each ``model/variant``.
    """
    for name, members in combinations.items():
        for member in members:
            model, variant = member.split("/")
            place = f"the config, combinations.{name}: model"
            check_known(model, models, place, "config/models")
            described_in = f"config/models/{model}.yaml"
            check_known(variant, models[model]["variants"], f"{place} {model}/", described_in)
    described: dict[str, Any] = {"modality": None, "form": None, "code": None, "settings": {}}
    described |= {
        "device": "auto",
        "costs": {},
        "trained": False,
        "capabilities": [],
        "recommended": [],
    }
    models[COMBINATION] = {**described, "variants": dict.fromkeys(combinations)}


def read_yaml(path: Path) -> dict:
    """The keys of a YAML file; ValueError names the file and the line where it is none."""
    try:
        keys = load_yaml(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(keys, dict):
        raise ValueError(f"{path} has no keys; write some, such as `variants:`, or remove it.")
    return keys


def load_yaml(path: Path) -> Any:
    """A YAML file, by the reader in C where there is one: every job reads all cards and schemas."""
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=reader)


def check_keys(part: object, place: str) -> None:
    """Raise ValueError for a name that YAML took for a number, a truth value or a date."""
    if isinstance(part, list):
        for number, value in enumerate(part):
            check_keys(value, f"{place}.{number}")
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if not isinstance(key, str):
            raise ValueError(
                f"{place}: YAML takes the name of a key for {key!r}, which is no text (so it does "
                f"1, on, no, null and 2020-01-01); write it in quotes, as '1' or 'on'."
            )
        check_keys(value, f"{place}.{key}")


def check_known(name: str | None, choices: Collection[str], what: str, place: str) -> None:
    """Raise ValueError with the nearest of the choices where a name is none of them."""
    if name in choices:
        return
    raise ValueError(f"{what} '{name}' is not in {place}; {hint(name or '', choices)}")
