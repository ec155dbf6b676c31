"""All sums over the voxels of a block that a table of objects needs, in one pass over its runs."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.counting.contacts import (
    PairCounts,
    add_shared,
    add_touching,
    add_touching_along,
    no_pairs,
    pair_ids,
)
from morphoflow.organelles.counting.lookup import Lookup, empty_lookup, row_of
from morphoflow.organelles.counting.runs import LABEL, LINE, find_runs
from morphoflow.organelles.counting.runs import START as FROM
from morphoflow.organelles.counting.runs import STOP as TO

# Columns of the moments; sums are over voxel indices counted from the block's corner.
VOXELS, SUMS, PRODUCTS, START, STOP, ANCHOR, COLUMNS = 0, 1, 4, 10, 13, 16, 19
BACKGROUND = np.uint64(0)


class BlockCounts(NamedTuple):
    """What was counted in a block.

    ``moments`` (n, 19) int64 and ``intensity`` (n, 2: sums of v and of its square) belong to the
    labels ``ids`` (n,). ``contacts`` count faces across z, y and x by two labels, ``shared`` voxels
    by label and class.
    """

    ids: np.ndarray
    moments: np.ndarray
    intensity: np.ndarray
    contacts: PairCounts
    shared: PairCounts


@njit(cache=True, nogil=True)
def runs_of_block(labels: np.ndarray) -> tuple[np.ndarray, Lookup, np.ndarray]:
    """The runs of a block of ``labels`` (z, y, x) with their lookup, for :func:`count_block`.

    On its own, so that labels are looked at while they are in the cache, before EM is read. And
    the block's last labels along x (z, y), which lie far apart in ``labels``.
    """
    depth, height, width = labels.shape
    runs, lookup = find_runs(labels, _only_background())
    ends = np.zeros(depth * height, labels.dtype)
    for k in range(len(runs)):
        if runs[k, TO] == width:
            ends[runs[k, LINE]] = lookup.keys[runs[k, LABEL]]
    return runs, lookup, ends.reshape((depth, height))


@njit(cache=True, nogil=True)
def count_block(runs, lookup, em, classes, below_z, below_y, below_x, zero) -> BlockCounts:
    """Count a block by its ``runs`` and their ``lookup``.

    ``em`` (z, y, x) are its intensities and ``classes`` its classes where that is not empty.
    ``below_z`` (y, x), ``below_y`` (z, x) and ``below_x`` (z, y) are the labels just below the
    block along each axis, empty where the volume begins. ``zero`` (0 or 0.0) is of the type in
    which intensities are to be summed.
    """
    depth, height, width = em.shape
    class_lookup = _only_background()
    contacts, shared = no_pairs(3), no_pairs(1)
    moments = np.zeros((lookup.used[0], COLUMNS), np.int64)
    intensity = np.full((len(moments), 2), zero)
    ids = lookup.keys[1 : len(moments)].copy()
    _add_moments(runs, height, width, moments)
    _add_intensity(runs, em.reshape((depth * height, width)), intensity)
    layer, lookup = find_runs(_shaped(below_z, (1, height, width)), lookup)
    contacts = add_touching(layer, runs, (width, 0, 0), 0, contacts)
    contacts = add_touching(runs, runs, (width, height, 0), 0, contacts)
    layer, lookup = find_runs(_shaped(below_y, (depth, 1, width)), lookup)
    layer[:, LINE] *= height
    contacts = add_touching(layer, runs, (width, 0, 0), 1, contacts)
    contacts = add_touching(runs, runs, (width, 1, height), 1, contacts)
    layer, lookup = find_runs(_shaped(below_x, (depth * height, 1, 1)), lookup)
    contacts = add_touching_along(layer, runs, 2, contacts)
    if classes.size:
        class_runs, class_lookup = find_runs(classes, class_lookup)
        shared = add_shared(runs, class_runs, width, shared)
    faces = pair_ids(contacts, lookup, lookup)
    # Row 0 is the background, which has no runs.
    return BlockCounts(
        ids, moments[1:], intensity[1:], faces, pair_ids(shared, lookup, class_lookup)
    )


@njit(cache=True, nogil=True)
def _only_background() -> Lookup:
    lookup = empty_lookup(256)
    row_of(BACKGROUND, lookup.keys, lookup.slots, lookup.used)
    return lookup


@njit(cache=True, nogil=True)
def _shaped(layer: np.ndarray, shape: tuple) -> np.ndarray:
    """The layer in this ``shape``; without a line where it is empty."""
    return layer.reshape(shape) if layer.size else layer.reshape((0, shape[1], shape[2]))


@njit(cache=True, nogil=True)
def _add_moments(runs, height, width, moments) -> None:
    # The sum of k^2 over k below each x.
    below = np.cumsum(np.arange(width + 1) ** 2) - np.arange(width + 1) ** 2
    z = 0
    for k in range(len(runs)):
        line, start, stop = np.int64(runs[k, LINE]), np.int64(runs[k, FROM]), np.int64(runs[k, TO])
        while (z + 1) * height <= line:
            z += 1
        y, row = line - z * height, runs[k, LABEL]
        n = stop - start
        sum_x = n * (start + stop - 1) // 2
        if moments[row, VOXELS] == 0:
            moments[row, START] = moments[row, ANCHOR] = z
            moments[row, START + 1] = moments[row, ANCHOR + 1] = y
            moments[row, START + 2] = moments[row, ANCHOR + 2] = start
        moments[row, VOXELS] += n
        moments[row, SUMS] += n * z
        moments[row, SUMS + 1] += n * y
        moments[row, SUMS + 2] += sum_x
        moments[row, PRODUCTS] += n * z * z
        moments[row, PRODUCTS + 1] += n * z * y
        moments[row, PRODUCTS + 2] += z * sum_x
        moments[row, PRODUCTS + 3] += n * y * y
        moments[row, PRODUCTS + 4] += y * sum_x
        moments[row, PRODUCTS + 5] += below[stop] - below[start]
        moments[row, START + 1] = min(moments[row, START + 1], y)
        moments[row, START + 2] = min(moments[row, START + 2], start)
        moments[row, STOP] = z + 1
        moments[row, STOP + 1] = max(moments[row, STOP + 1], y + 1)
        moments[row, STOP + 2] = max(moments[row, STOP + 2], stop)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_intensity(runs, em, intensity) -> None:
    """Add the sums of ``em`` (lines, x) over runs; those of floats in any order."""
    number = intensity.dtype.type
    for k in range(len(runs)):
        line, row = runs[k, LINE], runs[k, LABEL]
        total, squares = number(0), number(0)
        # An unsigned index cannot count from the end, so the loop runs in vectors.
        for x in range(np.uint64(runs[k, FROM]), np.uint64(runs[k, TO])):
            value = number(em[line, x])
            total += value
            squares += value * value
        intensity[row, 0] += total
        intensity[row, 1] += squares
