"""A training step of the progressive GAN beside that of neuron-gan's own code, 16 to 128 px.

The published code is not part of this project: ``--published`` names a checkout of it, see
published_gan.py. Both steps are of equal batches that lie in memory. Ours holds its augmentation;
neuron-gan's is done as its images are read, and is not counted. Images and scores of the faithful
networks with the weights of neuron-gan's, taken from a checkpoint of it, are compared with its own.
"""

import argparse
import json
import statistics
import time
from functools import partial
from pathlib import Path

import published_gan
import torch
from lightning_fabric import Fabric
from machine import cpu_model

from morphoflow.models.progressive_gan import model as progressive_gan
from morphoflow.models.progressive_gan.blocks import initialise
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import Images
from morphoflow.models.progressive_gan.learner import ProgressiveLearner
from morphoflow.models.progressive_gan.neuron_gan import published_model
from morphoflow.models.progressive_gan.schedule import schedule_of
from morphoflow.models.progressive_gan.sizes import START_SIZE
from morphoflow.models.shared.generating import as_numbers, part
from morphoflow.plan_models import read_models, settings_of

BATCH, LATENT, WIDTHS, STAGES = 8, 512, [128, 64, 32, 32, 16, 16], 4
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/progressive_gan_step.py"
CPU = torch.device("cpu")
OWN = {
    "faithful": ("faithful", "32-true"),
    "faithful_bf16": ("faithful", "bf16-mixed"),
    "default": ("default", "32-true"),
    "default_bf16": ("default", "bf16-mixed"),
}


def main() -> None:
    """Time all in turns at each size, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True, help="checkout of neuron-gan")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    models, losses = published_gan.load(options.published)
    generator, discriminator = published_gan.networks(models, WIDTHS, START_SIZE, LATENT)
    published = published_gan.step(losses, generator, discriminator)
    images = [
        torch.randint(256, (BATCH, 1, size, size), dtype=torch.uint8)
        for size in (START_SIZE << stage for stage in range(STAGES))
    ]
    learners = {variant: own_learner(variant, images) for variant in ("faithful", "default")}
    square, found, differences = torch.rand(1024, 1024), {}, []
    for stage, x in enumerate(images):
        for network in (generator, discriminator):
            network.set_resolution(START_SIZE << stage)
        differences.append(difference(generator, discriminator, x))
        jobs = {"published": partial(published, as_numbers(x))}
        jobs |= {name: own_step(learners[of], stage, kind) for name, (of, kind) in OWN.items()}
        seconds = in_turns({**jobs, "matmul": lambda: square @ square}, options.repeats)
        found[str(START_SIZE << stage)] = {
            "cpu_s": {name: round(s, 4) for name, s in seconds.items()},
            "times_faster": {name: round(seconds["published"] / seconds[name], 2) for name in OWN},
        }
        print(START_SIZE << stage, found[str(START_SIZE << stage)], flush=True)
    record = {
        "command": f"{COMMAND} --published CHECKOUT --repeats {options.repeats}",
        "machine": {"cpu": cpu_model()},
        "versions": {"torch": torch.__version__},
        "threads": 1,
        "batch": BATCH,
        "what": "a step of critic and generator, by size; process CPU seconds, medians",
        "published_sha256": published_gan.digests(options.published),
        "by_size": found,
        "largest_relative_difference_of_outputs": float(f"{max(differences):.1e}"),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def own_learner(variant: str, images: list[torch.Tensor]) -> ProgressiveLearner:
    """A variant of ours, as published in its widths."""
    settings = settings_of(read_models(Path("config/models")), "progressive_gan", variant)
    settings |= {"batch_size": BATCH, "timelapse_frames": 0, "epochs": STAGES}
    faithful = settings["faithful"]
    networks = Generator(LATENT, WIDTHS, faithful=faithful), Critic(WIDTHS, faithful=faithful)
    for network in networks:
        initialise(network, torch.Generator().manual_seed(0))
    schedule = schedule_of(settings, STAGES, STAGES - 1)
    data, facts = Images(images, images[-1]), {"latent_size": LATENT}
    return ProgressiveLearner(*networks, data, schedule, settings, facts)


def own_step(learner: ProgressiveLearner, stage: int, precision: str):
    """A step at a stage, all of which is shown, on all images."""
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    noise, indices = torch.Generator().manual_seed(0), torch.arange(BATCH)

    def run() -> None:
        learner.stage = stage
        learner.step(indices, noise, fabric)

    return run


def difference(generator, discriminator, x: torch.Tensor) -> float:
    """The largest relative difference of images and scores by networks of equal weights."""
    content = {
        "Generator_state": generator.state_dict(),
        "Generator_attrs": {name: getattr(generator, name) for name in generator.saved_attrs},
        "Discriminator_state": discriminator.state_dict(),
    }
    settings = settings_of(read_models(Path("config/models")), "progressive_gan", "faithful")
    model = published_model(content, settings, {})
    ours = progressive_gan.load(model, CPU), Critic(model.facts["widths"], faithful=True)
    ours[1].load_state_dict(part(model.state, "critic"))
    z, last, real = published_gan.latents((BATCH, LATENT), CPU), model.facts["grown"], as_numbers(x)
    with torch.no_grad():
        pairs = [
            (generator(z), ours[0](z, last)),
            (discriminator(real).flatten(), ours[1](real, last)),
        ]
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)


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
