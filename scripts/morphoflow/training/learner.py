"""What the training loop needs from a model that is being trained."""

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Learner(Protocol):
    """A model, its data and its optimisers, trained by :func:`morphoflow.training.loop.fit`.

    Whatever changes while training must lie in ``modules`` (as parameters or persistent buffers: a
    moving average of the weights too) or in ``optimizers``: nothing else is in a checkpoint, and a
    resumed run must continue as if it had never stopped. A schedule is a function of the epoch.

    Attributes
    ----------
    facts
        Plain builtins that are needed to rebuild the network (class names, steps ...).
    modules
        All weights by name, on the device, in a fixed order.
    optimizers
        The optimisers by name; each group's learning rate goes to the history.
    n_train
        Number of training items.
    batch_size
        Items per step, over all processes together; the last batch of an epoch may be smaller.
    """

    facts: dict
    modules: dict[str, torch.nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    n_train: int
    batch_size: int

    def start_epoch(self, epoch: int) -> None:
        """Prepare epoch ``epoch`` (from 0), for instance by setting the learning rates.

        The modules have just been put into training mode. Also called when a run is resumed within
        the epoch, so it must depend on ``epoch`` alone and draw nothing at random.
        """
        ...

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: "Fabric"
    ) -> dict[str, Tensor]:
        """Take one optimisation step on the training items ``indices``.

        Does its own ``zero_grad``, forward pass under ``fabric.autocast()``,
        ``fabric.backward(loss)``, clipping and optimiser steps. Must not wait for the device: no
        ``.item()``, no ``.cpu()``.

        Parameters
        ----------
        indices
            (b,) int64 on the device, each from 0 to ``n_train - 1``.
        generator
            On the device; the source of every random draw of the step.
        fabric
            Device and precision. With several processes, gradients are averaged by the loop.

        Returns
        -------
        Detached scalars on the device, the same names at each step, ``loss`` among them. Each is a
        mean over the items, and so is the loss that is differentiated: this is what makes the
        averages over an epoch and over several processes right.
        """
        ...

    def validate(self) -> dict[str, float]:
        """Scores on the validation items, ``loss`` among them (smaller is better).

        Deterministic. Called after each epoch with all modules in evaluation mode and gradients
        off. The loss decides on the best weights and on early stopping.
        """
        ...

    def state(self) -> dict[str, Tensor]:
        """The weights that are saved in the model's file, by name."""
        ...
