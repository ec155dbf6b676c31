"""Training without the loop: the steps of some epochs, one after another, on the CPU."""

from contextlib import nullcontext
from types import SimpleNamespace

import torch

# Stands in for a Fabric.
PLAIN = SimpleNamespace(autocast=nullcontext, backward=lambda loss: loss.backward())


def train(learner, epochs: int, seed: int = 0) -> list[dict]:
    """The results of all steps, whose batches come in the order of the objects."""
    generator, rows = torch.Generator().manual_seed(seed), []
    for epoch in range(epochs):
        learner.start_epoch(epoch)
        for batch in torch.arange(learner.n_train).split(learner.batch_size):
            rows.append(learner.step(batch, generator, PLAIN))
    return rows


@torch.no_grad()
def validate(learner) -> dict[str, float]:
    """What validation tells."""
    return learner.validate()
