"""The images of fixed latents that a model keeps while it is trained."""

import numpy as np

from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.model import Model
from morphoflow.models.progressive_gan.schedule import schedule_of
from morphoflow.models.shared.generating import kept_frames


def timelapse(model: Model) -> Timelapse:
    """Those of a model's file; InputError where it has none."""
    images, step = (kept.numpy() for kept in kept_frames(model))
    schedule = schedule_of(model.settings, len(model.facts["widths"]), model.facts["grown"])
    # The image after a step shows the stage that the step was in.
    return Timelapse(images, step, np.array([schedule.size(int(s) - 1) for s in step]))
