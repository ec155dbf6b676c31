"""A training step of the contrastive model, two views of each object, with its augmentations.

Process CPU seconds for an object, beside those of the published SimSiam at 64 voxels an edge, whose
augmentations are turns, mirrorings and a blur.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from machine import cpu_model, in_turns

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from morphoflow.models.contrastive.augment import augmented
from morphoflow.models.contrastive.learner import ContrastiveLearner, Split
from morphoflow.models.contrastive.network import ContrastiveNetwork
from morphoflow.models.volume_vae.data import as_floats
from morphoflow.plan.models import read_models, settings_of

BATCH, SIZES, VARIANTS = 4, (32, 64), ("default", "simsiam", "demo")
# Process seconds a step of four objects of the published code, least and most, elsewhere.
PUBLISHED = {64: (12.5, 13.0)}
COMMAND = "python resources/benchmarks/contrastive_step.py"


def main() -> None:
    """Time each variant at each size, in turns, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    models = read_models(Path("config/models"))
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}, "threads": 1, "batch": BATCH}
    record["what"] = "process CPU seconds for an object, medians"
    for size in SIZES:
        jobs = {}
        for name in VARIANTS:
            each = learner(settings_of(models, "contrastive", name), size)
            jobs |= {(name, kind): job for kind, job in jobs_of(each).items()}
        seconds = in_turns(jobs, repeats)
        found = {
            name: {kind: round(s / BATCH, 4) for (of, kind), s in seconds.items() if of == name}
            for name in VARIANTS
        }
        if size in PUBLISHED:
            found["published SimSiam elsewhere"] = {"step": [s / BATCH for s in PUBLISHED[size]]}
        record[f"{size} voxels"] = found
        print(json.dumps(found), flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def learner(settings: dict, size: int) -> ContrastiveLearner:
    """A learner on one batch of noise in a ball."""
    generator = torch.Generator().manual_seed(0)
    place = torch.linspace(-1, 1, size)
    inside = place[:, None, None] ** 2 + place[:, None] ** 2 + place**2 < 0.5
    em = torch.randint(0, 256, (BATCH, size, size, size), generator=generator) * inside
    volumes = torch.stack([em, 255 * inside.expand_as(em)], 1).to(torch.uint8)
    split = Split(volumes, torch.full((BATCH,), -1))
    network = ContrastiveNetwork(size, settings, generator)
    # The published batch, by which the learning rate is scaled, would not fit a short measurement.
    return ContrastiveLearner(network, split, split, settings | {"batch_size": BATCH}, {})


def jobs_of(each: ContrastiveLearner) -> dict:
    """A whole step, its augmentations alone, and embedding, on the batch."""
    fabric, noise = Fabric(accelerator="cpu", devices=1), torch.Generator().manual_seed(0)
    volumes, everything = each.train.volumes, torch.arange(BATCH)

    def step() -> None:
        each.network.train()
        each.step(everything, noise, fabric)

    def augment() -> None:
        augmented(volumes.repeat(2, 1, 1, 1, 1), each.settings, noise)

    def embed() -> None:
        each.network.eval()
        with torch.inference_mode():
            each.network.encode(as_floats(volumes))

    return {"step": step, "of which augmentation": augment, "embedding": embed}


if __name__ == "__main__":
    main()
