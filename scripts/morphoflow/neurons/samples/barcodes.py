"""Barcodes of trees: how far from the soma each branch begins and ends."""

import numpy as np
from numba import njit

from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.tree import Trees

# Distances from the soma, straight and along the cable.
FILTRATIONS = ("radial", "path")
NAMES = [f"{kind}_{end}_um" for kind in FILTRATIONS for end in ("start", "tip")]


def barcodes(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """The topological morphology descriptor of each neuron.

    After Kanari et al., Neuroinformatics 16:3, 2018. Each tip has one bar in each filtration. Where
    branches meet, the one with the farthest tip goes on towards the soma, and the bars of the
    others start there; the farthest of all starts in the soma, at 0. A radial bar is negative
    where its tip is nearer to the soma than its start. Parts that bridges join count as branches.

    Returns ``x`` (n, most tips, 4) float32 in um, columns as in ``NAMES``, and ``length`` (n,)
    int32, the number of tips; ``x`` is 0 beyond the length.
    """
    trees = Trees.of(forest)
    has_child = np.isin(np.arange(len(trees.joined)), trees.joined)
    tip = np.flatnonzero(~trees.is_root & ~has_child)
    length = np.bincount(trees.owner[tip], minlength=trees.n)
    columns = []
    for distance in (trees.distance, trees.path):
        columns += [_starts(trees.joined, distance)[tip], distance[tip]]
    x = np.zeros((trees.n, max(1, length.max()), len(NAMES)), dtype=np.float32)
    place = np.arange(len(tip)) - np.repeat(np.cumsum(length) - length, length)
    x[trees.owner[tip], place] = np.stack(columns, axis=1)
    return x, length.astype(np.int32)


@njit(cache=True, nogil=True)
def _starts(parent: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The distance at which the bar of each tip starts, (N,); 0 for all other nodes.

    One pass from the tips upwards; every node knows the farthest tip below it so far.
    """
    farthest = np.full(len(parent), -1)
    start = np.zeros(len(parent))
    for node in range(len(parent) - 1, -1, -1):
        up = parent[node]
        if up < 0:
            continue
        arriving = farthest[node] if farthest[node] >= 0 else node
        present = farthest[up]
        if present < 0:
            farthest[up] = arriving
        elif distance[arriving] > distance[present]:
            start[present], farthest[up] = distance[up], arriving
        else:
            start[arriving] = distance[up]
    return start
