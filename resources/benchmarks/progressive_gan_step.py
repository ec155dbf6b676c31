"""A training step of the faithful progressive GAN beside one of the published step, 16 to 128 px.

The latter is a twin of neuron-gan, typed anew from a description of it: the same architecture with
its weights scaled at run time and its layers one by one, three independent batches of generated
images a step, a graph through the generator in the critic's step, and gradients of the critic in
the generator's. Its scores of equal weights are compared with those of the networks measured.
"""

import argparse
import json
import math
import statistics
import time
from itertools import pairwise
from pathlib import Path

import torch
from lightning_fabric import Fabric
from machine import cpu_model
from torch import nn
from torch.nn import functional

from morphoflow.models.progressive_gan.blocks import initialise
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import Images
from morphoflow.models.progressive_gan.learner import ProgressiveLearner
from morphoflow.models.progressive_gan.schedule import PublishedSchedule
from morphoflow.models.shared.generating import as_numbers
from morphoflow.plan.models import read_models, settings_of

BATCH, LATENT, WIDTHS, STAGES = 8, 512, [128, 64, 32, 32, 16, 16], 4
GAIN = math.sqrt(2 / 1.04)
# Of the original, on one thread of another machine.
ORIGINAL = {"16": 0.324, "32": 0.628, "64": 1.12, "128": 1.93}
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/progressive_gan_step.py"


class PixelNorm(nn.Module):
    """Maps over their root mean square along the channels."""

    def forward(self, x):
        """The maps."""
        return x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-8)


class Scaled(nn.Module):
    """A layer whose weights are scaled each time."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.scale = layer, GAIN / math.sqrt(layer.weight[0].numel())

    def forward(self, x):
        """What the layer gives."""
        weight = self.layer.weight * self.scale
        if isinstance(self.layer, nn.Linear):
            return functional.linear(x, weight)
        return functional.conv2d(x, weight, self.layer.bias, padding=self.layer.padding)


def pair(n_in: int, n_out: int) -> list[nn.Module]:
    """Two convolutions, each activated and normalised."""
    return [*convolved(n_in, n_out, False), *convolved(n_out, n_out, False)]


def convolved(n_in: int, n_out: int, bias: bool) -> list[nn.Module]:
    """A convolution, activated and normalised."""
    layer = Scaled(nn.Conv2d(n_in, n_out, 3, padding=1, bias=bias))
    return [layer, nn.LeakyReLU(0.2), PixelNorm()]


class PublishedGenerator(nn.Module):
    """The published generator."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = Scaled(nn.Linear(LATENT, WIDTHS[0] * 256, bias=False))
        start = [nn.LeakyReLU(0.2), PixelNorm(), *convolved(WIDTHS[0], WIDTHS[0], False)]
        self.blocks = nn.ModuleList([nn.Sequential(*start)])
        for a, b in pairwise(WIDTHS):
            enlarge = nn.Upsample(scale_factor=2, mode="bilinear")
            self.blocks.append(nn.Sequential(enlarge, *pair(a, b)))
        self.to_image = nn.ModuleList(nn.Conv2d(w, 1, 1, bias=False) for w in WIDTHS)

    def forward(self, z, stage):
        """Images of latents."""
        maps = self.dense(z).view(len(z), -1, 16, 16)
        for block in self.blocks[: stage + 1]:
            maps = block(maps)
        return torch.tanh(self.to_image[stage](maps))


class PublishedCritic(nn.Module):
    """The published critic."""

    def __init__(self) -> None:
        super().__init__()
        self.from_image = nn.ModuleList(nn.Conv2d(1, w, 1) for w in WIDTHS)
        self.blocks = nn.ModuleList([nn.Sequential(*convolved(WIDTHS[0], WIDTHS[0], True))])
        for a, b in pairwise(WIDTHS):
            self.blocks.append(nn.Sequential(nn.AvgPool2d(2), *pair(b, a)))
        self.score = Scaled(nn.Conv2d(WIDTHS[0], 1, 16))

    def forward(self, x, stage):
        """Scores of images."""
        maps = self.from_image[stage](x)
        for block in reversed(self.blocks[: stage + 1]):
            maps = block(maps)
        return self.score(maps).flatten()


def latent() -> torch.Tensor:
    """Latents on the unit sphere."""
    return functional.normalize(torch.randn(BATCH, LATENT).clamp(-5, 5))


def published_step(networks, optimizers, real, stage: int):
    """The published step: critic with a penalty of its own images, then generator."""
    generator, critic = networks

    def run() -> None:
        optimizers[1].zero_grad()
        of_real = critic(real, stage)
        of_fake = critic(generator(latent(), stage).detach(), stage)
        share = torch.rand(BATCH, 1, 1, 1)
        mixed = share * real + (1 - share) * generator(latent(), stage).detach()
        mixed.requires_grad_()
        (slope,) = torch.autograd.grad(critic(mixed, stage).sum(), mixed, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        drift = 0.001 * of_real.square().mean()
        (of_fake.mean() - of_real.mean() + drift + 10 * penalty).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        (-critic(generator(latent(), stage), stage).mean()).backward()
        optimizers[0].step()

    return run


def own_learner(images: list[torch.Tensor]) -> ProgressiveLearner:
    """The faithful variant, all at the largest share of each stage."""
    settings = settings_of(read_models(Path("config/models")), "progressive_gan", "faithful")
    networks = Generator(LATENT, WIDTHS, faithful=True), Critic(WIDTHS, faithful=True)
    for network in networks:
        initialise(network, torch.Generator().manual_seed(0))
    schedule = PublishedSchedule(stages=1, epochs=4, epoch_steps=1000, base_rate=1e-4)
    settings = settings | {"batch_size": BATCH, "timelapse_frames": 0}
    data = Images(images, images[-1])
    return ProgressiveLearner(*networks, data, schedule, settings, {"latent_size": LATENT})


def difference(learner: ProgressiveLearner, networks) -> float:
    """The largest relative difference between both pairs of networks of equal weights."""
    own = learner.generator, learner.critic
    found = []
    for published, network, given in zip(networks, own, (latent(), None), strict=True):
        rows = list(published.parameters()), list(network.parameters())
        weights = {tuple(w.shape): [] for w in rows[1]}
        for weight in rows[1]:
            weights[tuple(weight.shape)].append(weight)
        with torch.no_grad():
            for weight in rows[0]:
                weight.copy_(weights[tuple(weight.shape)].pop(0))
            for stage in range(STAGES):
                size = 16 << stage
                x = torch.rand(BATCH, 1, size, size) * 2 - 1 if given is None else given
                a, b = published(x, stage), network(x, stage)
                found.append(float((a - b).abs().max() / b.abs().max()))
    return max(found)


def main() -> None:
    """Time both in turns at each size, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = [
        torch.randint(256, (BATCH, 1, 16 << k, 16 << k), dtype=torch.uint8) for k in range(STAGES)
    ]
    learner, networks = own_learner(images), (PublishedGenerator(), PublishedCritic())
    same = difference(learner, networks)
    optimizers = [torch.optim.Adam(n.parameters(), 1e-4, (0.5, 0.999)) for n in networks]
    fabric, noise = Fabric(accelerator="cpu", devices=1), torch.Generator().manual_seed(0)
    square, indices = torch.rand(1024, 1024), torch.arange(BATCH)
    found = {}
    for stage, x in enumerate(images):
        learner.stage, real = stage, as_numbers(x)
        jobs = {
            "published": published_step(networks, optimizers, real, stage),
            "faithful": lambda: learner.step(indices, noise, fabric),
            "augmentation": lambda real=real: learner.augmentation(real, noise),
            "matmul": lambda: square @ square,
        }
        seconds = in_turns(jobs, repeats)
        found[str(16 << stage)] = {
            "cpu_s": {name: round(s, 4) for name, s in seconds.items()},
            "in_matmuls_of_1024": {
                name: round(seconds[name] / seconds["matmul"], 1)
                for name in ("published", "faithful")
            },
            "times_faster": round(seconds["published"] / seconds["faithful"], 2),
            "augmentation_share": round(seconds["augmentation"] / seconds["faithful"], 4),
        }
    record = {
        "command": f"{COMMAND} --repeats {repeats}",
        "machine": {"cpu": cpu_model()},
        "threads": 1,
        "batch": BATCH,
        "what": "a step of critic and generator, by size; process CPU seconds, medians",
        "by_size": found,
        "largest_relative_difference_of_outputs": float(f"{same:.1e}"),
        "original_elsewhere_cpu_s": ORIGINAL,
    }
    print(json.dumps(record, indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def in_turns(jobs: dict, repeats: int) -> dict[str, float]:
    """Median process seconds of each job, one of each in turn, after one to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for repeat in range(repeats + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if repeat:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


if __name__ == "__main__":
    main()
