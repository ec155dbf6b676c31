"""Where runs of labels lie side by side: touching faces, and voxels shared with classes."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.counting.lookup import (
    Lookup,
    empty_lookup,
    first_slot,
    row_of,
    with_room,
)
from morphoflow.organelles.counting.runs import LABEL, LINE, START, STOP

HALF = np.uint64(32)
LOW_HALF = np.uint64(0xFFFFFFFF)


class Pairs(NamedTuple):
    """Counts (rows, columns) int64 of pairs of labels; a key is two rows of 32 bits each."""

    lookup: Lookup
    counts: np.ndarray


class PairCounts(NamedTuple):
    """The two ids (n,) uint64 of pairs and their ``counts`` (n, columns) int64."""

    first: np.ndarray
    second: np.ndarray
    counts: np.ndarray


@njit(cache=True, nogil=True)
def no_pairs(columns: int) -> Pairs:
    """An empty table of pairs with so many counts each."""
    lookup = empty_lookup(256)
    return Pairs(lookup, np.zeros((len(lookup.keys), columns), np.int64))


@njit(cache=True, nogil=True)
def with_room_for(pairs: Pairs, new: int) -> Pairs:
    """The same table, grown where it could not take ``new`` more pairs."""
    lookup = with_room(pairs.lookup, new)
    if len(lookup.keys) == len(pairs.counts):
        return pairs
    counts = np.zeros((len(lookup.keys), pairs.counts.shape[1]), np.int64)
    counts[: len(pairs.counts)] = pairs.counts
    return Pairs(lookup, counts)


@njit(cache=True, nogil=True)
def add_touching(a: np.ndarray, b: np.ndarray, along: tuple, column: int, pairs: Pairs) -> Pairs:
    """Count the faces between two tables of runs whose lines lie side by side.

    ``along`` are the length of a line, by how many lines those of ``a`` are to be moved to lie
    beside those of ``b``, and of how many lines of ``b`` the first has nothing beside it (0 where
    all have). Faces between equal labels do not count.
    """
    i = j = 0
    while i < len(a) and j < len(b):
        pairs = with_room_for(pairs, 1)
        keys, slots, used = pairs.lookup
        i, j = _touching(i, j, a, b, along, keys, slots, used, pairs.counts[:, column])
    return pairs


@njit(cache=True, nogil=True)
def _touching(i, j, a, b, along, keys, slots, used, counts) -> tuple[int, int]:
    """Count from these runs on, up to the first two for which there is no room."""
    width, lines, every = along
    mask = np.uint64(len(slots) - 1)
    while i < len(a) and j < len(b):
        line_a, line_b = width * (a[i, LINE] + lines), width * b[j, LINE]
        stop_a, stop_b = line_a + a[i, STOP], line_b + b[j, STOP]
        common = min(stop_a, stop_b) - max(line_a + a[i, START], line_b + b[j, START])
        one, other = a[i, LABEL], b[j, LABEL]
        if common > 0 and one != other and (every == 0 or b[j, LINE] % every != 0):
            key = np.uint64(min(one, other)) << HALF | np.uint64(max(one, other))
            row = slots[first_slot(key, mask)]
            if row < 0 or keys[row] != key:
                if used[0] == len(keys):
                    break
                row = row_of(key, keys, slots, used)
            counts[row] += common
        i += stop_a <= stop_b
        j += stop_b <= stop_a
    return i, j


@njit(cache=True, nogil=True)
def add_touching_along(below: np.ndarray, runs: np.ndarray, column: int, pairs: Pairs) -> Pairs:
    """Count the faces between runs of each line, and with the run ``below`` the line."""
    i = j = 0
    while i < len(runs):
        pairs = with_room_for(pairs, 1)
        keys, slots, used = pairs.lookup
        i, j = _along(i, j, below, runs, keys, slots, used, pairs.counts[:, column])
    return pairs


@njit(cache=True, nogil=True)
def _along(i, j, below, runs, keys, slots, used, counts) -> tuple[int, int]:
    mask = np.uint64(len(slots) - 1)
    while i < len(runs):
        here, previous = runs[i, LABEL], np.int32(0)
        if runs[i, START] == 0:
            while j < len(below) and below[j, LINE] < runs[i, LINE]:
                j += 1
            if j < len(below) and below[j, LINE] == runs[i, LINE]:
                previous = below[j, LABEL]
        elif i > 0 and runs[i - 1, LINE] == runs[i, LINE] and runs[i - 1, STOP] == runs[i, START]:
            previous = runs[i - 1, LABEL]
        if previous != 0 and previous != here:
            key = np.uint64(min(here, previous)) << HALF | np.uint64(max(here, previous))
            row = slots[first_slot(key, mask)]
            if row < 0 or keys[row] != key:
                if used[0] == len(keys):
                    break
                row = row_of(key, keys, slots, used)
            counts[row] += 1
        i += 1
    return i, j


@njit(cache=True, nogil=True)
def add_shared(labels: np.ndarray, classes: np.ndarray, width: int, pairs: Pairs) -> Pairs:
    """Count the voxels that labels have of each class, also of class 0 in row 0.

    Both are tables of runs of the same lines of ``width`` voxels.
    """
    pairs = with_room_for(pairs, len(labels) + 2 * len(classes))
    keys, slots, used = pairs.lookup
    k = 0
    for run in range(len(labels)):
        line, x, end, row = labels[run]
        label = np.uint64(row) << HALF
        while x < end:
            place = line * width + x
            while k < len(classes) and classes[k, LINE] * width + classes[k, STOP] <= place:
                k += 1
            stop, kind = end, np.uint64(0)
            if k < len(classes) and classes[k, LINE] == line:
                if classes[k, START] <= x:
                    stop, kind = min(end, classes[k, STOP]), np.uint64(classes[k, LABEL])
                else:
                    stop = min(end, classes[k, START])
            pairs.counts[row_of(label | kind, keys, slots, used), 0] += stop - x
            x = stop
    return pairs


@njit(cache=True, nogil=True)
def pair_ids(pairs: Pairs, first: Lookup, second: Lookup) -> PairCounts:
    """The ids of all pairs with their counts."""
    n = pairs.lookup.used[0]
    a, b = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for i in range(n):
        key = pairs.lookup.keys[i]
        a[i], b[i] = first.keys[key >> HALF], second.keys[key & LOW_HALF]
    return PairCounts(a, b, pairs.counts[:n].copy())
