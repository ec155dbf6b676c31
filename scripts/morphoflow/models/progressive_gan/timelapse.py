"""The images of fixed latents that a model keeps while it is trained."""

import numpy as np

from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.errors import InputError
from morphoflow.model import Model
from morphoflow.models.progressive_gan.schedule import schedule_of


def timelapse(model: Model) -> Timelapse:
    """Those of a model's file; InputError where it has none."""
    names = ("timelapse", "timelapse_step")
    if not all(name in model.state and len(model.state[name]) for name in names):
        raise InputError(
            f"the model '{model.name}' holds no images from its training; take a variant that "
            "keeps them (`timelapse_frames`), and train it for an epoch at least."
        )
    images, step = (model.state[name].numpy() for name in names)
    schedule = schedule_of(model.settings, len(model.facts["widths"]), model.facts["grown"])
    # The image after a step shows the stage that the step was in.
    return Timelapse(images, step, np.array([schedule.size(int(s) - 1) for s in step]))
