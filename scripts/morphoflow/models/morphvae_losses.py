"""The losses of MorphVAE: over real nodes only, each a mean per neuron, alike in all splits."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from morphoflow.models.morphvae_network import MorphVAE
from morphoflow.models.morphvae_walks import Batch


@dataclass(frozen=True)
class Terms:
    """Which terms there are beside the reconstruction, and their weights in the loss."""

    length: float
    classes: float
    divergence: float
    norm: float

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum ()."""
        weights = {"length": self.length, "classes": self.classes}
        weights |= {"divergence": self.divergence, "norm": self.norm, "reconstruction": 1.0}
        return sum(weights[name] * value for name, value in losses.items())


def walk_losses(
    batch: Batch, following: list[Tensor], ends: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Reconstruction and length, each summed over the neurons of the batch, ().

    Reconstruction is a neuron's mean squared error over all real coordinates but those of the
    first node, which the decoder is given. Length is a neuron's mean cross entropy of the decision
    to end, over the nodes at which a walk can end: all but the last step's, since a walk that is
    still going on there was cut off.
    """
    counts, steps = batch.counts, len(batch.counts)
    going = [batch.length[:n] > t for t, n in enumerate(counts)]
    nodes = batch.length - 1
    share = batch.weight / batch.sum_by_neuron(batch.weight * nodes).clamp(min=1)
    squared = [
        ((own[:, :n] - node) ** 2).mean(dim=0) @ (share[:n] * on)
        for own, node, n, on in zip(following, batch.steps[1:], counts[1:], going[1:], strict=True)
    ]
    decisions = batch.length.clamp(max=steps - 1)
    share = batch.weight / batch.sum_by_neuron(batch.weight * decisions)
    entropy = [
        binary_cross_entropy_with_logits(end, (batch.length[:n] == t + 1).float(), reduction="none")
        @ (share[:n] * on)
        for t, (end, n, on) in enumerate(zip(ends, counts[:-1], going[:-1], strict=True))
    ]
    return torch.stack(squared).sum(), torch.stack(entropy).sum()
