"""Pixel values of any type brought to 0..1."""

import numpy as np

from morphoflow.reading.findings import Refused


def check_type(dtype: np.dtype, value_range: str) -> None:
    """Raise Refused for values that are no numbers, or whose type says nothing of their range."""
    known = dtype in (np.uint8, np.uint16) or dtype.kind in "bf"
    if dtype.kind not in "biuf" or (value_range == "type" and not known):
        raise Refused("unknown_type", f"the values are {dtype}", value=str(dtype))


def to_unit(x: np.ndarray) -> np.ndarray:
    """Values as float32, whole numbers divided by the largest one of their type."""
    scale = np.iinfo(x.dtype).max if x.dtype.kind in "iu" else 1
    return x.astype(np.float32) / np.float32(scale)


def stretch(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """``x`` (n, c, h, w) mapped so that ``low`` is 0 and ``high`` is 1, and cut off outside.

    ``low`` and ``high`` are (c,) or (n, c); where they are equal the result is 0.
    """
    low, high = (np.asarray(v, dtype=np.float32)[..., None, None] for v in (low, high))
    wide = np.where(high > low, high - low, np.float32(np.inf))
    stretched = np.clip((x.astype(np.float32) - low) / wide, 0, 1)
    # An infinite value is not bright but wrong, and is to be found as such.
    return (
        np.where(np.isfinite(x), stretched, np.float32(np.nan))
        if x.dtype.kind == "f"
        else stretched
    )


def image_limits(image: np.ndarray, percentiles: tuple[float, float]) -> np.ndarray:
    """The two percentiles of each channel of an image (c, h, w), as (2, c); NaN are left out."""
    flat = image.reshape(len(image), -1)
    has_nan = flat.dtype.kind == "f" and np.isnan(flat).any()
    return (np.nanpercentile if has_nan else np.percentile)(flat, percentiles, axis=1)


def object_limits(
    x: np.ndarray, inside: np.ndarray | None, percentiles: tuple[float, float]
) -> np.ndarray:
    """The two percentiles (2, n, c) of each crop ``x`` (n, c, h, w) and channel.

    ``inside`` (n, h, w) says which pixels count, or is None for all; each crop needs one.
    Values between pixels are interpolated linearly.
    """
    flat = x.reshape(*x.shape[:2], -1).astype(np.float32)
    if inside is None:
        return np.percentile(flat, percentiles, axis=2)
    outside = ~inside.reshape(len(x), 1, -1)
    ranked = np.sort(np.where(outside, np.float32(np.inf), flat), axis=2)
    last = inside.reshape(len(x), -1).sum(axis=1)[:, None, None] - 1
    limits = [_at_rank(ranked, last * (p / 100))[..., 0] for p in percentiles]
    return np.stack(limits)


def _at_rank(ranked: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Values of ``ranked`` (n, c, m) at fractional ranks (n, 1, 1)."""
    below = np.floor(rank).astype(int)
    above = np.ceil(rank).astype(int)
    lower = np.take_along_axis(ranked, below, axis=2)
    upper = np.take_along_axis(ranked, above, axis=2)
    return lower + (upper - lower) * (rank - below)


def in_unit(
    x: np.ndarray,
    value_range: str,
    percentiles: tuple[float, float],
    limits: np.ndarray | None = None,
) -> np.ndarray:
    """Ready crops ``x`` (n, c, h, w) as float32 in 0..1; each crop is an image and an object.

    ``limits`` (2, c) become 0 and 1 with the range ``dataset``.
    """
    if value_range == "type":
        return to_unit(x)
    if value_range == "dataset" and limits is not None:
        return stretch(x, *limits)
    return stretch(x, *object_limits(x, None, percentiles))
