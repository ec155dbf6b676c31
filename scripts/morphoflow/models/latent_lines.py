"""Straight lines through an embedding, along which a decoder shows what its dimensions mean."""

from dataclasses import dataclass

import numpy as np

from morphoflow.models.scaling import fit_pca

STEPS_SD = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
AXES, PAIRS, STEPS = 6, 4, 7


@dataclass(frozen=True)
class Lines:
    """Straight lines through an embedding.

    ``along`` (axes, steps, d) are points along its principal axes, at STEPS_SD standard deviations
    from the object that lies nearest to the mean (at the mean itself there may be none, and what
    a decoder makes of it says nothing); each axis carries ``share`` (axes,) of the variance.
    ``between`` (pairs, steps, d) lead from the object in row ``ends[:, 0]`` to that in row
    ``ends[:, 1]``, which lie farthest apart on an axis.
    """

    along: np.ndarray
    share: np.ndarray
    between: np.ndarray
    ends: np.ndarray


def lines(x: np.ndarray) -> Lines:
    """The lines of an embedding ``x`` (n, d): of its largest principal axes."""
    mean, axes, share = fit_pca(x, 1.0)
    scores = (x - mean) @ axes.T
    axes, sd = axes[:AXES], scores[:, :AXES].std(axis=0)
    typical = x[np.square(x - mean).sum(axis=1).argmin()]
    along = typical + np.array(STEPS_SD)[None, :, None] * (sd[:, None] * axes)[:, None]
    ends = np.stack([scores.argmin(axis=0), scores.argmax(axis=0)], 1)[:PAIRS]
    way = np.linspace(0, 1, STEPS)[None, :, None]
    between = x[ends[:, 0], None] * (1 - way) + x[ends[:, 1], None] * way
    return Lines(along, share[:AXES], between, ends)
