"""The walks of a neuron pooled into one vector, whatever their order."""

import torch
from torch import Tensor, nn

from morphoflow.models.morphvae_walks import Batch
from morphoflow.models.recurrent import Affine


class Attention(nn.Module):
    """A weight for each walk, learned with the classifier (Ilse et al., ICML 2018).

    It begins with equal weights.
    """

    def __init__(self, size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner, self.outer = Affine(size, size, generator), Affine(size, 1, generator)
        nn.init.zeros_(self.outer.weight)

    def forward(self, location: Tensor) -> Tensor:
        """The score (1, w) of each walk; a walk that occurs twice has it twice."""
        return self.outer(torch.tanh(self.inner(location))).float()


def largest(location: Tensor, batch: Batch) -> Tensor:
    """The largest value of each dimension over the walks of each neuron, (size, b)."""
    return batch.by_place(location).masked_fill(~batch.filled, -torch.inf).amax(dim=2)


def mean(location: Tensor, batch: Batch, score: Tensor | None = None) -> Tensor:
    """The mean over the walks of each neuron, (size, b), weighted by ``exp(score)`` (1, w)."""
    weight = batch.weight[None].log() if score is None else batch.weight.log() + score
    weight = batch.by_place(weight).masked_fill(~batch.filled, -torch.inf).softmax(dim=2)
    return (batch.by_place(location) * weight).masked_fill(~batch.filled, 0).sum(dim=2)
