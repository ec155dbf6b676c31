"""Model ``tree_transformer``: a neuron as the tree of its sections, by attention among them.

In the manner of GraphDINO (Weis et al., TMLR 2023): attention among all parts of a tree, beside
what neighbours in the tree tell each other, trained on views that are pruned, turned and jittered.
Views have to find each other (NT-Xent: Chen et al., ICML 2020) instead of a teacher's output.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from morphoflow.fitting import train_rows
from morphoflow.model import Model
from morphoflow.models.shared.initialise import initialise
from morphoflow.models.shared.turning import frames
from morphoflow.models.shared.two_views import BATCH, Network, TwoViewsLearner, splits_with_labels
from morphoflow.models.tree_transformer.trees import (
    N_FACTS,
    Trees,
    coordinate_scale,
    trees,
    two_views,
)
from morphoflow.models.walk_transformer.network import Attention
from morphoflow.seeds import torch_generator
from morphoflow.store import Samples

# What is known of a section, and of a neuron: logs of its sections, tips, stems, cable and reach.
N_FEATURES, N_TOTALS = 9 + N_FACTS + 2, 5


# The network: a transformer over sections, which also look at their parents and children.


class TreeTransformer(Network[Trees]):
    """Trees to embeddings, with the heads that only training needs.

    The order of sections does not matter, nor do places without one.
    """

    def __init__(self, settings: dict, n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        width, heads, size = settings["width"], settings["heads"], settings["latent_size"]
        self.read = nn.Sequential(
            nn.Linear(N_FEATURES, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(settings["layers"]))
        self.normalise = nn.LayerNorm(width)
        self.queries = nn.Parameter(torch.empty(settings["queries"], width))
        self.pool = Attention(width, heads)
        self.to_embedding = nn.Linear(settings["queries"] * width + N_TOTALS, size)
        self.projector = nn.Sequential(
            nn.Linear(size, settings["projector_size"]),
            nn.GELU(),
            nn.Linear(settings["projector_size"], settings["projection_size"]),
        )
        self.classifier = nn.Linear(size, n_classes) if n_classes else None
        initialise(self, generator)
        nn.init.normal_(self.queries, generator=generator)

    def encode(self, sets: Trees) -> Tensor:
        """The embeddings (n, latent_size) of neurons, each by itself."""
        place = torch.arange(sets.there.shape[1], device=sets.there.device)
        # Children by parents (n, m, m): a product with it is a sum that is the same every time.
        up = ((sets.parent[..., None] == place) & sets.there[..., None]).float()
        bias = torch.zeros_like(up[:, 0]).masked_fill(~sets.there, -torch.inf)[:, None, None]
        children = up.sum(1)
        x = self.read(features(sets, children))
        for block in self.blocks:
            x = block(x, up, children, bias)
        queries = self.queries.expand(x.shape[0], *self.queries.shape)
        pooled = self.pool(queries, self.normalise(x), bias)
        return self.to_embedding(torch.cat([pooled.flatten(1), totals(sets, children)], 1))


class Block(nn.Module):
    """Attention among sections, what parent and children tell, and two layers; all add up."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention = Attention(width, heads)
        self.from_parent, self.from_children = (nn.Linear(width, width) for _ in range(2))
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, up: Tensor, children: Tensor, bias: Tensor) -> Tensor:
        """The sections (n, m, width) after the block.

        ``up`` (n, m, m) has a 1 for each child and its parent, ``children`` (n, m) their number;
        ``bias`` (n, 1, 1, m) is -inf where there is no section.
        """
        normal = self.norms[0](x)
        x = x + self.attention(normal, normal, bias)
        normal = self.norms[1](x)
        mean = up.transpose(1, 2) @ normal / children.clamp_min(1)[..., None]
        x = x + self.from_parent(up @ normal) + self.from_children(mean)
        return x + self.layers(self.norms[2](x))


def features(sets: Trees, children: Tensor) -> Tensor:
    """What a section is read from, (n, m, 17): its ends, its way, its facts, children, tip."""
    begin, end = sets.ends.unbind(2)
    below = [children.log1p()[..., None], (children == 0).float()[..., None]]
    return torch.cat([begin, end, end - begin, sets.facts, *below], 2)


def totals(sets: Trees, children: Tensor) -> Tensor:
    """What the pooled sections do not tell, (n, 5): how many there are, and how far they go."""
    there = sets.there.float()
    tips, stems = there * (children == 0), there * (sets.parent < 0)
    cable, path = (sets.facts[..., :2].expm1() * there[..., None]).unbind(2)
    sums = [there.sum(1), tips.sum(1), stems.sum(1), cable.sum(1), path.amax(1)]
    return torch.stack([of.clamp_min(0).log1p() for of in sums], 1)


# How it is trained and applied.


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
) -> tuple[TreeTransformer, Callable[[Tensor, Tensor], Tensor]]:
    """Sections (b, sections, 10) and their number ``length`` (b,) to embeddings.

    By the network beside it.
    """
    network, settings = load(model, torch.device("cpu")), model.settings

    def encode(x: Tensor, length: Tensor) -> Tensor:
        sets = trees(x, length, settings, model.facts["scale_um"])
        return _mean_over_frames(network, sets, settings["turns"])

    return network, encode


def load(model: Model, device: torch.device) -> TreeTransformer:
    """The network of a saved model, ready to encode."""
    network = TreeTransformer(model.settings, len(model.facts["classes"]), torch.Generator())
    network.load_state_dict(model.state)
    return network.to(device).eval()


def _tensors(samples: Samples, rows: slice) -> tuple[Tensor, Tensor]:
    arrays = samples.x[rows], samples.length[rows]
    return tuple(torch.from_numpy(np.asarray(array)) for array in arrays)


def _mean_over_frames(network: TreeTransformer, sets: Trees, axis: str) -> Tensor:
    weight = sets.facts[..., 0].expm1() * sets.there
    ways = frames(sets.ends[:, :, 1], weight, axis)
    turned = [
        Trees(sets.ends @ way[:, None], sets.facts, sets.parent, sets.there)
        for way in ways.unbind(1)
    ]
    return torch.stack([network.encode(of) for of in turned]).mean(0)
