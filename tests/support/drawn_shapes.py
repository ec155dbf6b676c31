"""Discs, ellipses and cells with a smooth edge, and their features."""

import numpy as np

from morphoflow.cells.demo.demo import rasterise
from morphoflow.cells.shapes.features import shape_features
from morphoflow.cells.shapes.outlines import Outlines

SIZE, CORNER = 64, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2


def ellipse(a: float, b: float, n: int = 720) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([a * np.cos(t), b * np.sin(t)], axis=1)


def drawn(polygon: np.ndarray, angle: float = 0.0, size: int = SIZE) -> np.ndarray:
    """One anti-aliased object (1, size, size), its centroid in the middle."""
    return rasterise(Outlines.of([polygon]), size, 1.0, angle=angle).astype(np.float64)


def ring(outer: int, hole: int) -> np.ndarray:
    """A square of ``outer`` pixels with a square hole, (1, SIZE, SIZE)."""
    weights = np.zeros((1, SIZE, SIZE))
    for side, value in ((outer, 1), (hole, 0)):
        low = (SIZE - side) // 2
        weights[:, low : low + side, low : low + side] = value
    return weights


def cells(n: int = 6, angle: float = 0.0, flip: bool = False) -> np.ndarray:
    """Smooth lobed objects (n, SIZE, SIZE), no two alike and none symmetric."""
    rng, t = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 400, endpoint=False)
    amplitude, phase = rng.uniform(1, 3, size=(n, 3)), rng.uniform(0, 6, size=(n, 3))
    waves = [np.cos(np.outer(np.ones(n) * k, t) + phase[:, [k - 1]]) for k in (1, 2, 3)]
    radius = 17 + sum(amplitude[:, [k]] * wave for k, wave in enumerate(waves))
    points = [np.stack([r * np.cos(t), r * np.sin(t)], axis=1) for r in radius]
    return rasterise(Outlines.of(points), SIZE, 1.0, angle=angle, flip=flip).astype(np.float64)


def measured(weights: np.ndarray, pixel_um: float | None = None) -> dict[str, np.ndarray]:
    """Features of objects in whose crops intensity rises from left to right and is 0 outside."""
    rows, columns = np.mgrid[: weights.shape[1], : weights.shape[2]]
    x = np.stack(
        [weights, weights * np.exp(-((rows - 20) ** 2 + (columns - 28) ** 2) / 400)], axis=1
    )
    return shape_features(x, weights, ["flat", "spot"], pixel_um)


def of(weights: np.ndarray, name: str) -> float:
    return float(measured(weights)[name][0])
