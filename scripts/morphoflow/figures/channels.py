"""Channels of crops as colours."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb

from morphoflow.images.images import RGB

# Bright on black, and apart with any colour vision where there are two.
COLORS = {
    1: ("#FFFFFF",),
    2: ("#21D921", "#FF33FF"),
    3: ("#3B6CFF", "#21D921", "#FF4040"),
}
MORE = ("#3B6CFF", "#21D921", "#FF4040", "#FFD500", "#00D5E0", "#C65CFF")
MOST_ADDED = 3
# The shares of pixels that may be darker or brighter than what is shown.
TAILS = (0.5, 99.5)
# The percentage of crops that are to be shown without pixels cut off at full colour, and the share
# of the range that full colour must be at.
TYPICAL, LEAST = 75, 0.4


def is_colour(channels: Sequence[str]) -> bool:
    """Whether the channels are the red, green and blue of a colour image, by their names."""
    return tuple(channels) == RGB


def channel_colors(n: int) -> tuple[str, ...]:
    """The colours of the first six of ``n`` channels: white, or colours that add up on black."""
    return COLORS.get(n, MORE[:n])


def display_limits(crops: np.ndarray, channels: Sequence[str] = ()) -> np.ndarray:
    """The values (c, 2) to show as black and as full colour, for crops (n, c, h, w).

    All but the darkest and the brightest half percent of a channel's pixels lie between. Where
    three quarters of the crops are darker, full colour is at their brightest pixel instead, so that
    a few bright crops do not hide the rest, but at least at two fifths of the way up. The whole
    range is shown where it is narrower than a percent, and 0 to 1 for a channel of one value only.
    Of the ``channels`` of a colour image, all of 0 to 1 is shown, since its colours would change.
    """
    if is_colour(channels):
        return np.tile([0.0, 1.0], (len(RGB), 1))
    flat = np.moveaxis(crops, 1, 0).reshape(crops.shape[1], -1)
    low, top = np.percentile(flat, TAILS, axis=1)
    typical = np.percentile(crops.max(axis=(2, 3)), TYPICAL, axis=0)
    high = np.clip(typical, low + LEAST * (top - low), top)
    whole = np.stack([flat.min(axis=1), flat.max(axis=1)], axis=1)
    limits = np.stack([low, high], axis=1)
    limits = np.where(np.ptp(limits, axis=1, keepdims=True) > 0, limits, whole)
    return np.where(np.ptp(limits, axis=1, keepdims=True) > 0, limits, [0.0, 1.0])


def composite(crops: np.ndarray, limits: np.ndarray, channels: Sequence[str] = ()) -> np.ndarray:
    """Crops (..., c, h, w) as pictures (..., h, w, 3) in 0..1, float32.

    The colours of up to three channels are added. More would add up to white, so a pixel is then as
    bright as its brightest channel, in the mean of all colours with the cubes of brightness as
    weights. Those of a colour image are its colours.
    """
    if is_colour(channels):
        return np.clip(np.moveaxis(crops, -3, -1), 0, 1).astype(np.float32)
    colors = np.array([to_rgb(color) for color in channel_colors(crops.shape[-3])], np.float32)
    shown = len(colors)
    low, high = limits.astype(np.float32)[:shown, :, None, None].transpose(1, 0, 2, 3)
    share = np.clip((crops[..., :shown, :, :] - low) / (high - low), 0, 1)
    if shown > MOST_ADDED:
        weight = share**3
        weight /= np.maximum(weight.sum(axis=-3, keepdims=True), np.finfo(np.float32).tiny)
        share = weight * share.max(axis=-3, keepdims=True)
    return np.clip(np.einsum("...chw,cd->...hwd", share, colors), 0, 1)
