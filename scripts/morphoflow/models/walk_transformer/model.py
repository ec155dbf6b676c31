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
from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.morphvae.walks import coordinate_scale
from morphoflow.models.shared.turning import frames
from morphoflow.models.shared.two_views import BATCH, TwoViewsLearner, splits_with_labels
from morphoflow.models.walk_transformer.network import WalkTransformer
from morphoflow.models.walk_transformer.walks import (
    WalkSets,
    even_lines,
    moved,
    two_views,
    walk_sets,
)
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples


class WalkTransformerLearner(TwoViewsLearner[WalkSets]):
    """Views are disjoint parts of a neuron's walks, each moved at random."""

    def _views(self, sets: WalkSets, generator: torch.Generator) -> WalkSets:
        views = two_views(sets, self.settings["view_walks"], generator)
        return WalkSets(moved(views.lines, self.settings, generator), views.weight)


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> WalkTransformerLearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, walks, steps, 3) in um, ``samples.length`` (n, walks). Coordinates are
    divided by their root mean square in the training split, soma left out, which the facts keep as
    ``scale_um``. Labels of the training split alone are learned from.
    """
    x, length = samples.x[:], samples.length
    train = train_rows(objects)
    scale = coordinate_scale(x[train], length[train])

    def sets_of(rows: np.ndarray) -> WalkSets:
        return walk_sets(x[rows], length[rows], settings["nodes"], scale, device)

    *splits, classes = splits_with_labels(
        samples, objects, settings["label_fraction"], seed, device, sets_of
    )
    network = WalkTransformer(settings, len(classes), torch_generator(seed, "initialisation"))
    facts = {"classes": classes, "steps": x.shape[2], "scale_um": scale}
    return WalkTransformerLearner(network.to(device), *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The neurons (n, latent_size) float32, each by all its walks; nothing is drawn.

    It is the mean over the neuron's own frames, so that it ignores the turns of the training.
    """
    steps, expected = samples.x.shape[2], model.facts["steps"]
    if steps != expected:
        raise InputError(
            f"the walks have up to {steps} steps and the model was trained on {expected}; sample "
            "walks of the same number of steps, or train the model anew."
        )
    network = load(model, device)
    nodes, scale = model.settings["nodes"], model.facts["scale_um"]
    embeddings = []
    with torch.inference_mode():
        for begin in range(0, len(samples.length), BATCH):
            part = slice(begin, begin + BATCH)
            sets = walk_sets(samples.x[part], samples.length[part], nodes, scale, device)
            embeddings.append(_mean_over_frames(network, sets, model.settings["turns"]))
    return torch.cat(embeddings).cpu().numpy()


def _mean_over_frames(network: WalkTransformer, sets: WalkSets, axis: str) -> torch.Tensor:
    weight = sets.weight[..., None].expand(sets.lines.shape[:3])
    ways = frames(sets.lines.flatten(1, 2), weight.flatten(1, 2), axis)
    turned = [WalkSets(sets.lines @ way[:, None], sets.weight) for way in ways.unbind(1)]
    return torch.stack([network.encode(of) for of in turned]).mean(0)


def encoder(
    model: Model,
) -> tuple[WalkTransformer, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """Walks (b, walks, steps, 3) in um and their ``length`` (b, walks) to embeddings.

    By the network beside it. Walks that occur several times are computed as often, which comes to
    the same.
    """
    network, settings = load(model, torch.device("cpu")), model.settings

    def encode(x: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        x = x.to(torch.float32) / model.facts["scale_um"]
        lines = even_lines(x, length.long(), settings["nodes"])
        once = torch.ones_like(lines[:, :, 0, 0])
        return _mean_over_frames(network, WalkSets(lines, once), settings["turns"])

    return network, encode


def load(model: Model, device: torch.device) -> WalkTransformer:
    """The network of a saved model, ready to encode."""
    network = WalkTransformer(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval()
