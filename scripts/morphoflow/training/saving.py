"""When checkpoints of a run are written, and how it is resumed from one."""

import signal
import time
from pathlib import Path
from types import FrameType

from morphoflow.training.checkpoint import load_checkpoint, save_checkpoint
from morphoflow.training.devices import hardware
from morphoflow.training.parallel import agree
from morphoflow.training.progress import note
from morphoflow.training.run import Run
from morphoflow.training.snapshot import capture, identity, restore

# Several processes agree only now and then on whether to save: each time waits for the device.
STEPS_BETWEEN_AGREEMENTS = 16

DUE = 1  # less than the number of any signal that is listened to

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


# Signals that ask the training to stop, noted when they come and answered between two steps.


class Signals:
    """Within the block, a signal to stop is noted in ``received`` (0 if there was none).

    A second SIGINT stops at once, for a person who does not want to wait. Other repeats are
    ignored: a batch system sends its signal to every process of a job, some of which pass it on.
    """

    def __init__(self) -> None:
        self.received = 0

    def __enter__(self) -> "Signals":
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = self.received or number


class Saving:
    """Writes checkpoints of ``run`` every ``seconds``, and on a signal, after which it exits."""

    def __init__(self, run: Run, folder: Path, signals: Signals, seconds: float) -> None:
        self.run, self.folder, self.signals, self.seconds = run, folder, signals, seconds
        self._identity = identity(run.learner, run.fabric, run.seed, run.epochs, run.patience)
        self._due = time.monotonic() + seconds

    def resume(self) -> None:
        """Go on from the newest checkpoint that is whole and of this run, if there is one."""
        run = self.run
        content = load_checkpoint(self.folder, self._identity, self._note)
        if content is None:
            return
        run.progress = restore(content, run.learner, run.metrics, run.noise, run.fabric)
        self._note(f"resumed after {self._place()}")
        if content["hardware"] != hardware(run.fabric.device):
            self._note(
                f"resumed on {hardware(run.fabric.device)} after {content['hardware']}: "
                "the last bits may differ from those of a run that was not stopped"
            )

    def between_steps(self) -> None:
        """Save if it is time; save and exit if a signal came."""
        wanted = self.signals.received or (DUE if time.monotonic() >= self._due else 0)
        if self.run.fabric.world_size > 1:
            if self.run.progress.batch % STEPS_BETWEEN_AGREEMENTS:
                return
            wanted = agree(self.run.fabric, wanted)
        if wanted:
            self._save(wanted)

    def at_end(self) -> None:
        """Save, so that a failure to write the results does not cost the training."""
        self._save(agree(self.run.fabric, self.signals.received))

    def _save(self, wanted: int) -> None:
        run = self.run
        content = capture(run.learner, run.progress, run.metrics, run.noise, run.fabric)
        if run.fabric.is_global_zero:
            save_checkpoint(self.folder, {**content, "identity": self._identity})
        self._due = time.monotonic() + self.seconds
        if wanted > DUE:
            self._note(
                f"{signal.Signals(wanted).name} after {self._place()}: the checkpoint is written, "
                "run again to go on from here"
            )
            # A process that ends early takes the others with it, in the middle of writing.
            run.fabric.barrier()
            raise SystemExit(exit_code(wanted))

    def _place(self) -> str:
        progress = self.run.progress
        return f"epoch {progress.epoch} of {self.run.epochs}, batch {progress.batch}"

    def _note(self, text: str) -> None:
        if self.run.fabric.is_global_zero:
            note(text)


def exit_code(number: int) -> int:
    """The exit code that says which signal ended a process: 143 for SIGTERM, 130 for SIGINT."""
    return 128 + number
