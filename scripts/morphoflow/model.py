"""The saved model: weights and all that is needed to embed new data without the config."""

import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError

import torch

from morphoflow.errors import InputError
from morphoflow.files import whole


@dataclass(frozen=True)
class Model:
    """A fitted model; ``facts`` are plain values learned from the data, ``state`` its tensors.

    ``code`` is the file that defines its functions, see :mod:`morphoflow.models.interface`;
    ``labels_seen`` are the ids of all objects whose labels its training saw, or that of a model
    that it started from: no score may be of them.
    """

    name: str
    code: str
    settings: dict
    facts: dict
    state: dict[str, torch.Tensor]
    provenance: dict
    labels_seen: list[str] = field(default_factory=list)


def write_model(path: Path, model: Model) -> None:
    """Write a model with its tensors on the CPU, so that it loads on any device."""
    content = asdict(model)
    content["state"] = {key: tensor.detach().cpu() for key, tensor in model.state.items()}
    buffer = io.BytesIO()
    # Into memory first: of a full disk, torch itself says something else.
    torch.save(content, buffer)
    with whole(path) as partial:
        partial.write_bytes(buffer.getbuffer())


def read_model(path: Path) -> Model:
    """Read a model without executing anything that the file may hold."""
    try:
        return Model(**torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, TypeError, UnpicklingError):
        message = f"{path} is not a readable model of this project; train it again."
        raise InputError(message) from None
