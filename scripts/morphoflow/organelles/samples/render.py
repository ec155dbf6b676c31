"""Pictures of three-dimensional shapes: surfaces lit from the upper left, and clouds by depth."""

import numpy as np

AMBIENT = 0.25
# Towards the viewer, up and to the left, in (depth, row, column).
LIGHT = np.array([-0.75, -0.45, -0.45]) / np.linalg.norm([0.75, 0.45, 0.45])


def surfaces(coverage: np.ndarray) -> np.ndarray:
    """Shaded pictures (n, s, s) float32 in 0..1 of solids ``coverage`` (n, s, s, s) in 0..1.

    The surface lies at half of the largest coverage. Each solid is seen along that of its axes
    along which it hides the most; what is nearer to the first slice is in front. A solid that is
    nowhere gives a black picture.
    """
    return np.stack([_surface(solid.astype(np.float32)) for solid in coverage])


def clouds(points: np.ndarray, size: int, radius: float = 0.06) -> np.ndarray:
    """Pictures (n, size, size) float32 in 0..1 of ``points`` (n, k, 3), x, y, z, about 0.

    Each point is a disc of ``radius`` (of half the picture's width), the brighter the nearer. The
    view is along z, and the picture's half width is the largest distance of a point, or 1.5 root
    mean square radii where that is more.
    """
    return np.stack([_cloud(cloud.astype(np.float32), size, radius) for cloud in points])


def _surface(solid: np.ndarray) -> np.ndarray:
    level = solid.max() / 2
    if level <= 0:
        return np.zeros(solid.shape[1:], dtype=np.float32)
    inside = solid > level
    axis = int(np.argmax([inside.any(axis=k).sum() for k in range(3)]))
    inside, solid = np.moveaxis(inside, axis, 0), np.moveaxis(solid, axis, 0)
    seen, depth = inside.any(axis=0), inside.argmax(axis=0)
    row, column = np.indices(seen.shape)
    # Coverage falls from inside to outside, so its gradient points inwards. Averaged over a small
    # neighbourhood, so that steps between voxels are not lit one by one.
    inwards = np.stack([_smooth(part)[depth, row, column] for part in np.gradient(solid)])
    length = np.maximum(np.linalg.norm(inwards, axis=0), 1e-6)
    lit = np.tensordot(LIGHT, -inwards / length, axes=1)
    return np.where(seen, AMBIENT + (1 - AMBIENT) * np.clip(lit, 0, 1), 0).astype(np.float32)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Weights 1, 2, 1 along each axis."""
    for axis in range(3):
        padded = np.pad(values, [(int(k == axis),) * 2 for k in range(3)], mode="edge")
        lower, middle, upper = (
            np.take(padded, np.arange(k, k + values.shape[axis]), axis=axis) for k in range(3)
        )
        values = (lower + 2 * middle + upper) / 4
    return values


def _cloud(points: np.ndarray, size: int, radius: float) -> np.ndarray:
    squared = np.square(points).sum(axis=1)
    half = max(float(np.sqrt(squared.max())), 1.5 * float(np.sqrt(squared.mean())), 1e-6)
    x, y, depth = (points / (half * (1 + radius))).T
    reach = max(1, round(radius * size / 2))
    offset = np.arange(-reach, reach + 1)
    down, right = (grid.ravel() for grid in np.meshgrid(offset, offset, indexing="ij"))
    disc = down**2 + right**2 <= reach**2
    rows = np.floor((y + 1) / 2 * size).astype(int)[:, None] + down[disc]
    columns = np.floor((x + 1) / 2 * size).astype(int)[:, None] + right[disc]
    light = np.broadcast_to((AMBIENT + (1 - AMBIENT) * (1 - depth) / 2)[:, None], rows.shape)
    within = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    picture = np.zeros((size, size), dtype=np.float32)
    np.maximum.at(picture, (rows[within], columns[within]), light[within])
    return np.clip(picture, 0, 1)
