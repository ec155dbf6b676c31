"""Model ``progressive_gan``: images from random numbers, by a generator that grows with its critic.

After Karras et al., "Progressive growing of GANs", ICLR 2018, and neuron-gan (Trottier,
github.com/oliviertrottier/neuron-gan), whose architecture and schedule are the variant `faithful`.
The embedding of an image is what the critic sees of it.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.progressive_gan.blocks import initialise
from morphoflow.models.progressive_gan.critic import Critic
from morphoflow.models.progressive_gan.generator import Generator
from morphoflow.models.progressive_gan.images import read_images, sizes
from morphoflow.models.progressive_gan.learner import ProgressiveLearner
from morphoflow.models.progressive_gan.schedule import schedule_of
from morphoflow.models.progressive_gan.sizes import START_SIZE, check_size
from morphoflow.models.shared.generating import as_bytes, as_numbers, part
from morphoflow.models.shared.generating import latents as latents
from morphoflow.models.splits import training_and_validation
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples

# Pixels that are computed at a time.
PIXELS = 1 << 22


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> ProgressiveLearner:
    """Make both networks and their images ready for training.

    ``samples.x`` is (n, 1, size, size) uint8, and ``samples.levels`` holds it at the smaller sizes,
    from 16 pixels by doubling. Labels are not used.
    """
    train, validation = training_and_validation(objects)
    stages = len(sizes(samples))
    check_size(samples.x.shape[-1], settings)
    _check(len(train), settings["batch_size"])
    facts = {
        "size": samples.x.shape[-1],
        "latent_size": settings["latent_size"],
        "widths": settings["widths"][:stages],
        # Until the weights of `start_from` say otherwise.
        "grown": stages - 1 if settings["start_from"] else 0,
        "pixel_um": samples.attributes.get("pixel_um"),
    }
    schedule = schedule_of(settings, stages, facts["grown"])
    random = torch_generator(seed, "initialisation")
    networks = [_generator(facts, settings), _critic(facts, settings)]
    for network in networks:
        initialise(network, random)
        network.to(device)
    images = read_images(samples, train, validation, device)
    return ProgressiveLearner(*networks, images, schedule, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The critic's features (n, widths[0]) float32 of the images."""
    if samples.x.shape[-1] != model.facts["size"]:
        raise InputError(
            f"the images are {samples.x.shape[-1]} pixels wide and the model was trained on "
            f"{model.facts['size']}; cut images of that size, or train the model anew."
        )
    critic = _ready(_critic(model.facts, model.settings), model, "critic", device)
    last, step = len(model.facts["widths"]) - 1, batch_of(model)
    features = [
        critic.features(as_numbers(torch.from_numpy(samples.x[i : i + step]).to(device)), last)
        for i in range(0, samples.x.shape[0], step)
    ]
    return torch.cat(features).cpu().numpy()


def load(model: Model, device: torch.device) -> Generator:
    """The generator of a saved model, ready to make images without gradients."""
    return _ready(_generator(model.facts, model.settings), model, "generator", device)


def generate(model: Model, z: Tensor, settings: dict, device: torch.device) -> np.ndarray:
    """The images (b, 1, size, size) uint8 of ``z`` (b, latent_size), some at a time."""
    generator, last = load(model, device), len(model.facts["widths"]) - 1
    made = [as_bytes(generator(few, last)).cpu() for few in z.to(device).split(batch_of(model))]
    return torch.cat(made).numpy()


def classes_of(model: Model, z: Tensor) -> None:
    """None: the generator knows no classes."""


def batch_of(model: Model) -> int:
    """How many images are computed at a time."""
    return max(1, PIXELS // model.facts["size"] ** 2)


def _generator(facts: dict, settings: dict) -> Generator:
    widths, faithful = facts["widths"], settings["faithful"]
    return Generator(facts["latent_size"], widths, start_size=START_SIZE, faithful=faithful)


def _critic(facts: dict, settings: dict) -> Critic:
    return Critic(facts["widths"], start_size=START_SIZE, faithful=settings["faithful"])


def _ready(
    network: torch.nn.Module, model: Model, name: str, device: torch.device
) -> torch.nn.Module:
    network.load_state_dict(part(model.state, name))
    return network.to(device).eval().requires_grad_(False)


def _check(train: int, batch_size: int) -> None:
    if train < batch_size:
        raise InputError(
            f"there are {train} training images and `batch_size` is {batch_size}; "
            "lower it, give training a larger share of the split, or add images."
        )
