"""Model ``morphvae``: a variational autoencoder of random walks, pooled over those of a neuron.

After Laturnus and Berens, "MorphVAE", ICML 2021. Each walk is encoded by an LSTM, as a direction on
a sphere, and decoded node by node with the length it ends at; a neuron is the maximum or mean over
its walks, by which it may be classified.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.morphvae.latents import load
from morphoflow.models.morphvae.learner import MorphVAELearner, Split
from morphoflow.models.morphvae.network import MorphVAE
from morphoflow.models.morphvae.selection import kept_walks, training_subset
from morphoflow.models.morphvae.walks import (
    coordinate_scale,
    make_batch,
    passes,
    walk_table,
    whole_batch,
)
from morphoflow.models.shared.classes import class_names, class_numbers, seen_labels
from morphoflow.models.splits import training_and_validation
from morphoflow.seeds import numpy_generator, torch_generator
from morphoflow.store import Samples


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> MorphVAELearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, walks, steps, 3) in um, ``samples.length`` (n, walks). Coordinates are
    divided by their root mean square in the training split, soma left out, which the facts keep as
    ``scale_um``. A label that is missing or not among those of the training split is not used.
    """
    samples = kept_walks(samples, settings)
    train, validation = training_and_validation(objects)
    classes = class_names(objects["label"].iloc[train])
    numbers = class_numbers(objects["label"], classes)
    drawn = numpy_generator(seed, "sampling", 1)
    wanted = settings["training_neurons"]
    train = train[training_subset(samples.ids[train], numbers[train], wanted, drawn)]
    x, length = samples.x[:], samples.length
    scale = coordinate_scale(x[train], length[train])
    seen = seen_labels(
        samples.ids[train],
        numbers[train],
        settings["label_fraction"],
        numpy_generator(seed, "sampling"),
    )
    n_classes = len(classes) if (seen >= 0).any() else 0
    network = MorphVAE(settings, n_classes, torch_generator(seed, "initialisation")).to(device)
    splits = [
        Split(walk_table(x[rows], length[rows], scale, device), torch.from_numpy(of).to(device))
        for rows, of in ((train, seen), (validation, numbers[validation]))
    ]
    facts = {"classes": classes[:n_classes], "steps": x.shape[2], "scale_um": scale}
    facts["labels_seen"] = int((seen >= 0).sum())
    return MorphVAELearner(network, *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The neurons (n, latent_size) float32: mean directions pooled over each neuron's walks.

    Nothing is drawn, and neither the order of the walks nor what lies in their padding matters.
    """
    samples = kept_walks(samples, model.settings)
    network, x = load(model, device), _matching(model, samples)
    table = walk_table(x, samples.length, model.facts["scale_um"], device)
    everything = torch.arange(len(x), device=device)
    with torch.inference_mode():
        pooled = [
            network.pool(network.latent.location(network.encode(batch)), batch).T
            for rows in passes(table, everything)
            for batch in [make_batch(table, rows)]
        ]
    return torch.cat(pooled).cpu().numpy()


def _matching(model: Model, samples: Samples) -> np.ndarray:
    """The walks, if they are of the length that the model was trained on."""
    steps, expected = samples.x.shape[2], model.facts["steps"]
    if steps != expected:
        raise InputError(
            f"the walks have up to {steps} steps and the model was trained on {expected}; sample "
            "walks of the same number of steps, or train the model anew."
        )
    return samples.x[:]


def encoder(
    model: Model,
) -> tuple[MorphVAE, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """Walks (b, walks, steps, 3) in um and their ``length`` (b, walks) to embeddings.

    By the network beside it. Walks that occur several times are computed as often, which comes to
    the same.
    """
    network, settings = load(model, torch.device("cpu")), model.settings

    def encode(x: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        x = x[:, : settings["walks"], : settings["walk_steps"]].to(torch.float32)
        length = length[:, : settings["walks"]].long().clamp(max=x.shape[2])
        batch = whole_batch(x / model.facts["scale_um"], length)
        return network.pool(network.latent.location(network.encode(batch)), batch).T

    return network, encode
