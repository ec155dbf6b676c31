"""The images of fixed latents that a flow keeps while it is trained."""

import numpy as np

from morphoflow.dendrites.movies.timelapse import Timelapse
from morphoflow.model import Model
from morphoflow.models.shared.generating import kept_frames


def timelapse(model: Model) -> Timelapse:
    """Those of a model's file; InputError where it has none."""
    images, step = (kept.numpy() for kept in kept_frames(model))
    return Timelapse(images, step, np.full(len(step), model.facts["size"]))
