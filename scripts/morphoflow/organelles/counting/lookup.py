"""Rows for keys: a growing hash table with open addressing, for use inside compiled loops."""

from typing import NamedTuple

import numpy as np
from numba import njit

# Fibonacci hashing: 2^64 divided by the golden ratio spreads neighbouring keys over all slots.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)

HALF = np.uint64(32)


class Lookup(NamedTuple):
    """``keys`` uint64 by row, of which ``used[0]`` are there, and the ``slots`` that lead to them.

    There are at least twice as many slots, a power of two, as there is room for keys.
    """

    keys: np.ndarray
    slots: np.ndarray
    used: np.ndarray


@njit(cache=True, nogil=True)
def empty_lookup(room: int) -> Lookup:
    """A table without keys that holds at least ``room`` of them."""
    size = 16
    while size < room:
        size *= 2
    keys = np.empty(size, np.uint64)
    return Lookup(keys, np.full(2 * size, -1, np.int32), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def with_room(lookup: Lookup, new: int) -> Lookup:
    """The same table, grown where it could not take ``new`` more keys; rows stay as they are."""
    needed = lookup.used[0] + new
    if needed <= len(lookup.keys):
        return lookup
    grown = empty_lookup(2 * needed)
    for key in lookup.keys[: lookup.used[0]]:
        row_of(key, grown.keys, grown.slots, grown.used)
    return grown


@njit(cache=True, nogil=True)
def first_slot(key: np.uint64, mask: np.uint64) -> np.uint64:
    """Where the search for ``key`` begins; ``mask`` is the number of slots less one.

    The hot loops look there themselves: a call with arrays costs more than most searches.
    """
    return ((key * GOLDEN) >> HALF) & mask


@njit(cache=True, nogil=True)
def row_of(key: np.uint64, keys: np.ndarray, slots: np.ndarray, used: np.ndarray) -> np.int32:
    """The row of ``key``, a new one where it was unknown; there must be room for it."""
    mask = np.uint64(len(slots) - 1)
    slot = first_slot(key, mask)
    while slots[slot] >= 0:
        if keys[slots[slot]] == key:
            return slots[slot]
        slot = (slot + np.uint64(1)) & mask
    row = np.int32(used[0])
    keys[row] = key
    slots[slot] = row
    used[0] += 1
    return row


# Other numbers for the labels of a volume: each run of voxels is looked up once.


class Relabelling(NamedTuple):
    """The rows of the labels that have a number, and their ``numbers`` (n,) by row."""

    lookup: Lookup
    numbers: np.ndarray


def relabelling(ids: np.ndarray, numbers: np.ndarray) -> Relabelling:
    """The look-up table from ``ids`` (n,), distinct, to ``numbers`` (n,) of an unsigned type."""
    if len(np.unique(ids)) != len(ids):
        raise ValueError("ids must be distinct")
    return Relabelling(_filled(ids.astype(np.uint64)), np.ascontiguousarray(numbers))


def relabel(labels: np.ndarray, table: Relabelling) -> np.ndarray:
    """The number of each voxel of ``labels`` (z, y, x), in the numbers' own type.

    Background (0) and labels that are not in the table become 0.
    """
    out = np.empty(labels.shape, table.numbers.dtype)
    _relabel(labels, *table.lookup[:2], table.numbers, out)
    return out


@njit(cache=True)
def _filled(ids: np.ndarray) -> Lookup:
    lookup = empty_lookup(len(ids))
    for label in ids:
        row_of(label, lookup.keys, lookup.slots, lookup.used)
    return lookup


@njit(cache=True, nogil=True)
def _relabel(labels, keys, slots, numbers, out) -> None:
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            line, target = labels[z, y], out[z, y]
            label = line[0]
            number = _number_of(np.uint64(label), keys, slots, numbers)
            for x in range(len(line)):
                if line[x] != label:
                    label = line[x]
                    number = _number_of(np.uint64(label), keys, slots, numbers)
                target[x] = number


@njit(cache=True, nogil=True)
def _number_of(label, keys, slots, numbers):
    if label == 0:
        return numbers.dtype.type(0)
    mask = np.uint64(len(slots) - 1)
    slot = first_slot(label, mask)
    while slots[slot] >= 0:
        if keys[slots[slot]] == label:
            return numbers[slots[slot]]
        slot = (slot + np.uint64(1)) & mask
    return numbers.dtype.type(0)
