"""A training step of the volume autoencoder beside one of the published network, in 64^3.

The latter is a twin of EManalysis' ``Vae``, typed anew from a description of it: stages, filters,
norms, padding, shortcuts, latent and losses are the same. It has 7 % more weights than were counted
of the original, whose figures stand beside it.
"""

import argparse
import json
from pathlib import Path

import torch
from lightning_fabric import Fabric
from machine import cpu_model, in_turns
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from morphoflow.models.volume_vae.learner import VolumeVAELearner
from morphoflow.models.volume_vae.network import VolumeVAE
from morphoflow.plan.models import read_models, settings_of

SIZE, BATCH = 64, 2
FILTERS = (28, 36, 48, 64, 80)
ISOTROPIC = (False, False, False, True, True)
# Of the original, on one thread of another machine, with two volumes a step.
ORIGINAL = {"step_s_per_volume": 4.3, "gflop_per_volume": 98.5, "weights": 7.09e6}
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/volume_vae_step.py"


class Residual(nn.Module):
    """Two convolutions and what entered them."""

    def __init__(self, width: int, isotropic: bool) -> None:
        super().__init__()
        first = convolution(width, width, isotropic)
        second = convolution(width, width, isotropic)[:-1]
        self.layers = nn.Sequential(first, second)

    def forward(self, x):
        """The sum, activated."""
        return functional.elu(x + self.layers(x))


class Published(nn.Module):
    """The published network: maps of the encoder are added to those of the decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = convolution(1, FILTERS[0], False, edge=5)
        self.leave = nn.Conv3d(
            FILTERS[0], 1, (1, 5, 5), padding=(0, 2, 2), padding_mode="replicate"
        )
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, isotropic in enumerate(ISOTROPIC):
            before, stride = (
                FILTERS[max(0, i - 1)],
                (1 if i == 0 else 2 if isotropic else (1, 2, 2)),
            )
            narrowed = convolution(before, FILTERS[i], isotropic, stride=stride)
            self.down.append(nn.Sequential(narrowed, Residual(FILTERS[i], isotropic)))
            if i:
                narrow = convolution(FILTERS[i], before, isotropic)
                self.up.append(nn.ModuleList([narrow, Residual(before, ISOTROPIC[i - 1])]))
        self.mean, self.log_variance = nn.Linear(20480, 100), nn.Linear(20480, 100)
        self.unfold = nn.Linear(100, 20480)

    def loss(self, x):
        """Mean absolute error and divergence of volumes (b, 1, 64, 64, 64)."""
        maps, passed = self.enter(x), []
        for stage in self.down:
            maps = stage(maps)
            passed.append(maps)
        flat = maps.flatten(1)
        mean, log_variance = (
            functional.leaky_relu(f(flat)) for f in (self.mean, self.log_variance)
        )
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        maps = self.unfold(z).view_as(maps)
        for (narrow, block), other in zip(self.up[::-1], passed[-2::-1], strict=True):
            wide = functional.interpolate(narrow(maps), other.shape[2:], mode="trilinear")
            maps = block(wide + other)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
        return functional.l1_loss(torch.sigmoid(self.leave(maps)), x) + divergence


def convolution(n_in: int, n_out: int, isotropic: bool, edge: int = 3, stride=1) -> nn.Sequential:
    """Convolution, normalisation over the batch, activation; along z only where isotropic."""
    kernel = (edge if isotropic else 1, edge, edge)
    padding = tuple(k // 2 for k in kernel)
    options = {"stride": stride, "padding": padding, "padding_mode": "replicate", "bias": False}
    layer = nn.Conv3d(n_in, n_out, kernel, **options)
    return nn.Sequential(layer, nn.BatchNorm3d(n_out), nn.ELU())


def main() -> None:
    """Time both in turns, count their operations, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    volumes = torch.randint(256, (BATCH, 2, SIZE, SIZE, SIZE), generator=generator).to(torch.uint8)
    published = Published()
    variants = read_models(Path("config/models"))
    settings = settings_of(variants, "volume_vae", "default") | {"batch_size": BATCH}
    network = VolumeVAE(2, SIZE, settings, generator)
    learner = VolumeVAELearner(network, volumes, volumes, settings, {})
    jobs = {"published": published_step(published, volumes), "default": step(learner)}
    seconds = in_turns(jobs, repeats)
    flops = {name: round(operations(job) / BATCH / 1e9, 1) for name, job in jobs.items()}
    weights = {"published": published, "default": network}
    record = {
        "command": COMMAND,
        "machine": {"cpu": cpu_model()},
        "threads": 1,
        "batch": BATCH,
        "what": "a training step in 64^3, per volume; process CPU seconds, medians",
        "step_s_per_volume": {name: round(s / BATCH, 3) for name, s in seconds.items()},
        "gflop_per_volume": flops,
        "weights": {
            name: sum(p.numel() for p in each.parameters()) for name, each in weights.items()
        },
        "original_elsewhere": ORIGINAL,
        "times_cheaper": round(seconds["published"] / seconds["default"], 1),
        "times_fewer_operations": round(flops["published"] / flops["default"], 1),
    }
    print(json.dumps(record, indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def step(learner: VolumeVAELearner):
    """One optimisation step on the batch."""
    fabric, noise = Fabric(accelerator="cpu", devices=1), torch.Generator().manual_seed(0)
    return lambda: learner.step(torch.arange(BATCH), noise, fabric)


def published_step(network: Published, volumes):
    """The same with the published network, on EM alone."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    x = volumes[:, :1] / 255

    def run() -> None:
        optimizer.zero_grad()
        network.loss(x).backward()
        optimizer.step()

    return run


def operations(job) -> int:
    """Floating-point operations of a job's products and convolutions."""
    with FlopCounterMode(display=False) as counter:
        job()
    return counter.get_total_flops()


if __name__ == "__main__":
    main()
