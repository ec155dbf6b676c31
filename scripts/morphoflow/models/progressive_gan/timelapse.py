"""The images of fixed latents that a model keeps while it is trained."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from morphoflow.dendrites.movies.pace import Pace
from morphoflow.dendrites.reading.tiles import captioned, tiled
from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.progressive_gan.schedule import Schedule


@dataclass(frozen=True)
class Timelapse:
    """Images (frames, k, s, s) uint8 of k latents, made after ``step`` (frames,) training steps.

    The generator made them with ``size`` (frames,) pixels a side; they were brought to ``s``.
    """

    images: np.ndarray
    step: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, model: Model) -> "Timelapse":
        """That of a model's file, or InputError where it has none."""
        names = ("timelapse", "timelapse_step")
        if not all(name in model.state and len(model.state[name]) for name in names):
            raise InputError(
                f"the model '{model.name}' holds no images from its training; take one that keeps "
                "them, as progressive_gan, and train it for an epoch at least."
            )
        images, step = (model.state[name].numpy() for name in names)
        schedule = Schedule.of(model.settings, len(model.facts["widths"]), model.facts["grown"])
        # The image after a step shows the stage that the step was in.
        return cls(images, step, np.array([schedule.size(int(s) - 1) for s in step]))

    def frames(self, pace: Pace, width: int) -> Iterator[np.ndarray]:
        """The frames (h, w) uint8 of a movie at most ``width`` pixels wide, one by one."""
        last = self.step[-1]
        for row in pace.rows:
            step, size = self.step[row], self.size[row]
            grid = tiled(self.images[row], width)
            yield captioned(grid, f"step {step:,}", f"{size} × {size} pixels", step / max(1, last))
