"""Polygons, and blots as of ink."""

import numpy as np

from morphoflow.cells.shapes.outlines import Outlines

SQUARE = np.array([[0, 0], [6, 0], [6, 6], [0, 6]], dtype=float)


def star(n: int, seed: int) -> np.ndarray:
    """A polygon around the origin that does not cross itself, about 20 across."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(4, 10, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def stars(number: int = 5) -> Outlines:
    return Outlines.of([star(9 + k, k) for k in range(number)])


def blot(n: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (255 * rng.uniform(size=(n, 28, 28)) ** 3).astype(np.uint8)
