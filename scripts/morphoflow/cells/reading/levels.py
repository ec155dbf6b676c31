"""The one intensity range of a dataset: what becomes 0 and 1 in every crop of it.

It is taken from all images before they are split, since the split is drawn from the objects that
are cut out of them: two percentiles a channel, which no single image decides.
"""

from collections.abc import Iterable

import numpy as np

from morphoflow.errors import InputError
from morphoflow.reading.findings import Refused

VALUES = 1 << 22  # that are kept of a channel, 16 MB as float32

ENDS = ((0, np.min), (1, np.max))  # of percentiles, and which of several is the wider

LEAST = 256  # values of an image, however many images there are


def thinned(x: np.ndarray, n: int) -> np.ndarray:
    """At most some ``n`` of the values of each channel of ``x`` (c, ...), evenly spread: (c, m)."""
    flat = x.reshape(len(x), -1)
    # An odd step meets every column of images whose width is even.
    return flat[:, :: max(1, flat.shape[1] // n) | 1].astype(np.float32)


def sample_levels(image: np.ndarray, labels: np.ndarray | None, n: int) -> list[np.ndarray]:
    """Values of an image (c, h, w), and those within the objects of its mask (h, w), as (c, m)."""
    pools = [thinned(image, n)]
    if labels is not None and labels.any():
        pools.append(thinned(image[:, labels > 0], n))
    return pools


def dataset_limits(items: Iterable, percentiles: tuple[float, float]) -> np.ndarray | None:
    """What becomes 0 and 1, (2, c), in the values of the files; None if none can be read.

    ``items`` are :class:`morphoflow.cells.reading.crops.Item`. Each image counts alike. The range
    is the wider one of that of the images and that of the pixels within objects: a few bright cells
    on much background, and dark cells on a bright one, are both seen in full. Raises InputError if
    all values are the same.
    """
    items = list(items)
    pools: dict[int, list[np.ndarray]] = {}
    for item in items:
        try:
            sampled = item.sample(max(LEAST, VALUES // len(items)))
        except Refused:  # and is refused again, with its file, as it is read
            continue
        for place, values in enumerate(sampled):
            if not pools or len(values) == len(pools[0][0]):
                pools.setdefault(place, []).append(values)
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
    return (
        f"intensities that become 0 to 1, from all images before their split: {', '.join(ranges)}"
    )


def _percentiles(values: np.ndarray, percentiles: tuple[float, float]) -> np.ndarray:
    finite = np.where(np.isfinite(values), values, np.nan)
    return np.nanpercentile(finite, percentiles, axis=1)
