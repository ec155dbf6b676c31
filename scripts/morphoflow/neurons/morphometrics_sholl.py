"""Morphometrics after Sholl: how often the cable crosses spheres about the soma."""

import numpy as np

from morphoflow.neurons.morphometrics_groups import largest
from morphoflow.neurons.morphometrics_tree import Trees

N_SPHERES = 50


def sholl(trees: Trees) -> dict[str, np.ndarray]:
    """The crossings of spheres about the soma (Sholl, J. Anat. 87, 1953), (n,) each.

    The radii are the middles of 50 equal steps from the soma to the farthest node, so that the
    profile scales with the neuron. The peak is the innermost sphere with the most crossings; the
    centroid is the mean radius in um, weighted with the crossings. All are 0 without cable.
    """
    profile, step = crossings(trees)
    radius = (np.arange(N_SPHERES) + 0.5) * step[:, None]
    peak = profile.argmax(axis=1)
    crossed = profile.sum(axis=1)
    return {
        "sholl_peak_crossings": profile.max(axis=1),
        "sholl_peak_radius_um": np.take_along_axis(radius, peak[:, None], axis=1)[:, 0],
        "sholl_centroid_radius_um": (profile * radius).sum(axis=1) / np.maximum(crossed, 1),
    }


def crossings(trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """The profile of crossings (n, spheres) int64 and the step between radii (n,) in um.

    The distance to the soma along a segment falls to its nearest point and rises from there, so
    that a segment crosses the spheres between its nearest point and each of its ends once.
    """
    step = largest(trees.distance, trees.owner, trees.n) / N_SPHERES
    end = trees.xyz
    back = np.where(trees.length > 0, (end * trees.segment).sum(axis=1), 0.0)
    share = np.clip(back / np.maximum(trees.length**2, np.finfo(float).tiny), 0.0, 1.0)
    nearest = np.linalg.norm(end - share[:, None] * trees.segment, axis=1)
    begin = np.linalg.norm(end - trees.segment, axis=1)
    low = np.concatenate([nearest, nearest])
    high = np.concatenate([trees.distance, begin])
    return _count(low, high, np.concatenate([trees.owner, trees.owner]), step), step


def _count(low: np.ndarray, high: np.ndarray, owner: np.ndarray, step: np.ndarray) -> np.ndarray:
    """How many intervals (low, high] hold the middle of each step, (n, spheres) int64."""
    n, unit = len(step), np.where(step > 0, step, 1.0)[owner]
    first = np.clip(np.floor(low / unit - 0.5) + 1, 0, N_SPHERES).astype(np.int64)
    behind = np.clip(np.floor(high / unit - 0.5) + 1, 0, N_SPHERES).astype(np.int64)
    width = N_SPHERES + 1
    begins = np.bincount(owner * width + first, minlength=n * width)
    ends = np.bincount(owner * width + behind, minlength=n * width)
    return np.cumsum((begins - ends).reshape(n, width), axis=1)[:, :N_SPHERES]
