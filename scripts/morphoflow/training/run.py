"""The course of a training: steps, epochs, validation, the best weights, the end."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.seeds import torch_generator
from morphoflow.training.history import history_row
from morphoflow.training.learner import Learner
from morphoflow.training.metrics import EpochMetrics, check_validation
from morphoflow.training.noise import Noise
from morphoflow.training.parallel import GradientAverage
from morphoflow.training.progress import Report
from morphoflow.training.snapshot import Progress, copy_state

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Run:
    """A training that is under way; ``learner``, ``metrics``, ``noise`` and ``progress`` change."""

    def __init__(
        self, learner: Learner, fabric: "Fabric", seed: int, epochs: int, patience: int
    ) -> None:
        self.learner, self.fabric, self.seed = learner, fabric, seed
        self.epochs, self.patience = epochs, patience
        self.batches = batches_per_epoch(learner.n_train, learner.batch_size)
        self.progress = Progress()
        self.metrics = EpochMetrics()
        self.noise = Noise(seed, fabric)

    @property
    def done(self) -> float:
        """Epochs done, with the part of the running one."""
        return self.progress.epoch + self.progress.batch / self.batches

    @property
    def steps(self) -> int:
        """Optimisation steps done."""
        return self.progress.epoch * self.batches + self.progress.batch

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or too many in a row were no better than the best."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.progress.epoch >= self.epochs or 0 < self.patience <= waited

    def train(
        self, average: GradientAverage, report: Report, between_steps: Callable[[], None]
    ) -> Iterator[dict]:
        """Train to the end and yield the history's new rows.

        ``between_steps`` is called after every step and epoch, when all state is consistent.
        """
        while not self.finished:
            for batch in self._remaining_batches():
                self._step(batch, average)
                report.step(len(batch))
                between_steps()
            row = self._end_epoch()
            report.epoch(row, last=self.finished)
            yield row
            between_steps()

    def _remaining_batches(self) -> tuple[Tensor, ...]:
        for module in self.learner.modules.values():
            module.train()
        self.learner.start_epoch(self.progress.epoch)
        order = epoch_order(self.seed, self.progress.epoch, self.learner.n_train)
        batches = order.to(self.fabric.device).split(self.learner.batch_size)
        return batches[self.progress.batch :]

    def _step(self, batch: Tensor, average: GradientAverage) -> None:
        part, average.weight = share(batch, self.fabric.global_rank, self.fabric.world_size)
        values = self.learner.step(part, self.noise.generator, self.fabric)
        self.progress.batch += 1
        self.metrics.add(values, items=average.weight * len(batch), step=self.steps)

    def _end_epoch(self) -> dict:
        epoch, steps = self.progress.epoch + 1, self.steps
        train = self.metrics.fetch(self.fabric, self.learner.n_train, epoch)
        validation = self._validate()
        check_validation(validation, epoch, steps)
        better = validation["loss"] < self.progress.best_loss
        if better:
            self.progress.best = copy_state(self.learner.state())
            self.progress.best_epoch, self.progress.best_loss = epoch, validation["loss"]
        row = history_row(epoch, steps, self.learner.optimizers, train, validation, better)
        self.progress.rows.append(row)
        self.progress.epoch, self.progress.batch = epoch, 0
        self.metrics = EpochMetrics()
        return row

    def _validate(self) -> dict[str, float]:
        for module in self.learner.modules.values():
            module.eval()
        with torch.no_grad():
            return self.fabric.broadcast(self.learner.validate())


# Which training items make up which batch.


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The items (n,) in the order of an epoch, a function of the seed and the epoch alone."""
    return torch.randperm(n, generator=torch_generator(seed, "order", epoch))


def batches_per_epoch(n: int, batch_size: int) -> int:
    """Number of batches that hold ``n`` items; nothing is dropped, the last one may be smaller."""
    return -(-n // batch_size)


def share(batch: Tensor, rank: int, processes: int) -> tuple[Tensor, float]:
    """The items of a batch (b,) for one process, and that process's weight in the mean over all.

    Weights are the fraction of the batch and add up to 1. A process for which nothing is left takes
    the first item with weight 0, since the others wait for its gradients.
    """
    part = batch[rank::processes]
    if len(part) == 0:
        return batch[:1], 0.0
    return part, len(part) / len(batch)
