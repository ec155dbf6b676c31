"""A small rectified flow, and images with labels for it."""

import numpy as np

import small_progressive_gan
from model_settings import settings
from morphoflow.models.flow import model as flow
from small_progressive_gan import CPU, Stored, crosses

SETTINGS = settings(
    "flow",
    epochs=4,
    epoch_images=16,
    batch_size=4,
    places=8,
    widths=[8, 16],
    learning_rate=2e-3,
    average_images=100,
    early=0.5,
    timelapse_frames=3,
)
MADE = {"steps": 2, "guidance": 1, "autoguidance": 2}


def objects(n=20):
    """Every fourth object is of the kind `b`, and every seventh has no label."""
    label = np.where(np.arange(n) % 4 == 3, "b", "a").astype(object)
    label[::7] = None
    return small_progressive_gan.objects(n).assign(label=label)


def built(x=None, **changes):
    x = crosses() if x is None else x
    return flow.build(Stored(x), objects(len(x)), SETTINGS | changes, 0, CPU)
