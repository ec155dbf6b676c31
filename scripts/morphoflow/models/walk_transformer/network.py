"""A set transformer whose items are walks (Lee et al., "Set Transformer", ICML 2019)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from morphoflow.models.shared.initialise import initialise
from morphoflow.models.shared.two_views import Network
from morphoflow.models.walk_transformer.walks import WalkSets


class WalkTransformer(Network[WalkSets]):
    """Sets of walks to embeddings, with the heads that only training needs.

    The order of the walks does not matter, nor do places without one; a walk that occurs several
    times counts as often, since the logarithm of its weight is added to what attention goes by.
    """

    def __init__(self, settings: dict, n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        width, heads = settings["width"], settings["heads"]
        n_features = 3 * settings["nodes"] + 3 * (settings["nodes"] - 1) + 1
        self.read = nn.Sequential(
            nn.Linear(n_features, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(settings["layers"]))
        self.normalise = nn.LayerNorm(width)
        self.queries = nn.Parameter(torch.empty(settings["queries"], width))
        self.pool = Attention(width, heads)
        self.to_embedding = nn.Linear(settings["queries"] * width, settings["latent_size"])
        self.projector = nn.Sequential(
            nn.Linear(settings["latent_size"], settings["projector_size"]),
            nn.GELU(),
            nn.Linear(settings["projector_size"], settings["projection_size"]),
        )
        self.classifier = nn.Linear(settings["latent_size"], n_classes) if n_classes else None
        initialise(self, generator)
        nn.init.normal_(self.queries, generator=generator)

    def encode(self, sets: WalkSets) -> Tensor:
        """The embeddings (n, latent_size) of neurons, each by itself."""
        bias = sets.weight.log()[:, None, None, :]
        x = self.read(line_features(sets.lines))
        for block in self.blocks:
            x = block(x, bias)
        queries = self.queries.expand(x.shape[0], *self.queries.shape)
        pooled = self.pool(queries, self.normalise(x), bias)
        return self.to_embedding(pooled.flatten(1))


class Block(nn.Module):
    """Attention among walks, then two layers for each; both add to what they are given."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """The walks (n, m, width) after the block; ``bias`` (n, 1, 1, m) is -inf for no walk."""
        normal = self.before_attention(x)
        x = x + self.attention(normal, normal, bias)
        return x + self.layers(self.before_layers(x))


class Attention(nn.Module):
    """Scaled dot-product attention with several heads (Vaswani et al., NIPS 2017)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.asks, self.keys = nn.Linear(width, width), nn.Linear(width, width)
        self.values, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, queries: Tensor, items: Tensor, bias: Tensor) -> Tensor:
        """What queries (n, q, width) find among items (n, m, width), (n, q, width).

        ``bias`` (n, 1, 1, m) is added to the scores. Written out, since the fused forms are not
        deterministic on every device.
        """
        asks, keys, values = (
            layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer, x in ((self.asks, queries), (self.keys, items), (self.values, items))
        )
        scores = asks @ keys.transpose(2, 3) / math.sqrt(asks.shape[3]) + bias
        attended = scores.softmax(3) @ values
        return self.out(attended.transpose(1, 2).flatten(2))


def line_features(lines: Tensor) -> Tensor:
    """What a walk is read from, (n, m, features): its nodes, its steps and its log length.

    Steps are multiplied by their number, so that they are as large as the nodes' coordinates.
    """
    steps = lines.diff(dim=2)
    path = steps.square().sum(3).clamp_min(1e-12).sqrt().sum(2, keepdim=True)
    parts = [lines.flatten(2), (steps * steps.shape[2]).flatten(2), functional.softplus(path).log()]
    return torch.cat(parts, 2)
