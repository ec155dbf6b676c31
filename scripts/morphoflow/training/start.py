"""Training that begins with the weights of another run: pretraining and fine-tuning."""

import pandas as pd
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.model import Model


def labels_seen(objects: pd.DataFrame, settings: dict, start_from: list[Model]) -> list[str]:
    """The ids of all objects whose labels shape a training's weights, sorted.

    Those of the training and validation splits, from which it learns and by which its best epoch
    may be chosen, where ``settings`` give labels a say at all, and those that the models it starts
    from saw. With a ``label_fraction`` below 1 all count, since it is drawn within the training.
    """
    seen = {name for model in start_from for name in model.labels_seen}
    if settings["epochs"] > 0 and settings.get("label_fraction", 0) > 0:
        known = objects["label"].notna() & objects["split"].isin(["train", "validation"])
        seen |= set(objects.loc[known, "id"])
    return sorted(seen)


def load_start(
    network: torch.nn.Module, state: dict[str, Tensor], but: tuple[str, ...] = ()
) -> None:
    """Copy weights by name; those whose name begins with one of ``but`` stay as they are.

    Raises InputError if the other run's network is not of the same shape.
    """
    own = network.state_dict()
    wanted = {name for name in own if not name.startswith(but)}
    given = {name for name in state if not name.startswith(but)}
    wrong = sorted(wanted ^ given)
    wrong += sorted(name for name in wanted & given if own[name].shape != state[name].shape)
    if wrong:
        raise InputError(
            f"the model of `start_from` does not fit: '{wrong[0]}' is missing or of another shape; "
            "give both variants the same sizes and layers."
        )
    network.load_state_dict({**own, **{name: state[name] for name in wanted}})
