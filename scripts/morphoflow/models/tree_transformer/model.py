"""Model ``tree_transformer``: a neuron as the tree of its sections, by attention among them.

In the manner of GraphDINO (Weis et al., TMLR 2023): attention among all parts of a tree, beside
what neighbours in the tree tell each other, trained on views that are pruned, turned and jittered.
Views have to find each other (NT-Xent: Chen et al., ICML 2020) instead of a teacher's output.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.shared.turning import frames
from morphoflow.models.shared.two_views import BATCH, TwoViewsLearner, splits_with_labels
from morphoflow.models.tree_transformer.network import TreeTransformer
from morphoflow.models.tree_transformer.trees import Trees, coordinate_scale, trees, two_views
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples


class TreeTransformerLearner(TwoViewsLearner[Trees]):
    """Views are what is left of a neuron after pruning, moved at random."""

    def _views(self, sets: Trees, generator: torch.Generator) -> Trees:
        return two_views(sets, self.settings, generator)


def build(
    samples: Samples, objects: pd.DataFrame, settings: dict, seed: int, device: torch.device
) -> TreeTransformerLearner:
    """Make a network and its data ready for training.

    ``samples.x`` is (n, sections, 10) as in :mod:`morphoflow.neurons.samples.sections`, and
    ``samples.length`` (n,). Coordinates are divided by the root mean square of the ends of
    sections in the training split, which the facts keep as ``scale_um``. Labels of the training
    split alone are learned from.
    """
    x, length = _tensors(samples, slice(None))
    train = train_rows(objects)
    scale = coordinate_scale(x[train], length[train])

    def sets_of(rows: np.ndarray) -> Trees:
        return trees(x[rows], length[rows], settings, scale).to(device)

    *splits, classes = splits_with_labels(
        samples, objects, settings["label_fraction"], seed, device, sets_of
    )
    network = TreeTransformer(settings, len(classes), torch_generator(seed, "initialisation"))
    facts = {"classes": classes, "scale_um": scale}
    return TreeTransformerLearner(network.to(device), *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The neurons (n, latent_size) float32; nothing is drawn.

    It is the mean over the neuron's own frames, so that it ignores the turns of the training.
    """
    network, settings = load(model, device), model.settings
    embeddings = []
    with torch.inference_mode():
        for begin in range(0, len(samples.length), BATCH):
            x, length = _tensors(samples, slice(begin, begin + BATCH))
            sets = trees(x, length, settings, model.facts["scale_um"]).to(device)
            embeddings.append(_mean_over_frames(network, sets, settings["turns"]))
    return torch.cat(embeddings).cpu().numpy()


def encoder(
    model: Model,
) -> tuple[TreeTransformer, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """Sections (b, sections, 10) and their number ``length`` (b,) to embeddings.

    By the network beside it.
    """
    network, settings = load(model, torch.device("cpu")), model.settings

    def encode(x: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        sets = trees(x, length, settings, model.facts["scale_um"])
        return _mean_over_frames(network, sets, settings["turns"])

    return network, encode


def load(model: Model, device: torch.device) -> TreeTransformer:
    """The network of a saved model, ready to encode."""
    network = TreeTransformer(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval()


def _tensors(samples: Samples, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
    arrays = samples.x[rows], samples.length[rows]
    return tuple(torch.from_numpy(np.asarray(array)) for array in arrays)


def _mean_over_frames(network: TreeTransformer, sets: Trees, axis: str) -> torch.Tensor:
    weight = sets.facts[..., 0].expm1() * sets.there
    ways = frames(sets.ends[:, :, 1], weight, axis)
    turned = [
        Trees(sets.ends @ way[:, None], sets.facts, sets.parent, sets.there)
        for way in ways.unbind(1)
    ]
    return torch.stack([network.encode(of) for of in turned]).mean(0)
