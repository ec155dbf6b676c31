"""Training that begins with the weights of another run: pretraining and fine-tuning."""

import torch
from torch import Tensor

from morphoflow.errors import InputError


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
