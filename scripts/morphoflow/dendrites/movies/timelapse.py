"""The images of fixed latents that a model keeps while it is trained."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from morphoflow.dendrites.movies.pace import Pace
from morphoflow.dendrites.reading.tiles import captioned, tiled


@dataclass(frozen=True)
class Timelapse:
    """Images (frames, k, s, s) uint8 of k latents, made after ``step`` (frames,) training steps.

    The generator made them with ``size`` (frames,) pixels a side; they were brought to ``s``.
    """

    images: np.ndarray
    step: np.ndarray
    size: np.ndarray

    def frames(self, pace: Pace, width: int) -> Iterator[np.ndarray]:
        """The frames (h, w) uint8 of a movie at most ``width`` pixels wide, one by one."""
        last = self.step[-1]
        for row in pace.rows:
            step, size = self.step[row], self.size[row]
            grid = tiled(self.images[row], width)
            yield captioned(grid, f"step {step:,}", f"{size} × {size} pixels", step / max(1, last))
