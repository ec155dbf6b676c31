"""Background and white point: counts of a camera as 8 bits."""

import numpy as np

from morphoflow.dendrites.findings import Refused


def limits(pixels: np.ndarray, percentiles: tuple[float, float]) -> tuple[float, float]:
    """The values that become black and white: two percentiles of the ``pixels`` of a picture.

    Raises Refused where they are the same.
    """
    black, white = (float(value) for value in np.percentile(pixels, percentiles))
    if not white > black:
        low, high = percentiles
        message = f"its percentiles {low:g} and {high:g} are both {black:g}"
        raise Refused("flat", message, f"{black:g}")
    return black, white


def to_bytes(pixels: np.ndarray, black: float, white: float) -> np.ndarray:
    """Pixels as uint8, from 0 at ``black`` (and below) to 255 at ``white`` (and above)."""
    stretched = (pixels - np.float32(black)) * np.float32(255 / (white - black))
    return np.rint(np.clip(stretched, 0, 255)).astype(np.uint8)


def check_picture(picture: np.ndarray) -> None:
    """Raise Refused for a picture (h, w) that is not finite, black all over or of one value."""
    low, high = float(picture.min()), float(picture.max())
    if not np.isfinite([low, high]).all():
        raise Refused("not_finite", "it has values that are not finite")
    if high == 0:
        raise Refused("empty", "it is black all over", "0")
    if low == high:
        raise Refused("constant", f"it has the one value {high:g}", f"{high:g}")
