"""One picture of a movie: a frame of it, or all of them projected."""

from collections.abc import Iterable

import numpy as np

from morphoflow.dendrites.findings import Refused
from morphoflow.dendrites.frames import Frames

NAMED = {"first": 0, "last": -1}


def picture(frames: Frames, frame: int | str) -> tuple[np.ndarray, str | None]:
    """The wanted ``frame`` as float32 (h, w), and a name for it where there are several.

    ``frame`` is a number from 0, ``first``, ``last``, ``max`` or ``mean``. Frames are counted over
    time, or over depth where there is no time; where there are both, each time is first projected
    over depth by its maximum. Few frames are in memory at once. Raises Refused for a number that
    is not there.
    """
    times = _times(frames)
    many = len(times) > 1
    if frame == "max":
        return _highest(frames, times.ravel()), frame if many else None
    if frame == "mean":
        return _mean(frames, times), frame if many else None
    number = NAMED.get(frame, frame)
    if not -1 <= number < len(times):
        there = f"frames 0 to {len(times) - 1}" if many else "one frame, number 0"
        raise Refused("frame_absent", f"frame {frame} is asked of {there}", str(frame))
    chosen = _highest(frames, times[number])
    return chosen, f"frame{number % len(times)}" if many else None


def _times(frames: Frames) -> np.ndarray:
    """The numbers of frames as (times, depths)."""
    numbers = np.arange(len(frames)).reshape(frames.counts)
    time = frames.axes.find("T")
    if time < 0 or frames.counts[time] == 1:
        return numbers.reshape(-1, 1)
    return np.moveaxis(numbers, time, 0).reshape(frames.counts[time], -1)


def _highest(frames: Frames, numbers: Iterable[int]) -> np.ndarray:
    first, *others = numbers
    highest = frames.read(first).astype(np.float32)
    for number in others:
        np.maximum(highest, frames.read(number), out=highest, casting="unsafe")
    return highest


def _mean(frames: Frames, times: np.ndarray) -> np.ndarray:
    total = np.zeros(frames.read(0).shape)
    for depths in times:
        total += _highest(frames, depths)
    return (total / len(times)).astype(np.float32)
