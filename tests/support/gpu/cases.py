"""Every trained model and variant of ``config/models`` taken through all that it can do."""

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
import zarr

import small_morphvae
import small_point_ae
import small_progressive_gan
import small_volume_vae
from model_settings import cards, model_of, settings
from morphoflow.models.interface import (
    Decoding,
    Embedding,
    Exportable,
    Flowing,
    Generating,
    Trained,
    TreeMaking,
    Uncertain,
    WalkProbing,
    load_model,
)
from morphoflow.models.shared.exporting import first_inputs
from morphoflow.models.shared.latent import image_blocks, latent_block
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.samples.sections import sections as neuron_sections
from morphoflow.store import Samples
from morphoflow.training.parallel import GradientAverage
from morphoflow.training.run import Run
from morphoflow.training.snapshot import to_cpu

# Settings of a short training: an epoch of two steps, of a GAN some at each size of its images.
FEW = {
    "flow": {"epochs": 1, "epoch_images": 8, "batch_size": 4, "widths": [8, 16]},
    "progressive_gan": {
        "epochs": 4,
        "epoch_images": 8,
        "batch_size": 4,
        "widths": [16, 8],
        "latent_size": 8,
    },
}
IMAGES = {"number": 5, "seed": 0, "steps": 2, "guidance": 1}
TREES = {
    "number": 1,
    "seed": 0,
    "way": "class",
    "kappa": 100.0,
    "spread": 1.0,
    "residual": True,
    "largest_turn_deg": 90.0,
}


class OneDevice:
    """What the training loop asks of a Fabric of one process on ``device``."""

    world_size, global_rank, is_global_zero = 1, 0, True

    def __init__(self, device: torch.device, precision: str) -> None:
        self.device, self.precision = device, precision

    def autocast(self):
        if self.precision == "bf16-mixed":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def backward(self, loss):
        loss.backward()

    def broadcast(self, value):
        return value

    def all_reduce(self, values, reduce_op=None):
        return values


@dataclass
class Seen:
    """What a case gave: the row of its last epoch, the arrays, and what each step counted.

    ``steps`` are the kernels and the waits of each step but an epoch's first, where a pretended
    GPU counts them.
    """

    losses: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)
    steps: list[tuple[Counter, Counter]] = field(default_factory=list)


def variants() -> dict[str, tuple[str, str]]:
    """The trained models with each of their variants, by name."""
    trained = {name: card for name, card in cards().items() if card["trained"]}
    return {
        f"{name} {each}": (name, each)
        for name, card in trained.items()
        for each in card["variants"]
    }


def way(model: str, variant: str) -> str:
    """What is equal for variants that differ in sizes, rates and weights alone.

    They run the same lines, so that one of them stands for all. Whether a number is 0 or 1, which
    may leave something out, is no matter of size.
    """
    chosen = {key: _kind(value) for key, value in settings(model, variant).items()}
    return json.dumps([model, chosen], sort_keys=True)


def _kind(value):
    if isinstance(value, bool) or not isinstance(value, int | float | list):
        return value
    if isinstance(value, list):
        return value if any(isinstance(each, str) for each in value) else "numbers"
    return value if value in (0, 1) else "number"


def made(model: str) -> tuple[Samples, pd.DataFrame]:
    """Small samples of the form that a model reads, and their objects."""
    return FORMS[cards()[model]["form"]]()


def walks():
    samples, objects = small_morphvae.walks(n=16)
    ids = samples.ids
    split = np.array(["train", "train", "train", "validation", "test", "train"])
    objects = objects.assign(split=split[np.arange(len(ids)) // 2 % 6])
    return Samples(samples.x, ids, samples.length), objects


def sections():
    forest, labels = generate_toy_set("three", 6, seed=0)
    x, length = neuron_sections(forest)
    order = np.arange(forest.n).reshape(3, -1).T.ravel()
    objects = of_splits(forest.n).assign(id=forest.ids[order], label=labels[order])
    return Samples(x[order], forest.ids[order], length[order]), objects


def crops():
    rng = np.random.default_rng(0)
    x = rng.random((20, 1, 32, 32), dtype=np.float32)
    return Samples(zarr.array(x), np.array([f"o{k}" for k in range(20)])), of_splits(20)


def volumes():
    x = small_volume_vae.blobs_and_rods(20)
    return small_volume_vae.store(x), of_splits(20)


def points():
    return small_point_ae.samples(small_point_ae.shapes(20)), of_splits(20)


def images():
    made = small_progressive_gan.Stored(small_progressive_gan.crosses(40))
    samples = Samples(made.x, made.ids, attributes=made.attributes, levels=made.levels)
    return samples, of_splits(40)


def of_splits(n: int) -> pd.DataFrame:
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(n) % 5]
    label = np.array(["a", "b"])[np.arange(n) % 2]
    return pd.DataFrame({"id": [f"o{k}" for k in range(n)], "split": split, "label": label})


FORMS = {
    "walks": walks,
    "sections": sections,
    "crops": crops,
    "prealigned": crops,
    "volumes": volumes,
    "points": points,
    "images": images,
}


def first_steps(model: str, chosen: dict, fabric, samples, objects) -> tuple[Run, GradientAverage]:
    """A run that has been built and has taken no step yet."""
    code = cards()[model]["code"]
    learner = load_model(code, Trained).build(samples, objects, chosen, 0, fabric.device)
    run = Run(learner, fabric, 0, max(1, chosen["epochs"]), 0)
    return run, GradientAverage(fabric, learner.modules.values())


def taken_through(model: str, variant: str, device: torch.device, operations=None, **changes):
    """Build, train for some steps, validate, and call all that the card promises.

    ``operations`` are those of a pretended GPU, see :class:`gpu.pretended.Operations`. Gives what
    was :class:`Seen`.
    """
    chosen = settings(model, variant, **changes)
    chosen |= FEW.get(model, {"batch_size": 8, "epochs": 1}) if chosen["epochs"] else {}
    samples, objects = made(model)
    fabric, seen = OneDevice(device, chosen["precision"]), Seen()
    run, average = first_steps(model, chosen, fabric, samples, objects)
    for _ in range(chosen["epochs"]):
        for batch in run._remaining_batches():
            before = counted(operations)
            run._step(batch, average)
            if run.progress.batch > 1:
                seen.steps.append(
                    tuple(a - b for a, b in zip(counted(operations), before, strict=True))
                )
        seen.losses = run._end_epoch()
    learner = run.learner
    fitted = model_of(model, chosen, learner.facts, to_cpu(learner.state()))
    with torch.no_grad():
        seen.arrays["embedding"] = load_model(fitted.code, Embedding).embed(fitted, samples, device)
        for capability in cards()[model]["capabilities"]:
            ABLE[capability](fitted, samples, objects, device, seen.arrays)
    return seen


def counted(operations) -> tuple[Counter, Counter]:
    """The kernels and the waits so far."""
    if operations is None:
        return Counter(), Counter()
    return Counter(operations.kernels), Counter(operations.waits)


def encodes(fitted, samples, objects, device, arrays) -> None:
    _, encode = load_model(fitted.code, Exportable).encoder(fitted)
    arrays["encoded"] = encode(*first_inputs(samples, 3)).numpy()


def decodes(fitted, samples, objects, device, arrays) -> None:
    decoding, rows = load_model(fitted.code, Decoding), np.arange(5)
    latents = np.random.default_rng(0).normal(size=(2, 3, fitted.settings["latent_size"]))
    arrays["decoded"] = decoding.decode_pictures(fitted, latents.astype(np.float32), device)
    arrays |= decoding.reconstruct_pictures(fitted, samples, rows, device)


def is_uncertain(fitted, samples, objects, device, arrays) -> None:
    _, columns = load_model(fitted.code, Uncertain).embed_with_uncertainty(fitted, samples, device)
    arrays |= columns


def generates(fitted, samples, objects, device, arrays) -> None:
    load_model(fitted.code, Generating)
    ((_, arrays["generated"]),) = image_blocks(fitted, IMAGES, device)


def flows(fitted, samples, objects, device, arrays) -> None:
    flowing = load_model(fitted.code, Flowing)
    z = latent_block(fitted, 0, 0, device)[:2]
    arrays["ways"] = flowing.ways(fitted, z, IMAGES, device)


def probes_walks(fitted, samples, objects, device, arrays) -> None:
    probing = load_model(fitted.code, WalkProbing)
    arrays["probes"] = probing.probe_table(fitted, 0, device)["x_um"].to_numpy()


def makes_trees(fitted, samples, objects, device, arrays) -> None:
    making = load_model(fitted.code, TreeMaking)
    forest, _ = making.make_trees(fitted, samples, objects, TREES, device)
    arrays["trees"] = np.asarray(forest.xyz)


ABLE = {
    "decoding": decodes,
    "exportable": encodes,
    "posterior": is_uncertain,
    "uncertain": is_uncertain,
    "flowing": flows,
    "generating": generates,
    "making_trees": makes_trees,
    "probing_walks": probes_walks,
    # What asks nothing of a device.
    **dict.fromkeys(("sized", "turnable"), lambda *_: None),
}
