"""Runs of equal labels along x: what a block is counted by, instead of its voxels."""

import numpy as np
from numba import njit

from morphoflow.organelles.counting.lookup import Lookup, first_slot, row_of, with_room

# Columns of a table of runs.
LINE, START, STOP, LABEL = range(4)
# Voxels that are looked at together: their flags stay in the fastest cache.
STRETCH = 4096
# Eight flags of one byte each, read as one word.
FLAGS = np.uint64(0x0101010101010101)
ONE, TOP_BYTE = np.uint64(1), np.uint64(56)


@njit(cache=True, nogil=True)
def find_runs(block: np.ndarray, lookup: Lookup) -> tuple[np.ndarray, Lookup]:
    """The runs of a ``block`` of labels (planes, lines, x), and the lookup with what was new.

    A run is a row (n, 4) int32: its LINE, counted through all planes, the places along x where it
    STARTs and before which it STOPs, and the row of its LABEL in the lookup. They come line after
    line, background is left out, and no run reaches beyond its line.
    """
    depth, height, width = block.shape
    labels = block.reshape(-1)
    table = np.empty((depth * height + STRETCH, 4), np.int32)
    words = np.zeros(STRETCH // 8, np.uint64)
    n = line = start = 0
    for begin in range(0, len(labels), STRETCH):
        lookup = with_room(lookup, STRETCH)
        # A run that ends in this stretch may have begun in any line from ``line`` on.
        most = STRETCH + depth * height - line
        if n + most > len(table):
            table = _doubled(table, most)
        ends = _flag_ends(labels[begin:], words)
        place = begin, start, line, width
        n, start, line = _find(
            labels, ends, place, lookup.keys, lookup.slots, lookup.used, table, n
        )
    return table[:n], lookup


@njit(cache=True, nogil=True)
def _flag_ends(labels: np.ndarray, words: np.ndarray) -> np.ndarray:
    """For the first voxels of ``labels`` (n,) a flag whether a run ends with it, eight a word."""
    flags = words.view(np.uint8)
    compared = min(len(labels) - 1, len(flags))
    for x in range(compared):
        flags[x] = labels[x] != labels[x + 1]
    if compared == len(flags):
        return words
    flags[compared] = 1
    used = compared // 8 + 1
    flags[compared + 1 : 8 * used] = 0
    return words[:used]


@njit(cache=True, nogil=True)
def _find(labels, ends, place, keys, slots, used, table, n) -> tuple[int, int, int]:
    """Add the runs that end in a stretch, which begins at ``begin``, to a table of n.

    Returns their new number, and where and in which line the next run starts.
    """
    begin, start, line, width = place
    mask = np.uint64(len(slots) - 1)
    for k in range(len(ends)):
        word = ends[k]
        while word != 0:
            # The lowest flag is that of the byte above as many empty bytes as are below it.
            below = ((word - ONE) & ~word & FLAGS) * FLAGS >> TOP_BYTE
            stop = begin + 8 * k + np.int64(below) + 1
            label = np.uint64(labels[stop - 1])
            if label != 0:
                row = slots[first_slot(label, mask)]
                if row < 0 or keys[row] != label:
                    row = row_of(label, keys, slots, used)
                while start < stop:
                    while (line + 1) * width <= start:
                        line += 1
                    first = line * width
                    end = min(stop, first + width)
                    table[n, LINE], table[n, LABEL] = line, row
                    table[n, START], table[n, STOP] = start - first, end - first
                    n += 1
                    start = end
            start = stop
            word &= word - ONE
    return n, start, line


@njit(cache=True, nogil=True)
def _doubled(table: np.ndarray, more: int) -> np.ndarray:
    grown = np.empty((2 * len(table) + more, table.shape[1]), table.dtype)
    grown[: len(table)] = table
    return grown
