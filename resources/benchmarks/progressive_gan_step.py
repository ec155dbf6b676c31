"""A training step of the progressive GAN beside that of neuron-gan's own code, 16 to 128 px.

The published code is not part of this project: ``--published`` names a checkout of
github.com/oliviertrottier/neuron-gan. Both steps are of equal batches that lie in memory. Ours
holds its augmentation; neuron-gan's is done as its images are read, and is not counted. Images and
scores of the faithful networks, with weights taken from neuron-gan's as from a checkpoint of it,
are compared with its own.
"""

import argparse
import hashlib
import json
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from lightning_fabric import Fabric
from machine import cpu_model, in_turns

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
from morphoflow.plan.models import read_models, settings_of

BATCH, LATENT, WIDTHS, STAGES = 8, 512, [128, 64, 32, 32, 16, 16], 4
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/progressive_gan_step.py"
CPU = torch.device("cpu")
# Of the published code and its training.
FILES = ("models.py", "loss_functions.py")
BETAS, RATE, DRIFT, PENALTY = (0.5, 0.999), 1e-4, 0.001, 10
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
    models, losses = published_code(options.published)
    generator, discriminator = published_networks(models, WIDTHS, START_SIZE, LATENT)
    published = published_step(losses, generator, discriminator)
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
        "published_sha256": digests(options.published),
        "by_size": found,
        "largest_relative_difference_of_outputs": float(f"{max(differences):.1e}"),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


def published_code(checkout: Path) -> tuple[ModuleType, ModuleType]:
    """The modules ``models`` and ``loss_functions`` of a checkout of neuron-gan, as they are.

    Its ``utils``, which needs OpenCV and torchvision for movies, is replaced by the two functions
    that they take from it.
    """
    utilities = types.ModuleType("utils")
    utilities.save_vars = lambda *_: None
    utilities.sample_latent_vec = published_latents
    sys.modules["utils"] = utilities
    sys.path.insert(0, str(checkout))
    import loss_functions
    import models

    return models, loss_functions


def published_latents(size: tuple, device: torch.device) -> torch.Tensor:
    """Latents on the unit sphere, as ``utils.sample_latent_vec`` draws them."""
    z = torch.randn(*size, device="cpu").clamp(-5, 5)
    return (z / z.norm(p=2, dim=1, keepdim=True)).to(device)


def digests(checkout: Path) -> dict[str, str]:
    """The SHA-256 of each file that is timed."""
    return {name: hashlib.sha256((checkout / name).read_bytes()).hexdigest() for name in FILES}


def published_networks(
    models: ModuleType, widths: list[int], start: int, latent_size: int
) -> tuple:
    """Its generator and its discriminator, at the first size."""
    generator = models.Generator_PG(widths, image_size_init=start, latent_dim=latent_size)
    return generator, models.Discriminator_PG(widths[::-1], image_size_init=start)


def published_step(losses: ModuleType, generator, discriminator) -> Callable[[torch.Tensor], None]:
    """The step of its ``train.py``: discriminator with drift and penalty, then generator."""
    pair = (generator, discriminator)
    of_real = losses.D_W_loss(*pair, drift_epsilon=DRIFT)
    penalty, of_generator = losses.D_grad_pen_loss(*pair, PENALTY), losses.G_W_loss(*pair)
    adams = [torch.optim.Adam(network.parameters(), RATE, BETAS) for network in pair]

    def run(real: torch.Tensor) -> None:
        discriminator.zero_grad()
        loss, *_ = of_real(real)
        (loss + penalty(real)).backward()
        adams[1].step()
        generator.zero_grad()
        loss, _ = of_generator(real)
        loss.backward()
        adams[0].step()

    return run


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
    z, last, real = published_latents((BATCH, LATENT), CPU), model.facts["grown"], as_numbers(x)
    with torch.no_grad():
        pairs = [
            (generator(z), ours[0](z, last)),
            (discriminator(real).flatten(), ours[1](real, last)),
        ]
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)


if __name__ == "__main__":
    main()
