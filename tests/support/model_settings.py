"""Settings and code of models as their cards in ``config/models`` give them."""

from functools import cache

from morphoflow.model import Model
from morphoflow.plan.models import read_models, settings_of
from places import CONFIG


@cache
def cards() -> dict[str, dict]:
    """The cards of all models, by name."""
    return read_models(CONFIG / "models")


def settings(model: str, variant: str = "default", **changes) -> dict:
    """All settings of a variant with some changes, which are checked as those of a card are."""
    card = cards()[model]
    changed = (card["variants"][variant] or {}) | changes
    return settings_of({model: {**card, "variants": {"changed": changed}}}, model, "changed")


def model_of(name: str, chosen: dict, facts: dict, state: dict) -> Model:
    """A fitted model as jobs write it, with the code that its card names."""
    return Model(name, cards()[name]["code"], chosen, facts, state, {})
