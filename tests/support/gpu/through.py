"""Takes the models through all they can do on the pretended GPU: a line of JSON a case.

Run in a process of its own, see :mod:`gpu.pretended`; with names of cases, only those.
"""

import json
import sys
import traceback
import warnings

# isort: off
from gpu.pretended import GPU, pretended_gpu  # before torch

# isort: on
import numpy as np
import torch

from gpu import faults
from gpu.cases import taken_through, variants, way
from gpu.steady import changes
from morphoflow.training.devices import make_deterministic

# Settings that no variant has and that run other lines.
CHANGED = {
    "o2vae brute": ("o2vae", "default", {"align": "brute", "step_degrees": 30}),
    "o2vae turned": (
        "o2vae",
        "default",
        {"prior": "mixture", "mask": "disc", "augment": "rotations"},
    ),
    "o2vae blurred": (
        "o2vae",
        "published",
        {"pooling": "blurred", "fields": [4, 4, 4, 4, 4, 16], "decoder_widths": [8, 8]},
    ),
    "morphvae attention": (
        "morphvae",
        "default",
        {"pooling": "attention", "n_draws": 3, "norm_weight": 0.1},
    ),
    "contrastive z": ("contrastive", "demo", {"turns": "z"}),
    "morphvae bf16": ("morphvae", "default", {"precision": "bf16-mixed"}),
    "walk_transformer bf16": ("walk_transformer", "default", {"precision": "bf16-mixed"}),
    "vae bf16": ("vae", "default", {"precision": "bf16-mixed"}),
    "point_ae bf16": ("point_ae", "default", {"precision": "bf16-mixed"}),
    "volume_vae bf16": ("volume_vae", "demo", {"precision": "bf16-mixed"}),
    "contrastive bf16": ("contrastive", "demo", {"precision": "bf16-mixed"}),
}


# What rounding moves no further than by rounding.
# Not errors of reconstructions: they jump with the pose, which of two equal ones rounding chooses.
SMOOTH = {"embedding", "decoded", "posterior_sd"}


def cases() -> dict[str, tuple[str, str, dict]]:
    """The cases by name: of variants that go the same way, the first."""
    found, ways = {}, set()
    for name, (model, variant) in variants().items():
        if way(model, variant) not in ways:
            ways.add(way(model, variant))
            found[name] = (model, variant, {})
    return found | CHANGED


def case(name: str) -> dict:
    """How a case went: ``error``, ``waits`` in its steps, ``kernels`` of a step, ``apart``."""
    model, variant, changes = cases()[name]
    with pretended_gpu() as operations:
        try:
            seen = taken_through(model, variant, GPU, operations, **changes)
        except Exception as error:
            return {"case": name, "error": described(error)}
    made = {"case": name, "error": None, "waits": {}, "kernels": None, "apart": 0.0}
    for kernels, waits in seen.steps:
        made["kernels"] = sum(kernels.values())
        made["waits"] |= waits
    if variant == "untrained":
        made["apart"] = apart(seen, taken_through(model, variant, torch.device("cpu")))
    return made


def described(error: Exception) -> str:
    places = [
        one for one in traceback.extract_tb(error.__traceback__) if "/morphoflow/" in one.filename
    ]
    at = " < ".join(
        f"{one.filename.rpartition('/morphoflow/')[2]}:{one.lineno}" for one in places[:-4:-1]
    )
    return f"{type(error).__name__}: {error} at {at}"


def apart(one, other) -> float:
    """The largest difference of what two gave for the same weights, as a share of its size."""
    pairs = [(one.arrays[name], other.arrays[name]) for name in SMOOTH & one.arrays.keys()]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def attempt(function) -> dict:
    """What became of a few lines: ``refused`` or not, and the number of ``waits``."""
    with pretended_gpu() as operations:
        try:
            function()
        except (RuntimeError, TypeError) as error:
            return {"refused": True, "waits": 0, "error": str(error)}
    return {"refused": False, "waits": sum(operations.waits.values())}


def main(names: list[str]) -> None:
    """Print a line for each case."""
    warnings.simplefilter("ignore")
    make_deterministic(1)
    if not names:
        for kind in ("REFUSED", "WAITS", "ALLOWED"):
            for name, function in getattr(faults, kind).items():
                print(json.dumps({"fault": f"{kind} {name}", **attempt(function)}), flush=True)
        print(json.dumps({"fault": "TRAINED", **attempt(faults.trained)}), flush=True)
        for model in {model: None for model, _ in variants().values()}:
            print(json.dumps({"case": f"STEADY {model}", "changes": changes(model)}), flush=True)
    for name in names or cases():
        print(json.dumps(case(name)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
