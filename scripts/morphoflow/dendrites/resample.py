"""Area resampling of frames: a new pixel is the mean of the light that falls on it.

Where a frame is made larger, the mean is taken over a square as wide as an old pixel, which is
linear interpolation; so one kernel serves both directions and no detail is folded.
"""

import numpy as np


def resample(frame: np.ndarray, scale: float) -> np.ndarray:
    """A frame (h, w) at ``scale`` new pixels per old one, as float32; edges meet at the top left.

    A part of a pixel at the far edges is left out.
    """
    if scale == 1:
        return frame.astype(np.float32)
    rows, columns = (area_weights(n, scale) for n in frame.shape)
    return rows @ frame.astype(np.float32) @ columns.T


def resampled_length(length: int, scale: float) -> int:
    """The number of whole new pixels on ``length`` old ones."""
    return max(1, int(length * scale + 1e-6))


def area_weights(length: int, scale: float) -> np.ndarray:
    """The weights (new, length) of old pixels in new ones along an axis; rows sum to 1."""
    centre = (np.arange(resampled_length(length, scale)) + 0.5) / scale
    reach = max(1, 1 / scale) / 2
    left = np.arange(length)
    covered = np.minimum(left + 1, centre[:, None] + reach) - np.maximum(
        left, centre[:, None] - reach
    )
    weights = np.clip(covered, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
