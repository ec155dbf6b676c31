"""The saved model: weights and all that is needed to embed new data without the config."""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError

import torch

from morphoflow.errors import InputError
from morphoflow.files import whole
from morphoflow.records import IN_MODEL

# What a damaged archive or pickle may raise.
BROKEN = (UnpicklingError, zipfile.BadZipFile, zlib.error, NotImplementedError, LookupError)


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
    content["digest"] = digest(model)
    content["state"] = {key: tensor.detach().cpu() for key, tensor in model.state.items()}
    buffer = io.BytesIO()
    # Into memory first: of a full disk, torch itself says something else.
    torch.save(content, buffer)
    with zipfile.ZipFile(buffer, "a") as parts:
        # What can be read without torch; torch passes over it.
        root = parts.namelist()[0].split("/")[0]
        record = {"digest": content["digest"], "provenance": model.provenance}
        parts.writestr(zipfile.ZipInfo(f"{root}/{IN_MODEL}"), json.dumps(record, sort_keys=True))
    with whole(path) as partial:
        partial.write_bytes(buffer.getbuffer())


def read_model(path: Path) -> Model:
    """Read a model without executing anything that the file may hold.

    Raises InputError where the file is damaged: where a part of it has another checksum than it
    says, or the model another digest than when it was written.
    """
    try:
        # torch does not notice a changed byte within a tensor.
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()
        content = {} if damaged else torch.load(path, map_location="cpu", weights_only=True)
        written = content.pop("digest", None)
        model = Model(**content) if content else None
    except (OSError, RuntimeError, EOFError, TypeError, AttributeError, ValueError, *BROKEN):
        message = f"{path} is not a readable model of this project; train it again."
        raise InputError(message) from None
    if model is None or digest(model) != written:
        raise InputError(f"{path} is damaged: it is not what was written; train it again.")
    return model


def digest(model: Model) -> str:
    """The SHA-256 of all that a model holds, its tensors on whatever device."""
    content = {name: value for name, value in vars(model).items() if name != "state"}
    total = hashlib.sha256(repr(content).encode())
    for key, tensor in model.state.items():
        values = tensor.detach().cpu().contiguous()
        total.update(f"{key} {values.dtype} {tuple(values.shape)}\n".encode())
        total.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()
