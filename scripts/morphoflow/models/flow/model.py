"""Model ``flow``: images out of noise, along straight ways that a network has learned to follow.

Rectified flow (Liu, Gong and Liu, ICLR 2023; Lipman et al., "Flow matching", ICLR 2023) by a U-Net
that predicts images. The embedding of an image is what the network sees at the bottom of the U.
"""

from collections import deque
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.flow.learner import FlowLearner, Split
from morphoflow.models.flow.network import UNet
from morphoflow.models.flow.sampling import drawn_numbers, latent_size, noise_in, points
from morphoflow.models.flow.sizes import check_size, patch_of
from morphoflow.models.shared.classes import class_names, class_numbers, seen_labels
from morphoflow.models.shared.generating import as_bytes, as_numbers, part
from morphoflow.models.shared.generating import latents as latents
from morphoflow.models.splits import training_and_validation
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples

# Pixels that are computed at a time.
PIXELS = 1 << 18
# Steps of a way that is shown.
FILMED = 24


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> FlowLearner:
    """Make a network and its images ready for training.

    ``samples.x`` is (n, 1, size, size) uint8. Labels of the training split are learned from as far
    as ``label_fraction`` says.
    """
    train, validation = training_and_validation(objects)
    size = _checked_size(samples, settings)
    names = class_names(objects["label"].iloc[train])
    numbers = class_numbers(objects["label"], names)
    hidden = numpy_generator(seed, "sampling")
    seen = seen_labels(samples.ids[train], numbers[train], settings["label_fraction"], hidden)
    classes = shares(seen, names)
    facts = {
        "size": size,
        "latent_size": latent_size(size, classes),
        "classes": classes,
        "pixel_um": samples.attributes.get("pixel_um"),
    }
    network = _network(facts, settings, torch_generator(seed, "initialisation"))
    splits = [
        Split(torch.from_numpy(samples.x.oindex[rows]).to(device), torch.from_numpy(of).to(device))
        for rows, of in ((train, seen), (validation, numbers[validation]))
    ]
    network.greys.copy_(greys_of(splits[0].images))
    return FlowLearner(network.to(device), *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The images (n, widths[-1]) float32: features at the end of the way, without noise."""
    if samples.x.shape[-1] != model.facts["size"]:
        raise InputError(
            f"the images are {samples.x.shape[-1]} pixels wide and the model was trained on "
            f"{model.facts['size']}; cut images of that size, or train the model anew."
        )
    network, step = load(model, device), batch_of(model)
    features = []
    for i in range(0, samples.x.shape[0], step):
        x = as_numbers(torch.from_numpy(samples.x[i : i + step]).to(device))
        features.append(network.features(x, torch.ones(len(x), device=device)))
    return torch.cat(features).cpu().numpy()


def encoder(model: Model) -> tuple[UNet, Callable[[Tensor], Tensor]]:
    """Images (b, 1, size, size) uint8 to embeddings, by the network beside it."""
    network = load(model, torch.device("cpu"))
    return network, lambda x: network.features(as_numbers(x), torch.ones(x.shape[0]))


def generate(model: Model, z: Tensor, settings: dict, device: torch.device) -> np.ndarray:
    """The images (b, 1, size, size) uint8 of ``z`` (b, latent_size), some at a time.

    ``settings`` say in how many ``steps``, with what ``guidance`` for a class, and with what
    ``autoguidance`` if the model kept weights of early in its training.
    """
    network, early, made = load(model, device), load_early(model, device), []
    with _autocast(model, device):
        for few in z.to(device).split(batch_of(model)):
            way = points(network, few, model.facts, settings, early)
            made.append(as_bytes(deque(way, maxlen=1).pop()).cpu())
    return torch.cat(made).numpy()


def classes_of(model: Model, z: Tensor) -> list[str] | None:
    """The class that the image of each latent in ``z`` (b, latent_size) is made for, if any."""
    names = list(model.facts["classes"])
    if not names:
        return None
    return [names[k] for k in drawn_numbers(z[:, -1], model.facts["classes"]).tolist()]


def ways(model: Model, z: Tensor, settings: dict, device: torch.device) -> np.ndarray:
    """The images (FILMED + 1, b, size, size) uint8 on the ways to those of ``z`` (b, latent_size).

    In more steps than images are made in, so that they can be followed with the eye.
    """
    noise, z = noise_in(z, model.facts), z.to(device)
    network, early = load(model, device), load_early(model, device)
    with _autocast(model, device):
        way = points(network, z, model.facts, {**settings, "steps": FILMED}, early)
        return np.stack([as_bytes(z[:, 0]).cpu().numpy() for z in (noise, *way)])


def load(model: Model, device: torch.device, name: str = "network") -> UNet:
    """The network of a saved model, ready to make images without gradients."""
    network = _network(model.facts, model.settings, torch.Generator())
    network.load_state_dict(part(model.state, name))
    return network.to(device).eval().requires_grad_(False)


def load_early(model: Model, device: torch.device) -> UNet | None:
    """The network as it was early in the training, if the model kept it."""
    return load(model, device, "early") if part(model.state, "early") else None


def batch_of(model: Model) -> int:
    """How many images are computed at a time."""
    return max(1, PIXELS // model.facts["size"] ** 2)


def greys_of(images: Tensor) -> Tensor:
    """The mean and the deviation (2,) of the numbers in images (n, 1, s, s) uint8."""
    count = torch.bincount(images.flatten().long(), minlength=256).double()
    count = (count / count.sum()).cpu()
    numbers = as_numbers(torch.arange(256)).double()
    mean = count @ numbers
    deviation = (count @ (numbers - mean).square()).sqrt().clamp_min(1 / 127.5)
    return torch.stack([mean, deviation]).float()


def shares(numbers: np.ndarray, names: list[str]) -> dict[str, float]:
    """The share of each class by name among class ``numbers`` (n,), of which -1 are not known.

    Empty where none is known.
    """
    counts = np.bincount(numbers[numbers >= 0], minlength=len(names))
    known = max(int(counts.sum()), 1)
    return {name: float(n / known) for name, n in zip(names, counts, strict=True) if n}


def _autocast(model: Model, device: torch.device) -> torch.autocast:
    """Images are made with as many bits as they were learned with."""
    learned = model.settings["precision"] == "bf16-mixed"
    return torch.autocast(device.type, torch.bfloat16, enabled=learned)


def _network(facts: dict, settings: dict, generator: torch.Generator) -> UNet:
    patch = patch_of(facts["size"], settings["places"])
    return UNet(patch, settings["widths"], len(facts["classes"]), generator)


def _checked_size(samples: Samples, settings: dict) -> int:
    """Pixels along an edge of the images; InputError where the network cannot take them."""
    _, channels, height, width = samples.x.shape
    if channels != 1 or height != width:
        raise InputError(
            f"the samples are {channels} x {height} x {width} pixels; cut grey squares."
        )
    check_size(width, settings)
    return width
