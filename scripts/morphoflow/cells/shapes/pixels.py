"""What pixels tell of objects: distances to the border, holes, and intensities."""

import numpy as np
from scipy.ndimage import distance_transform_edt


def inside_pixels(weights: np.ndarray) -> np.ndarray:
    """The pixels (n, h, w) bool above half of each object's largest weight."""
    return weights > weights.max(axis=(1, 2), keepdims=True) / 2


def border_distances(inside: np.ndarray) -> np.ndarray:
    """The distance (n, h, w) px of inside pixels to the nearest one outside."""
    n, height, width = inside.shape
    # One transform for all: a frame of outside pixels keeps each object to itself.
    framed = np.pad(inside, ((0, 0), (1, 1), (1, 1)))
    distance = distance_transform_edt(framed.reshape(n * (height + 2), width + 2))
    return distance.reshape(framed.shape)[:, 1:-1, 1:-1]


def radii(inside: np.ndarray) -> dict[str, np.ndarray]:
    """Largest, mean and median distance (n,) px of inside pixels to the nearest one outside."""
    distance = border_distances(inside)
    quantiles = ordered_quantiles(distance, inside, (0.5, 1.0))
    count = inside.sum(axis=(1, 2))
    return {
        "MaximumRadius": quantiles[1],
        "MeanRadius": (distance * inside).sum(axis=(1, 2)) / count,
        "MedianRadius": quantiles[0],
    }


def euler_numbers(inside: np.ndarray) -> np.ndarray:
    """Objects less holes (n,), with pixels joined at sides and corners (Gray 1971, bit quads)."""
    padded = np.pad(inside, ((0, 0), (1, 1), (1, 1))).astype(np.int8)
    a, b = padded[:, :-1, :-1], padded[:, :-1, 1:]
    c, d = padded[:, 1:, :-1], padded[:, 1:, 1:]
    count = a + b + c + d
    diagonal = (count == 2) & (a == d)
    quads = (count == 1).astype(np.int64) - (count == 3) - 2 * diagonal
    return quads.sum(axis=(1, 2)) / 4


def intensities(x: np.ndarray, weights: np.ndarray, centroid: np.ndarray) -> dict[str, np.ndarray]:
    """Measures (n,) of one channel ``x`` (n, h, w) within objects of ``weights`` (n, h, w).

    Sums, means and standard deviations weigh border pixels by their share inside; quantiles are
    those of the inside pixels. MassDisplacement (px) is how far the centre of mass of the intensity
    lies from ``centroid`` (n, 2), 0 where there is no intensity.
    """
    area = weights.sum(axis=(1, 2))
    mass = weights * x
    total = mass.sum(axis=(1, 2))
    mean = total / area
    variance = (weights * (x - mean[:, None, None]) ** 2).sum(axis=(1, 2)) / area
    columns, rows = np.arange(x.shape[2]), np.arange(x.shape[1])
    centre = np.stack([mass.sum(axis=1) @ columns, mass.sum(axis=2) @ rows], axis=1)
    centre /= np.where(total > 0, total, 1)[:, None]
    shift = np.where(total > 0, np.linalg.norm(centre - centroid, axis=1), 0)
    names = ("Min", "LowerQuartile", "Median", "UpperQuartile", "Max")
    quantiles = ordered_quantiles(x, inside_pixels(weights), (0, 0.25, 0.5, 0.75, 1))
    return {
        "IntegratedIntensity": total,
        "MeanIntensity": mean,
        "StdIntensity": np.sqrt(variance),
        **{f"{name}Intensity": value for name, value in zip(names, quantiles, strict=True)},
        "MassDisplacement": shift,
    }


def ordered_quantiles(
    values: np.ndarray, inside: np.ndarray, shares: tuple[float, ...]
) -> list[np.ndarray]:
    """The quantiles (n,) of the values (n, h, w) at inside pixels, interpolated linearly."""
    ordered = np.sort(np.where(inside, values, np.inf).reshape(len(values), -1), axis=1)
    last = inside.sum(axis=(1, 2)) - 1
    result = []
    for share in shares:
        low = np.floor(share * last).astype(np.int64)
        high = np.minimum(low + 1, last)
        below, above = np.take_along_axis(ordered, np.stack([low, high], axis=1), axis=1).T
        result.append(below + (share * last - low) * (above - below))
    return result
