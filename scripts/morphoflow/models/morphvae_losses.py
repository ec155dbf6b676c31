"""The losses of MorphVAE over the nodes that are real: a mean per neuron, alike in all splits."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from morphoflow.models.morphvae_walks import Batch


def reconstruction_loss(batch: Batch, following: list[Tensor]) -> Tensor:
    """Each neuron's mean squared error over all real coordinates, summed over the neurons, ().

    The first node is left out, since the decoder is given it.
    """
    share = _share(batch, batch.length - 1)
    total = batch.weight.new_zeros(())
    for step, node in enumerate(batch.steps[1:], start=1):
        n = batch.counts[step]
        squared = ((following[step - 1][:, :n] - node) ** 2).mean(dim=0)
        total = total + (squared * share[:n] * batch.active(step)).sum()
    return total


def length_loss(batch: Batch, ends: list[Tensor]) -> Tensor:
    """Each neuron's mean cross entropy of the decision to end, summed over the neurons, ().

    A decision is made at each node but that of the last step: there, a walk may have been cut off.
    """
    share = _share(batch, batch.length.clamp(max=len(ends)))
    total = batch.weight.new_zeros(())
    for step, logit in enumerate(ends):
        n = batch.counts[step]
        is_end = (batch.length[:n] == step + 1).float()
        entropy = binary_cross_entropy_with_logits(logit, is_end, reduction="none")
        total = total + (entropy * share[:n] * batch.active(step)).sum()
    return total


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross entropy of the labels (b,), summed over the neurons whose label is not negative."""
    return cross_entropy(logits.float(), labels, ignore_index=-1, reduction="sum")


def walk_mean(batch: Batch, values: Tensor) -> Tensor:
    """Each neuron's mean of ``values`` (w,) over its walks, summed over the neurons, ()."""
    return (values * _share(batch, torch.ones_like(batch.length))).sum()


def _share(batch: Batch, terms: Tensor) -> Tensor:
    """The weight of each term of a walk in its neuron's mean, where it has ``terms`` (w,)."""
    whole = batch.neuron_sum(batch.weight * terms).clamp(min=1)
    return batch.weight / whole[batch.neuron]
