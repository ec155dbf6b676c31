"""Which training items make up which batch."""

import torch
from torch import Tensor

from morphoflow.training.seeds import torch_generator


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The items (n,) in the order of an epoch, a function of the seed and the epoch alone."""
    return torch.randperm(n, generator=torch_generator(seed, "order", epoch))


def batches_per_epoch(n: int, batch_size: int) -> int:
    """Number of batches that hold ``n`` items; nothing is dropped, the last one may be smaller."""
    return -(-n // batch_size)


def share(batch: Tensor, rank: int, processes: int) -> tuple[Tensor, float]:
    """The items of a batch (b,) for one process, and that process's weight in the mean over all.

    Weights are the fraction of the batch and add up to 1. A process for which nothing is left goes
    through the motions on the first item with weight 0, since the others wait for its gradients.
    """
    part = batch[rank::processes]
    if len(part) == 0:
        return batch[:1], 0.0
    return part, len(part) / len(batch)
