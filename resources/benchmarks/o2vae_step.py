"""A training step of the default autoencoder beside one with the published encoder.

Both are this project's: the published encoder is its twin in plain PyTorch, which computes what
e2cnn's modules do at no more cost (o2_encoder_step.json). Loss, alignment and optimiser are the
same; the decoder of the published variant is the published one in number of channels.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from machine import cpu_model, in_turns
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from morphoflow.models.o2vae.learner import CellVAELearner
from morphoflow.models.o2vae.network import CellVAE
from morphoflow.plan.models import read_models, settings_of

BATCH = 32
# Seconds a step of the published code on one thread of another machine (AMD EPYC, AVX-512).
PUBLISHED = {32: 1.61, 64: 8.46}
COMMAND = "python resources/benchmarks/o2vae_step.py"


def main() -> None:
    """Time both at two sizes, in turns, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    models = read_models(Path("config/models"))
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}, "threads": 1, "batch": BATCH}
    record["what"] = "process CPU seconds, medians; embedding in images a second"
    for size in PUBLISHED:
        learners = {
            name: learner(settings_of(models, "o2vae", name), size)
            for name in ("default", "published")
        }
        jobs = {name: step(each) for name, each in learners.items()}
        jobs["bare convolution"] = convolution(size)
        jobs |= {f"{name} embedding": embedding(each) for name, each in learners.items()}
        seconds = in_turns(jobs, repeats)
        rates = {name: round(BATCH / s, 1) for name, s in seconds.items() if "embedding" in name}
        steps = {name: round(s, 4) for name, s in seconds.items() if "embedding" not in name}
        record[f"{size} px"] = {
            "step_s": steps,
            "times_cheaper_than_published": round(steps["published"] / steps["default"], 1),
            "embedded_per_s": rates,
            "published_code_elsewhere_step_s": PUBLISHED[size],
        }
        print(json.dumps(record[f"{size} px"]), flush=True)
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(record, indent=1) + "\n")


def learner(settings: dict, size: int) -> CellVAELearner:
    """A learner on one batch of blurred noise."""
    generator = torch.Generator().manual_seed(0)
    x = functional.avg_pool2d(torch.rand(BATCH, 1, size + 4, size + 4, generator=generator), 5, 1)
    network = CellVAE(1, size, settings, generator)
    return CellVAELearner(network, x, x, settings | {"batch_size": BATCH}, {})


def step(each: CellVAELearner):
    """One optimisation step on the batch."""
    fabric, noise = Fabric(accelerator="cpu", devices=1), torch.Generator().manual_seed(0)

    def run() -> None:
        each.network.train()
        each.step(torch.arange(BATCH), noise, fabric)

    return run


def embedding(each: CellVAELearner):
    """The batch encoded without gradients."""

    def run() -> None:
        each.network.eval()
        with torch.inference_mode():
            each.network.encode(each.train)

    return run


def convolution(size: int):
    """The costliest convolution of the published encoder, forward and backward, as a yardstick."""
    x, weight = torch.rand(BATCH, 84, size - 4, size - 4), torch.rand(180, 84, 5, 5)
    weight.requires_grad_()

    def run() -> None:
        functional.conv2d(x, weight, padding=2).sum().backward()

    return run


if __name__ == "__main__":
    main()
