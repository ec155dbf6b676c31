"""The one intensity range of a dataset: what becomes 0 and 1 in every crop of it.

It is taken from the training images alone, whose objects are split before crops are made: two
percentiles a channel, which no single image decides.
"""

import numpy as np

from morphoflow.cells.reading.crops import Pool, Survey
from morphoflow.errors import InputError
from morphoflow.images.images import RGB

VALUES = 1 << 22  # that are kept of a channel, 16 MB as float32

LEAST = 256  # values of an image, however many images there are

ENDS = ((0, np.min), (1, np.max))  # of percentiles, and which of several is the wider


def every(length: int, n: int) -> slice:
    """At most some ``n`` of ``length`` places, evenly spread."""
    # An odd step meets every column of images whose width is even.
    return slice(None, None, max(1, length // n) | 1)


def pool(values: np.ndarray, owner: np.ndarray, channels: list[str] | None) -> Pool:
    """The ``values`` (c, m) of objects ``owner`` (m,), -1 for none.

    Of a colour image, each channel has the values of all: so its channels get one range, and what
    is white or grey stays so.
    """
    values = values.astype(np.float32)
    if tuple(channels or ()) != RGB:
        return values, owner
    return np.tile(values.reshape(1, -1), (len(values), 1)), np.tile(owner, len(values))


def dataset_limits(
    surveys: list[Survey], training: list[np.ndarray], percentiles: tuple[float, float]
) -> np.ndarray | None:
    """What becomes 0 and 1, (2, c), in the values of the files; None if none can be read.

    ``training`` tells of each file which of its objects (n,) are to be learned from. Of a file that
    holds none of them no value counts, and of other objects in an image none; each image counts
    alike. The range is the wider one of that of the images and that of the pixels within objects: a
    few bright cells on much background, and dark cells on a bright one, are both seen in full.
    Raises InputError if all values are the same.
    """
    pools: dict[int, list[np.ndarray]] = {}
    for survey, train in zip(surveys, training, strict=True):
        if not train.any():
            continue
        for place, (values, owner) in enumerate(survey.pools):
            if not pools or len(values) == len(pools[0][0]):
                pools.setdefault(place, []).append(values[:, (owner < 0) | train[owner]])
    if not pools:
        return None
    limits = [_percentiles(np.concatenate(pool, axis=1), percentiles) for pool in pools.values()]
    low, high = (choose([pair[end] for pair in limits], axis=0) for end, choose in ENDS)
    if not (high > low).any():
        raise InputError(
            f"the images have the one value {low[0]:g} from the {percentiles[0]:g} to the "
            f"{percentiles[1]:g} percentile, so nothing would be left to see; correct the images, "
            f"widen `percentiles`, or set `range` to image, object or type."
        )
    return np.stack([low, high])


def fitting(limits: np.ndarray | None, n_channels: int) -> np.ndarray | None:
    """The limits (2, c), unless a file has other channels: it is refused once it has been cut."""
    return None if limits is None or limits.shape[1] != n_channels else limits


def told(channels: list[str], limits: np.ndarray) -> str:
    """The range of each channel, in words."""
    ranges = (
        f"{name} {low:.5g} to {high:.5g}"
        for name, low, high in zip(channels, *limits.tolist(), strict=True)
    )
    return f"intensities that become 0 to 1, from the training images alone: {', '.join(ranges)}"


def _percentiles(values: np.ndarray, percentiles: tuple[float, float]) -> np.ndarray:
    finite = np.where(np.isfinite(values), values, np.nan)
    return np.nanpercentile(finite, percentiles, axis=1)
