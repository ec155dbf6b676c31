"""Signals that ask the training to stop, noted when they come and answered between two steps."""

import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


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


def exit_code(number: int) -> int:
    """The exit code that says which signal ended a process: 143 for SIGTERM, 130 for SIGINT."""
    return 128 + number
