"""The two-way Chamfer distance beside torch.cdist, and training steps of the point autoencoder."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from lightning_fabric import Fabric
from machine import cpu_model, in_turns
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

from morphoflow.models.point_ae.chamfer import chamfer, nearest_by_chunks, nearest_by_trees
from morphoflow.models.point_ae.decoders import sphere
from morphoflow.models.point_ae.learner import Clouds, PointAELearner
from morphoflow.models.point_ae.network import PointAutoencoder
from morphoflow.plan.models import read_models, settings_of
from morphoflow.training.devices import make_deterministic

VARIANTS = ("default", "folding", "dgcnn", "pointnet")
# Objects a step and points an object: the published step, and the default one.
STEPS = ((1, 4096), (16, 1024))
# Seconds a step of the published code (model `ptc`, batch 1, 4096 points, 5000 decoded by a network
# of 77.7 million weights, one-way distance) on another machine.
PUBLISHED = [1.8, 2.0]
COMMAND = "python resources/benchmarks/chamfer.py"


def main() -> None:
    """Time both, the jobs of each in turns, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    make_deterministic(threads=1)
    record = {"command": COMMAND, "machine": {"cpu": cpu_model()}, "threads": 1}
    record["what"] = "process CPU milliseconds, medians; one pair of clouds, one object of a step"
    record["chamfer"] = {f"{n} points": of_chamfer(n, repeats) for n in (1024, 2048)}
    models = read_models(Path("config/models"))
    settings = {name: settings_of(models, "point_ae", name) for name in VARIANTS}
    record["decoded points"] = settings["default"]["decoded_points"]
    for batch, points in STEPS:
        jobs = {name: step(each, batch, points) for name, each in settings.items()}
        spent = milliseconds(jobs, repeats, batch)
        record[f"step of {batch} x {points} points, per object"] = spent
    record["published step of 1 x 4096 points elsewhere"] = [1000 * each for each in PUBLISHED]
    text = json.dumps(record, indent=1)
    print(text)
    Path(__file__).with_suffix(".json").write_text(text + "\n")


def of_chamfer(n: int, repeats: int) -> dict[str, float]:
    """Milliseconds of both ways on the surfaces of two ellipsoids."""
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    a = sphere(n)[None] * torch.tensor([1.0, 1.2, 2.0])
    b = sphere(n)[None] @ turn * torch.tensor([1.1, 1.2, 1.8])
    jobs = {
        "torch.cdist, forward and backward": differentiated(by_matrix, a, b),
        "chamfer, forward and backward": differentiated(chamfer, a, b),
        "k-d trees, both ways": lambda: nearest_by_trees(a, b),
        "chunks of the matrix, both ways": lambda: nearest_by_chunks(a, b),
    }
    found = milliseconds(jobs, repeats)
    matrix, ours = list(found.values())[:2]
    return found | {"times cheaper": round(matrix / ours, 1)}


def milliseconds(jobs: dict[str, Callable], repeats: int, objects: int = 1) -> dict[str, float]:
    """Median process milliseconds of each job for one of its ``objects``."""
    seconds = in_turns(jobs, repeats)
    return {name: round(1000 * each / objects, 2) for name, each in seconds.items()}


def by_matrix(a: Tensor, b: Tensor) -> Tensor:
    """The same distance from the whole matrix."""
    apart = torch.cdist(a, b)
    return apart.amin(2).square().mean(1) + apart.amin(1).square().mean(1)


def differentiated(distance, a: Tensor, b: Tensor):
    """The distance and its gradient with respect to the first cloud."""

    def run() -> None:
        distance(a.clone().requires_grad_(), b).sum().backward()

    return run


def step(settings: dict, batch: int, points: int):
    """One optimisation step on a batch of noisy ellipsoids."""
    generator = torch.Generator().manual_seed(0)
    x = sphere(points) * (0.5 + torch.rand(batch, 1, 3, generator=generator))
    x = x + 0.01 * torch.randn(x.shape, generator=generator)
    network = PointAutoencoder(settings, generator)
    clouds = Clouds(x, network.graph(x), torch.ones(batch))
    learner = PointAELearner(network, clouds, clouds, settings | {"batch_size": batch}, {})
    fabric, indices = Fabric(accelerator="cpu", devices=1), torch.arange(batch)
    return lambda: learner.step(indices, generator, fabric)


if __name__ == "__main__":
    main()
