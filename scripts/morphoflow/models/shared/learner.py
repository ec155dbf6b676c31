"""What learners that train one network with one optimiser have in common."""

import math
from collections.abc import Iterable, Sized
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)
Data = TypeVar("Data", bound=Sized)


class OneNetworkLearner(Generic[Network, Data]):
    """All of :class:`morphoflow.training.learner.Learner` but ``step`` and ``validate``.

    ``train`` and ``validation`` are the data of the two splits on the device, whose length is
    their number of objects. Without ``optimizers``, of which there is one, it is Adam.
    """

    def __init__(
        self,
        network: Network,
        train: Data,
        validation: Data,
        settings: dict,
        facts: dict,
        optimizers: dict[str, torch.optim.Optimizer] | None = None,
    ) -> None:
        self.network, self.facts, self.settings = network, facts, settings
        self.train, self.validation = train, validation
        self.optimizers = optimizers or {
            "adam": torch.optim.Adam(network.parameters(), lr=settings["learning_rate"])
        }
        (self.optimizer,) = self.optimizers.values()
        self.modules = {"network": network}
        self.n_train, self.batch_size = len(train), settings["batch_size"]

    def start_epoch(self, epoch: int) -> None:
        """Nothing changes with the epoch, unless a learner says so."""

    def state(self) -> dict[str, Tensor]:
        """The weights of the network."""
        return self.network.state_dict()


def rise_and_fall(epoch: int, settings: dict) -> tuple[float, float]:
    """Two factors of the learning rate in an epoch (from 0), from 0 to 1.

    The first rises evenly over the share ``warmup`` of the ``epochs``; the second is 1 until then
    and then falls along half a cosine.
    """
    epochs = settings["epochs"]
    risen = round(settings["warmup"] * epochs)
    rise = min(1.0, (epoch + 1) / max(risen, 1))
    fall = 0.5 + 0.5 * math.cos(math.pi * max(0, epoch - risen) / max(epochs - risen, 1))
    return rise, fall


def mean_scores(parts: Iterable[tuple[dict[str, Tensor], int]]) -> dict[str, float]:
    """The mean of each score () over all objects, from the means over parts and their sizes."""
    sums: dict[str, float] = {}
    objects = 0
    for scores, size in parts:
        objects += size
        for name, value in scores.items():
            sums[name] = sums.get(name, 0.0) + float(value) * size
    return {name: value / objects for name, value in sums.items()}
