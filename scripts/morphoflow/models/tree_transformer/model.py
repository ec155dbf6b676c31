"""Model ``tree_transformer``: a neuron as the tree of its sections, by attention among them.

In the manner of GraphDINO (Weis et al., TMLR 2023): attention among all parts of a tree, beside
what neighbours in the tree tell each other, trained on views that are pruned, turned and jittered.
Views have to find each other (NT-Xent: Chen et al., ICML 2020) instead of a teacher's output.
"""

import numpy as np
import pandas as pd
import torch

from morphoflow.model import Model
from morphoflow.models.contrastive.two_views import BATCH, Split, TwoViewsLearner
from morphoflow.models.morphvae.selection import class_names, class_numbers, seen_labels
from morphoflow.models.shared.turning import frames
from morphoflow.models.splits import training_and_validation
from morphoflow.models.tree_transformer.network import TreeTransformer
from morphoflow.models.tree_transformer.trees import Trees, coordinate_scale, trees, two_views
from morphoflow.seeds import numpy_generator, torch_generator
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
    train, validation = training_and_validation(objects, least=2)
    x, length = np.asarray(samples.x), np.asarray(samples.length)
    scale = coordinate_scale(x[train], length[train])
    classes = class_names(objects["label"].iloc[train])
    numbers = class_numbers(objects["label"], classes)
    generator = numpy_generator(seed, "sampling")
    seen = seen_labels(samples.ids[train], numbers[train], settings["label_fraction"], generator)
    n_classes = len(classes) if (seen >= 0).any() else 0
    network = TreeTransformer(settings, n_classes, torch_generator(seed, "initialisation"))
    splits = [
        Split(
            trees(x[rows], length[rows], settings, scale, device),
            torch.from_numpy(of).to(device),
        )
        for rows, of in ((train, seen), (validation, numbers[validation]))
    ]
    facts = {"classes": classes[:n_classes], "scale_um": scale}
    return TreeTransformerLearner(network.to(device), *splits, settings, facts)


def embed(model: Model, samples: Samples, device: torch.device) -> np.ndarray:
    """The neurons (n, latent_size) float32; nothing is drawn.

    It is the mean over the neuron's own frames, so that it ignores the turns of the training.
    """
    network = TreeTransformer(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    network.to(device).eval()
    embeddings = []
    with torch.inference_mode():
        for begin in range(0, len(samples.length), BATCH):
            part = slice(begin, begin + BATCH)
            x, length = np.asarray(samples.x[part]), np.asarray(samples.length[part])
            sets = trees(x, length, model.settings, model.facts["scale_um"], device)
            embeddings.append(_mean_over_frames(network, sets, model.settings["turns"]))
    return torch.cat(embeddings).cpu().numpy()


def _mean_over_frames(network: TreeTransformer, sets: Trees, axis: str) -> torch.Tensor:
    weight = sets.facts[..., 0].expm1() * sets.there
    ways = frames(sets.ends[:, :, 1], weight, axis)
    turned = [
        Trees(sets.ends @ way[:, None], sets.facts, sets.parent, sets.there)
        for way in ways.unbind(1)
    ]
    return torch.stack([network.encode(of) for of in turned]).mean(0)
