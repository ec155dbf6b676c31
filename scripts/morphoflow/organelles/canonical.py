"""Point clouds in a frame of their own: its place, its size and its axes."""

import numpy as np


def centred(points: np.ndarray) -> np.ndarray:
    """Points (k, 3) from their mean, so that a cloud says nothing of its place in the volume."""
    return points - points.mean(axis=0)


def rms_radius(points: np.ndarray) -> float:
    """Root mean square distance of points (k, 3) from the origin."""
    return float(np.sqrt(np.square(points).sum(axis=1).mean()))


def canonical_axes(points: np.ndarray) -> np.ndarray:
    """Centred points (k, 3) turned so that x is the axis of largest variance and z of the least.

    The cloud's third moment along x and y is positive; z completes a right-handed frame, so that
    the motion is a rotation and mirror images stay apart. Where two variances or a third moment
    are near zero difference (a ball, a straight symmetric rod), the choice rests on chance.
    """
    axes = np.linalg.eigh(points.T @ points)[1][:, ::-1]
    third = np.power(points @ axes, 3).sum(axis=0)
    axes = axes * np.where(third < 0, -1.0, 1.0)
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    return points @ axes
