"""Grey images as pictures of a figure."""

import numpy as np

from morphoflow.figures.channels import composite, display_limits
from morphoflow.figures.crop_rows import shrink

# Pixels of a picture in a figure; more would only make its file larger.
PIXELS = 192


def grey_pictures(images: np.ndarray, limits: np.ndarray | None = None) -> np.ndarray:
    """Grey images (m, h, w) as pictures (m, h', w', 3) in 0..1, at one contrast.

    ``limits`` (1, 2) are the grey levels shown as black and white, those of the images by default.
    """
    small = shrink(images[:, None].astype(np.float32), PIXELS)
    return composite(small, grey_limits(images) if limits is None else limits)


def grey_limits(images: np.ndarray) -> np.ndarray:
    """The grey levels (1, 2) to show as black and as white, of images (m, h, w)."""
    return display_limits(images[:, None].astype(np.float32))
