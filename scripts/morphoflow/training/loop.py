"""The training loop of all models: it can stop after any step and go on to the same bytes."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from torch import Tensor

from morphoflow.training.checkpoint import remove_checkpoint
from morphoflow.training.collapse import warning
from morphoflow.training.history import EventFiles, history_table
from morphoflow.training.learner import Learner
from morphoflow.training.parallel import GradientAverage
from morphoflow.training.progress import make_report, note
from morphoflow.training.run import Run
from morphoflow.training.saving import Saving, Signals
from morphoflow.training.snapshot import to_cpu

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Fitted:
    """A finished training.

    ``best`` are the weights (on the CPU) of the epoch with the smallest validation loss,
    ``best_epoch`` (from 1; 0 if no epoch was asked for), ``last`` those of the last epoch;
    ``history`` has a row an epoch, see :func:`morphoflow.training.history.history_row`.
    """

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    best_epoch: int
    history: pd.DataFrame
    checkpoint: Path

    def finish(self) -> None:
        """Remove the checkpoint; to be called when the results have been written."""
        remove_checkpoint(self.checkpoint)


def fit(
    learner: Learner,
    *,
    epochs: int,
    patience: int,
    seed: int,
    fabric: "Fabric",
    checkpoint: Path,
    tensorboard: Path | None = None,
    unit: str = "items",
    seconds: float = 300.0,
) -> Fitted:
    """Train until ``epochs`` are done, or ``patience`` epochs in a row were no better (0: never).

    A checkpoint is written every ``seconds``, at the end, and when SIGTERM, SIGINT or SIGUSR1 asks
    to stop; the process then exits with 128 plus the signal's number. Called again with equal
    arguments it goes on from there, and weights and history are equal, to the byte, to those of a
    run that was never stopped.

    Parameters
    ----------
    learner
        Freshly built, from the same seed each time.
    checkpoint
        Folder, see :func:`morphoflow.training.checkpoint.checkpoint_folder`.
    tensorboard
        Folder of this run alone for event files; none are written if it is None.
    unit
        What a training item is called in the report on standard error.

    Raises
    ------
    InputError
        If a training or validation loss is not finite; nothing is written for that epoch.
    """
    run = Run(learner, fabric, seed, epochs, patience)
    folder = tensorboard if fabric.is_global_zero else None
    with ExitStack() as stack:
        saving = Saving(run, checkpoint, stack.enter_context(Signals()), seconds)
        stack.enter_context(run.noise.seeded_defaults())
        saving.resume()
        average = stack.enter_context(GradientAverage(fabric, learner.modules.values()))
        events = stack.enter_context(EventFiles(folder, run.progress.rows))
        report = make_report(epochs, learner.n_train, unit, run.done, fabric.is_global_zero)
        stack.callback(report.close)
        for row in run.train(average, report, saving.between_steps):
            events.add(row)
        saving.at_end()
    fitted = _fitted(run, checkpoint)
    collapse = warning(fitted.history)
    if collapse is not None and fabric.is_global_zero:
        note(collapse)
    return fitted


def _fitted(run: Run, checkpoint: Path) -> Fitted:
    last = to_cpu(run.learner.state())
    progress = run.progress
    return Fitted(
        best=to_cpu(progress.best) if progress.best else last,
        last=last,
        best_epoch=progress.best_epoch,
        history=history_table(progress.rows, run.learner.optimizers),
        checkpoint=checkpoint,
    )
