"""How many frames a movie shows, and for how long each."""

from dataclasses import dataclass

import numpy as np

# What the eye takes for motion, and what it can follow, in ms.
FASTEST, SLOWEST = 40, 200
HELD_MS = 1600


@dataclass(frozen=True)
class Pace:
    """The ``rows`` (m,) of the frames to show in turn, each for ``frame_ms`` (a multiple of 10)."""

    rows: np.ndarray
    frame_ms: int


def paced(number: int, seconds: float, most: int, *, hold: bool) -> Pace:
    """A movie of about ``seconds`` of ``number`` frames, evenly spaced if there are over ``most``.

    A few frames do not fill it, and stand for 0.2 s each. With ``hold`` the last one is repeated
    for a while, so that the end can be looked at before the movie begins again.
    """
    rows = np.linspace(0, number - 1, min(number, most)).round().astype(int)
    frame_ms = int(np.clip(10 * round(100 * seconds / len(rows)), FASTEST, SLOWEST))
    held = HELD_MS // frame_ms if hold else 0
    return Pace(np.concatenate([rows, np.full(held, rows[-1])]), frame_ms)
