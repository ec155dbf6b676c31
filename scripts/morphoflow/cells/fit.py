"""Ready crops brought to the size of the dataset."""

import numpy as np

from morphoflow.cells.findings import Refused
from morphoflow.cells.resample import apply, weights


def check_fit(height: int, width: int, size: int, scale: float) -> None:
    """Raise Refused if a crop of that height and width is larger than ``size`` once scaled."""
    if max(height, width) * scale > size + 1e-6:
        scaled = "" if scale == 1 else f", scaled by {scale:g}"
        raise Refused(
            "larger_than_size",
            f"the crops are {height} x {width} pixels{scaled}, but the size is {size}",
            f"{height} x {width}",
        )


def fit(x: np.ndarray, size: int, scale: float) -> np.ndarray:
    """``x`` (n, c, h, w) float32, scaled about its middle, in crops of ``size`` with zeros around.

    Crops that are not scaled are moved by whole pixels, so that they are not blurred.
    """
    height, width = x.shape[-2:]
    if scale != 1:
        rows, columns = _scaling(height, size, scale), _scaling(width, size, scale)
        return apply(rows, columns, x)
    above, left = (size - height) // 2, (size - width) // 2
    margins = ((above, size - height - above), (left, size - width - left))
    return np.pad(x, ((0, 0), (0, 0), *margins))


def _scaling(side: int, size: int, scale: float) -> np.ndarray:
    """The matrix (1, size, side); what lies beyond the crop counts as zeros."""
    margin = int(np.ceil((size / scale - side) / 2 + 1 / min(scale, 1))) + 1
    wide = weights(
        np.array([(side - 1) / 2]),
        np.array([-margin]),
        side + 2 * margin,
        size,
        np.array([scale]),
    )
    return wide[:, :, margin : margin + side]
