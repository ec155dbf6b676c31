"""How far the training is: a bar on a terminal, plain lines in a log; both on standard error."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0


def note(text: str) -> None:
    """Print a line, above the bar if there is one."""
    tqdm.write(text, file=sys.stderr)


class Lines:
    """Lines for a log: the first and the last epoch, and between them one every few seconds.

    ``items`` are in an epoch and ``unit`` is what they are called; ``done`` epochs are completed.
    """

    def __init__(
        self,
        epochs: int,
        items: int,
        unit: str,
        done: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.epochs, self.items, self.unit, self.clock = epochs, items, unit, clock
        self._began = clock()
        self._printed = -float("inf")
        self._seen = 0

    def step(self, items: int) -> None:
        """Note that ``items`` more items went through."""
        self._seen += items

    def epoch(self, row: dict, last: bool) -> None:
        """Note a row of the history."""
        now = self.clock()
        if last or now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            note(f"{summary(row, self.epochs)}  {self._speed(row, now - self._began)}")

    def close(self) -> None:
        """End."""

    def _speed(self, row: dict, seconds: float) -> str:
        speed = max(self._seen, 1) / max(seconds, 1e-3)
        left = timedelta(seconds=round((self.epochs - row["epoch"]) * self.items / speed))
        return f"{speed:,.0f} {self.unit}/s  at most {left} left"


class Bar:
    """A bar for a terminal, with the last epoch's losses before it."""

    def __init__(self, epochs: int, items: int, unit: str, done: float) -> None:
        self.epochs = epochs
        self._bar = tqdm(
            total=epochs * items,
            initial=round(done * items),
            unit=f" {unit}",
            unit_scale=True,
            dynamic_ncols=True,
            file=sys.stderr,
        )

    def step(self, items: int) -> None:
        """Note that ``items`` more items went through."""
        self._bar.update(items)

    def epoch(self, row: dict, last: bool) -> None:
        """Note a row of the history."""
        self._bar.set_description_str(summary(row, self.epochs), refresh=last)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class Silence:
    """For all processes but the first."""

    def step(self, items: int) -> None:
        """Say nothing."""

    def epoch(self, row: dict, last: bool) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


Report = Lines | Bar | Silence


def make_report(epochs: int, items: int, unit: str, done: float, first: bool) -> Report:
    """The report that suits standard error; ``first`` is false for all processes but the first."""
    if not first:
        return Silence()
    return (Bar if sys.stderr.isatty() else Lines)(epochs, items, unit, done)


def summary(row: dict, epochs: int) -> str:
    """An epoch in a few words."""
    mark = " (best)" if row["best"] else ""
    return (
        f"epoch {row['epoch']}/{epochs}  train {row['train_loss']:.5g}"
        f"  validation {row['validation_loss']:.5g}{mark}"
    )
