"""Box-counting dimension."""

import numpy as np
from numba import njit

# Box sizes lie between these shares of the radius of gyration, within which arbors scale.
SMALLEST, LARGEST = 1 / 20, 1 / 2
SIZES = 8


def box_dimension(mask: np.ndarray, radius: float) -> float:
    """How fast the boxes that cover ``mask`` (s, s) grow in number as they shrink.

    ``radius`` is the radius of gyration in pixels. Of each size, the grid counts that needs the
    fewest boxes, as the definition asks (Falconer, Fractal Geometry, 2003). 0 for a mask too small
    to hold two sizes of box.
    """
    sizes = np.geomspace(max(2.0, radius * SMALLEST), max(2.0, radius * LARGEST), SIZES)
    sizes = np.unique(sizes.round().astype(int))
    if len(sizes) < 2 or not mask.any():
        return 0.0
    total = np.pad(mask, ((1, 0), (1, 0))).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
    numbers = [_fewest_boxes(total, size) for size in sizes]
    return float(-np.polyfit(np.log(sizes), np.log(numbers), 1)[0])


@njit(cache=True)
def _fewest_boxes(total, size):
    """Boxes of ``size`` pixels that hold a pixel of the mask, in the grid that needs the fewest.

    ``total`` (h + 1, w + 1) are the mask's cumulative sums.
    """
    height, width = total.shape[0] - 1, total.shape[1] - 1
    number = np.zeros((size, size), dtype=np.int64)
    for i in range(1 - size, height):
        top, bottom = max(i, 0), min(i + size, height)
        for j in range(1 - size, width):
            left, right = max(j, 0), min(j + size, width)
            held = total[bottom, right] - total[top, right]
            if held > total[bottom, left] - total[top, left]:
                number[i % size, j % size] += 1
    return number.min()
