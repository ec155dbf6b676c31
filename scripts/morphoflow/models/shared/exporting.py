"""Encoders as files that torch runs without this project."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import zarr

from morphoflow.errors import InputError
from morphoflow.files import whole
from morphoflow.model import Model
from morphoflow.models.interface import Embedding, Exportable, load_model
from morphoflow.store import Samples

# The name of what a file says of its input and of how it was made.
ABOUT = "about.json"
# Objects by which a file is tried before it is kept: those of other numbers may not be special.
TRIED = 5
# Sums are grouped in another way than by the project: by how far, as a share of the spread.
TOLERANCE = 1e-4


class _Function(torch.nn.Module):
    def __init__(self, network: torch.nn.Module, function) -> None:
        super().__init__()
        self.network, self.function = network, function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


def export_encoder(model: Model, samples: Samples, provenance: dict, output: Path) -> float:
    """Write the encoder of a model as ``output``, which ``torch.export.load`` reads.

    It is tried on the first ``samples``: returns by how much its vectors differ from those of the
    model, as a share of their root mean square. Raises InputError where that is more than rounding.
    """
    inputs = first_inputs(samples, TRIED)
    module = _Function(*load_model(model.code, Exportable).encoder(model)).eval()
    shapes = (tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs),)
    with torch.no_grad():
        # What networks keep between calls is to be made of numbers, before it is traced.
        module(*inputs)
        program = torch.export.export(module, inputs, dynamic_shapes=shapes)
    about = {"model": model.name, "inputs": _about(samples, inputs), "provenance": provenance}
    with whole(output) as partial:
        with partial.open("wb") as stream:
            text = json.dumps(about, sort_keys=True)
            torch.export.save(program, stream, extra_files={ABOUT: text})
        difference = _difference(model, samples, partial)
    return difference


def first_inputs(samples: Samples, number: int) -> tuple[torch.Tensor, ...]:
    """What an encoder takes: the samples of the first objects, and their lengths if they have any.

    Where there are fewer objects they are repeated.
    """
    rows = np.arange(number) % samples.x.shape[0]
    arrays = [samples.x[: len(rows)][rows]]
    arrays += [] if samples.length is None else [samples.length[rows]]
    return tuple(torch.from_numpy(array) for array in arrays)


def _about(samples: Samples, inputs: tuple[torch.Tensor, ...]) -> list[dict]:
    """Name, shape and type of each input, and the facts of the store that its values go by."""
    facts = {key: v for key, v in samples.attributes.items() if key not in ("provenance", "names")}
    named = zip(("x", "length"), inputs, strict=False)
    shapes = [
        {"name": name, "shape": ["objects", *x.shape[1:]], "dtype": str(x.dtype)}
        for name, x in named
    ]
    return [shapes[0] | facts, *shapes[1:]]


def _difference(model: Model, samples: Samples, path: Path) -> float:
    """How far vectors of the file are from the model's, as a share of their root mean square."""
    number = min(TRIED - 1, samples.x.shape[0])
    encode = torch.export.load(path).module()
    with torch.no_grad():
        found = encode(*first_inputs(samples, number)).numpy()
    few = replace(
        samples,
        x=zarr.array(samples.x[:number]),
        ids=samples.ids[:number],
        length=None if samples.length is None else samples.length[:number],
        scale=None if samples.scale is None else samples.scale[:number],
        levels={},
    )
    known = load_model(model.code, Embedding).embed(model, few, torch.device("cpu"))
    difference = float(np.abs(found - known).max() / max(np.sqrt(np.mean(known**2)), 1e-12))
    if not difference <= TOLERANCE:
        raise InputError(
            f"the exported encoder gives vectors that differ from those of {model.name} by "
            f"{difference:.1e} of their size; use model.pt with this project instead."
        )
    return difference
