"""Ready crops brought to the size of the dataset."""

from collections.abc import Callable

import numpy as np

from morphoflow.reading.findings import Refused


def check_fit(
    height: int, width: int, size: int, scale: float, others: Callable[[], str] = lambda: ""
) -> None:
    """Raise Refused if a crop of that height and width is larger than ``size`` once scaled.

    ``others`` says what is to be known of the other crops of the source.
    """
    if max(height, width) * scale > size + 1e-6:
        scaled = "" if scale == 1 else f", scaled by {scale:g}"
        raise Refused(
            "larger_than_size",
            f"the crops are {height} x {width} pixels{scaled}, but the size is {size}{others()}",
            value=f"{height} x {width}",
        )


def fit(x: np.ndarray, size: int, scale: float, around: np.ndarray | None = None) -> np.ndarray:
    """``x`` (n, c, h, w) float32, scaled about its middle, in crops of ``size``.

    Beyond them lies the value ``around`` (n, c) of each crop and channel, or 0. Crops that are not
    scaled are moved by whole pixels, so that they are not blurred.
    """
    height, width = x.shape[-2:]
    beyond = np.float32(0) if around is None else around[..., None, None]
    if scale != 1:
        rows, columns = _scaling(height, size, scale), _scaling(width, size, scale)
        return apply(rows, columns, x - beyond) + beyond
    above, left = (size - height) // 2, (size - width) // 2
    fitted = np.empty((*x.shape[:2], size, size), dtype=x.dtype)
    fitted[:] = beyond
    fitted[..., above : above + height, left : left + width] = x
    return fitted


def border_medians(x: np.ndarray) -> np.ndarray:
    """The median (n, c) of the pixels at the border of crops ``x`` (n, c, h, w).

    It is what a crop's background is taken for: black in the dark, bright in bright-field.
    """
    sides = [x[..., 0, :], x[..., -1, :], x[..., 1:-1, 0], x[..., 1:-1, -1]]
    return np.median(np.concatenate(sides, axis=-1), axis=-1).astype(x.dtype)


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


# Anti-aliased resampling of square windows, as one small matrix for each axis.
#
# A crop pixel is the mean of the pixels under a triangle, the kernel of linear interpolation; where
# an image is scaled down, the triangle is as wide as two crop pixels, so that it also is the
# low-pass filter (as the resizing filters of Pillow: Heckbert, "Filters for image scaling"). At
# scale 1 and a centre on the grid the matrix is a part of the identity, and pixels are copied as
# they are.


def window_side(size: int, scale: np.ndarray) -> np.ndarray:
    """The side (n,) of the window of pixels that weigh in a crop of ``size`` at each ``scale``."""
    return np.ceil((size - 1) / scale + 2 * np.maximum(1, 1 / scale)).astype(int)


def window_start(centre: np.ndarray, size: int, scale: np.ndarray) -> np.ndarray:
    """The first pixel (n,) of that window along one axis; it may lie outside of the image."""
    reach = (size - 1) / 2 / scale + np.maximum(1, 1 / scale)
    return np.floor(centre - reach).astype(int) + 1


def weights(
    centre: np.ndarray, start: np.ndarray, side: int, size: int, scale: np.ndarray
) -> np.ndarray:
    """The matrices (n, size, side) from windows to crops along one axis; rows sum to 1.

    ``centre`` (n,) and ``start`` (n,) are in pixels of the image, ``scale`` (n,) in crop pixels
    per image pixel; the middle of the crop, ``(size - 1) / 2``, lies at the centre.
    """
    offset = np.arange(size) - (size - 1) / 2
    position = ((centre - start)[:, None] + offset / scale[:, None]).astype(np.float32)
    distance = np.abs(np.arange(side, dtype=np.float32) - position[..., None])  # (n, size, side)
    kernel = np.clip(1 - distance * np.minimum(1, scale).astype(np.float32)[:, None, None], 0, None)
    return kernel / kernel.sum(axis=2, keepdims=True)


def apply(rows: np.ndarray, columns: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Crops (n, c, size, size) of ``windows`` (n, c, side, side) by matrices (n, size, side)."""
    with np.errstate(invalid="ignore"):  # NaN and infinite values are found in the crops
        return rows[:, None] @ windows @ np.swapaxes(columns, 1, 2)[:, None]
