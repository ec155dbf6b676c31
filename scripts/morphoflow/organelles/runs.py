"""Runs of equal labels along x: what a block is counted by, instead of its voxels."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.lookup import Lookup, first_slot, row_of, with_room

# Eight flags of one byte each, read as one word.
FLAGS = np.uint64(0x0101010101010101)
ONE, TOP_BYTE = np.uint64(1), np.uint64(56)


class Runs(NamedTuple):
    """The runs of a plane's lines, line after line.

    Those of line i are ``offsets[i]`` to ``offsets[i + 1]``; each ends before ``stops`` along x,
    where the next begins, and has the label in ``rows`` of a lookup.
    """

    stops: np.ndarray
    rows: np.ndarray
    offsets: np.ndarray


@njit(cache=True, nogil=True)
def find_runs(plane: np.ndarray, lookup: Lookup) -> tuple[Runs, Lookup]:
    """The runs of a ``plane`` of labels (lines, x), and the lookup with what was new in it."""
    n_lines, width = plane.shape
    stops = np.empty(4 * width + 4 * n_lines, np.int32)
    rows = np.empty(len(stops), np.int32)
    offsets = np.zeros(n_lines + 1, np.int64)
    line = 0
    while line < n_lines:
        lookup = with_room(lookup, width)
        if offsets[line] + width > len(stops):
            stops, rows = _doubled(stops, width), _doubled(rows, width)
        line = _find(line, plane, lookup.keys, lookup.slots, lookup.used, stops, rows, offsets)
    return Runs(stops, rows, offsets), lookup


@njit(cache=True, nogil=True)
def _find(line, plane, keys, slots, used, stops, rows, offsets) -> int:
    """Find runs from ``line`` on, up to the first line for which there may not be room."""
    n_lines, width = plane.shape
    words = np.zeros((width + 7) // 8, np.uint64)
    flags = words.view(np.uint8)
    mask = np.uint64(len(slots) - 1)
    n = offsets[line]
    while line < n_lines and n + width <= len(stops) and used[0] + width <= len(keys):
        labels = plane[line]
        _flag_ends(labels, flags)
        for k in range(len(words)):
            word = words[k]
            while word != 0:
                # The lowest flag is that of the byte above as many empty bytes as are below it.
                below = ((word - ONE) & ~word & FLAGS) * FLAGS >> TOP_BYTE
                x = 8 * k + np.int64(below)
                label = np.uint64(labels[x])
                row = slots[first_slot(label, mask)]
                if row < 0 or keys[row] != label:
                    row = row_of(label, keys, slots, used)
                stops[n], rows[n] = x + 1, row
                n += 1
                word &= word - ONE
        line += 1
        offsets[line] = n
    return line


@njit(cache=True, nogil=True)
def _flag_ends(line: np.ndarray, flags: np.ndarray) -> None:
    """Set the flag of each voxel to whether a run ends with it."""
    for x in range(len(line) - 1):
        flags[x] = line[x] != line[x + 1]
    flags[len(line) - 1] = 1


@njit(cache=True, nogil=True)
def _doubled(array: np.ndarray, more: int) -> np.ndarray:
    grown = np.empty(2 * len(array) + more, array.dtype)
    grown[: len(array)] = array
    return grown
