"""Model ``walk_transformer``: a neuron as the set of its walks, by attention among them.

A set transformer (Lee et al., ICML 2019) reads walks from the soma to the tips. It learns without
labels, from two disjoint parts of a neuron's walks to be distinguished from those of other neurons
(NT-Xent: Chen et al., ICML 2020), and from labels where there are any.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.morphvae.selection import class_names, class_numbers, seen_labels
from morphoflow.models.morphvae.walks import coordinate_scale
from morphoflow.models.splits import training_and_validation
from morphoflow.models.walk_transformer.learner import BATCH, Split, WalkTransformerLearner
from morphoflow.models.walk_transformer.network import WalkTransformer
from morphoflow.models.walk_transformer.walks import (
    WalkSets,
    even_lines,
    even_turns,
    walk_sets,
)
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples

# Turns about the axis, each also mirrored, over which an embedding is averaged.
TURNS = 8


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> WalkTransformerLearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, walks, steps, 3) in um, ``samples.length`` (n, walks). Coordinates are
    divided by their root mean square in the training split, soma left out, which the facts keep as
    ``scale_um``. Labels of the training split alone are learned from.
    """
    train, validation = training_and_validation(objects, least=2)
    x, length = samples.x[:], samples.length
    scale = coordinate_scale(x[train], length[train])
    classes = class_names(objects["label"].iloc[train])
    numbers = class_numbers(objects["label"], classes)
    generator = numpy_generator(seed, "sampling")
    fraction = settings["label_fraction"]
    seen = seen_labels(samples.ids[train], numbers[train], fraction, generator)
    n_classes = len(classes) if (seen >= 0).any() else 0
    network = WalkTransformer(settings, n_classes, torch_generator(seed, "initialisation"))
    splits = [
        Split(
            walk_sets(x[rows], length[rows], settings["nodes"], scale, device),
            torch.from_numpy(of).to(device),
        )
        for rows, of in ((train, seen), (validation, numbers[validation]))
    ]
    facts = {"classes": classes[:n_classes], "steps": x.shape[2], "scale_um": scale}
    return WalkTransformerLearner(network.to(device), *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The neurons (n, latent_size) float32, each by all its walks; nothing is drawn.

    It is the mean over even turns about the axis that training turned neurons about.
    """
    steps, expected = samples.x.shape[2], model.facts["steps"]
    if steps != expected:
        raise InputError(
            f"the walks have up to {steps} steps and the model was trained on {expected}; sample "
            "walks of the same number of steps, or train the model anew."
        )
    network = load(model, device)
    motions = even_turns(model.settings["turns"], TURNS, device)
    nodes, scale = model.settings["nodes"], model.facts["scale_um"]
    embeddings = []
    with torch.inference_mode():
        for begin in range(0, len(samples.length), BATCH):
            part = slice(begin, begin + BATCH)
            sets = walk_sets(samples.x[part], samples.length[part], nodes, scale, device)
            turned = [network.encode(WalkSets(sets.lines @ to.T, sets.weight)) for to in motions]
            embeddings.append(torch.stack(turned).mean(0))
    return torch.cat(embeddings).cpu().numpy()


def encoder(
    model: Model,
) -> tuple[WalkTransformer, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """Walks (b, walks, steps, 3) in um and their ``length`` (b, walks) to embeddings.

    By the network beside it. Walks that occur several times are computed as often, which comes to
    the same.
    """
    network, settings = load(model, torch.device("cpu")), model.settings
    motions = even_turns(settings["turns"], TURNS, torch.device("cpu"))

    def encode(x: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        x = x.to(torch.float32) / model.facts["scale_um"]
        lines = even_lines(x, length.long(), settings["nodes"])
        once = torch.ones_like(lines[:, :, 0, 0])
        return torch.stack([network.encode(WalkSets(lines @ to.T, once)) for to in motions]).mean(0)

    return network, encode


def load(model: Model, device: torch.device) -> WalkTransformer:
    """The network of a saved model, ready to encode."""
    network = WalkTransformer(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval()
