"""Where runs of labels lie side by side: touching faces, and voxels shared with classes."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.lookup import Lookup, empty_lookup, first_slot, row_of, with_room
from morphoflow.organelles.runs import Runs

HALF = np.uint64(32)
LOW_HALF = np.uint64(0xFFFFFFFF)


class Pairs(NamedTuple):
    """Counts (rows, columns) int64 of pairs of labels; a key is two rows of 32 bits each."""

    lookup: Lookup
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
def add_touching(a: Runs, b: Runs, lines: tuple, column: int, pairs: Pairs) -> Pairs:
    """Count the faces between lines of ``a`` and lines of ``b`` that lie side by side.

    ``lines`` are the first of ``a``, the first of ``b`` and how many there are. Faces between
    equal labels and faces of the background, row 0, do not count.
    """
    i, j, n = lines
    done = 0
    while done < n:
        more = a.offsets[i + done + 1] - a.offsets[i + done]
        more += b.offsets[j + done + 1] - b.offsets[j + done]
        pairs = with_room_for(pairs, more)
        done = _touching(
            done,
            n,
            a.stops,
            a.rows,
            a.offsets[i:],
            b.stops,
            b.rows,
            b.offsets[j:],
            pairs.lookup.keys,
            pairs.lookup.slots,
            pairs.lookup.used,
            pairs.counts[:, column],
        )
    return pairs


@njit(cache=True, nogil=True)
def _touching(
    line, n, stops_a, rows_a, offsets_a, stops_b, rows_b, offsets_b, keys, slots, used, counts
) -> int:
    """Count from ``line`` on, up to the first line for which there may not be room."""
    mask = np.uint64(len(slots) - 1)
    while line < n:
        i, end = offsets_a[line], offsets_a[line + 1]
        j, end_b = offsets_b[line], offsets_b[line + 1]
        if used[0] + end - i + end_b - j > len(keys):
            break
        x = 0
        while i < end:
            row_a, row_b = rows_a[i], rows_b[j]
            stop_a, stop_b = stops_a[i], stops_b[j]
            stop = min(stop_a, stop_b)
            if row_a != row_b and row_a != 0 and row_b != 0:
                key = np.uint64(min(row_a, row_b)) << HALF | np.uint64(max(row_a, row_b))
                row = slots[first_slot(key, mask)]
                if row < 0 or keys[row] != key:
                    row = row_of(key, keys, slots, used)
                counts[row] += stop - x
            x = stop
            i += stop_a == stop
            j += stop_b == stop
        line += 1
    return line


@njit(cache=True, nogil=True)
def add_touching_along(a: Runs, below: np.ndarray, column: int, pairs: Pairs) -> Pairs:
    """Count the faces between the runs of each line, and of the first with the row ``below`` it."""
    line = 0
    while line < len(below):
        pairs = with_room_for(pairs, a.offsets[line + 1] - a.offsets[line])
        lookup, counts = pairs.lookup, pairs.counts[:, column]
        line = _along(
            line, below, a.rows, a.offsets, lookup.keys, lookup.slots, lookup.used, counts
        )
    return pairs


@njit(cache=True, nogil=True)
def _along(line, below, rows, offsets, keys, slots, used, counts) -> int:
    mask = np.uint64(len(slots) - 1)
    while line < len(below):
        previous = below[line]
        first, end = offsets[line], offsets[line + 1]
        if used[0] + end - first > len(keys):
            break
        for k in range(first, end):
            here = rows[k]
            if here != previous and here != 0 and previous != 0:
                key = np.uint64(min(here, previous)) << HALF | np.uint64(max(here, previous))
                row = slots[first_slot(key, mask)]
                if row < 0 or keys[row] != key:
                    row = row_of(key, keys, slots, used)
                counts[row] += 1
            previous = here
        line += 1
    return line


@njit(cache=True, nogil=True)
def add_shared(labels: Runs, classes: Runs, pairs: Pairs) -> Pairs:
    """Count the voxels that each label of a plane, not the background, has of each class."""
    for line in range(len(labels.offsets) - 1):
        k, x = classes.offsets[line], 0
        first, end = labels.offsets[line], labels.offsets[line + 1]
        pairs = with_room_for(pairs, end - first + classes.offsets[line + 1] - k)
        lookup = pairs.lookup
        for run in range(first, end):
            row = labels.rows[run]
            while x < labels.stops[run]:
                stop = min(labels.stops[run], classes.stops[k])
                if row != 0:
                    key = np.uint64(row) << HALF | np.uint64(classes.rows[k])
                    pair = row_of(key, lookup.keys, lookup.slots, lookup.used)
                    pairs.counts[pair, 0] += stop - x
                k += classes.stops[k] == stop
                x = stop
    return pairs


def pair_ids(pairs: Pairs, first: Lookup, second: Lookup) -> tuple[np.ndarray, ...]:
    """The two ids (uint64) of each pair and its counts (n, columns)."""
    n = pairs.lookup.used[0]
    keys = pairs.lookup.keys[:n]
    return first.keys[keys >> HALF], second.keys[keys & LOW_HALF], pairs.counts[:n]
