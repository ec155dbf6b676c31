"""How intensity is spread in objects: over rings, at the edge, and alike in two channels."""

from itertools import combinations

import numpy as np

from morphoflow.cells.shapes.colocalisation import (
    THRESHOLD,
    Pixels,
    above_costes,
    rank_weighted,
    ratio,
)
from morphoflow.cells.shapes.pixels import border_distances, ordered_quantiles

RINGS = 4


def rings(x: np.ndarray, inside: np.ndarray) -> dict[str, np.ndarray]:
    """Shares and means (n,) of one channel ``x`` (n, h, w) in rings along the border.

    A ring holds the pixels of ``inside`` (n, h, w) whose distance to the border is within a quarter
    of the largest such distance; 1 is the innermost. ``FracAtD`` is the ring's share of the summed
    intensity, ``MeanFrac`` that share divided by the ring's share of the pixels, ``CV`` its
    standard deviation by its mean. CellProfiler's rings lie between the border and one middle
    pixel, by the way within the object.
    """
    depth = border_distances(inside) * inside
    deepest = depth.max(axis=(1, 2), keepdims=True)
    ring = np.clip(np.ceil(RINGS * (1 - depth / deepest)), 1, RINGS)
    n, features = len(x), {}
    total, area = (x * inside).sum(axis=(1, 2)), inside.sum(axis=(1, 2))
    for number in range(1, RINGS + 1):
        here = inside & (ring == number)
        count = np.maximum(here.sum(axis=(1, 2)), 1)
        mass = (x * here).sum(axis=(1, 2))
        mean = mass / count
        variance = (here * (x - mean.reshape(n, 1, 1)) ** 2).sum(axis=(1, 2)) / count
        share = ratio(mass, total)
        features[f"FracAtD_{number}of{RINGS}"] = share
        features[f"MeanFrac_{number}of{RINGS}"] = share * area / count
        features[f"CV_{number}of{RINGS}"] = ratio(np.sqrt(variance), mean)
    return features


def edge_intensities(x: np.ndarray, inside: np.ndarray, edge: np.ndarray) -> dict[str, np.ndarray]:
    """Measures (n,) of ``x`` (n, h, w) at the ``edge`` pixels of objects, 0 where there are none.

    The median absolute deviation is that of all ``inside`` pixels.
    """
    some = edge.any(axis=(1, 2))
    edge = np.where(some[:, None, None], edge, inside)
    count = edge.sum(axis=(1, 2))
    total = (x * edge).sum(axis=(1, 2))
    mean = total / count
    variance = (edge * (x - mean[:, None, None]) ** 2).sum(axis=(1, 2)) / count
    low, high = ordered_quantiles(x, edge, (0, 1))
    median = ordered_quantiles(x, inside, (0.5,))[0]
    deviation = ordered_quantiles(np.abs(x - median[:, None, None]), inside, (0.5,))[0]
    return {
        "IntegratedIntensityEdge": total * some,
        "MeanIntensityEdge": mean * some,
        "StdIntensityEdge": np.sqrt(variance) * some,
        "MinIntensityEdge": low * some,
        "MaxIntensityEdge": high * some,
        "MADIntensity": deviation,
    }


def colocalisations(
    x: np.ndarray, inside: np.ndarray, names: list[str], levels: int
) -> dict[str, np.ndarray]:
    """For each pair of the channels of ``x`` (n, c, h, w), how alike they are within objects.

    Pearson's correlation over ``inside`` (n, h, w), 0 where a channel is constant; Manders'
    coefficients, K, overlap and rank weighted coefficients over pixels of at least 15 % of the
    object's largest value in both channels, as CellProfiler (Manders et al., Journal of Microscopy
    169:375, 1993); and Manders' coefficients above Costes' thresholds, of ``levels`` in 0..1.
    """
    features = {}
    for i, j in combinations(range(len(names)), 2):
        a, b = (np.where(inside, x[:, k].astype(np.float64), 0) for k in (i, j))
        pair = f"{names[i]}_{names[j]}"
        features[f"Correlation_Correlation_{pair}"] = _pearson(a, b, inside)
        high_a, high_b = (
            inside & (v >= THRESHOLD * v.max(axis=(1, 2), keepdims=True)) for v in (a, b)
        )
        both = high_a & high_b
        square_a, square_b, product = ((v * both).sum(axis=(1, 2)) for v in (a * a, b * b, a * b))
        features[f"Correlation_Overlap_{pair}"] = ratio(product, np.sqrt(square_a * square_b))
        for high, v, square, name in (
            (high_a, a, square_a, f"{names[i]}_{names[j]}"),
            (high_b, b, square_b, f"{names[j]}_{names[i]}"),
        ):
            stained = (v * high).sum(axis=(1, 2))
            features[f"Correlation_Manders_{name}"] = ratio((v * both).sum(axis=(1, 2)), stained)
            features[f"Correlation_K_{name}"] = ratio(product, square)
        pixels = Pixels.of(x[:, i], x[:, j], inside)
        for measure, (one, other) in (
            ("RWC", rank_weighted(pixels)),
            ("Costes", above_costes(pixels, levels)),
        ):
            features[f"Correlation_{measure}_{names[i]}_{names[j]}"] = one
            features[f"Correlation_{measure}_{names[j]}_{names[i]}"] = other
    return features


def _pearson(a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    area = inside.sum(axis=(1, 2))[:, None, None]
    a, b = (np.where(inside, v - v.sum(axis=(1, 2), keepdims=True) / area, 0) for v in (a, b))
    spread = np.sqrt((a * a).sum(axis=(1, 2)) * (b * b).sum(axis=(1, 2)))
    # Rounding alone makes a constant channel vary a little.
    return np.where(spread > 1e-12, (a * b).sum(axis=(1, 2)) / np.where(spread > 0, spread, 1), 0)
