"""What the light of a picture says before it is used: thin bright lines, clipping, a scale bar."""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter, label, minimum_filter
from scipy.stats import skew

from morphoflow.reading.findings import Finding, Refused

# Between these widths (sd, px) lie dendrites. Of 200 simulated images the least skewness was .8, of
# noisy ones (three photons at the white point) .3; of noise alone (ten photons and more) up to .13.
FINE, COARSE, DARK_LINES, NO_LINES = 1.0, 4.0, -0.3, 0.15

# Of 16 published and two raw images at most 2.3 % were of the highest value: their somata.
MOST_SATURATED = 0.05
MOST_BELOW = 0.01

LEAST_BAR = 30  # px of a scale bar, which is at least twice as long as high
SHARP = 0.25  # of the range above the median: light falls off over more than a pixel
SHARP_SIDES = 0.75  # of its rim, the rest of which may lie on dendrites


def check_picture(picture: np.ndarray) -> None:
    """Raise Refused for a picture (h, w) that is not finite, black all over or of one value."""
    low, high = float(picture.min()), float(picture.max())
    if not np.isfinite([low, high]).all():
        raise Refused("not_finite", "it has values that are not finite")
    if high == 0:
        raise Refused("empty", "it is black all over", value="0")
    if low == high:
        raise Refused("constant", f"it has the one value {high:g}", value=f"{high:g}")


def check_lines(picture: np.ndarray) -> Iterator[Finding]:
    """What to know of a picture (h, w) without thin bright lines.

    Without its blurred self, a picture of thin bright lines is skewed to bright values, whatever
    its background; noise is not skewed. Raises Refused for dark lines on light.
    """
    detail = gaussian_filter(picture, FINE) - gaussian_filter(picture, COARSE)
    skewness = float(skew(detail, axis=None))
    if skewness < DARK_LINES:
        raise Refused(
            "dark_on_light", "it shows dark lines on a light ground", value=f"{skewness:.2f}"
        )
    if skewness < NO_LINES:
        yield Finding("no_lines", "it shows no thin bright lines", value=f"{skewness:.2f}")


def clipped(picture: np.ndarray, offset: float) -> Iterator[Finding]:
    """What to know where many values of a picture (h, w) are of one end of its range."""
    below = float((picture < offset).mean())
    if below > MOST_BELOW:
        message = f"{below:.1%} of its values are below {offset:g} and become black"
        yield Finding("below_offset", message, value=f"{below:.3f}")
    at_top = picture == picture.max()
    saturated = float(at_top.mean())
    is_mask = bool((at_top | (picture == picture.min())).all())
    if saturated > MOST_SATURATED and not is_mask:
        message = f"{saturated:.1%} of its pixels have its highest value: it is saturated"
        yield Finding("saturated", message, value=f"{saturated:.3f}")


def without_scale_bar(picture: np.ndarray) -> tuple[np.ndarray, list[Finding]]:
    """A picture (h, w) with its median in place of drawn scale bars, and what was found.

    A bar is an upright rectangle of the highest value with sharp sides, as no optics make it.
    """
    highest, middle = picture.max(), np.median(picture)
    at_highest = picture == highest
    darkest_near = minimum_filter(picture, 3)
    rim = at_highest & (darkest_near < highest)
    sharp = rim & (darkest_near < middle + SHARP * (highest - middle))
    filled, found = picture.copy(), []
    for place in find_objects(label(at_highest)[0]):
        height, width = picture[place].shape
        long, short = max(height, width), min(height, width)
        if height * width < LEAST_BAR or long < 2 * short:
            continue
        if at_highest[place].all() and sharp[place].sum() > SHARP_SIDES * rim[place].sum():
            filled[place] = middle
            row, column = (side.start for side in place)
            message = f"a scale bar of {width} x {height} pixels at row {row}, column {column}"
            found.append(Finding("scale_bar", f"{message} is filled with the frame's median"))
    return filled, found
